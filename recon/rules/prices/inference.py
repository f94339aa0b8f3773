"""Which prices were really charged, by merchant, terminal or product, and from when to when."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.money import exponent
from recon.rules.prices.fit import fit
from recon.rules.prices.price import NO_PRICE, Price

_CHANCE = (
    2  # how far, squared, the rows explained may drift by chance before a change is looked for
)
_GAIN = 4  # rows that two prices must explain beyond one, beside what their parameters need


@dataclass(frozen=True, slots=True)
class Period:
    """A price and the days (since 1970) on which it was charged."""

    first_day: int
    last_day: int
    price: Price


def periods(
    amount: NDArray[np.int64], fee: NDArray[np.int64], day: NDArray[np.int64]
) -> list[Period]:
    """Return the prices charged and the days on which each began and ended.

    Where one price explains more rows before some day than after it, or fewer, two are tried. They
    stand if together they explain more than the one.
    """
    order = np.argsort(day, kind="stable")
    return _periods(amount[order], fee[order], day[order])


def _periods(
    amount: NDArray[np.int64], fee: NDArray[np.int64], day: NDArray[np.int64]
) -> list[Period]:
    """Return the periods of one price each; a cut is kept where it explains enough further rows."""
    price = fit(amount, fee)
    if price is None:
        return []
    whole = [Period(int(day[0]), int(day[-1]), price)]
    off = fee - price.fees(amount)
    cut = max(_change(off > 0, day), _change(off < 0, day))[1]
    if not cut:
        return whole
    parts = [
        *_periods(amount[:cut], fee[:cut], day[:cut]),
        *_periods(amount[cut:], fee[cut:], day[cut:]),
    ]
    gain = sum(part.price.explained for part in parts) - price.explained
    needed = sum(_GAIN + part.price.parameters for part in parts[1:])
    return _joined(parts) if gain > needed else whole


def _change(wrong: NDArray[np.bool_], day: NDArray[np.int64]) -> tuple[int, int]:
    """Return how sure a change is (1: as chance at most), and its first row; nothings for none.

    `wrong` are the rows, by day, that one price gives too much, or too little. Their cumulative sum
    drifts farthest from an even spread on the day before the change.
    """
    starts = np.flatnonzero(np.diff(day)) + 1
    rows, total = wrong.size, int(wrong.sum())
    chance = _CHANCE * rows * total * (rows - total)
    if starts.size == 0 or chance == 0:
        return 0, 0
    drift = np.abs(np.cumsum(wrong)[starts - 1] * rows - total * starts)
    place = int(drift.argmax())
    sure = int(drift[place]) ** 2 // chance
    return (sure, int(starts[place])) if sure else (0, 0)


def _joined(parts: list[Period]) -> list[Period]:
    """Return periods in which neighbours of one price are one."""
    out = parts[:1]
    for part in parts[1:]:
        last, price = out[-1], part.price
        both = replace(
            last.price,
            explained=last.price.explained + price.explained,
            rows=last.price.rows + price.rows,
        )
        if replace(both, explained=price.explained, rows=price.rows) == price:
            out[-1] = Period(last.first_day, part.last_day, both)
        else:
            out.append(part)
    return out


def infer(rows: pl.DataFrame, by: tuple[str, ...]) -> pl.DataFrame:
    """Return the prices charged for each combination of `by`, one row a period.

    Needs `amount_minor`, `fee_minor`, `clearing_date` and the columns of `by`; successful payments
    of one currency, or `currency` among `by`. Gives `by`, first_day, last_day, price (words), rate
    (billionths), surcharge_minor, floor_minor, cap_minor, rounding, explained, rows. Where no price
    explains more than half of the rows, it is NO_PRICE and its parts are null.
    """
    wanted = rows.drop_nulls(["amount_minor", "fee_minor", "clearing_date"])
    out = []
    for keys, group in wanted.group_by(list(by), maintain_order=True):
        amount = group["amount_minor"].abs().to_numpy()
        fee = group["fee_minor"].abs().to_numpy()
        day = group["clearing_date"].cast(pl.Int32).cast(pl.Int64).to_numpy()
        out += [_described(by, keys, period) for period in periods(amount, fee, day)]
    schema = {name: rows.schema[name] for name in by} | _INFERRED
    return pl.DataFrame(out, schema=schema).sort([*by, "first_day"])


_INFERRED: dict[str, pl.DataType | type[pl.DataType]] = {
    "first_day": pl.Date,
    "last_day": pl.Date,
    "price": pl.String,
    "rate": pl.Int64,
    "surcharge_minor": pl.Int64,
    "floor_minor": pl.Int64,
    "cap_minor": pl.Int64,
    "rounding": pl.String,
    "explained": pl.Int64,
    "rows": pl.Int64,
}


def _places(by: tuple[str, ...], keys: tuple[object, ...]) -> int:
    """Return the decimals of the group's currency; two where no currency is told apart."""
    currency = dict(zip(by, keys, strict=True)).get("currency")
    return exponent(str(currency)) if currency is not None else 2


def _described(by: tuple[str, ...], keys: tuple[object, ...], period: Period) -> dict[str, object]:
    """Return a period as a row of the table: no price where it explains half the rows or fewer."""
    price = period.price
    days = np.array([period.first_day, period.last_day], "datetime64[D]").tolist()
    known = dict(zip(by, keys, strict=True)) | {
        "first_day": days[0],
        "last_day": days[1],
        "price": NO_PRICE,
        "explained": price.explained,
        "rows": price.rows,
    }
    if 2 * price.explained <= price.rows:  # a price of some rows is not the price of all
        return known
    return known | {
        "price": price.words(_places(by, keys)),
        "rate": price.rate,
        "surcharge_minor": price.surcharge,
        "floor_minor": price.floor if price.floor >= 0 else None,
        "cap_minor": price.cap if price.cap >= 0 else None,
        "rounding": price.rounding,
    }
