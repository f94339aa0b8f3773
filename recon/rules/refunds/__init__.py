"""Refunds: asked for, sent, arrived; and differences that a refund has made good."""
