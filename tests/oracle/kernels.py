"""Kernels in plain Python: slow, short and obvious."""

from __future__ import annotations

from collections import Counter


def key_codes(left, right):
    """Return the result codes of `recon.core.kernels.exact` for two lists of hashable keys."""
    left_count, right_count = Counter(left), Counter(right)
    head = {}
    for position, key in enumerate(left):
        head.setdefault(key, position)

    def code(key):
        if not left_count[key] or not right_count[key]:
            return -1
        alone = left_count[key] == right_count[key] == 1
        return head[key] if alone else -2 - head[key]

    return [code(key) for key in left], [code(key) for key in right]


def window_range(rows, others, earliest, latest):
    """Return for each (group, day) how many of `others` are in its window, and which first."""
    out = []
    for group, day in rows:
        inside = [
            position
            for position, (other_group, other_day) in enumerate(others)
            if other_group == group and day + earliest <= other_day <= day + latest
        ]
        out.append(inside)
    return out
