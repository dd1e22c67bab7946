"""Tests of `training.stack.assistant`."""
