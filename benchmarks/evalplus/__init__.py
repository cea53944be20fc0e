"""Scores HumanEval+'s canonical solutions: ours, an in-process grader, plain subprocesses."""
