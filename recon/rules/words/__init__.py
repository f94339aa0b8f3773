"""Causes, gates, rejects and files in words, and those words in Chinese."""
