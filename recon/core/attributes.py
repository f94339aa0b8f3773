"""What senders say of a row beyond the canonical columns: names, and the text that keeps them.

All of it stands in one text column, `attributes`, as a JSON object of texts sorted by name; null
where a sender says nothing. One column that is nearly always null costs nothing to load; a column
for each would be empty in nearly every file. Nothing matches by them, and they are no part of a
row's identity: they are for people who ask why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import polars as pl

PREFIX = "attributes."  # of a format's field that becomes an attribute
NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")

# Names that formats use. A rule file may declare others for its own sources.
KNOWN = {
    "account_kind": "company or personal account, as the sender words it",
    "approved_at": "when the merchant agreed to a refund, UTC",
    "entry_mode": "how the card or code was read: swiped, tapped, inserted, scanned, typed, online",
    "exchange_rate": "rate of the exchange, as the sender states it",
    "funded_by": "from where a refund was paid: the payout, or another account of the merchant",
    "mcc": "category code of the merchant (ISO 18245), as the sender cleared the row",
    "notified_at": "when the payer was told of a refund, UTC",
    "original_date": "day of the payment that a refund names",
    "original_stan": "trace number by which an undoing named its payment",
    "reason": "why: of a refund, a freeze, a chargeback, a rejected or returned payment",
    "refund_route": "where a refund went: to the instrument that paid, or elsewhere",
    "region": "region of the merchant or till, for rebates and prices that go by it",
    "requested_at": "when a refund was asked for (at the channel: taken in), UTC",
    "response_code": "answer of the issuer or the channel, as it stands",
    "voucher_no": "number of the slip that the terminal printed",
}
TIMES = ("requested_at", "approved_at", "notified_at")

ENTRY_MODES = {  # ISO 8583:1987, data element 22, first two digits; 07 and 91 are both contactless
    "01": "typed",
    "02": "swiped",
    "03": "scanned",
    "05": "inserted",
    "07": "tapped",
    "80": "swiped",  # after the chip could not be read
    "81": "online",
    "90": "swiped",
    "91": "tapped",
    "95": "inserted",
}
APPROVALS = (  # ISO 8583:1987, data element 39: every answer that is a yes
    *("00", "08", "10", "11", "16"),  # 08 with a look at the papers, 10 to a part, 11 to a VIP
    *("A2", "A4", "A5", "A6"),  # UnionPay: the switch answered for an issuer who did not
    *("Y1", "Y3"),  # the chip said yes, offline
)
_SPECIAL = r'["\\\x00-\x1f]'
_ESCAPES = {'"': '\\"', "\\": "\\\\", **{chr(n): f"\\u{n:04x}" for n in range(0x20)}}


def as_text(frame: pl.DataFrame) -> pl.Series:
    """Return the column `attributes` made of the columns of a frame that begin with PREFIX."""
    names = sorted(name for name in frame.columns if name.startswith(PREFIX))
    pieces = [piece for name in names if (piece := _piece(frame[name])) is not None]
    if not pieces:
        return pl.Series("attributes", [None], dtype=pl.String).new_from_index(0, frame.height)
    inside = pl.concat_str(pieces, separator=",", ignore_nulls=True)
    text = pl.when(inside != "").then(pl.concat_str(pl.lit("{"), inside, pl.lit("}")))
    return pl.select(text.alias("attributes")).to_series()


def _piece(column: pl.Series) -> pl.Expr | None:
    """Return `"name":"value"` of each row, null where the row has none; None for no row at all."""
    if column.null_count() == len(column):
        return None
    if column.dtype != pl.String:
        column = column.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    if column.str.contains(_SPECIAL).any():
        column = column.str.replace_many(_ESCAPES)
    name = column.name.removeprefix(PREFIX)
    quoted = pl.concat_str(pl.lit(f'"{name}":"'), pl.lit(column), pl.lit('"'))
    return pl.when(pl.lit(column) != "").then(quoted)


def value(name: str) -> pl.Expr:
    """Return one attribute of each row, null where it has none."""
    return pl.col("attributes").str.json_path_match(f"$.{name}")


def with_value(texts: pl.Series, name: str, values: pl.Series) -> pl.Series:
    """Return attributes (few rows) with one more of them."""
    told = [
        json.dumps(
            {**json.loads(text or "{}"), name: value},
            ensure_ascii=False,
            separators=(",", ":"),
            sort_keys=True,
        )
        for text, value in zip(texts, values, strict=True)
    ]
    return pl.Series(texts.name, told, pl.String)


def entry_mode(column: pl.Expr) -> pl.Expr:
    """Return an entry mode of two or three digits in words; unknown ones as they stand."""
    digits = column.str.head(2)
    return digits.replace_strict(ENTRY_MODES, default=column, return_dtype=pl.String)


def check_names(names: Sequence[str]) -> list[str]:
    """Return the names that are no attribute's name."""
    return [name for name in names if not NAME.fullmatch(name)]
