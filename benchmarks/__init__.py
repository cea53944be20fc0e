"""Measurements, each kept with its raw rows under results/."""
