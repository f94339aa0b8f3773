"""What a BAI2 account record (03) says of the account as a whole: amounts by type code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from recon.io.reading.contract import ControlTotal

_NUMBER = re.compile(r"([+-]?)([0-9]{1,18})")
_EXTRA_FIELDS = {"S": 3, "V": 2}
_SIDES = {"C": ("100", "credits"), "D": ("400", "debits")}  # with the code of their total


def whole_number(text: str) -> int | None:
    """Return a whole number with an optional sign, None for anything else."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    return -int(match[2]) if match[1] == "-" else int(match[2])


def extra_fields(funds: str, following: Sequence[str]) -> int:
    """Return how many more fields a funds type brings."""
    if funds == "D" and following and re.fullmatch(r"[0-9]{1,3}", following[0]):
        return 1 + 2 * int(following[0])
    return _EXTRA_FIELDS.get(funds, 0)


def amounts_by_code(values: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield type code and amount as written, behind the account's number and currency."""
    position = 0
    while position < len(values):
        if not values[position]:  # some banks close a record with one comma too many
            position += 1
            continue
        amount = values[position + 1] if position + 1 < len(values) else ""
        funds = values[position + 3] if position + 3 < len(values) else ""
        yield values[position], amount
        position += 4 + extra_fields(funds, values[position + 4 :])


@dataclass(slots=True)
class Sides:
    """Credits and debits of an account: what its record states, and what its details add up to."""

    stated: dict[str, int] = field(default_factory=dict)  # by type code
    moved: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_SIDES, 0))

    def add(self, direction: str, minor: int) -> None:
        """Add a detail."""
        if direction in self.moved:
            self.moved[direction] += minor

    def controls(self, label: str, currency: str) -> Iterator[ControlTotal]:
        """Yield both totals, where the details are all that they count: a type code signs each.

        Banks may tell fewer details than they count; then credits and debits together differ too.
        """
        if self._are_whole(self.stated):
            for direction, (code, words) in _SIDES.items():
                computed = self.moved[direction]
                yield ControlTotal(f"{label}: {words}", self.stated[code], computed, currency)

    def _are_whole(self, stated: Mapping[str, int]) -> bool:
        """Return whether the details add up to both stated totals together, and to something."""
        codes = [code for code, _ in _SIDES.values()]
        moved = sum(self.moved.values())
        return (
            moved > 0
            and all(code in stated for code in codes)
            and moved == sum(stated[code] for code in codes)
        )
