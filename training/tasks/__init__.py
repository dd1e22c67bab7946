"""The tasks that a run can be about: each says how to ask, how to read the answer, and how to score it."""
