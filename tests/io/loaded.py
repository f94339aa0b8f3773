"""What the tests of loading share: small files, and looking at what came of them."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import polars as pl

from recon.io.reading.contract import Options

NIGHT = date(2026, 3, 4)
CORPUS = Path(
    os.environ.get("RECON_CORPUS", Path(__file__).parents[3] / "shared" / "corpus")
).resolve()
KEYS = (("order_id",), ("order_id", "value_date"))
HEADER = "#tiny|order|amount|fee|kind|state|card|memo|weight\n"
LINES = (
    "A1|12.50|0.13|sale|ok|4111111111111111|tea|1\n",
    "A2|7.00||refund|ok||pan 4111111111111111|2\n",
    "A1|12.50|0.13|sale|ok|4111111111111111|tea|1\n",
    "A3|1.05|0.01|sale|failed|||3\n",
)
BODY = HEADER + "".join(LINES)
WHOLE = BODY + "END|4|19.05\n"  # 12.50 - 7.00 + 12.50 + 1.05
MAPPING = Options(
    columns={"order_id": "order", "amount": "amount", "occurred_at": "time", "memo": "memo"}
)
ROWS = "".join(
    f"A{number},{number}.50,2026-03-04 10:00:0{number},memo {number}\n" for number in range(3)
)
CSV = f"order,amount,time,memo\n{ROWS}"


def state_of(loaded):
    """Return the state and message of the only input."""
    return loaded.inputs["state"].to_list()[0], loaded.inputs["message"].to_list()[0]


def wide(loaded):
    """Return the rows on disk."""
    return pl.concat([pl.read_parquet(part) for part in loaded.parts])


def fields_of(form, **changes):
    """Return the fields of a format, some of them changed."""
    names = form.__dataclass_fields__
    return {**{name: getattr(form, name) for name in names}, **changes}
