"""Linked pairs: do both sides tell the same story? States first, then currency and amount.

What two states together are stands in `stories`.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import Positions
from recon.core.arrays.pieces import steps
from recon.core.codes import BENIGN, Code, Kind, MatchKind, Side, State
from recon.core.plan import Leg
from recon.rules.amounts import exchange
from recon.rules.breaks import standing
from recon.rules.duplicates import duplicates
from recon.rules.night import Matched, Night, Verdict, days, ordinal
from recon.rules.pairs import pinned
from recon.rules.pairs.stories import story_table

PAIRED = (
    MatchKind.EXACT,
    MatchKind.KEY,
    MatchKind.UNIQUE,
    MatchKind.WINDOW,
    MatchKind.BAND,
    MatchKind.SCORE,
    MatchKind.PINNED,
)
# kinds of links that do not promise equal money
_DOUBTFUL = [int(kind) for kind in (MatchKind.KEY, MatchKind.BAND, MatchKind.PINNED)]
_UNPAID = (State.PENDING, State.FAILED, State.CLOSED, State.UNKNOWN)


def find(matched: Matched, leg: Leg, leg_no: int, night: Night) -> Verdict:
    """Return the breaks of linked pairs on one leg; the pairs are looked at some at a time."""
    links = matched.matches.of_leg(leg_no)
    parts = duplicates.parts_of(matched, leg, leg_no)
    several = pinned.group_rows(matched, leg, leg_no)
    told = [
        _found(matched, leg, leg_no, links[start:stop], night, (parts, several))
        for start, stop in steps(links.height)
    ]
    return Verdict.joined([*told, exchange.waiting(matched, leg)])


def _found(
    matched: Matched,
    leg: Leg,
    leg_no: int,
    every: pl.DataFrame,
    night: Night,
    elsewhere: tuple[pl.DataFrame, NDArray[np.int64]],
) -> Verdict:
    """Return the breaks of some links of a leg; what is told alike is not looked at again.

    `elsewhere` are rows that are told with their pair (further parts of an amount), and rows of
    pinned groups, which are judged as groups (`pinned`).
    """
    parts, several = elsewhere
    links = every.filter(pl.col("match_kind").is_in([int(kind) for kind in PAIRED]))
    left, right = links["left"].to_numpy(), links["right"].to_numpy()
    story = _story(matched, leg, left, right)
    asked = np.flatnonzero((story > 0) | links["match_kind"].is_in(_DOUBTFUL).to_numpy())
    code = _codes(matched, leg, links[asked], story[asked], several)
    undone_yet = _may_be_undone(matched, code, right[asked], night)
    held = asked[undone_yet]
    waiting = _waiting(matched, leg, left[held], right[held], night)
    is_trouble = (code > 0) & ~undone_yet
    trouble = asked[is_trouble]
    findings = _findings(matched, leg, left[trouble], right[trouble], code[is_trouble])
    findings = _with_parts(findings, parts)
    told = _resolved_story(exchange.amended(findings, matched, leg), night)
    fine = np.ones(links.height, bool)
    fine[asked[code > 0]] = False
    return Verdict.joined(
        [
            waiting,
            told,
            _carried(matched, leg, told),
            _late(matched, leg, left[fine], right[fine]),
            _attributes(matched, leg, night.rules.legs[leg_no].compare, left[fine], right[fine]),
        ]
    )


def _story(matched: Matched, leg: Leg, left: Positions, right: Positions) -> NDArray[np.uint16]:
    """Return the code that the states of each pair make, 0 for none; the bank knows no states."""
    if leg.right is Side.BANK:
        return np.zeros(left.size, np.uint16)
    table = story_table()
    state, kind = (matched.ledger.slim[name].to_numpy() for name in ("state", "kind"))
    cell = (state[left] * np.uint8(len(State)) + state[right]) * np.uint8(2)
    code: NDArray[np.uint16] = table.ravel().take(cell + (kind[left] == int(Kind.REFUND)))
    return code


def _codes(
    matched: Matched,
    leg: Leg,
    links: pl.DataFrame,
    code: NDArray[np.uint16],
    several: NDArray[np.int64],
) -> NDArray[np.uint16]:
    """Return the code of each link, 0 for none: what `code` says of its states, then its money."""
    left, right = links["left"].to_numpy(), links["right"].to_numpy()
    slim, by_kind = matched.ledger.slim, links["match_kind"]
    by_person = (by_kind == int(MatchKind.PINNED)).to_numpy()
    differs = (by_kind == int(MatchKind.KEY)).to_numpy()
    differs = differs | (by_person & _unequal(matched, leg, left, right))
    if leg.right is not Side.BANK:
        state = slim["state"].to_numpy()
        differs &= (state[left] == int(State.SUCCESS)) & (state[right] == int(State.SUCCESS))
    refund = (slim["kind"].to_numpy()[left] == int(Kind.REFUND)).astype(np.int64)
    code = np.where((code == 0) & differs, _amount_code(matched, leg, left, right, refund), code)
    code = exchange.codes(matched, leg, (left, right), code)
    code = np.where(by_person & np.isin(left, several), 0, code)
    banded = (by_kind == int(MatchKind.BAND)).to_numpy()
    left_amount, right_amount = amounts(matched, leg)
    uneven = banded & (code == 0) & (left_amount[left] != right_amount[right])
    return np.where(uneven, int(Code.ROUNDING), code)


def _carried(matched: Matched, leg: Leg, told: Verdict) -> Verdict:
    """Carry the rows of pairs that disagree, until a later row puts them right."""
    return standing.carried(matched, leg, told.findings, standing.pairs_of(leg))


def _may_be_undone(
    matched: Matched, code: NDArray[np.uint16], right: NDArray[np.int64], night: Night
) -> NDArray[np.bool_]:
    """Return which failed orders may still see their reversal: terminals send it late."""
    cleared = days(matched.ledger.slim["clearing_date"].gather(right))
    until = cleared + night.rules.breaks.reversal_days
    in_time = (cleared > 0) & (until > ordinal(night.business_date))
    found: NDArray[np.bool_] = (code == int(Code.FAILED_BUT_DEBITED)) & in_time
    return found


def _waiting(
    matched: Matched,
    leg: Leg,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    night: Night,
) -> Verdict:
    """Let a failed order and its debit wait together for the reversal."""
    cleared = matched.ledger.slim["clearing_date"].gather(right)
    until = cleared.dt.offset_by(f"{night.rules.breaks.reversal_days}d")
    parts = [
        pl.DataFrame({"row": rows, "wait_until": until}).with_columns(
            leg=pl.lit(leg.name), waiting_for=pl.lit(int(Side.CHANNEL))
        )
        for rows in (left, right)
    ]
    return Verdict.of(waiting=pl.concat(parts))


def _resolved_story(findings: pl.DataFrame, night: Night) -> Verdict:
    """Drop differences below the amounts that the rule file declares too small to report."""
    for name, minimum in night.rules.breaks.minimum_minor.items():
        small = (pl.col("code") == int(Code[name])) & (
            (pl.col("actual_minor") - pl.col("expected_minor")).abs() < minimum
        )
        findings = findings.with_columns(
            code=pl.when(small).then(pl.lit(int(Code.ROUNDING))).otherwise("code"),
            faulty=pl.when(small).then(pl.lit(0)).otherwise("faulty"),
        )
    return Verdict.of(findings)


def _unequal(
    matched: Matched, leg: Leg, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which pairs differ in money: that a person pinned rows does not make them equal."""
    currency = matched.ledger.slim["currency"].to_numpy()
    one, two = amounts(matched, leg)
    unequal: NDArray[np.bool_] = (one[left] != two[right]) | (currency[left] != currency[right])
    return unequal


