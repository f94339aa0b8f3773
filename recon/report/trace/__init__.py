"""One order, refund or batch followed across every file, side and night."""
