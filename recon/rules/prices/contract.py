"""Fee contracts: what a row should cost, as data of the rule file, compiled to flat integers.

    [[fee_contract]]
    name = "acquirer 2026"
    rounding = "half_up"

    [[fee_contract.line]]
    name = "debit"
    formula = "MIN(20,AMT*0.005)"
    when = { card_type = "debit", mcc = ["5411", "5412"] }
    valid_from = 2026-01-01

A line applies when every condition of `when` holds (any of its words), the amount is in its band
and the day is in its validity. Of the lines that apply, the most specific wins: a condition on the
terminal outranks one on the merchant, then product, card type, category code, merchant class,
source, the contract's own attributes, and an amount band. Two lines of equal rank that both apply
are a tie, which is reported and never decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from math import prod
from typing import Annotated, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from recon.core.money import exponent
from recon.core.pricing import (
    ALL_DAYS,
    FINE,
    MAX_AMOUNT,
    NO_DAY,
    ROUNDINGS,
    Line,
    ProfileOf,
    Profiles,
    Tariff,
    applying,
    compile_lines,
    price,
)
from recon.core.texts.vocabulary import Vocabulary
from recon.errors import UsageError
from recon.rules.prices.formula import Formula, parse_formula

ATTRIBUTES = (
    "terminal_id",
    "merchant_id",
    "product",
    "card_type",
    "mcc",
    "merchant_class",
    "source",
)
_EPOCH = date(1970, 1, 1)
_FEW_PROFILES = 1 << 12  # combinations that are all prepared, met or not
_DENSE = 1 << 22  # combinations up to which a plain table finds a row's profile
_MOST_COMBINATIONS = 1 << 62
_CELLS = 1 << 24  # conditions times lines that are compared at once


def _words(value: Any) -> Any:  # noqa: ANN401 - a validator sees whatever the file holds
    return (value,) if isinstance(value, str) else value


def _exact(value: Any) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, float):
        raise ValueError("money is never a binary float; write it as 12.34 in the rule file")  # noqa: TRY004 - pydantic turns a ValueError into the file's problem list
    return value


Words = Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1)]
Major = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0)]
Rounding = Literal[
    "half_up",
    "ceiling",
    "floor",
    "half_even",
    "half_down",
    "digit_1",
    "digit_2",
    "digit_3",
    "digit_4",
    "digit_5",
    "digit_6",
    "digit_7",
    "digit_8",
    "digit_9",
]
Unit = Literal["minor", "fine"]  # fine: thousandths of a minor unit, 1e-5 yuan
Level = Literal["transaction", "batch", "month"]
OnRefund = Literal["kept", "rate", "formula"]  # rate: without floor, cap and surcharge


class Table(BaseModel):
    """A frozen table of the rule file; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FeeLine(Table):
    """One price: a formula, and the rows that it is for. Amounts are major units."""

    name: Annotated[str, Field(min_length=1)]
    formula: str
    when: dict[str, Words] = Field(default_factory=dict)
    amount_from: Major = Decimal(0)
    amount_below: Major | None = None
    valid_from: date | None = None
    valid_until: date | None = None  # inclusive
    announced: date | None = None
    rounding: Rounding | None = None
    unit: Unit | None = None
    level: Level | None = None
    on_refund: OnRefund | None = None

    @model_validator(mode="after")
    def ranges_are_not_empty(self) -> FeeLine:
        """Refuse a band or a validity that holds nothing."""
        if self.amount_below is not None and self.amount_below <= self.amount_from:
            raise ValueError(f"amount_below {self.amount_below} is not above {self.amount_from}")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError(f"valid_until {self.valid_until} is before {self.valid_from}")
        return self


class ListedFee(Table):
    """A fee that is booked as a row of its own and that the contract allows."""

    product: str
    amount: Major | None = None  # None: any amount
    valid_from: date | None = None
    valid_until: date | None = None


