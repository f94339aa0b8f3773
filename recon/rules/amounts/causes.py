"""Why two amounts differ: causes that fit to the last minor unit, and none that merely come near.

Every cause is arithmetic on integers that a person can repeat. When several fit, the more specific
is named first and the others follow, so that nobody takes one of them for proven.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from recon.core.codes import Code
from recon.core.money import exponent
from recon.errors import UsageError
from recon.rules.breaks.facts import facts
from recon.rules.prices.price import major, percent

NEEDED = ("txn_id", "expected_minor", "actual_minor")
_SCALE = 1_000_000_000
_ROUNDED_TO = (10, 100)  # minor units: a sum cut to 0.10 or to 1.00
_FEWEST = 3  # rows that must share a difference before it is called constant


@dataclass(frozen=True, slots=True)
class Rate:
    """An exchange rate: quote major units for one base major unit, in billionths."""

    label: str  # the day or table it comes from
    base: str
    quote: str
    billionths: int


@dataclass(frozen=True, slots=True)
class CausePolicy:
    """What may explain a difference besides the rows themselves; rates in billionths."""

    tips: tuple[int, ...] = ()  # for instance 150_000_000 for 15 %
    discounts: tuple[int, ...] = ()  # the tiers of a price list
    surcharges: tuple[int, ...] = ()  # minor units
    rates: tuple[Rate, ...] = ()


def find(rows: pl.DataFrame, policy: CausePolicy) -> pl.DataFrame:
    """Return the differences with every cause that fits, as `recon.rules.breaks.facts.FACTS`.

    `rows` are differences: the columns of `NEEDED`, and where known `code`, `other_txn_ids`,
    `fee_minor` and `currency`; `merchant_id` and `terminal_id` for a constant surcharge;
    `base_minor` and `base_currency` for an exchange; `sibling_ids` and `sibling_minor` (lists) for
    rows without a partner that may belong to the sum; `part_names` and `part_minor` (lists) for the
    parts of a batch's net. A difference without a fitting cause keeps a null cause.
    """
    missing = [name for name in NEEDED if name not in rows.columns]
    if missing:
        raise UsageError(
            f"expected columns {', '.join(missing)}, found none of that name",
            where="causes",
            fix="give the expected and the actual amount of each difference",
        )
    table = rows.to_dicts()
    shared = _shared(table)
    causes = ["; also fits: ".join(_named(row, policy, shared)) or None for row in table]
    code = pl.col("code") if "code" in rows.columns else pl.lit(int(Code.AMOUNT_MISMATCH))
    return facts(rows.with_columns(code=code, cause=pl.Series(causes, dtype=pl.String)))


def _named(
    row: Mapping[str, Any], policy: CausePolicy, shared: Counter[tuple[Any, ...]]
) -> list[str]:
    """Return the first cause of a row, and the others as one text."""
    if row["expected_minor"] is None or row["actual_minor"] is None:
        return []
    fitting = list(dict.fromkeys(_fitting(row, policy, shared)))
    return fitting[:1] + ([", ".join(fitting[1:])] if len(fitting) > 1 else [])


def _fitting(
    row: Mapping[str, Any], policy: CausePolicy, shared: Counter[tuple[Any, ...]]
) -> Iterator[str]:
    """Yield every cause that fits a row exactly, the most specific first."""
    expected, actual = row["expected_minor"], row["actual_minor"]
    if expected == actual:
        return
    yield from _exchange(row, policy)
    yield from _scaled(expected, actual)
    yield from _sibling(row)
    yield from _part(row)
    yield from _fee(row)
    yield from _priced(expected, actual, policy)
    yield from _swapped(expected, actual)
    yield from _constant(row, policy, shared)
    yield from _rounded(expected, actual, row)


def _money(minor: int, row: Mapping[str, Any]) -> str:
    """Return minor units with the decimals of the row's currency; two where it is not known."""
    currency = row.get("currency")
    return major(minor, exponent(currency) if currency else 2)


def _exchange(row: Mapping[str, Any], policy: CausePolicy) -> Iterator[str]:
    """Yield the rates that turn the base amount into exactly the actual amount."""
    base, currency = row.get("base_minor"), row.get("base_currency")
    if base is None or currency is None or row.get("currency") is None:
        return
    shift = exponent(row["currency"]) - exponent(currency)
    for rate in policy.rates:
        if (rate.base, rate.quote) != (currency, row["currency"]):
            continue
        up, down = (10**shift, 1) if shift >= 0 else (1, 10**-shift)
        if _signed_rate(base * up, rate.billionths, down) == row["actual_minor"]:
            yield f"converted at the rate of {rate.label}"


def _signed_rate(amount: int, billionths: int, divisor: int = 1) -> int:
    """Return amount x rate / divisor, halves away from zero."""
    scale = _SCALE * divisor
    rated = (2 * abs(amount) * billionths + scale) // (2 * scale)
    return -rated if amount < 0 else rated


