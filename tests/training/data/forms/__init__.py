"""Tests of `training.data.forms`."""
