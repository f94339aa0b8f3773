"""Payouts that pay several batches of a merchant in one sum, under the name of one of them.

An acquirer pays Friday, Saturday and Sunday in one credit, pays a batch that it had missed with the
next one, takes a batch below zero from it, or adds a payout that came back. The credit then differs
from its own batch by exactly what else is outstanding: all of it, what is due on the same day, or
one batch alone. These rows are linked with the credit; they are one payout. Any other difference,
and one that two credits or two batches explain equally well, is none of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from recon.core.arrays.numbers import Rows
from recon.core.codes import MatchKind, Side
from recon.core.groups import joined
from recon.core.match import LINK_SCHEMA, Positions
from recon.core.plan import Leg, Method
from recon.rules.batch_keys import names_a_batch
from recon.rules.intake.overrides import decisions_of
from recon.rules.night import Matched, Night, conformed
from recon.rules.settlement import owed
from recon.rules.settlement.returned import came_back, paid_accounts

_CERTAIN_PPM = 1_000_000


def link(matched: Matched, legs: Sequence[Leg], night: Night) -> Matched:
    """Return the matches with the further batches of each payout linked to its credit."""
    for leg_no, leg in enumerate(legs):
        named = [no for no, item in enumerate(leg.passes) if item.method is Method.GROUP]
        if leg.right is Side.BANK and named:
            taken = _taken(matched, leg, leg_no, night)
            matched = _linked(matched, leg, taken, (leg_no, named[-1]))
    return matched


def _taken(matched: Matched, leg: Leg, leg_no: int, night: Night) -> list[tuple[int, int, Rows]]:
    """Return for each such payout a row of its batch, its credit and the further rows."""
    rows = owed.lone_rows(matched, leg, night)
    back = _returned(matched, leg)
    if len(rows) + back.height == 0:
        return []
    wrong = _wrong(matched, leg, leg_no)
    if wrong.height == 0:
        return []
    pool = pl.concat([owed.outstanding(matched, leg, rows), _as_owed(matched, leg, back, night)])
    pool = pool.filter(pl.col("total") != 0)
    apart = _kept_apart(matched, leg, night)
    pool = pool.filter(~pl.col("rows").list.eval(pl.element().is_in(apart)).list.any())
    found = []
    for line in wrong.iter_rows(named=True):
        mine = pool.filter(
            (pl.col("account") == line["account"]) & (pl.col("currency") == line["currency"])
        )
        chosen = _chosen(mine, line)
        if chosen.height:
            pool = pool.join(chosen, on=["batch", "currency"], how="anti")
            further = chosen["rows"].explode().sort().to_numpy()
            found.append((line["member"], line["credit"], further))
    return found


def _kept_apart(matched: Matched, leg: Leg, night: Night) -> list[int]:
    """Return the rows of which a person decided with whom they do not belong."""
    decided = decisions_of(night.rules, matched.ledger).get(leg.name)
    if decided is None:
        return []
    return [*decided.forbid.reshape(-1).tolist(), *decided.unmatch.tolist()]


def _wrong(matched: Matched, leg: Leg, leg_no: int) -> pl.DataFrame:
    """Return the batches whose credit differs, those first that were paid first.

    Columns group, currency, difference, member (a left row), credit, due, account. Of two credits
    of an account that differ by the same sum neither is there: nobody can tell which paid more.
    """
    slim = matched.ledger.slim
    kind = int(MatchKind.GROUP)
    links = matched.matches.of_leg(leg_no).filter(pl.col("match_kind") == kind)
    plan = next(item for item in leg.passes if item.method is Method.GROUP)
    parts = []
    for side, column in (("left", plan.left_amount), ("right", plan.right_amount)):
        rows = links[side].unique().to_numpy()
        parts.append(
            pl.DataFrame(
                {
                    "group": matched.matches.key_group[leg.name][rows],
                    "row": rows.astype(np.int64),
                    "amount": slim[column].gather(rows).cast(pl.Int128),
                    "due": slim["due_date"].gather(rows),
                }
            ).with_columns(is_left=pl.lit(side == "left"))
        )
    left = pl.col("is_left")
    sums = (
        pl.concat(parts)
        .group_by("group")
        .agg(
            difference=pl.col("amount").filter(~left).sum() - pl.col("amount").filter(left).sum(),
            member=pl.col("row").filter(left).min(),
            credit=pl.col("row").filter(~left).min(),
            due=pl.col("due").filter(left).max(),
        )
        .filter(pl.col("difference").abs() > plan.tolerance_minor)
    )
    credit = sums["credit"].to_numpy()
    alike = pl.struct("account", "currency", "difference").is_duplicated()
    return (
        sums.with_columns(
            slim["currency"].gather(credit),
            slim["value_date"].gather(credit).alias("paid"),
            slim["fingerprint"].gather(credit),
            owed.accounts(matched, sums["member"].to_numpy()),
        )
        .filter(~alike)
        .sort("paid", "fingerprint")
    )


def _returned(matched: Matched, leg: Leg) -> pl.DataFrame:
    """Return the lone debits that took a payout back: row, amount."""
    slim = matched.ledger.slim
    alone = matched.eligible[leg.name] & (matched.matches.key_group[leg.name] < 0)
    debit = (slim["side"] == int(Side.BANK)) & (slim["amount_minor"] < 0)
    rows = np.flatnonzero(alone & debit.fill_null(value=False).to_numpy())
    rows = rows[names_a_batch(matched, leg, rows)]
    frame = pl.DataFrame({"row": rows, "amount": slim["amount_minor"].gather(rows)})
    frame = frame.with_columns(batched=pl.lit(value=True))
    return frame.filter(pl.Series(came_back(matched, leg, frame), dtype=pl.Boolean))


def _as_owed(matched: Matched, leg: Leg, back: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return payouts that came back as what the channel owes again (columns OUTSTANDING)."""
    slim = matched.ledger.slim
    rows = back["row"].to_numpy()
    known = paid_accounts(matched, leg, rows, [item.name for item in night.rules.sources])
    named = pl.DataFrame(
        {
            "row": rows,
            "batch": "back " + slim["fingerprint"].gather(rows).cast(pl.String),
            "currency": slim["currency"].gather(rows),
            "total": -back["amount"],
        }
    )
    owing = named.join(known, on="row").with_columns(rows=pl.concat_list("row"))
    return conformed(owing, owed.OUTSTANDING)


