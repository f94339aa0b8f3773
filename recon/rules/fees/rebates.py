"""Tiered rebates (退费率): what the month's volume earns, against what was paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from recon.core.attributes import value
from recon.core.codes import Code, Kind, State
from recon.core.money import exponent
from recon.core.schema import OWN_REFERENCES
from recon.core.tiers import Split, split
from recon.errors import UsageError
from recon.rules.breaks.facts import FACTS, facts
from recon.rules.prices.price import major, percent
from recon.rules.rule_file.rebate_terms import RebatePolicy

NEEDED = (
    "txn_id",
    "kind",
    "state",
    "merchant_id",
    "product",
    "amount_minor",
    "fee_minor",
    "currency",
    "clearing_date",
)


@dataclass(frozen=True, slots=True)
class RebateCheck:
    """A policy, the day on which it is judged, and what came on that day.

    With `tonight` (txn_ids), payments are judged on the night they come, and a missing one on the
    night after its due day; without it, everything given is judged.
    """

    policy: RebatePolicy
    as_of: date
    tonight: pl.Series | None = None


def find(rows: pl.DataFrame, policy: RebateCheck) -> pl.DataFrame:
    """Return the rebate breaks, one fact a merchant and month, as `recon.rules.breaks.facts.FACTS`.

    `rows` hold the sales and refunds of whole months and the rows that pay rebates (`product` in
    `paid_as`; `rebate_month` says which month they pay, else it is the month before theirs). Needs
    the columns of `NEEDED`; `region`, `original_date` and `disputed` are made where the policy asks
    and the rows lack them, from their references and attributes. The row of a fact is the payment
    of the rebate, or the month's last sale when none was paid.
    """
    rules = policy.policy
    missing = [name for name in NEEDED if name not in rows.columns]
    if missing:
        raise UsageError(
            f"expected columns {', '.join(missing)}, found none of that name",
            where=f"rebate policy {rules.name!r}",
            fix="give the rows of `transactions` with the columns that the policy asks for",
        )
    rows = rows.filter(pl.col("currency") == rules.currency).with_columns(
        pl.col("kind").cast(pl.String), pl.col("state").cast(pl.String)
    )
    rows = prepared(rows, rules)
    both = stated(rows, rules)
    absent, paid_now = both, both
    if policy.tonight is not None:
        absent = both.filter(pl.col("due_day").dt.offset_by("1d") == policy.as_of)
        came = pl.col("paid_txn_ids").list.eval(pl.element().is_in(policy.tonight.implode()))
        paid_now = both.filter(came.list.any().fill_null(value=False))
    return facts(
        _missing(absent, policy.as_of),
        _late(paid_now),
        _wrong(paid_now.filter(pl.col("paid_minor") != pl.col("expected_minor")), rows, rules),
    )


def prepared(rows: pl.DataFrame, policy: RebatePolicy) -> pl.DataFrame:
    """Return rows with what the policy asks of them: `region`, `original_date`, `disputed`.

    Columns that are there already stay. Needs `original_ref` and references, or `attributes`.
    """
    if policy.regions is not None and "region" not in rows.columns:
        told = value("region") if "attributes" in rows.columns else pl.lit(None, pl.String)
        agreed = pl.col("merchant_id").replace_strict(
            policy.merchant_regions or {"": ""}, default=None, return_dtype=pl.String
        )
        rows = rows.with_columns(region=pl.coalesce(told, agreed))
    if policy.refunds == "original_month" and "original_date" not in rows.columns:
        rows = _with_original_dates(rows)
    if policy.disputed == "excluded" and "disputed" not in rows.columns:
        back = rows.filter(pl.col("kind") == Kind.CHARGEBACK.name)["original_ref"].drop_nulls()
        named = [pl.col(name).is_in(back.implode()) for name in OWN_REFERENCES]
        rows = rows.with_columns(disputed=pl.any_horizontal(named).fill_null(value=False))
    return rows


def _with_original_dates(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the clearing day of the payment that they name; null where none is known."""
    payments = rows.filter(pl.col("kind") == Kind.PAYMENT.name)
    own = [
        payments.select("merchant_id", original_ref=name, original_date="clearing_date")
        for name in OWN_REFERENCES
    ]
    key = ["merchant_id", "original_ref"]
    days = pl.concat(own).drop_nulls("original_ref").sort(*key, "original_date")
    return rows.join(
        days.unique(key, keep="first"),
        on=key,
        how="left",
        nulls_equal=True,  # a source that names no merchants is one account
        maintain_order="left",
    )


def stated(rows: pl.DataFrame, policy: RebatePolicy) -> pl.DataFrame:
    """Return what each merchant and month earns and was paid: `expected` and the payments.

    Beside the columns of `expected`: paid_minor, paid_on, paid_txn_ids, due_day. A month that was
    paid and earned nothing has its row too.
    """
    rows = rows.with_columns(pl.col("kind").cast(pl.String), pl.col("state").cast(pl.String))
    rows = prepared(rows, policy)
    paid, due = _paid(rows, policy), expected(rows, policy)
    both = due.join(paid, on=["merchant_id", "month"], how="full", coalesce=True, nulls_equal=True)
    return both.with_columns(
        pl.col("expected_minor", "paid_minor").fill_null(0),
        due_day=pl.col("month").dt.month_end().dt.offset_by(f"{policy.due_days}d"),
    ).sort("merchant_id", "month")


