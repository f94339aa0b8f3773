"""What a plant is: who is taken, what is done to them, and which truth is written down.

A plant is a row of a table. Its effect changes the two books for the sales that it is given, and
returns the rows whose truth is written down: those sales, or rows that were added. A sale is taken
once; what happens to it is one plant, or one pairing of plants that do not disturb each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.generate.plants.planter import Planter
from recon.generate.profile import CHANNELS, PPM
from recon.generate.truth import KEYS

Effect = Callable[[Planter, pl.DataFrame], pl.DataFrame]
REVERSAL_DAYS: Final = 3  # patience of the rule file with reversals and their originals


def delivered(world: Planter) -> pl.Expr:
    """Return the night on which the channel's file shows the row."""
    return world.delays.delivered()


def booked(_world: Planter) -> pl.Expr:
    """Return the night on which the merchant's books show the row."""
    return pl.col("night")


def channel_judged(world: Planter) -> pl.Expr:
    """Return the night on which the channel's silence is judged."""
    return world.delays.judged_by_channel(pl.col("night"))


def merchant_judged(world: Planter) -> pl.Expr:
    """Return the night on which the merchant's silence is judged."""
    return world.delays.judged_by_merchant(world.delays.delivered())


def after_reversal(_world: Planter) -> pl.Expr:
    """Return the night on which the patience with reversals ends."""
    return pl.col("day") + REVERSAL_DAYS


def own_night(_world: Planter) -> pl.Expr:
    """Return the night that the effect has computed, column `told`."""
    return pl.col("told")


@dataclass(frozen=True, slots=True)
class Plant:
    """One kind of break: how many, on which sales, to what effect, and its truth."""

    name: str  # of its rate
    per_million: int
    words: str
    effect: Effect
    code: str = ""  # its name, if left out
    channels: tuple[str, ...] = CHANNELS
    days_left: int = 0  # days of the world that must follow the sale's
    where: Callable[[Planter], NDArray[np.bool_]] | None = None
    choose: Callable[[Planter, int], pl.DataFrame] | None = None  # instead of taking any sale
    column: str = "order_id"
    night: Callable[[Planter], pl.Expr] = delivered
    amount: str = "amount"
    decided_by: str = KEYS
    reference: str = ""  # column of the effect's rows that names them, `column` if left out
    cause: str = ""  # which the dispute must name; else the effect's column `cause` says

    def take(self, world: Planter, count: int) -> pl.DataFrame:
        """Return sales for the effect, at most `count`."""
        if self.choose is not None:
            return self.choose(world, count)
        last = world.truth.last - self.days_left if self.days_left else None
        where = self.where(world) if self.where is not None else None
        return world.take(count, self.channels, last_night=last, where=where)

    def plant(self, world: Planter, picks: pl.DataFrame) -> None:
        """Let the effect happen to picks, and write down the truth."""
        found = self.effect(world, picks)
        if self.cause:
            found = found.with_columns(cause=pl.lit(self.cause))
        world.truth.add(
            self.code or self.name,
            found,
            column=self.column,
            reference=self.reference,
            night=self.night(world),
            amount=self.amount,
            resolved=pl.col("resolved") if "resolved" in found.columns else None,
            planted=self.words,
            decided_by=self.decided_by,
        )


@dataclass(frozen=True, slots=True)
class Pairing:
    """Several breaks of one and the same order."""

    name: str  # of its rate
    per_million: int
    plants: tuple[Plant, ...]


def plant_table(
    world: Planter, plants: Iterable[Plant], rates: Mapping[str, int], least: int | None = None
) -> None:
    """Plant each at its rate (per million sales); above 0, `least` or one a merchant in focus."""
    for item in plants:
        count = _count(world, rates.get(item.name, item.per_million), least)
        if count:
            item.plant(world, item.take(world, count))


def _count(world: Planter, ppm: int, least: int | None = None) -> int:
    """Return how many a rate comes to."""
    least = world.profile.focus if least is None else least
    return max(least, world.rows * ppm // PPM) if ppm else 0


def plant_pairings(world: Planter, pairings: Iterable[Pairing], rates: Mapping[str, int]) -> None:
    """Plant pairings at their rates: the first plant chooses the sales, all of them strike."""
    for pairing in pairings:
        count = _count(world, rates.get(pairing.name, pairing.per_million))
        if not count:
            continue
        picks = pairing.plants[0].take(world, count)
        for item in pairing.plants:
            item.plant(world, picks)
