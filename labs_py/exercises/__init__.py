"""Exercises that are graded: a module each, with the task, hidden cases drawn by seed, hints and our solution."""
