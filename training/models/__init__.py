"""Models: loading, adapters, templates, generation, and guards against silent failures."""
