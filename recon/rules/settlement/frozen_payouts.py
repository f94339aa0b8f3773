"""Payouts that are less, or late, by what is frozen: one case, the freeze, until the money comes.

A batch that is frozen whole has no credit; one that is frozen in part is paid less. The freeze
tells both. It is over when the bank shows what was held back: by a credit of the batch, or in the
sum of a later payout once the channel has released all. Only exact sums explain anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from recon.core.arrays.numbers import Rows
from recon.core.codes import Code, Kind, Side
from recon.core.plan import Leg
from recon.rules.batch_keys import batch_anchors, with_batches_settled
from recon.rules.breaks import standing
from recon.rules.night import Ledger, Matched, Night, Verdict
from recon.rules.notices.events import EVENTS, releases
from recon.rules.refunds import compensated
from recon.rules.settlement import owed

LESS = "less by what is frozen, which is told as a case of its own"
LATE = "late by what was frozen, which is told as a case of its own"
PAID = "what was frozen of an earlier payout"
RELEASED = "released by the channel, not yet paid"
_FROZEN = int(Code.FUNDS_FROZEN)
_NAMED_BY = (  # by what a freeze names a row of a batch, and in which columns of the row
    ("original_ref", ("order_id", "channel_ref")),
    ("order_id", ("order_id",)),
)


@dataclass(slots=True)
class _Freeze:
    """One freeze: what the channel still holds of it, and what the bank has not shown yet."""

    row: int
    rows: list[int]  # the freeze, its releases, the credits that it made less
    currency: int
    sign: int
    frozen: int  # not released yet
    told: int  # at risk as told on the night before; 0 for a new one
    credits: list[int]
    unpaid: int  # at risk tonight
    cause: str | None = None

    @property
    def is_released(self) -> bool:
        return self.frozen == 0


def held(matched: Matched, frozen: pl.DataFrame) -> pl.DataFrame:
    """Return what is frozen, or was until tonight: columns rows, currency, actual_minor.

    `frozen` are tonight's findings of frozen funds.
    """
    known = _freezes(matched, frozen)
    return pl.DataFrame(
        {
            "rows": pl.Series([[one.row] for one in known], dtype=pl.List(pl.Int64)),
            "currency": pl.Series([one.currency for one in known], dtype=pl.UInt16),
            "actual_minor": pl.Series([one.told or one.frozen for one in known], dtype=pl.Int64),
        }
    )


def settle(
    matched: Matched,
    legs: Sequence[Leg],
    night: Night,
    before: Verdict,
    by_leg: Mapping[str, Verdict],
) -> tuple[Verdict, dict[str, Verdict]]:
    """Return the verdicts with payouts that freezes explain as part of the freezes' cases.

    `before` holds what is told of freezes.
    """
    told = dict(by_leg)
    known = _freezes(matched, before.findings.filter(pl.col("code") == _FROZEN))
    paying = [leg for leg in legs if leg.right is Side.BANK and standing.by_sum(leg)]
    if not known or not paying:
        return before, told
    for leg in paying:
        told[leg.name] = _on(matched, leg, night, told[leg.name], known)
    return _retold(matched, before, known), told


def _freezes(matched: Matched, frozen: pl.DataFrame) -> list[_Freeze]:
    """Return the freezes that are open, or were until tonight."""
    ledger = matched.ledger
    rest = {rows[0]: abs(left) for rows, left in frozen.select("rows", "actual_minor").iter_rows()}
    carried = ledger.waiting_on.get(EVENTS, np.zeros(ledger.slim.height, bool))
    is_freeze = (ledger.slim["kind"] == int(Kind.FREEZE)).to_numpy()
    rows = sorted({*np.flatnonzero(carried & is_freeze).tolist(), *rest})
    if not rows:
        return []
    mine = pl.col("code").cast(pl.String) == Code.FUNDS_FROZEN.name
    before = matched.told.filter(mine).select("txn_ids", "actual_minor")
    told = {}
    for ids, left in before.iter_rows():
        listed = _places(ledger, ids)
        if listed:
            told[listed[0]] = (abs(left), listed)
    released = releases(ledger, np.array(rows, np.int64))
    side, amount, currency = (ledger.slim[name] for name in ("side", "amount_minor", "currency"))
    found = []
    for row in rows:
        at_risk, listed = told.get(row, (0, []))
        credits_ = [one for one in listed if side[one] == int(Side.BANK)]
        found.append(
            _Freeze(
                row,
                [row, *released[row], *credits_],
                currency[row],
                1 if amount[row] > 0 else -1,
                rest.get(row, 0),
                at_risk,
                credits_,
                at_risk if credits_ else rest.get(row, 0),
            )
        )
    return found


def _places(ledger: Ledger, ids: Sequence[int]) -> list[int]:
    """Return the positions of those rows that are in the ledger, in the order asked for."""
    known = ledger.slim["txn_id"].to_numpy()
    places = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return [int(place) for place, one in zip(places, ids, strict=True) if known[place] == one]


def _on(
    matched: Matched, leg: Leg, night: Night, verdict: Verdict, known: list[_Freeze]
) -> Verdict:
    """Return a bank leg's verdict without what the freezes explain, and note it with them."""
    rows = np.array([one.row for one in known], np.int64)
    batches = batch_anchors(matched, leg, rows, is_left=True).to_list()
    accounts = owed.accounts(matched, rows).to_list()
    codes = [int(code) for code in (Code.NET_MISMATCH, Code.UNKNOWN_CREDIT, Code.LATE_SETTLEMENT)]
    over: dict[str, list[tuple[int, str]]] = {LESS: [], LATE: [], PAID: []}
    for item in verdict.findings.filter(pl.col("code").is_in(codes)).iter_rows(named=True):
        payout = _payout(matched, leg, item)
        mine = [
            (one, _is_of(matched, leg, one, batch, payout), account)
            for one, batch, account in zip(known, batches, accounts, strict=True)
            if one.currency == item["currency"]
        ]
        of_batch = [one for one, is_own, _ in mine if is_own]
        of_account = [one for one, _, account in mine if account in payout.accounts]
        cause = _explained(payout, of_batch, of_account)
        if cause:
            over[cause].append((item["code"], item["anchor"]))
    _wait_for_the_bank(matched, leg, night, list(zip(known, batches, strict=True)))
    for cause, ended in over.items():
        verdict = _without(matched, leg, verdict, ended, cause) if ended else verdict
    return verdict