class FeeContract(Table):
    """A whole contract; what a line does not say, the contract says."""

    name: Annotated[str, Field(min_length=1)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "CNY"
    component: Literal["merchant", "interchange", "network"] = "merchant"
    attributes: tuple[str, ...] = ()  # further columns that `when` may name
    rounding: Rounding = "half_up"
    unit: Unit = "minor"
    level: Level = "transaction"
    on_refund: OnRefund = "kept"
    lines: tuple[FeeLine, ...] = Field(alias="line", min_length=1)
    listed: tuple[ListedFee, ...] = ()

    @field_validator("lines")
    @classmethod
    def names_are_unique(cls, lines: tuple[FeeLine, ...]) -> tuple[FeeLine, ...]:
        """Refuse two lines of one name."""
        names = [line.name for line in lines]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"line {twice[0]!r} is declared twice; names are unique")
        return lines

    @model_validator(mode="after")
    def lines_can_be_compiled(self) -> FeeContract:
        """Refuse an unknown attribute, a formula that is not read, money finer than the unit."""
        known = self.known_attributes
        for line in self.lines:
            for attribute in line.when:
                if attribute not in known:
                    raise ValueError(
                        f"line {line.name!r}: {attribute!r} is not an attribute; known: "
                        f"{', '.join(known)}; declare others in `attributes`"
                    )
            self._check_formula(line)
        return self

    def _check_formula(self, line: FeeLine) -> None:
        formula = self.formula_of(line)
        for bound in (line.amount_from, line.amount_below or Decimal(0)):
            self.minor(bound)
        if formula.rounding is not None and line.rounding not in (None, formula.rounding):
            raise ValueError(f"line {line.name!r}: the formula itself says {formula.rounding}")
        money = [formula.surcharge, *(item for item in (formula.floor, formula.cap) if item > 0)]
        if (line.unit or self.unit) == "minor" and any(item % FINE for item in money):
            raise ValueError(
                f"line {line.name!r}: {line.formula!r} has money finer than a minor unit; "
                'write unit = "fine" or whole minor units'
            )

    @property
    def known_attributes(self) -> tuple[str, ...]:
        """Return the columns that a condition may name, the most specific first."""
        return (*ATTRIBUTES, *(name for name in self.attributes if name not in ATTRIBUTES))

    def formula_of(self, line: FeeLine) -> Formula:
        """Return a line's formula in integers."""
        return parse_formula(line.formula, exponent(self.currency))

    def minor(self, major: Decimal) -> int:
        """Return major units as minor units; the model refuses what is not whole."""
        value = major.scaleb(exponent(self.currency))
        if value != value.to_integral_value():
            raise ValueError(f"amount {major} is not a whole number of minor units")
        return int(value)

    def specificity(self, line: FeeLine) -> int:
        """Return a line's rank: one bit a condition, the highest for the most specific."""
        known = self.known_attributes
        rank = sum(1 << (len(known) - known.index(name)) for name in line.when)
        banded = line.amount_from > 0 or line.amount_below is not None
        return rank + int(banded)


