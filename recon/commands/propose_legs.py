"""The legs of a proposed rule file: which sides its files stand for, by what their rows meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_SIDES = ("merchant", "channel", "bank")
_NUMBERS = ("order_id", "channel_ref", "rrn", "bank_ref")  # what both sides may bear, best first
_LONE = """
# A run links two sides: recon init --from FILE --from OTHER proposes both sources and this leg.
# [[leg]]
# name = "merchant_channel"
# left = "merchant"
# right = "channel"
#
# [[leg.pass]]
# name = "order number"
# keys = ["order_id"]
"""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a file seems to be: its name, whose it is, and the canonical columns that it fills."""

    name: str
    side: str
    fills: frozenset[str]


def sides_of(files: Sequence[Proposed]) -> list[str]:
    """Return a side for each file: its own, or the first that no file before it has."""
    taken: list[str] = []
    for file in files:
        free = [side for side in (file.side, *_SIDES) if side not in taken]
        taken.append(free[0] if free else file.side)
    return taken


def legs_of(files: Sequence[Proposed], sides: Sequence[str]) -> str:
    """Return the legs between neighbouring sides; of one side alone, what a leg would look like."""
    fills = {
        side: frozenset.intersection(
            *(file.fills for file, own in zip(files, sides, strict=True) if own == side)
        )
        for side in _SIDES
        if side in sides
    }
    legs = [_leg(left, right, fills[left] & fills[right]) for left, right in pairwise(fills)]
    return "".join(legs) or _LONE


def _leg(left: str, right: str, shared: frozenset[str]) -> str:
    """Return one leg: by each number that both sides bear, else by amount and day."""
    head = f'\n[[leg]]\nname = "{left}_{right}"\nleft = "{left}"\nright = "{right}"\n'
    numbers = [name for name in _NUMBERS if name in shared]
    if not numbers:
        return (
            f"{head}\n"
            "# The sides bear no number in common. Confirm, or map one: keys are safer than days.\n"
            '[[leg.pass]]\nname = "amount and day"\nmethod = "window"\n'
            "days_before = 1  # confirm\ndays_after = 3  # confirm\n"
        )
    return head + "".join(
        f'\n[[leg.pass]]\nname = "{name}"\nkeys = ["{name}"]'
        "  # confirm: both sides write the same number there\n"
        for name in numbers
    )
