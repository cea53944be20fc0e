"""Says a run's summaries: terminal, Markdown, HTML, pictures. `content` decides what is said."""
