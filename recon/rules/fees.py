"""Fee breaks: what was charged against what the contract says, with the cause named.

A row that differs is held against every way in which fees go wrong: cap or floor left out, another
card type, another merchant class, a constant surcharge, another rounding. Only an exact fit counts.
Among several that fit one row, the one that explains most rows of the same merchant, terminal and
contract line wins; equal ones go by the precedence of the codes, and the others are named too.
What none explains is `FEE_RATE`, with the price that was really charged where rows agree on one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core import pricing
from recon.core.codes import Code, Kind, State
from recon.core.pricing import CAP, FLOOR, ROUNDINGS, SURCHARGE, TIED, price_lines
from recon.errors import UsageError
from recon.rules.batch_keys import EVIDENCE_ROWS
from recon.rules.facts import FACTS, facts
from recon.rules.fee_charged import FEWEST, ChargedPrices, charged_prices
from recon.rules.fee_contract import Compiled
from recon.rules.fee_inference import hundredths, percent
from recon.rules.fee_lint import CREDIT_COST

NEEDED = ("txn_id", "kind", "state", "amount_minor", "fee_minor", "currency", "clearing_date")
_CLASS_ATTRIBUTES = ("mcc", "merchant_class")


@dataclass(frozen=True)
class FeePolicy:
    """How fees are judged: the contract, and what counts as a usual surcharge (minor units)."""

    contract: Compiled
    surcharges: tuple[int, ...] = (100, 200, 300)
    tolerance_minor: int = 0
    credit_cost: int | None = CREDIT_COST  # billionths; None: prices below cost are not reported
    credit_words: frozenset[str] = field(default_factory=lambda: frozenset({"credit"}))


@dataclass(frozen=True, slots=True)
class _Variant:
    """One way in which fees go wrong: its code, its words and the fee it would give each row."""

    code: Code
    cause: str
    fee: NDArray[np.int64]
    allowed: NDArray[np.bool_]


def find(rows: pl.DataFrame, policy: FeePolicy, *, with_months: bool = True) -> pl.DataFrame:
    """Return the fee breaks of channel rows, as `recon.rules.facts.FACTS`.

    `with_months`: the rows are whole months, so that lines priced by the month are judged.

    Needs the columns of `NEEDED`, `product` and the attributes of the contract. Fees are signed as
    in `transactions`: a cost is positive. Rows of other currencies and rows without a fee or an
    amount are not judged. Expected and actual are the fee, for a refund the fee that comes back.
    """
    missing = [name for name in NEEDED if name not in rows.columns]
    if missing:
        raise UsageError(
            f"expected columns {', '.join(missing)}, found none of that name",
            where="fees",
            fix="give the rows of `transactions`",
        )
    contract = policy.contract.contract
    known = pl.col("amount_minor").is_not_null() & pl.col("fee_minor").is_not_null()
    rows = rows.filter(known & (pl.col("currency") == contract.currency)).with_columns(
        pl.col("kind").cast(pl.String), pl.col("state").cast(pl.String)
    )
    done = pl.col("state") == State.SUCCESS.name
    payments = rows.filter(done & (pl.col("kind") == Kind.PAYMENT.name))
    refunds = rows.filter(done & (pl.col("kind") == Kind.REFUND.name))
    return facts(
        _on_failed(rows),
        _payments(payments, policy, ("batch", "month") if with_months else ("batch",)),
        _refunds(refunds, policy),
        _unlisted(rows.filter(done & (pl.col("kind") == Kind.FEE.name)), policy),
    )


def of_months(rows: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Return the breaks of lines that are priced by the month; `rows` are whole months."""
    priced = rows.filter(
        pl.col("fee_minor").is_not_null()
        & (pl.col("currency") == policy.contract.contract.currency)
        & (pl.col("kind").cast(pl.String) == Kind.PAYMENT.name)
        & (pl.col("state").cast(pl.String) == State.SUCCESS.name)
    )
    line = policy.contract.price_rows(priced)[1]
    found = priced.with_columns(line=pl.Series(line)).filter(pl.col("line") >= 0)
    return facts(_sums(found, policy, ("month",)))


