"""What a SCORE pass knows of a pair, in plain Python: levels and shares counted by walking."""

from __future__ import annotations

import math
from itertools import permutations

from tests.oracle import text

BOUNDS = (0, 300, 1_000, 3_000, 10_000, 20_000, 50_000, 100_000, 200_000, 1_000_000)


def least(lone, rows, general):
    """Return the strangers expected where none is seen; `lone`: rows with no other, with one."""
    alone, one_other = lone
    seen = one_other / alone if alone else 1.0
    trust = rows / (rows + 4.0)
    return trust * seen + (1.0 - trust) * rows * general


def lone(others):
    """Return how many rows have no other one, and exactly one, of a list of counts."""
    return others.count(0), others.count(1)


def general_amount(amount, allowed):
    """Return the share of strangers thought to be near an amount of which nothing is known."""
    size = max(abs(amount), 1)
    equal = 0.002
    if size % 100 in (50, 80, 88, 90, 95, 98, 99):
        equal = 0.05
    if size % 100 == 0:
        equal = 0.15 if size % 10_000 == 0 else 0.1
    return min(equal + 2.0 * allowed / size, 1.0)


def amount(left, others, place):
    """Return the amount level of a pair and the share of strangers as close as that."""
    allowed = [abs(left) * bound // 1_000_000 for bound in BOUNDS]
    gaps = [abs(other - left) for other in others]
    level = next((k for k, most in enumerate(allowed) if gaps[place] <= most), len(BOUNDS) - 1)
    near = [
        sum(abs(one - other) <= abs(one) * BOUNDS[level] // 1_000_000 for other in others) - 1
        for one in others
    ]
    expected = least(lone(near), len(others), general_amount(left, allowed[level]))
    crowd = max(
        ((sum(gap <= most for gap in gaps) - 1) / (2 * most + 1) for most in allowed[level + 1 :]),
        default=0.0,
    )
    strangers = max(sum(gap <= allowed[level] for gap in gaps) - 1, expected)
    strangers = max(strangers, crowd * (2 * allowed[level] + 1))
    return level, min(strangers / len(others), 1.0)


def prefix(left, others, place):
    """Return the prefix level of a pair and the share of strangers that begin as it does."""
    other = others[place]
    same = text.prefix(left, other)
    if not left or not other:
        return 1, 1.0
    if same == 0:
        return 0, 1.0
    shown = min(same, 24)
    near = [
        sum(one[:shown] == two[:shown] for two in others) - 1 for one in others if len(one) >= shown
    ]
    digits = sum(byte.isdigit() for byte in left[:shown])
    general = 0.2 if digits == 0 else 0.1 if digits <= 8 else 0.0005
    expected = least(lone(near), len(others), general)
    strangers = max(sum(one[:shown] == left[:shown] for one in others) - 1, expected)
    share = min(strangers / len(others), 1.0)
    if same == min(len(left), len(other)):
        return 25 + (len(left) == len(other)), share
    return 1 + min(same, 23), share


def is_number(word):
    """Tell whether a feature is made of digits."""
    return word.removeprefix("#").isdigit()


def text_level(left, others, place, lefts):
    """Return the text level of a pair and its share: its prefix or a shared feature, the rarer.

    A quarter of a stranger shows what nobody else shows, half as many a number.
    """
    level, share = prefix(left, others, place)
    if level == 1:
        return level, share
    rows = [text.features(one) for one in others]
    total = {word: sum(row.count(word) for row in rows) for row in rows for word in row}
    known = {word for one in lefts for word in text.features(one)}
    most = max(len(others) // 8, 1)
    both = set(text.features(left)) & set(rows[place]) & known
    both = {word for word in both if total[word] <= most}
    if not both:
        return level, share
    rarest = min(both, key=lambda word: 2 * total[word] - is_number(word))
    strangers = max(total[rarest] - 1, 0.125 if is_number(rarest) else 0.25)
    if is_number(rarest) and len(both) >= 5:
        strangers = max(total[rarest] - 1, 0.0625)
    if strangers / len(others) < share:
        share = strangers / len(others)
        if level != 26:
            step = (len(both) >= 2) + (len(both) >= 3)
            level = (27 if is_number(rarest) else 30) + step
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
