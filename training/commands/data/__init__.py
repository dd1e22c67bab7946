"""``python -m training data ACTION``: a module for each action; ``command`` is their common command line."""
