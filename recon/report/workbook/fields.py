"""The columns of a sheet of cases: what each is called, how wide it is, and what stands in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from recon.report.workbook.cells import Sheet
from recon.report.workbook.rows import Block, line_points

Kind = Literal["text", "wrapped", "input", "money", "whole", "day", "moment"]
NUMBERS: tuple[Kind, ...] = ("money", "whole")


@dataclass(frozen=True, slots=True)
class Field:
    """One column. `value` is a column of the cases; `currency` is that of an amount.

    differs: where the cell is marked. always: it is shown though it is empty in every row. paper:
    it is printed; the columns after the last of these are for the screen.
    """

    head: str
    width: int
    value: pl.Expr
    kind: Kind = "text"
    currency: pl.Expr | None = None
    differs: pl.Expr | None = None
    always: bool = False
    paper: bool = False


def filled(fields: Sequence[Field], cases: pl.DataFrame) -> list[Field]:
    """Return the columns that say anything about these cases."""
    tests = [field.value.is_not_null().any().alias(str(at)) for at, field in enumerate(fields)]
    says = cases.select(tests).row(0) if cases.height else [False] * len(fields)
    return [field for field, any_ in zip(fields, says, strict=True) if any_ or field.always]


def write_fields(
    sheet: Sheet, fields: Sequence[Field], cases: pl.DataFrame, currencies: Collection[str]
) -> None:
    """Write the head and a row a case, filtered, rows as high as their wrapped texts."""
    sheet.widths([field.width for field in fields])
    on_paper = [at for at, field in enumerate(fields) if field.paper]
    if on_paper:
        sheet.print_to(on_paper[-1], sheet.row + cases.height)
    numbers = [at for at, field in enumerate(fields) if field.kind in NUMBERS]
    heads = [field.head for field in fields]
    sheet.header(heads, last_row=sheet.row + cases.height, numbers=numbers)
    block = Block(sheet.book, currencies)
    for field in fields:
        _add(block, field)
    wrapped = [(field.value, field.width) for field in fields if field.kind == "wrapped"]
    block.write(sheet, cases, line_points(wrapped) if wrapped else None)


def _add(block: Block, field: Field) -> None:
    """Add a field to the block as a column of its kind."""
    if field.kind == "input":
        block.blank("input")
    elif field.kind == "wrapped":
        block.text(field.value, "wrapped")
    elif field.kind == "money":
        assert field.currency is not None, field.head
        block.money(field.value, field.currency, differs=field.differs)
    elif field.kind == "whole":
        block.whole(field.value, differs=field.differs)
    elif field.kind == "day":
        block.day(field.value, differs=field.differs)
    elif field.kind == "moment":
        block.moment(field.value, differs=field.differs)
    else:
        block.text(field.value, differs=field.differs)
