"""Exercises on what a model is shown, and on the steps that teach it."""
