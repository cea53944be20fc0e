"""Scores a model on benchmarks: samples, verdicts, estimates, reports. Free of the command line."""
