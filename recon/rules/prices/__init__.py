"""Fee contracts as data: the formula language, a price in integers, prices found in fees."""
