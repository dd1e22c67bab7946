"""From a run to a server: merged weights, GGUF, what serves them, and whether they still answer as they did."""
