"""More rows than there should be: the same record, the same clearing, the same charge.

Decided by keys: an equal own reference is the same record or the same clearing; an equal order
with another reference is a second charge. What only looks alike is not judged here.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import among
from recon.core.codes import Code, Kind, MatchKind, Side, State
from recon.core.plan import Leg
from recon.rules.breaks import standing
from recon.rules.night import Ledger, Matched, Verdict

_OWN_REFERENCE = {Side.MERCHANT: ("order_id",), Side.CHANNEL: ("channel_ref", "rrn")}
_MET = [int(kind) for kind in (MatchKind.EXACT, MatchKind.KEY, MatchKind.GROUP)]
_DEAD = [int(State.FAILED), int(State.CLOSED), int(State.PENDING), int(State.UNKNOWN)]


def repeated_records(ledger: Ledger) -> NDArray[np.int64]:
    """Return rows that repeat, content and own reference, a row before them in their file.

    The bank's statement is exempt: its balance chain proves that equal lines are distinct money.
    """
    repeated = ledger.slim["occurrence"].to_numpy() > 0
    if not repeated.any():
        return np.empty(0, np.int64)
    side = ledger.slim["side"].to_numpy()
    named = np.zeros(len(repeated), bool)
    for which, columns in _OWN_REFERENCE.items():
        for column in columns:
            named |= (side == int(which)) & ledger.digests[column].any(axis=1)
    return np.flatnonzero(repeated & named)


def report_records(ledger: Ledger, rows: NDArray[np.int64]) -> Verdict:
    """Report repeated records: a fault of the file, no money has moved twice."""
    slim = ledger.slim[rows]
    return Verdict.of(
        slim.select(
            pl.lit(int(Code.DUPLICATE_RECORD)).alias("code"),
            pl.lit("").alias("leg"),
            pl.concat_list(pl.Series(rows)).alias("rows"),
            pl.lit(1).alias("faulty"),
            anchor=pl.col("fingerprint").cast(pl.String),
            expected_minor=pl.lit(0),
            actual_minor="amount_minor",
            currency="currency",
        )
    )


def find(matched: Matched, leg: Leg, leg_no: int) -> Verdict:
    """Return the breaks of surplus rows: rows of a key group whose partners are all taken."""
    surplus = _surplus_rows(matched, leg, leg_no)
    if surplus.height == 0:
        return Verdict.of()
    parts = _parts(matched, leg, leg_no, surplus)["row"]
    surplus = surplus.filter(~pl.col("row").is_in(parts.implode()))
    # A row that its own side undid is no second charge; the bank still sees it and its undoing.
    idle = _DEAD if leg.right is Side.BANK else [*_DEAD, int(State.REVERSED)]
    replaced = standing.coded(matched.ledger, leg, standing.PAIRS)[surplus["row"].to_numpy()]
    idly = pl.col("state").is_in(idle) | ((pl.col("side") == int(leg.left)) & pl.Series(replaced))
    dead = surplus.filter(idly)
    alive = surplus.filter(~idly)
    findings = alive.select(
        _code(leg).alias("code"),
        pl.lit(leg.name).alias("leg"),
        pl.concat_list("row", "twin", "other").list.drop_nulls().alias("rows"),
        pl.lit(1).alias("faulty"),
        anchor=pl.col("fingerprint").cast(pl.String),
        expected_minor=pl.lit(0),
        actual_minor="amount",
        currency="currency",
        cause=pl.when(pl.col("side") == int(Side.BANK)).then(
            pl.lit("second credit under one reference")
        ),
        due_date="due_date",
    )
    told = Verdict.of(findings, not_needed=dead["row"].to_numpy())
    return Verdict.joined([told, _carried(matched, leg, told)])


def parts_of(matched: Matched, leg: Leg, leg_no: int) -> pl.DataFrame:
    """Return the further charges of an order not yet paid whole: row, twin, other, amount.

    While all charges together are no more than the order (`other`), nothing was charged twice: they
    are parts, like the one that the order was linked with (`twin`), and the rest is missing. The
    amount of the first charge once more is a part only where it fills the order.
    """
    return _parts(matched, leg, leg_no, _surplus_rows(matched, leg, leg_no))


def _parts(matched: Matched, leg: Leg, leg_no: int, surplus: pl.DataFrame) -> pl.DataFrame:
    """Return surplus charges that are parts of one order: with the first they fill its amount."""
    chosen = ("row", "twin", "other", "amount")
    if leg.right is Side.BANK or surplus.height == 0:
        return pl.DataFrame(schema=dict.fromkeys(chosen, pl.Int64))
    slim, plan = matched.ledger.slim, leg.passes[0]
    paid = int(State.SUCCESS)
    charges = surplus.filter((pl.col("side") == int(leg.right)) & (pl.col("state") == paid))
    charges = charges.filter(pl.col("twin").is_not_null())
    twin, other = charges["twin"].to_numpy(), charges["other"].to_numpy()
    alike = np.ones(charges.height, bool)
    for column in ("state", "currency", "kind"):
        same = slim[column].to_numpy()
        alike &= (same[twin] == same[other]) & (same[twin] == charges[column].to_numpy())
    charges = charges.with_columns(
        group=pl.Series(matched.matches.key_group[leg.name][other]),
        alike=pl.Series(alike) & ~pl.col("same_reference"),
        whole=slim[plan.left_amount].gather(other).abs(),
        first=slim[plan.right_amount].gather(twin).abs(),
    )
    met = _met_in(matched, leg, leg_no, charges["group"].to_numpy())
    charges = charges.join(met, on="group", how="left", maintain_order="left")
    total = pl.col("first") + pl.col("amount").abs().sum().over("other")
    other_amount = pl.col("amount").abs() != pl.col("first")
    fills = (total == pl.col("whole")) | ((total < pl.col("whole")) & other_amount)
    is_part = fills & (pl.col("met") == 1)
    return charges.filter((is_part & pl.col("alike")).all().over("other")).select(chosen)


def _met_in(matched: Matched, leg: Leg, leg_no: int, groups: NDArray[np.int32]) -> pl.DataFrame:
    """Return how many links some key groups have that are no surplus: group, met."""
    links = matched.matches.of_leg(leg_no)
    of_left = matched.matches.key_group[leg.name][links["left"].to_numpy()]
    near = links.select("match_kind", pl.Series("group", of_left)).filter(among(of_left, groups))
    return near.filter(pl.col("match_kind").is_in(_MET)).group_by("group").len("met")


def _carried(matched: Matched, leg: Leg, told: Verdict) -> Verdict:
    """Carry the further charges until they are undone, refunded, or met by an order."""
    return standing.carried(matched, leg, told.findings, standing.further_of(leg))


def report_again(matched: Matched, leg: Leg, lone: pl.DataFrame) -> Verdict:
    """Report lone rows with an earlier row of their key on their own side (column `twin`).

    The row at fault is the later one; the partner of the first one was linked on an earlier night.
    """
    if lone.height == 0:
        return Verdict.of()
    source = matched.ledger.slim["source"].to_numpy()
    row, twin = lone["row"].to_numpy(), lone["twin"].to_numpy()
    frame = lone.with_columns(
        other=pl.Series(twin),
        other_means=(pl.col("kind") == int(Kind.PAYMENT)) & pl.Series(source[row] != source[twin]),
    )
    frame = frame.with_columns(
        same_reference=pl.Series(_same_reference(matched, frame), dtype=pl.Boolean)
    )
    told = Verdict.of(
        frame.select(
            _code(leg).alias("code"),
            pl.lit(leg.name).alias("leg"),
            pl.concat_list("row", "twin").alias("rows"),
            pl.lit(1).alias("faulty"),
            anchor=pl.col("fingerprint").cast(pl.String),
            expected_minor=pl.lit(0),
            actual_minor="amount",
            currency="currency",
            cause=pl.lit("the first one came earlier under the same key"),
            due_date="due_date",
        ),
        broken=row,
    )
    return Verdict.joined([told, _carried(matched, leg, told)])


def report_further(matched: Matched, leg: Leg, lone: pl.DataFrame, found: pl.DataFrame) -> Verdict:
    """Report lone rows whose order earlier nights closed (`told_before.look_up`)."""
    known = found.filter("further")
    if known.height == 0:
        return Verdict.of()
    frame = lone.join(known, on="row", how="inner", maintain_order="left")
    told = Verdict.of(
        frame.select(
            _code(leg).alias("code"),
            pl.lit(leg.name).alias("leg"),
            pl.concat_list("row").alias("rows"),
            pl.lit(1).alias("faulty"),
            anchor=pl.col("fingerprint").cast(pl.String),
            expected_minor=pl.lit(0),
            actual_minor="amount",
            currency="currency",
            cause="cause",
            due_date="due_date",
            also="also",
        ),
        broken=frame["row"].to_numpy(),
    )
    return Verdict.joined([told, _carried(matched, leg, told)])


def _code(leg: Leg) -> pl.Expr:
    """Return the code of a surplus row, from its side, its kind and its own references."""
    bank_leg = leg.right is Side.BANK
    refund = pl.col("kind") == int(Kind.REFUND)
    charge = (
        pl.when(refund)
        .then(pl.lit(int(Code.REFUND_DUPLICATE)))
        .otherwise(pl.lit(int(Code.DUPLICATE_CHARGE)))
    )
    if bank_leg and leg.left is Side.CHANNEL:
        return (
            pl.when(pl.col("side") == int(Side.BANK))
            .then(pl.lit(int(Code.UNKNOWN_CREDIT)))
            .otherwise(pl.lit(int(Code.MISSING_SETTLEMENT)))
        )
    return (
        pl.when(pl.col("side") == int(leg.left))
        .then(pl.lit(int(Code.DUPLICATE_RECORD)))
        .when(pl.col("other_means"))
        .then(pl.lit(int(Code.PAID_BY_OTHER_MEANS)))
        .when(pl.col("same_reference"))
        .then(pl.lit(int(Code.DUPLICATE_CLEARING)))
        .otherwise(charge)
    )


def _surplus_rows(matched: Matched, leg: Leg, leg_no: int) -> pl.DataFrame:
    """Return surplus rows with a twin on their own side, one row of the other side, and facts."""
    links = matched.matches.of_leg(leg_no)
    extra = links.filter(pl.col("match_kind") == int(MatchKind.SURPLUS))
    if extra.height == 0:
        return extra
    left, right = extra["left"].to_numpy(), extra["right"].to_numpy()
    beside = among(links["left"].to_numpy(), left) | among(links["right"].to_numpy(), right)
    pairs = links.filter(beside).filter(pl.col("match_kind").is_in(_MET))
    partner = np.full(matched.ledger.slim.height, -1)
    partner[pairs["left"].to_numpy()] = pairs["right"].to_numpy()
    partner[pairs["right"].to_numpy()] = pairs["left"].to_numpy()
    surplus_is_left = partner[left] < 0
    other = np.where(surplus_is_left, right, left)
    frame = pl.DataFrame(
        {"row": np.where(surplus_is_left, left, right), "twin": partner[other], "other": other}
    ).with_columns(twin=pl.when(pl.col("twin") >= 0).then("twin"))
    slim = matched.ledger.slim
    facts = slim[frame["row"].to_numpy()].select(
        "side", "kind", "state", "currency", "fingerprint", "due_date", "amount_minor", "net_minor"
    )
    plan = leg.passes[0]
    amount = (
        pl.when(pl.col("side") == int(leg.left))
        .then(pl.col(plan.left_amount))
        .otherwise(pl.col(plan.right_amount))
    )
    frame = pl.concat([frame, facts.with_columns(amount=amount)], how="horizontal")
    source = slim["source"].to_numpy()
    twin = frame["twin"].fill_null(frame["row"]).to_numpy()
    payment = pl.col("kind") == int(Kind.PAYMENT)
    return frame.with_columns(
        other_means=payment & pl.Series(source[frame["row"].to_numpy()] != source[twin]),
        same_reference=pl.Series(_same_reference(matched, frame), dtype=pl.Boolean),
    )


def _same_reference(matched: Matched, frame: pl.DataFrame) -> NDArray[np.bool_]:
    """Return whether a surplus row shares its own reference with an earlier row of its group."""
    same = np.zeros(frame.height, bool)
    twins = frame["twin"].fill_null(-1).to_numpy()
    rows = frame["row"].to_numpy()
    for column in ("channel_ref", "rrn"):
        digests = matched.ledger.digests[column]
        mine, named = digests[rows], digests[rows].any(axis=1)
        same |= named & (twins >= 0) & (mine == digests[twins]).all(axis=1)
        seen: set[tuple[int, int, int]] = set()
        for position, other in enumerate(frame["other"].to_list()):
            if named[position]:
                key = (other, int(mine[position, 0]), int(mine[position, 1]))
                same[position] |= key in seen
                seen.add(key)
    return same
