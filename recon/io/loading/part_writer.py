"""The Parquet part of one input file: wide rows, written in row groups while the file is read."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from recon.core.schema import TRANSACTIONS
from recon.io.staging.disk import writing

GROUP_ROWS = 1 << 17  # least rows of a row group, the last one aside

# Few values a file: dictionaries. Numbers that grow: differences. A digest does not pack at all.
_DICTIONARY = ["side", "source", "file_id", "kind", "state", "merchant_id", "terminal_id"]
_DICTIONARY += ["batch_id", "product", "currency", "clearing_date", "value_date", "due_date"]
_DICTIONARY += ["base_currency", "issuer", "counterparty"]
_DIFFERENCES = ["txn_id", "record_no", "byte_start", "byte_end", "occurred_at"]
_DIFFERENCES += ["amount_minor", "fee_minor", "net_minor"]
_STATISTICS = ["txn_id", "amount_minor", "occurred_at", "clearing_date", "value_date"]
_STATISTICS += ["card"]  # rules ask whether there is any (`row_lookup.may_have`)
_PACKED = [
    name
    for name, kind in TRANSACTIONS.schema.items()
    if kind == pl.String and name not in _DICTIONARY
]
_PARQUET: dict[str, object] = {
    "use_dictionary": _DICTIONARY,
    "column_encoding": dict.fromkeys(_DIFFERENCES, "DELTA_BINARY_PACKED"),
    "write_statistics": _STATISTICS,
    "write_page_checksum": True,
    "store_schema": False,  # readers need not know in what Arrow types we held the columns
}


def _compression(table: pa.Table) -> dict[str, object]:
    """Return how the columns are compressed: text that is there, and nothing else.

    A compressor's set-up costs more than it saves on a column of nulls or of few values, which its
    encoding makes small.
    """
    packed = [name for name in _PACKED if table[name].null_count < table.num_rows]
    return {
        "compression": {
            name: "snappy" if name in packed else "none" for name in table.column_names
        },
    }


class PartWriter:
    """Writes batches of wide rows; a part without rows leaves no file."""

    def __init__(self, path: Path) -> None:
        """Write nothing yet."""
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the part; remove it when reading failed."""
        is_whole = False
        try:
            with writing(self._path.parent):
                if kind is None:
                    self._write_group()
                if self._writer is not None:
                    self._writer.close()
            is_whole = kind is None
        finally:
            if not is_whole:
                self._path.unlink(missing_ok=True)

    def append(self, table: pa.Table) -> None:
        """Add one batch; it is written when there are rows enough for a row group."""
        self._waiting.append(table)
        self._rows += table.num_rows
        if self._rows >= GROUP_ROWS:
            with writing(self._path.parent):
                self._write_group()

    def _write_group(self) -> None:
        """Write what waits as one row group."""
        if not self._waiting:
            return
        if self._writer is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            first = self._waiting[0]
            settings = {**_PARQUET, **_compression(first)}
            self._writer = pq.ParquetWriter(self._path, first.schema, **settings)
            self._path.chmod(0o600)
        table = pa.concat_tables(self._waiting)
        self._waiting.clear()
        self._rows = 0
        self._writer.write_table(table, row_group_size=table.num_rows)


def with_columns_of(path: Path, rows: pl.DataFrame) -> None:
    """Write a part anew with other values in some rows: `rows` has txn_id and whole columns.

    A part that has none of the rows is left as it is.
    """
    source = pq.ParquetFile(path)
    known = pl.Series(rows["txn_id"]).implode()
    mine = pl.from_arrow(source.read(columns=["txn_id"]))
    if not isinstance(mine, pl.DataFrame) or not mine["txn_id"].is_in(known).any():
        return
    other = path.with_suffix(".again")
    with PartWriter(other) as writer:
        for group in range(source.num_row_groups):
            writer.append(_amended(source.read_row_group(group), rows))
    source.close()
    other.replace(path)


def _amended(table: pa.Table, rows: pl.DataFrame) -> pa.Table:
    ids = pl.DataFrame({"txn_id": pl.Series(table["txn_id"])})
    found = ids.join(rows, on="txn_id", how="left", maintain_order="left")
    for name in rows.columns:
        if name == "txn_id":
            continue
        place = table.schema.get_field_index(name)
        told = pl.Series(table[name])
        values = found[name].zip_with(found[name].is_not_null(), told)
        kind = table.schema.field(place)
        table = table.set_column(place, kind, values.to_arrow().cast(kind.type))
    return table
