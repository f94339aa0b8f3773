"""Rebates of card volume (退费率): what a merchant's month earns, and the breaks of paying it.

A rebate is paid by the acquirer's notice in the month after. Each merchant of the programme is paid
in full and in time but for those in whose payment a break is planted, one a merchant at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from recon.generate.files import PAY, REFUND, UNDO, day_of
from recon.generate.notices import NOTICES, PAID_AS, REBATE
from recon.generate.plants.planter import Planter
from recon.generate.profile import PPM, UNIONPAY, Rebate
from recon.generate.text import padded, yuan_text

REBATES: Final = (
    "REBATE_TIER",
    "REBATE_AMOUNT",
    "REBATE_LATE",
    "REBATE_MISSING",
    "REBATE_INELIGIBLE",
)
Tiers = tuple[tuple[int, int], ...]  # (from fen, ppm)
_WRONG: Final = 137  # fen
_WORDS: Final = {
    "REBATE_TIER": "the whole volume is paid at the rate of the tier reached",
    "REBATE_AMOUNT": "1.37 too much is paid",
    "REBATE_LATE": "the rebate is paid a day after it was due",
    "REBATE_MISSING": "the rebate is never paid",
    "REBATE_INELIGIBLE": "a merchant outside the programme is paid",
}


@dataclass(frozen=True, slots=True)
class Month:
    """The month whose rebates are paid in the world's nights, as day numbers."""

    first: int
    last: int
    due: int


def rebate_month(first: int, last: int, rebate: Rebate) -> Month | None:
    """Return the month that ends in the nights with days enough left to judge its rebates."""
    for day in range(first, last + 1):
        following = day_of(day + 1)
        if following.day == 1 and day + rebate.due_days + 1 <= last:
            start = (following - timedelta(days=1)).replace(day=1)
            return Month((start - date(1970, 1, 1)).days, day, day + rebate.due_days)
    return None


def plant_rebates(world: Planter, charges: pl.DataFrame, rates: Mapping[str, int]) -> None:
    """Pay the rebates of the month that ends in the world, with every break planted."""
    rebate = world.profile.rebate
    month = None if rebate is None else rebate_month(world.truth.first, world.truth.last, rebate)
    if rebate is None or month is None:
        return
    earned = _earned(charges, rebate, month, world.profile.merchants)
    kinds = _assigned(world, earned, rates)
    rows = earned.with_columns(kind_of=pl.Series(kinds, dtype=pl.String))
    for code in REBATES:
        _tell(world, code, rows.filter(pl.col("kind_of") == code), month)
    _pay(world, rows.filter(pl.col("kind_of").ne_missing("REBATE_MISSING")), month)


def volumes(charges: pl.DataFrame, month: Month) -> pl.DataFrame:
    """Return the card volume of each merchant: sales that were not undone, less refunds."""
    mine = charges.filter((pl.col("channel") == UNIONPAY) & ~pl.col("repeated"))
    undone = mine.filter(pl.col("kind") == UNDO)["original_ref"]
    counted = mine.filter(
        pl.col("day").is_between(month.first, month.last)
        & pl.col("kind").is_in([PAY, REFUND])
        & ~pl.col("channel_ref").is_in(undone.implode())
    )
    return counted.group_by("merchant").agg(volume=pl.col("amount").sum()).sort("merchant")


