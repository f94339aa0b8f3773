"""Clearing files and message logs of the card schemes."""
