"""Splits volumes over tiers and prices the parts: the door to the rebate kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.kernels import rebate as kernel
from recon.core.pricing import RATE_SCALE
from recon.core.texts.text import read_only


@dataclass(frozen=True, slots=True)
class Tiers:
    """The starts (minor units or counts, rising) and rates (billionths) of a policy."""

    start: tuple[int, ...]
    rate: tuple[int, ...]
    by_count: bool
    excess: bool


@dataclass(frozen=True, slots=True)
class Split:
    """By group: net volume, count, the base in each tier, the rebate; money in minor units."""

    volume: NDArray[np.int64]
    count: NDArray[np.int64]
    portion: NDArray[np.int64]  # (group, tier)
    rebate: NDArray[np.int64]


def split(
    tiers: Tiers,
    groups: int,
    group: NDArray[np.int64],
    amount: NDArray[np.int64],
    base: NDArray[np.int64],
    step: NDArray[np.int64],
) -> Split:
    """Return the split of rows sorted by group and time; see the kernel for the rules."""
    volume, count = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
    portion = np.zeros((groups, len(tiers.start)), np.int64)
    kernel.split(
        read_only(group),
        read_only(amount),
        read_only(base),
        read_only(step),
        np.array(tiers.start, np.int64),
        tiers.by_count,
        tiers.excess,
        volume,
        count,
        portion,
    )
    return Split(volume, count, portion, rated(portion, tiers.rate))


def rated(portion: NDArray[np.int64], rates: tuple[int, ...]) -> NDArray[np.int64]:
    """Return, by group, the sum of portion x rate, rounded half-up once, minor units.

    Exact while a group's portions are below 9.2e18 minor units: no product leaves 64 bits.
    """
    rate = np.array(rates, np.int64)
    part = (portion % RATE_SCALE) * rate
    whole = (portion // RATE_SCALE * rate + part // RATE_SCALE).sum(axis=1)
    rest = (part % RATE_SCALE).sum(axis=1)
    exact: NDArray[np.int64] = whole + (rest + RATE_SCALE // 2) // RATE_SCALE
    return exact
