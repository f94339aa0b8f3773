"""Statements and settlement files of Chinese banks."""
