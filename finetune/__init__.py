"""Training: the built-in model now, the GRPO+ pipeline later."""
