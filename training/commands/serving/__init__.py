"""The commands that ship a run: export, port, serve."""