def _amount_code(
    matched: Matched,
    leg: Leg,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    refund: NDArray[np.int64],
) -> NDArray[np.uint16]:
    """Return the code for a pair that shares its key and not its amount or currency."""
    currency = matched.ledger.slim["currency"].to_numpy()
    amount = Code.NET_MISMATCH if leg.right is Side.BANK else Code.AMOUNT_MISMATCH
    by_kind = np.where(
        (refund == 1) & (leg.right is not Side.BANK), int(Code.REFUND_AMOUNT), int(amount)
    )
    foreign = currency[left] != currency[right]
    return np.where(foreign, int(Code.CURRENCY_MISMATCH), by_kind).astype(np.uint16)


def amounts(matched: Matched, leg: Leg) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the amounts that each side of a leg is compared by."""
    slim = matched.ledger.slim
    plan = leg.passes[0]
    return slim[plan.left_amount].to_numpy(), slim[plan.right_amount].to_numpy()


def _findings(
    matched: Matched,
    leg: Leg,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    code: NDArray[np.uint16],
) -> pl.DataFrame:
    """Return a finding a pair; a side that says it took no money counts as 0."""
    slim = matched.ledger.slim
    left_amount, right_amount = amounts(matched, leg)
    state = slim["state"].to_numpy()
    unpaid = [int(item) for item in _UNPAID] + [int(State.REVERSED)]
    expected = np.where(np.isin(state[left], unpaid), 0, left_amount[left])
    actual = np.where(np.isin(state[right], unpaid), 0, right_amount[right])
    benign = np.isin(code, [int(item) for item in BENIGN])
    return pl.DataFrame(
        {
            "code": code,
            "leg": pl.Series([leg.name], dtype=pl.String).new_from_index(0, len(left)),
            "rows": pl.Series(np.stack([left, right], axis=1)).arr.to_list()
            if len(left)
            else pl.Series([], dtype=pl.List(pl.Int64)),
            "faulty": np.where(benign, 0, 2),
            "anchor": slim["fingerprint"].gather(left).cast(pl.String),
            "expected_minor": expected,
            "actual_minor": actual,
            "currency": slim["currency"].gather(left),
            "due_date": slim["due_date"].gather(left),
        }
    )


def _with_parts(findings: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Return the findings; where an order was paid in parts, with all of them and their sum."""
    if parts.height == 0:
        return findings
    rest = parts.group_by("twin").agg(pl.col("row").sort().alias("rest"), pl.col("amount").sum())
    apart = pl.col("rest").is_not_null()
    return (
        findings.with_columns(twin=pl.col("rows").list.get(1))
        .join(rest, on="twin", how="left", maintain_order="left")
        .with_columns(
            rows=pl.when(apart).then(pl.concat_list("rows", "rest")).otherwise("rows"),
            faulty=pl.col("faulty") + pl.when(apart).then(pl.col("rest").list.len()).otherwise(0),
            actual_minor=pl.col("actual_minor") + pl.col("amount").fill_null(0),
        )
        .select(findings.columns)
    )