@dataclass(frozen=True, slots=True)
class _Payout:
    """A finding about a payout: its code, its figures, its credits and its batch's rows."""

    code: int
    expected: int
    actual: int
    credits: list[int]
    members: Rows
    batches: frozenset[str]
    accounts: frozenset[str]


def _payout(matched: Matched, leg: Leg, item: dict[str, Any]) -> _Payout:
    """Return a finding with all rows of its batch; an unknown credit has the batch it names."""
    slim, groups = matched.ledger.slim, matched.matches.key_group[leg.name]
    listed = np.array(item["rows"], np.int64)
    inside = groups[listed[0]] >= 0
    rows = np.flatnonzero(groups == groups[listed[0]]) if inside else listed
    is_bank = (slim["side"].gather(rows) == int(Side.BANK)).to_numpy()
    lines, members = rows[is_bank], rows[~is_bank]
    batches = {
        *batch_anchors(matched, leg, members, is_left=True),
        *batch_anchors(matched, leg, lines, is_left=False),
    }
    accounts = owed.accounts(matched, members[:1]).to_list() if len(members) else []
    return _Payout(
        item["code"],
        item["expected_minor"],
        item["actual_minor"],
        lines.tolist(),
        members,
        frozenset(batches),
        frozenset(accounts),
    )


def _is_of(matched: Matched, leg: Leg, one: _Freeze, batch: str, payout: _Payout) -> bool:
    """Return whether a freeze is of a payout's batch: by the batch, by its credit, or by a name."""
    lines = np.array(one.credits, np.int64)
    if {batch, *batch_anchors(matched, leg, lines, is_left=False)} & payout.batches:
        return True
    digests = matched.ledger.digests
    for column, names in _NAMED_BY:
        word = digests[column][one.row]
        for name in names:
            if word.any() and (digests[name][payout.members] == word).all(axis=1).any():
                return True
    return False


