"""The breaks of refunds: what is planted in both books and what must be found."""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.generate.files import REFUND
from recon.generate.planter import Planter
from recon.generate.profile import UNIONPAY, WECHAT


def refund_not_settled(world: Planter, count: int) -> None:
    """Plant refunds in the books that the channel never made."""
    refunds = _sale_and_refund(world, count)
    world.orders.append(world.order_rows(refunds, REFUND))
    world.truth.add(
        "REFUND_NOT_SETTLED",
        refunds,
        column="order_id",
        night=world.delays.judged_by_channel(pl.col("night")),
        amount="amount",
        planted="refunded in the books, no refund in the channel's file",
    )


def refund_unbooked(world: Planter, count: int) -> None:
    """Plant refunds of the channel that the merchant never booked."""
    refunds = _sale_and_refund(world, count)
    world.charges.append(world.charge_rows(refunds, REFUND))
    world.truth.add(
        "REFUND_UNBOOKED",
        refunds,
        column="channel_ref",
        night=world.delays.judged_by_merchant(world.delays.delivered()),
        amount="amount",
        planted="a refund in the channel's file, none in the books",
    )


def refund_duplicate(world: Planter, count: int) -> None:
    """Plant one refund number paid out twice."""
    refunds = _sale_and_refund(world, count, (WECHAT, UNIONPAY))
    again = world.later(refunds, 20, 240)
    world.orders.append(world.order_rows(refunds, REFUND))
    world.charges += [world.charge_rows(refunds, REFUND), world.charge_rows(again, REFUND)]
    world.truth.add(
        "REFUND_DUPLICATE",
        again,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="one refund number, paid out twice",
    )


def refund_amount(world: Planter, count: int) -> None:
    """Plant refunds of another amount than was booked."""
    refunds = _sale_and_refund(world, count)
    booked = refunds.with_columns(pl.col("amount") - 100)
    world.orders.append(world.order_rows(booked, REFUND))
    world.charges.append(world.charge_rows(refunds, REFUND))
    world.truth.add(
        "REFUND_AMOUNT",
        refunds,
        column="order_id",
        night=world.delays.delivered(),
        amount=pl.lit(100),
        planted="refunded 1.00 less than was booked",
    )


def refund_excess(world: Planter, count: int) -> None:
    """Plant a sale refunded twice in full, each refund asked for and made."""
    picks = world.take(count)
    whole = np.zeros(picks.height, np.int64)
    for number in range(2):
        refunds = world.refunds_of(picks, whole, partial=False)
        world.orders.append(world.order_rows(refunds, REFUND))
        world.charges.append(world.charge_rows(refunds, REFUND))
        if number:
            world.truth.add(
                "REFUND_EXCESS",
                refunds,
                column="order_id",
                night=world.delays.delivered(),
                amount="amount",
                planted="two refunds of the whole amount",
            )


def refund_no_original(world: Planter, count: int) -> None:
    """Plant refunds, booked and made, of a sale that neither side has ever shown."""
    refunds = _sale_and_refund(world, count)
    sold = world.sales["order_id"].is_in(refunds["original_order"].implode()).to_numpy()
    world.no_order[sold] = True
    world.no_charge[sold] = True
    world.orders.append(world.order_rows(refunds, REFUND))
    world.charges.append(world.charge_rows(refunds, REFUND))
    world.truth.add(
        "REFUND_NO_ORIGINAL",
        refunds,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="a refund of a sale that nobody knows",
    )


def refund_route(world: Planter, count: int) -> None:
    """Plant refunds that went to another card."""
    refunds = _sale_and_refund(world, count, (UNIONPAY,))
    refunds = refunds.with_columns(card=pl.lit("625999******0007"))
    world.orders.append(world.order_rows(refunds, REFUND))
    world.charges.append(world.charge_rows(refunds, REFUND))
    world.truth.add(
        "REFUND_ROUTE",
        refunds,
        column="order_id",
        night=world.delays.delivered(),
        amount="amount",
        planted="refunded to another card",
    )


def _sale_and_refund(
    world: Planter, count: int, channels: tuple[str, ...] = (WECHAT, "ALIPAY", UNIONPAY)
) -> pl.DataFrame:
    """Return same-day refunds of fresh sales."""
    picks = world.take(count, channels)
    return world.refunds_of(picks, np.zeros(picks.height, np.int64))
