"""The door of the generator: a world of any size and seed, in real files, with its truth beside.

    OUT/recon.toml           a rule file that reconciles it
    OUT/inbox/<night>/...    what every party delivered on that night
    OUT/truth.csv            every planted break: see `recon.generate.truth`

Nights are judged as the engine judges them: a file that is late or damaged moves what waits for
its side to the next night.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from recon.errors import UsageError
from recon.generate.bank import RATES as BANK_RATES
from recon.generate.bank import settle, statement_days
from recon.generate.damage import Damage, no_damage
from recon.generate.draw import draw_sales
from recon.generate.everyday import plant_everyday
from recon.generate.files import (
    Party,
    alipay_zip,
    day_of,
    mt940_statement,
    orders_csv,
    wechat_bill,
    zm_file,
)
from recon.generate.planter import Planter
from recon.generate.plants import PLANTS, plant_breaks
from recon.generate.plants_fees import FEE_PLANTS, plant_fees
from recon.generate.profile import ALIPAY, UNIONPAY, WECHAT, Profile
from recon.generate.rule_text import rule_text
from recon.generate.truth import Truth
from recon.rules.calendar import Calendar

FIRST_DAY: Final = date(2026, 11, 4)  # a Wednesday: seven nights hold a weekend and its Monday
_OPENING_BALANCE: Final = 1_250_000_00


def plant_names() -> tuple[str, ...]:
    """Return every plant that a rate may be given for."""
    return (*PLANTS, *FEE_PLANTS, *BANK_RATES)


@dataclass(frozen=True, slots=True)
class World:
    """What to make."""

    profile: Profile
    rows: int
    nights: int
    seed: int
    first_day: date = FIRST_DAY
    rates: Mapping[str, int] = field(default_factory=dict)
    damage: Damage = field(default_factory=no_damage)
    name: str = "world"

    def __post_init__(self) -> None:
        """Refuse what cannot be made, and rates of breaks that are not planted."""
        known = plant_names()
        unknown = sorted(set(self.rates) - set(known))
        if unknown:
            raise UsageError(
                f"no plant is named {unknown[0]!r}", fix=f"write one of {', '.join(known)}"
            )
        if self.rows < 1 or self.nights < 1:
            raise UsageError("expected at least one row and one night", fix="raise both")


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
    first = (world.first_day - date(1970, 1, 1)).days
    last = first + world.nights - 1
    rng = np.random.default_rng(world.seed)
    truth = Truth(first, last)
    delays = world.damage.delays(first, last)
    rows = world.rows * (world.nights + 1) // world.nights  # the night before is cut off below
    sales = draw_sales(
        world.profile, party, rng, rows=rows, first=first - 1, nights=world.nights + 1
    )
    sales = sales.filter(_in_books(first)).with_columns(_renumbered())
    planter = Planter(sales, world.profile, party, rng, truth, delays)
    plant_everyday(planter)
    plant_breaks(planter, world.rates)
    plant_fees(planter, world.rates)
    charges = planter.channel_books().filter(pl.col("day").is_between(first, last))
    orders = planter.merchant_books().filter(pl.col("night").is_between(first, last))
    statement = settle(charges, calendar, rng, truth, delays, world.rates)
    out.mkdir(parents=True, exist_ok=True)
    for night in range(first, last + 1):
        _write_night(out / "inbox" / day_of(night).isoformat(), night, orders, charges, party)
    _write_statements(out / "inbox", statement.lines, calendar, party, first, last)
    world.damage.apply(out / "inbox", truth)
    (out / "recon.toml").write_text(rule_text(world.name, world.profile), encoding="utf-8")
    table = truth.table()
    table.write_csv(out / "truth.csv")
    return Made(orders.height, charges.height, statement.lines.height, table)


def _in_books(first: int) -> pl.Expr:
    """Return which sales some file shows: from the first night's clearing day on."""
    return (pl.col("night") >= first) | (pl.col("day") >= first)


def _renumbered() -> pl.Expr:
    return pl.int_range(pl.len(), dtype=pl.Int64).alias("i")


def _write_night(
    folder: Path, night: int, orders: pl.DataFrame, charges: pl.DataFrame, party: Party
) -> None:
    """Write what the merchant and the channels deliver on one night."""
    day = day_of(night)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orders.csv").write_bytes(orders_csv(orders.filter(pl.col("night") == night)))
    wechat, alipay, unionpay = (
        charges.filter((pl.col("channel") == name) & (pl.col("night") == night))
        for name in (WECHAT, ALIPAY, UNIONPAY)
    )
    (folder / "wechat.csv").write_bytes(wechat_bill(wechat, party))
    for days_late, name in ((0, "alipay.zip"), (1, "alipay_late.zip")):
        bill = alipay.filter(pl.col("day") == night - days_late)
        if bill.height:
            data = alipay_zip(bill, party, day - timedelta(days=days_late))
            (folder / name).write_bytes(data)
    name = f"INN{day:%y%m%d}88ZM_{party.unionpay_id}001"
    (folder / name).write_bytes(zm_file(unionpay))


def _write_statements(
    inbox: Path, lines: pl.DataFrame, calendar: Calendar, party: Party, first: int, last: int
) -> None:
    """Write the bank's statement of every working day; balances follow on each other."""
    balance = _OPENING_BALANCE
    for number, day in enumerate(statement_days(first, last, calendar), start=1):
        data, balance = mt940_statement(
            lines.filter(pl.col("day") == day), party, day_of(day), 200 + number, balance
        )
        (inbox / day_of(day).isoformat() / "bank.sta").write_bytes(data)
