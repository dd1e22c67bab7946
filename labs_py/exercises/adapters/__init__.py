"""Exercises on LoRA, QLoRA and what they cost."""
