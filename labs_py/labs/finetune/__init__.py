"""The fine-tuning lab: ``spec`` says what it is, ``lab`` computes it."""
