"""Exercises that are graded, by subject: a module each, with task, hidden cases drawn by seed, hints, our solution."""
