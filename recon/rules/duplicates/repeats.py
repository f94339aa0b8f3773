"""Likely double charges: the same card, till and amount again within minutes, and no common key.

Precision comes first. A repeat with an order of its own is benign, and so is every repeat whose
probability of being the same charge again is below `breaks.double_charge_ppm`: both are counted,
none is a case. What is left is `DUPLICATE_CHARGE` with its probability as confidence. Payments that
their own side undid are not there any more; equal references were judged by key before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.codes import Code, Kind, Side, State
from recon.core.plan import Leg
from recon.core.repeats import (
    MILLION,
    RepeatModel,
    Repeats,
    Signs,
    find_repeats,
    probabilities,
    step_of,
)
from recon.rules.duplicates.habits import TILL, attempts_before, habits
from recon.rules.night import Matched, Night, Verdict

_WIDE = ("txn_id", "card", "merchant_id", "terminal_id", "auth_code", "stan")
_LIMITS_YUAN = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)  # payments are split below these
_HUNDRED = 100
_MISSING = int(Code.MISSING_IN_MERCHANT)
_DOUBLE = int(Code.DUPLICATE_CHARGE)
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Standing:
    """How the channel's payments stand on a leg, a flag a ledger row."""

    lone: Flags  # the books should have it and do not
    booked: Flags  # met an order, tonight or on an earlier night
    judged: Flags  # at fault in another finding
    told: Flags  # an earlier night has called it a missing order
    books: bool  # the leg leads to the merchant's books


def judge(
    matched: Matched, legs: tuple[Leg, ...], leg: Leg, night: Night, verdict: Verdict
) -> Verdict:
    """Return a leg's verdict in which likely double charges have their own code."""
    if not _tells(legs, leg):
        return verdict
    payments = _payments(matched, leg)
    if len(payments) == 0 or not matched.archive.has("card"):
        return verdict
    model = RepeatModel()
    frame = _candidates(matched, payments, model)
    found = find_repeats(frame["same"].to_numpy(), frame["time"].to_numpy(), model)
    if found.row.size == 0:
        return verdict
    standing = _standing(matched, leg, verdict)
    signs = _signs(matched, frame, found, standing, payments, model)
    chance = np.floor(probabilities(found.gap, found.chain, signs, model) * MILLION)
    told = frame.select("row", "merchant_id", "source", "currency", "amount_minor", "fingerprint")
    told = told[found.row].with_columns(
        before=frame["row"].gather(found.before),
        gap=pl.Series(found.gap),
        chance=pl.Series(chance.astype(np.int64)),
        presented=pl.Series(signs.same_authorisation),
        unbooked=pl.Series(signs.unbooked),
        payments=pl.Series(signs.payments),
    )
    double = _is_double(told, standing, night)
    benign = _is_benign(matched, told, standing) & ~double
    verdict = _as_double(told.filter(pl.Series(double)), leg, standing, verdict)
    return replace(
        verdict,
        findings=pl.concat([verdict.findings, _counted(told.filter(pl.Series(benign)), leg)]),
    )


def _tells(legs: tuple[Leg, ...], leg: Leg) -> bool:
    """Return whether a leg is where repeats are judged: against the books, or else the only one."""
    if (leg.left, leg.right) == (Side.MERCHANT, Side.CHANNEL):
        return True
    books = any((one.left, one.right) == (Side.MERCHANT, Side.CHANNEL) for one in legs)
    return leg.left is Side.CHANNEL and not books


def _payments(matched: Matched, leg: Leg) -> Rows:
    """Return the channel's payments that stand, carried ones included, and have a time."""
    slim = matched.ledger.slim
    scope = np.zeros(slim.height, bool)
    for rows in matched.eligible.values():
        scope |= rows
    stands = slim.select(
        (pl.col("side") == int(Side.CHANNEL))
        & (pl.col("kind") == int(Kind.PAYMENT))
        & (pl.col("state") == int(State.SUCCESS))
        & (pl.col("amount_minor") > 0)
        & pl.col("occurred_at").is_not_null()
    ).to_series()
    new = matched.eligible[leg.name] | matched.ledger.opening
    return np.flatnonzero(stands.to_numpy() & scope & new)


def _candidates(matched: Matched, payments: Rows, model: RepeatModel) -> pl.DataFrame:
    """Return card payments close to one of equal amount; `same` names payer and till."""
    slim = matched.ledger.slim[payments].select(
        "txn_id", "source", "currency", "amount_minor", "fingerprint", time="occurred_at"
    )
    frame = slim.with_columns(pl.Series("row", payments), pl.col("time").cast(pl.Int64))
    key = ["source", "currency", "amount_minor"]
    frame = frame.sort([*key, "time", "row"])
    follows = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in key)
    near = follows & (pl.col("time") - pl.col("time").shift() <= model.window * 1_000_000)
    near = near.fill_null(value=False)
    frame = frame.filter(near | near.shift(-1, fill_value=False))
    wide = matched.archive.columns(_WIDE, frame["txn_id"].to_numpy())
    frame = frame.join(wide, on="txn_id", how="inner", maintain_order="left")
    frame = frame.filter(pl.col("card").is_not_null())
    return frame.with_columns(same=pl.col("row").first().over(TILL))


