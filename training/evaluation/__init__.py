"""Scores before and after: the task, general capability, the gate."""
