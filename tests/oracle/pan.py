"""Card numbers in plain Python."""

from __future__ import annotations

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
    return 13 <= len(digits) <= 19 and bool(ISSUERS.match(digits)) and passes_luhn(digits)


def holds_card(text):
    """Return whether a card number stands alone in a text."""
    for run in re.finditer("[0-9０-９]+(?:[ -][0-9０-９]+)*", text):
        groups = re.split("[ -]", run.group())
        plain = ["".join(str(int(digit)) for digit in group) for group in groups]
        if is_card("".join(plain)) or any(is_card(group) for group in plain):
            return True
    return False
