"""Tests of `training.methods.sft`."""