def _attributes(
    matched: Matched,
    leg: Leg,
    columns: tuple[str, ...],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> Verdict:
    """Report pairs whose declared attributes differ; an absent one is not compared."""
    slim = matched.ledger.slim
    found = []
    for column in columns:
        words = matched.ledger.digests[column]
        one, other = words[left], words[right]
        differs = one.any(axis=1) & other.any(axis=1) & (one != other).any(axis=1)
        code = np.full(int(differs.sum()), int(Code.ATTRIBUTE_MISMATCH), np.uint16)
        rows = left[differs]
        findings = _findings(matched, leg, rows, right[differs], code)
        found.append(
            findings.with_columns(
                anchor=slim["fingerprint"].gather(rows).cast(pl.String) + f".{column}",
                cause=pl.lit(f"{column} differs"),
            )
        )
    return Verdict.joined([Verdict.of(), *(Verdict.of(frame) for frame in found)])


def _late(matched: Matched, leg: Leg, left: NDArray[np.int64], right: NDArray[np.int64]) -> Verdict:
    """Report credits that came after their due date, one row against one credit."""
    if leg.right is not Side.BANK or len(left) == 0:
        return Verdict.of()
    slim = matched.ledger.slim
    pair = pl.DataFrame(
        {
            "left": left,
            "right": right,
            "due": slim["due_date"].gather(left),
            "paid": slim["value_date"].gather(right),
        }
    ).filter(pl.col("paid") > pl.col("due"))
    rows = pair["left"].to_numpy()
    _, right_amount = amounts(matched, leg)
    return Verdict.of(
        pair.select(
            pl.lit(int(Code.LATE_SETTLEMENT)).alias("code"),
            pl.lit(leg.name).alias("leg"),
            pl.concat_list("right", "left").alias("rows"),
            pl.lit(2).alias("faulty"),
            anchor=slim["fingerprint"].gather(rows).cast(pl.String),
            expected_minor=slim[leg.passes[0].left_amount].gather(rows),
            actual_minor=pl.Series(right_amount[pair["right"].to_numpy()]),
            currency=slim["currency"].gather(rows),
            due_date="due",
        )
    )
