"""The breaks of orders and charges, one function each: what is planted and what must be found.

A plant takes sales, changes the two books, and writes down the truth. `RATES` are rows per million
sales; every plant of a positive rate occurs at least once, however small the world.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import polars as pl

from recon.generate.draw import at_rate
from recon.generate.everyday import next_day
from recon.generate.files import UNDO
from recon.generate.planter import CLOSED, FAILED, PENDING, VOIDED, Planter
from recon.generate.plants_refunds import (
    refund_amount,
    refund_duplicate,
    refund_excess,
    refund_no_original,
    refund_not_settled,
    refund_route,
    refund_unbooked,
)
from recon.generate.profile import PPM, UNIONPAY, WECHAT
from recon.generate.text import DAY_SECONDS

REVERSAL_DAYS: Final = 3  # patience of the rule file with reversals and their originals


def duplicate_charge(world: Planter, count: int) -> None:
    """Plant a timeout and its retry: one order, two charges with their own references."""
    picks = world.take(count)
    again = world.later(picks, 20, 240)
    world.charges.append(world.charge_rows(again))
    world.truth.add(
        "DUPLICATE_CHARGE",
        again,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="a second charge of the order, with a reference of its own",
    )


def late_duplicate(world: Planter, count: int) -> None:
    """Plant a second charge of an order on the next day."""
    picks = world.take(count, (WECHAT, UNIONPAY), last_night=world.truth.last - 1)
    again = world.later(next_day(picks), 20, 240)
    world.charges.append(world.charge_rows(again))
    world.truth.add(
        "DUPLICATE_CHARGE",
        again,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="a second charge of the order, on the next day",
    )


def duplicate_clearing(world: Planter, count: int) -> None:
    """Plant one authorisation that is presented twice: the same reference, seconds apart."""
    picks = world.take(count)
    again = world.later(picks, 20, 240).with_columns(channel_ref=picks["channel_ref"])
    world.charges.append(world.charge_rows(again))
    world.truth.add(
        "DUPLICATE_CLEARING",
        again,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="the same reference is cleared a second time",
    )


def duplicate_record(world: Planter, count: int) -> None:
    """Plant a line that stands twice in a file: half in the orders, half in the channel's."""
    picks = world.take(count)
    odd = pl.col("i") % 2 == 1
    orders, charges = picks.filter(odd), picks.filter(~odd)
    world.orders.append(world.order_rows(orders))
    world.charges.append(world.charge_rows(charges.with_columns(repeated=pl.lit(value=True))))
    for part, night in ((orders, pl.col("night")), (charges, world.delays.delivered())):
        world.truth.add(
            "DUPLICATE_RECORD",
            part,
            column="order_id",
            night=night,
            amount="amount",
            planted="the line stands twice in one file",
        )


def missing_in_channel(world: Planter, count: int) -> None:
    """Plant orders booked as paid that the channel never shows."""
    picks = world.take(count)
    world.no_charge[picks["i"].to_numpy()] = True
    world.truth.add(
        "MISSING_IN_CHANNEL",
        picks,
        column="order_id",
        night=world.delays.judged_by_channel(pl.col("night")),
        amount="amount",
        planted="paid in the books, no charge in the channel's file",
    )


def late_in_channel(world: Planter, count: int) -> None:
    """Plant charges that the channel shows a clearing day late: missing, then resolved."""
    picks = world.take(count, last_night=world.truth.last - 1)
    world.no_charge[picks["i"].to_numpy()] = True
    late = picks.with_columns(day=pl.col("day") + 1)
    late = late.with_columns(tc=pl.col("tc") + DAY_SECONDS)
    world.charges.append(world.charge_rows(late))
    delivered = world.delays.delivered()
    resolved = late.select(delivered.alias("resolved"))["resolved"]
    night = world.delays.judged_by_channel(pl.col("night"))
    frame = picks.with_columns(resolved)
    frame = frame.filter(night < pl.col("resolved"))
    world.truth.add(
        "MISSING_IN_CHANNEL",
        frame,
        column="order_id",
        night=night,
        amount="amount",
        resolved=pl.col("resolved"),
        planted="the channel shows the charge a day late",
    )


