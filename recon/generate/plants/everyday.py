"""What is normal in a world: it must never be reported as a break."""

from __future__ import annotations

import polars as pl

from recon.generate.files import REFUND, UNDO
from recon.generate.plants.notices import everyday_notices
from recon.generate.plants.orders import booked_in_dollars
from recon.generate.plants.planter import (
    CLOSED,
    FAILED,
    PENDING,
    SALE_KEY,
    STATUSES,
    Planter,
    next_day,
)
from recon.generate.profile import PPM, UNIONPAY, WECHAT
from recon.generate.text import DAY_SECONDS

_NOTICES_PPM = 200
_REPEAT_SECONDS = 300


def plant_everyday(world: Planter) -> None:
    """Plant what is normal: unpaid orders, refunds, revoked sales, card sales at the counter."""
    profile = world.profile
    sales = world.sales
    world.truth.normal("IN_TRANSIT", sales.filter(pl.col("day") != pl.col("night")), "order_id")
    world.truth.normal("BENIGN_REPEAT", sales.filter(_is_repeat()), "order_id")
    _unpaid(world, _share(world, profile.unpaid_ppm))
    _refunded(world, _share(world, profile.refund_ppm))
    _asked(world, _share(world, profile.refund_ppm // 10) if profile.requests else 0)
    _revoked(world, _share(world, profile.undo_ppm))
    _counter(world, _share(world, profile.counter_ppm))
    _reversed_late(world, _share(world, profile.undo_ppm // 10))
    if profile.dollars_ppm:
        picks = world.take(_share(world, profile.dollars_ppm))
        booked_in_dollars(world, picks)
        world.truth.normal("IN_DOLLARS", picks, "order_id")
    if profile.acquirer:
        everyday_notices(world, _share(world, _NOTICES_PPM))


def _is_repeat() -> pl.Expr:
    """Return which sales repeat card, till and amount of one less than five minutes before."""
    same = ["channel", "card", "terminal", "amount"]
    return (pl.col("t").diff().over(same, order_by="t") < _REPEAT_SECONDS).fill_null(value=False)


def _share(world: Planter, ppm: int) -> int:
    return world.rows * ppm // PPM


def _unpaid(world: Planter, count: int) -> None:
    """Close orders that nobody paid: no channel knows them."""
    picks = world.take(count)
    rows = picks["i"].to_numpy()
    world.no_charge[rows] = True
    world.status[rows] = CLOSED
    world.truth.normal("UNPAID", picks, "order_id")


def _refunded(world: Planter, count: int) -> None:
    """Refund sales up to two days later; both books show the refund on the same day."""
    picks = world.take(count)
    days = world.rng.integers(0, 3, picks.height)
    refunds = world.refunds_of(picks, days)
    world.orders.append(world.order_rows(refunds, REFUND))
    world.charges.append(world.charge_rows(refunds, REFUND))
    world.truth.normal("REFUNDED", refunds, "order_id")


def _asked(world: Planter, count: int) -> None:
    """Ask for refunds that are sent a day or two later; until then the books call them pending."""
    picks = world.take(count)
    days = world.rng.integers(1, 3, picks.height)
    refunds = world.refunds_of(picks, days)
    asked = refunds.with_columns(
        pl.col("t") - pl.Series(days) * DAY_SECONDS, night=pl.col("night") - pl.Series(days)
    )
    world.orders.append(world.order_rows(asked, REFUND, STATUSES[PENDING]))
    world.orders.append(world.order_rows(refunds, REFUND))
    world.charges.append(world.charge_rows(refunds, REFUND))
    world.truth.normal("REFUND_ASKED", refunds, "order_id")


def _revoked(world: Planter, count: int) -> None:
    """Revoke sales within minutes; the merchant has closed the order."""
    picks = world.take(count, (WECHAT, UNIONPAY))
    world.status[picks["i"].to_numpy()] = CLOSED
    world.charges.append(world.charge_rows(world.undone(picks), UNDO))
    world.truth.normal("NETTED", picks, "order_id")


def _counter(world: Planter, count: int) -> None:
    """Book card sales at the counter by terminal and amount, without an order number.

    A key that two of them share would be a tie, so those are left as ordinary sales; other sales
    of that key keep their order.
    """
    picks = world.take(count, (UNIONPAY,))
    single = picks.filter(pl.struct(SALE_KEY).is_unique())
    world.keep_alike(single, SALE_KEY)
    world.at_counter[single["i"].to_numpy()] = True
    world.truth.normal("COUNTER_SALE", single, "channel_ref")


def _reversed_late(world: Planter, count: int) -> None:
    """Reverse failed sales on the next clearing day: the payer was out of pocket for a night."""
    picks = world.take(count, (WECHAT, UNIONPAY), last_night=world.truth.last - 1)
    world.status[picks["i"].to_numpy()] = FAILED
    world.charges.append(world.charge_rows(world.undone(next_day(picks)), UNDO))
    world.truth.normal("NETTED", picks, "order_id")
