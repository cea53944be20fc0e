"""Finds the model a name stands for, and checks its file before llama.cpp sees it."""
