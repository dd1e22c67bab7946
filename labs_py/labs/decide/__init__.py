"""The decision tool: ``spec`` says what it is, ``lab`` computes it."""
