"""A small format for tests: UTF-8 text, `|` between cells, a header, and perhaps a trailer."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.reading.contract import (
    Choice,
    Control,
    ControlTotal,
    Day,
    Format,
    Money,
    RawRows,
    Text,
    Time,
)

KINDS = {"sale": Kind.PAYMENT, "refund": Kind.REFUND}
STATES = {"ok": State.SUCCESS, "failed": State.FAILED}
MAGIC = b"#tiny"


def read(staged, options, reading):
    """Yield batches of `options.skip_lines` rows (all at once for 0)."""
    lines = staged.path.read_bytes().decode("utf-8").splitlines(keepends=True)
    reading.lines = len(lines)
    if not lines or not lines[0].startswith("#tiny|"):
        raise InputError("expected a tiny header", where=staged.name, code="FILE_SCHEMA")
    names = lines[0].rstrip("\n").split("|")[1:]
    reading.header_lines = 1
    rows, at = [], len(lines[0].encode())
    for number, line in enumerate(lines[1:], 2):
        end = at + len(line.encode())
        cells = line.rstrip("\n").split("|")
        if cells[0] == "END":
            reading.trailer_lines += 1
            reading.declared.update(zip(("rows", "amount"), [*cells[1:], "", ""], strict=False))
        elif cells[0] == "OWN":
            reading.trailer_lines += 1
            reading.controls.append(ControlTotal("own", int(cells[1]), int(cells[2])))
        else:
            reading.record_lines += 1
            cells += [""] * (len(names) - len(cells))
            rows.append((number, at, end, [cell or None for cell in cells]))
        at = end
    size = options.skip_lines or max(1, len(rows))
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        yield RawRows(
            {
                name: pa.array([row[3][place] for row in batch], pa.string())
                for place, name in enumerate(names)
            },
            *(np.array([row[place] for row in batch], np.int64) for place in range(3)),
        )


def fields(_options):
    """Return a field of every kind."""
    return {
        "order_id": Text("order"),
        "amount_minor": Money("amount"),
        "fee_minor": Money("fee", optional=True),
        "currency": Text("ccy", optional=True),
        "occurred_at": Time(("time",), ("YYYY-MM-DD hh:mm:ss",), optional=True),
        "value_date": Day("day", ("YYYYMMDD",), optional=True),
        "kind": Choice("kind", KINDS),
        "state": Choice("state", STATES, otherwise=State.UNKNOWN),
        "card": Text("card", optional=True),
        "memo": Text("memo", optional=True),
        "_weight": Money("weight", unit="minor", optional=True),
    }


def refine(frame, raw):
    """Sign refunds, and refuse orders that say so."""
    sign = pl.when(pl.col("kind") == "REFUND").then(-1).otherwise(1)
    refused = pl.Series([order == "refuse" for order in raw["order"].to_list()], dtype=pl.Boolean)
    return frame.with_columns(
        amount_minor=pl.col("amount_minor") * sign,
        reject_reason=pl.when(refused).then(pl.lit("order: asked to be refused")),
    )


TINY = Format(
    name="tiny",
    title_en="Tiny",
    title_zh="小",
    side=Side.CHANNEL,
    recognise=lambda probe: probe.head.startswith(MAGIC),
    read=read,
    fields=fields,
    refine=refine,
    controls=lambda _options: (
        Control("rows", "rows", pl.len()),
        Control("amount", "amount", pl.col("amount_minor").sum(), Money("", thousands=",")),
    ),
)
