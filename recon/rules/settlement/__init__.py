"""The channel's batches against the bank's credits: sums, due days, payers, what is owed."""
