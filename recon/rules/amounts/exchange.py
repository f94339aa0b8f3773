"""Linked rows of two currencies: held against the agreed rate, apart from amounts that differ.

First comes what a row says of itself: an amount before exchange (`base_minor`, `base_currency`) in
the other row's currency is compared as an amount. What was exchanged is then held against the rate
of the declared day. Without a declared exchange and without a base amount nobody can say more than
that the currencies differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code, DisputeStatus, Kind, MatchKind, Side, State
from recon.core.money import CURRENCY_NUMBER, exponent
from recon.core.plan import Leg
from recon.core.schema import BREAKS, conform, words
from recon.rules.breaks.breaks import break_identity
from recon.rules.night import Ledger, Matched, Night, Verdict
from recon.rules.prices.price import plain
from recon.rules.rule_file.exchange_rates import Agreed, Fraction, converted, rounded, within

JUDGED: dict[str, pl.DataType | type[pl.DataType]] = {
    "left": pl.Int64,
    "right": pl.Int64,
    "code": pl.UInt16,  # 0: the amounts agree
    "expected_minor": pl.Int64,
    "actual_minor": pl.Int64,
    "currency": pl.UInt16,
    "cause": pl.String,
    "wait_until": pl.Date,  # set where the rate may still be published
}
_ROUNDINGS = ("half_up", "half_even", "floor", "ceiling")
_HUNDREDTHS = 10_000  # of a percent, in one


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file of rates that is not there, or that was refused."""

    code: Code
    exchange: str
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Told:
    """What one row says of its money."""

    source: str
    amount: int
    currency: str
    base: int | None
    base_currency: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """Two linked rows of different currencies, and the days by which a rate may be looked up."""

    left: Told
    right: Told
    amount_code: Code  # what it is called when two amounts of one currency differ
    days: Mapping[str, date | None]

    @property
    def compares_gross(self) -> bool:
        """Return whether the left row's gross amount is what the right row shows."""
        return self.amount_code is not Code.NET_MISMATCH


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a pair; `code` None means that both sides tell the same."""

    code: Code | None = None
    expected: int = 0
    actual: int = 0
    currency: str = ""
    cause: str | None = None
    wait_until: date | None = None


def foreign_pairs(ledger: Ledger, links: pl.DataFrame) -> pl.DataFrame:
    """Return those links of a leg whose currencies differ: left, right (row positions)."""
    slim = ledger.slim
    mine = links.filter(pl.col("match_kind") == int(MatchKind.KEY)).select("left", "right")
    left, right = mine["left"].to_numpy(), mine["right"].to_numpy()
    currency = slim["currency"].to_numpy()
    return mine.filter(pl.Series(currency[left] != currency[right], dtype=pl.Boolean))


def judge_leg(
    ledger: Ledger, leg: Leg, pairs: pl.DataFrame, wide: pl.DataFrame, night: Night
) -> pl.DataFrame:
    """Return the judgement of each foreign pair of a leg, schema JUDGED.

    `wide` holds the whole rows of the pairs.
    """
    rows = {row["txn_id"]: row for row in wide.iter_rows(named=True)}
    ids = ledger.slim["txn_id"]
    local = _sold(wide, night)
    out: list[tuple[Any, ...]] = []
    for left, right in pairs.iter_rows():
        one, two = rows[ids[left]], rows[ids[right]]
        story = _story(leg, one, two, local)
        found = judge(story, night)
        out.append(
            (
                left,
                right,
                0 if found.code is None else int(found.code),
                found.expected,
                found.actual,
                CURRENCY_NUMBER.get(found.currency),
                found.cause,
                found.wait_until,
            )
        )
    return pl.DataFrame(out, schema=JUDGED, orient="row")


def _sold(wide: pl.DataFrame, night: Night) -> dict[int, date | None]:
    """Return the local day on which each row happened, by txn_id."""
    zone = night.rules.time_zone
    local = pl.col("occurred_at").dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
    days = wide.select("txn_id", local.alias("day"))
    return dict(zip(days["txn_id"].to_list(), days["day"].to_list(), strict=True))


def _story(
    leg: Leg, one: Mapping[str, Any], two: Mapping[str, Any], local: Mapping[int, date | None]
) -> Story:
    """Return what the two rows of a pair say: money, and the days whose rate may have counted."""
    plan = leg.passes[0]
    code = Code.AMOUNT_MISMATCH
    if leg.right is Side.BANK:
        code = Code.NET_MISMATCH
    elif one["kind"] == Kind.REFUND.name:
        code = Code.REFUND_AMOUNT
    cleared = two["clearing_date"] or one["clearing_date"]
    sold = local[one["txn_id"]] or local[two["txn_id"]]
    value = two["value_date"] or one["value_date"]
    return Story(
        _told(one, plan.left_amount),
        _told(two, plan.right_amount),
        code,
        {
            "sold": sold or cleared or value,
            "clearing": cleared or sold or value,
            "value": value or cleared or sold,
        },
    )


def _told(row: Mapping[str, Any], amount: str) -> Told:
    return Told(
        row["source"], row[amount] or 0, row["currency"], row["base_minor"], row["base_currency"]
    )


def judge(story: Story, night: Night) -> Judgement:
    """Return what becomes of two linked rows whose currencies differ."""
    left, right = story.left, story.right
    if right.base is not None and right.base_currency == left.currency:
        if right.base != left.amount:
            return _other_amount(story, left.amount, right.base, left.currency)
        return _at_rate(story, right.base, night) or Judgement()
    if story.compares_gross and left.base is not None and left.base_currency == right.currency:
        if left.base != right.amount:
            return _other_amount(story, left.base, right.amount, right.currency)
        return Judgement()
    return _at_rate(story, left.amount, night) or _other_currency(story, None)


def _other_amount(story: Story, expected: int, actual: int, currency: str) -> Judgement:
    return Judgement(
        story.amount_code, expected, actual, currency, "compared with the amount before exchange"
    )


def _other_currency(story: Story, why: str | None) -> Judgement:
    """Return that the currencies differ: in the left row's, the other side shows nothing."""
    left = story.left
    return Judgement(Code.CURRENCY_MISMATCH, left.amount, 0, left.currency, why)