def _explained(payout: _Payout, of_batch: list[_Freeze], of_account: list[_Freeze]) -> str | None:
    """Return why a finding is none of its own, and note with the freezes what the bank shows."""
    difference = payout.actual - payout.expected
    if payout.code == int(Code.LATE_SETTLEMENT):
        whole = sum(one.told for one in of_batch if not one.credits) == abs(payout.expected)
        return LATE if of_batch and whole else None
    if payout.code == int(Code.NET_MISMATCH) and difference < 0:
        new = [one for one in of_batch if not one.credits]
        kept = [[one.frozen for one in new], [one.told for one in new]]  # or released tonight
        fitting = next((amounts for amounts in kept if sum(amounts) == -difference), None)
        if fitting is None:
            return None
        for one, amount in zip(new, fitting, strict=True):
            one.credits = payout.credits
            one.rows += payout.credits
            one.unpaid = amount
        return LESS
    waiting = [one for one in of_batch if one.credits and one.unpaid > 0]
    if payout.code == int(Code.NET_MISMATCH):
        waiting = [one for one in of_account if one.credits and one.is_released and one.unpaid > 0]
    paid = _paid(waiting, difference)
    for one in paid:
        one.unpaid -= min(one.unpaid, difference)
    return PAID if paid else None


def _paid(waiting: list[_Freeze], amount: int) -> list[_Freeze]:
    """Return the freezes that an amount pays: all, the one it fits, or part of the only one."""
    if waiting and sum(one.unpaid for one in waiting) == amount:
        return waiting
    fits = [one for one in waiting if one.unpaid == amount]
    if len(fits) == 1:
        return fits
    return waiting if len(waiting) == 1 and 0 < amount < waiting[0].unpaid else []


def _wait_for_the_bank(
    matched: Matched, leg: Leg, night: Night, known: list[tuple[_Freeze, str]]
) -> None:
    """Note what is released of batches that were frozen whole and that the bank has not paid."""
    lone = owed.outstanding(matched, leg, owed.lone_rows(matched, leg, night))
    for batch, currency, total in lone.select("batch", "currency", "total").iter_rows():
        mine = [one for one, name in known if name == batch and one.currency == currency]
        if any(one.credits for one in mine) or sum(one.told for one in mine) != total:
            continue
        for one in mine:
            if one.is_released:
                one.unpaid, one.cause = one.told, RELEASED


def _without(
    matched: Matched, leg: Leg, verdict: Verdict, ended: list[tuple[int, str]], cause: str
) -> Verdict:
    """Return the verdict less the findings that a freeze explains, their rows settled."""
    told = verdict.findings.with_row_index("no")
    mine = pl.struct("code", "anchor")
    names = pl.DataFrame(ended, schema={"code": pl.UInt16, "anchor": pl.String}, orient="row")
    over = told.filter(mine.is_in(names.to_struct().implode()))
    rest = compensated.without(leg, verdict, told, over["no"].to_list(), cause, as_told=True)
    return with_batches_settled(matched, leg, rest, over["rows"].list.first().to_numpy())


def _retold(matched: Matched, before: Verdict, known: list[_Freeze]) -> Verdict:
    """Return the verdict with each freeze as it stands at the bank too."""
    changed = [one for one in known if one.credits or one.cause]
    anchors = {one.row: str(matched.ledger.slim["fingerprint"][one.row]) for one in changed}
    gone = pl.col("anchor").is_in(list(anchors.values())) & (pl.col("code") == _FROZEN)
    open_ = [one for one in changed if one.unpaid > 0]
    if not changed:
        return before
    slim = matched.ledger.slim[[one.row for one in open_]]
    findings = slim.select(
        "due_date",
        pl.Series("currency", [one.currency for one in open_], dtype=pl.UInt16),
        code=pl.lit(_FROZEN),
        leg=pl.lit(EVENTS),
        rows=pl.Series([one.rows for one in open_], dtype=pl.List(pl.Int64)),
        faulty=pl.lit(1),
        anchor=pl.col("fingerprint").cast(pl.String),
        expected_minor=pl.lit(0),
        actual_minor=pl.Series([one.sign * one.unpaid for one in open_], dtype=pl.Int64),
        cause=pl.Series([RELEASED if one.is_released else None for one in open_], dtype=pl.String),
    )
    told = Verdict.of(findings).findings
    waiting = (
        told.select("anchor", "code", "leg", "due_date", row="rows")
        .explode("row")
        .unique("row", keep="first", maintain_order=True)
    )
    sides = matched.ledger.slim[waiting["row"].to_numpy()].select("side", "due_date")
    waiting = waiting.with_columns(
        waiting_for=pl.lit(int(Side.CHANNEL)),
        wait_until=pl.coalesce("due_date", sides["due_date"]),
    )
    return replace(
        before,
        findings=pl.concat([before.findings.filter(~gone), told]),
        waiting=pl.concat([before.waiting.filter(~gone), Verdict.of(waiting=waiting).waiting]),
    )
