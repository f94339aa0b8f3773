"""Links to facts: run every rule family over every leg, then give each row its one outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import among
from recon.core.arrays.parallel import run_all
from recon.core.codes import BENIGN, Code, Kind, Outcome, Side, State
from recon.core.plan import Leg
from recon.rules.breaks import standing
from recon.rules.duplicates import duplicates, repeats
from recon.rules.intake import refused
from recon.rules.night import Ledger, Matched, Night, Verdict
from recon.rules.one_sided import ambiguous, one_sided
from recon.rules.pairs import pairs, pinned
from recon.rules.refunds import compensated, given_back, transferred
from recon.rules.refunds import in_part as refunded_in_part
from recon.rules.settlement import batches, frozen_payouts, next_payout, payers, short_batches
from recon.rules.undone import first_charge, in_part_by_both, refunded_anew
from recon.rules.undone import in_excess as undone_in_excess
from recon.rules.undone import in_part as undone_in_part
from recon.rules.undone import otherwise as undone_otherwise

_ORDER_KINDS = [int(Kind.PAYMENT), int(Kind.REFUND)]
_SETTLED_KINDS = [
    int(kind)
    for kind in (
        Kind.PAYMENT,
        Kind.REFUND,
        Kind.REVERSAL,
        Kind.VOID,
        Kind.FEE,
        Kind.CHARGEBACK,
        Kind.ADJUSTMENT,
    )
]
_BANK_KINDS = [int(Kind.CREDIT), int(Kind.DEBIT), int(Kind.PAYMENT), int(Kind.REFUND)]


@dataclass(frozen=True, slots=True)
class Classified:
    """Findings (schema FINDINGS), waiting rows (schema WAITING) and one outcome a row."""

    findings: pl.DataFrame
    waiting: pl.DataFrame
    outcome: NDArray[np.uint8]
    reason: NDArray[np.uint8]  # position in REASONS
    by_leg: Mapping[str, Verdict]  # what the families said on each leg


REASONS = ("", "repeated record", "delivered before", "no money moved", "out of scope")


def eligible(
    ledger: Ledger, legs: tuple[Leg, ...], excluded: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    """Return for each leg which rows may be linked on it.

    New rows take part by kind and state; carried rows only on the legs on which they wait.
    """
    slim = ledger.slim
    side, kind, state = (slim[name].to_numpy() for name in ("side", "kind", "state"))
    free = np.ones(len(side), bool)
    free[excluded] = False
    result = {}
    for leg in legs:
        left_kinds = _SETTLED_KINDS if leg.right is Side.BANK else _ORDER_KINDS
        left = (side == int(leg.left)) & among(kind, np.array(left_kinds))
        right_kinds = _BANK_KINDS if leg.right is Side.BANK else _ORDER_KINDS
        right = (side == int(leg.right)) & among(kind, np.array(right_kinds))
        if leg.right is Side.BANK:
            settled = among(state, np.array([int(State.SUCCESS), int(State.REVERSED)])) | (
                (state == int(State.PENDING)) & (kind == int(Kind.REFUND))
            )
            left &= settled
        waits = ledger.waiting_on.get(leg.name, np.zeros(len(side), bool))
        takes_part = (left | right) & free & (~ledger.opening | waits)
        if standing.by_sum(leg):
            takes_part &= ~standing.coded(ledger, leg, standing.BATCHES)
        takes_part[standing.superseded(ledger, leg, excluded)] = False
        result[leg.name] = takes_part
    return result


def classify(
    matched: Matched,
    legs: tuple[Leg, ...],
    night: Night,
    before: list[Verdict],
    resent: NDArray[np.int64],
    repeated: NDArray[np.int64],
    threads: int = 1,
) -> Classified:
    """Return every finding of the night and the outcome of every row.

    `before` holds the verdicts of stages that ran ahead of matching (netting, repeated records).
    """
    ahead = Verdict.joined(before)
    told = ahead.findings.filter(pl.col("code") == int(Code.FUNDS_FROZEN))
    frozen = frozen_payouts.held(matched, told)

    def judged(leg_no: int, leg: Leg) -> Verdict:
        said = refused.hold_back(matched, leg, night, _leg(matched, leg, leg_no, night, frozen))
        return repeats.judge(matched, legs, leg, night, said)

    said = run_all(judged, list(enumerate(legs)), threads)
    by_leg = dict(zip((leg.name for leg in legs), said, strict=True))
    by_leg = transferred.settle(matched, legs, night, by_leg)
    ahead, by_leg = refunded_anew.settle(matched, legs, ahead, by_leg)
    ahead = in_part_by_both.settle(matched, ahead)
    first, by_leg = undone_in_part.settle(matched, legs, ahead, by_leg)
    first, by_leg = frozen_payouts.settle(matched, legs, night, first, by_leg)
    first = undone_in_excess.named(matched, first)
    verdict = Verdict.joined([first, *by_leg.values()])
    outcome, reason = _outcomes(matched, verdict, resent, repeated)
    return Classified(verdict.findings, verdict.waiting, outcome, reason, by_leg)


def _leg(matched: Matched, leg: Leg, leg_no: int, night: Night, frozen: pl.DataFrame) -> Verdict:
    """Return what every family says of one leg; `frozen` are the findings of frozen funds."""
    matched = ambiguous.without_further(matched, leg, leg_no)
    batched = batches.find(matched, leg, leg_no, night, frozen)
    alone = standing.still_alone(matched, leg, leg_no)
    rest = short_batches.find(matched, leg)
    spent = [batched.verdict.settled, alone.broken, rest.settled]
    judged = one_sided.Judged(np.concatenate(spent), batched.quiet)
    verdict = Verdict.joined(
        [
            pairs.find(matched, leg, leg_no, night),
            pinned.find(matched, leg, leg_no),
            duplicates.find(matched, leg, leg_no),
            payers.find(matched, leg, leg_no, night),
            batched.verdict,
            alone,
            rest,
            Verdict.of(not_needed=standing.told_anew(matched, leg)),
            one_sided.find(matched, leg, leg_no, night, judged),
            ambiguous.find(matched, leg, leg_no, night),
        ]
    )
    verdict = compensated.settle(leg, leg_no, matched, verdict)
    verdict = first_charge.settle(matched, leg, verdict)
    verdict = given_back.settle(leg, leg_no, matched, verdict)
    verdict = refunded_in_part.settle(matched, leg, verdict)
    verdict = undone_otherwise.settle(matched, leg, verdict)
    return next_payout.settle(matched, leg, verdict)


def _outcomes(
    matched: Matched, verdict: Verdict, resent: NDArray[np.int64], repeated: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the outcome of each row. A break outweighs waiting, waiting outweighs a match."""
    size = matched.ledger.slim.height
    outcome = np.full(size, int(Outcome.NOT_NEEDED), np.uint8)
    reason = np.zeros(size, np.uint8)
    scope = np.zeros(size, bool)
    for leg_rows in matched.eligible.values():
        scope |= leg_rows
    reason[~scope] = REASONS.index("out of scope")
    for groups in matched.matches.key_group.values():
        outcome[groups >= 0] = int(Outcome.MATCHED)
    outcome[verdict.settled] = int(Outcome.MATCHED)
    reason[verdict.not_needed] = REASONS.index("no money moved")
    netted = verdict.findings.filter(pl.col("code") == int(Code.NETTED))["rows"].explode()
    rows = netted.drop_nulls().to_numpy()
    outcome[rows] = np.where(scope[rows], outcome[rows], int(Outcome.MATCHED))
    outcome[verdict.waiting["row"].to_numpy()] = int(Outcome.CARRIED)
    outcome[_faulty(verdict.findings)] = int(Outcome.BREAK)
    outcome[verdict.broken] = int(Outcome.BREAK)
    reason[repeated] = REASONS.index("repeated record")
    outcome[resent] = int(Outcome.RESENT)
    reason[resent] = REASONS.index("delivered before")
    clear = among(outcome, np.array([int(Outcome.MATCHED), int(Outcome.CARRIED)]))
    reason[clear] = 0
    return outcome, reason


def _faulty(findings: pl.DataFrame) -> NDArray[np.int64]:
    """Return the rows at fault in findings that are not benign."""
    benign = [int(code) for code in BENIGN]
    blamed = findings.filter(~pl.col("code").is_in(benign))
    rows = blamed.select(pl.col("rows").list.head("faulty").explode()).to_series()
    return rows.drop_nulls().to_numpy()
