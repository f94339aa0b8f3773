"""A whole format from a declaration: a sheet, derived text columns, fields, totals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from recon.core.codes import Side
from recon.io.reading.contract import (
    Control,
    Field,
    Fields,
    Format,
    Options,
    Proof,
    RawRows,
    Reading,
    StagedFile,
)
from recon.io.reading.cutting import frame_of, rows_of
from recon.io.reading.sheet import Sheet, fits
from recon.io.reading.workbook_sheet import read_either

Facts = Mapping[str, str]
Refine = Callable[[pl.DataFrame, Mapping[str, pl.Series]], pl.DataFrame]


def _nothing(_facts: Facts) -> Mapping[str, pl.Expr]:
    """Derive no column."""
    return {}


@dataclass(frozen=True, slots=True)
class SheetFormat:
    """One layout; `derive` makes further text columns from those of the file and its facts."""

    name: str
    title_en: str
    title_zh: str
    sheet: Sheet
    fields: Mapping[str, Field]
    derive: Callable[[Facts], Mapping[str, pl.Expr]] = _nothing
    refine: Refine | None = None
    controls: tuple[Control, ...] = ()
    side: Side = Side.CHANNEL
    natural_key: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    net_is_exact: bool = False
    optional: Mapping[str, str] = field(default_factory=dict)  # text of columns a file may lack

    def format(self) -> Format:
        """Return the format that this declaration makes."""
        return Format(
            name=self.name,
            title_en=self.title_en,
            title_zh=self.title_zh,
            side=self.side,
            recognise=partial(fits, self.sheet),
            read=partial(_read, self),
            fields=partial(_fields, self),
            refine=self.refine,
            controls=lambda _options: self.controls,
            has_controls=self.sheet.totals_required,
            natural_key=self.natural_key,
            proofs=self.proofs,
            net_is_exact=self.net_is_exact,
            header=self.sheet.required if self.sheet.header else (),
        )


def _fields(declared: SheetFormat, _options: Options) -> Fields:
    """Return the declared fields."""
    return declared.fields


def _read(
    declared: SheetFormat, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the sheet's rows with the derived columns."""
    for rows in read_either(declared.sheet, staged, options, reading):
        frame = frame_of(rows)
        lacking = [
            pl.lit(text).alias(name)
            for name, text in declared.optional.items()
            if name not in frame.columns
        ]
        frame = frame.with_columns(lacking)
        derived = declared.derive(reading.facts)
        yield rows_of(frame.with_columns(**derived), rows)
