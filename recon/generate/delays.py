"""Nights whose file is damaged or late: what waits for that side is judged a night later."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from recon.generate.profile import ALIPAY


@dataclass(frozen=True, slots=True)
class Delays:
    """Which files come late, and which nights cannot judge a side."""

    channel_late: dict[str, frozenset[int]] = field(default_factory=dict)  # product -> nights
    channel_blocked: dict[str, frozenset[int]] = field(default_factory=dict)
    merchant_blocked: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()  # days whose Alipay bill never comes

    def is_lost(self) -> pl.Expr:
        """Return which charges no bill ever shows."""
        return (pl.col("channel") == ALIPAY) & pl.col("day").is_in(sorted(self.lost))

    def touches_lost(self) -> pl.Expr:
        """Return which sales may end, today or a day late, in a bill that never comes."""
        near = self.lost | {day - 1 for day in self.lost}
        return (pl.col("channel") == ALIPAY) & pl.col("day").is_in(sorted(near))

    def delivered(self, day: str = "day") -> pl.Expr:
        """Return the night on which a charge of a clearing day is delivered."""
        late = pl.lit(value=False)
        for product, nights in self.channel_late.items():
            late |= (pl.col("channel") == product) & pl.col(day).is_in(sorted(nights))
        return (pl.col(day) + late.cast(pl.Int32)).cast(pl.Int32)

    def judged_by_channel(self, night: pl.Expr) -> pl.Expr:
        """Return the first night from `night` on which a missing charge is reported."""
        for product, nights in self.channel_blocked.items():
            for one in sorted(nights):
                night = (
                    pl.when((pl.col("channel") == product) & (night == one))
                    .then(one + 1)
                    .otherwise(night)
                )
        return night

    def judged_by_merchant(self, night: pl.Expr) -> pl.Expr:
        """Return the first night from `night` on which a missing order is reported."""
        for one in sorted(self.merchant_blocked):
            night = pl.when(night == one).then(one + 1).otherwise(night)
        return night

    def judged_by_any_channel(self, night: int) -> int:
        """Return the first night from `night` on which an unexplained bank line is reported."""
        blocked = {one for nights in self.channel_blocked.values() for one in nights}
        while night in blocked:
            night += 1
        return night
