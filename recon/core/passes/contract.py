"""What a pass gets and what it gives: the rows left on the two sides, and the links it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows, numbers
from recon.core.codes import Kind, MatchKind, Side, State
from recon.core.kernels.key_links import count_keyed, list_keyed
from recon.core.kernels.radix import gather_digests, salt_digests
from recon.core.plan import Key, Leg, Pass, key_name
from recon.core.texts.text import TextBuffers

CERTAIN = 1_000_000  # parts per million: keys decide
NO_DAY = np.iinfo(np.int64).min // 4
NO_TIME = np.iinfo(np.int64).max
AMOUNT_LIMIT = 10**15  # |minor units| that the loader admits
WORD_BITS = 64  # of each of the two words of a digest
STATE_ORDER = {  # which of several equal rows is paired first
    State.SUCCESS: 0,
    State.PENDING: 1,
    State.UNKNOWN: 1,
    State.REVERSED: 2,
    State.FAILED: 3,
    State.CLOSED: 3,
}
FLOW = {Kind.PAYMENT: 0, Kind.CREDIT: 0, Kind.REFUND: 1, Kind.REVERSAL: 2, Kind.VOID: 2}
OTHER_FLOW = 3


@dataclass(frozen=True)
class Amounts:
    """One amount column: minor units (0 where unknown) and which rows have one."""

    minor: NDArray[np.int64]
    known: NDArray[np.bool_]


@dataclass(frozen=True)
class BusinessDays:
    """Business days as numbers: `number[d - first]` business days lie before day d (since 1970)."""

    first: int
    number: NDArray[np.int64]

    def count(self, day: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the business-day numbers of days since 1970; NO_DAY stays."""
        known = day != NO_DAY
        place = day[known] - self.first
        inside = bool(np.all((place >= 0) & (place < self.number.size)))
        assert inside, "a date lies outside the business-day table"
        out = day.copy()
        out[known] = self.number[place]
        return out


@dataclass(frozen=True)
class Facts:
    """The slim table as flat arrays, one entry a row position."""

    side: NDArray[np.uint8]
    currency: NDArray[np.int16]  # position in `CURRENCIES`, -1 where unknown
    state_order: NDArray[np.int8]
    flow: NDArray[np.int8]
    amounts: Mapping[str, Amounts]
    digests: Mapping[str, NDArray[np.uint64]]
    business_days: BusinessDays | None
    texts: Mapping[str, TextBuffers]
    slim: pl.DataFrame

    def time(self, rows: Rows) -> NDArray[np.int64]:
        """Return when the rows happened, in microseconds; NO_TIME where unknown."""
        moments = self.slim["occurred_at"].gather(rows).to_physical()
        return moments.fill_null(NO_TIME).to_numpy()

    def content(self, rows: Rows) -> NDArray[np.int64]:
        """Return the digests of the rows' contents: an order that no file's order decides."""
        return self.slim["fingerprint"].gather(rows).fill_null(0).to_numpy()

    @cached_property
    def own_day(self) -> NDArray[np.int64]:
        """Return each row's own day since 1970, NO_DAY where unknown; only dated passes ask."""
        return days(self.slim, "clearing_date", "occurred_at")

    @cached_property
    def due_day(self) -> NDArray[np.int64]:
        """Return the day by which each row is due, as `own_day`."""
        return days(self.slim, "due_date", "clearing_date", "occurred_at")

    @cached_property
    def value_day(self) -> NDArray[np.int64]:
        """Return each row's value day, as `own_day`."""
        return days(self.slim, "value_date", "clearing_date", "occurred_at")

    @cached_property
    def moment(self) -> NDArray[np.int64]:
        """Return when each row happened, in microseconds since 1970, NO_DAY where unknown."""
        moments = self.slim["occurred_at"].to_physical().fill_null(NO_DAY)
        return np.ascontiguousarray(moments.to_numpy())

    @property
    def rows(self) -> int:
        """Return how many rows the slim table has."""
        return self.side.size


@dataclass(frozen=True)
class Searched:
    """What a subset search said of one target row."""

    row: int
    pool_rows: int
    form: str  # how the subset is described, "" when there is none
    answer: str  # UNIQUE, ALTERNATIVES, NONE (proved) or EXHAUSTED (budget)
    alternatives: int
    accidents_ppm: int  # subsets of this form expected to fit by chance, parts per million


@dataclass(frozen=True)
class Doubts:
    """Pairs that a SCORE pass weighed and did not link; row positions."""

    left: Rows
    right: Rows
    score: NDArray[np.int32]  # probability, parts per million
    spoken: NDArray[np.int32]  # (pairs, 6) as in `Found`


@dataclass(frozen=True)
class Found:
    """What one pass found: links, and ties shown but not picked; row positions everywhere."""

    left: Rows
    right: Rows
    kind: NDArray[np.uint8]
    score: NDArray[np.int32]
    ties: NDArray[np.int64]  # (t, 2): row, candidate
    grouped: tuple[tuple[Rows, Rows], ...]  # left, right: rows, smallest row of their group
    searches: tuple[Searched, ...] = ()
    spoken: NDArray[np.int32] | None = None  # SCORE: (links, 6) levels, weights in centibits
    doubts: Doubts | None = None


