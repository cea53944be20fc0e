"""Runs programs where they can do no harm (`runner`) and says what the result means (`judge`)."""
