"""The price that explains most of some fees: rate, flat extra, floor, cap and rounding.

Each row says between which two rates its fee can lie; the rate that most rows allow is found by a
sweep over those ranges, in integers. Flat extras are voted on by pairs of rows: two fees on one
line say where it begins. Floors and caps are fees that amounts share which the rate tells apart. Of
equally good prices the simplest wins, and of the rates in the common range the roundest.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recon.core.pricing import RATE_SCALE
from recon.rules.prices.price import Price

FITTED = ("half_up", "half_even", "ceiling", "floor")  # tried in this order
SURCHARGES = (0, 100, 200, 300)
SAMPLE = 1_200  # rows that a fit looks at; it is then judged on all
_FIRST_LOOK = 300  # rows that tell which flat extras, floors and caps are worth a closer look
_CLOSER = 3  # of those
_JUDGED = 8  # prices that are compared on all rows
_VOTED = 3  # flat extras that most pairs of rows vote for
_ROUND = 10  # minor units that flat extras are usually multiples of
_APART = (3, 6)  # two rows of a pair stand that part of all rows apart, by amount
_ROWS_A_DECIMAL = 2  # rows that a further decimal must explain
_DECIMALS = 3  # further decimals that a rounder rate may make up for
_RANGES = 24  # ranges of rates that are compared
_MOST = 3_000_000_000  # amounts and fees up to which products stay in 64 bits


def fit(amount: NDArray[np.int64], fee: NDArray[np.int64]) -> Price | None:
    """Return the price that explains most rows; None when no row can be used."""
    usable = (amount > 0) & (amount <= _MOST) & (fee >= 0) & (fee <= amount)
    amount, fee = amount[usable], fee[usable]
    if amount.size == 0:
        return None
    step = -(-amount.size // SAMPLE)
    sample, sample_fee = amount[::step], fee[::step]
    found: dict[Price, int] = {}
    for idea in _ideas(sample, sample_fee):
        for rounding in FITTED:
            price = _fitted(sample, sample_fee, replace(idea, rounding=rounding))
            found[price] = _score(price)
            if found[price] >= sample.size - 1:  # a further parameter cannot do better
                break
    best = sorted(found, key=lambda price: -found[price])[:_JUDGED]
    first = max((_counted(price, amount, fee) for price in best), key=_score)
    return _with_limits(first, amount, fee)


def _score(price: Price) -> int:
    """Return how good a price is: each parameter and odd decimal must explain further rows."""
    odd = _odd_decimals(price.rate) + (price.surcharge % _ROUND > 0)
    return price.explained - price.parameters - _ROWS_A_DECIMAL * odd


def _counted(price: Price, amount: NDArray[np.int64], fee: NDArray[np.int64]) -> Price:
    """Return the price with how many of the rows it explains."""
    explained = int((price.fees(amount) == fee).sum())
    return replace(price, explained=explained, rows=amount.size)


def _ideas(amount: NDArray[np.int64], fee: NDArray[np.int64]) -> list[Price]:
    """Return the flat extras, floors and caps worth a closer look, the most promising first."""
    step = -(-amount.size // _FIRST_LOOK)
    few, few_fees = amount[::step], fee[::step]
    plateau = _plateau(few, few_fees)
    aside = few_fees != plateau
    extras = (*SURCHARGES, *_voted(few, few_fees), *_voted(few[aside], few_fees[aside]))
    tried: dict[Price, int] = {}
    for surcharge in dict.fromkeys(extras):
        limit = plateau - surcharge
        limits = ((-1, -1), (limit, -1), (-1, limit)) if limit >= 0 else ((-1, -1),)
        for floor, cap in limits:
            price = _fitted(few, few_fees, Price(0, surcharge, floor, cap))
            idea = replace(price, rate=0, rows=0, explained=0)
            tried[idea] = max(_score(price), tried.get(idea, 0))
            if _score(price) >= few.size - 1:
                return [idea]
    return sorted(tried, key=lambda idea: -tried[idea])[:_CLOSER]


def _voted(amount: NDArray[np.int64], fee: NDArray[np.int64]) -> tuple[int, ...]:
    """Return the flat extras that most pairs of rows say, and the round one next to the first.

    Two rows of one line lie on it: where amounts come to nothing, the fee is the extra.
    """
    order = np.argsort(amount, kind="stable")
    low, low_fee = amount[order], fee[order]
    votes = []
    for apart in _APART:
        gap = max(1, amount.size // apart)
        first, second = slice(0, -gap), slice(gap, None)
        width = low[second] - low[first]
        wide = width > 0
        crossed = low_fee[first] * low[second] - low_fee[second] * low[first]
        votes.append((crossed[wide] + width[wide] // 2) // width[wide])
    values, counts = np.unique(np.concatenate(votes), return_counts=True)
    values, counts = values[values > 0], counts[values > 0]
    most = values[np.argsort(-counts, kind="stable")][:_VOTED].tolist()
    rounder = [_ROUND * ((value + _ROUND // 2) // _ROUND) for value in most[:1]]
    return (*most, *(value for value in rounder if value))


def _plateau(amount: NDArray[np.int64], fee: NDArray[np.int64]) -> int:
    """Return the fee that most amounts share, if no rate gives it to them all; -1 for none."""
    fees, counts = _amounts_by_fee(amount, fee)
    if fees.size <= 1 or int(counts.max()) == 1:
        return -1
    most = int(fees[int(counts.argmax())])
    mine = amount[fee == most]
    alike = (2 * most + 1) * int(mine.min()) >= (2 * most - 1) * int(mine.max())
    return -1 if alike else most


def _amounts_by_fee(
    amount: NDArray[np.int64], fee: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the different fees, and how many different amounts have each."""
    order = np.lexsort((amount, fee))
    amount, fee = amount[order], fee[order]
    first = np.ones(fee.size, np.bool_)
    first[1:] = (np.diff(fee) != 0) | (np.diff(amount) != 0)
    return np.unique(fee[first], return_counts=True)


