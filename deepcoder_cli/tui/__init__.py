"""The chat's screen: renders events and asks for what the user wants; owns no logic."""
