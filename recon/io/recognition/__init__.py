"""Which format a file has, and what a file of no known format is most like."""
