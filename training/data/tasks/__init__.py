"""The tasks that a run can be about, each in a file of its own."""
