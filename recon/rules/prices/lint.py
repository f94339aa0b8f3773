"""What is questionable in a fee contract before it prices a row: gaps, overlaps, caps, notice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum, unique
from itertools import combinations, pairwise

from recon.core.money import format_minor
from recon.core.pricing import FINE, MAX_AMOUNT, RATE_BANDS, RATE_SCALE
from recon.rules.prices.contract import FeeContract, FeeLine

NOTICE_DAYS = 30  # network payments: notice before a fee is added or raised
# Ceilings of the prices between institutions since 2016-09-06, confirmed in the 2022 price list:
# (component, card type) -> rate in billionths, cap in minor units of CNY or none.
CEILINGS: dict[tuple[str, str], tuple[int, int | None]] = {
    ("interchange", "debit"): (3_500_000, 1300),
    ("interchange", "credit"): (4_500_000, None),
    ("network", "debit"): (650_000, 650),
    ("network", "credit"): (650_000, 650),
}
CREDIT_COST = 4_825_000  # billionths: interchange and the acquirer's half of the network fee
STATUTORY = "CNY"  # the currency of the market that these prices are for


@unique
class Finding(StrEnum):
    """Kinds of findings."""

    OVERLAP = "overlap"  # two lines of equal rank that can both apply: rows would be tied
    GAP = "gap"  # an amount or a time that no line is for
    CEILING = "ceiling"  # above a statutory rate or cap
    BELOW_COST = "below_cost"  # a credit card price below the acquirer's own cost
    NOTICE = "notice"  # announced too shortly before it holds


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: its kind, the lines, and a sentence in both languages."""

    kind: Finding
    lines: tuple[str, ...]
    text: str
    text_zh: str


def lint(contract: FeeContract) -> list[Problem]:
    """Return every finding about a contract, in order of kind and line."""
    return [
        *_overlaps(contract),
        *_amount_gaps(contract),
        *_date_gaps(contract),
        *_ceilings(contract),
        *_notices(contract),
    ]


def _overlaps(contract: FeeContract) -> Iterator[Problem]:
    """Report pairs of equal rank whose conditions, bands and validities can hold together."""
    ranks = defaultdict(list)
    for line in contract.lines:
        ranks[contract.specificity(line)].append(line)
    for lines in ranks.values():
        for first, second in combinations(lines, 2):
            if _can_meet(first, second, contract):
                yield Problem(
                    Finding.OVERLAP,
                    (first.name, second.name),
                    f"lines {first.name!r} and {second.name!r} can both apply and are equally "
                    "specific; add a condition to one, or separate their bands or dates",
                    f"条目 {first.name!r} 与 {second.name!r} 会同时适用且同样具体；"
                    "请给其中一条加条件，或错开金额档、有效期",
                )


def _can_meet(first: FeeLine, second: FeeLine, contract: FeeContract) -> bool:
    """Return whether a row can exist to which both lines apply."""
    (start, end), (other_start, other_end) = _days(first), _days(second)
    if end < other_start or other_end < start:
        return False
    (low, high), (other_low, other_high) = _band(first, contract), _band(second, contract)
    if high <= other_low or other_high <= low:
        return False
    shared = first.when.keys() & second.when.keys()
    return all(set(first.when[name]) & set(second.when[name]) for name in shared)


def _days(line: FeeLine) -> tuple[date, date]:
    """Return a line's first and last day."""
    return line.valid_from or date.min, line.valid_until or date.max


def _band(line: FeeLine, contract: FeeContract) -> tuple[int, int]:
    """Return a line's amount band in minor units, upper bound exclusive."""
    high = MAX_AMOUNT + 1 if line.amount_below is None else contract.minor(line.amount_below)
    return contract.minor(line.amount_from), high


def _conditions(line: FeeLine) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return a line's conditions in a form that can be compared."""
    return tuple(sorted((name, tuple(sorted(words))) for name, words in line.when.items()))


def _amount_gaps(contract: FeeContract) -> Iterator[Problem]:
    """Report amounts between or beyond the bands of lines with the same conditions and dates."""
    families = defaultdict(list)
    for line in contract.lines:
        families[_conditions(line), _days(line)].append(line)
    for lines in families.values():
        reached = 0
        for line in sorted(lines, key=lambda item: _band(item, contract)):
            low, high = _band(line, contract)
            if low > reached and not _covered(contract, line, reached, low):
                yield _gap(line, contract, reached, low - 1)
            reached = max(reached, high)
        last = lines[-1]
        if reached <= MAX_AMOUNT and not _covered(contract, last, reached, MAX_AMOUNT + 1):
            yield _gap(last, contract, reached, None)


