"""Why a row has no partner: the nearest candidate of the other side and the conditions it fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.codes import Code, Side
from recon.core.money import CURRENCIES, format_minor
from recon.core.passes.contract import Facts, read_facts
from recon.core.passes.gates import Failed, Pairs, failed
from recon.core.plan import Key, Leg, key_name
from recon.rules.days.windows import business_days
from recon.rules.night import Matched, Night
from recon.rules.words.gates import pass_words

_LONE = (
    Code.MISSING_IN_CHANNEL,
    Code.MISSING_IN_MERCHANT,
    Code.MISSING_SETTLEMENT,
    Code.UNKNOWN_CREDIT,
    Code.UNAUTHORISED_DEBIT,
    Code.REFUND_NOT_SETTLED,
    Code.REFUND_UNBOOKED,
)
_LIMIT = 20_000  # breaks searched a night; beyond it `recon explain` answers one at a time
_AROUND = 16  # candidates looked at on either side of the amount
_FEW = 8  # a key that more rows bear says little about which of them is meant
_MINUTE = 60_000_000
_DAY = 86_400_000_000
_NOBODY = "no unmatched row on the other side"


@dataclass(frozen=True)
class Asked:
    """Lone rows of one side of a leg: their break, position, and the amount they stand for.

    A row that stands for a batch asks with the batch's sum.
    """

    break_ids: list[str]
    rows: Rows
    totals: Rows


@dataclass(frozen=True)
class Candidates:
    """Which row of the other side is looked at for which asking row."""

    asking: Rows  # position in `Asked`
    row: Rows  # position in the ledger
    telling: NDArray[np.bool_]  # it shares a key that few rows bear


def add_nearest(
    breaks: pl.DataFrame, matched: Matched, legs: tuple[Leg, ...], night: Night
) -> pl.DataFrame:
    """Return BREAKS with `nearest_txn_id` and `failed_gate` filled for rows that stand alone.

    First comes a row that bears the same key, where few rows do; then, among rows of the currency
    that are less than half the amount off, the one that fails the fewest conditions of some pass,
    with the least difference of amount, then of time. Where none is so near, `failed_gate` says how
    far the nearest is.
    """
    found: dict[str, tuple[int | None, str]] = {}
    for leg_no, leg in enumerate(legs):
        scores = _scores(matched, leg_no)
        for side in (leg.left, leg.right):
            asked = _asked(breaks, matched, leg, side)
            if asked.rows.size:
                found |= _Search(matched, leg, side, asked, night, scores).answers()
    nearest = {key: value[0] for key, value in found.items() if value[0] is not None}
    gates = {key: value[1] for key, value in found.items()}
    return breaks.with_columns(
        nearest_txn_id=pl.col("break_id").replace_strict(
            nearest, default=None, return_dtype=pl.Int64
        ),
        failed_gate=pl.col("break_id").replace_strict(gates, default=None, return_dtype=pl.String),
    )


def _asked(breaks: pl.DataFrame, matched: Matched, leg: Leg, side: Side) -> Asked:
    """Return the lone rows of one side of a leg."""
    slim = matched.ledger.slim
    lone = breaks.filter(
        pl.col("code").cast(pl.String).is_in([code.name for code in _LONE])
        & (pl.col("leg") == leg.name)
        & (pl.col("status") != "RESOLVED")
        & (pl.col("txn_ids").list.len() > 0)
    ).head(_LIMIT)
    rows = np.searchsorted(slim["txn_id"].to_numpy(), lone["txn_ids"].list.first().to_numpy())
    mine = slim["side"].gather(rows).to_numpy() == int(side)
    totals = (lone["actual_minor"] + lone["expected_minor"]).to_numpy()
    ids = lone["break_id"].filter(pl.Series(mine, dtype=pl.Boolean)).to_list()
    return Asked(ids, rows[mine].astype(np.int64), totals[mine].astype(np.int64))


def _scores(matched: Matched, leg_no: int) -> dict[tuple[int, int, int], int]:
    """Return how probable SCORE passes found their doubts, by pass, left and right txn_id."""
    doubts = matched.matches.doubts.filter(pl.col("leg") == leg_no)
    ids = matched.ledger.slim["txn_id"]
    pairs = doubts["pass_no"], ids.gather(doubts["left"]), ids.gather(doubts["right"])
    return dict(zip(zip(*pairs, strict=True), doubts["score"], strict=True))


class _Search:
    """The search for the nearest rows of lone rows of one side of a leg."""

    def __init__(
        self,
        matched: Matched,
        leg: Leg,
        side: Side,
        asked: Asked,
        night: Night,
        scores: dict[tuple[int, int, int], int],
    ) -> None:
        """Take in who asks, and the unmatched rows of the other side (the pool)."""
        self._scores = scores
        self._slim, self._digests = matched.ledger.slim, matched.ledger.digests
        self._leg, self._asked, self._night = leg, asked, night
        self._from_left = side is leg.left
        other = leg.right if self._from_left else leg.left
        free = matched.eligible[leg.name] & (matched.matches.key_group[leg.name] < 0)
        self._pool = np.flatnonzero(free & (self._slim["side"] == int(other)).to_numpy())
        step = leg.passes[0]
        column = step.right_amount if self._from_left else step.left_amount
        self._amounts = self._slim[column].gather(self._pool).fill_null(0).to_numpy()

    def answers(self) -> dict[str, tuple[int | None, str]]:
        """Return by break the txn_id of the nearest row, None where none is near, and the words."""
        every = self._candidates()
        told: dict[str, tuple[int | None, str]] = dict.fromkeys(
            self._asked.break_ids, (None, _NOBODY)
        )
        if every.row.size == 0:
            return told
        facts, pairs, positions = self._paired(every)
        failures = [failed(facts, self._leg, step, pairs) for step in self._leg.passes]
        one_currency = facts.currency[pairs.left] == facts.currency[pairs.right]
        off = np.where(one_currency, self._off(pairs), 0)
        far = ~one_currency | beyond_half(off, self._asked.totals[every.asking])
        fails = np.min([one.count for one in failures], axis=0)
        apart = np.abs(_moments(facts.slim)[pairs.left] - _moments(facts.slim)[pairs.right])
        content = _content(self._slim, every.row)
        rank = (~every.telling, far, ~one_currency, fails, np.abs(off), apart, content, every.row)
        order = np.lexsort((*rank[::-1], every.asking))
        asking, first = np.unique(every.asking[order], return_index=True)
        for place, k in zip(asking.tolist(), order[first].tolist(), strict=True):
            words = self._words(facts, pairs, failures, k)
            near = bool(every.telling[k] or not far[k])
            row = int(facts.slim["txn_id"][int(positions[k])]) if near else None
            told[self._asked.break_ids[place]] = row, words if near else _far(facts, pairs, k, off)
        return told

    def _off(self, pairs: Pairs) -> Rows:
        """Return by how much the candidate's amount is more than what is asked for."""
        difference = pairs.right_amount - pairs.left_amount
        return difference if self._from_left else -difference

    def _candidates(self) -> Candidates:
        """Return the rows nearest in amount, and those nearest in amount among equal keys."""
        parts = [self._around()]
        sides = {(step.left_key, step.right_key) for step in self._leg.passes if step.left_key}
        for keys in sorted(sides):
            mine, theirs = keys if self._from_left else keys[::-1]
            parts.append(self._of_key(mine, theirs))
        columns = ((part.asking, part.row, part.telling) for part in parts)
        return Candidates(*(np.concatenate(column) for column in zip(*columns, strict=True)))

    def _around(self) -> Candidates:
        """Return the rows of the asking row's currency that are nearest in amount, then in time."""
        currency = self._slim["currency"]
        pooled = currency.gather(self._pool).cast(pl.Int64).fill_null(-1).to_numpy()
        moments = _moments(self._slim[self._pool])
        content = _content(self._slim, self._pool)
        order = np.lexsort((self._pool, content, moments, self._amounts, pooled))
        amounts, moments = self._amounts[order], moments[order]
        wanted = currency.gather(self._asked.rows).cast(pl.Int64).fill_null(-1).to_numpy()
        begin = np.searchsorted(pooled[order], wanted)
        end = np.searchsorted(pooled[order], wanted, side="right")
        own = _moments(self._slim[self._asked.rows])
        ranges = []
        for low, high, total, moment in zip(
            begin.tolist(), end.tolist(), self._asked.totals, own, strict=True
        ):
            first, last = low + np.searchsorted(amounts[low:high], [total, total + 1])
            at = first + np.searchsorted(moments[first:last], moment)
            ranges.append((max(low, at - _AROUND), min(high, at + _AROUND)))
        return self._listed(order, ranges, np.zeros(len(ranges), np.bool_))

    def _of_key(self, mine: Key, theirs: Key) -> Candidates:
        """Return the rows nearest in amount among those that bear the asking row's key."""
        words = self._digests[key_name(theirs)][self._pool]
        content = _content(self._slim, self._pool)
        order = np.lexsort((self._pool, content, self._amounts, words[:, 1], words[:, 0]))
        first_word, amounts = words[order, 0], self._amounts[order]
        asked = self._digests[key_name(mine)][self._asked.rows]
        begin = np.searchsorted(first_word, asked[:, 0])
        end = np.searchsorted(first_word, asked[:, 0], side="right")
        end = np.where(asked.any(axis=1), end, begin)  # a null key is nobody's
        ranges = []
        for low, high, total in zip(begin.tolist(), end.tolist(), self._asked.totals, strict=True):
            at = low + int(np.searchsorted(amounts[low:high], total))
            ranges.append((max(low, at - _AROUND), min(high, at + _AROUND)))
        return self._listed(order, ranges, end - begin <= _FEW)

    def _listed(
        self, order: Rows, ranges: list[tuple[int, int]], telling: NDArray[np.bool_]
    ) -> Candidates:
        """Return the rows of the pool at ranges of `order`, one range an asking row."""
        sizes = np.array([end - begin for begin, end in ranges], np.int64)
        places = [np.arange(begin, end) for begin, end in ranges]
        asking = np.repeat(np.arange(sizes.size), sizes)
        return Candidates(asking, self._pool[order[np.concatenate(places)]], telling[asking])

    def _paired(self, every: Candidates) -> tuple[Facts, Pairs, Rows]:
        """Return the facts of all rows looked at, the pairs, and each candidate's place in them."""
        rows = np.unique(np.concatenate([self._asked.rows, every.row]))
        names = {
            key_name(key) for step in self._leg.passes for key in (step.left_key, step.right_key)
        }
        slim = self._slim[rows]
        digests = {name: self._digests[name][rows] for name in names if name}
        table = business_days((self._leg,), slim, self._night.calendar)
        facts = read_facts(slim, digests, table)
        own = np.searchsorted(rows, self._asked.rows)[every.asking]
        theirs = np.searchsorted(rows, every.row)
        step, totals = self._leg.passes[0], self._asked.totals[every.asking]
        if self._from_left:
            right = facts.amounts[step.right_amount].minor[theirs]
            return facts, Pairs(own, theirs, totals, right), theirs
        left = facts.amounts[step.left_amount].minor[theirs]
        return facts, Pairs(theirs, own, left, totals), theirs

    def _words(self, facts: Facts, pairs: Pairs, failures: list[Failed], k: int) -> str:
        """Return how far the candidate is, and what it fails under each pass."""
        left, right = int(pairs.left[k]), int(pairs.right[k])
        codes = (_currency(facts, left), _currency(facts, right))
        amount = f"amount in {codes[1]} against {codes[0]}"
        if codes[0] == codes[1]:
            off = int(self._off(pairs)[k])
            amount = f"amount off by {format_minor(off, codes[0])} {codes[0]}"
            amount = amount if off else "amount equal"
        ids = facts.slim["txn_id"]
        told = [
            self._scores.get((number, ids[left], ids[right]))
            for number in range(len(self._leg.passes))
        ]
        asks = [
            pass_words(self._leg, step, one, k, codes, score)
            for step, one, score in zip(self._leg.passes, failures, told, strict=True)
        ]
        return "; ".join([amount + _apart(facts, left, right), *asks])


