"""Finds the model a name stands for."""
