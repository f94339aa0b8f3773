"""The bank's statement: one credit a batch on its due day, and the breaks of settlement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from recon.generate.files import LINES, day_of
from recon.generate.planter import Delays
from recon.generate.profile import ALIPAY, PPM, WECHAT
from recon.generate.truth import Truth
from recon.rules.calendar import Calendar
from recon.rules.settlement import parse_cycle

RATES: Final = {
    "MISSING_SETTLEMENT": 5_000,
    "LATE_SETTLEMENT": 20_000,
    "NET_MISMATCH": 5_000,
    "PAYOUT_BOUNCED": 2_000,
    "UNKNOWN_CREDIT": 5_000,
    "UNAUTHORISED_DEBIT": 5_000,
}
_PAYERS: Final = {WECHAT: "TENPAY", ALIPAY: "ALIPAY"}


@dataclass(frozen=True, slots=True)
class Statement:
    """What the bank books (LINES)."""

    lines: pl.DataFrame
    batches: pl.DataFrame


def batches_of(charges: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return each settlement batch: batch_id, channel, day, net in fen, due day.

    A line that repeats a record moves no money and is in no batch.
    """
    batches = (
        charges.filter(~pl.col("repeated"))
        .with_columns(batch_id=batch_name())
        .group_by("batch_id")
        .agg(
            pl.col("channel").first(),
            pl.col("day").first(),
            (pl.col("amount") - pl.col("fee")).sum().alias("net"),
        )
        .sort("day", "batch_id")
    )
    due = calendar.due_dates(batches["day"].cast(pl.Date), parse_cycle("T+1"))
    return batches.with_columns(due=due.cast(pl.Int32))


def batch_name() -> pl.Expr:
    """Return the batch of a charge, as the rule file derives it and the bank's text names it."""
    wechat = pl.col("channel") == WECHAT
    stem = (
        pl.when(wechat)
        .then(pl.concat_str(pl.lit("WX"), "merchant"))
        .when(pl.col("channel") == ALIPAY)
        .then(pl.lit("AL"))
        .otherwise(pl.concat_str(pl.lit("UP"), "merchant"))
    )
    return pl.concat_str(stem, pl.lit("-"), pl.col("day").cast(pl.Date).dt.strftime("%y%m%d"))


def settle(
    charges: pl.DataFrame,
    calendar: Calendar,
    rng: np.random.Generator,
    truth: Truth,
    delays: Delays,
    rates: Mapping[str, int],
) -> Statement:
    """Return the statement lines, with every settlement break planted."""
    batches = batches_of(charges, calendar)
    payable = batches.filter((pl.col("net") > 0) & (pl.col("due") <= truth.last))
    order = rng.permutation(payable.height)
    counts = {name: _count(rates.get(name, RATES[name]), payable.height) for name in RATES}
    late, order = _late(payable, order, counts["LATE_SETTLEMENT"], calendar, truth)
    missing = payable[np.sort(order[: counts["MISSING_SETTLEMENT"]])]
    order = order[counts["MISSING_SETTLEMENT"] :]
    wrong = payable[np.sort(order[: counts["NET_MISMATCH"]])]
    truth.add(
        "MISSING_SETTLEMENT",
        missing,
        column="batch_id",
        night="due",
        amount="net",
        planted="the batch is never paid",
    )
    order = order[counts["NET_MISMATCH"] :]
    paid = _changed(payable, late, missing, wrong, rng, truth)
    bounced = _bounced(payable, order, counts["PAYOUT_BOUNCED"], calendar, truth, delays)
    lines = pl.concat(
        [
            _credits(paid),
            bounced,
            _strangers(paid, rng, truth, delays, counts["UNKNOWN_CREDIT"], 1),
            _strangers(paid, rng, truth, delays, counts["UNAUTHORISED_DEBIT"], -1),
        ]
    )
    return Statement(lines.sort("day", "reference"), batches)


