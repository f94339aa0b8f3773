"""Large arrays: where they stand, as which columns, on which threads, a piece at a time."""
