"""The RLHF Lab: ``spec`` says what it is, ``lab`` computes it."""
