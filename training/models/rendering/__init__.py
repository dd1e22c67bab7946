"""A chat as the model's own template writes it: the text, where each turn stands in it, and what ends an answer."""
