"""Names the cause of amount differences where one fits to the last minor unit.

Tips, discounts and surcharges that may explain one are those of the rule file (`[causes]`), rates
those of its `[[exchange]]` tables, for rows that tell an amount before exchange.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from recon.core.codes import Code, DisputeStatus
from recon.core.plan import Leg
from recon.rules.amounts.batch_parts import batch_parts
from recon.rules.amounts.causes import CausePolicy, Rate, find
from recon.rules.amounts.missing_rows import missing_rows
from recon.rules.night import Matched, Night

_BILLION = 1_000_000_000
_PERCENT_DIGITS = 7  # one per cent in billionths
_RATE_DAYS = 31  # a rate of another day is looked for this far back
_DIFFERENCES = (Code.AMOUNT_MISMATCH, Code.NET_MISMATCH, Code.REFUND_AMOUNT)


def name_causes(
    breaks: pl.DataFrame, wide: pl.DataFrame, night: Night, matched: Matched, legs: Sequence[Leg]
) -> pl.DataFrame:
    """Return BREAKS with `cause` filled for amount differences that have an exact one.

    `wide` holds the whole rows that the breaks name. A difference that stays open keeps the cause
    (or none) with which it was told the night before, unless its figures have changed.
    """
    names = [code.name for code in _DIFFERENCES]
    figures = ["break_id", "expected_minor", "actual_minor"]
    told = matched.told.select(*figures, before="cause", again=pl.lit(value=True))
    known = breaks.join(told, on=figures, how="left", maintain_order="left")
    alive = pl.col("code").cast(pl.String).is_in(names) & (
        pl.col("status").cast(pl.String) != DisputeStatus.RESOLVED.name
    )
    unnamed = alive & pl.col("cause").is_null()
    asked = known.filter(unnamed & pl.col("again").is_null()).select(breaks.columns)
    causes = _causes(asked, wide, night, matched, legs)
    found = pl.col("break_id").replace_strict(causes, default=None, return_dtype=pl.String)
    before = pl.when(alive).then("before")
    return known.with_columns(cause=pl.coalesce("cause", before, found)).select(breaks.columns)


def _causes(
    asked: pl.DataFrame, wide: pl.DataFrame, night: Night, matched: Matched, legs: Sequence[Leg]
) -> dict[str, str]:
    """Return the cause of each break that has one, by break_id."""
    if asked.height == 0:
        return {}
    summed = pl.col("code").cast(pl.String) == Code.NET_MISMATCH.name
    differences = _differences(asked, wide)
    for found in (missing_rows, batch_parts):
        more = found(asked.filter(summed), matched, legs)
        differences = differences.join(more, on="break_id", how="left", maintain_order="left")
    facts = find(differences, _policy(night)).filter(pl.col("cause").is_not_null())
    by_row = dict(zip(facts["txn_id"].to_list(), facts["cause"].to_list(), strict=True))
    first = asked.select("break_id", pl.col("txn_ids").list.first()).iter_rows()
    return {break_id: by_row[txn_id] for break_id, txn_id in first if txn_id in by_row}


def _policy(night: Night) -> CausePolicy:
    """Return what may explain a difference besides the rows themselves."""
    causes = night.rules.causes
    return CausePolicy(
        tips=tuple(int(percent.scaleb(_PERCENT_DIGITS)) for percent in causes.tip_percent),
        discounts=tuple(int(percent.scaleb(_PERCENT_DIGITS)) for percent in causes.tier_percent),
        surcharges=causes.surcharges_minor,
        rates=tuple(_rates(night)),
    )


def _rates(night: Night) -> Iterator[Rate]:
    """Yield the rates of the last weeks that billionths hold exactly, the latest first."""
    for agreed in night.exchanges:
        for (base, quote), rates in agreed.book.rates.items():
            for rate in reversed(rates):
                billionths, rest = divmod(rate.above * _BILLION, rate.below)
                age = (night.business_date - rate.day).days
                if rest == 0 and 0 <= age <= _RATE_DAYS:
                    yield Rate(str(rate.day), base, quote, billionths)


def _differences(breaks: pl.DataFrame, wide: pl.DataFrame) -> pl.DataFrame:
    """Return what is known of each difference: amounts, the fee, the place."""
    listed = breaks.select("break_id", txn_id=pl.col("txn_ids")).explode("txn_id")
    rows = listed.join(
        wide.select(
            "txn_id",
            "side",
            "fee_minor",
            "merchant_id",
            "terminal_id",
            "base_minor",
            "base_currency",
        ),
        on="txn_id",
        how="left",
        maintain_order="left",
    )
    channel = pl.col("side").cast(pl.String) == "CHANNEL"
    facts = rows.group_by("break_id", maintain_order=True).agg(
        pl.col("fee_minor").filter(channel).drop_nulls().first(),
        pl.col("base_minor", "base_currency").filter(channel).drop_nulls().first(),
        pl.col("merchant_id").drop_nulls().first(),
        pl.col("terminal_id").drop_nulls().first(),
    )
    summed = pl.col("code").cast(pl.String) == Code.NET_MISMATCH.name
    numbers = {code.name: int(code) for code in _DIFFERENCES}
    return (
        breaks.join(facts, on="break_id", how="left", maintain_order="left")
        .with_columns(
            txn_id=pl.col("txn_ids").list.first(),
            code=pl.col("code").cast(pl.String).replace_strict(numbers, return_dtype=pl.UInt16),
            fee_minor=pl.when(~summed).then("fee_minor"),
        )
        .select(
            "break_id",
            "txn_id",
            "code",
            "expected_minor",
            "actual_minor",
            "currency",
            "fee_minor",
            "base_minor",
            "base_currency",
            "merchant_id",
            "terminal_id",
        )
    )