def _standing(matched: Matched, leg: Leg, verdict: Verdict) -> Standing:
    """Return how the channel's payments stand on the leg."""
    size = matched.ledger.slim.height
    books = leg.left is Side.MERCHANT
    lone, judged = np.zeros(size, bool), np.zeros(size, bool)
    lone[verdict.waiting.filter(pl.col("code") == _MISSING)["row"].to_numpy()] = books
    faults = verdict.findings.filter(~pl.col("code").is_in([_MISSING, int(Code.IN_TRANSIT)]))
    at_fault = faults.select(pl.col("rows").list.head("faulty").explode()).to_series()
    judged[at_fault.drop_nulls().to_numpy()] = True
    met = matched.matches.key_group[leg.name] >= 0
    closed = matched.ledger.opening & ~matched.eligible[leg.name]
    told = matched.ledger.code_on.get(leg.name, np.zeros(size, np.int64)) == _MISSING
    booked = (met | closed) if books else np.zeros(size, bool)
    return Standing(lone, booked, judged, told, books)


def _signs(
    matched: Matched,
    frame: pl.DataFrame,
    found: Repeats,
    standing: Standing,
    payments: Rows,
    model: RepeatModel,
) -> Signs:
    """Return what tells the repeats apart besides their gap."""
    rows = frame["row"].to_numpy()
    row, before, first = rows[found.row], rows[found.before], rows[found.first]
    source = matched.ledger.slim["source"].to_numpy()
    genuine = standing.booked[row] & standing.booked[before]
    if not standing.books:
        genuine = np.ones(row.size, bool)  # retries are far too rare to show among them
    usual = habits(matched, payments, frame[found.row], genuine)
    authorised = frame["auth_code"].str.strip_chars("0 ")
    one, two = authorised.gather(found.row), authorised.gather(found.before)
    alone = standing.lone.copy()
    alone[row] = False  # a suspect is no proof that the books are careless
    sources = int(source.max()) + 1
    attempts, attempted = attempts_before(matched, frame[found.row], model)
    return Signs(
        unbooked=standing.lone[row] & (standing.booked[before] | standing.booked[first]),
        ordered=standing.booked[row],
        payments=usual["payments"].to_numpy(),
        repeats=usual["repeats"].to_numpy(),
        by_gap=np.bincount(step_of(found.gap[genuine], model), minlength=len(model.shares)),
        visits=usual["visits"].to_numpy(),
        popularity=usual["popularity"].to_numpy(),
        missed=np.bincount(source[alone], minlength=sources)[source[row]],
        booked=np.bincount(source[payments], minlength=sources)[source[row]],
        attempts=attempts,
        attempted=attempted,
        same_authorisation=((one == two) & (one != "")).fill_null(value=False).to_numpy(),
        trace_gap=_trace_gaps(frame["stan"], found),
        at_limit=_at_limit(frame["amount_minor"].gather(found.row).to_numpy()),
    )


def _trace_gaps(stan: pl.Series, found: Repeats) -> Rows:
    """Return the differences of trace numbers, 0 where one is not a number."""
    number = stan.cast(pl.Int64, strict=False)
    gap = (number.gather(found.row) - number.gather(found.before)).fill_null(0)
    return gap.to_numpy().astype(np.int64)


def _at_limit(amount: Rows) -> Flags:
    """Return which amounts are a usual limit, or up to one yuan below it."""
    limits = np.array(_LIMITS_YUAN) * _HUNDRED
    below = limits[None, :] - amount[:, None]
    out: Flags = np.any((below >= 0) & (below <= _HUNDRED), axis=1)
    return out


def _is_double(told: pl.DataFrame, standing: Standing, night: Night) -> Flags:
    """Return which repeats are likely enough to be a case.

    What was told as a missing order stays one: how likely a repeat is hangs on the other payments
    of the night, and no case changes its name with them.
    """
    row = told["row"].to_numpy()
    least = night.rules.breaks.double_charge_ppm
    known = standing.judged[row] | standing.told[row]
    likely: Flags = (told["chance"] >= least).to_numpy() & ~known
    return np.logical_and(likely, standing.lone[row]) if standing.books else likely


