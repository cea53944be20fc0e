"""Chat sessions: the store on disk, and the conversation that is saved while it happens."""
