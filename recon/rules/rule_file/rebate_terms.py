"""Rebate policies of the rule file (退费率): tiers, what counts, and when the rebate is due.

    [[rebate]]
    name = "2026 volume rebate"
    tiers = [{ from = 100000, rate = "0.05%" }, { from = 500000, rate = "0.10%" }]

`mode = "excess"` (the default) pays each tier's rate on the part inside it; `"whole"` pays the rate
of the tier reached on everything. `measure = "count"` makes `from` a number of payments. Refunds,
blackout days and products outside the policy do not count. A row's region is the attribute `region`
that its file tells, else that of its merchant (`merchant_regions`). With `refunds =
"original_month"` a refund is taken back from the month of the payment that it names.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from recon.core.money import exponent
from recon.core.pricing import RATE_BANDS
from recon.core.tiers import Tiers
from recon.rules.prices.contract import Major, Table, Words
from recon.rules.prices.formula import parse_formula


class Tier(Table):
    """One tier: where it starts (major units, or payments) and its rate, for instance `0.05%`."""

    start: Major = Field(alias="from")
    rate: str

    @field_validator("rate")
    @classmethod
    def rate_is_read(cls, rate: str) -> str:
        """Refuse what is not a plain rate."""
        formula = parse_formula(rate)
        if formula.shape != RATE_BANDS or formula.below or formula.surcharge:
            raise ValueError(f"{rate!r} is not a plain rate such as 0.05%")
        return rate

    @property
    def billionths(self) -> int:
        """Return the rate in billionths."""
        return parse_formula(self.rate).values[0]


class Blackout(Table):
    """Days that earn nothing, both ends included."""

    first: date
    last: date


class RebatePolicy(Table):
    """One rebate policy; what is left out does not restrict."""

    name: Annotated[str, Field(min_length=1)]
    version: str = "1"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "CNY"
    mode: Literal["excess", "whole"] = "excess"
    measure: Literal["volume", "count"] = "volume"
    base: Literal["volume", "fee"] = "volume"
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=64)]
    min_volume: Major = Decimal(0)
    min_count: Annotated[int, Field(ge=0)] = 0
    blackout: tuple[Blackout, ...] = ()
    merchants: Words | None = None
    products: Words | None = None
    regions: Words | None = None
    merchant_regions: dict[str, str] = Field(default_factory=dict)  # merchant number -> region
    valid_from: date | None = None
    valid_until: date | None = None
    refunds: Literal["their_month", "original_month", "ignored"] = "their_month"
    disputed: Literal["counted", "excluded"] = "counted"  # payments that were charged back
    paid_as: Words = ("rebate",)  # words of `product` on the rows that pay the rebate
    due_days: Annotated[int, Field(ge=0, le=366)] = 30  # natural days after the month's last day

    @model_validator(mode="after")
    def tiers_make_sense(self) -> RebatePolicy:
        """Refuse tiers that do not rise, and a base that cannot be split."""
        starts = self.compiled.start
        if list(starts) != sorted(set(starts)):
            raise ValueError("tiers must rise: each `from` above the one before")
        if self.base == "fee" and self.mode == "excess" and self.measure == "volume":
            raise ValueError(
                'base = "fee" cannot be split by volume inside one payment; write mode = "whole" '
                'or measure = "count"'
            )
        return self

    @property
    def compiled(self) -> Tiers:
        """Return the tiers in integers."""
        scale = 0 if self.measure == "count" else exponent(self.currency)
        starts = [tier.start.scaleb(scale) for tier in self.tiers]
        if any(start != start.to_integral_value() for start in starts):
            raise ValueError("a tier starts at a whole number of minor units, or of payments")
        return Tiers(
            tuple(int(start) for start in starts),
            tuple(tier.billionths for tier in self.tiers),
            self.measure == "count",
            self.mode == "excess",
        )

    @property
    def min_volume_minor(self) -> int:
        """Return the minimum volume in minor units."""
        return int(self.min_volume.scaleb(exponent(self.currency)))
