"""The bank's statement: one credit a batch on its due day, and the breaks of settlement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from recon.generate.causes import amount_cause
from recon.generate.delays import Delays
from recon.generate.files import LINES, REFUND, day_of
from recon.generate.profile import ALIPAY, PPM, UNIONPAY, WECHAT
from recon.generate.truth import Truth
from recon.rules.days.calendar import Calendar
from recon.rules.days.cycles import parse_cycle

RATES: Final = {
    "MISSING_SETTLEMENT": 5_000,
    "LATE_SETTLEMENT": 20_000,
    "NET_MISMATCH": 5_000,
    "PAYOUT_BOUNCED": 2_000,
    "UNKNOWN_CREDIT": 5_000,
    "UNAUTHORISED_DEBIT": 5_000,
    "OTHER_PAYER": 3_000,
    "ROUNDING": 10_000,
}
ROUNDED: Final = 1  # fen by which a credit may differ from its batch
PAYERS: Final = {
    WECHAT: "TENPAY PAYMENT TECHNOLOGY",
    ALIPAY: "ALIPAY CHINA NETWORK TECHNOLOGY",
    UNIONPAY: "UNIONPAY MERCHANT SERVICES",
}
_STRANGER: Final = "SHUNDA TRADING CO"
_PATIENCE: Final = 3  # days of the rule file with money whose detail is missing
_MOST_SHORT: Final = 5_000  # fen
_NEAR: Final = 50  # fen


def batches_of(
    charges: pl.DataFrame, calendar: Calendar, refunds_apart: Sequence[str] = ()
) -> pl.DataFrame:
    """Return each settlement batch: batch_id, channel, day, merchant_no, net in fen, due day.

    A line that repeats a record moves no money and is in no batch. Alipay pays all merchants in one
    batch, whose `merchant_no` is null unless there is only one. Refunds of the channels in
    `refunds_apart` are paid from elsewhere: they take nothing from their batch.
    """
    apart = pl.col("channel").is_in(list(refunds_apart)) & (pl.col("kind") == REFUND)
    charges = charges.with_columns(
        pl.when(apart.fill_null(value=False)).then(0).otherwise(name).alias(name)
        for name in ("amount", "fee")
    )
    number = pl.col("merchant").str.slice(-3).cast(pl.Int64) - 1
    batches = (
        charges.filter(~pl.col("repeated"))
        .with_columns(batch_id=batch_name())
        .group_by("batch_id")
        .agg(
            pl.col("channel").first(),
            pl.col("day").first(),
            pl.when(number.n_unique() == 1).then(number.first()).alias("merchant_no"),
            (pl.col("amount") - pl.col("fee")).sum().alias("net"),
            (pl.col("amount") - pl.col("fee")).abs().unique().sort().alias("sizes"),
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


class Payouts:
    """The batches that are due in the world's nights, while settlement breaks are planted in them.

    A batch is taken once; among the first that are taken stands one of each merchant in focus.
    """

    def __init__(
        self,
        batches: pl.DataFrame,
        calendar: Calendar,
        rng: np.random.Generator,
        truth: Truth,
        delays: Delays,
        focus: int,
    ) -> None:
        """Begin with every batch paid in full on its due day."""
        self.rng, self.truth, self.delays, self.focus = rng, truth, delays, focus
        due = _after_debts(batches.filter(pl.col("due") <= truth.last))
        due = due.filter(pl.col("net") > 0)
        later = calendar.due_dates(due["due"].cast(pl.Date), parse_cycle("T+1"))
        self.batches = due.with_columns(
            day=pl.col("due"),
            next_day=later.cast(pl.Int32),
            short=pl.lit(0, pl.Int64),
            payer=pl.col("channel").replace_strict(PAYERS, return_dtype=pl.String),
        )
        lost = due.select(delays.is_lost()).to_series()
        order = rng.permutation(due.height)
        self._order = order[~(lost | due["in_debt"]).to_numpy()[order]]
        self.tell(
            "SETTLED_UNRECONCILED",
            self.batches.filter(lost).with_columns(told=pl.col("due") + _PATIENCE + 1),
            "told",
            "the batch is paid, the bill that lists it never comes",
        )

    def take(self, count: int, *, paid_later: bool = False) -> pl.DataFrame:
        """Return batches that are not taken; `paid_later`: the next working day is in the world."""
        order = self._order
        if paid_later:
            order = order[(self.batches["next_day"] <= self.truth.last).to_numpy()[order]]
        merchant = self.batches["merchant_no"].fill_null(-1).to_numpy()[order]
        first = [order[merchant == number][:1] for number in range(self.focus)]
        ahead = np.concatenate(first) if first else order[:0]
        chosen = np.concatenate([ahead, order[~np.isin(order, ahead)]])[:count]
        self._order = self._order[~np.isin(self._order, chosen)]
        return self.batches[np.sort(chosen)]

    def late(self, count: int) -> None:
        """Pay batches a working day late; both the gap and the late payment are reported."""
        picks = self.take(count, paid_later=True)
        self._change(picks, day=pl.col("next_day"))
        words = "the batch is paid a working day late"
        self.tell("MISSING_SETTLEMENT", picks, "due", words, resolved=pl.col("next_day"))
        self.tell("LATE_SETTLEMENT", picks, "next_day", words)

    def missing(self, count: int) -> None:
        """Never pay batches."""
        picks = self.take(count)
        self._change(picks, net=pl.lit(0, pl.Int64))
        self.tell("MISSING_SETTLEMENT", picks, "due", "the batch is never paid")

    def short(self, count: int) -> None:
        """Pay batches short."""
        picks = self.take(count)
        drawn = self.rng.integers(1, _MOST_SHORT, picks.height).tolist()
        strange = map(_of_no_row, drawn, picks["sizes"].to_list())
        short = pl.Series(list(strange), dtype=pl.Int64)
        picks = picks.with_columns(short=pl.min_horizontal(short, pl.col("net") - 1))
        picks = picks.filter(pl.col("short") > ROUNDED)
        self._change(picks, short=pl.col("short"))
        words = "the credit is short of the batch"
        paid = pl.col("net") - pl.col("short")
        named = picks.with_columns(cause=amount_cause(pl.col("net"), paid))
        self.tell("NET_MISMATCH", named, "due", words, amount="short")

    def rounded(self, count: int) -> None:
        """Pay batches a fen more or less, which the rule file lets pass: it is normal."""
        picks = self.take(count)
        drawn = pl.Series(self.rng.integers(0, 2, picks.height) * 2 - 1, dtype=pl.Int64)
        self._change(picks.with_columns(short=drawn * ROUNDED), short=pl.col("short"))
        self.truth.normal("ROUNDING", picks, "batch_id")

    def by_another(self, count: int) -> None:
        """Let batches be paid, in full and in time, by a party that is not the channel's."""
        picks = self.take(count)
        named = pl.format("paid by {}; declared as payer: {}", pl.lit(_STRANGER), "payer")
        words = "the batch is paid by another party than the channel (二清)"
        self.tell("ATTRIBUTE_MISMATCH", picks.with_columns(cause=named), "due", words)
        self._change(picks, payer=pl.lit(_STRANGER))

    def _change(self, picks: pl.DataFrame, **columns: pl.Expr) -> None:
        changed = picks.with_columns(**columns)
        self.batches = self.batches.update(
            changed.select("batch_id", *columns), on="batch_id", how="left"
        )

    def tell(
        self,
        code: str,
        picks: pl.DataFrame,
        night: str,
        planted: str,
        *,
        amount: str = "net",
        resolved: pl.Expr | None = None,
    ) -> None:
        """Write down the truth about batches."""
        self.truth.add(
            code,
            picks,
            column="batch_id",
            night=night,
            amount=amount,
            resolved=resolved,
            planted=planted,
        )

    def bounced(self, count: int) -> pl.DataFrame:
        """Return debits (LINES) that take a payout back a working day after it came (退票)."""
        picks = self.take(count, paid_later=True)
        frame = picks.with_columns(
            day=pl.col("next_day"),
            amount=-pl.col("net"),
            reference=_bank_reference("X", pl.int_range(pl.len()) + 1, "next_day"),
            memo=pl.concat_str(pl.lit("PAYOUT RETURNED BATCH "), "batch_id"),
        )
        self.truth.add(
            "PAYOUT_BOUNCED",
            _told(frame, self.delays),
            column="bank_ref",
            reference="reference",
            night="night",
            amount="amount",
            planted="the bank takes the payout back a working day later",
        )
        return _conformed(frame)

    def paid(self) -> pl.DataFrame:
        """Return what the bank credits: batch_id, channel, net and the day."""
        return (
            self.batches.filter(pl.col("net") > 0)
            .with_columns(net=pl.col("net") + pl.col("debt") - pl.col("short"))
            .filter(pl.col("net") > 0)
            .select("batch_id", "payer", "day", "net")
            .sort("day", "batch_id")
        )


