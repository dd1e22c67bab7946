"""Tests of `training.site_records`."""
