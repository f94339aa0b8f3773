"""The door of the generator: a world of any size and seed, in real files, with its truth beside.

    OUT/recon.toml           a rule file that reconciles it
    OUT/inbox/<night>/...    what every party delivered on that night
    OUT/truth.csv            every planted break: see `recon.generate.truth`
    OUT/normal.csv           rows that look like breaks and are none

Nights are judged as the engine judges them: a file that is late or damaged moves what waits for
its side to the next night.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from recon.errors import UsageError
from recon.generate import causes
from recon.generate.bank import batches_of, settle
from recon.generate.damage import Damage, no_damage
from recon.generate.delivery import Delivery, Parcels
from recon.generate.draw import draw_sales
from recon.generate.files import Party, day_of
from recon.generate.notices import settled_rows
from recon.generate.plants.everyday import plant_everyday
from recon.generate.plants.fees import BELOW_COST, tell_below_cost
from recon.generate.plants.planter import Planter
from recon.generate.plants.plants import LIKELY, plant_names, plant_sales
from recon.generate.plants.rebates import plant_rebates
from recon.generate.profile import Profile
from recon.generate.rates import rates_file
from recon.generate.rule_text import rule_text
from recon.generate.truth import NORMAL_FILE, Truth
from recon.rules.days.calendar import Calendar


@dataclass(frozen=True, slots=True)
class World:
    """What to make."""

    profile: Profile
    rows: int
    nights: int
    seed: int
    first_day: date | None = None  # None: the profile's own
    rates: Mapping[str, int] = field(default_factory=dict)
    damage: Damage = field(default_factory=no_damage)
    name: str = "world"
    parts: int = 1  # files into which each sender splits a night
    overlap: bool = False  # the orders of the night before come again

    def __post_init__(self) -> None:
        """Refuse what cannot be made, and rates of breaks that are not planted."""
        known = (*plant_names(), *(item.name for item in LIKELY))
        unknown = sorted(set(self.rates) - set(known))
        if unknown:
            raise UsageError(
                f"expected the name of a plant, found {unknown[0]!r}",
                fix=f"write one of {', '.join(known)}",
            )
        if self.rows < 1 or self.nights < 1:
            raise UsageError("expected at least one row and one night", fix="raise both")

    @property
    def first_night(self) -> date:
        """Return the first business date."""
        return self.first_day or self.profile.first_day


@dataclass(frozen=True, slots=True)
class Made:
    """What was made, in rows."""

    orders: int
    charges: int
    bank_lines: int
    truth: pl.DataFrame


def generate(world: World, out: Path) -> Made:
    """Write the world's files, its rule file and its truth under `out`."""
    party, calendar = Party(), Calendar()
    profile = replace(world.profile, cheap_tills=bool(world.rates.get(BELOW_COST, 1)))
    first = (world.first_night - date(1970, 1, 1)).days
    last = first + world.nights - 1
    rng = np.random.default_rng(world.seed)
    truth = Truth(first, last, dict(profile.act_within))
    delays = world.damage.delays(first, last)
    rows = world.rows * (world.nights + 1) // world.nights  # the night before is cut off below
    sales = draw_sales(profile, party, rng, rows=rows, first=first - 1, nights=world.nights + 1)
    sales = sales.filter(_in_books(first)).with_columns(_renumbered())
    planter = Planter(sales, profile, party, rng, truth, delays)
    plant_everyday(planter)
    plant_sales(planter, world.rates)
    truth.name(causes.constant(pl.concat(planter.differences)))
    charges = planter.channel_books().filter(pl.col("day").is_between(first, last))
    orders = planter.merchant_books().filter(pl.col("night").is_between(first, last))
    plant_rebates(planter, charges, world.rates)
    if profile.credit_ppm:
        tell_below_cost(planter, charges)
    notices = planter.acquirer_notices().filter(pl.col("day").is_between(first, last))
    settled = pl.concat([charges, settled_rows(notices)], how="diagonal")
    batches = batches_of(settled, calendar, profile.refunds_apart)
    lines = settle(batches, calendar, rng, truth, delays, world.rates, profile.focus)
    lines = pl.concat([lines, *planter.transfers]).sort("day", "reference")
    charges = charges.filter(~delays.is_lost())
    out.mkdir(parents=True, exist_ok=True)
    delivery = Delivery(party, delays, world.parts, world.overlap, profile.requests)
    delivery.write(out / "inbox", Parcels(orders, charges, notices, lines), first, last)
    if profile.dollars_ppm:
        (out / "rates").mkdir(exist_ok=True)
        for night in range(first, last + 1):
            path = out / "rates" / f"{day_of(night)}.csv"
            path.write_text(rates_file(night), encoding="utf-8")
    world.damage.apply(out / "inbox", truth)
    rules = rule_text(world.name, profile, party, quiet=_has_quiet_night(orders, world))
    (out / "recon.toml").write_text(rules, encoding="utf-8")
    table = truth.table()
    table.write_csv(out / "truth.csv")
    truth.normal_table().write_csv(out / NORMAL_FILE)
    return Made(orders.height, charges.height, lines.height, table)


def _in_books(first: int) -> pl.Expr:
    """Return which sales some file shows: from the first night's clearing day on."""
    return (pl.col("night") >= first) | (pl.col("day") >= first)


def _has_quiet_night(orders: pl.DataFrame, world: World) -> bool:
    """Return whether some file of orders has no row: then none came, and the file says so."""
    by_night = orders.group_by("night").len().filter(pl.col("len") >= world.parts)
    return by_night.height < world.nights


def _renumbered() -> pl.Expr:
    return pl.int_range(pl.len(), dtype=pl.Int64).alias("i")
