"""A refund that the merchant paid by a transfer of its own: no channel shows it, the bank does.

The bank's debit names the refund's number, or the order that it refunds, and takes just its
amount. Then neither is the refund lost nor the debit without authority: both are one refund by
another route. What several refunds or several debits explain equally well is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code, Kind, Side, State
from recon.core.plan import Leg
from recon.core.texts.mention import Mentions
from recon.rules.night import Matched, Night, Verdict, without_rows
from recon.rules.rule_file.refund_terms import RefundPolicy

ROUTE = "manual"
CAUSE = "refunded by a manual transfer"
_TEXTS = ("memo", "bank_ref", "counterparty")
_NAMES = ("order_id", "original_ref")


def settle(
    matched: Matched, legs: Sequence[Leg], night: Night, by_leg: Mapping[str, Verdict]
) -> dict[str, Verdict]:
    """Return the verdicts of the legs with refunds and the debits that paid them as one finding."""
    verdicts = dict(by_leg)
    sold = [leg for leg in legs if (leg.left, leg.right) == (Side.MERCHANT, Side.CHANNEL)]
    for bank in (leg for leg in legs if leg.right is Side.BANK):
        for leg in sold:
            pairs = _paid(matched, verdicts[leg.name], verdicts[bank.name])
            if pairs.height:
                met = _found(matched, leg, pairs.select("refund"), Code.NETTED)
                told = _found(matched, bank, pairs.select("debit", "refund"), _code(night))
                for place, column, found in ((leg, "refund", met), (bank, "debit", told)):
                    rest = without_rows(verdicts[place.name], pairs[column])
                    verdicts[place.name] = Verdict.joined([rest, found])
    return verdicts


def _paid(matched: Matched, sold: Verdict, banked: Verdict) -> pl.DataFrame:
    """Return refunds that wait for the channel and the debits that paid them: refund, debit."""
    slim = matched.ledger.slim
    taken = banked.findings.filter(
        (pl.col("code") == int(Code.UNAUTHORISED_DEBIT)) & (pl.col("rows").list.len() == 1)
    )
    lines = np.concatenate([taken["rows"].explode().to_numpy(), _early(slim, banked)])
    if len(lines) == 0:
        return pl.DataFrame(schema={"refund": pl.Int64, "debit": pl.Int64})
    debits = slim.select("currency", "amount_minor")[lines]
    debits = debits.with_columns(pl.Series("debit", lines, pl.Int64))
    rows = sold.waiting["row"].unique().sort()
    asked = slim.select("side", "kind", "state", "currency", "amount_minor")[rows.to_numpy()]
    refunds = asked.with_columns(rows.alias("refund")).filter(
        (pl.col("side") == int(Side.MERCHANT))
        & (pl.col("kind") == int(Kind.REFUND))
        & (pl.col("state") == int(State.SUCCESS))
    )
    pairs = refunds.join(debits, on=["currency", "amount_minor"]).select("refund", "debit")
    if pairs.height == 0:
        return pairs
    named = pairs.filter(pl.Series(_naming(matched, pairs)))
    alone = ~pl.col("refund").is_duplicated() & ~pl.col("debit").is_duplicated()
    return named.filter(alone).sort("refund")


def _early(slim: pl.DataFrame, banked: Verdict) -> NDArray[np.int64]:
    """Return the debits that nobody judges, of days on which no payout of the books was due.

    What pays a refund of the books is theirs all the same.
    """
    rows = slim.select("side", "amount_minor")[banked.not_needed]
    debit = (rows["side"] == int(Side.BANK)) & (rows["amount_minor"] < 0)
    found: NDArray[np.int64] = banked.not_needed[debit.to_numpy()]
    return found


def _naming(matched: Matched, pairs: pl.DataFrame) -> list[bool]:
    """Return of each pair whether the debit's text names the refund or its order."""
    ids = matched.ledger.slim["txn_id"]
    lines = _columns(matched, ids.gather(pairs["debit"]), _TEXTS)
    names = _columns(matched, ids.gather(pairs["refund"]), _NAMES)
    texts = Mentions.of([" ".join(line) for line in lines])
    return [
        any(number in texts.naming(name) for name in names[number])
        for number in range(pairs.height)
    ]


def _columns(matched: Matched, ids: pl.Series, names: Sequence[str]) -> list[list[str]]:
    """Return what some columns say of rows, one list a row, in the order of `ids`."""
    found = matched.archive.columns(["txn_id", *names], ids.unique().sort().to_numpy())
    rows = ids.to_frame().join(found, on="txn_id", how="left", maintain_order="left")
    return [[str(word) for word in row if word] for row in rows.select(names).iter_rows()]


def _code(night: Night) -> Code:
    """Return what a refund by transfer is: a case, unless the policy allows the route."""
    allowed = (night.rules.refunds or RefundPolicy()).routes_allowed
    return Code.NETTED if ROUTE in allowed else Code.REFUND_ROUTE


def _found(matched: Matched, leg: Leg, pairs: pl.DataFrame, code: Code) -> Verdict:
    """Return one finding a refund; the first column is the row at fault, or the one that met.

    A netted one tells what the channel lacks: it explains the refund's pair where the channel's
    row of it failed.
    """
    first = matched.ledger.slim[pairs.to_series().to_numpy()]
    case, amount = code is not Code.NETTED, first["amount_minor"]
    lacks = leg.right is not Side.BANK
    return Verdict.of(
        pairs.select(
            pl.lit(int(code)).alias("code"),
            pl.lit(leg.name).alias("leg"),
            pl.concat_list(pairs.columns).alias("rows"),
            pl.lit(int(case)).alias("faulty"),
            anchor=first["fingerprint"].cast(pl.String) + ".transfer",
            expected_minor=amount.abs() if case else amount * lacks,
            actual_minor=amount.abs() if case else pl.lit(0),
            currency=first["currency"],
            cause=pl.lit(CAUSE),
        )
    )