def _on_failed(rows: pl.DataFrame) -> pl.DataFrame:
    """Report fees on payments that failed, were closed, or were undone without the fee returned."""
    undone = rows.filter(pl.col("kind").is_in([Kind.REVERSAL.name, Kind.VOID.name]))
    returned: set[str] = set()
    if "original_ref" in rows.columns:
        returned = set(undone.filter(pl.col("fee_minor") < 0)["original_ref"].drop_nulls())
    no_money = [State.FAILED.name, State.CLOSED.name]
    wrong = pl.col("state").is_in(no_money)
    references = [name for name in ("order_id", "channel_ref") if name in rows.columns]
    if references:
        given_back = pl.any_horizontal(
            pl.col(name).is_in(list(returned)).fill_null(value=False) for name in references
        )
        wrong |= (pl.col("state") == State.REVERSED.name) & ~given_back
    charged = rows.filter(
        wrong & (pl.col("kind") == Kind.PAYMENT.name) & (pl.col("fee_minor") != 0)
    )
    return charged.select(
        "txn_id",
        code=pl.lit(int(Code.FEE_ON_FAILED)),
        expected_minor=pl.lit(0),
        actual_minor="fee_minor",
        cause="fee on a payment that is " + pl.col("state").str.to_lowercase(),
    )


