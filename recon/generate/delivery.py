"""Who sends which file on which night: whole or in parts, in time or a night late, with overlap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from recon.generate.bank import statement_days
from recon.generate.delays import Delays
from recon.generate.files import (
    Party,
    alipay_zip,
    day_of,
    mt940_statement,
    orders_csv,
    wechat_bill,
    zm_banner,
    zm_file,
)
from recon.generate.notices import notice_file
from recon.generate.profile import ALIPAY, CHANNELS, UNIONPAY, WECHAT
from recon.rules.days.calendar import Calendar

_OPENING_BALANCE: Final = 1_250_000_00


@dataclass(frozen=True, slots=True)
class Parcels:
    """Everything that is delivered: ORDERS, CHARGES, NOTICES and the bank's LINES."""

    orders: pl.DataFrame
    charges: pl.DataFrame
    notices: pl.DataFrame
    lines: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Delivery:
    """How files come: in how many parts, and whether the orders of the night before come again."""

    party: Party
    delays: Delays
    parts: int = 1
    overlap: bool = False
    requests: bool = True  # the books say what payers asked back

    def write(self, inbox: Path, parcels: Parcels, first: int, last: int) -> None:
        """Write every night's folder; one night's rows are in text at a time."""
        for night in range(first, last + 1):
            folder = inbox / day_of(night).isoformat()
            folder.mkdir(parents=True, exist_ok=True)
            self._write_orders(folder, parcels.orders, night, first)
            for product in CHANNELS:
                self._write_channel(folder, product, parcels.charges, night)
            told = parcels.notices.filter(pl.col("day") == night)
            if told.height:
                (folder / "acquirer.csv").write_bytes(notice_file(told))
        self._write_statements(inbox, parcels.lines, first, last)

    def _write_orders(self, folder: Path, orders: pl.DataFrame, night: int, first: int) -> None:
        since = max(first, night - self.overlap)
        mine = orders.filter(pl.col("night").is_between(since, night))
        for number, part in self._parts(mine):
            name = "orders.csv" if number == 1 else f"orders_part{number}.csv"
            (folder / name).write_bytes(orders_csv(part, requests=self.requests))

    def _write_channel(self, folder: Path, product: str, charges: pl.DataFrame, night: int) -> None:
        """Write a channel's bill of the day, unless it is late, and the late one of the day before.

        A day without rows has a bill that says so.
        """
        late_nights = self.delays.channel_late.get(product, frozenset())
        for day in (night, night - 1):
            late = day in late_nights
            lost = product == ALIPAY and day in self.delays.lost
            if lost or late != (day < night):
                continue
            bill = charges.filter((pl.col("channel") == product) & (pl.col("day") == day))
            for number, part in self._parts(bill):
                name, data = _BILLS[product](part, self.party, day, number, late)
                (folder / name).write_bytes(data)

    def _parts(self, rows: pl.DataFrame) -> list[tuple[int, pl.DataFrame]]:
        """Return rows in parts, numbered from 1; equal lines stay together."""
        if self.parts == 1:
            return [(1, rows)]
        part = pl.col("t") % self.parts
        pieces = [rows.filter(part == number) for number in range(self.parts)]
        filled = [piece for piece in pieces if piece.height] or [rows]
        return list(enumerate(filled, start=1))

    def _write_statements(self, inbox: Path, lines: pl.DataFrame, first: int, last: int) -> None:
        """Write the bank's statement of every working day; balances follow on each other."""
        balance = _OPENING_BALANCE
        for number, day in enumerate(statement_days(first, last, Calendar()), start=1):
            data, balance = mt940_statement(
                lines.filter(pl.col("day") == day), self.party, day_of(day), 200 + number, balance
            )
            (inbox / day_of(day).isoformat() / "bank.sta").write_bytes(data)


def _suffix(number: int, late: bool) -> str:  # noqa: FBT001 - a row of a table of senders
    return ("_late" if late else "") + (f"_part{number}" if number > 1 else "")


def _wechat(
    rows: pl.DataFrame,
    party: Party,
    _day: int,
    number: int,
    late: bool,  # noqa: FBT001 - as above
) -> tuple[str, bytes]:
    return f"wechat{_suffix(number, late)}.csv", wechat_bill(rows, party)


def _alipay(
    rows: pl.DataFrame,
    party: Party,
    day: int,
    number: int,
    late: bool,  # noqa: FBT001 - as above
) -> tuple[str, bytes]:
    return f"alipay{_suffix(number, late)}.zip", alipay_zip(rows, party, day_of(day))


def _unionpay(
    rows: pl.DataFrame,
    party: Party,
    day: int,
    number: int,
    _late: bool,  # noqa: FBT001 - as above
) -> tuple[str, bytes]:
    name = f"INN{day_of(day):%y%m%d}88ZM_{party.unionpay_id}{number:03d}"
    return name, zm_file(rows) if rows.height else zm_banner(day_of(day))


_BILLS: Final[dict[str, Callable[..., tuple[str, bytes]]]] = {
    WECHAT: _wechat,
    ALIPAY: _alipay,
    UNIONPAY: _unionpay,
}
