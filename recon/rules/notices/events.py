"""Rows that are news by themselves: a chargeback, a freeze that no release has ended.

A freeze is a case from its first night until releases have given back all of it. A release names
the freeze by its reference, or its order; what it gives back in part leaves the rest frozen. The
freeze is carried, and with it the releases so far.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl

from recon.core.arrays.numbers import Rows
from recon.core.codes import Code, Kind, Side, State
from recon.rules.night import Ledger, Night, Verdict

EVENTS = "event"  # where a leg is named
_NAMED_BY = (  # by what of a freeze, and in which column, a release names it
    ("channel_ref", "original_ref"),
    ("order_id", "original_ref"),
    ("order_id", "order_id"),
)


def find(ledger: Ledger, excluded: Rows, night: Night) -> Verdict:
    """Return new chargebacks, and the freezes, new and carried, that are not released.

    `excluded` rows (repeated, or delivered before) are no news.
    """
    slim = ledger.slim
    news = (
        ~ledger.opening
        & (slim["side"] == int(Side.CHANNEL)).to_numpy()
        & (slim["state"] == int(State.SUCCESS)).to_numpy()
    )
    news[excluded] = False
    known = news | ledger.waiting_on.get(EVENTS, np.zeros(slim.height, bool))
    kind = slim["kind"].to_numpy()
    charged_back = np.flatnonzero(news & (kind == int(Kind.CHARGEBACK)))
    frozen = np.flatnonzero(known & (kind == int(Kind.FREEZE)))
    released = np.flatnonzero(known & (kind == int(Kind.UNFREEZE)))
    return Verdict.joined(
        [_charged_back(ledger, charged_back), _frozen(ledger, frozen, released, night)]
    )


def _charged_back(ledger: Ledger, rows: Rows) -> Verdict:
    """Return one finding a chargeback."""
    return Verdict.of(
        ledger.slim[rows].select(
            pl.lit(int(Code.CHARGEBACK)).alias("code"),
            pl.lit(EVENTS).alias("leg"),
            pl.concat_list(pl.Series(rows)).alias("rows"),
            pl.lit(1).alias("faulty"),
            anchor=pl.col("fingerprint").cast(pl.String),
            expected_minor=pl.lit(0),
            actual_minor="amount_minor",
            currency="currency",
            due_date="due_date",
        )
    )


def _frozen(ledger: Ledger, frozen: Rows, released: Rows, night: Night) -> Verdict:
    """Return one finding a freeze of what is still frozen, and the rows that it is carried by."""
    amounts = ledger.slim["amount_minor"]
    found, waits = [], []
    for freeze, releases in _with_releases(ledger, frozen, released).items():
        rest = abs(amounts[freeze]) - sum(abs(amounts[row]) for row in releases)
        if rest > 0:
            found.append(([freeze, *releases], rest if amounts[freeze] > 0 else -rest))
            waits += [(row, freeze) for row in (freeze, *releases)]
    if not found:
        return Verdict.of()
    first = ledger.slim[[rows[0] for rows, _ in found]]
    code, leg = pl.lit(int(Code.FUNDS_FROZEN)).alias("code"), pl.lit(EVENTS).alias("leg")
    anchor = pl.col("fingerprint").cast(pl.String).alias("anchor")
    findings = first.select(
        code,
        leg,
        anchor,
        "currency",
        "due_date",
        pl.Series("rows", [rows for rows, _ in found], pl.List(pl.Int64)),
        pl.Series("actual_minor", [rest for _, rest in found], pl.Int64),
        faulty=pl.lit(1),
        expected_minor=pl.lit(0),
    )
    waiting = ledger.slim[[freeze for _, freeze in waits]].select(
        code,
        leg,
        anchor,
        pl.Series("row", [row for row, _ in waits], pl.Int64),
        waiting_for="side",
        wait_until=pl.coalesce("due_date", pl.lit(night.business_date)),
    )
    return Verdict.of(findings, waiting)


def releases(ledger: Ledger, frozen: Rows) -> dict[int, list[int]]:
    """Return each freeze with its releases, carried and of tonight."""
    slim = ledger.slim
    known = ~ledger.opening | ledger.waiting_on.get(EVENTS, np.zeros(slim.height, bool))
    release = (slim["kind"] == int(Kind.UNFREEZE)) & (slim["state"] == int(State.SUCCESS))
    return _with_releases(ledger, frozen, np.flatnonzero(known & release.to_numpy()))


def _with_releases(ledger: Ledger, frozen: Rows, released: Rows) -> dict[int, list[int]]:
    """Return each freeze with the releases that are its own, each of them given once.

    Of several freezes of one order the first one is released first.
    """
    own: dict[int, list[int]] = {int(freeze): [] for freeze in frozen}
    free = released
    for mine, theirs in _NAMED_BY:
        named = defaultdict(list)
        for row, word in zip(free.tolist(), ledger.digests[theirs][free].tolist(), strict=True):
            named[tuple(word)].append(row)
        named.pop((0, 0), None)
        for freeze, word in zip(own, ledger.digests[mine][frozen].tolist(), strict=True):
            own[freeze] += _enough(ledger, freeze, own[freeze], named[tuple(word)])
        free = np.setdiff1d(free, [row for rows in own.values() for row in rows])
    return own


def _enough(ledger: Ledger, freeze: int, given: list[int], offered: list[int]) -> list[int]:
    """Take from the releases on offer, in time, until the freeze is released whole."""
    amounts, moments = ledger.slim["amount_minor"], ledger.slim["occurred_at"].cast(pl.Int64)
    left = abs(amounts[freeze]) - sum(abs(amounts[row]) for row in given)
    taken = []
    for row in sorted(offered, key=lambda row: (moments[row] or 0, row)):
        if left > 0:
            taken.append(row)
            left -= abs(amounts[row])
    for row in taken:
        offered.remove(row)
    return taken
