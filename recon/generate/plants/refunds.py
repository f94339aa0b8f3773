"""The breaks of refunds: each refunds fresh sales on the same day, and spoils the refund."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.generate.causes import amount_cause
from recon.generate.files import LINES, REFUND, day_of
from recon.generate.plants.plant import Plant, booked, channel_judged, merchant_judged, own_night
from recon.generate.plants.planter import PENDING, STATUSES, Planter
from recon.generate.pricing import at_rate
from recon.generate.profile import PPM, UNIONPAY, WECHAT
from recon.generate.text import local_time, padded
from recon.rules.days.calendar import Calendar

_OTHER_CARD: Final = "625999******0007"
_SHORT: Final = 100  # fen: less than was booked
_WITHHELD: Final = 100  # fen
_REVIEW_DAYS: Final = 3  # of the rule file: until a refund that was asked for must be sent


def refunded(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Return same-day refunds of picks, in no book yet."""
    return world.refunds_of(picks, np.zeros(picks.height, np.int64))


def book(world: Planter, refunds: pl.DataFrame) -> None:
    """Write refunds into the merchant's books."""
    world.orders.append(world.order_rows(refunds, REFUND))


def make(world: Planter, refunds: pl.DataFrame) -> None:
    """Write refunds into the channel's file."""
    world.charges.append(world.charge_rows(refunds, REFUND))


