"""Linked rows: whether both sides tell the same story, in states, currency and amount."""
