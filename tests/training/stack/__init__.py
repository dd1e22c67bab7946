"""Tests of `training.stack`."""
