"""Working days, settlement cycles and windows: when a day counts and when money is due."""
