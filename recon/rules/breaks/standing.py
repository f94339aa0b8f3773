"""Breaks that stay open until data, or a person, puts them right: which, and what carries them.

The rows at fault are carried to the next night on their leg. There they are matched and judged
again: the break is told under the same identity, or it is RESOLVED. A pair meets again; a further
charge stands alone with the code that it was told under; a batch that was paid short is asked
whether tonight brought the rest (`short_batches.py`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import UNDO_KINDS, Code, Side, State
from recon.core.plan import Leg, Method, key_name
from recon.core.texts.digest import has_key, key_columns
from recon.rules.night import Ledger, Matched, Verdict

PAIRS = frozenset(
    {
        Code.AMOUNT_MISMATCH,
        Code.CURRENCY_MISMATCH,
        Code.REFUND_AMOUNT,
        Code.CHANNEL_PAID_MERCHANT_NOT,
        Code.MERCHANT_PAID_CHANNEL_NOT,
        Code.FAILED_BUT_DEBITED,
        Code.VOIDED_BUT_SETTLED,
        Code.REFUND_NOT_SETTLED,
        Code.REFUND_UNBOOKED,
    }
)
FURTHER = frozenset(
    {
        Code.DUPLICATE_CHARGE,
        Code.DUPLICATE_CLEARING,
        Code.PAID_BY_OTHER_MEANS,
        Code.REFUND_DUPLICATE,
    }
)
OTHERWISE = frozenset(
    {
        Code.CHANNEL_PAID_MERCHANT_NOT,
        Code.MERCHANT_PAID_CHANNEL_NOT,
        Code.FAILED_BUT_DEBITED,
        Code.VOIDED_BUT_SETTLED,
    }
)  # of these the counterpart may have left the ledger: the row stands alone
BATCHES = frozenset({Code.NET_MISMATCH})
HELD = frozenset({Code.FUNDS_FROZEN})
KEPT_AS_TOLD = (
    PAIRS | FURTHER | BATCHES | HELD
)  # when they resolve, their figures stay what they were


def by_sum(leg: Leg) -> bool:
    """Return whether rows of the leg may be matched as a whole batch."""
    return any(item.method in (Method.GROUP, Method.SUBSET) for item in leg.passes)


def pairs_of(leg: Leg) -> frozenset[Code]:
    """Return the codes under which the two rows of a pair are carried on a leg."""
    if leg.right is not Side.BANK:
        return PAIRS
    return frozenset() if by_sum(leg) else BATCHES


def further_of(leg: Leg) -> frozenset[Code]:
    """Return the codes under which a row too many is carried on a leg.

    At the bank it stands alone on the night after, and is told as such: the same break.
    """
    if leg.right is not Side.BANK:
        return FURTHER
    alone = {Code.UNKNOWN_CREDIT} if by_sum(leg) else {Code.UNKNOWN_CREDIT, Code.MISSING_SETTLEMENT}
    return frozenset(alone)


def numbers(codes: frozenset[Code]) -> list[int]:
    """Return the numbers of codes, sorted."""
    return sorted(int(code) for code in codes)


def coded(ledger: Ledger, leg: Leg, codes: frozenset[Code]) -> NDArray[np.bool_]:
    """Return the carried rows that a break of one of the codes keeps open on the leg."""
    told = ledger.code_on.get(leg.name)
    if told is None:
        return np.zeros(ledger.slim.height, bool)
    found: NDArray[np.bool_] = np.isin(told, numbers(codes))
    return found


def carried(matched: Matched, leg: Leg, findings: pl.DataFrame, codes: frozenset[Code]) -> Verdict:
    """Return the rows at fault of findings of the codes as waiting, under their break."""
    kept = findings.filter(pl.col("code").is_in(numbers(codes)))
    if kept.height == 0:
        return Verdict.of()
    rows = kept.select(
        pl.col("rows").list.head(pl.col("faulty")).alias("row"),
        "anchor",
        "code",
        "leg",
        until="due_date",
    ).explode("row")
    slim = matched.ledger.slim[rows["row"].to_numpy()].select(
        "side", day=pl.coalesce("due_date", "clearing_date", "value_date")
    )
    own = pl.col("side") == int(leg.left)
    waiting = pl.concat([rows, slim], how="horizontal").with_columns(
        waiting_for=pl.when(own).then(pl.lit(int(leg.right))).otherwise(pl.lit(int(leg.left))),
        wait_until=pl.coalesce("until", "day"),
    )
    return Verdict.of(waiting=waiting)


def still_alone(matched: Matched, leg: Leg, leg_no: int) -> Verdict:
    """Tell again the rows of earlier nights that stand alone and that nothing has undone or met.

    A further charge, or a row whose counterpart left the ledger with another story.
    """
    if leg.name not in matched.ledger.code_on:
        return Verdict.of()
    slim = matched.ledger.slim
    alone = matched.eligible[leg.name] & (matched.matches.key_group[leg.name] < 0)
    alive = (slim["state"] == int(State.SUCCESS)).to_numpy()
    rows = np.flatnonzero(alone & alive & coded(matched.ledger, leg, FURTHER | OTHERWISE))
    tied = matched.matches.ambiguous.filter(pl.col("leg") == leg_no)["row"].to_numpy()
    rows = np.setdiff1d(rows, tied)
    if len(rows) == 0:
        return Verdict.of()
    plan = leg.passes[0]
    amount = pl.when(pl.col("side") == int(leg.left)).then(plan.left_amount)
    code = pl.Series(matched.ledger.code_on[leg.name][rows])
    owed = (pl.col("side") == int(leg.left)) & code.is_in(numbers(OTHERWISE))
    findings = slim[rows].select(
        code=code,
        leg=pl.lit(leg.name),
        rows=pl.concat_list(pl.Series(rows)),
        faulty=pl.lit(1),
        anchor=pl.col("fingerprint").cast(pl.String),
        expected_minor=pl.when(owed).then(plan.left_amount).otherwise(pl.lit(0)),
        actual_minor=pl.when(owed).then(pl.lit(0)).otherwise(amount.otherwise(plan.right_amount)),
        currency="currency",
        due_date="due_date",
    )
    verdict = Verdict.of(findings, broken=rows)
    kept = FURTHER | OTHERWISE
    return Verdict.joined([verdict, carried(matched, leg, verdict.findings, kept)])


def superseded(ledger: Ledger, leg: Leg, excluded: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return carried orders of an open pair that the merchant tells anew, at the same amount.

    The new telling decides what the books say; what was carried has nothing more to say.
    """
    none = np.empty(0, np.int64)
    if (leg.left, leg.right) != (Side.MERCHANT, Side.CHANNEL) or not leg.order_keys:
        return none
    mine = coded(ledger, leg, PAIRS) & (ledger.slim["side"] == int(Side.MERCHANT)).to_numpy()
    if not mine.any():
        return none
    new = ~ledger.opening & (ledger.slim["side"] == int(Side.MERCHANT)).to_numpy()
    new[excluded] = False
    words = ledger.digests[key_name(leg.order_keys[0][Side.MERCHANT])]
    old_rows, new_rows = (_keyed(ledger, words, np.flatnonzero(chosen)) for chosen in (mine, new))
    again = old_rows.join(new_rows, on=["hi", "lo", "kind", "amount_minor", "currency"], how="semi")
    return again["row"].to_numpy()


def told_anew(matched: Matched, leg: Leg) -> NDArray[np.int64]:
    """Return the carried rows that take no part tonight: what came since decides.

    Those of open pairs are told anew; the payment of an undoing proved to have failed.
    """
    waits = matched.ledger.waiting_on.get(leg.name)
    if waits is None:
        return np.empty(0, np.int64)
    slim = matched.ledger.slim
    undoing = slim["kind"].is_in([int(kind) for kind in UNDO_KINDS])
    void = (undoing & (slim["state"] == int(State.FAILED))).to_numpy()
    over = coded(matched.ledger, leg, PAIRS) | void
    return np.flatnonzero(waits & over & ~matched.eligible[leg.name])


def _keyed(ledger: Ledger, words: NDArray[np.uint64], rows: NDArray[np.int64]) -> pl.DataFrame:
    frame = ledger.slim[rows].select(
        pl.Series("row", rows), *key_columns(words[rows]), "kind", "amount_minor", "currency"
    )
    return frame.filter(has_key())
