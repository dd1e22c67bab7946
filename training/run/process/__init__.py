"""The process of a run: alone in its folder, and a Ctrl-C that is not lost."""
