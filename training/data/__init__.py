"""Rows: read, checked, replayed, scored as rewards; tasks, texts and retrieval."""