def _scaled(expected: int, actual: int) -> Iterator[str]:
    """Yield a decimal mark in another place; two places are a confusion of units."""
    for places in (2, 1, 3):
        factor = 10**places
        words = "unit error x100" if places == 2 else f"decimal shifted by {places}"  # noqa: PLR2004 - fen for yuan
        if expected and actual == expected * factor:
            yield f"{words} (too large)"
        if actual and expected == actual * factor:
            yield f"{words} (too small)"


def _sibling(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield rows without a partner whose amount is exactly the difference."""
    gap = row["expected_minor"] - row["actual_minor"]
    ids, amounts = row.get("sibling_ids") or [], row.get("sibling_minor") or []
    found = [txn_id for txn_id, amount in zip(ids, amounts, strict=True) if amount in (gap, -gap)]
    if len(found) == 1:
        yield f"row {found[0]} of {_money(abs(gap), row)} is missing from the sum or too many in it"
    elif found:
        listed = ", ".join(str(txn_id) for txn_id in sorted(found))
        yield f"one of {len(found)} rows of {_money(abs(gap), row)} ({listed})"


def _part(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield parts of a batch's net (its fees, its refunds) that the sum lacks or has twice."""
    gap = row["actual_minor"] - row["expected_minor"]
    names, amounts = row.get("part_names") or [], row.get("part_minor") or []
    for name, amount in zip(names, amounts, strict=True):
        if gap == -amount:
            yield f"{name} of {_money(abs(amount), row)} left out of the sum"
        elif gap == amount:
            yield f"{name} of {_money(abs(amount), row)} counted twice in the sum"


def _fee(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the row's own fee, taken off or added."""
    fee, gap = row.get("fee_minor"), row["actual_minor"] - row["expected_minor"]
    if fee and gap == -fee:
        yield f"fee of {_money(fee, row)} taken off"
    elif fee and gap == fee:
        yield f"fee of {_money(fee, row)} added"
    elif fee and gap in (2 * fee, -2 * fee):
        yield f"fee of {_money(fee, row)} with the wrong sign"


def _priced(expected: int, actual: int, policy: CausePolicy) -> Iterator[str]:
    """Yield tips and discount tiers that give exactly the actual amount."""
    for tip in policy.tips:
        if actual == expected + _signed_rate(expected, tip):
            yield f"tip of {percent(tip)}"
    for discount in policy.discounts:
        if actual == expected - _signed_rate(expected, discount):
            yield f"tier: discount of {percent(discount)}"
        if actual and expected == actual - _signed_rate(actual, discount):
            yield f"tier: discount of {percent(discount)} not given"


def _swapped(expected: int, actual: int) -> Iterator[str]:
    """Yield two neighbouring digits that changed places."""
    if (expected < 0) != (actual < 0):
        return
    left, right = str(abs(expected)), str(abs(actual))
    width = max(len(left), len(right))
    left, right = left.zfill(width), right.zfill(width)
    places = [place for place in range(width) if left[place] != right[place]]
    if len(places) == 2 and places[1] == places[0] + 1:  # noqa: PLR2004 - two digits
        first, second = places
        if left[first] == right[second] and left[second] == right[first]:
            yield f"digits {left[first]} and {left[second]} swapped"


def _rounded(expected: int, actual: int, row: Mapping[str, Any]) -> Iterator[str]:
    """Yield a rounding of the whole amount to 0.10 or 1.00, with its mode."""
    sign = -1 if expected < 0 else 1
    for unit in _ROUNDED_TO:
        whole, rest = divmod(abs(expected), unit)
        if rest == 0:
            continue
        if actual == sign * whole * unit:
            mode = "down"
        elif actual == sign * (whole + 1) * unit:
            mode = "up"
        else:
            continue
        yield f"rounded {mode} to {_money(unit, row)}"


def _shared(table: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    """Count, by merchant, terminal and difference, the distinct expected amounts."""
    amounts: defaultdict[tuple[Any, ...], set[int]] = defaultdict(set)
    for row in table:
        if row["expected_minor"] is not None and row["actual_minor"] is not None:
            amounts[_place(row)].add(row["expected_minor"])
    return Counter({place: len(found) for place, found in amounts.items()})


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    gap = row["actual_minor"] - row["expected_minor"]
    return row.get("merchant_id"), row.get("terminal_id"), row.get("currency"), gap


def _constant(
    row: Mapping[str, Any], policy: CausePolicy, shared: Counter[tuple[Any, ...]]
) -> Iterator[str]:
    """Yield a surcharge that the policy names, or that several amounts of one terminal share."""
    gap = row["actual_minor"] - row["expected_minor"]
    if gap in policy.surcharges:
        yield f"constant surcharge of {_money(gap, row)}"
    elif shared[_place(row)] >= _FEWEST and row.get("merchant_id") is not None:
        yield f"constant difference of {_money(gap, row)} on {shared[_place(row)]} amounts"
