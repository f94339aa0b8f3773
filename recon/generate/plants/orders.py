"""The breaks of orders and charges: one effect each, and the table that names them."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from recon.generate.draw import channel_reference
from recon.generate.files import UNDO
from recon.generate.plants.amounts import MISKEYED, OTHER_AMOUNT
from recon.generate.plants.plant import (
    REVERSAL_DAYS,
    Plant,
    after_reversal,
    channel_judged,
    merchant_judged,
    own_night,
)
from recon.generate.plants.planter import CLOSED, FAILED, PENDING, VOIDED, Planter, next_day
from recon.generate.pricing import with_price
from recon.generate.profile import UNIONPAY, WECHAT
from recon.generate.rates import RATE_SCALE, dollar_rate, rate_text
from recon.generate.text import DAY_SECONDS, yuan
from recon.generate.truth import LIKELIHOOD

REVOCABLE: Final = (WECHAT, UNIONPAY)
_DEAR: Final = 2_000  # fen: above it, a wrong rate shows
_NO_EXCHANGE: Final = "the same figure: no exchange took place"
_EARLIER: Final = "the first one came earlier under the same key"


def second_charge(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Charge the order again, minutes later: a timeout and its retry."""
    again = world.later(picks, 20, 240)
    world.charges.append(world.charge_rows(again))
    return again.with_columns(cause=pl.lit(None, pl.String))