def _after_debts(batches: pl.DataFrame) -> pl.DataFrame:
    """Return batches with `debt`, what they are paid less, and `in_debt`, the payee's whole row.

    More refunded than sold makes a batch negative: nothing is paid for it, and the next payout of
    the same payee is less by that sum, as long as it lasts.
    """
    payee = ["channel", "merchant_no"]
    in_debt = (pl.col("net") < 0).any().over(payee)
    batches = batches.with_columns(debt=pl.lit(0, pl.Int64), in_debt=in_debt)
    debts = []
    for part in batches.filter("in_debt").sort("due", "day").partition_by(payee):
        balance = 0
        for batch, net in part.select("batch_id", "net").iter_rows():
            debts.append((batch, min(0, balance) if net > 0 else 0))
            balance = min(0, balance + net)
    found = pl.DataFrame(debts, schema={"batch_id": pl.String, "debt": pl.Int64}, orient="row")
    return batches.update(found, on="batch_id", how="left")


def settle(
    batches: pl.DataFrame,
    calendar: Calendar,
    rng: np.random.Generator,
    truth: Truth,
    delays: Delays,
    rates: Mapping[str, int],
    focus: int = 1,
) -> pl.DataFrame:
    """Return the statement lines (LINES), with every settlement break planted."""
    payouts = Payouts(batches, calendar, rng, truth, delays, focus)
    size = payouts.batches.height
    count = {name: _count(rates.get(name, RATES[name]), size, focus) for name in RATES}
    payouts.late(count["LATE_SETTLEMENT"])
    payouts.missing(count["MISSING_SETTLEMENT"])
    payouts.short(count["NET_MISMATCH"])
    bounced = payouts.bounced(count["PAYOUT_BOUNCED"])
    payouts.by_another(count["OTHER_PAYER"])
    payouts.rounded(count["ROUNDING"])
    paid = payouts.paid()
    lines = pl.concat(
        [
            _credits(paid),
            bounced,
            _strangers(paid, rng, truth, delays, count["UNKNOWN_CREDIT"], 1),
            _strangers(paid, rng, truth, delays, count["UNAUTHORISED_DEBIT"], -1),
        ]
    )
    return lines.sort("day", "reference")


