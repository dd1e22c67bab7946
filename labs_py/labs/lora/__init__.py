"""The LoRA Lab: ``spec`` says what it is, ``lab`` computes it."""
