"""The smallest terminal that the chat starts on; shrinking below it later is harmless."""

MIN_COLUMNS = 20
MIN_ROWS = 5
