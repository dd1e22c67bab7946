"""The pay-back tool: ``spec`` says what it is, ``lab`` computes it."""