def _is_benign(matched: Matched, told: pl.DataFrame, standing: Standing) -> Flags:
    """Return which new repeats are genuine: each payment has its order, or nothing says more."""
    row, before = told["row"].to_numpy(), told["before"].to_numpy()
    new: Flags = ~matched.ledger.opening[row] & ~standing.judged[row] & ~standing.judged[before]
    if not standing.books:
        return new
    out: Flags = np.logical_and(new, standing.booked[row] & standing.booked[before])
    return out


def _as_double(told: pl.DataFrame, leg: Leg, standing: Standing, verdict: Verdict) -> Verdict:
    """Report likely double charges: in the place of a missing order, or as their own finding."""
    if told.height == 0:
        return verdict
    causes = [
        _cause(gap, chance, presented=presented, unbooked=unbooked)
        for gap, chance, presented, unbooked in told.select(
            "gap", "chance", "presented", "unbooked"
        ).iter_rows()
    ]
    told = told.with_columns(cause=pl.Series(causes, dtype=pl.String))
    if standing.books:
        return _recoded(told, verdict)
    found = told.select(
        pl.lit(_DOUBLE).alias("code"),
        pl.lit(leg.name).alias("leg"),
        pl.concat_list("row", "before").alias("rows"),
        pl.lit(1).alias("faulty"),
        anchor=pl.col("fingerprint").cast(pl.String),
        expected_minor=pl.lit(0),
        actual_minor="amount_minor",
        currency="currency",
        cause="cause",
        confidence="chance",
    )
    return Verdict.joined([verdict, Verdict.of(found)])


def _recoded(told: pl.DataFrame, verdict: Verdict) -> Verdict:
    """Give missing orders that are likely double charges that code; they stay open all the same.

    told: columns row, before (null when it is not in the ledger), cause, chance.
    """
    said = told.select(
        first=pl.col("row"), before="before", said="cause", chance=pl.col("chance")
    ).unique("first", keep="first", maintain_order=True)
    missing = pl.col("code") == _MISSING
    findings = verdict.findings.with_columns(first=pl.col("rows").list.first()).join(
        said, on="first", how="left", maintain_order="left"
    )
    twice = missing & pl.col("chance").is_not_null()
    findings = findings.with_columns(
        code=pl.when(twice).then(pl.lit(_DOUBLE, pl.UInt16)).otherwise("code"),
        rows=pl.when(twice)
        .then(pl.concat_list("first", "before").list.drop_nulls())
        .otherwise("rows"),
        faulty=pl.when(twice).then(pl.lit(1, pl.Int64)).otherwise("faulty"),
        cause=pl.when(twice).then("said").otherwise("cause"),
        confidence=pl.when(twice).then(pl.col("chance").cast(pl.Int32)).otherwise("confidence"),
    )
    waiting = verdict.waiting.with_columns(
        code=pl.when(missing & pl.col("row").is_in(said["first"].implode()))
        .then(pl.lit(_DOUBLE, pl.UInt16))
        .otherwise("code")
    )
    return replace(verdict, findings=findings.select(verdict.findings.columns), waiting=waiting)


def _counted(told: pl.DataFrame, leg: Leg) -> pl.DataFrame:
    """Count genuine repeats: one benign finding a merchant, source and currency."""
    if told.height == 0:
        return Verdict.of().findings
    counted = (
        told.sort("row")
        .group_by("source", "merchant_id", "currency", maintain_order=True)
        .agg(
            pl.col("row").alias("rows"),
            pl.len().alias("repeats"),
            pl.col("payments").first(),
            pl.col("chance").max(),
            pl.col("amount_minor").sum().alias("amount"),
            pl.col("fingerprint").first(),
        )
    )
    causes = [
        f"{repeats} repeats among {payments} payments; probability at most {_percent(chance)} %"
        for repeats, payments, chance in counted.select("repeats", "payments", "chance").iter_rows()
    ]
    return Verdict.of(
        counted.select(
            pl.lit(int(Code.BENIGN_REPEAT)).alias("code"),
            pl.lit(leg.name).alias("leg"),
            "rows",
            pl.lit(0).alias("faulty"),
            anchor=pl.col("fingerprint").cast(pl.String),
            expected_minor="amount",
            actual_minor="amount",
            currency="currency",
            cause=pl.Series(causes, dtype=pl.String),
            confidence="chance",
        )
    ).findings


def _cause(gap: int, chance: int, *, presented: bool, unbooked: bool) -> str:
    """Return why a repeat is taken for the same charge again."""
    parts = [f"same card, till and amount {gap} s after another payment"]
    if unbooked:
        parts.append("no order of its own")
    if presented:
        parts.append("one authorisation presented twice")
    return "; ".join([*parts, f"probability {_percent(chance)} %"])


def _percent(ppm: int) -> str:
    """Return parts per million as per cent, rounded down to a tenth."""
    tenths = ppm // 1_000
    return f"{tenths // 10}.{tenths % 10}"
