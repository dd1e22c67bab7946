"""Tests of the labs, each as a whole; in a folder of its name what tests one of its modules."""