def expected(rows: pl.DataFrame, policy: RebatePolicy) -> pl.DataFrame:
    """Return what each merchant and month earns: volume, count, portions by tier, rebate.

    Columns merchant_id, month, last_txn_id, volume_minor, count, portions (list, minor units),
    expected_minor, why_nothing.
    """
    sales = _eligible(rows, policy).sort("merchant_id", "month", "occurred", "txn_id")
    groups = sales.select("merchant_id", "month").unique(maintain_order=True).with_row_index("g")
    sales = sales.join(
        groups, on=["merchant_id", "month"], how="left", nulls_equal=True, maintain_order="left"
    )
    answer = _split(sales, policy, groups.height)
    scope = sales.group_by("g", maintain_order=True).agg(last_txn_id=pl.col("txn_id").max())
    why_nothing = (
        pl.when(pl.col("volume_minor") < policy.min_volume_minor)
        .then(pl.lit("volume below the minimum"))
        .when(pl.col("count") < policy.min_count)
        .then(pl.lit("count below the minimum"))
        .otherwise(None)
    )
    return (
        groups.with_columns(
            volume_minor=pl.Series(answer.volume, dtype=pl.Int64),
            count=pl.Series(answer.count, dtype=pl.Int64),
            portions=pl.Series(answer.portion.tolist(), dtype=pl.List(pl.Int64)),
            earned=pl.Series(answer.rebate, dtype=pl.Int64),
        )
        .join(scope, on="g", how="left", maintain_order="left")
        .with_columns(why_nothing=why_nothing)
        .with_columns(
            expected_minor=pl.when(pl.col("why_nothing").is_null()).then("earned").otherwise(0)
        )
        .drop("g", "earned")
    )


def _split(sales: pl.DataFrame, policy: RebatePolicy, groups: int) -> Split:
    """Return the split of sorted sales over the tiers."""
    base = "amount_minor" if policy.base == "volume" else "fee_minor"
    return split(
        policy.compiled,
        groups,
        sales["g"].cast(pl.Int64).to_numpy(),
        sales["amount_minor"].to_numpy(),
        sales[base].fill_null(0).to_numpy(),
        (sales["kind"] == Kind.PAYMENT.name).cast(pl.Int64).to_numpy(),
    )


def _eligible(rows: pl.DataFrame, policy: RebatePolicy) -> pl.DataFrame:
    """Return the payments and refunds that count, with the month they count in."""
    counted = pl.col("clearing_date")
    refund = pl.col("kind") == Kind.REFUND.name
    kinds = pl.col("kind") == Kind.PAYMENT.name
    if policy.refunds != "ignored":
        kinds |= refund
    if policy.refunds == "original_month":
        counted = pl.when(refund).then(pl.col("original_date")).otherwise(counted)
    keep = kinds & (pl.col("state") == State.SUCCESS.name) & pl.col("amount_minor").is_not_null()
    keep &= ~pl.col("product").is_in(policy.paid_as).fill_null(value=False)
    for column, words in (
        ("merchant_id", policy.merchants),
        ("product", policy.products),
        ("region", policy.regions),
    ):
        if words is not None:
            keep &= pl.col(column).is_in(words).fill_null(value=False)
    if "disputed" in rows.columns:
        keep &= ~pl.col("disputed").fill_null(value=False)
    day = pl.col("counted")
    inside = day.is_not_null()
    if policy.valid_from is not None:
        inside &= day >= policy.valid_from
    if policy.valid_until is not None:
        inside &= day <= policy.valid_until
    for span in policy.blackout:
        inside &= ~day.is_between(span.first, span.last)
    occurred = pl.col("occurred_at") if "occurred_at" in rows.columns else counted
    return (
        rows.filter(keep)
        .with_columns(counted=counted, occurred=occurred)
        .filter(inside)
        .with_columns(month=day.dt.month_start())
    )


def _paid(rows: pl.DataFrame, policy: RebatePolicy) -> pl.DataFrame:
    """Return what was paid: merchant_id, month, paid_minor, paid_on, paid_txn_ids."""
    month = pl.col("clearing_date").dt.month_start().dt.offset_by("-1mo")
    if "rebate_month" in rows.columns:
        month = pl.coalesce(pl.col("rebate_month").dt.month_start(), month)
    return (
        rows.filter(
            pl.col("product").is_in(policy.paid_as) & (pl.col("state") == State.SUCCESS.name)
        )
        .sort("txn_id")
        .group_by("merchant_id", month.alias("month"), maintain_order=True)
        .agg(
            paid_minor=pl.col("amount_minor").cast(pl.Int128).sum().cast(pl.Int64),
            paid_on=pl.col("clearing_date").max(),
            paid_txn_ids=pl.col("txn_id"),
        )
    )


