"""Why a row has no partner: the nearest candidate on the other side and the gate that it fails."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code, Side
from recon.core.money import CURRENCIES, format_minor
from recon.core.plan import Leg, Method, Pass, key_name
from recon.rules.night import Matched

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
_MINUTE = 60_000_000
_AROUND = 64  # candidates looked at on either side of the amount


def add_nearest(breaks: pl.DataFrame, matched: Matched, legs: tuple[Leg, ...]) -> pl.DataFrame:
    """Return BREAKS with `nearest_txn_id` and `failed_gate` filled for rows that stand alone."""
    ids = matched.ledger.slim["txn_id"].to_numpy()
    nearest: dict[str, tuple[int, str]] = {}
    pools = Pools(matched)
    names = [code.name for code in _LONE]
    for leg in legs:
        lone = breaks.filter(
            pl.col("code").cast(pl.String).is_in(names)
            & (pl.col("leg") == leg.name)
            & (pl.col("status") != "RESOLVED")
            & (pl.col("txn_ids").list.len() > 0)
        ).head(_LIMIT)
        if lone.height == 0:
            continue
        rows = np.searchsorted(ids, lone["txn_ids"].list.first().to_numpy())
        totals = (lone["actual_minor"] + lone["expected_minor"]).to_numpy()
        for break_id, row, total in zip(lone["break_id"].to_list(), rows, totals, strict=True):
            found = candidate(matched, leg, int(row), int(total), pools)
            if found is not None:
                nearest[break_id] = (int(ids[found[0]]), found[1])
    found_ids = {key: value[0] for key, value in nearest.items()}
    gates = {key: value[1] for key, value in nearest.items()}
    return breaks.with_columns(
        nearest_txn_id=pl.col("break_id").replace_strict(
            found_ids, default=None, return_dtype=pl.Int64
        ),
        failed_gate=pl.col("break_id").replace_strict(gates, default=None, return_dtype=pl.String),
    )


def candidate(
    matched: Matched, leg: Leg, row: int, total: int, pools: Pools | None = None
) -> tuple[int, str] | None:
    """Return the unlinked row of the other side nearest to `row`, and why it is no partner.

    Nearest is the least difference of amount, then the least time apart. `total` is the amount of
    the whole break (a batch's sum).
    """
    slim = matched.ledger.slim
    side = Side(slim["side"][row])
    other = leg.right if side is leg.left else leg.left
    rows, amounts = (pools or Pools(matched)).of(leg, other, int(slim["currency"][row]))
    if len(rows) == 0:
        return None
    at = int(np.searchsorted(amounts, total))
    window = slice(max(0, at - _AROUND), at + _AROUND)
    near, off = rows[window], np.abs(amounts[window] - total)
    moments = slim["occurred_at"].gather(near).cast(pl.Int64).fill_null(0).to_numpy()
    own = slim["occurred_at"].slice(row, 1).cast(pl.Int64).item() or 0
    best = int(np.lexsort((near, np.abs(moments - own), off))[0])
    return int(near[best]), _gate(
        slim, leg, row, int(near[best]), int(amounts[window][best] - total)
    )


class Pools:
    """Unlinked rows by leg, side and currency, sorted by amount; built once, searched often."""

    def __init__(self, matched: Matched) -> None:
        """Remember where to look."""
        self._matched = matched
        self._known: dict[tuple[str, Side, int], tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def of(
        self, leg: Leg, other: Side, currency: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rows and their amounts, both in order of amount."""
        key = (leg.name, other, currency)
        if key not in self._known:
            matched, slim = self._matched, self._matched.ledger.slim
            free = matched.eligible[leg.name] & (matched.matches.key_group[leg.name] < 0)
            same = (slim["side"] == int(other)) & (slim["currency"] == currency)
            rows = np.flatnonzero(free & same.to_numpy())
            plan = leg.passes[0]
            column = plan.right_amount if other is leg.right else plan.left_amount
            amounts = slim[column].to_numpy()[rows]
            order = np.argsort(amounts, kind="stable")
            self._known[key] = rows[order], amounts[order]
        return self._known[key]


def _gate(slim: pl.DataFrame, leg: Leg, row: int, best: int, difference: int) -> str:
    """Return in words which condition the candidate fails, and by how much."""
    currency = CURRENCIES[int(slim["currency"][best])]
    keys = " or ".join(
        dict.fromkeys(key_name(item.left_key) for item in leg.passes if item.left_key)
    )
    moments = slim["occurred_at"]
    apart = ""
    if moments[row] is not None and moments[best] is not None:
        first, second = moments.gather([row, best]).cast(pl.Int64)
        apart = f", {abs(first - second) // _MINUTE} min apart"
    else:
        apart = _days_off(slim, leg, row, best)
    amount = "amount equal"
    if difference:
        amount = f"amount off by {format_minor(difference, currency)} {currency}"
    without_key = [_asked(item, currency) for item in leg.passes if not item.left_key]
    return "; ".join([f"key differs ({keys})"] * bool(keys) + [amount + apart] + without_key)


def _days_off(slim: pl.DataFrame, leg: Leg, row: int, best: int) -> str:
    """Return how far the money was shown from the day on which it was due; "" on that day."""
    sides = {Side(slim["side"][place]): place for place in (row, best)}
    due = _day(slim, sides[leg.left], "due_date")
    shown = _day(slim, sides[leg.right], "value_date")
    if due is None or shown is None or due == shown:
        return ""
    return f", {abs((shown - due).days)} d {'after' if shown > due else 'before'} the day due"


def _day(slim: pl.DataFrame, row: int, first: str) -> date | None:
    """Return the day that a dated pass takes of a row: `first`, else the day that it cleared."""
    day: date | None = slim[first][row] or slim["clearing_date"][row]
    return day


def _asked(item: Pass, currency: str) -> str:
    """Return what a pass without a key asks of a pair, for people."""
    unit = "working days" if item.business_days else "days"
    days = f"from {item.days_before} {unit} before to {item.days_after} {unit} after"
    if item.method is Method.BAND:
        parts = [f"{item.tolerance_ppm / 10_000:g} %"] if item.tolerance_ppm else []
        if item.tolerance_minor or not parts:
            parts.insert(0, f"{format_minor(item.tolerance_minor, currency)} {currency}")
        return f"pass {item.name} takes amounts within {' or '.join(parts)} {days}"
    if item.method is Method.SCORE:
        return f"pass {item.name} takes pairs of at least {item.confidence_ppm / 10_000:g} %"
    if item.method is Method.SUBSET:
        return f"pass {item.name} takes rows that add up"
    return f"pass {item.name} takes equal amounts {days}"
