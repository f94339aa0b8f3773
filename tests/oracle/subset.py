"""Subset sums by trying every subset."""

from __future__ import annotations

from itertools import combinations


def subsets(amounts, low, high):
    """Return every non-empty set of positions whose amounts add up to [low, high]."""
    rows = range(len(amounts))
    return [
        chosen
        for size in range(1, len(amounts) + 1)
        for chosen in combinations(rows, size)
        if low <= sum(amounts[k] for k in chosen) <= high
    ]


def runs(amounts, low, high):
    """Return every (begin, end) whose rows add up to [low, high]."""
    n = len(amounts)
    return [
        (i, j) for i in range(n) for j in range(i + 1, n + 1) if low <= sum(amounts[i:j]) <= high
    ]
