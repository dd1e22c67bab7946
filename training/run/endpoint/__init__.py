"""Calls of OpenAI-compatible endpoints: where to, and within which bounds."""
