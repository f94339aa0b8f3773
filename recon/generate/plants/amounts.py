"""The breaks of amounts: orders booked with another amount than was charged."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from recon.generate.causes import amount_cause
from recon.generate.plants.plant import Plant
from recon.generate.plants.planter import Planter

_STEPS: Final = (1, 10, 100, 900, 1_000, 9_900)  # fen: by what orders are booked too high
_DIGITS: Final = 7  # of which two may be swapped


def other_amount(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Book the orders with a higher amount than was charged."""
    steps = np.array(_STEPS, np.int64)
    difference = steps[world.rng.integers(0, steps.size, picks.height)]
    difference += difference == picks["amount"].to_numpy()  # twice the charge: paid in two parts
    return _booked(world, picks, pl.col("amount") + pl.lit(pl.Series(difference)))


def miskeyed(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Book the orders with two digits swapped, ten times too high, or less their fee."""
    amount = pl.col("amount")
    ways = (_swapped(amount), amount * 10, amount - pl.col("fee"))
    way = pl.int_range(pl.len()) % len(ways)  # each in turn, so that few orders show them all
    booked = pl.coalesce(pl.when(way == number).then(one) for number, one in enumerate(ways))
    return _booked(world, picks, booked.fill_null(amount))


def _swapped(amount: pl.Expr) -> pl.Expr:
    """Return amounts with their last two neighbouring digits that differ in each other's place."""
    places = []
    for place in range(_DIGITS - 1):
        high, low = amount // 10 ** (place + 1) % 10, amount // 10**place % 10
        seen = (high != low) & (low > 0) & (amount >= 10 ** (place + 1))
        places.append(pl.when(seen).then(amount + (low - high) * 9 * 10**place))
    return pl.coalesce(places)


def _booked(world: Planter, picks: pl.DataFrame, booked: pl.Expr) -> pl.DataFrame:
    """Book the orders at another amount; return those that differ, and what tells why."""
    charged = pl.col("amount")
    told = (
        picks.with_columns(fee=pl.lit(pl.Series(world.fee[picks["i"].to_numpy()])))
        .with_columns(booked=booked)
        .filter(pl.col("booked") != charged)
        .with_columns(
            difference=(pl.col("booked") - charged).abs(),
            cause=amount_cause(pl.col("booked"), charged, pl.col("fee")),
            loser=pl.when(pl.col("booked") > charged)
            .then(pl.lit("MERCHANT"))
            .otherwise(pl.lit("PAYER")),
        )
    )
    world.order_amount[told["i"].to_numpy()] = told["booked"].to_numpy()
    world.differ(told, "order_id", pl.col("booked"), charged, world.delays.delivered())
    return told


OTHER_AMOUNT: Final = Plant(
    "AMOUNT_MISMATCH",
    10,
    "the order is booked higher than the charge",
    other_amount,
    amount="difference",
)
MISKEYED: Final = Plant(
    "MISKEYED",
    10,
    "the order is booked with digits swapped, a decimal shifted, or less its fee",
    miskeyed,
    code="AMOUNT_MISMATCH",
    amount="difference",
)
