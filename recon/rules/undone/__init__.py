"""Reversals and voids: payments that were undone, whole, in part, or otherwise by each side."""