def _fitted(amount: NDArray[np.int64], fee: NDArray[np.int64], idea: Price) -> Price:
    """Return the best price with the extra and rounding of `idea`; its limits are a beginning."""
    rest = fee - idea.surcharge
    kept = rest >= 0
    if not kept.any():
        return _counted(idea, amount, fee)
    paid, rest = amount[kept], rest[kept]
    low, high = _ranges(paid, rest, idea.rounding)
    rate = _rate_between(low, high, rest, idea)
    bare = Price(rate, rounding=idea.rounding).fees(paid)
    limits = replace(
        idea,
        floor=_limit(paid, rest, bare < rest),
        cap=_limit(paid, rest, bare > rest),
    )
    if -1 < limits.cap <= limits.floor:
        limits = replace(limits, floor=idea.floor, cap=idea.cap)
    again = replace(limits, rate=_rate_between(low, high, rest, limits))
    plain = replace(idea, rate=rate, floor=-1, cap=-1)
    tried = [plain, again, replace(again, floor=-1), replace(again, cap=-1)]
    return max((_counted(one, amount, fee) for one in dict.fromkeys(tried)), key=_score)


def _with_limits(price: Price, amount: NDArray[np.int64], fee: NDArray[np.int64]) -> Price:
    """Return the price with a floor or cap that too few rows have for a sample to show it."""
    rest, off = fee - price.surcharge, price.fees(amount) - fee
    tried = [price]
    if price.floor < 0:
        tried.append(replace(price, floor=_limit(amount, rest, off < 0)))
    if price.cap < 0:
        tried.append(replace(price, cap=_limit(amount, rest, off > 0)))
    judged = [_counted(one, amount, fee) for one in tried if not -1 < one.cap <= one.floor]
    return max(judged, key=_score)


def _limit(amount: NDArray[np.int64], fee: NDArray[np.int64], beyond: NDArray[np.bool_]) -> int:
    """Return the fee that most amounts share where the rate alone gives another; -1 if none is."""
    fees, counts = _amounts_by_fee(amount[beyond], fee[beyond])
    return int(fees[int(counts.argmax())]) if counts.size and int(counts.max()) > 1 else -1


def _rate_between(
    low: NDArray[np.int64], high: NDArray[np.int64], rest: NDArray[np.int64], limits: Price
) -> int:
    """Return the rate that most rows allow; rows at a limit allow every rate beyond it."""
    low = np.where(rest == limits.floor, 0, low)
    return _common_rate(low, np.where(rest == limits.cap, RATE_SCALE, high))


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
    step, odd = RATE_SCALE // 10_000, 0
    while rate % step:
        step //= 10
        odd += 1
    return odd


def _roundest(low: int, high: int) -> int:
    """Return the multiple of the largest power of ten in a range."""
    step = RATE_SCALE // 100
    while step > 1:
        rate = -(-low // step) * step
        if rate <= high:
            return rate
        step //= 10
    return low