def _at_rate(story: Story, amount: int, night: Night) -> Judgement | None:
    """Return the judgement by the agreed rate; None where no exchange is agreed for the pair."""
    base, quote = story.left.currency, story.right.currency
    for agreed in night.exchanges:
        terms, book = agreed.terms, agreed.book
        named = {story.left.source, story.right.source}
        if terms.sources and not named & set(terms.sources):
            continue
        if not book.knows(base, quote) and book.complete:
            continue
        day = story.days[terms.day]
        return None if day is None else _judged(story, amount, agreed, day, night)
    return None


def _judged(story: Story, amount: int, agreed: Agreed, day: date, night: Night) -> Judgement:
    """Return whether an exchange is as agreed; it waits while a better rate may still come."""
    base, quote = story.left.currency, story.right.currency
    terms, book = agreed.terms, agreed.book
    rate = book.on(base, quote, day, terms.days_back)
    settled = rate is not None and (
        rate.day == day or book.is_final(base, quote, day, night.calendar)
    )
    until = day + timedelta(days=terms.wait_days)
    if not settled and night.business_date < until:
        return Judgement(Code.IN_TRANSIT, story.left.amount, 0, base, wait_until=until)
    if rate is None:
        silent = f"no rate of {base}/{quote} for {day} or {terms.days_back} days before"
        return _other_currency(story, silent)
    expected = converted(amount, (base, quote), rate, terms, net=True)
    actual = story.right.amount
    if abs(actual - expected) <= within(expected, terms):
        return Judgement()
    if amount * 10 ** exponent(quote) == actual * 10 ** exponent(base):
        return _other_currency(story, "the same figure: no exchange took place")
    why = _why(amount, actual, expected, (base, quote), rate, agreed)
    cause = "; ".join([f"{rate.text} of {rate.day}", *why])
    return Judgement(Code.FX_DIFFERENCE, expected, actual, quote, cause)


def _why(
    amount: int,
    actual: int,
    expected: int,
    currencies: tuple[str, str],
    rate: Fraction,
    agreed: Agreed,
) -> Iterator[str]:
    """Yield the causes that give exactly the actual amount; else how far the rate is off."""
    found = list(dict.fromkeys(_fitting(amount, actual, currencies, rate, agreed)))
    if found:
        yield found[0]
        if found[1:]:
            yield f"also fits: {', '.join(found[1:])}"
        return
    off = abs(actual - expected) * _HUNDREDTHS
    size = rounded(off, abs(expected), "half_up") if expected else 0
    spread = agreed.terms.spread_percent
    yield f"{size // 100}.{size % 100:02d} % off the agreed rate, {spread} % is agreed"


