"""What a SCORE pass knows of a pair, in plain Python: levels and shares counted by walking."""

from __future__ import annotations

import math
from itertools import permutations

from tests.oracle import text

BOUNDS = (0, 300, 1_000, 3_000, 10_000, 20_000, 50_000, 100_000, 200_000, 1_000_000)


def amount(left, others, place):
    """Return the amount level of a pair and the share of `others` as close as that."""
    allowed = [abs(left) * bound // 1_000_000 for bound in BOUNDS]
    gaps = [abs(other - left) for other in others]
    level = next((k for k, most in enumerate(allowed) if gaps[place] <= most), len(BOUNDS) - 1)
    return level, max(sum(gap <= allowed[level] for gap in gaps), 1) / len(others)


def prefix(left, others, place):
    """Return the prefix level of a pair and the share of `others` that begin as it does."""
    other = others[place]
    same = text.prefix(left, other)
    if not left or not other:
        return 1, 1.0
    if same == 0:
        return 0, 1.0
    shown = min(same, 24)
    share = sum(one[:shown] == left[:shown] for one in others) / len(others)
    if same == min(len(left), len(other)):
        return 25 + (len(left) == len(other)), share
    return 1 + min(same, 23), share


def text_level(left, others, place, lefts):
    """Return the text level of a pair and its share: its prefix or a shared feature, the rarer."""
    level, share = prefix(left, others, place)
    if level == 1:
        return level, share
    rows = [text.features(one) for one in others]
    total = {word: sum(row.count(word) for row in rows) for row in rows for word in row}
    known = {word for one in lefts for word in text.features(one)}
    most = max(len(others) // 20, 1)
    both = set(text.features(left)) & set(rows[place]) & known
    both = {word for word in both if total[word] <= most}
    if not both:
        return level, share
    rarest = min(total[word] for word in both)
    strangers = max(rarest - 1, 0.25)  # the pair's own row left out, a quarter at least
    if strangers / len(others) < share:
        share = strangers / len(others)
        rare = {word for word in both if total[word] == rarest}
        digits = {word.removeprefix("#").isdigit() for word in rare}
        if level != 26:
            step = (len(both) >= 2) + (len(both) >= 4)
            level = {(27 if digit else 30) + step for digit in digits}
    return level, share


def isotonic(values, weights):
    """Return the non-decreasing fit by its min-max formula."""

    def mean(a, b):
        total = sum(value * weight for value, weight in zip(values[a:b], weights[a:b], strict=True))
        return total / sum(weights[a:b])

    size = len(values)
    return [
        max(min(mean(a, b) for b in range(k + 1, size + 1)) for a in range(k + 1))
        for k in range(size)
    ]


def marginals(odds):
    """Return the probability of each pair: every set of disjoint pairs as likely as its odds."""
    rows, columns = len(odds), len(odds[0])
    total, share = 0.0, [[0.0] * columns for _ in range(rows)]
    choices = [*range(columns), *[None] * rows]
    for picked in set(permutations(choices, rows)):
        pairs = [(i, j) for i, j in enumerate(picked) if j is not None]
        weight = math.prod(odds[i][j] for i, j in pairs)
        total += weight
        for i, j in pairs:
            share[i][j] += weight
    return [[value / total for value in row] for row in share]
