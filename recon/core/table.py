"""What a table is: a name, what a row of it is, its columns in order and its key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type and what it means to a reader of the table."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what a row is, its columns in order, and the total key it is sorted by."""

    name: str
    row_is: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """Return the columns as a polars schema."""
        return {column.name: column.dtype for column in self.columns}

    def empty(self) -> pl.DataFrame:
        """Return a frame of this table with no rows."""
        return _empty(self)


@cache
def _empty(table: Table) -> pl.DataFrame:
    return pl.DataFrame(schema=table.schema)
