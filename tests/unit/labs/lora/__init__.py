"""Tests of single modules of the LoRA Lab."""
