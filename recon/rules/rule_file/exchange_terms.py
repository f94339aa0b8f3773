"""What was agreed about exchange: whose rate counts, of which day, at which markup and rounding.

    [[exchange]]
    name = "card scheme"
    rates = "rates/{date:%Y%m%d}.csv"
    day = "clearing"
    markup_percent = "1.5"

A rates file is CSV with the columns `date,base,quote,rate` and, where a rate is for several units
(100 yen), `unit`. Few rates may stand in the rule file itself, as `[[exchange.rate]]`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from recon.rules.prices.contract import Table
from recon.rules.rule_file.texts import Currency, DatedPaths, Minor

RATE_DECIMALS = 12
PERCENT_DECIMALS = 6


def _as_text(value: Any) -> Any:  # noqa: ANN401 - any TOML value; what is no number is refused below
    """Return a number as text, so that it is read as it was written."""
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


Percent = Annotated[
    Decimal, BeforeValidator(_as_text), Field(ge=-50, le=50, decimal_places=PERCENT_DECIMALS)
]


class ExchangeRate(Table):
    """One rate: `unit` of the base currency cost `rate` of the quote currency on a day."""

    date: date
    base: Currency
    quote: Currency
    rate: Annotated[
        Decimal, BeforeValidator(_as_text), Field(gt=0, le=10**9, decimal_places=RATE_DECIMALS)
    ]
    unit: Literal[1, 10, 100, 1000, 10000] = 1

    @model_validator(mode="after")
    def names_two_currencies(self) -> ExchangeRate:
        """Refuse a rate of a currency to itself."""
        if self.base == self.quote:
            raise ValueError(f"base and quote are both {self.base}; a rate is between two")
        return self


class Exchange(Table):
    """An exchange between two currencies, and how far the amounts may stand from its rate."""

    name: Annotated[str, Field(min_length=1)]
    sources: tuple[str, ...] = ()  # whose rows were exchanged; none named: all of them
    rates: DatedPaths = ()  # CSV files; {date} is the business date
    rate: tuple[ExchangeRate, ...] = ()
    day: Literal["sold", "clearing", "value"] = "clearing"  # the rate of which day counts
    days_back: Annotated[int, Field(ge=0, le=366)] = 10  # the rate of a day without one
    wait_days: Annotated[int, Field(ge=0, le=31)] = 3  # for the rate of a day to be published
    markup_percent: Percent = Decimal(0)  # agreed; + lowers what the right side of a leg shows
    spread_percent: Percent = Decimal(0)  # most that the rate may stand from the agreed one
    tolerance_minor: Minor = 0  # on top of the spread
    rounding: Literal["half_up", "half_even", "ceiling", "floor"] = "half_up"

    @field_validator("spread_percent")
    @classmethod
    def spread_has_no_sign(cls, spread: Decimal) -> Decimal:
        """Refuse a spread below zero: it holds in both directions."""
        if spread < 0:
            raise ValueError("spread_percent is a distance; write it without a sign")
        return spread

    @model_validator(mode="after")
    def has_rates(self) -> Exchange:
        """Refuse an exchange without any rate."""
        if not self.rates and not self.rate:
            raise ValueError(f"exchange {self.name!r} has no rates: name a file or write [[rate]]")
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the declared files."""
        return (self.rates,) if isinstance(self.rates, str) else self.rates
