"""Which rows a person means by an id: a dispute, a break, a row, a reference, a place in a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from recon.errors import UsageError

Fetch = Callable[[str, pl.Expr], pl.DataFrame]
REFERENCES = ("order_id", "channel_ref", "bank_ref", "rrn", "batch_id")
# Asked only where no reference is meant: what a refund names, and what a slip shows beside its RRN.
_FURTHER = ("original_ref", "auth_code", "stan")
_LINES = 3  # refused lines that are named
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
        raise _unknown(fetch, ident)
    return Found(ident, read_as, rows, fetch("breaks", pl.lit(value=False)))


def _unknown(fetch: Fetch, ident: str) -> UsageError:
    """Return what was searched, and where a refused line tells of the id after all."""
    nights = [str(night) for night in fetch("runs", pl.lit(value=True))["night"].sort()]
    searched = f"{len(nights)} nights, {nights[0]} to {nights[-1]}"
    refused = fetch("rejects", pl.col("text").str.contains(ident, literal=True)).sort("night")
    lines = refused.select("night", "source", "record_no").head(_LINES).rows()
    places = "; ".join(f"{source}, record {no}, night of {night}" for night, source, no in lines)
    more = f" and {refused.height - len(lines)} more" if refused.height > len(lines) else ""
    told = f"; refused lines name it: {places}{more}" if lines else ""
    return UsageError(
        f"expected a dispute, break, row id, a reference or FILE#RECORD, found {ident!r}, "
        f"which no published night holds{told}",
        where=f"columns txn_id, {', '.join((*REFERENCES, *_FURTHER))} of {searched}",
        fix="have the sender put the refused line right and deliver it again"
        if lines
        else "copy the id whole from `recon query`, the workbook or the sender's file",
    )


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
    """Return rows whose id or reference is `ident`; those that name it otherwise if none is."""
    tests = {name: pl.col(name) == ident for name in REFERENCES}
    if ident.isascii() and ident.isdigit() and int(ident) <= _LARGEST:
        tests["txn_id"] = pl.col("txn_id") == int(ident)
    rows = fetch("transactions", pl.any_horizontal(tests.values()))
    for name in _FURTHER:
        if rows.height == 0:
            tests = {name: pl.col(name) == ident}
            rows = fetch("transactions", tests[name])
    rows = rows.sort("night", "side", "txn_id").unique("txn_id", keep="first", maintain_order=True)
    used = rows.select(test.any().alias(name) for name, test in tests.items()).row(0, named=True)
    return rows, tuple(name for name, hit in used.items() if hit)
