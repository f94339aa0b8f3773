"""SCORE pass: amount, lag and text evidence weighed together."""
