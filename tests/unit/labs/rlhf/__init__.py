"""Tests of single modules of the RLHF Lab."""
