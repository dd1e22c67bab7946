"""Exercises on telling whether something got better, and on data and retrieval."""