def _unlisted(rows: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Report fees booked as rows of their own that the contract does not list."""
    contract = policy.contract.contract
    listed = pl.lit(value=False)
    for item in contract.listed:
        fits = pl.col("product") == item.product
        if item.amount is not None:
            fits &= pl.col("amount_minor").abs() == contract.minor(item.amount)
        if item.valid_from is not None:
            fits &= pl.col("clearing_date") >= item.valid_from
        if item.valid_until is not None:
            fits &= pl.col("clearing_date") <= item.valid_until
        listed |= fits.fill_null(value=False)
    return rows.filter(~listed & (pl.col("amount_minor") != 0)).select(
        "txn_id",
        code=pl.lit(int(Code.FEE_UNLISTED)),
        expected_minor=pl.lit(0),
        actual_minor=pl.col("amount_minor").abs(),
        cause="no contract line for " + pl.col("product").fill_null("a fee without a name"),
    )


def _payments(rows: pl.DataFrame, policy: FeePolicy, summed: Sequence[str]) -> pl.DataFrame:
    """Report successful payments whose fee is not the contract's.

    `summed` are the levels whose sums are judged too.
    """
    if rows.height == 0:
        return pl.DataFrame(schema=FACTS)
    fee, line = policy.contract.price_rows(rows)
    rows = rows.with_columns(expected=pl.Series(fee), line=pl.Series(line))
    levels = np.array(
        [item.level or policy.contract.contract.level for item in policy.contract.lines]
    )
    each = (line >= 0) & (levels[np.maximum(line, 0)] == "transaction")
    found = [
        _without_line(rows),
        _sums(rows.filter(pl.Series((line >= 0) & ~each)), policy, summed),
    ]
    rows = rows.filter(pl.Series(each))
    far = (pl.col("fee_minor") - pl.col("expected")).abs() > policy.tolerance_minor
    found += [_explained(rows.filter(far), policy), _below_cost(rows.filter(~far), policy)]
    return facts(*found)


def _without_line(rows: pl.DataFrame) -> pl.DataFrame:
    """Report fees that no line prices, and rows for which two lines are equally specific."""
    unpriced = rows.filter((pl.col("line") == pricing.NO_LINE) & (pl.col("fee_minor") != 0))
    tied = rows.filter(pl.col("line") == TIED)
    return facts(
        unpriced.select(
            "txn_id",
            code=pl.lit(int(Code.FEE_UNLISTED)),
            expected_minor=pl.lit(0),
            actual_minor="fee_minor",
            cause=pl.lit("no contract line applies to the row"),
        ),
        tied.select(
            "txn_id",
            code=pl.lit(int(Code.AMBIGUOUS)),
            actual_minor="fee_minor",
            cause=pl.lit("two contract lines apply and are equally specific"),
        ),
    )


def _sums(rows: pl.DataFrame, policy: FeePolicy, levels: Sequence[str]) -> pl.DataFrame:
    """Report batches and months whose summed fee is not the contract's price of their sum.

    A row without a batch or date cannot be placed in a sum and is not judged.
    """
    contract = policy.contract.contract
    out = []
    for level in levels:
        chosen = [
            position
            for position, line in enumerate(policy.contract.lines)
            if (line.level or contract.level) == level
        ]
        period = pl.col("clearing_date").dt.strftime("%Y-%m")
        if level == "batch":
            period = pl.col("batch_id") if "batch_id" in rows.columns else pl.lit(None, pl.String)
        keys = [name for name in ("merchant_id",) if name in rows.columns]
        groups = (
            rows.filter(pl.col("line").is_in(chosen))
            .with_columns(period=period)
            .drop_nulls("period")
            .sort("txn_id")
            .group_by(*keys, "line", "period", maintain_order=True)
            .agg(
                pl.col("txn_id"),
                amount=pl.col("amount_minor").abs().cast(pl.Int128).sum(),
                fee=pl.col("fee_minor").cast(pl.Int128).sum(),
            )
            .filter(pl.col("amount") <= pricing.MAX_AMOUNT)
            .with_columns(pl.col("amount", "fee").cast(pl.Int64))
        )
        out.append(_wrong_sums(groups, level, policy))
    return facts(*out)


def _wrong_sums(groups: pl.DataFrame, level: str, policy: FeePolicy) -> pl.DataFrame:
    expected = price_lines(
        policy.contract.tariff, groups["amount"].to_numpy(), groups["line"].to_numpy()
    )
    far = (pl.col("fee") - pl.col("expected_minor")).abs() > policy.tolerance_minor
    return (
        groups.with_columns(expected_minor=pl.Series(expected, dtype=pl.Int64))
        .filter(far)
        .select(
            pl.col("txn_id").list.first(),
            "expected_minor",
            code=pl.lit(int(Code.FEE_RATE)),
            other_txn_ids=pl.col("txn_id").list.slice(1, EVIDENCE_ROWS - 1),
            actual_minor="fee",
            cause=pl.format(f"the contract prices the sum of a {level}: {{}}", "period"),
        )
    )


def _below_cost(rows: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Report, one fact a merchant, terminal and line, credit cards priced below cost.

    A line for a merchant class or category is a preferential price on purpose and is left out.
    """
    if policy.credit_cost is None or "card_type" not in rows.columns:
        return pl.DataFrame(schema=FACTS)
    classed = [
        position
        for position, line in enumerate(policy.contract.lines)
        if any(name in line.when for name in _CLASS_ATTRIBUTES)
    ]
    credit = rows.filter(
        ~pl.col("line").is_in(classed)
        & pl.col("card_type").cast(pl.String).is_in(list(policy.credit_words))
        & (pl.col("fee_minor") > 0)
    )
    amount = pl.col("amount_minor").abs().cast(pl.Int128)
    cost = amount * pl.lit(policy.credit_cost, pl.Int128) // pl.lit(pricing.RATE_SCALE, pl.Int128)
    below = credit.with_columns(cost=cost).filter(pl.col("fee_minor") < pl.col("cost"))
    return (
        below.sort("txn_id")
        .group_by(_group_columns(rows), maintain_order=True)
        .agg(
            pl.col("txn_id"),
            expected_minor=pl.col("cost").sum(),
            actual_minor=pl.col("fee_minor").cast(pl.Int128).sum(),
        )
        .select(
            pl.col("txn_id").list.first(),
            "expected_minor",
            "actual_minor",
            other_txn_ids=pl.col("txn_id").list.slice(1),
            code=pl.lit(int(Code.FEE_BELOW_COST)),
            cause=pl.lit(f"credit cards priced below the cost of {percent(policy.credit_cost)}"),
        )
    )


def _group_columns(rows: pl.DataFrame) -> list[str]:
    """Return the columns that rows charged by one price share."""
    return [name for name in ("merchant_id", "terminal_id") if name in rows.columns] + ["line"]


def _explained(rows: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Return the differing rows with the code and cause that fit them."""
    if rows.height == 0:
        return pl.DataFrame(schema=FACTS)
    rows = rows.sort("txn_id")
    columns = _group_columns(rows)
    group = rows.select(pl.struct(columns).rank("dense")).to_series().to_numpy() - 1
    group = group.astype(np.int64)
    actual = rows["fee_minor"].to_numpy()
    variants = list(_variants(rows, policy))
    columns_of_fits = [item.allowed & (item.fee == actual) for item in variants]
    inferred = charged_prices(rows, group, np.stack(columns_of_fits, axis=1))
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
    amount, expected = rows["amount_minor"].abs().to_numpy(), rows["expected"].to_numpy()
    for code, column, cause in (
        (Code.FEE_CAP_MISSED, CAP, "cap not applied"),
        (Code.FEE_FLOOR_MISSED, FLOOR, "floor not applied"),
    ):
        fee = price_lines(tariff.altered(column, -1), amount, line)
        yield _Variant(code, cause, fee, tariff.lines[line, column] >= 0)
    for word, fee, met in _repriced(rows, policy, "card_type"):
        cause = f"charged as card type {word}" if word else "charged as any other card type"
        yield _Variant(Code.FEE_CARD_TYPE, cause, fee, met)
    for attribute in _CLASS_ATTRIBUTES:
        for word, fee, met in _repriced(rows, policy, attribute):
            cause = (
                f"charged as {attribute} {word}" if word else f"charged as any other {attribute}"
            )
            yield _Variant(Code.FEE_CLASS, cause, fee, met)
    for surcharge, met in _surcharges(rows, policy):
        cause = f"surcharge of {hundredths(surcharge)}"
        yield _Variant(Code.FEE_SURCHARGE, cause, expected + surcharge, met)
    for name, mode in ROUNDINGS.items():
        fee = price_lines(tariff.altered(pricing.ROUNDING, mode), amount, line)
        near = np.abs(fee - expected) == 1
        yield _Variant(Code.FEE_ROUNDING, f"rounded {name}", fee, near)
    bare = tariff.altered(SURCHARGE, 0)
    fee = price_lines(bare, amount, line)
    yield _Variant(Code.FEE_RATE, "contracted surcharge not charged", fee, fee != expected)


def _repriced(
    rows: pl.DataFrame, policy: FeePolicy, attribute: str
) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.bool_]]]:
    """Yield, for each word of an attribute, the fee the rows would pay under it.

    The empty word, last, is any that the contract does not name: the price for all others.
    """
    if attribute not in policy.contract.attributes:
        return
    seen: set[bytes] = set()
    for word in (*policy.contract.vocabulary[attribute].words, ""):
        other = rows.with_columns(pl.lit(word or None, pl.String).alias(attribute))
        fee, line = policy.contract.price_rows(other)
        if line.tobytes() in seen:  # words of one line give one price: the first names it
            continue
        seen.add(line.tobytes())
        yield word, fee, (line >= 0) & (line != rows["line"].to_numpy())


def _surcharges(rows: pl.DataFrame, policy: FeePolicy) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield the flat extras that may explain rows, and which rows they may explain.

    The usual ones explain any row. Beside them stands, for each merchant, terminal and line, the
    amount by which most of its rows are overcharged alike, if several amounts share it.
    """
    everywhere = np.ones(rows.height, np.bool_)
    for usual in dict.fromkeys(policy.surcharges):
        yield usual, everywhere
    keys = _group_columns(rows)
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


def _refunds(rows: pl.DataFrame, policy: FeePolicy) -> pl.DataFrame:
    """Report refunds that returned less or more fee than the contract says."""
    if rows.height == 0:
        return pl.DataFrame(schema=FACTS)
    contract, tariff = policy.contract.contract, policy.contract.tariff
    whole, line = policy.contract.price_rows(rows)
    bare = tariff.altered(CAP, -1).altered(FLOOR, -1).altered(SURCHARGE, 0)
    rate_only = price_lines(bare, rows["amount_minor"].abs().to_numpy(), line)
    modes = np.array([item.on_refund or contract.on_refund for item in policy.contract.lines])
    mode = modes[np.maximum(line, 0)]
    expected = np.where(mode == "formula", whole, np.where(mode == "rate", rate_only, 0))
    judged = rows.with_columns(
        expected_minor=pl.Series(expected),
        actual_minor=-pl.col("fee_minor"),
        mode=pl.Series(mode),
    ).filter(pl.Series(line >= 0))
    less = pl.col("actual_minor") < pl.col("expected_minor")
    far = (pl.col("actual_minor") - pl.col("expected_minor")).abs() > policy.tolerance_minor
    return judged.filter(far).select(
        "txn_id",
        "expected_minor",
        "actual_minor",
        code=pl.when(less)
        .then(pl.lit(int(Code.FEE_NOT_RETURNED)))
        .otherwise(pl.lit(int(Code.FEE_OVER_RETURNED))),
        cause=pl.when(pl.col("actual_minor") < 0)
        .then(pl.lit("a fee was charged on the refund"))
        .when(pl.col("actual_minor") == 0)
        .then(pl.lit("no fee returned"))
        .when(pl.col("mode") == "kept")
        .then(pl.lit("the contract keeps the fee on refunds"))
        .when(less)
        .then(pl.lit("part of the fee returned"))
        .otherwise(pl.lit("more than the fee returned")),
    )