def retried_blindly(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Charge the card again within the minute under another number: only looks tell."""
    again = world.later(picks, 3, 58).with_columns(stan=picks["stan"] + 1)
    again = again.with_columns(
        order_id=pl.concat_str(pl.lit("T"), pl.col("order_id").str.slice(1)),
        channel_ref=channel_reference("i", "tc"),
    )
    world.charges.append(world.charge_rows(again))
    gap = again["tc"] - picks["tc"]
    named = pl.format("same card, till and amount {} s after another payment", pl.lit(gap))
    return again.with_columns(cause=named)


def next_day_charge(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Charge the order again on the next day."""
    again = second_charge(world, next_day(picks))
    first = picks.select(first=world.delays.delivered()).to_series()
    apart = world.delays.delivered() > first
    return again.with_columns(cause=pl.when(apart).then(pl.lit(_EARLIER)))


def second_clearing(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Present one authorisation twice: the same reference, seconds apart."""
    again = world.later(picks, 20, 240).with_columns(channel_ref=picks["channel_ref"])
    world.charges.append(world.charge_rows(again))
    return again


def repeated_line(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Write a line twice into its file: half in the orders, half in the channel's."""
    odd = pl.col("i") % 2 == 1
    charges = picks.filter(~odd).with_columns(repeated=pl.lit(value=True))
    world.orders.append(world.order_rows(picks.filter(odd)))
    world.charges.append(world.charge_rows(charges))
    return picks.with_columns(told=pl.when(odd).then("night").otherwise(world.delays.delivered()))


def no_charge(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Leave the charges out of the channel's file."""
    world.no_charge[picks["i"].to_numpy()] = True
    return picks


def late_charge(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Show the charges a clearing day late."""
    no_charge(world, picks)
    late = picks.with_columns(day=pl.col("day") + 1, tc=pl.col("tc") + DAY_SECONDS)
    world.charges.append(world.charge_rows(late))
    resolved = late.select(resolved=world.delays.delivered())
    frame = pl.concat([picks, resolved], how="horizontal")
    return frame.filter(channel_judged(world) < pl.col("resolved"))


def no_order(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Leave the orders out of the merchant's books."""
    world.no_order[picks["i"].to_numpy()] = True
    return picks


def late_order(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Let the till upload the orders a night late."""
    world.order_night[picks["i"].to_numpy()] += 1
    frame = picks.with_columns(resolved=pl.col("night") + 1)
    return frame.filter(merchant_judged(world) < pl.col("resolved"))


def other_terminal(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Book the orders at another terminal."""
    world.other_terminal[picks["i"].to_numpy()] = True
    return picks


def other_currency(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Book the orders in another currency."""
    world.foreign[picks["i"].to_numpy()] = True
    agreed = bool(world.profile.dollars_ppm)  # an exchange, which was not made
    return picks.with_columns(cause=pl.when(agreed).then(pl.lit(_NO_EXCHANGE)))


def dropped(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Drop the orders (掉单): paid at the channel, closed or pending in the books."""
    rows = picks["i"].to_numpy()
    world.status[rows] = np.where(rows % 2 == 0, CLOSED, PENDING)
    return picks


def revoked_but_booked(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Revoke the charges; the books still call the orders paid."""
    world.charges.append(world.charge_rows(world.undone(picks), UNDO))
    return picks


def failed(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Let the orders fail in the books while the payer was charged (失败却扣款)."""
    world.status[picks["i"].to_numpy()] = FAILED
    return picks


def by_card_too(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Let the payer pay once more, by card, minutes later."""
    card = with_price(picks.with_columns(pl.lit(UNIONPAY).alias("channel")), world.profile)
    card = world.later(card.with_columns(world.card_merchant()), 60, 600)
    world.charges.append(world.charge_rows(card))
    first = picks.select(first=world.delays.delivered())
    card = pl.concat([card, first], how="horizontal")
    told = world.delays.delivered()
    return card.with_columns(
        told=pl.max_horizontal("first", told),
        cause=pl.when(told > pl.col("first")).then(pl.lit(_EARLIER)),
    )


def voided(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Void the orders in the books; the channel settles them all the same."""
    world.status[picks["i"].to_numpy()] = VOIDED
    return picks


def orphan_undoing(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Revoke charges that no file shows."""
    rows = picks["i"].to_numpy()
    world.no_order[rows] = True
    world.no_charge[rows] = True
    undo = world.undone(picks)
    world.charges.append(world.charge_rows(undo, UNDO))
    return undo


def booked_in_dollars(world: Planter, picks: pl.DataFrame, percent: int = 100) -> pl.DataFrame:
    """Book the orders in USD at a share of the rate of the day; return what they should cost."""
    rate = picks.select(dollar_rate(pl.col("day"))).to_series()
    dollars = (picks["amount"] * percent * RATE_SCALE + rate * 50) // (rate * 100)
    rows = picks["i"].to_numpy()
    world.foreign[rows] = True
    world.order_amount[rows] = dollars.to_numpy()
    expected = (dollars * rate + RATE_SCALE // 2) // RATE_SCALE
    return picks.with_columns(difference=pl.col("amount") - expected)


def other_rate(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Charge three percent more than the rate of the day gives."""
    told = booked_in_dollars(world, picks, 97)
    rate, expected = dollar_rate(pl.col("day")), pl.col("amount") - pl.col("difference")
    off = (pl.col("difference") * 10_000 + expected // 2) // expected
    return told.with_columns(
        cause=pl.format(
            "USD/CNY {} of {}; {} % off the agreed rate, 0 % is agreed",
            rate_text(rate),
            pl.col("day").cast(pl.Date).dt.strftime("%Y-%m-%d"),
            yuan(off),
        )
    )


def equal_twins(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Sell two equal coffees at a counter: terminal and amount cannot tell them apart."""
    twin = world.later(picks, 60, 300)
    twin = twin.with_columns(order_id=pl.concat_str(pl.lit("T"), pl.col("order_id").str.slice(1)))
    world.at_counter[picks["i"].to_numpy()] = True
    blank = twin.with_columns(order_id=pl.lit(""), till=pl.col("terminal"))
    world.orders.append(world.order_rows(blank))
    world.charges.append(world.charge_rows(twin))
    return pl.concat([picks, twin.select(picks.columns)])


SECOND_CHARGE: Final = Plant(
    "DUPLICATE_CHARGE",
    1,  # with its pairings, about five in a million sales
    "a second charge of the order, with a reference of its own",
    second_charge,
)
BLIND_RETRY: Final = Plant(
    "BLIND_RETRY",
    1,
    "a second charge of the card under a number of its own, within the minute",
    retried_blindly,
    code="DUPLICATE_CHARGE",
    channels=(UNIONPAY,),
    where=Planter.lonely,
    column="channel_ref",
    night=merchant_judged,
    decided_by=LIKELIHOOD,
)
OTHER_TERMINAL: Final = Plant(
    "ATTRIBUTE_MISMATCH",
    5,
    "booked at another terminal",
    other_terminal,
    cause="terminal_id differs",
)
DROPPED: Final = Plant(
    "CHANNEL_PAID_MERCHANT_NOT", 200, "paid at the channel, closed or pending in the books", dropped
)
NO_ORDER: Final = Plant(
    "MISSING_IN_MERCHANT",
    50,
    "a charge without an order",
    no_order,
    where=Planter.lonely,  # one like another of that day may be its second charge
    column="channel_ref",
    night=merchant_judged,
)
ORDERS: Final = (
    SECOND_CHARGE,
    Plant(
        "LATE_DUPLICATE",
        1,
        "a second charge of the order, on the next day",
        next_day_charge,
        code="DUPLICATE_CHARGE",
        channels=REVOCABLE,
        days_left=1,
    ),
    Plant("DUPLICATE_CLEARING", 2, "the same reference is cleared a second time", second_clearing),
    Plant(
        "DUPLICATE_RECORD", 10, "the line stands twice in one file", repeated_line, night=own_night
    ),
    Plant(
        "MISSING_IN_CHANNEL",
        50,
        "paid in the books, no charge in the channel's file",
        no_charge,
        night=channel_judged,
    ),
    Plant(
        "LATE_IN_CHANNEL",
        50,
        "the channel shows the charge a day late",
        late_charge,
        code="MISSING_IN_CHANNEL",
        days_left=1,
        night=channel_judged,
    ),
    NO_ORDER,
    Plant(
        "LATE_IN_MERCHANT",
        50,
        "the till uploads the order a night late",
        late_order,
        code="MISSING_IN_MERCHANT",
        where=Planter.lonely,
        days_left=1,
        column="channel_ref",
        night=merchant_judged,
    ),
    OTHER_AMOUNT,
    MISKEYED,
    OTHER_TERMINAL,
    Plant("CURRENCY_MISMATCH", 2, "the order is booked in USD, the charge in CNY", other_currency),
    DROPPED,
    Plant(
        "MERCHANT_PAID_CHANNEL_NOT",
        50,
        "the channel revoked the charge, the books say paid",
        revoked_but_booked,
        channels=REVOCABLE,
    ),
    Plant(
        "FAILED_BUT_DEBITED",
        30,
        "failed in the books, charged by the channel",
        failed,
        days_left=REVERSAL_DAYS,
        night=after_reversal,
    ),
    Plant(
        "PAID_BY_OTHER_MEANS",
        10,
        "paid by WeChat and again by card",
        by_card_too,
        channels=(WECHAT,),
        night=own_night,
    ),
    Plant("VOIDED_BUT_SETTLED", 10, "voided in the books, settled by the channel", voided),
    Plant(
        "REVERSAL_ORPHAN",
        5,
        "a revocation without its charge",
        orphan_undoing,
        channels=REVOCABLE,
        days_left=REVERSAL_DAYS,
        column="channel_ref",
        night=after_reversal,
    ),
)
OTHER_RATE: Final = Plant(
    "FX_DIFFERENCE",
    30,
    "charged three percent above the rate of the day",
    other_rate,
    where=lambda world: (world.sales["amount"] >= _DEAR).to_numpy(),
    amount="difference",
)
AMBIGUOUS: Final = Plant(
    "AMBIGUOUS",
    5,
    "two equal counter sales without an order number",
    equal_twins,
    channels=(UNIONPAY,),
    where=Planter.lonely,
    column="channel_ref",
    cause="2 equally good partners",
)
