"""Why a fee differs from the contract's: every way in which fees go wrong, held against the rows.

Cap or floor left out, another card type, another merchant class, a constant surcharge, another
rounding. Only an exact fit counts. Among several that fit one row, the one that explains most rows
of the same merchant, terminal and contract line wins; equal ones go by the precedence of the codes,
and the others are named too. What none explains is `FEE_RATE`, with the price that was really
charged where rows agree on one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core import pricing
from recon.core.codes import Code
from recon.core.money import exponent
from recon.core.pricing import CAP, FLOOR, ROUNDINGS, SURCHARGE, price_lines
from recon.rules.breaks.facts import FACTS
from recon.rules.fees.charged import FEWEST, ChargedPrices, charged_prices
from recon.rules.prices.policy import FeePolicy
from recon.rules.prices.price import major, percent, plain

CLASS_ATTRIBUTES = {"mcc": "MCC", "merchant_class": "merchant class"}  # and how people call them
_MOST_WORDS = 3  # of one price that a cause names


@dataclass(frozen=True, slots=True)
class _Variant:
    """One way in which fees go wrong: its code, its words and the fee it would give each row."""

    code: Code
    cause: str
    fee: NDArray[np.int64]
    allowed: NDArray[np.bool_]


def group_columns(rows: pl.DataFrame) -> list[str]:
    """Return the columns that rows charged by one price share."""
    return [name for name in ("merchant_id", "terminal_id") if name in rows.columns] + ["line"]


def explained(rows: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Return the differing rows with the code and cause that fit them."""
    if rows.height == 0:
        return pl.DataFrame(schema=FACTS)
    rows = rows.sort("txn_id")
    columns = group_columns(rows)
    group = rows.select(pl.struct(columns).rank("dense")).to_series().to_numpy() - 1
    group = group.astype(np.int64)
    actual = rows["fee_minor"].to_numpy()
    variants = list(_variants(rows, policy))
    columns_of_fits = [item.allowed & (item.fee == actual) for item in variants]
    places = exponent(policy.contract.contract.currency)
    inferred = charged_prices(rows, group, np.stack(columns_of_fits, axis=1), places)
    variants.append(_Variant(Code.FEE_RATE, "", inferred.fee, inferred.found))
    fits = np.stack([*columns_of_fits, inferred.found & (inferred.fee == actual)], axis=1)
    chosen = _most_explaining(fits, group)
    causes = [
        _cause(row, variants, fits[row], int(chosen[row]), inferred) for row in range(rows.height)
    ]
    codes = [int(variants[choice].code if choice >= 0 else Code.FEE_RATE) for choice in chosen]
    unexplained = chosen < 0
    implied = _implied(rows)
    return rows.select(
        "txn_id",
        code=pl.Series(codes, dtype=pl.UInt16),
        expected_minor="expected",
        actual_minor="fee_minor",
        cause=pl.when(pl.Series(unexplained))
        .then(implied)
        .otherwise(pl.Series(causes, dtype=pl.String)),
    )


def _variants(rows: pl.DataFrame, policy: FeePolicy) -> Iterator[_Variant]:
    """Yield every way in which these rows may have been priced wrongly, in order of precedence."""
    tariff, line = policy.contract.tariff, rows["line"].to_numpy()
    places = exponent(policy.contract.contract.currency)
    amount, expected = rows["amount_minor"].abs().to_numpy(), rows["expected"].to_numpy()
    for code, column, cause in (
        (Code.FEE_CAP_MISSED, CAP, "cap not applied"),
        (Code.FEE_FLOOR_MISSED, FLOOR, "floor not applied"),
    ):
        fee = price_lines(tariff.altered(column, -1), amount, line)
        yield _Variant(code, cause, fee, tariff.lines[line, column] >= 0)
    for attribute, name in ({"card_type": "card type"} | CLASS_ATTRIBUTES).items():
        code = Code.FEE_CLASS if attribute in CLASS_ATTRIBUTES else Code.FEE_CARD_TYPE
        for words, fee, met in _repriced(rows, policy, attribute):
            yield _Variant(code, f"charged as {_either(name, words)}", fee, met)
    for surcharge, met in _surcharges(rows, policy):
        cause = f"surcharge of {major(surcharge, places)}"
        yield _Variant(Code.FEE_SURCHARGE, cause, expected + surcharge, met)
    for name, mode in ROUNDINGS.items():
        fee = price_lines(tariff.altered(pricing.ROUNDING, mode), amount, line)
        near = np.abs(fee - expected) == 1
        yield _Variant(Code.FEE_ROUNDING, f"rounded {plain(name)}", fee, near)
    bare = tariff.altered(SURCHARGE, 0)
    fee = price_lines(bare, amount, line)
    yield _Variant(Code.FEE_RATE, "contracted surcharge not charged", fee, fee != expected)


