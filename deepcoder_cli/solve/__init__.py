"""Samples candidates, judges each, and picks the one that passes."""
