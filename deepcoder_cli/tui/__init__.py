"""The Textual app: renders events, owns no logic."""
