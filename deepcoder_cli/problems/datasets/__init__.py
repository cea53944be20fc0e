"""Every row format that evaluation and training read, each once."""