def _missing(both: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Report rebates that are due and were not paid at all."""
    return both.filter(
        (pl.col("expected_minor") > 0)
        & pl.col("paid_txn_ids").is_null()
        & (pl.col("due_day") < as_of)
    ).select(
        code=pl.lit(int(Code.REBATE_MISSING)),
        txn_id="last_txn_id",
        expected_minor="expected_minor",
        actual_minor=pl.lit(0),
        cause=pl.format("no rebate for {} by {}", pl.col("month").dt.strftime("%Y-%m"), "due_day"),
    )


def _late(both: pl.DataFrame) -> pl.DataFrame:
    """Report rebates that are right and were paid after their day."""
    return both.filter(
        (pl.col("expected_minor") > 0)
        & (pl.col("paid_minor") == pl.col("expected_minor"))
        & (pl.col("paid_on") > pl.col("due_day"))
    ).select(
        code=pl.lit(int(Code.REBATE_LATE)),
        txn_id=pl.col("paid_txn_ids").list.first(),
        other_txn_ids=pl.col("paid_txn_ids").list.slice(1),
        expected_minor="expected_minor",
        actual_minor="paid_minor",
        cause=pl.format("due by {}, paid on {}", "due_day", "paid_on"),
    )


def _wrong(both: pl.DataFrame, rows: pl.DataFrame, policy: RebatePolicy) -> pl.DataFrame:
    """Report rebates of another amount than the policy gives, with the cause that fits."""
    both = both.filter(pl.col("paid_txn_ids").is_not_null())
    if both.height == 0:
        return pl.DataFrame(schema=FACTS)
    others = _alternatives(rows, policy)
    out = []
    for row in both.to_dicts():
        code, cause = _verdict(row, others, policy)
        out.append(
            {
                "code": int(code),
                "txn_id": row["paid_txn_ids"][0],
                "other_txn_ids": row["paid_txn_ids"][1:],
                "expected_minor": row["expected_minor"],
                "actual_minor": row["paid_minor"],
                "cause": cause,
            }
        )
    return pl.DataFrame(out, schema=FACTS)


_OUTSIDE = "the merchant is not among those of the policy"
Alternatives = list[tuple[Code, str, dict[tuple[object, object], int]]]


def _alternatives(rows: pl.DataFrame, policy: RebatePolicy) -> Alternatives:
    """Return the other ways to compute the rebates, each with its code and words."""
    flipped = "whole" if policy.mode == "excess" else "excess"
    ways: list[tuple[Code, str, RebatePolicy]] = []
    if policy.base == "volume" or policy.measure == "count" or flipped == "whole":
        ways.append(
            (
                Code.REBATE_TIER,
                f"computed in {flipped} mode",
                policy.model_copy(update={"mode": flipped}),
            )
        )
    for number, tier in enumerate(policy.tiers, start=1):
        single = tier.model_copy(update={"start": Decimal(0)})
        alone = policy.model_copy(update={"tiers": (single,), "mode": "whole"})
        ways.append((Code.REBATE_TIER, f"everything at the rate of tier {number}", alone))
        if number < len(policy.tiers):
            capped = policy.model_copy(update={"tiers": policy.tiers[:number]})
            ways.append((Code.REBATE_TIER, f"computed without tier {number + 1} and up", capped))
    ways += [
        (
            Code.REBATE_AMOUNT,
            "refunds were not deducted",
            policy.model_copy(update={"refunds": "ignored"}),
        ),
        (
            Code.REBATE_AMOUNT,
            "blackout days were counted",
            policy.model_copy(update={"blackout": ()}),
        ),
        (
            Code.REBATE_AMOUNT,
            "products outside the policy were counted",
            policy.model_copy(update={"products": None}),
        ),
    ]
    return [(code, words, _by_month(expected(rows, way))) for code, words, way in ways]


def _by_month(answer: pl.DataFrame) -> dict[tuple[object, object], int]:
    rows = answer.select("merchant_id", "month", "expected_minor").iter_rows()
    return {(merchant, month): rebate for merchant, month, rebate in rows}


def _verdict(
    row: dict[str, object], others: Alternatives, policy: RebatePolicy
) -> tuple[Code, str]:
    """Return the code and cause of one wrong rebate; only an exact fit names a cause."""
    if row["expected_minor"] == 0:
        outside = policy.merchants is not None and row["merchant_id"] not in policy.merchants
        nothing = _OUTSIDE if outside else "no eligible volume in the policy's scope reaches a tier"
        why = row["why_nothing"] or nothing
        return Code.REBATE_INELIGIBLE, str(why)
    month = (row["merchant_id"], row["month"])
    for code, words, answer in others:
        if answer.get(month) == row["paid_minor"]:
            return code, f"{words}; due: {_tier_words(row, policy)}"
    return Code.REBATE_AMOUNT, f"due: {_tier_words(row, policy)}"


def _tier_words(row: dict[str, object], policy: RebatePolicy) -> str:
    """Return the expected rebate tier by tier in words."""
    portions = row["portions"]
    assert isinstance(portions, list)
    parts = [
        f"{major(portion, exponent(policy.currency))} x {percent(tier.billionths)}"
        for portion, tier in zip(portions, policy.tiers, strict=True)
        if portion
    ]
    return " + ".join(parts)
