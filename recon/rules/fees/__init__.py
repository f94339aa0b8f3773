"""Fees and rebates that were charged, held against the contract."""
