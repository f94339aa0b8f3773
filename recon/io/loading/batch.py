"""One batch of raw rows -> the table that is written, the slim columns and the key digests.

It goes through two steps that any thread may do, `prepare` and `complete`; between them the loader
counts, batch after batch, how many equal rows stand before each row of the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.arrays.columns import physical
from recon.core.money import CURRENCIES, CURRENCY_NUMBER
from recon.core.plan import InputFile, Key, key_name
from recon.core.schema import RECORD_BITS, SLIM, TRANSACTIONS
from recon.core.texts.digest import digest, digest_rows, fingerprints
from recon.io.loading.repeated import SHARED_ROWS, repeated
from recon.io.reading.contract import Reject
from recon.io.reading.known_text import KnownText

_ALWAYS_ONE = ("source", "file_id")
_TYPES = TRANSACTIONS.schema
_CURRENCIES = pa.array(CURRENCIES, pa.string())
_FEW_WORDS = pa.dictionary(pa.uint8(), pa.string())
_ALWAYS_THERE = (
    *("txn_id", "side", "source", "file_id", "record_no", "byte_start", "byte_end"),
    *("fingerprint", "kind", "state", "amount_minor", "net_minor", "currency"),
)
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


def _arrow_schema() -> pa.Schema:
    """Return the columns as they are handed to the writer: text as views, few words as such."""
    fields = []
    for column in TRANSACTIONS.empty():
        if column.name in (*_ALWAYS_ONE, "currency") or isinstance(column.dtype, pl.Enum):
            kind = _FEW_WORDS
        else:
            kind = column.to_arrow(compat_level=pl.CompatLevel.newest()).type
        fields.append(pa.field(column.name, kind, nullable=column.name not in _ALWAYS_THERE))
    return pa.schema(fields)


_ARROW = _arrow_schema()


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
    return Prepared(frame, digest_rows(frame, CONTENT, texts.buffers), rejects, texts)


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
    done = _finished(batch, occurrences, file, identity, finish)
    numbers = _currency_numbers(done["currency"])
    found = {key_name(key): _key_digests(done, key, batch.texts) for key in keys}
    return Completed(
        _table(done, numbers), _slim(done, file.source_no, numbers, occurrences), found
    )


def _finished(
    batch: Prepared,
    occurrences: NDArray[np.uint32],
    file: InputFile,
    identity: tuple[int, str],
    finish: Finish,
) -> pl.DataFrame:
    """Return the rows with their identity and what the rules know of them, as TRANSACTIONS."""
    frame = batch.frame
    number, name = identity
    given = {
        "txn_id": pl.Series(frame["record_no"].to_numpy() + (number << RECORD_BITS)),
        "side": repeated(file.side.name, _TYPES["side"], frame.height),
        "source": repeated(file.source, pl.String(), frame.height),
        "file_id": repeated(name, pl.String(), frame.height),
        "fingerprint": pl.Series(fingerprints(file.source, batch.digests, occurrences)),
    }
    whole = pl.DataFrame({name: given[name] if name in given else frame[name] for name in _TYPES})
    done = finish(whole, file)
    return pl.DataFrame({name: done[name].cast(dtype) for name, dtype in _TYPES.items()})


def _table(frame: pl.DataFrame, numbers: pl.Series) -> pa.Table:
    """Return the rows as an Arrow table; text stays where it lies.

    numbers: of the rows' currencies.
    """
    columns = []
    for column, field in zip(frame, _ARROW, strict=True):
        if column.name in _ALWAYS_ONE:
            columns.append(_few_words(repeated(0, pl.UInt8(), len(column)), pa.array([column[0]])))
        elif column.name == "currency":
            columns.append(_few_words(numbers, _CURRENCIES))
        elif isinstance(column.dtype, pl.Enum):
            columns.append(_few_words(physical(column), column.dtype.categories.to_arrow()))
        elif column.null_count() == len(column):
            columns.append(_nulls(field.type, len(column)))
        else:
            columns.append(column.to_arrow(compat_level=pl.CompatLevel.newest()))
    return pa.Table.from_arrays(columns, schema=_ARROW)


def _few_words(numbers: pl.Series, words: pa.Array) -> pa.Array:
    """Return a text column of a few words, given by their places."""
    places = numbers.cast(pl.UInt8).to_arrow()
    return pa.DictionaryArray.from_arrays(places, words.cast(pa.string()))


def _nulls(kind: pa.DataType, rows: int) -> pa.Array:
    """Return a column of nulls, without memory of its own where rows are few."""
    if rows > SHARED_ROWS:
        return pa.nulls(rows, kind)
    return _stretch_of_nulls(kind).slice(0, rows)


@lru_cache
def _stretch_of_nulls(kind: pa.DataType) -> pa.Array:
    """Return nulls that are only ever sliced."""
    return pa.nulls(SHARED_ROWS, kind)


def _key_digests(frame: pl.DataFrame, key: Key, texts: KnownText) -> Digests:
    """Return the digests of one key; where every row lacks it they take no memory."""
    columns = [frame[name] for name in key]
    nothing = np.broadcast_to(np.uint64(0), (frame.height, 2))
    if any(column.null_count() == frame.height for column in columns):
        return nothing
    found = digest([texts.buffers(column.cast(pl.String)) for column in columns])
    return found if found.any() else nothing


def _slim(
    frame: pl.DataFrame, source_no: int, numbers: pl.Series, occurrences: NDArray[np.uint32]
) -> pl.DataFrame:
    """Return the rows as the matcher sees them."""
    made = {
        "side": physical(frame["side"]),
        "source": repeated(source_no, pl.UInt16(), frame.height),
        "kind": physical(frame["kind"]),
        "state": physical(frame["state"]),
        "currency": numbers,
        "occurrence": pl.Series(occurrences),
    }
    return pl.DataFrame(
        {
            name: (made[name] if name in made else frame[name]).cast(dtype)
            for name, dtype in SLIM.schema.items()
        }
    )


def _currency_numbers(currency: pl.Series) -> pl.Series:
    """Return the numbers of currencies; nearly every batch has one currency."""
    first = str(currency[0])
    if (currency == first).all(ignore_nulls=False):
        return repeated(CURRENCY_NUMBER[first], pl.UInt16(), len(currency))
    return currency.replace_strict(CURRENCY_NUMBER, return_dtype=pl.UInt16)