def missing_in_merchant(world: Planter, count: int) -> None:
    """Plant charges of orders that the merchant never booked."""
    picks = world.take(count)
    world.no_order[picks["i"].to_numpy()] = True
    world.truth.add(
        "MISSING_IN_MERCHANT",
        picks,
        column="channel_ref",
        night=world.delays.judged_by_merchant(world.delays.delivered()),
        amount="amount",
        planted="a charge without an order",
    )


def late_in_merchant(world: Planter, count: int) -> None:
    """Plant orders that a till uploads a night late: missing, then resolved."""
    picks = world.take(count, last_night=world.truth.last - 1)
    world.order_night[picks["i"].to_numpy()] += 1
    night = world.delays.judged_by_merchant(world.delays.delivered())
    frame = picks.filter(night < pl.col("night") + 1)
    world.truth.add(
        "MISSING_IN_MERCHANT",
        frame,
        column="channel_ref",
        night=night,
        amount="amount",
        resolved=pl.col("night") + 1,
        planted="the till uploads the order a night late",
    )


def amount_mismatch(world: Planter, count: int) -> None:
    """Plant orders booked with another amount than was charged."""
    picks = world.take(count)
    steps = np.array([1, 10, 100, 900, 1_000, 9_900], np.int64)
    difference = steps[world.rng.integers(0, steps.size, picks.height)]
    rows = picks["i"].to_numpy()
    world.order_amount[rows] += difference
    world.truth.add(
        "AMOUNT_MISMATCH",
        picks.with_columns(pl.Series("difference", difference)),
        column="order_id",
        night=world.delays.delivered(),
        amount="difference",
        planted="the order is booked higher than the charge",
    )


def attribute_mismatch(world: Planter, count: int) -> None:
    """Plant orders booked at another terminal than the one that was charged."""
    picks = world.take(count)
    world.other_terminal[picks["i"].to_numpy()] = True
    world.truth.add(
        "ATTRIBUTE_MISMATCH",
        picks,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="booked at another terminal",
    )


def currency_mismatch(world: Planter, count: int) -> None:
    """Plant orders booked in another currency."""
    picks = world.take(count)
    world.foreign[picks["i"].to_numpy()] = True
    world.truth.add(
        "CURRENCY_MISMATCH",
        picks,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="the order is booked in USD, the charge in CNY",
    )


def dropped_order(world: Planter, count: int) -> None:
    """Plant dropped orders (掉单): the channel was paid, the books say closed or pending."""
    picks = world.take(count)
    rows = picks["i"].to_numpy()
    world.status[rows] = np.where(rows % 2 == 0, CLOSED, PENDING)
    world.truth.add(
        "CHANNEL_PAID_MERCHANT_NOT",
        picks,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="paid at the channel, closed or pending in the books",
    )


def revoked_but_booked(world: Planter, count: int) -> None:
    """Plant sales that the channel revoked and the books still call paid."""
    picks = world.take(count, (WECHAT, UNIONPAY))
    world.charges.append(world.charge_rows(world.undone(picks), UNDO))
    world.truth.add(
        "MERCHANT_PAID_CHANNEL_NOT",
        picks,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="the channel revoked the charge, the books say paid",
    )


def failed_but_debited(world: Planter, count: int) -> None:
    """Plant sales that failed in the books while the payer was charged (失败却扣款).

    They are reported when their reversal has had its days to come.
    """
    picks = world.take(count, last_night=world.truth.last - REVERSAL_DAYS)
    world.status[picks["i"].to_numpy()] = FAILED
    world.truth.add(
        "FAILED_BUT_DEBITED",
        picks,
        column="order_id",
        night=pl.col("day") + REVERSAL_DAYS,
        amount="amount",
        planted="failed in the books, charged by the channel",
    )


def paid_by_other_means(world: Planter, count: int) -> None:
    """Plant orders paid by WeChat and, minutes later, once more by card."""
    picks = world.take(count, (WECHAT,))
    card = picks.with_columns(
        pl.lit(UNIONPAY).alias("channel"), pl.lit(world.profile.fee_ppm[2]).alias("ppm")
    )
    card = world.later(card.with_columns(world.card_merchant()), 60, 600)
    fee = at_rate(pl.col("amount"), pl.col("ppm")).clip(upper_bound=world.profile.card_cap)
    card = card.with_columns(fee=fee)
    world.charges.append(world.charge_rows(card))
    world.truth.add(
        "PAID_BY_OTHER_MEANS",
        card,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="paid by WeChat and again by card",
    )


