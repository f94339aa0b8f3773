"""Compiles every kernel ahead of the first run."""
