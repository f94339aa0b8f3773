"""Arrow IPC file (Feather) by declared mapping: the columns and types of `parquet`.

A row has no bytes of its own in a columnar file: its byte range is 0..0 and its record number is
its place in the file. Every batch is checked whole before a value of it is looked at. A stream is
refused: one that was cut between two batches does not show it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from recon.core.codes import Side
from recon.errors import InputError
from recon.io.formats.declared.delimited import check_columns, fields, source_columns
from recon.io.formats.declared.parquet import as_text, check_types, typed_columns
from recon.io.reading.contract import Format, Options, Probe, RawRows, Reading, StagedFile

_MAGIC: Final = b"ARROW1\x00\x00"
_STREAM: Final = b"\xff\xff\xff\xff"  # how the messages of a stream begin


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the mapped columns of every row as text."""
    with staged.path.open("rb") as raw:
        if raw.read(len(_STREAM)) == _STREAM:
            raise InputError(
                "expected an Arrow IPC file, found an Arrow stream",
                where=staged.name,
                fix="write it as a file (Feather, `pyarrow.ipc.new_file`), or as Parquet",
                code="FILE_SCHEMA",
            )
    try:
        with pa.OSFile(str(staged.path), "rb") as file, pa.ipc.open_file(file) as batches:
            yield from _batches(batches, staged.name, options, reading)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"expected a readable Arrow file, found: {str(error)[:300]}",
            where=staged.name,
            fix="ask for the file again; it is damaged or cut",
            code="FILE_SCHEMA",
        ) from error


def _batches(
    file: pa.ipc.RecordBatchFileReader, where: str, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the batches of an open file."""
    check_columns(tuple(file.schema.names), options, where)
    wanted = source_columns(options)
    check_types(file.schema, wanted, where)
    reading.columns = typed_columns(file.schema)
    done = 0
    for number in range(file.num_record_batches):
        batch = file.get_batch(number)
        batch.validate(full=True)
        columns = {name: as_text(batch.column(name), options.zone) for name in wanted}
        for column in columns.values():
            column.validate(full=True)  # the words of a dictionary are checked only here
        count = batch.num_rows
        reading.lines += count
        reading.record_lines += count
        nowhere = np.zeros(count, dtype=np.int64)
        record_no = np.arange(done + 1, done + count + 1, dtype=np.int64)
        yield RawRows(columns, record_no, nowhere, nowhere)
        done += count


def _recognise(probe: Probe) -> bool:
    """Return whether the file begins with the Arrow mark."""
    return probe.head.startswith(_MAGIC)


FORMAT: Final = Format(
    name="arrow",
    title_en="Arrow IPC file (Feather), by declared mapping",
    title_zh="Arrow IPC 文件（按声明的列映射）",
    side=Side.MERCHANT,
    recognise=_recognise,
    read=read,
    fields=fields,
)
