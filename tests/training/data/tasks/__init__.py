"""Tests of `training.data.tasks`."""