def _repriced(
    rows: pl.DataFrame, policy: FeePolicy, attribute: str
) -> Iterator[tuple[list[str], NDArray[np.int64], NDArray[np.bool_]]]:
    """Yield, for the words of an attribute that price the rows alike, the fee they would pay.

    No words, last, are any that the contract does not name: the price for all others.
    """
    if attribute not in policy.contract.attributes:
        return
    alike: dict[bytes, tuple[list[str], NDArray[np.int64], NDArray[np.int32]]] = {}
    for word in (*policy.contract.vocabulary[attribute].words, ""):
        other = rows.with_columns(pl.lit(word or None, pl.String).alias(attribute))
        fee, line = policy.contract.price_rows(other)
        words, _, _ = alike.setdefault(line.tobytes(), ([], fee, line))
        words += [word] if word else []
    for words, fee, line in alike.values():
        yield words, fee, (line >= 0) & (line != rows["line"].to_numpy())


def _either(name: str, words: list[str]) -> str:
    """Return words of one price as text, for instance `MCC 5411 or 5541`."""
    if not words:
        return f"any other {name}"
    more = len(words) - _MOST_WORDS
    shown = " or ".join(words[:_MOST_WORDS])
    return f"{name} {shown}" + (f" or {more} more" if more > 0 else "")


def _surcharges(rows: pl.DataFrame, policy: FeePolicy) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield the flat extras that may explain rows, and which rows they may explain.

    The usual ones explain any row. Beside them stands, for each merchant, terminal and line, the
    amount by which most of its rows are overcharged alike, if several amounts share it.
    """
    everywhere = np.ones(rows.height, np.bool_)
    for usual in dict.fromkeys(policy.surcharges):
        yield usual, everywhere
    keys = group_columns(rows)
    over = rows.select(*keys, "amount_minor", residual=pl.col("fee_minor") - pl.col("expected"))
    shared = (
        over.filter(pl.col("residual") > 1)
        .group_by(*keys, "residual")
        .agg(amounts=pl.col("amount_minor").n_unique())
        .filter(pl.col("amounts") >= FEWEST)
        .sort("amounts", "residual", descending=[True, False])
        .unique(keys, keep="first", maintain_order=True)
    )
    own = over.join(
        shared.select(*keys, own="residual"),
        on=keys,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )["own"]
    for residual in own.drop_nulls().unique().sort().to_list():
        if residual not in policy.surcharges:
            yield residual, (own == residual).fill_null(value=False).to_numpy()


def _most_explaining(fits: NDArray[np.bool_], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the variant chosen for each row (-1 none): the one that explains most of its group.

    `fits` is (row, variant). The winner takes its rows, then the next best of the rows left; of
    equal ones the first.
    """
    chosen = np.full(len(fits), -1, np.int64)
    left = fits.copy()
    while left.any():
        counts = np.zeros((int(group.max()) + 1, fits.shape[1]), np.int64)
        np.add.at(counts, group, left)
        best = counts.argmax(axis=1)[group]
        taken = left[np.arange(len(fits)), best]
        chosen[taken] = best[taken]
        left[taken] = False
    return chosen


def _cause(
    row: int,
    variants: list[_Variant],
    fits: NDArray[np.bool_],
    choice: int,
    inferred: ChargedPrices,
) -> str:
    """Return the chosen cause of a row in words, and the other causes that fit it as well."""
    if choice < 0:
        return ""
    charged = inferred.words.get(int(inferred.group[row]), "")
    names = [item.cause or charged for item in variants]
    others = [names[other] for other in np.flatnonzero(fits) if other != choice and names[other]]
    if names[choice] == charged:
        others += inferred.others[int(inferred.group[row])]
    if variants[choice].code is Code.FEE_ROUNDING:
        others = [name for name in others if not name.startswith("rounded digit")]
    also = f"; also fits: {', '.join(others)}" if others else ""
    return names[choice] + also


def _implied(rows: pl.DataFrame) -> pl.Series:
    """Return the rate that each fee implies, in words, for rows that nothing explains."""
    pairs = zip(rows["amount_minor"].abs().to_list(), rows["fee_minor"].to_list(), strict=True)
    return pl.Series(
        [
            f"implied rate {percent((fee * 10_000_000 + amount // 2) // amount * 100)}"
            if amount and fee >= 0
            else None
            for amount, fee in pairs
        ],
        dtype=pl.String,
    )
