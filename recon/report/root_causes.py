"""Root causes: what the breaks of one code share beyond chance. "3,000 breaks, 1 cause".

For each code and each value of an attribute (a terminal, a batch, an hour, a card BIN, a file, a
merchant, a product) the question is: had the code's K broken rows been drawn blindly from the N
rows of their source, how likely would k or more of them carry this value, which n rows carry? The
answer is the upper tail of the hypergeometric distribution, summed term by term (Fisher's exact
test, one-sided), no normal or chi-squared approximation. All values that occur, also those without
a break, count as tests in the Benjamini-Hochberg control of the false discovery rate.

What must look like a cause and is none is left out. Some codes can only arise in one source (a cap
exists where a contract has one), so values are compared inside a source; the source itself counts
only when one row in five of it is broken. Of a file or batch of an earlier night only what broke is
still in the books, so files and batches are judged by the rows that are new tonight. Tied rows
(`AMBIGUOUS`) come in sets that break together: they are no independent draws.

This file alone uses floating point, for probabilities. No money is computed here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from recon.core.codes import Code
from recon.report.pack import Pack, real_breaks

FALSE_DISCOVERY_RATE = 0.01
LEAST_BREAKS = 3
LEAST_LIFT = 2
_COVERED = 0.8  # a cause whose breaks another one covers to this share is only its companion
_BIN_DIGITS = 6
MASS = 5  # one row in so many of a source must be broken before the source is a cause
NIGHT_BOUND = ("batch_id", "file_id")
_NOTICES = frozenset({"CHARGEBACK", "RETRIEVAL_DUE", "FUNDS_FROZEN"})  # whole files of them exist
_CASE_COLUMNS = ("terminal_id", "batch_id", "merchant_id", "product", "source", "file_id")
ATTRIBUTES = ("terminal_id", "batch_id", "hour", "bin", "file_id", "merchant_id", "product")


@dataclass(frozen=True, slots=True)
class Cause:
    """One attribute value that breaks of one code share beyond chance."""

    code: str
    attribute: str
    value: str
    breaks_there: int  # k
    breaks_all: int  # K
    rows_there: int  # n
    rows_all: int  # N
    probability: float
    also: tuple[str, ...]  # attribute=value pairs that point at the same breaks
    break_ids: tuple[str, ...]
    nights: int = 1  # nights of the trend on which this value held as many new breaks as it needs

    @property
    def expected_ppm(self) -> int:
        """Return how many breaks chance would put there, in millionths."""
        return self.breaks_all * self.rows_there * 1_000_000 // self.rows_all

    def facts(self) -> dict[str, Any]:
        """Return the cause as plain data."""
        return {
            "code": self.code,
            "attribute": self.attribute,
            "value": self.value,
            "breaks_there": self.breaks_there,
            "breaks_all": self.breaks_all,
            "rows_there": self.rows_there,
            "rows_all": self.rows_all,
            "expected_ppm": self.expected_ppm,
            "probability": f"{self.probability:.2e}",
            "also": list(self.also),
            "break_ids": list(self.break_ids),
            "nights": self.nights,
        }


def tail(breaks_there: int, rows_there: int, breaks_all: int, rows_all: int) -> float:
    """Return P(X >= breaks_there) for X hypergeometric: the exact one-sided test."""
    last = min(rows_there, breaks_all)
    if breaks_there <= max(0, rows_there + breaks_all - rows_all):
        return 1.0
    if breaks_there > last:
        return 0.0
    term = math.exp(
        _log_choose(breaks_all, breaks_there)
        + _log_choose(rows_all - breaks_all, rows_there - breaks_there)
        - _log_choose(rows_all, rows_there)
    )
    total = 0.0
    for k in range(breaks_there, last + 1):
        total += term
        up = (breaks_all - k) * (rows_there - k)
        down = (k + 1) * (rows_all - breaks_all - rows_there + k + 1)
        term *= up / down
        if term < total * 1e-17:
            break
    return min(total, 1.0)


def _log_choose(whole: int, part: int) -> float:
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)


def discoveries(probabilities: Sequence[float], tested: int, rate: float) -> float:
    """Return the largest probability that Benjamini-Hochberg accepts, or a negative number.

    tested: how many tests were made in all; those not listed count as certain.
    """
    accepted = -1.0
    for rank, probability in enumerate(sorted(probabilities), start=1):
        if probability <= rate * rank / tested:
            accepted = probability
    return accepted


def root_causes(pack: Pack, rate: float = FALSE_DISCOVERY_RATE) -> list[Cause]:
    """Return the causes found, the largest first; at most one for the same breaks."""
    found: list[tuple[Cause, frozenset[str]]] = []
    tested = 0
    cases = _cases(pack)
    ledger = _attributes(pack.ledger)
    for (code, side), broken in cases.group_by("code", "side", maintain_order=True):
        pool = ledger.filter(pl.col("side") == side)
        tested += pool["source"].n_unique()
        found += [
            item
            for item in _of_attribute(str(code), "source", broken, pool)
            if item[0].breaks_there * MASS >= item[0].rows_there and code not in _NOTICES
        ]
        for (source,), mine in broken.group_by("source", maintain_order=True):
            rows = pool.filter(pl.col("source") == source)
            for attribute in ATTRIBUTES:
                there, of = (_judged(attribute, mine), _judged(attribute, rows))
                tested += of[attribute].drop_nulls().n_unique()
                found += _of_attribute(str(code), attribute, there, of)
    limit = discoveries([cause.probability for cause, _ in found], max(tested, 1), rate)
    kept = [item for item in found if item[0].probability <= limit]
    return [replace(cause, nights=_nights(pack, cause)) for cause in _one_each(kept)]


def _judged(attribute: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows by which an attribute is judged."""
    return rows.filter(~pl.col("opening")) if attribute in NIGHT_BOUND else rows


