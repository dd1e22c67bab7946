"""The evidence tool: ``spec`` says what it is, ``lab`` computes it."""
