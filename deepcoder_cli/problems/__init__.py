"""Reads problems: Markdown files, and the generator of small ones."""