def excess(volume: int, tiers: Tiers) -> int:
    """Return the rebate of a volume: each tier's rate on the part inside it, half up to the fen."""
    return (sum(part * ppm for part, ppm in _parts(volume, tiers)) + PPM // 2) // PPM


def in_words(volume: int, tiers: Tiers) -> str:
    """Return the rebate of a volume as the sum that a person would write down."""
    told = (f"{yuan_text(part)} x {_percent(ppm)}" for part, ppm in _parts(volume, tiers) if part)
    return " + ".join(told)


def _percent(ppm: int) -> str:
    return f"{yuan_text(ppm // 100)}{f'{ppm % 100:02d}'.rstrip('0')} %"


def _parts(volume: int, tiers: Tiers) -> list[tuple[int, int]]:
    """Return the part of a volume inside each tier, and its rate."""
    ends = [start for start, _ in tiers[1:]] + [max(volume, 0)]
    return [
        (max(0, min(volume, end) - start), ppm)
        for (start, ppm), end in zip(tiers, ends, strict=True)
    ]


def whole(volume: int, tiers: Tiers) -> int:
    """Return the rebate that the reached tier's rate gives on the whole volume."""
    reached = [ppm for start, ppm in tiers if volume >= start]
    return (volume * reached[-1] + PPM // 2) // PPM if reached else 0


def _earned(charges: pl.DataFrame, rebate: Rebate, month: Month, merchants: int) -> pl.DataFrame:
    """Return merchant, merchant_no, inside (of the programme), right and by_tier (fen)."""
    frame = volumes(charges, month)
    number = pl.col("merchant").str.slice(-3).cast(pl.Int64) - 1
    volume = frame["volume"].to_list()
    return frame.with_columns(
        merchant_no=number,
        inside=number < merchants - 1,
        right=pl.Series([excess(one, rebate.tiers) for one in volume], dtype=pl.Int64),
        by_tier=pl.Series([whole(one, rebate.tiers) for one in volume], dtype=pl.Int64),
        words=pl.Series([in_words(one, rebate.tiers) for one in volume], dtype=pl.String),
    ).filter(pl.col("right") > 0)


def _assigned(world: Planter, earned: pl.DataFrame, rates: Mapping[str, int]) -> list[str | None]:
    """Return for each merchant the break planted in its rebate, null for none."""
    codes: list[str | None] = [None] * earned.height
    inside, right, by_tier = (earned[name].to_list() for name in ("inside", "right", "by_tier"))
    for place in world.rng.permutation(earned.height).tolist():
        if not inside[place]:
            codes[place] = "REBATE_INELIGIBLE" if rates.get("REBATE_INELIGIBLE", 1) else None
            continue
        for code in REBATES[:-1]:
            fits = code != "REBATE_TIER" or by_tier[place] != right[place]
            clear = code != "REBATE_AMOUNT" or right[place] + _WRONG != by_tier[place]
            if code not in codes and rates.get(code, 1) and fits and clear:
                codes[place] = code
                break
    return codes


def _tell(world: Planter, code: str, rows: pl.DataFrame, month: Month) -> None:
    """Write planted rebates of one code into the truth, with night, amount and cause."""
    nights = {"REBATE_LATE": month.due + 1, "REBATE_MISSING": month.due + 1}
    due = day_of(month.due)
    causes = {
        "REBATE_LATE": pl.lit(f"due by {due}, paid on {day_of(month.due + 1)}"),
        "REBATE_MISSING": pl.lit(f"no rebate for {day_of(month.first):%Y-%m} by {due}"),
        "REBATE_TIER": pl.format("computed in whole mode; due: {}", "words"),
        "REBATE_AMOUNT": pl.format("due: {}", "words"),
        "REBATE_INELIGIBLE": pl.lit("the merchant is not among those of the policy"),
    }
    amounts = {
        "REBATE_TIER": pl.col("by_tier") - pl.col("right"),
        "REBATE_AMOUNT": pl.lit(_WRONG),
    }
    world.truth.add(
        code,
        rows.with_columns(cause=causes[code]),
        column="merchant_id",
        reference="merchant",
        night=pl.lit(nights[code]) if code in nights else _paid_on(month),
        amount=amounts.get(code, pl.col("right")),
        planted=_WORDS[code],
    )


def _paid_on(month: Month) -> pl.Expr:
    """Return the day on which a merchant is paid in time."""
    return month.last + 1 + pl.col("merchant_no") % (month.due - month.last)


def _pay(world: Planter, rows: pl.DataFrame, month: Month) -> None:
    """Write the payments into the acquirer's file; a merchant outside is paid only as a break."""
    kind = pl.col("kind_of").fill_null("")
    paid = rows.filter(pl.col("inside") | (kind == "REBATE_INELIGIBLE"))
    wrong = kind == "REBATE_AMOUNT"
    amount = (
        pl.when(kind == "REBATE_TIER")
        .then("by_tier")
        .otherwise(pl.col("right") + pl.when(wrong).then(_WRONG).otherwise(0))
    )
    notices = paid.with_columns(
        pl.lit(REBATE).alias("kind"),
        amount=amount,
        day=pl.when(kind == "REBATE_LATE").then(month.due + 1).otherwise(_paid_on(month)),
        n=world.numbers(paid.height),
        original=pl.lit(""),
        product=pl.lit(PAID_AS),
        answer_by=pl.lit(None),
    )
    notices = notices.with_columns(number=pl.concat_str(pl.lit("N"), padded(pl.col("n"), 9)))
    world.notices.append(
        notices.select(pl.col(name).cast(dtype) for name, dtype in NOTICES.items())
    )