def _fitting(
    amount: int, actual: int, currencies: tuple[str, str], rate: Fraction, agreed: Agreed
) -> Iterator[str]:
    """Yield each departure from the agreed terms that gives exactly the amount booked."""
    terms = agreed.terms
    for other in agreed.book.around(*currencies, rate.day, max(terms.days_back, 1)):
        is_same = other.above * rate.below == rate.above * other.below
        if not is_same and converted(amount, currencies, other, terms, net=True) == actual:
            yield f"the rate of {other.day} was used"
    if terms.markup_percent and converted(amount, currencies, rate, terms, net=False) == actual:
        yield f"the agreed markup of {terms.markup_percent} % was not taken"
    for mode in _ROUNDINGS:
        other_way = terms.model_copy(update={"rounding": mode})
        if converted(amount, currencies, rate, other_way, net=True) == actual:
            yield f"rounded by {plain(mode)} where {plain(terms.rounding)} is agreed"


def codes(
    matched: Matched,
    leg: Leg,
    pair: tuple[NDArray[np.int64], NDArray[np.int64]],
    code: NDArray[np.uint16],
) -> NDArray[np.uint16]:
    """Return the codes of linked pairs with what the exchange says of those that differ by it."""
    judged = matched.exchanged.get(leg.name)
    if judged is None or judged.height == 0:
        return code
    told = _aligned(judged, *pair)["code"].to_numpy()
    return np.where(code == int(Code.CURRENCY_MISMATCH), told, code).astype(np.uint16)


def amended(findings: pl.DataFrame, matched: Matched, leg: Leg) -> pl.DataFrame:
    """Return findings of pairs with the amounts, currency and cause that the exchange says."""
    judged = matched.exchanged.get(leg.name)
    if judged is None or judged.height == 0 or findings.height == 0:
        return findings
    left, right = (findings["rows"].list.get(place).to_numpy() for place in (0, 1))
    told = _aligned(judged, left, right)
    mine = told["code"] == findings["code"]
    changed = pl.concat(
        [
            findings.with_columns(pl.lit(None, pl.String).alias("cause")),
            told.select(pl.exclude("left", "right", "code", "wait_until").name.prefix("told_")),
        ],
        how="horizontal",
    ).with_columns(mine.fill_null(value=False).alias("mine"))
    columns = ("expected_minor", "actual_minor", "currency", "cause")
    return changed.with_columns(
        pl.when("mine").then(f"told_{name}").otherwise(name).alias(name) for name in columns
    ).select(*findings.columns, "cause")


def waiting(matched: Matched, leg: Leg) -> Verdict:
    """Return the pairs that wait together for the rate of their day."""
    judged = matched.exchanged.get(leg.name)
    if judged is None:
        return Verdict.of()
    patient = judged.filter(pl.col("wait_until").is_not_null())
    slim = matched.ledger.slim
    if leg.right is not Side.BANK:  # rows that moved no money have nothing to wait for
        moved = (slim["state"] == int(State.SUCCESS)).to_numpy()
        both = moved[patient["left"].to_numpy()] & moved[patient["right"].to_numpy()]
        patient = patient.filter(pl.Series(both, dtype=pl.Boolean))
    rows = [
        patient.select(
            pl.col(side).alias("row"),
            pl.lit(leg.name).alias("leg"),
            pl.lit(int(leg.right)).alias("waiting_for"),
            "wait_until",
        )
        for side in ("left", "right")
    ]
    return Verdict.of(waiting=pl.concat(rows))


def _aligned(
    judged: pl.DataFrame, left: NDArray[np.int64], right: NDArray[np.int64]
) -> pl.DataFrame:
    """Return the judgement of each pair in the order given, code 0 where there is none."""
    pairs = pl.DataFrame(
        {"left": left, "right": right}, schema={"left": pl.Int64, "right": pl.Int64}
    )
    joined = pairs.join(judged, on=["left", "right"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("code").fill_null(0))


def file_findings(problems: Iterable[FileProblem], night: Night) -> pl.DataFrame:
    """Return one break for each file of rates that is missing or was refused (table BREAKS)."""
    rows = [
        {
            "break_id": break_identity(
                night.rules.name,
                int(item.code),
                "",
                f"{item.exchange}|{item.name}|{night.business_date}",
            ),
            "business_date": night.business_date,
            "code": item.code.name,
            "leg": "",
            "txn_ids": [],
            "source": item.exchange,
            "cause": item.message,
            "first_seen": night.business_date,
            "status": DisputeStatus.NEW.name,
        }
        for item in problems
    ]
    if not rows:
        return BREAKS.empty()
    frame = pl.DataFrame(rows, schema_overrides={"txn_ids": pl.List(pl.Int64)})
    named = (pl.col("code").cast(words(Code)), pl.col("status").cast(words(DisputeStatus)))
    return conform(frame.with_columns(named), BREAKS)
