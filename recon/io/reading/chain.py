"""Balances that stand on the rows: each is the one before it plus the row's amount.

Senders list rows oldest first or newest first, and rows of one second in any order. A file is right
when one of these holds: each balance follows from the row above; each follows from the row below;
or the rows can be put in an order in which each follows, which is so when the balances before the
rows and the balances behind them are the same numbers but for the first and the last, and no rows
stand apart from the others (a row that moves nothing stands apart when its balance is another).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from recon.core.kernels.arrays import Ints
from recon.core.kernels.union_find import label_components, unite_rows
from recon.io.reading.contract import ControlTotal, Proof

BALANCE: Final = "_balance_minor"
_SHOWN: Final = 5  # broken links that are told one by one
_FEW: Final = 3  # links; so few prove nothing about whether the column is a chain at all
_GROUP: Final = ("merchant_id", "currency")
_PLACE: Final = ("record_no", "amount_minor", BALANCE)


@dataclass(frozen=True, slots=True)
class _Order:
    """The links of one account in one order of its rows."""

    broken: pl.DataFrame  # record_no, declared, computed
    links: int


def balance_chain(*, always: bool) -> Proof:
    """Return the proof that the balances of a file's rows follow from each other.

    always: the sender's whole account is in every file, so one broken link holds it. Else a file in
    which most links are broken is taken as an extract, whose balances prove nothing.
    """

    def totals(frame: pl.DataFrame) -> list[ControlTotal]:
        """Return what the chain of each account and currency proves."""
        return [
            total
            for key, rows in frame.group_by(*_GROUP, maintain_order=True)
            for total in _account_totals(rows, str(key[1]), always=always)
        ]

    about = "each balance follows from the one before it; the oldest row has none before it"
    return Proof(about, _gathered, totals)


def _gathered(frame: pl.DataFrame) -> pl.DataFrame:
    """Return what the chain needs of a batch."""
    if BALANCE not in frame.columns:
        return pl.DataFrame()
    return frame.select(*_PLACE, *(pl.col(name).cast(pl.Categorical) for name in _GROUP))


def _account_totals(rows: pl.DataFrame, currency: str, *, always: bool) -> list[ControlTotal]:
    """Return one control that agrees, or the first links that are broken."""
    rows = rows.with_columns(pl.col("amount_minor", BALANCE).cast(pl.Int128))
    downwards, upwards = _downwards(rows), _upwards(rows)
    if not downwards.links:
        return []
    best = min(downwards, upwards, key=lambda order: order.broken.height)
    if not best.broken.height or _in_some_order(rows):
        return [ControlTotal("balances that follow from the row before", best.links, best.links)]
    extract = best.links > _FEW and 2 * best.broken.height > best.links
    if extract and not always:
        return []
    return [
        ControlTotal(f"balance at record {record}", int(declared), int(computed), currency)
        for record, declared, computed in best.broken.head(_SHOWN).iter_rows()
    ]


def _downwards(rows: pl.DataFrame) -> _Order:
    """Return the links when each row follows the one above it; rows without a balance add up."""
    moved = rows.with_columns(pl.col("amount_minor").cum_sum().alias("_moved"))
    known = moved.filter(pl.col(BALANCE).is_not_null())
    before = pl.col(BALANCE).shift(1) + pl.col("_moved") - pl.col("_moved").shift(1)
    return _compared(known.with_columns(before.alias("_computed")))


def _upwards(rows: pl.DataFrame) -> _Order:
    """Return the links when each row follows the one below it."""
    moved = rows.with_columns(
        (pl.col("amount_minor").cum_sum() - pl.col("amount_minor")).alias("_moved")
    )
    known = moved.filter(pl.col(BALANCE).is_not_null())
    below = pl.col(BALANCE).shift(-1) + pl.col("_moved").shift(-1) - pl.col("_moved")
    return _compared(known.with_columns(below.alias("_computed")))


def _compared(known: pl.DataFrame) -> _Order:
    """Return which balances are not what the neighbour gives."""
    links = known.filter(pl.col("_computed").is_not_null())
    broken = links.filter(pl.col(BALANCE) != pl.col("_computed"))
    return _Order(broken.select("record_no", BALANCE, "_computed"), links.height)


def _in_some_order(rows: pl.DataFrame) -> bool:
    """Return whether all rows fit one behind the other in some order."""
    if rows[BALANCE].null_count():
        return False
    before, behind = rows[BALANCE] - rows["amount_minor"], rows[BALANCE]
    balances = pl.concat((before, behind)).rank("dense").cast(pl.Int64).to_numpy() - 1
    first, last = balances[: rows.height], balances[rows.height :]
    most = int(balances.max()) + 1
    surplus = np.bincount(first, minlength=most) - np.bincount(last, minlength=most)
    left = surplus[surplus != 0].tolist()
    return (not left or sorted(left) == [-1, 1]) and _hang_together(first, last, most)


def _hang_together(first: Ints, last: Ints, balances: int) -> bool:
    """Return whether rows between numbered balances lead from each to each other."""
    parent = np.arange(balances)
    unite_rows(first, last, parent)
    label_components(parent)
    return bool((parent[first] == parent[first[0]]).all())
