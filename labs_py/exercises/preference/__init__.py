"""Exercises on preferences, policies and rewards."""
