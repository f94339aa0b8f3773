"""Fee breaks of single rows: what was charged against what the contract says.

Payments at another price than theirs (`recon.rules.fees.causes` says why), fees on what brought no
money, refunds that gave back more or less than agreed, fees that nobody agreed to. What a contract
prices by the sum of a batch or a month is `recon.rules.fees.sums`.
"""

from __future__ import annotations

import polars as pl

from recon.core import pricing
from recon.core.codes import Code, Kind, State
from recon.core.pricing import TIED
from recon.errors import UsageError
from recon.rules.batch_keys import EVIDENCE_ROWS
from recon.rules.breaks.facts import FACTS, facts
from recon.rules.fees import returned as fee_returned
from recon.rules.fees import undone as fee_undone
from recon.rules.fees.causes import CLASS_ATTRIBUTES, explained, group_columns
from recon.rules.prices.policy import FeePolicy
from recon.rules.prices.price import percent

NEEDED = ("txn_id", "kind", "state", "amount_minor", "fee_minor", "currency", "clearing_date")


def find(
    rows: pl.DataFrame, policy: FeePolicy, earlier: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the fee breaks of single channel rows, as `recon.rules.breaks.facts.FACTS`.

    `earlier` are rows of nights before, with the columns of `rows`: payments that the rows undo, as
    REVERSED, payments that refunds among the rows name, and undoings of payments among the rows.

    Needs the columns of `NEEDED`, `product` and the attributes of the contract. Fees are signed as
    in `transactions`: a cost is positive. Rows of other currencies and rows without a fee or an
    amount are not judged. Expected and actual are the fee, for a refund the fee that comes back.
    """
    missing = [name for name in NEEDED if name not in rows.columns]
    if missing:
        raise UsageError(
            f"expected columns {', '.join(missing)}, found none of that name",
            where="fees",
            fix="give the rows of `transactions`",
        )
    rows, before = (
        judged(rows, policy),
        judged(rows.clear() if earlier is None else earlier, policy),
    )
    done = pl.col("state") == State.SUCCESS.name
    of_payments = pl.col("kind") == Kind.PAYMENT.name
    paid = rows.filter(of_payments)
    refunds = rows.filter(done & (pl.col("kind") == Kind.REFUND.name))
    return facts(
        fee_undone.find(rows, before),
        _payments(paid.filter(done), policy),
        fee_returned.find(refunds, pl.concat([paid, before.filter(of_payments)]), policy),
        _unlisted(_deducted(rows.filter(done)), policy),
        _unlisted(_of_chargebacks(rows.filter(done)), policy),
    )


def _deducted(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the fees that are rows of their own, by what each took, in whichever column.

    One that gave money to the merchant took nothing: it is a fee that came back.
    """
    own = pl.col("amount_minor") != 0
    taken = pl.when(own).then(-pl.col("amount_minor")).otherwise(pl.col("fee_minor"))
    fees = rows.filter(pl.col("kind") == Kind.FEE.name).with_columns(amount_minor=taken)
    return fees.filter(pl.col("amount_minor") > 0)


def _of_chargebacks(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what chargebacks cost beside their amount, as fees by the name of `chargeback`."""
    costly = (pl.col("kind") == Kind.CHARGEBACK.name) & (pl.col("fee_minor") > 0)
    return rows.filter(costly).with_columns(
        amount_minor="fee_minor", product=pl.lit("chargeback", pl.String)
    )


def judged(rows: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Return the rows that a contract can judge: with an amount and a fee, of its currency.

    A fee that is a row of its own may have its money in the amount alone.
    """
    told = pl.col("fee_minor").is_not_null() | (pl.col("kind").cast(pl.String) == Kind.FEE.name)
    known = pl.col("amount_minor").is_not_null() & told
    mine = known & (pl.col("currency") == policy.contract.contract.currency)
    return rows.filter(mine).with_columns(pl.col("kind", "state").cast(pl.String))


def _unlisted(rows: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Report fees booked as rows of their own that the contract does not list."""
    contract = policy.contract.contract
    listed = pl.lit(value=False)
    for item in contract.listed:
        fits = pl.col("product") == item.product
        if item.amount is not None:
            fits &= pl.col("amount_minor").abs() == contract.minor(item.amount)
        if item.valid_from is not None:
            fits &= pl.col("clearing_date") >= item.valid_from
        if item.valid_until is not None:
            fits &= pl.col("clearing_date") <= item.valid_until
        listed |= fits.fill_null(value=False)
    return rows.filter(~listed).select(
        "txn_id",
        code=pl.lit(int(Code.FEE_UNLISTED)),
        expected_minor=pl.lit(0),
        actual_minor=pl.col("amount_minor").abs(),
        cause="no contract line for " + pl.col("product").fill_null("a fee without a name"),
    )


def _payments(rows: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Report successful payments whose fee is not the contract's."""
    if rows.height == 0:
        return pl.DataFrame(schema=FACTS)
    fee, line = policy.contract.price_rows(rows)
    rows = rows.with_columns(expected=pl.Series(fee), line=pl.Series(line))
    alone = rows.filter(pl.Series(policy.contract.on_level(line, "transaction")))
    far = (pl.col("fee_minor") - pl.col("expected")).abs() > policy.tolerance_minor
    return facts(
        _without_line(rows),
        explained(alone.filter(far), policy),
        _below_cost(alone.filter(~far), policy),
    )


def _without_line(rows: pl.DataFrame) -> pl.DataFrame:
    """Report fees that no line prices, and rows for which two lines are equally specific."""
    unpriced = rows.filter((pl.col("line") == pricing.NO_LINE) & (pl.col("fee_minor") != 0))
    tied = rows.filter(pl.col("line") == TIED)
    return facts(
        unpriced.select(
            "txn_id",
            code=pl.lit(int(Code.FEE_UNLISTED)),
            expected_minor=pl.lit(0),
            actual_minor="fee_minor",
            cause=pl.lit("no contract line applies to the row"),
        ),
        tied.select(
            "txn_id",
            code=pl.lit(int(Code.AMBIGUOUS)),
            actual_minor="fee_minor",
            cause=pl.lit("two contract lines apply and are equally specific"),
        ),
    )


def _below_cost(rows: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Report, one fact a merchant, terminal and line, credit cards priced below cost.

    A line for a merchant class or category is a preferential price on purpose and is left out.
    """
    if policy.credit_cost is None or "card_type" not in rows.columns:
        return pl.DataFrame(schema=FACTS)
    classed = [
        position
        for position, line in enumerate(policy.contract.lines)
        if any(name in line.when for name in CLASS_ATTRIBUTES)
    ]
    credit = rows.filter(
        ~pl.col("line").is_in(classed)
        & pl.col("card_type").cast(pl.String).is_in(list(policy.credit_words))
        & (pl.col("fee_minor") > 0)
    )
    amount = pl.col("amount_minor").abs().cast(pl.Int128)
    cost = amount * pl.lit(policy.credit_cost, pl.Int128) // pl.lit(pricing.RATE_SCALE, pl.Int128)
    below = credit.with_columns(cost=cost).filter(pl.col("fee_minor") < pl.col("cost"))
    return (
        below.sort("txn_id")
        .group_by(group_columns(rows), maintain_order=True)
        .agg(
            pl.col("txn_id"),
            expected_minor=pl.col("cost").sum(),
            actual_minor=pl.col("fee_minor").cast(pl.Int128).sum(),
        )
        .select(
            pl.col("txn_id").list.first(),
            "expected_minor",
            "actual_minor",
            other_txn_ids=pl.col("txn_id").list.slice(1, EVIDENCE_ROWS - 1),
            code=pl.lit(int(Code.FEE_BELOW_COST)),
            cause=pl.lit(f"credit cards priced below the cost of {percent(policy.credit_cost)}"),
        )
    )