def seen_values(breaks: pl.DataFrame, ledger: pl.DataFrame, night: date) -> pl.DataFrame:
    """Return how many new breaks of each code a value held on a night: what recurrence counts.

    Columns: night, code, attribute, value, breaks; values with too few breaks are left out.
    """
    fresh = breaks.filter(pl.col("status").cast(pl.String) == "NEW")
    cases = _with_attributes(fresh, ledger)
    counted = [
        cases.drop_nulls(name)
        .group_by("code", pl.col(name).alias("value"))
        .agg(pl.len().cast(pl.Int64).alias("breaks"))
        .with_columns(attribute=pl.lit(name), night=pl.lit(night))
        for name in ATTRIBUTES
    ]
    columns = ["night", "code", "attribute", "value", "breaks"]
    return pl.concat(counted).filter(pl.col("breaks") >= LEAST_BREAKS).select(columns)


def _nights(pack: Pack, cause: Cause) -> int:
    same = (
        (pl.col("code") == cause.code)
        & (pl.col("attribute") == cause.attribute)
        & (pl.col("value") == cause.value)
    )
    return max(int(pack.seen.filter(same)["night"].n_unique()), 1)


def _attributes(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "txn_id",
        "opening",
        pl.col("side").cast(pl.String),
        *_CASE_COLUMNS,
        pl.col("occurred_at").dt.strftime("%H:00").alias("hour"),
        pl.col("card").str.head(_BIN_DIGITS).alias("bin"),
    )


def _cases(pack: Pack) -> pl.DataFrame:
    """Return each real break of tonight with the attributes of the row at fault."""
    return _with_attributes(pack.tables["breaks"], pack.ledger)


def _with_attributes(breaks: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    independent = real_breaks(breaks).filter(pl.col("code").cast(pl.String) != Code.AMBIGUOUS.name)
    named = independent.select(
        "break_id",
        pl.col("code").cast(pl.String),
        pl.col("txn_ids").list.first().alias("txn_id"),
    )
    return named.join(_attributes(ledger), on="txn_id", how="inner").sort("code", "break_id")


def _of_attribute(
    code: str, attribute: str, mine: pl.DataFrame, pool: pl.DataFrame
) -> Iterator[tuple[Cause, frozenset[str]]]:
    """Yield the values of one attribute that hold enough breaks to be worth a test."""
    there = mine.drop_nulls(attribute).group_by(attribute).agg("break_id", pl.len().alias("k"))
    there = there.filter(pl.col("k") >= LEAST_BREAKS)
    if there.height == 0:
        return
    sizes = pool.drop_nulls(attribute).group_by(attribute).agg(pl.len().alias("n"))
    joined = there.join(sizes, on=attribute).sort(attribute)
    breaks_all, rows_all = mine.height, pool.height
    for row in joined.iter_rows(named=True):
        k, n = row["k"], row["n"]
        if k * rows_all < LEAST_LIFT * breaks_all * n:
            continue
        names = sorted(row["break_id"])
        cause = Cause(
            code,
            attribute,
            str(row[attribute]),
            k,
            breaks_all,
            n,
            rows_all,
            tail(k, n, breaks_all, rows_all),
            (),
            tuple(names),
        )
        yield cause, frozenset(names)


def _one_each(found: list[tuple[Cause, frozenset[str]]]) -> Iterator[Cause]:
    """Yield causes by strength; those that point at the same breaks become companions."""
    ranked = sorted(
        found, key=lambda item: (item[0].probability, -item[0].breaks_there, item[0].value)
    )
    chosen: list[tuple[Cause, frozenset[str], list[str]]] = []
    for cause, names in ranked:
        twin = next(
            (
                also
                for other, covered, also in chosen
                if other.code == cause.code and len(names & covered) >= _COVERED * len(names)
            ),
            None,
        )
        if twin is None:
            chosen.append((cause, names, []))
        else:
            twin.append(f"{cause.attribute}={cause.value}")
    for cause, _, also in sorted(chosen, key=lambda item: -item[0].breaks_there):
        yield replace(cause, also=tuple(also))
