"""What price was really charged: the rate, surcharge, floor, cap and rounding that fit most rows.

Each row says between which two rates its fee can lie; the rate that most rows allow is found by a
sweep over those ranges, in integers. Of equally good prices the simplest wins, and of the rates in
the common range the roundest. Amounts and fees are minor units, rates billionths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.money import exponent
from recon.core.pricing import (
    ALL_DAYS,
    FINE,
    MAX_AMOUNT,
    NO_DAY,
    RATE_BANDS,
    RATE_SCALE,
    ROUNDINGS,
    Line,
    compile_lines,
    price_lines,
)

FITTED = ("half_up", "half_even", "ceiling", "floor")  # tried in this order
SURCHARGES = (0, 100, 200, 300)
SAMPLE = 2_000  # rows that a fit looks at; it is then judged on all
GOOD_PPM = 980_000  # share of rows that one price must explain before no change is looked for
_ROWS_A_DECIMAL = 2  # rows that a further decimal must explain
_DECIMALS = 3  # further decimals that a rounder rate may make up for
_RANGES = 24  # ranges of rates that are compared
_MOST = 4_000_000_000  # amounts and fees up to which a range is computed in 64 bits


@dataclass(frozen=True, slots=True)
class Price:
    """One price in minor units and billionths, and how many of the rows it explains exactly."""

    rate: int
    surcharge: int = 0
    floor: int = -1
    cap: int = -1
    rounding: str = "half_up"
    explained: int = 0
    rows: int = 0

    @property
    def parameters(self) -> int:
        """Return how many things besides the rate the price needs."""
        return (
            int(self.surcharge > 0)
            + int(self.floor >= 0)
            + int(self.cap >= 0)
            + int(self.rounding != "half_up")
        )

    def words(self, places: int = 2) -> str:
        """Return the price in words, for instance `0.60 % + 3.00`; `places` of its currency."""
        text = percent(self.rate)
        if self.surcharge:
            text += f" + {major(self.surcharge, places)}"
        if self.floor >= 0:
            text += f", at least {major(self.floor, places)}"
        if self.cap >= 0:
            text += f", at most {major(self.cap, places)}"
        if self.rounding != "half_up":
            text += f", rounded {plain(self.rounding)}"
        return text

    def fees(self, amount: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the fees of amounts at this price."""
        line = Line(
            specificity=0,
            amount_from=0,
            amount_below=MAX_AMOUNT + 1,
            day_from=NO_DAY,
            day_until=ALL_DAYS,
            shape=RATE_BANDS,
            step=1,
            floor=self.floor * FINE if self.floor >= 0 else -1,
            cap=self.cap * FINE if self.cap >= 0 else -1,
            threshold=-1,
            surcharge=self.surcharge * FINE,
            rounding=ROUNDINGS[self.rounding],
            unit_fine=False,
            band_below=(),
            band_value=(self.rate,),
        )
        return price_lines(compile_lines([line]), amount, np.zeros(amount.size, np.int32))


@dataclass(frozen=True, slots=True)
class Period:
    """A price and the days (since 1970) on which it was charged."""

    first_day: int
    last_day: int
    price: Price


