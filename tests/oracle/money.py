"""Money in plain Python: `decimal` and regular expressions, slow and obvious."""

from __future__ import annotations

import re
from decimal import Decimal

LIMIT = 10**15


def parse_amount(text, decimals, mark=".", thousands="", extra_zeros=0, symbols=()):
    """Return minor units of a text in major units, None when it is no amount.

    `extra_zeros`: 0 none beyond `decimals`, 1 any, 2 any but three that may be thousands.
    """
    strip = "|".join(re.escape(symbol) for symbol in symbols)
    front = f"(?:-|-(?:{strip})|(?:{strip})-?)?" if strip else "-?"
    behind = f"(?:{strip})?" if strip else ""
    whole = "[0-9]*"
    if thousands:
        whole = f"(?:[0-9]*|[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+)"
    tail = f"(?:{re.escape(mark)}(?P<rest>[0-9]+))?" if mark else ""
    found = re.fullmatch(f"(?P<front>{front})(?P<whole>{whole}){tail}(?P<behind>{behind})", text)
    if found is None:
        return None
    groups = found.groupdict()
    if groups["behind"] and groups["front"].strip("-"):
        return None
    digits = groups["whole"].replace(thousands, "") if thousands else groups["whole"]
    rest = groups.get("rest") or ""
    if not digits + rest:
        return None
    thousands = extra_zeros == 2 and len(rest) == 3 and digits.strip("0") != ""
    if len(rest) > decimals and (not extra_zeros or thousands or rest[decimals:].strip("0")):
        return None
    minor = int((Decimal(f"{digits or 0}.{rest or 0}") * 10**decimals).to_integral_exact())
    if minor > LIMIT:
        return None
    return -minor if "-" in groups["front"] else minor
