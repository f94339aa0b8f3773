"""Columns of text: bytes, digests, words; whether a text names a reference or does harm."""
