"""The mask inspector: ``spec`` says what it is, ``lab`` computes it."""
