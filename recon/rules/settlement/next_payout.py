"""The rest of a payout that was wrong, in the sum of a later one of the same account.

An acquirer that paid a batch too little adds the rest to its next payout, which then differs from
its own batch by exactly that; what it paid too much it keeps from one. Both are over, and no
credit is a case, where all that is open of the account comes to the difference, or one open
payout alone does and only one credit tonight. Anything else stays what it is.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import Code, Side
from recon.core.plan import Leg
from recon.rules.batch_keys import with_batches_settled
from recon.rules.breaks import standing
from recon.rules.night import Matched, Verdict
from recon.rules.refunds import compensated
from recon.rules.settlement.owed import account_name

CAUSE = "what an earlier payout was wrong by is in the sum of this one"


def settle(matched: Matched, leg: Leg, verdict: Verdict) -> Verdict:
    """Return the verdict without wrong payouts that a wrong one of an earlier night explains."""
    if leg.right is not Side.BANK or not standing.by_sum(leg):
        return verdict
    told = verdict.findings.with_row_index("no")
    wrong = told.filter(pl.col("code") == int(Code.NET_MISMATCH))
    if not _carried(matched, leg, wrong).any() or _carried(matched, leg, wrong).all():
        return verdict
    over = _explained(_open(matched, leg, wrong))
    if not over:
        return verdict
    rest = compensated.without(leg, verdict, told, over, CAUSE, as_told=True)
    first = wrong.filter(pl.col("no").is_in(over))["rows"].list.first()
    return with_batches_settled(matched, leg, rest, first.to_numpy())


def _carried(matched: Matched, leg: Leg, wrong: pl.DataFrame) -> pl.Series:
    """Return which findings stand for a credit of an earlier night."""
    credited = standing.coded(matched.ledger, leg, standing.BATCHES)
    return pl.Series("carried", credited[wrong["rows"].list.first().to_numpy()])


def _open(matched: Matched, leg: Leg, wrong: pl.DataFrame) -> pl.DataFrame:
    """Return wrong payouts with their account: no, carried, account, currency, difference.

    A payout whose rows are those of several accounts is left out.
    """
    ids = matched.ledger.slim["txn_id"]
    mine = wrong.with_columns(_carried(matched, leg, wrong))
    named = mine.select("no", txn_id=pl.col("rows")).explode("txn_id")
    named = named.with_columns(ids.gather(named["txn_id"]))
    is_net = pl.col("code").cast(pl.String) == Code.NET_MISMATCH.name
    before = matched.told.filter((pl.col("leg") == leg.name) & is_net)
    lists = before.select(first=pl.col("txn_ids").list.first(), told="txn_ids")
    earlier = named.join(lists, left_on="txn_id", right_on="first").explode("told")
    every = pl.concat([named, earlier.select("no", txn_id="told")]).unique()
    owners = (
        matched.archive.whole(every["txn_id"].to_numpy())
        .filter(pl.col("side").cast(pl.String) == leg.left.name)
        .select("txn_id", account_name(pl.col("source")))
        .join(every, on="txn_id")
        .group_by("no")
        .agg(pl.col("account").min(), one=pl.col("account").n_unique() == 1)
        .filter("one")
    )
    difference = pl.col("actual_minor") - pl.col("expected_minor")
    return mine.join(owners, on="no", maintain_order="left").select(
        "no", "carried", "account", "currency", difference=difference
    )


def _explained(payouts: pl.DataFrame) -> list[int]:
    """Return the numbers of payouts that explain each other, earlier ones and tonight's."""
    over: list[int] = []
    for (_, _), mine in payouts.group_by(["account", "currency"], maintain_order=True):
        before, now = mine.filter("carried"), mine.filter(~pl.col("carried"))
        if before.height and now.height == 1 and mine["difference"].sum() == 0:
            over += mine["no"].to_list()
            continue
        for difference in now["difference"].unique(maintain_order=True):
            pair = mine.filter(
                pl.col("difference") == pl.when("carried").then(-difference).otherwise(difference)
            )
            if sorted(pair["carried"]) == [False, True]:
                over += pair["no"].to_list()
    return over