def _count(ppm: int, batches: int, least: int) -> int:
    return max(least, batches * ppm // PPM) if ppm else 0


def _of_no_row(drawn: int, sizes: list[int]) -> int:
    """Return a sum near `drawn` that no row of the batch has: it would look like that row."""
    taken = set(sizes)
    return next((near for near in range(drawn, drawn + _NEAR) if near not in taken), drawn)


def _told(frame: pl.DataFrame, delays: Delays) -> pl.DataFrame:
    """Return bank lines with the night on which they are reported as unexplained."""
    nights = [delays.judged_by_any_channel(day) for day in frame["day"].to_list()]
    return frame.with_columns(pl.Series("night", nights, pl.Int32))


def _credits(paid: pl.DataFrame) -> pl.DataFrame:
    """Return one credit a batch, its payer and its number in the text."""
    number = pl.int_range(pl.len()).over("day") + 1
    return _conformed(
        paid.select(
            "day",
            pl.col("net").alias("amount"),
            reference=_bank_reference("C", number),
            memo=pl.format("/ORDP//NAME/{}/REMI/SETTLEMENT BATCH {}", "payer", "batch_id"),
        )
    )


def _bank_reference(mark: str, number: pl.Expr, column: str = "day") -> pl.Expr:
    day = pl.col(column).cast(pl.Date).dt.strftime("%y%m%d")
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
    )
    truth.add(
        "UNKNOWN_CREDIT" if sign > 0 else "UNAUTHORISED_DEBIT",
        _told(frame, delays),
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
