"""Tests of `training.data.scorers`."""