@dataclass(frozen=True)
class Compiled:
    """A contract ready to price rows; lines are in order of falling specificity."""

    contract: FeeContract

    @cached_property
    def lines(self) -> tuple[FeeLine, ...]:
        """Return the lines, the most specific first; equal ranks keep the file's order."""
        return tuple(sorted(self.contract.lines, key=self.contract.specificity, reverse=True))

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """Return for each line what is priced: a payment, or the sum of a batch or a month."""
        return tuple(line.level or self.contract.level for line in self.lines)

    @property
    def returns_by_payment(self) -> bool:
        """Return whether the fee on a refund hangs on the payment's day, amount or attributes."""
        given_back = [line.on_refund or self.contract.on_refund for line in self.lines]
        one_price = len(self.lines) == len(self.tariff.band_value) == 1
        return not one_price and set(given_back) != {"kept"}

    def on_level(self, line: NDArray[np.int32], level: Level) -> NDArray[np.bool_]:
        """Return which rows have a line (not a negative status) that is priced on that level."""
        mine = np.array([one == level for one in self.levels])
        chosen: NDArray[np.bool_] = (line >= 0) & mine[np.maximum(line, 0)]
        return chosen

    @cached_property
    def tariff(self) -> Tariff:
        """Return the lines as flat arrays."""
        return compile_lines([self._line(line) for line in self.lines])

    def _line(self, line: FeeLine) -> Line:
        """Return a line of the contract in integers."""
        contract, formula = self.contract, self.contract.formula_of(line)
        below = MAX_AMOUNT + 1
        if line.amount_below is not None:
            below = min(below, contract.minor(line.amount_below))
        return Line(
            specificity=contract.specificity(line),
            amount_from=contract.minor(line.amount_from),
            amount_below=below,
            day_from=_day(line.valid_from, NO_DAY),
            day_until=_day(line.valid_until, ALL_DAYS),
            shape=formula.shape,
            step=formula.step,
            floor=formula.floor,
            cap=formula.cap,
            threshold=formula.threshold,
            surcharge=formula.surcharge,
            rounding=ROUNDINGS[formula.rounding or line.rounding or contract.rounding],
            unit_fine=(line.unit or contract.unit) == "fine",
            band_below=formula.below,
            band_value=formula.values,
        )

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Return the columns that some line has a condition on."""
        used = {name for line in self.lines for name in line.when}
        return tuple(name for name in self.contract.known_attributes if name in used)

    @cached_property
    def vocabulary(self) -> Mapping[str, Vocabulary]:
        """Return, for each attribute, the words that some line names, sorted."""
        return {
            name: Vocabulary(
                sorted({word for line in self.lines for word in line.when.get(name, ())})
            )
            for name in self.attributes
        }

    def profile_rows(self, rows: pl.DataFrame) -> tuple[ProfileOf, Profiles]:
        """Return the profile numbers of rows, and for each profile the lines that it meets."""
        missing = [name for name in self.attributes if name not in rows.columns]
        if missing:
            raise UsageError(
                f"expected columns {', '.join(missing)}, found none of that name",
                where=f"fee contract {self.contract.name!r}",
                fix="map them in the source, or take the conditions on them out of the contract",
            )
        combinations = prod(self._sizes)
        if combinations > _MOST_COMBINATIONS:
            raise UsageError(
                "expected a contract with at most 2^62 combinations of conditions, found more",
                where="fee contract",
                fix="split the contract by merchant",
            )
        keys = self._keys(rows)
        if combinations <= _FEW_PROFILES:
            return keys, self._every_profile
        number, present = _numbered(keys(slice(0, rows.height)), combinations)
        return number.__getitem__, self._profiles(_decoded(present, self._sizes))

    @cached_property
    def _sizes(self) -> list[int]:
        """Return how many different words, any other counted as one, each attribute has."""
        return [self.vocabulary[name].places for name in self.attributes]

    @cached_property
    def _every_profile(self) -> Profiles:
        """Return the profiles of all combinations, whether a row has them or not."""
        return self._profiles(_decoded(np.arange(prod(self._sizes)), self._sizes))

    def _keys(self, rows: pl.DataFrame) -> ProfileOf:
        """Return the combination of places of some rows, as one number a row."""
        vocabularies = [self.vocabulary[name] for name in self.attributes]
        columns = [
            words.prepared(rows[name])
            for words, name in zip(vocabularies, self.attributes, strict=True)
        ]

        def keys(part: slice) -> NDArray[np.int64]:
            key = np.zeros(part.stop - part.start, np.int64)
            for words, column in zip(vocabularies, columns, strict=True):
                words.append_to(key, column[part])
            return key

        return keys

    def _profiles(self, codes: NDArray[np.int64]) -> Profiles:
        """Return the lines of each combination of codes, shape (combinations, attributes)."""
        tables = [self._meets(name) for name in self.attributes]
        chunk = max(1, _CELLS // len(self.lines))
        counts, found = [np.zeros(1, np.int64)], []
        for start in range(0, len(codes), chunk):
            part = codes[start : start + chunk]
            meets = np.ones((len(part), len(self.lines)), np.bool_)
            for position, table in enumerate(tables):
                meets &= table[part[:, position]]
            counts.append(meets.sum(axis=1))
            found.append(np.nonzero(meets)[1].astype(np.int32))
        lines = np.concatenate(found) if found else np.empty(0, np.int32)
        return Profiles(np.cumsum(np.concatenate(counts)), lines)

    def _meets(self, name: str) -> NDArray[np.bool_]:
        """Return, for each code of an attribute, which lines' conditions it meets."""
        words = self.vocabulary[name].words
        free = np.array([name not in line.when for line in self.lines])
        table = np.tile(free, (len(words) + 1, 1))
        number = {word: position + 1 for position, word in enumerate(words)}
        for position, line in enumerate(self.lines):
            for word in line.when.get(name, ()):
                table[number[word], position] = True
        return table

    def price_rows(
        self, rows: pl.DataFrame, threads: int = 1
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return each row's fee for its absolute amount, and its line (negative: a status).

        Needs `amount_minor`, `clearing_date` and the attributes; a row without a date meets only
        lines that are valid for ever.
        """
        profile, profiles = self.profile_rows(rows)
        amount = rows["amount_minor"].to_numpy()
        day = np.empty(0, np.int64)
        if any(line.valid_from or line.valid_until for line in self.lines):
            day = rows["clearing_date"].cast(pl.Int32).cast(pl.Int64).fill_null(NO_DAY).to_numpy()
        return price(self.tariff, profiles, amount, day, profile, threads)

    def applying(self, row: pl.DataFrame) -> NDArray[np.int32]:
        """Return every line that applies to one row, the most specific first.

        Needs what `price_rows` needs. Where the first two are equally specific, none wins.
        """
        number, profiles = self.profile_rows(row)
        profile = int(number(slice(0, 1))[0])
        met = profiles.line[profiles.start[profile] : profiles.start[profile + 1]]
        day = _day(row["clearing_date"][0], NO_DAY)
        return applying(self.tariff, met, row["amount_minor"][0], day)


def _day(day: date | None, unbounded: int) -> int:
    """Return a date as days since 1970."""
    return unbounded if day is None else (day - _EPOCH).days


def _numbered(
    key: NDArray[np.int64], combinations: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each row's number among the combinations that occur, and those combinations."""
    if combinations <= _DENSE:
        seen = np.zeros(combinations, np.bool_)
        seen[key] = True
        number = np.cumsum(seen) - 1
        return number[key], np.flatnonzero(seen)
    present = pl.Series(key).unique().sort().to_numpy()
    return np.searchsorted(present, key), present


def _decoded(present: NDArray[np.int64], sizes: list[int]) -> NDArray[np.int64]:
    """Return the codes, one column an attribute, of combined codes."""
    columns = np.empty((len(present), len(sizes)), np.int64)
    rest = present.copy()
    for position in reversed(range(len(sizes))):
        columns[:, position] = rest % sizes[position]
        rest //= sizes[position]
    return columns
