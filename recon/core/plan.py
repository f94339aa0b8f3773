"""What the rule file asks of the engine, in the engine's own words: sources, legs, passes.

`recon.rules.rule_file` builds these; the loader and the matcher see nothing else of the rule file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique
from pathlib import Path

from recon.core.codes import Side

# What a sender may lay beside a file, by the end of its name, and how many digits it states.
DIGEST_DIGITS = {".md5": 32, ".sha1": 40, ".sha256": 64, ".sha512": 128}

SECOND = 1_000_000  # microseconds, in which moments are counted
MINUTE = 60 * SECOND
Key = tuple[str, ...]  # canonical columns, compared together; a null in any makes the key null
_NUMBERS = frozenset(  # that one payment has for itself; tills, cards, days and amounts are shared
    {"order_id", "channel_ref", "bank_ref", "rrn", "stan", "auth_code", "original_ref"}
)


@unique
class Method(IntEnum):
    """How a pass finds partners."""

    EXACT = 0  # equal key, one to one; a surplus on either side joins the group
    UNIQUE = 1  # equal key and amount, only where one row stands on each side
    GROUP = 2  # equal key, many rows against many, by sum
    WINDOW = 3  # equal amount (and key) inside a date window, maximum matching
    BAND = 4  # amount tolerance and date window, optimal assignment
    SCORE = 5  # text and reference evidence
    SUBSET = 6  # a subset of rows adds up to one


@dataclass(frozen=True, slots=True)
class Pass:
    """One step of a leg, over the rows that earlier passes left."""

    name: str
    method: Method
    left_key: Key
    right_key: Key
    left_amount: str = "amount_minor"  # or "net_minor"
    right_amount: str = "amount_minor"
    tolerance_minor: int = 0
    tolerance_ppm: int = 0
    days_before: int = 0
    days_after: int = 0
    minutes_before: int = 0  # UNIQUE, WINDOW: with either of the two, moments meet instead of days
    minutes_after: int = 0
    budget: int = 50_000_000  # elementary steps of a subset search
    tolerance_cap_minor: int = 0  # most that the percentage may give; 0 is no cap
    tolerance_sign: int = 0  # 0 both ways; +1 only right above left, -1 only right below left
    tolerance_base: str = "left"  # side whose amount the percentage is of: "left" or "right"
    business_days: bool = False  # windows count business days instead of calendar days
    until_due: bool = False  # WINDOW: from the row's own day to its due date, days added to both
    text: str = "memo"  # SCORE: the text column compared
    right_text: str = ""  # SCORE: where the right side writes it, when in another column
    confidence_ppm: int = 950_000  # SCORE: least probability of a pair that is linked
    many_to_many: bool = False  # SUBSET: sets of up to three rows a side instead of one row's parts
    accident_ppm: int = 1_000  # SUBSET: expected accidental matches above which nothing is linked

    @property
    def clocked(self) -> bool:
        """Return whether the window counts minutes between two moments, not days."""
        return bool(self.minutes_before or self.minutes_after)

    @property
    def reach(self) -> tuple[int, int]:
        """Return how far before and after a row its partner may stand: days or microseconds."""
        if self.clocked:
            return self.minutes_before * MINUTE, self.minutes_after * MINUTE
        return self.days_before, self.days_after


@dataclass(frozen=True, slots=True)
class Leg:
    """Two sides and the ordered passes that link them."""

    name: str
    left: Side
    right: Side
    passes: tuple[Pass, ...]

    @property
    def order_keys(self) -> tuple[dict[Side, Key], ...]:
        """Return the keys of either side that tell one order from all others, best first.

        Keys of a window or of a till only narrow a search: equal ones are no sign of one order.
        """
        return tuple(
            {self.left: item.left_key, self.right: item.right_key}
            for item in self.passes
            if item.method is Method.EXACT and not _NUMBERS.isdisjoint(item.left_key)
        )


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to load tonight: the source it belongs to and where it lies."""

    source: str
    source_no: int  # position of the source in the rule file
    side: Side
    format: str
    path: Path
    declared_path: str  # as the rule file writes it, business date filled in
    template: int = 0  # position of the path among those of the source


def key_name(key: Key) -> str:
    """Return the name under which a key's digests are kept, for instance `merchant_id+batch_id`."""
    return "+".join(key)