def _chosen(mine: pl.DataFrame, line: dict[str, object]) -> pl.DataFrame:
    """Return what is outstanding and explains a payout's difference, the widest set that fits."""
    difference = int(str(line["difference"]))
    alike = mine.filter((pl.col("total") > 0) == (difference > 0))
    same_day = alike.filter(pl.col("due") == line["due"])
    for chosen in (mine, alike, same_day):
        if chosen.height and chosen["total"].sum() == difference:
            return chosen
    oldest = _oldest(mine, difference)
    if difference < 0 and oldest.height:
        return oldest
    alone = alike.filter(pl.col("total") == difference)
    return alone if alone.height == 1 else mine.clear()


def _oldest(mine: pl.DataFrame, difference: int) -> pl.DataFrame:
    """Return the oldest batches that come to a difference.

    Debts are taken in the order of their days: sales in between make them smaller, and that of a
    younger batch waits for the next payout.
    """
    ordered = mine.drop_nulls("day").sort("day", "batch")
    fits = np.flatnonzero((ordered["total"].cum_sum() == difference).to_numpy())
    return ordered.head(int(fits[-1]) + 1 if len(fits) else 0)


def _linked(
    matched: Matched, leg: Leg, taken: list[tuple[int, int, Rows]], place: tuple[int, int]
) -> Matched:
    """Return the matches with a link for each further row, of the leg and pass in `place`."""
    if not taken:
        return matched
    bank = (matched.ledger.slim["side"] == int(Side.BANK)).to_numpy()
    ends = [
        (member, row) if bank[row] else (row, credit)
        for member, credit, rows in taken
        for row in rows.tolist()
    ]
    left, right = (np.array(side, np.int32) for side in zip(*ends, strict=True))
    leg_no, pass_no = place
    further = pl.DataFrame(
        {"left": left, "right": right},
    ).with_columns(
        leg=leg_no, pass_no=pass_no, match_kind=int(MatchKind.TOGETHER), score=_CERTAIN_PPM
    )
    links = pl.concat([matched.matches.links, conformed(further, LINK_SCHEMA)])
    matches = replace(
        matched.matches,
        links=links.sort("leg", "left", "right"),
        key_group={
            **matched.matches.key_group,
            leg.name: _regrouped(matched.matches.key_group[leg.name], left, right),
        },
        group=joined(matched.matches.group, left, right),
    )
    return replace(matched, matches=matches)


def _regrouped(group: Positions, left: Positions, right: Positions) -> Positions:
    """Return the groups of a leg after further links; rows without a partner keep -1."""
    met = group >= 0
    own = np.where(met, group, np.arange(group.size, dtype=group.dtype))
    met[left] = met[right] = True
    found: Positions = np.where(met, joined(own, left, right), np.int32(-1))
    return found