def beyond_half(off: Rows, totals: Rows) -> NDArray[np.bool_]:
    """Return which differences are more than half the total; nothing wraps below 2**63."""
    out: NDArray[np.bool_] = np.abs(off) > np.abs(totals) // 2
    return out


def _currency(facts: Facts, row: int) -> str:
    number = int(facts.currency[row])
    return CURRENCIES[number] if number >= 0 else "?"


def _far(facts: Facts, pairs: Pairs, k: int, off: Rows) -> str:
    """Return that no candidate is near, and how far the nearest amount is."""
    code = _currency(facts, int(pairs.left[k]))
    if code != _currency(facts, int(pairs.right[k])):
        return f"no unmatched row in {code} on the other side"
    by = f"{format_minor(abs(int(off[k])), code)} {code}"
    return f"none near: the nearest unmatched amount is {by} off"


def _content(slim: pl.DataFrame, rows: Rows) -> Rows:
    """Return the digests of rows' contents, which part equally near rows."""
    return slim["fingerprint"].gather(rows).fill_null(0).to_numpy()


def _moments(slim: pl.DataFrame) -> Rows:
    """Return when rows happened or their money was shown, in microseconds since 1970; 0 unknown."""
    days = [
        pl.col(name).cast(pl.Datetime("us")) for name in ("value_date", "due_date", "clearing_date")
    ]
    moment = pl.coalesce(pl.col("occurred_at").cast(pl.Datetime("us")), *days)
    frame = slim.select(moment.cast(pl.Int64).fill_null(0).alias("moment"))
    return np.ascontiguousarray(frame["moment"].to_numpy())


def _apart(facts: Facts, left: int, right: int) -> str:
    """Return how far apart two rows happened, or from the day due; "" where they agree."""
    moments = facts.slim["occurred_at"].gather([left, right])
    if moments.null_count() == 0:
        first, second = moments.cast(pl.Int64)
        return f", {abs(first - second) // _MINUTE} min apart"
    due, shown = int(facts.due_day[left]), int(facts.value_day[right])
    if min(due, shown) < 0 or due == shown:
        return ""
    return f", {abs(shown - due)} d {'after' if shown > due else 'before'} the day due"
