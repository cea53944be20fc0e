"""Completions from a model: the Backend protocol and its engines."""
