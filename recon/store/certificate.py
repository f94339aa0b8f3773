"""The conservation certificate: every row and every minor unit that came in is somewhere.

Rows are counted where they lie (the transactions files, last night's open items) and again where
they ended (`outcomes`, tonight's open items); the certificate states both counts. Transactions are
read some rows at a time, so memory is bounded by the ends of the rows (12 bytes a row).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core import schema
from recon.core.arrays.parallel import run_all
from recon.core.arrays.sums import summed_by
from recon.core.codes import InputState, Outcome
from recon.core.ends import Ends
from recon.store.table_file import stretches

_READERS = 2  # stretches of a file that are looked at at once
LOADED = (InputState.ACCEPTED.name, InputState.UNVERIFIED.name)
SET_ASIDE = (InputState.HELD.name, InputState.REFUSED.name, InputState.DUPLICATE.name)
SLICE = ("txn_id", "side", "source", "file_id", "currency", "amount_minor", "fee_minor")
GROUPING = ("side", "source", "file_id", "currency", "outcome", "closing")


class _Tally:
    """Which rows of the ends were met among the rows of the files, and how many met twice."""

    def __init__(self, ends: Ends) -> None:
        """Start with none met."""
        self.ends = ends
        self._met = np.zeros(ends.txn_id.size, np.bool_)
        self._again = 0
        self._lock = Lock()

    def count(self, at: NDArray[np.int64]) -> None:
        """Meet the rows at some positions. Any thread may do it."""
        once = at if bool((np.diff(at) > 0).all()) else np.unique(at)
        with self._lock:
            self._again += at.size - once.size + int(self._met[once].sum())
            self._met[once] = True

    @property
    def astray(self) -> int:
        """Return how many rows were not met once."""
        return self._again + int((~self._met).sum())


def certify(
    *,
    parts: Sequence[Path],
    ends: Ends,
    inputs: pl.DataFrame,
    rejects: pl.DataFrame,
    opening: pl.DataFrame,
    closing: pl.DataFrame,
) -> dict[str, Any]:
    """Return the certificate of a night.

    `parts` are tonight's transactions files; `opening` and `closing` are `open_items` of the
    previous run and of this one. Sums are 128-bit and written as decimal text. `balanced` is true
    when `failures` is empty; an unbalanced night must not be published.
    """
    tally = _Tally(ends)
    failures: list[str] = []
    pieces = [(frame, tally, "a file") for frame in _read_parts(parts)]
    carried_in = _once(schema.check(opening, schema.OPEN_ITEMS))
    placed = run_all(_place, pieces, _READERS)
    placed_before = _place(carried_in, tally, "the opening items", opening=True)
    failures += [failure for _, failure in (*placed, placed_before) if failure]
    new, old = _sums([sums for sums, _ in placed]), _sums([placed_before[0]])
    if tally.astray:
        failures.append(
            f"expected each outcome to belong to one row, found {tally.astray} that do not"
        )
    files = _files(new, inputs, rejects, failures)
    roll_forward = _roll_forward(new, old, _once(schema.check(closing, schema.OPEN_ITEMS)))
    failures += [_off_balance(row) for row in roll_forward if not row["balanced"]]
    return {
        "schema_version": 1,
        "balanced": not failures,
        "failures": failures,
        "files": files,
        "set_aside": _set_aside(inputs),
        "roll_forward": roll_forward,
    }


def _read_parts(parts: Sequence[Path]) -> Iterator[pl.LazyFrame]:
    """Yield the rows of the files, some at a time."""
    for path in parts:
        yield from stretches(path, schema.TRANSACTIONS, SLICE)


def _once(open_items: pl.DataFrame) -> pl.LazyFrame:
    """Return each waiting row once, however many legs it waits on."""
    return open_items.lazy().unique("txn_id", keep="any").select(SLICE)


def _place(
    rows: pl.LazyFrame,
    tally: _Tally,
    where: str,
    *,
    opening: bool = False,
) -> tuple[pl.DataFrame, str]:
    """Return counts and sums of `rows` by file, currency and the outcome that each row has.

    Also return what is wrong with them, or nothing.
    """
    frame, ends = rows.collect(), tally.ends
    txn_ids = frame["txn_id"].to_numpy()
    at = _places(ends.txn_id, txn_ids)
    right = at >= 0
    right[right] = ends.opening[at[right]] == opening
    tally.count(at[at >= 0])
    failure = ""
    if not bool(right.all()):
        failure = (
            f"expected every row of {where} to have one outcome of its own kind "
            f"(opening={str(opening).lower()}), found {int((~right).sum())} without"
        )
        frame, at = frame.filter(pl.Series(right)), at[right]
    sums = _summed(
        frame.with_columns(
            pl.Series("outcome", ends.outcome[at]).cat.to(schema.words(Outcome)),
            pl.Series("closing", ends.closing[at]),
        )
    )
    return sums, failure


def _places(ordered: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each wanted row stands in `ordered`, -1 where it does not.

    The rows of a file stand together, so that one comparison tells; else each is searched.
    """
    if wanted.size == 0 or ordered.size == 0:
        return np.full(wanted.size, -1, np.int64)
    begin = int(np.searchsorted(ordered, wanted[0]))
    if np.array_equal(ordered[begin : begin + wanted.size], wanted):
        return np.arange(begin, begin + wanted.size)
    at = np.minimum(np.searchsorted(ordered, wanted), ordered.size - 1)
    return np.where(ordered[at] == wanted, at, -1)


