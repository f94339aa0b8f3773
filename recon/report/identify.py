"""Which rows a person means by an id: a dispute, a break, a row, a reference, a place in a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from recon.errors import UsageError

Fetch = Callable[[str, pl.Expr], pl.DataFrame]
REFERENCES = ("order_id", "channel_ref", "bank_ref", "rrn", "batch_id")
_CASE = re.compile(r"^[DB][0-9a-f]{16}$")
_PLACE = re.compile(r"(?P<file>.+)#(?P<record>\d{1,15})")  # as the list of cases names evidence
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Found:
    """What an id names: how it was read, the rows (TRANSACTIONS and night), and the case."""

    ident: str
    read_as: tuple[str, ...]
    rows: pl.DataFrame
    breaks: pl.DataFrame  # BREAKS and night, every night on which the case stands


def find(fetch: Fetch, ident: str) -> Found:
    """Return the rows that an id names; UsageError when no published night holds it."""
    if _CASE.match(ident):
        breaks = fetch("breaks", pl.col("break_id") == f"B{ident[1:]}").sort("night")
        if breaks.height:
            kind = "dispute" if ident[0] == "D" else "break"
            listed = breaks["txn_ids"][-1].to_list()
            return Found(ident, (kind,), rows_of(fetch, listed), breaks)
    rows, read_as = _by_reference(fetch, ident)
    if rows.height == 0:
        rows, read_as = _by_place(fetch, ident), ("file",)
    if rows.height == 0:
        raise UsageError(
            f"expected a dispute, break, row id, a reference or FILE#RECORD, found {ident!r}, "
            "which no published night holds",
            where=f"columns txn_id, {', '.join(REFERENCES)}, original_ref",
            fix="copy the id whole from `recon query`, the workbook or the sender's file",
        )
    return Found(ident, read_as, rows, fetch("breaks", pl.lit(value=False)))


def rows_of(fetch: Fetch, txn_ids: list[int]) -> pl.DataFrame:
    """Return the rows of those ids in the order asked for, each once (TRANSACTIONS and night)."""
    found = fetch("transactions", pl.col("txn_id").is_in(txn_ids)).sort("night")
    order = pl.DataFrame({"txn_id": txn_ids}, schema={"txn_id": pl.Int64})
    once = found.unique("txn_id", keep="first", maintain_order=True)
    return order.unique(maintain_order=True).join(
        once, on="txn_id", how="inner", maintain_order="left"
    )


def _by_place(fetch: Fetch, ident: str) -> pl.DataFrame:
    """Return the rows of a record of a file: its identity, its path, or the path's end."""
    place = _PLACE.fullmatch(ident)
    empty = pl.lit(value=False)
    if place is None:
        return fetch("transactions", empty)
    path, name = pl.col("path"), place["file"]
    named = (path == name) | path.str.ends_with(f"/{name}") | (pl.col("file_id") == name)
    files = fetch("inputs", named)["file_id"].drop_nulls().unique().to_list()
    rows = fetch(
        "transactions",
        pl.col("file_id").is_in(files) & (pl.col("record_no") == int(place["record"])),
    )
    return rows.sort("night", "txn_id").unique("txn_id", keep="first", maintain_order=True)


def _by_reference(fetch: Fetch, ident: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return rows whose id or reference is `ident`; those of an original only if none is."""
    tests = {name: pl.col(name) == ident for name in REFERENCES}
    if ident.isascii() and ident.isdigit() and int(ident) <= _LARGEST:
        tests["txn_id"] = pl.col("txn_id") == int(ident)
    rows = fetch("transactions", pl.any_horizontal(tests.values()))
    if rows.height == 0:
        tests = {"original_ref": pl.col("original_ref") == ident}
        rows = fetch("transactions", tests["original_ref"])
    rows = rows.sort("night", "side", "txn_id").unique("txn_id", keep="first", maintain_order=True)
    used = rows.select(test.any().alias(name) for name, test in tests.items()).row(0, named=True)
    return rows, tuple(name for name, hit in used.items() if hit)
