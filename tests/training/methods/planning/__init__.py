"""Tests of `training.methods`."""
