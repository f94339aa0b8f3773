"""Parquet by declared mapping: text, integers and exact decimals become text, unrounded.

A row has no bytes of its own in a columnar file: its byte range is 0..0 and its record number is
its place in the file. A float column is refused: money that was a float has already been rounded.
A timestamp without a zone is local time of the source; one with a zone is the same instant there.
A decimal has a scale of its own, so zeros behind its last digit say nothing and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recon.core.codes import Side
from recon.errors import InputError
from recon.io.formats.declared.delimited import check_columns, fields, source_columns
from recon.io.reading.contract import (
    Columns,
    Format,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
)

BATCH_ROWS: Final = 1 << 18
FINE_SCALE: Final = 3  # decimals of a column from which on zeros at their end are left out
_MAGIC: Final = b"PAR1"


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the mapped columns of every row as text."""
    try:
        with pq.ParquetFile(staged.path) as file:
            yield from _batches(file, staged.name, options, reading)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"expected a readable Parquet file, found: {error}",
            where=staged.name,
            fix="ask for the file again; it is damaged or cut",
            code="FILE_SCHEMA",
        ) from error


def _batches(
    file: pq.ParquetFile, where: str, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the batches of an open file."""
    check_columns(tuple(file.schema_arrow.names), options, where)
    wanted = source_columns(options)
    check_types(file.schema_arrow, wanted, where)
    reading.columns = typed_columns(file.schema_arrow)
    done = 0
    for batch in file.iter_batches(BATCH_ROWS, columns=list(wanted)):
        count = batch.num_rows
        reading.lines += count
        reading.record_lines += count
        columns = {name: as_text(batch.column(name), options.zone) for name in wanted}
        for column in columns.values():
            column.validate(full=True)  # the library hands on text that is no UTF-8
        nowhere = np.zeros(count, dtype=np.int64)
        record_no = np.arange(done + 1, done + count + 1, dtype=np.int64)
        yield RawRows(columns, record_no, nowhere, nowhere)
        done += count


def check_types(schema: pa.Schema, wanted: tuple[str, ...], where: str) -> None:
    """Refuse every mapped column whose type cannot be written as exact text."""
    problems = [
        f"column {name!r} has type {schema.field(name).type}"
        for name in wanted
        if not _is_exact(schema.field(name).type)
    ]
    if problems:
        raise InputError(
            f"expected text, integer, decimal, date or timestamp columns; {'; '.join(problems)}",
            where=where,
            fix="write amounts as decimal(18, 2) or as integer minor units, other columns as text",
            code="FILE_SCHEMA",
        )


def typed_columns(schema: pa.Schema) -> Columns:
    """Return the columns of an Arrow schema with their types, as far as they differ in meaning."""
    return tuple((column.name, _kind(column.type)) for column in schema)


def _kind(kind: Any) -> str:  # noqa: ANN401 (pyarrow types are untyped)
    """Return a type in a word: text and integers are one, however they are kept."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return ""
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_decimal(kind):
        return f"decimal of scale {kind.scale}"
    return "timestamp" if pa.types.is_timestamp(kind) else str(kind)


def _is_exact(kind: Any) -> bool:  # noqa: ANN401 (pyarrow types are untyped)
    """Return whether values of the Arrow type have one exact text."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    checks = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_integer,
        pa.types.is_decimal,
        pa.types.is_date,
        pa.types.is_timestamp,
        pa.types.is_null,
    )
    return any(check(kind) for check in checks)


def as_text(column: pa.Array, zone: str) -> pa.Array:
    """Return the column as text: `2026-11-22 10:11:12` for times, plain digits for decimals.

    zone: the source's; an instant with a zone of its own is written as the local time there.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        if column.type.tz is not None:
            column = pc.local_timestamp(column.cast(pa.timestamp(column.type.unit, zone)))
        seconds = column.cast(pa.timestamp("s"), safe=False)
        return pc.strftime(seconds, format="%Y-%m-%d %H:%M:%S").cast(pa.string())
    if pa.types.is_decimal(column.type) and not 0 <= column.type.scale < FINE_SCALE:
        return _plain_decimals(column)
    return column.cast(pa.large_string())


def _plain_decimals(column: pa.Array) -> pa.Array:
    """Return decimals as digits without an exponent, which Arrow writes where most are zeros."""
    words = column.cast(pa.large_string()).dictionary_encode()
    texts = [format(Decimal(text), "f") for text in words.dictionary.to_pylist()]
    short = [text.rstrip("0").rstrip(".") if "." in text else text for text in texts]
    return pa.array(short, pa.large_string()).take(words.indices)


def _recognise(probe: Probe) -> bool:
    """Return whether the file begins with the Parquet mark."""
    return probe.head.startswith(_MAGIC)


FORMAT: Final = Format(
    name="parquet",
    title_en="Parquet, by declared mapping",
    title_zh="Parquet（按声明的列映射）",
    side=Side.MERCHANT,
    recognise=_recognise,
    read=read,
    fields=fields,
)
