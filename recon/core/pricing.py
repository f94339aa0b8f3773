"""Prices rows with a compiled fee contract: the door to the fee kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.parallel import run_all
from recon.core.kernels import fee as kernel
from recon.core.money import MAX_MINOR
from recon.core.texts.text import read_only

RATE_SCALE = kernel.RATE_SCALE
FINE = kernel.FINE
RATE_BANDS = kernel.RATE_BANDS
FLAT_BANDS = kernel.FLAT_BANDS
STARTED_STEPS = kernel.STARTED_STEPS
FULL_STEPS = kernel.FULL_STEPS
SHAPE, FLOOR, CAP, SURCHARGE, ROUNDING = (
    kernel.SHAPE,
    kernel.FLOOR,
    kernel.CAP,
    kernel.SURCHARGE,
    kernel.ROUNDING,
)
NO_LINE = kernel.NO_LINE
NO_DAY = kernel.NO_DAY
ALL_DAYS = kernel.ALL_DAYS
TIED = kernel.TIED
OUT_OF_RANGE = kernel.OUT_OF_RANGE
MAX_AMOUNT = MAX_MINOR
SLICE_ROWS = 1 << 16  # what is looked up and priced of them stays in a cache
ROUNDINGS = {
    "half_up": kernel.HALF_UP,
    "ceiling": kernel.CEILING,
    "floor": kernel.ROUND_FLOOR,
    "half_even": kernel.HALF_EVEN,
    "half_down": kernel.HALF_DOWN,
    **{f"digit_{digit}": kernel.DIGIT + digit for digit in range(1, 10)},
}


@dataclass(frozen=True, slots=True)
class Tariff:
    """A compiled fee contract; see `recon.core.kernels.fee` for the columns of `lines`."""

    lines: NDArray[np.int64]  # (line, kernel.WIDTH)
    band_below: NDArray[np.int64]  # minor units, exclusive
    band_value: NDArray[np.int64]  # billionths, or fine units

    def altered(self, column: int, value: int) -> Tariff:
        """Return the tariff with one column of every line set to `value`."""
        lines = self.lines.copy()
        lines[:, column] = value
        return replace(self, lines=lines)

    def rates_alone(self) -> Tariff:
        """Return the tariff with a line for each band: its rate and rounding, and nothing else.

        Flat fees are nothing there. The number of a line is that of the band, see `band_of`.
        """
        bands = self.lines[:, kernel.BAND_END] - self.lines[:, kernel.BAND_START]
        lines = np.repeat(self.lines, bands, axis=0)
        rated = lines[:, SHAPE] == RATE_BANDS
        lines[:, [FLOOR, CAP, kernel.THRESHOLD]] = -1
        lines[:, SURCHARGE] = 0
        lines[:, SHAPE] = RATE_BANDS
        lines[:, kernel.BAND_START] = np.arange(len(lines))
        lines[:, kernel.BAND_END] = np.arange(len(lines)) + 1
        return Tariff(lines, self.band_below, np.where(rated, self.band_value, 0))

    def band_of(self, amount: NDArray[np.int64], line: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the band of each amount at its line; -1 without a line, or where it is free."""
        band = np.full(amount.size, -1, np.int32)
        for number in np.unique(line[line >= 0]):
            start, end = self.lines[number, kernel.BAND_START], self.lines[number, kernel.BAND_END]
            mine = (line == number) & (amount > self.lines[number, kernel.THRESHOLD])
            below = self.band_below[start : end - 1]
            band[mine] = start + np.searchsorted(below, amount[mine], "right")
        return band


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a contract in integers; see `recon.core.kernels.fee` for the units.

    What is not said restricts nothing: a line of every amount and day, without floor or cap.
    """

    shape: int
    rounding: int
    band_value: tuple[int, ...]
    band_below: tuple[int, ...] = ()  # upper bounds of the bands but the last
    unit_fine: bool = False
    specificity: int = 0
    amount_from: int = 0
    amount_below: int = MAX_AMOUNT + 1
    day_from: int = NO_DAY
    day_until: int = ALL_DAYS
    step: int = 1
    floor: int = -1
    cap: int = -1
    threshold: int = -1
    surcharge: int = 0


def compile_lines(lines: list[Line]) -> Tariff:
    """Return the lines as flat arrays, in the order given."""
    table = np.zeros((len(lines), kernel.WIDTH), np.int64)
    below: list[int] = []
    values: list[int] = []
    for number, line in enumerate(lines):
        start = len(values)
        below += [*line.band_below, MAX_AMOUNT + 1]
        values += line.band_value
        table[number] = (
            line.specificity,
            line.amount_from,
            line.amount_below,
            line.day_from,
            line.day_until,
            line.shape,
            line.step,
            line.floor,
            line.cap,
            line.threshold,
            line.surcharge,
            line.rounding,
            line.unit_fine,
            start,
            len(values),
        )
    return Tariff(table, np.array(below, np.int64), np.array(values, np.int64))


@dataclass(frozen=True, slots=True)
class Profiles:
    """For each combination of conditions, the lines that it meets, the most specific first."""

    start: NDArray[np.int64]  # (profiles + 1,)
    line: NDArray[np.int32]


ProfileOf: TypeAlias = Callable[[slice], NDArray[np.int64]]  # the profile numbers of some rows


def price(
    tariff: Tariff,
    profiles: Profiles,
    amount: NDArray[np.int64],
    day: NDArray[np.int64],
    profile: ProfileOf,
    threads: int = 1,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return each row's fee (minor units) and line; a negative line is a status of the kernel.

    A fee is that of the absolute amount (minor units), days count from 1970-01-01; an empty array
    of days is right where no line has a validity. Rows are priced in slices, so that their profile
    numbers need no memory of their own.
    """
    fee = np.empty(amount.size, np.int64)
    line = np.empty(amount.size, np.int32)
    amount, day = read_only(amount), read_only(day)
    sure = np.empty(profiles.start.size - 1, np.int32)
    kernel.list_sure(profiles.start, profiles.line, tariff.lines, sure)

    def work(begin: int) -> None:
        part = slice(begin, min(begin + SLICE_ROWS, amount.size))
        kernel.price(
            amount[part],
            day[part],
            read_only(profile(part)),
            profiles.start,
            profiles.line,
            sure,
            tariff.lines,
            tariff.band_below,
            tariff.band_value,
            fee[part],
            line[part],
        )

    run_all(work, [(begin,) for begin in range(0, amount.size, SLICE_ROWS)], threads)
    return fee, line


def applying(
    tariff: Tariff, candidates: NDArray[np.int32], amount: int, day: int
) -> NDArray[np.int32]:
    """Return the candidates whose amount band and validity an amount and a day are in."""
    fits = [kernel.applies(abs(amount), day, number, tariff.lines) for number in candidates]
    return candidates[np.array(fits, np.bool_)]


def price_lines(
    tariff: Tariff, amount: NDArray[np.int64], line: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Return the fee of each row (minor units) at the line given for it; 0 for no line."""
    fee = np.empty(amount.size, np.int64)
    kernel.price_lines(
        read_only(amount),
        read_only(line),
        tariff.lines,
        tariff.band_below,
        tariff.band_value,
        fee,
    )
    return fee