def _count(ppm: int, batches: int) -> int:
    return max(1, batches * ppm // PPM) if ppm else 0


def _late(
    payable: pl.DataFrame,
    order: np.ndarray[tuple[int], np.dtype[np.int64]],
    count: int,
    calendar: Calendar,
    truth: Truth,
) -> tuple[pl.DataFrame, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Choose batches paid a working day late; both the gap and the late payment are reported."""
    next_day = calendar.due_dates(payable["due"].cast(pl.Date), parse_cycle("T+1"))
    payable = payable.with_columns(paid_on=next_day.cast(pl.Int32))
    in_time = (payable["paid_on"] <= truth.last).to_numpy()
    chosen = order[in_time[order]][:count]
    late = payable[np.sort(chosen)]
    for code, night, resolved in (
        ("MISSING_SETTLEMENT", "due", pl.col("paid_on")),
        ("LATE_SETTLEMENT", "paid_on", None),
    ):
        truth.add(
            code,
            late,
            column="batch_id",
            night=night,
            amount="net",
            resolved=resolved,
            planted="the batch is paid a working day late",
        )
    return late, order[~np.isin(order, chosen)]


def _changed(
    payable: pl.DataFrame,
    late: pl.DataFrame,
    missing: pl.DataFrame,
    wrong: pl.DataFrame,
    rng: np.random.Generator,
    truth: Truth,
) -> pl.DataFrame:
    """Return what is paid: batch_id, channel, net and the day, after the settlement plants."""
    short = pl.Series("short", rng.integers(1, 5_000, wrong.height), pl.Int64)
    wrong = wrong.with_columns(short)
    truth.add(
        "NET_MISMATCH",
        wrong,
        column="batch_id",
        night="due",
        amount="short",
        planted="the credit is short of the batch",
    )
    kept = payable.filter(~pl.col("batch_id").is_in(missing["batch_id"].to_list()))
    return (
        kept.join(late.select("batch_id", "paid_on"), on="batch_id", how="left")
        .join(wrong.select("batch_id", "short"), on="batch_id", how="left")
        .select(
            "batch_id",
            "channel",
            net=pl.col("net") - pl.col("short").fill_null(0),
            day=pl.coalesce("paid_on", "due"),
        )
        .sort("day", "batch_id")
    )


def _bounced(
    payable: pl.DataFrame,
    order: np.ndarray[tuple[int], np.dtype[np.int64]],
    count: int,
    calendar: Calendar,
    truth: Truth,
    delays: Delays,
) -> pl.DataFrame:
    """Return debits that take a payout back a working day after it came (退票)."""
    next_day = calendar.due_dates(payable["due"].cast(pl.Date), parse_cycle("T+1"))
    payable = payable.with_columns(day=next_day.cast(pl.Int32))
    in_time = (payable["day"] <= truth.last).to_numpy()
    chosen = np.sort(order[in_time[order]][:count])
    frame = payable[chosen].with_columns(
        amount=-pl.col("net"),
        reference=_bank_reference("X", pl.int_range(pl.len()) + 1),
        memo=pl.concat_str(pl.lit("PAYOUT RETURNED BATCH "), "batch_id"),
    )
    nights = [delays.judged_by_any_channel(day) for day in frame["day"].to_list()]
    truth.add(
        "PAYOUT_BOUNCED",
        frame.with_columns(pl.Series("night", nights, pl.Int32)),
        column="bank_ref",
        reference="reference",
        night="night",
        amount="amount",
        planted="the bank takes the payout back a working day later",
    )
    return _conformed(frame)


def _credits(paid: pl.DataFrame) -> pl.DataFrame:
    """Return one credit a batch, its number in the text."""
    payer = pl.col("channel").replace_strict(_PAYERS, default="UNIONPAY MERCHANT SERVICES")
    number = pl.int_range(pl.len()).over("day") + 1
    return _conformed(
        paid.select(
            "day",
            pl.col("net").alias("amount"),
            reference=_bank_reference("C", number),
            memo=pl.concat_str(payer, pl.lit(" SETTLEMENT BATCH "), "batch_id"),
        )
    )


def _bank_reference(mark: str, number: pl.Expr) -> pl.Expr:
    day = pl.col("day").cast(pl.Date).dt.strftime("%y%m%d")
    return pl.concat_str(pl.lit(mark), day, number.cast(pl.String).str.zfill(6))


def _conformed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in LINES.items())


def _strangers(
    paid: pl.DataFrame,
    rng: np.random.Generator,
    truth: Truth,
    delays: Delays,
    count: int,
    sign: int,
) -> pl.DataFrame:
    """Return bank lines that belong to no batch: credits of strangers, or debits."""
    days = paid["day"].unique().sort().to_numpy()[1:]
    if len(days) == 0 or count == 0:
        return pl.DataFrame(schema=LINES)
    frame = pl.DataFrame(
        {
            "day": pl.Series(days[rng.integers(0, len(days), count)], dtype=pl.Int32),
            "amount": sign * rng.integers(1_000, 900_000, count),
        }
    ).sort("day")
    number = pl.int_range(pl.len()) + 1
    frame = frame.with_columns(
        reference=_bank_reference("U" if sign > 0 else "W", number),
        memo=pl.lit("TRANSFER FROM A STRANGER" if sign > 0 else "DIRECT DEBIT WITHOUT MANDATE"),
        night=pl.Series(
            [delays.judged_by_any_channel(day) for day in frame["day"].to_list()], dtype=pl.Int32
        ),
    )
    truth.add(
        "UNKNOWN_CREDIT" if sign > 0 else "UNAUTHORISED_DEBIT",
        frame,
        column="bank_ref",
        reference="reference",
        night="night",
        amount="amount",
        planted="a credit of no batch" if sign > 0 else "a debit that nothing explains",
    )
    return _conformed(frame)


def statement_days(first: int, last: int, calendar: Calendar) -> list[int]:
    """Return the working days on which the bank sends a statement."""
    return [number for number in range(first, last + 1) if calendar.is_working(day_of(number))]
