"""Whole programs around a fine-tuned model: a distillation pipeline, and the assistant of this site."""
