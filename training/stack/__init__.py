"""Whole programs around a tuned model: a distillation pipeline, and the assistant of this site."""