def _gap(line: FeeLine, contract: FeeContract, low: int, high: int | None) -> Problem:
    """Return the finding that nothing prices these amounts for the rows of a line."""
    start = f"{format_minor(low, contract.currency)} {contract.currency}"
    end = "" if high is None else f"{format_minor(high, contract.currency)} {contract.currency}"
    what = f"amounts from {start} to {end}" if end else f"amounts from {start} on"
    which = f"{start} 至 {end}" if end else f"{start} 以上"
    return Problem(
        Finding.GAP,
        (line.name,),
        f"no line prices {what} for the rows of {line.name!r}; extend a band or add a line",
        f"条目 {line.name!r} 所管的交易，{which} 的金额没有价格；请延长金额档或增加条目",
    )


def _covered(contract: FeeContract, line: FeeLine, low: int, high: int) -> bool:
    """Return whether one less specific line prices the whole band for the rows of `line`."""
    for other in contract.lines:
        other_low, other_high = _band(other, contract)
        if (
            all(set(line.when.get(name, ())) <= set(words) for name, words in other.when.items())
            and other.when.keys() <= line.when.keys()
            and other_low <= low
            and high <= other_high
            and _days(other)[0] <= _days(line)[0]
            and _days(line)[1] <= _days(other)[1]
        ):
            return True
    return False


def _date_gaps(contract: FeeContract) -> Iterator[Problem]:
    """Report days between two validities of lines with the same conditions and band."""
    families = defaultdict(list)
    for line in contract.lines:
        families[_conditions(line), _band(line, contract)].append(line)
    for lines in families.values():
        lines.sort(key=_days)
        for earlier, later in pairwise(lines):
            if earlier.valid_until is None or later.valid_from is None:
                continue
            missing = earlier.valid_until + timedelta(days=1)
            until = later.valid_from - timedelta(days=1)
            if missing <= until:
                yield Problem(
                    Finding.GAP,
                    (earlier.name, later.name),
                    f"no line is valid from {missing} to {until} between {earlier.name!r} and "
                    f"{later.name!r}; close the dates",
                    f"{earlier.name!r} 与 {later.name!r} 之间，{missing} 至 {until} 没有有效条目；"
                    "请衔接有效期",
                )


def _ceilings(contract: FeeContract) -> Iterator[Problem]:
    """Report prices above a statutory ceiling, and credit card prices below cost."""
    if contract.currency != STATUTORY:
        return
    for line in contract.lines:
        formula = contract.formula_of(line)
        if formula.shape != RATE_BANDS:
            continue
        for card_type in line.when.get("card_type", ()):
            ceiling = CEILINGS.get((contract.component, card_type))
            if ceiling is not None:
                rate, cap = ceiling
                if max(formula.values) > rate:
                    top = _percent(max(formula.values))
                    yield _above(line, (f"rate {top}", f"费率 {top}"), _percent(rate))
                if cap is not None and not 0 <= formula.cap <= cap * FINE:
                    limit = f"{format_minor(cap, contract.currency)} {contract.currency}"
                    yield _above(line, ("cap", "封顶"), limit)
            if contract.component == "merchant" and card_type == "credit":
                lowest = min(formula.values)
                if 0 < lowest < CREDIT_COST:
                    yield Problem(
                        Finding.BELOW_COST,
                        (line.name,),
                        f"line {line.name!r} prices credit cards at {_percent(lowest)}, below the "
                        f"cost of {_percent(CREDIT_COST)}: confirm the merchant class",
                        f"条目 {line.name!r} 的贷记卡价格 {_percent(lowest)} 低于成本 "
                        f"{_percent(CREDIT_COST)}：请核实商户类别",
                    )


def _above(line: FeeLine, what: tuple[str, str], ceiling: str) -> Problem:
    """Return the finding that a line is above a ceiling."""
    return Problem(
        Finding.CEILING,
        (line.name,),
        f"line {line.name!r}: {what[0]} is above the ceiling of {ceiling}, or has none",
        f"条目 {line.name!r}：{what[1]}高于上限 {ceiling}，或没有上限",
    )


def _percent(billionths: int) -> str:
    """Return a rate as a percentage, without needless zeros."""
    whole, rest = divmod(billionths, RATE_SCALE // 100)
    return f"{whole}.{rest:07}".rstrip("0").rstrip(".") + " %"


def _notices(contract: FeeContract) -> Iterator[Problem]:
    """Report lines that hold sooner than the notice period after their announcement."""
    for line in contract.lines:
        if line.announced is None or line.valid_from is None:
            continue
        if line.valid_from - line.announced < timedelta(days=NOTICE_DAYS):
            yield Problem(
                Finding.NOTICE,
                (line.name,),
                f"line {line.name!r} was announced on {line.announced} and holds from "
                f"{line.valid_from}: less than {NOTICE_DAYS} days of notice",
                f"条目 {line.name!r} 于 {line.announced} 公告、{line.valid_from} 生效："
                f"公告期不足 {NOTICE_DAYS} 天",
            )
