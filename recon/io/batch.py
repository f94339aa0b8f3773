"""One batch of raw rows -> the table that is written, the slim columns and the key digests.

It goes through two steps that any thread may do, `prepare` and `complete`; between them the loader
counts, batch after batch, how many equal rows stand before each row of the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.codes import Side
from recon.core.digest import digest, digest_rows, fingerprints
from recon.core.money import CURRENCY_NUMBER
from recon.core.plan import InputFile, Key, key_name
from recon.core.schema import RECORD_BITS, SLIM, TRANSACTIONS, words
from recon.io.formats.contract import Reject
from recon.io.known_text import KnownText, repeated
from recon.io.normalise import canonical

_SCHEMA = TRANSACTIONS.empty().to_arrow(compat_level=pl.CompatLevel.oldest()).schema
_ALWAYS_ONE = ("source", "file_id")
Finish = Callable[[pl.DataFrame, InputFile], pl.DataFrame]
Digests = NDArray[np.uint64]  # (rows, 2)

# The row's own content, each column with its permanent number; never renumber, only append.
CONTENT = {
    "kind": 1,
    "state": 2,
    "merchant_id": 3,
    "terminal_id": 4,
    "order_id": 5,
    "channel_ref": 6,
    "bank_ref": 7,
    "rrn": 8,
    "stan": 9,
    "auth_code": 10,
    "card": 11,
    "batch_id": 12,
    "original_ref": 13,
    "product": 14,
    "amount_minor": 15,
    "fee_minor": 16,
    "net_minor": 17,
    "currency": 18,
    "occurred_at": 19,
    "clearing_date": 20,
    "value_date": 21,
    "memo": 22,
    "base_minor": 23,
    "base_currency": 24,
    "arrived_at": 25,
    "requested_minor": 27,
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """The accepted rows of a batch with the digests of their content, and the refused ones."""

    frame: pl.DataFrame  # what a format fills, and its helper columns
    digests: Digests
    rejects: list[Reject]
    texts: KnownText


@dataclass(frozen=True, slots=True)
class Completed:
    """What is kept of a batch."""

    table: pa.Table  # TRANSACTIONS
    slim: pl.DataFrame  # SLIM
    digests: dict[str, Digests]  # by `key_name`


def prepared(frame: pl.DataFrame, rejects: list[Reject], texts: KnownText) -> Prepared:
    """Return a batch with the digests of its rows."""
    return Prepared(frame, digest_rows(frame, CONTENT, texts.array), rejects, texts)


def complete(
    batch: Prepared,
    occurrences: NDArray[np.uint32],
    file: InputFile,
    identity: tuple[int, str],
    keys: tuple[Key, ...],
    finish: Finish,
) -> Completed:
    """Give rows their identity and what the rules know of them; make them ready to be kept.

    identity: number and name of the file.
    """
    prints = fingerprints(file.source, batch.digests, occurrences)
    whole = (
        canonical(batch.frame)
        .with_columns(
            txn_id=pl.lit(identity[0] << RECORD_BITS, pl.Int64) + pl.col("record_no"),
            side=pl.lit(file.side.name, dtype=words(Side)),
            source=pl.lit(file.source),
            file_id=pl.lit(identity[1]),
            fingerprint=pl.Series(prints),
        )
        .select(TRANSACTIONS.schema.keys())
    )
    done = finish(whole, file).select(
        pl.col(name).cast(dtype) for name, dtype in TRANSACTIONS.schema.items()
    )
    table = _table(done, batch.texts)
    found = {key_name(key): _key_digests(table, done, key) for key in keys}
    return Completed(table, _slim(done, file.source_no, occurrences), found)


def _table(frame: pl.DataFrame, texts: KnownText) -> pa.Table:
    """Return the rows as an Arrow table."""
    columns = [
        _text(column, texts)
        if column.dtype == pl.String
        else column.to_arrow(compat_level=pl.CompatLevel.oldest())
        for column in frame
    ]
    return pa.Table.from_arrays(columns, schema=_SCHEMA)


def _text(column: pl.Series, texts: KnownText) -> pa.Array:
    """Return a text column; one that holds the same value on every row is not made anew."""
    if column.name in _ALWAYS_ONE or (column.name == "currency" and (column == column[0]).all()):
        return repeated(str(column[0]), len(column))
    return texts.array(column)


def _key_digests(table: pa.Table, frame: pl.DataFrame, key: Key) -> Digests:
    """Return the digests of one key; where every row lacks it they take no memory."""
    found = digest([_as_text(table, frame, name) for name in key])
    return found if found.any() else np.broadcast_to(np.uint64(0), found.shape)


def _as_text(table: pa.Table, frame: pl.DataFrame, name: str) -> Any:  # noqa: ANN401 - Arrow or polars text
    """Return a column as text: as it stands where it is text, else what its values are called."""
    return table[name] if frame[name].dtype == pl.String else frame[name].cast(pl.String)


def _slim(frame: pl.DataFrame, source_no: int, occurrences: NDArray[np.uint32]) -> pl.DataFrame:
    """Return the rows as the matcher sees them."""
    return frame.select(
        "txn_id",
        pl.col("side").to_physical().cast(pl.UInt8),
        pl.lit(source_no, pl.UInt16).alias("source"),
        pl.col("kind").to_physical().cast(pl.UInt8),
        pl.col("state").to_physical().cast(pl.UInt8),
        "amount_minor",
        "fee_minor",
        "net_minor",
        _currency_number(frame["currency"]),
        "occurred_at",
        "clearing_date",
        "value_date",
        "due_date",
        "fingerprint",
        pl.Series("occurrence", occurrences),
    ).select(pl.col(name).cast(dtype) for name, dtype in SLIM.schema.items())


def _currency_number(currency: pl.Series) -> pl.Expr:
    """Return the numbers of currencies; nearly every batch has one currency."""
    first = str(currency[0])
    if (currency == first).all(ignore_nulls=False):
        return pl.lit(CURRENCY_NUMBER[first], pl.UInt16).alias("currency")
    return pl.col("currency").replace_strict(CURRENCY_NUMBER, return_dtype=pl.UInt16)
