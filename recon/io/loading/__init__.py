"""Staged files to transactions: normalised, identified, proved by what the file says."""