def percent(billionths: int) -> str:
    """Return a rate as a percentage with at least two decimals."""
    whole, rest = divmod(billionths, RATE_SCALE // 100)
    decimals = f"{rest:07}".rstrip("0").ljust(2, "0")
    return f"{whole}.{decimals} %"


def plain(rounding: str) -> str:
    """Return a rounding mode as people write it, for instance `half up`."""
    return rounding.replace("_", " ")


def major(minor: int, places: int) -> str:
    """Return minor units of a currency with so many decimals as text."""
    sign, scale = "-" if minor < 0 else "", 10**places
    text = f"{sign}{abs(minor) // scale}"
    return f"{text}.{abs(minor) % scale:0{places}}" if places else text


def fit(amount: NDArray[np.int64], fee: NDArray[np.int64]) -> Price | None:
    """Return the price that explains most rows; None when no row can be used."""
    usable = (amount > 0) & (amount <= _MOST) & (fee >= 0) & (fee <= amount)
    amount, fee = amount[usable], fee[usable]
    if amount.size == 0:
        return None
    step = -(-amount.size // SAMPLE)
    sample, sample_fee = amount[::step], fee[::step]
    best: Price | None = None
    for candidate in _candidates(sample, sample_fee):
        if best is None or _score(candidate) > _score(best):
            best = candidate
        if _score(best) >= sample.size - 1:  # a further parameter cannot do better
            break
    assert best is not None
    explained = int((best.fees(amount) == fee).sum())
    return _with_counts(best, explained, amount.size)


def _score(price: Price) -> int:
    """Return how good a price is: each parameter and odd decimal must explain further rows."""
    return price.explained - price.parameters - _ROWS_A_DECIMAL * _odd_decimals(price.rate)


def _with_counts(price: Price, explained: int, rows: int) -> Price:
    return Price(
        price.rate, price.surcharge, price.floor, price.cap, price.rounding, explained, rows
    )


def _candidates(amount: NDArray[np.int64], fee: NDArray[np.int64]) -> Iterator[Price]:
    """Yield the best price of each combination of rounding, surcharge, floor and cap."""
    surcharges = dict.fromkeys((*SURCHARGES, *_intercept(amount, fee)))
    for rounding, surcharge in product(FITTED, surcharges):
        rest = fee - surcharge
        kept = rest >= 0
        if not kept.any():
            continue
        floors, caps = _repeated(amount[kept], rest[kept])
        for floor, cap in product((-1, *floors), (-1, *caps)):
            if -1 < cap <= floor:
                continue
            low, high = _ranges(amount[kept], rest[kept], rounding)
            low = np.where(rest[kept] == floor, 0, low)
            high = np.where(rest[kept] == cap, RATE_SCALE, high)
            rate = _common_rate(low, high)
            price = Price(rate, surcharge, floor, cap, rounding)
            explained = int((price.fees(amount) == fee).sum())
            yield _with_counts(price, explained, amount.size)


def _intercept(amount: NDArray[np.int64], fee: NDArray[np.int64]) -> tuple[int, ...]:
    """Return the surcharge that the smallest and largest amount suggest, to ten minor units."""
    first, last = int(amount.argmin()), int(amount.argmax())
    low, high = int(amount[first]), int(amount[last])
    if low == high:
        return ()
    crossed = int(fee[first]) * high - int(fee[last]) * low
    nearest = (crossed + 5 * (high - low)) // (10 * (high - low)) * 10
    return (nearest,) if nearest > 0 else ()


def _repeated(
    amount: NDArray[np.int64], fee: NDArray[np.int64]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return fees that several amounts share, as possible floors and possible caps.

    The most shared fee may be either; the smallest may be a floor, the largest a cap.
    """
    order = np.lexsort((amount, fee))
    first = np.ones(order.size, np.bool_)
    first[1:] = (np.diff(fee[order]) != 0) | (np.diff(amount[order]) != 0)
    fees, amounts = np.unique(fee[order][first], return_counts=True)
    shared = fees[amounts > 1]
    if shared.size == 0 or fees.size == 1:
        return (), ()
    most = int(fees[int(amounts.argmax())])
    floors = {most, int(fees[0])} & set(shared.tolist())
    caps = {most, int(fees[-1])} & set(shared.tolist())
    return tuple(sorted(floors)), tuple(sorted(caps))


def _ranges(
    amount: NDArray[np.int64], fee: NDArray[np.int64], rounding: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the smallest and largest rate that gives each fee, both inclusive, billionths."""
    whole, double = fee * RATE_SCALE, 2 * amount
    if rounding == "ceiling":
        return (whole - RATE_SCALE) // amount + 1, whole // amount
    if rounding == "floor":
        return -(-whole // amount), -(-(whole + RATE_SCALE) // amount) - 1
    below, above = 2 * whole - RATE_SCALE, 2 * whole + RATE_SCALE
    low, high = -(-below // double), -(-above // double) - 1
    if rounding == "half_even":
        odd = fee % 2 == 1
        low = np.where(odd, below // double + 1, low)
        high = np.where(odd, high, above // double)
    return low, high


def _common_rate(low: NDArray[np.int64], high: NDArray[np.int64]) -> int:
    """Return the rate that most rows allow; a rate of more decimals must explain further rows."""
    lows, highs = np.sort(low), np.sort(high)
    starts = np.unique(np.concatenate([lows, highs + 1]))  # where a row comes in, or has left
    inside = np.searchsorted(lows, starts, "right") - np.searchsorted(highs, starts, "left")
    most = int(inside.max())
    first = starts[int(inside.argmax())]
    starts = starts[inside >= max(most - _ROWS_A_DECIMAL * _DECIMALS, min(most, 2))]
    if starts.size > _RANGES:  # many rows agree on no rate: the first one that is best will do
        starts = np.array([first])
    rates = np.array([_rate_from(int(start), lows, highs, alone=most == 1) for start in starts])
    rows = np.searchsorted(lows, rates, "right") - np.searchsorted(highs, rates, "left")
    odd = np.array([_ROWS_A_DECIMAL * _odd_decimals(rate) for rate in rates.tolist()])
    return int(rates[np.lexsort((odd, odd - rows))[0]])


def _rate_from(
    start: int, lows: NDArray[np.int64], highs: NDArray[np.int64], *, alone: bool
) -> int:
    """Return the roundest rate of the range that begins with `start`.

    `alone`: no two rows share a rate, so that the range ends where the next one begins.
    """
    end = int(highs[int(np.searchsorted(highs, start, "left"))])
    following = int(np.searchsorted(lows, start, "right"))
    if alone and following < lows.size and int(lows[following]) <= end:
        end = max(start, int(lows[following]) - 1)
    return _roundest(max(start, 0), max(min(end, RATE_SCALE), 0))


def _odd_decimals(rate: int) -> int:
    """Return how many decimals beyond two a rate has as a percentage."""
    return len(percent(rate).removesuffix(" %").split(".")[1]) - 2


def _roundest(low: int, high: int) -> int:
    """Return the multiple of the largest power of ten in a range."""
    step = RATE_SCALE // 100
    while step > 1:
        rate = -(-low // step) * step
        if rate <= high:
            return rate
        step //= 10
    return low


def periods(
    amount: NDArray[np.int64], fee: NDArray[np.int64], day: NDArray[np.int64]
) -> list[Period]:
    """Return the prices charged and the days on which each began and ended.

    One price when it explains nearly all rows; otherwise the days are walked in order, and a new
    period begins with the first day on which the price explains less than half of the rows.
    """
    order = np.argsort(day, kind="stable")
    amount, fee, day = amount[order], fee[order], day[order]
    days, starts = np.unique(day, return_index=True)
    edges = np.append(starts, day.size)
    found: list[Period] = []
    first = 0
    while first < days.size:
        rest = slice(edges[first], edges[-1])
        price = fit(amount[rest], fee[rest])
        if price is None:
            break
        last = days.size - 1
        if price.explained * 1_000_000 < GOOD_PPM * price.rows:
            first_day = slice(edges[first], edges[first + 1])
            price = fit(amount[first_day], fee[first_day]) or price
            last = _last_day(amount, fee, edges, first, price)
            span = slice(edges[first], edges[last + 1])
            price = fit(amount[span], fee[span]) or price
        found.append(Period(int(days[first]), int(days[last]), price))
        first = last + 1
    return found


def _last_day(
    amount: NDArray[np.int64],
    fee: NDArray[np.int64],
    edges: NDArray[np.int64],
    first: int,
    price: Price,
) -> int:
    """Return the last day of the run of days, from `first`, that a price mostly explains."""
    right = price.fees(amount) == fee
    last = first
    for position in range(first + 1, edges.size - 1):
        span = right[edges[position] : edges[position + 1]]
        if 2 * int(span.sum()) < span.size:
            break
        last = position
    return last


def infer(rows: pl.DataFrame, by: tuple[str, ...]) -> pl.DataFrame:
    """Return the prices charged for each combination of `by`, one row a period.

    Needs `amount_minor`, `fee_minor`, `clearing_date` and the columns of `by`; successful payments
    of one currency, or `currency` among `by`. Gives `by`, first_day, last_day, price (words), rate
    (billionths), surcharge_minor, floor_minor, cap_minor, rounding, explained, rows.
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
    price = period.price
    days = np.array([period.first_day, period.last_day], "datetime64[D]").tolist()
    return dict(zip(by, keys, strict=True)) | {
        "first_day": days[0],
        "last_day": days[1],
        "price": price.words(_places(by, keys)),
        "rate": price.rate,
        "surcharge_minor": price.surcharge,
        "floor_minor": price.floor if price.floor >= 0 else None,
        "cap_minor": price.cap if price.cap >= 0 else None,
        "rounding": price.rounding,
        "explained": price.explained,
        "rows": price.rows,
    }
