"""The challenges of the LoRA Lab: drawn by seed, checked in Python, each wrong answer told apart."""
CHALLENGES = ()
