"""Rows read back: whole rows by identity, their texts, the line of the file that they came from."""
