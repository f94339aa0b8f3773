"""Rows alone on a leg: in transit, missing, told before, or with several equal partners."""
