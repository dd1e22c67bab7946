"""What a model is made of, read from its own modules."""
