"""Rows that are news by themselves: chargebacks, freezes, requests for the slip."""
