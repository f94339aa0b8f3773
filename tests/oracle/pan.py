"""Card numbers in plain Python."""

from __future__ import annotations

import itertools
import re

ISSUERS = re.compile("^(?:222[1-9]|22[3-9]|2[3-6]|27[01]|2720|30|3[4-9]|4|5[0-8]|6|8[12]|9558)")


def passes_luhn(digits):
    """Return whether a string of digits passes the Luhn check."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return total % 10 == 0


def is_card(digits):
    """Return whether a string of digits is a plausible card number."""
    lengths = {"2": (16,), "4": (13, 16, 17, 18, 19), "8": range(16, 20)}.get(
        digits[:1], (14, 16, 17, 18, 19) if digits.startswith("30") else range(13, 20)
    )
    return len(digits) in lengths and bool(ISSUERS.match(digits)) and passes_luhn(digits)


SEPARATOR = "[\t \\-./_\u00a0\u00ad\u00b7\u2000-\u2015\u202f\u205f\u2060\u2212\u3000\ufeff\uff0d]"


def is_printed(sizes):
    """Return whether groups of these sizes are how cards are printed."""
    if sizes in ([4, 6, 5], [4, 6, 4], [6, 13]):
        return True
    first, last = sizes[0], sizes[-1]
    return all(size == first for size in sizes[:-1]) and last <= first and first != 2


def holds_card(text):
    """Return whether a card number stands alone in a text."""
    for run in re.finditer(f"[0-9０-９]+(?:{SEPARATOR}{{1,3}}[0-9０-９]+)*", text):
        cells = re.split(f"({SEPARATOR}+)", run.group())
        groups = ["".join(str(int(digit)) for digit in cell) for cell in cells[::2]]
        breaks = [
            0,
            *(k for k, gap in enumerate(cells[1::2], 1) if gap not in (" ", "-")),
            len(groups),
        ]
        stretches = set(itertools.pairwise(breaks))
        for first, last in itertools.combinations(range(len(groups) + 1), 2):
            fits = (first, last) in stretches or is_printed([len(g) for g in groups[first:last]])
            if fits and is_card("".join(groups[first:last])):
                return True
    return False