NO_TIES = np.empty((0, 2), np.int64)


def links(left: Rows, right: Rows, kind: MatchKind, score: int = CERTAIN) -> Found:
    """Return one-to-one links of one kind and score."""
    smallest = np.minimum(left, right)
    return Found(
        left,
        right,
        np.full(left.size, int(kind), np.uint8),
        np.full(left.size, score, np.int32),
        NO_TIES,
        ((left, smallest), (right, smallest)),
    )


def read_amounts(slim: pl.DataFrame, column: str) -> Amounts:
    """Return one amount column, asserting the bound that every kernel's sums rely on."""
    known = slim[column].is_not_null().to_numpy()
    minor = numbers(slim[column])
    largest = max(int(minor.max()), -int(minor.min())) if minor.size else 0
    assert largest <= AMOUNT_LIMIT, f"{column}: an amount exceeds 10**15"
    return Amounts(minor, known)


def days(slim: pl.DataFrame, *columns: str) -> NDArray[np.int64]:
    """Return the first date that is known among `columns` as days since 1970."""
    day = pl.coalesce(pl.col(column).cast(pl.Date) for column in columns)
    frame = slim.select(day.cast(pl.Int32).cast(pl.Int64).fill_null(NO_DAY).alias("day"))
    return np.ascontiguousarray(frame["day"].to_numpy())


def lookup(table: Mapping[State, int] | Mapping[Kind, int], default: int) -> NDArray[np.int8]:
    """Return `table` as an array indexed by code number."""
    out = np.full(256, default, np.int8)
    for member, value in table.items():
        out[int(member)] = value
    return out


def read_facts(
    slim: pl.DataFrame,
    digests: Mapping[str, NDArray[np.uint64]],
    business_days: BusinessDays | None = None,
    texts: Mapping[str, TextBuffers] | None = None,
) -> Facts:
    """Return the slim table as flat arrays; its rows must ascend by txn_id."""
    identity = slim["txn_id"].to_numpy()
    assert bool(np.all(identity[1:] > identity[:-1])), "slim is not sorted by a unique txn_id"
    return Facts(
        side=slim["side"].to_numpy(),
        currency=slim["currency"].cast(pl.Int16).fill_null(-1).to_numpy(),
        state_order=lookup(STATE_ORDER, 3)[slim["state"].to_numpy()],
        flow=lookup(FLOW, OTHER_FLOW)[slim["kind"].to_numpy()],
        amounts={name: read_amounts(slim, name) for name in ("amount_minor", "net_minor")},
        digests=digests,
        business_days=business_days,
        texts=texts or {},
        slim=slim,
    )


def left_rows(work: Work) -> Rows:
    """Return the free left rows of a pass that may meet a right row."""
    return _free_rows(work, work.leg.left, work.step.left_key)


def right_rows(work: Work) -> Rows:
    """Return the free right rows of a pass that may meet a left row."""
    return _free_rows(work, work.leg.right, work.step.right_key)


def _free_rows(work: Work, side: Side, key: Key) -> Rows:
    """Return free rows: those whose key is not null (digest 0, 0) and lies in the slice."""
    facts, free = work.facts, work.free
    if not key:
        return np.flatnonzero(free & (facts.side == int(side)))
    words = facts.digests[key_name(key)]
    asked = (int(side), words, *work.key_slice.bounds)
    rows = np.empty(count_keyed(free, facts.side, *asked) + 1, np.int64)
    list_keyed(free, facts.side, *asked, rows)
    return rows[:-1]


def row_digests(
    facts: Facts, rows: Rows, key: Key, *salts: NDArray[np.signedinteger]
) -> NDArray[np.uint64]:
    """Return the digests (m, 2) of `rows` under `key` together with further integer columns."""
    out = np.ones((rows.size, 2), np.uint64)
    if key:
        gather_digests(facts.digests[key_name(key)], rows, out)
    for salt in salts:
        salt_digests(out, salt[rows].astype(np.int64))
    return out


def with_amount(facts: Facts, rows: Rows, column: str) -> Rows:
    """Return those of `rows` whose amount column is known."""
    return rows[facts.amounts[column].known[rows]]


@dataclass(frozen=True)
class KeySlice:
    """A part of the key space: the keys whose second word begins with the `bits` of `number`.

    The first word tells partitions apart, so that a slice falls into all of them.
    """

    bits: int = 0
    number: int = 0

    @property
    def bounds(self) -> tuple[np.uint64, np.uint64]:
        """Return the least and the greatest second word of a key inside."""
        width = WORD_BITS - self.bits
        return np.uint64(self.number << width), np.uint64(((self.number + 1) << width) - 1)


WHOLE = KeySlice()


@dataclass(frozen=True)
class Work:
    """One pass to do: on which leg, over which rows, with how many threads.

    Under a memory limit a pass with keys is done a slice of the key space at a time: rows of
    different keys never meet.
    """

    facts: Facts
    leg: Leg
    step: Pass
    free: NDArray[np.bool_]
    threads: int
    memory_bytes: int | None = None
    key_slice: KeySlice = WHOLE
