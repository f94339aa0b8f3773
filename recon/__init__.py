"""Transaction reconciliation: what the merchant, the channel and the bank say, side by side."""

__version__ = "0.1.0"
