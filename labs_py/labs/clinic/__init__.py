"""The clinic: ``spec`` says what it is, ``lab`` computes it."""
