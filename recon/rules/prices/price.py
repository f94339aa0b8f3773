"""One price in integers: rate, flat extra, floor, cap and rounding, and how people say it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.core.pricing import (
    FINE,
    RATE_BANDS,
    RATE_SCALE,
    ROUNDINGS,
    Line,
    compile_lines,
    price_lines,
)

NO_PRICE = "no one price"  # said of fees that agree on none


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
            shape=RATE_BANDS,
            rounding=ROUNDINGS[self.rounding],
            band_value=(self.rate,),
            floor=self.floor * FINE if self.floor >= 0 else -1,
            cap=self.cap * FINE if self.cap >= 0 else -1,
            surcharge=self.surcharge * FINE,
        )
        return price_lines(compile_lines([line]), amount, np.zeros(amount.size, np.int32))


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