def only_booked(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Refund in the books; the channel never does it."""
    refunds = refunded(world, picks)
    book(world, refunds)
    return refunds


def only_made(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Refund at the channel; the books never show it."""
    refunds = refunded(world, picks)
    make(world, refunds)
    return refunds


def made_twice(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Pay one refund number out twice."""
    refunds = refunded(world, picks)
    again = world.later(refunds, 20, 240)
    book(world, refunds)
    make(world, refunds)
    make(world, again)
    return again


def other_amount(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Book one yuan more than is refunded."""
    refunds = refunded(world, picks)
    book(world, refunds.with_columns(pl.col("amount") - _SHORT))
    make(world, refunds)
    booked, made = pl.col("amount") - _SHORT, pl.col("amount")
    told = refunds.with_columns(
        difference=pl.lit(_SHORT), cause=amount_cause(booked, made, pl.col("fee"))
    )
    world.differ(told, "order_id", booked, made, world.delays.delivered())
    return told


def withheld(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Refund less than the payer asked for, without a word."""
    refunds = refunded(world, picks).filter(-pl.col("amount") > _WITHHELD)
    refunds = refunds.with_columns(requested="amount", amount=pl.col("amount") + _WITHHELD)
    refunds = refunds.with_columns(fee=-at_rate(-pl.col("amount"), pl.col("ppm")))
    book(world, refunds)
    make(world, refunds)
    return refunds.with_columns(difference=pl.lit(_WITHHELD))


def refunded_twice(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Refund a sale twice in full, each refund asked for and made."""
    whole = np.zeros(picks.height, np.int64)
    refunds = picks
    for _ in range(2):
        refunds = world.refunds_of(picks, whole, partial=False)
        book(world, refunds)
        make(world, refunds)
    return refunds


def unknown_sale(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Refund, in both books, a sale that neither side has ever shown."""
    refunds = refunded(world, picks)
    rows = picks["i"].to_numpy()
    world.no_order[rows] = True
    world.no_charge[rows] = True
    book(world, refunds)
    make(world, refunds)
    card = pl.col("channel") == UNIONPAY  # whose file names the payment by its own number
    named = pl.when(card).then("original_ref").otherwise("original_order")
    return refunds.with_columns(cause=pl.format("no payment {} is known", named))


def other_card(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Refund to another card."""
    refunds = refunded(world, picks).with_columns(card=pl.lit(_OTHER_CARD))
    book(world, refunds)
    make(world, refunds)
    named = pl.format("paid with {}, refunded to {}", "paid_with", "card")
    return refunds.with_columns(picks["card"].alias("paid_with")).with_columns(cause=named)


def still_processing(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Refund in both books; the wallet never says that the payer has the money."""
    refunds = refunded(world, picks).with_columns(pending=pl.lit(value=True))
    book(world, refunds)
    make(world, refunds)
    due = pl.col("day") + world.profile.refund_days
    since, until = (day.cast(pl.Date).dt.strftime("%Y-%m-%d") for day in (pl.col("day"), due))
    return refunds.with_columns(
        told=due + 1, cause=pl.format("pending since {}, due by {}", since, until)
    )


def by_transfer(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Refund in the books; the merchant's own transfer pays it, and no channel shows it."""
    refunds = refunded(world, picks)
    book(world, refunds)
    paid = refunds.with_columns(
        reference=pl.concat_str(
            pl.lit("T"), local_time("t", "%y%m%d"), padded(pl.col("i") % PPM, 6)
        ),
        memo=pl.format("REFUND {}", "order_id"),
    )
    lines = paid.with_columns(day="night")
    world.transfers.append(lines.select(pl.col(name).cast(dtype) for name, dtype in LINES.items()))
    return paid


def _open_to_transfers(world: Planter) -> NDArray[np.bool_]:
    """Return which sales are of a night with a statement, and with every file."""
    delays, calendar = world.delays, Calendar()
    damaged = delays.merchant_blocked.union(*delays.channel_blocked.values())
    nights = world.sales["night"].unique().to_list()
    fit = [one for one in nights if one not in damaged and calendar.is_working(day_of(one))]
    found: NDArray[np.bool_] = world.sales["night"].is_in(fit).to_numpy()
    return found


def never_sent(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Ask for a refund in the books and never send it to the channel."""
    refunds = refunded(world, picks)
    world.orders.append(world.order_rows(refunds, REFUND, STATUSES[PENDING]))
    until = pl.col("night") + _REVIEW_DAYS
    nights = [
        world.delays.judged_by_any_channel(night) for night in refunds["night"] + _REVIEW_DAYS + 1
    ]
    since, due = (day.cast(pl.Date).dt.strftime("%Y-%m-%d") for day in (pl.col("night"), until))
    return refunds.with_columns(
        pl.Series("told", nights, pl.Int32),
        cause=pl.format("requested since {}, due by {}", since, due),
    )


def _after_lost(world: Planter) -> NDArray[np.bool_]:
    """Return which sales are of a night after every bill that never comes: it may show a refund."""
    lost = max(world.delays.lost, default=0)
    found: NDArray[np.bool_] = (world.sales["night"] > lost).to_numpy()
    return found


STALLED: Final = Plant(
    "REFUND_STALLED",
    20,
    "asked for in the books, and never sent to the channel",
    never_sent,
    code="REFUND_OVERDUE",
    days_left=4,
    where=_after_lost,
    night=own_night,
)
TRANSFERRED: Final = Plant(
    "REFUND_BY_TRANSFER",
    3,
    "refunded by the merchant's own bank transfer",
    by_transfer,
    code="REFUND_ROUTE",
    where=_open_to_transfers,
    column="bank_ref",
    reference="reference",
    night=booked,
    cause="refunded by a manual transfer",
)
OVERDUE: Final = Plant(
    "REFUND_OVERDUE",
    100,
    "accepted by the wallet, and never arrived at the payer",
    still_processing,
    channels=(WECHAT,),
    days_left=3,
    night=own_night,
)
WITHHELD: Final = Plant(
    "REFUND_WITHHELD",
    10,
    "the payer asked for 1.00 more than was refunded, and nothing says why",
    withheld,
    cause="less was refunded than requested, no reason is recorded",
    night=booked,
    amount="difference",
)
REFUNDS: Final = (
    Plant(
        "REFUND_NOT_SETTLED",
        20,
        "refunded in the books, no refund in the channel's file",
        only_booked,
        night=channel_judged,
    ),
    Plant(
        "REFUND_UNBOOKED",
        20,
        "a refund in the channel's file, none in the books",
        only_made,
        column="channel_ref",
        night=merchant_judged,
    ),
    Plant(
        "REFUND_DUPLICATE",
        3,
        "one refund number, paid out twice",
        made_twice,
        channels=(WECHAT, UNIONPAY),
    ),
    Plant(
        "REFUND_AMOUNT",
        5,
        "refunded 1.00 less than was booked",
        other_amount,
        amount="difference",
    ),
    Plant("REFUND_NO_ORIGINAL", 3, "a refund of a sale that nobody knows", unknown_sale),
    Plant(
        "REFUND_EXCESS",
        3,
        "two refunds of the whole amount",
        refunded_twice,
        cause="2 refunds of one payment",
    ),
    Plant("REFUND_ROUTE", 3, "refunded to another card", other_card, channels=(UNIONPAY,)),
)
ASKED: Final = (WITHHELD, STALLED, TRANSFERRED)  # where the books tell what payers asked for