def _summed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return counts and exact sums by GROUPING."""
    sums = (
        pl.len().cast(pl.Int64).alias("rows"),
        pl.col("amount_minor").null_count().cast(pl.Int64).alias("amount_unknown"),
        pl.col("amount_minor").cast(pl.Int128).sum(),
        pl.col("fee_minor").cast(pl.Int128).sum(),
    )
    lines = summed_by(frame, GROUPING, sums)
    return lines.with_columns(pl.col("currency").fill_null(""), pl.col("side").cast(pl.String))


def _sums(pieces: Iterable[pl.DataFrame]) -> pl.DataFrame:
    empty = _summed(
        schema.TRANSACTIONS.empty()
        .select(SLICE)
        .with_columns(
            pl.lit(None, dtype=schema.words(Outcome)).alias("outcome"),
            pl.lit(None, dtype=pl.Boolean).alias("closing"),
        )
    )
    return pl.concat([empty, *pieces]).group_by(GROUPING).agg(pl.exclude(GROUPING).sum())


def _files(
    new: pl.DataFrame, inputs: pl.DataFrame, rejects: pl.DataFrame, failures: list[str]
) -> list[dict[str, Any]]:
    """Return one entry a file: rows accepted and refused, and per currency where they ended."""
    refused = dict(rejects.group_by("file_id").agg(pl.len()).iter_rows())
    loaded = inputs.filter(pl.col("state").cast(pl.String).is_in(LOADED)).sort("source", "path")
    entries = []
    for file in loaded.iter_rows(named=True):
        rows = new.filter(
            (pl.col("file_id") == file["file_id"]) & (pl.col("source") == file["source"])
        )
        entry = {
            "source": file["source"],
            "file_id": file["file_id"],
            "sha256": file["sha256"],
            "state": file["state"],
            "rows": file["rows"] or 0,
            "rejected": file["rejected"] or 0,
            "currencies": _currencies(rows),
        }
        entries.append(entry)
        _compare(f"rows of {file['path']}", entry["rows"], int(rows["rows"].sum()), failures)
        lines = refused.get(file["file_id"], 0)
        _compare(f"rejects of {file['path']}", entry["rejected"], lines, failures)
    known = set(loaded["file_id"].to_list())
    strays = sorted(set(new["file_id"].to_list()) - known)
    _compare("files in transactions that `inputs` does not accept", [], strays, failures)
    return entries


def _set_aside(inputs: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the files whose rows are not in tonight's books, and how many rows those are.

    `rows` is null where the file could not be read.
    """
    aside = inputs.filter(pl.col("state").cast(pl.String).is_in(SET_ASIDE)).sort("source", "path")
    kept = ("source", "path", "sha256", "state", "rows", "rejected")
    return [{name: row[name] for name in kept} for row in aside.iter_rows(named=True)]


def _currencies(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows and money by currency and outcome; sums of 128 bits as text, for JSON."""
    result = []
    for (currency,), part in rows.sort("currency").group_by("currency", maintain_order=True):
        by_outcome = part.group_by("outcome").agg(pl.exclude(GROUPING).sum()).sort("outcome")
        result.append(
            {
                "currency": currency,
                **_figures(part),
                "outcomes": {
                    str(line["outcome"]): {
                        "rows": line["rows"],
                        "amount_unknown": line["amount_unknown"],
                        "amount_minor": str(line["amount_minor"]),
                        "fee_minor": str(line["fee_minor"]),
                    }
                    for line in by_outcome.iter_rows(named=True)
                },
            }
        )
    return result


def _figures(part: pl.DataFrame) -> dict[str, Any]:
    return {
        "rows": int(part["rows"].sum()),
        "amount_unknown": int(part["amount_unknown"].sum()),
        "amount_minor": str(int(part["amount_minor"].sum())),
        "fee_minor": str(int(part["fee_minor"].sum())),
    }


def _roll_forward(
    new: pl.DataFrame, old: pl.DataFrame, closing: pl.LazyFrame
) -> list[dict[str, Any]]:
    """Return per side and currency: opening + new - closed = closing, in rows and money.

    Closing is counted in tonight's open items; closed rows are counted by their outcome.
    """
    left = closing.collect().with_columns(
        pl.lit(None, dtype=schema.words(Outcome)).alias("outcome"),
        pl.lit(value=True).alias("closing"),
    )
    closed = pl.concat([new, old]).filter(~pl.col("closing"))
    stages = {"opening": old, "new": new, "closed": closed, "closing": _summed(left)}
    tagged = pl.concat(
        frame.select("side", "currency", "rows", "amount_minor", pl.lit(stage).alias("stage"))
        for stage, frame in stages.items()
    )
    result = []
    for (side, currency), part in tagged.sort("side", "currency").group_by(
        "side", "currency", maintain_order=True
    ):
        sums = {stage: _stage(part.filter(pl.col("stage") == stage)) for stage in stages}
        balanced = all(
            sums["opening"][unit] + sums["new"][unit] - sums["closed"][unit]
            == sums["closing"][unit]
            for unit in ("rows", "amount_minor")
        )
        entry = {"side": side, "currency": currency, "balanced": balanced}
        for stage, figures in sums.items():
            entry[stage] = {"rows": figures["rows"], "amount_minor": str(figures["amount_minor"])}
        result.append(entry)
    return result


def _stage(part: pl.DataFrame) -> dict[str, int]:
    return {unit: int(part[unit].sum()) for unit in ("rows", "amount_minor")}


def _compare(what: str, expected: object, found: object, failures: list[str]) -> None:
    if expected != found:
        failures.append(f"{what}: expected {expected}, found {found}")


def _off_balance(row: dict[str, Any]) -> str:
    side, currency = row["side"], row["currency"] or "no currency"
    stages = ", ".join(
        f"{stage} {row[stage]['rows']} rows {row[stage]['amount_minor']}"
        for stage in ("opening", "new", "closed", "closing")
    )
    return f"roll-forward of {side} in {currency}: opening + new - closed is not closing ({stages})"
