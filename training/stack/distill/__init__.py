"""The distillation pipeline of the page Ship 17: ``python -m training.stack.distill``."""
