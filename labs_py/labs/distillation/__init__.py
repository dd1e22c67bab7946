"""The Distillation Lab: ``spec`` says what it is, ``lab`` computes it."""
