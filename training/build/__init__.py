"""Programs that the pages build from an empty file; each is run by a test."""