def voided_but_settled(world: Planter, count: int) -> None:
    """Plant orders that the merchant voided and the channel settled all the same."""
    picks = world.take(count)
    world.status[picks["i"].to_numpy()] = VOIDED
    world.truth.add(
        "VOIDED_BUT_SETTLED",
        picks,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="voided in the books, settled by the channel",
    )


def reversal_orphan(world: Planter, count: int) -> None:
    """Plant revocations of charges that no file shows."""
    last = world.truth.last - REVERSAL_DAYS
    picks = world.take(count, (WECHAT, UNIONPAY), last_night=last)
    rows = picks["i"].to_numpy()
    world.no_order[rows] = True
    world.no_charge[rows] = True
    undo = world.undone(picks)
    world.charges.append(world.charge_rows(undo, UNDO))
    world.truth.add(
        "REVERSAL_ORPHAN",
        undo,
        column="channel_ref",
        night=pl.col("day") + REVERSAL_DAYS,
        amount="amount",
        planted="a revocation without its charge",
    )


def ambiguous(world: Planter, count: int) -> None:
    """Plant two equal coffees: two counter sales that terminal and amount cannot tell apart."""
    picks = world.take(count, (UNIONPAY,))
    picks = picks.filter(pl.struct("terminal", "amount", "day").is_unique())
    twin = world.later(picks, 60, 300)
    twin = twin.with_columns(order_id=pl.concat_str(pl.lit("T"), pl.col("order_id").str.slice(1)))
    world.at_counter[picks["i"].to_numpy()] = True
    blank = twin.with_columns(order_id=pl.lit(""), till=pl.col("terminal"))
    world.orders.append(world.order_rows(blank))
    world.charges.append(world.charge_rows(twin))
    for part in (picks, twin):
        world.truth.add(
            "AMBIGUOUS",
            part,
            column="channel_ref",
            night=world.delays.delivered(),
            amount="amount",
            planted="two equal counter sales without an order number",
        )


PLANTS: Final[Mapping[str, tuple[Callable[[Planter, int], None], int]]] = {
    "DUPLICATE_CHARGE": (duplicate_charge, 20),
    "LATE_DUPLICATE": (late_duplicate, 5),
    "DUPLICATE_CLEARING": (duplicate_clearing, 4),
    "DUPLICATE_RECORD": (duplicate_record, 10),
    "MISSING_IN_CHANNEL": (missing_in_channel, 50),
    "LATE_IN_CHANNEL": (late_in_channel, 50),
    "MISSING_IN_MERCHANT": (missing_in_merchant, 50),
    "LATE_IN_MERCHANT": (late_in_merchant, 50),
    "AMOUNT_MISMATCH": (amount_mismatch, 10),
    "ATTRIBUTE_MISMATCH": (attribute_mismatch, 5),
    "CURRENCY_MISMATCH": (currency_mismatch, 2),
    "CHANNEL_PAID_MERCHANT_NOT": (dropped_order, 200),
    "MERCHANT_PAID_CHANNEL_NOT": (revoked_but_booked, 50),
    "FAILED_BUT_DEBITED": (failed_but_debited, 30),
    "PAID_BY_OTHER_MEANS": (paid_by_other_means, 10),
    "VOIDED_BUT_SETTLED": (voided_but_settled, 10),
    "REVERSAL_ORPHAN": (reversal_orphan, 5),
    "REFUND_NOT_SETTLED": (refund_not_settled, 20),
    "REFUND_UNBOOKED": (refund_unbooked, 20),
    "REFUND_DUPLICATE": (refund_duplicate, 3),
    "REFUND_AMOUNT": (refund_amount, 5),
    "REFUND_NO_ORIGINAL": (refund_no_original, 3),
    "REFUND_EXCESS": (refund_excess, 3),
    "REFUND_ROUTE": (refund_route, 3),
    "AMBIGUOUS": (ambiguous, 5),
}


def plant_breaks(world: Planter, rates: Mapping[str, int]) -> None:
    """Plant every break at its rate (rows per million sales), at least one where it is above 0."""
    for name, (plant, default) in PLANTS.items():
        ppm = rates.get(name, default)
        if ppm:
            plant(world, max(1, world.rows * ppm // PPM))
