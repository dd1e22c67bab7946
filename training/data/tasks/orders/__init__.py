"""The task of reading customer orders: grammar, words, held-out sets."""
