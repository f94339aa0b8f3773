"""Tables with a header line, as payment providers export them: columns by name, never by place.

Providers reorder and add columns, so a layout names what it needs; what else a file has is passed
over. A name that stands twice is `name`, `name#2`. Lines before the header are passed over as far
as the layout allows.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import polars as pl

from recon.core.codes import Kind
from recon.errors import InputError
from recon.io.reading.contract import (
    Options,
    Probe,
    RawRows,
    Reader,
    Reading,
    StagedFile,
    named_columns,
)
from recon.io.reading.cutting import Dialect, Layout, cut_rows, frame_of, rows_of
from recon.io.reading.lines import Block, Lines
from recon.io.reading.marks import MARKS, is_guarded, unguarded
from recon.io.reading.sheet import HEAD_BYTES, TITLE_LINES
from recon.io.reading.spreadsheet import LOST_DIGITS, check_archive, refuse_lost, sheet_text
from recon.io.reading.workbook_sheet import is_workbook, sheet_rows


@dataclass(frozen=True, slots=True)
class Table:
    """What a provider's table looks like."""

    title: str  # for messages: `an Adyen settlement detail report`
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    delimiter: str = ","
    preamble: int = 0  # lines that may stand before the header
    fallback: str = "utf-8"  # the encoding of a file that is not UTF-8
    aliases: Mapping[str, str] = field(default_factory=dict)  # other names of a column

    def names(self, line: str, mark: str = "") -> tuple[str, ...] | None:
        """Return the column names in a line, None when the line is not CSV."""
        text = line.lstrip("\ufeff").rstrip("\r\n")
        try:
            cells = next(csv.reader([text], delimiter=mark or self.delimiter, strict=True), [])
        except csv.Error:
            return None
        return self.named(cells)

    def mark_of(self, line: str) -> str | None:
        """Return the mark that cuts a line into the required names, the usual one before others."""
        for mark in (self.delimiter, *MARKS):
            if line.count(mark) >= len(self.required) - 1:
                names = self.names(line, mark)
                if names is not None and set(self.required) <= set(names):
                    return mark
        return None

    def column_name(self, cell: str) -> str:
        """Return the name in a header cell, an alias resolved."""
        name = cell.strip(' \t"')
        return self.aliases.get(name, name)

    def named(self, cells: Iterable[str]) -> tuple[str, ...]:
        """Return the names in header cells: aliases resolved, a repeated name numbered."""
        names: list[str] = []
        counts: Counter[str] = Counter()
        for cell in cells:
            name = self.column_name(cell)
            counts[name] += 1
            names.append(f"{name}#{counts[name]}" if counts[name] > 1 else name)
        return tuple(names)

    def is_header(self, line: str) -> bool:
        """Return whether a line names every required column."""
        return self.mark_of(line) is not None

    def recognise(self, probe: Probe) -> bool:
        """Return whether one of the first lines, or of a workbook's rows, is the header."""
        if probe.cells:
            return self._header_row(probe.cells) is not None
        lines = [line for line in probe.text().split("\n", TITLE_LINES) if line.strip()]
        return any(self.is_header(line) for line in lines[: self.preamble + 1])

    def read(self, staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
        """Yield the known columns of every row: of text or of a workbook."""
        if is_workbook(staged):
            yield self._read_workbook(staged, options, reading)
            return
        with staged.path.open("rb") as stream:
            blocks = Lines(stream, staged.name, options.encoding, self._encoding)
            first = blocks.take()
            if first is None:
                raise self._no_header(staged.name, "no line")
            has_guards = is_guarded(first.raw[:HEAD_BYTES].tobytes())
            header, mark, first = self._cut_header(first, reading, staged.name)
            wanted = tuple(name for name in (*self.required, *self.optional) if name in header)
            unread = [name for name in header if name and name not in wanted]
            if unread:
                reading.notes.append(f"columns that are not read: {', '.join(unread)[:500]}")
            batches = cut_rows(
                chain((first,), blocks),
                Dialect(mark.encode(), ord('"')),
                Layout(header, wanted),
                reading,
                give_back=blocks.give_back,
            )
            yield from unguarded(batches) if has_guards else batches

    def _header_row(self, rows: Iterable[Sequence[str | None]]) -> int | None:
        """Return which of the first rows of a workbook names every required column."""
        for number, cells in enumerate(rows):
            if set(self.required) <= set(self.named(cell or "" for cell in cells)):
                return number
        return None

    def _read_workbook(self, staged: StagedFile, options: Options, reading: Reading) -> RawRows:
        """Return the known columns of the one sheet; record numbers are its rows, bytes 0..0."""
        lost = check_archive(staged)
        frame = sheet_text(staged, options.member)
        at = self._header_row(frame.head(TITLE_LINES).rows())
        if at is None:
            found = self.delimiter.join(cell or "" for cell in frame.row(0)) if len(frame) else ""
            raise self._no_header(staged.name, found)
        header = self.named(cell or "" for cell in frame.row(at))
        wanted = tuple(name for name in (*self.required, *self.optional) if name in header)
        reading.columns = named_columns(header)
        columns = {name: frame.to_series(header.index(name)).fill_null("") for name in wanted}
        given_up = set(wanted) & set(options.ignore_columns)
        refuse_lost(
            lost, {n: cells for n, cells in columns.items() if n not in given_up}, staged.name
        )
        columns |= {name: columns[name].str.replace(LOST_DIGITS, "") for name in given_up}
        return sheet_rows(frame, at + 1, columns, reading)

    def _encoding(self, head: bytes) -> str:
        """Return the encoding of a file that begins with `head`."""
        try:
            head[: head.rfind(b"\n") + 1 or len(head)].decode("utf-8")
        except UnicodeDecodeError:
            return self.fallback
        return "utf-8"

    def _cut_header(
        self, block: Block, reading: Reading, where: str
    ) -> tuple[tuple[str, ...], str, Block]:
        """Return the header's names, the mark between them, and the rows.

        What stands before the header is header too.
        """
        lines = block.line_texts(TITLE_LINES)
        filled = [number for number, line in enumerate(lines) if line.strip()]
        for number in filled[: self.preamble + 1]:
            mark = self.mark_of(lines[number])
            if mark is not None:
                names = self.names(lines[number], mark)
                assert names is not None, "it is the header"
                blank = sum(not text.strip() for text in lines[:number])
                reading.lines += number + 1
                reading.blank_lines += blank
                reading.header_lines += number + 1 - blank
                return names, mark, block.after(number + 1)
        raise self._no_header(where, lines[filled[0]] if filled else "no line")

    def _no_header(self, where: str, found: str) -> InputError:
        """Return the refusal of a file that has another header, or none."""
        known = self.names(found) or ()
        missing = ", ".join(name for name in self.required if name not in known)
        return InputError(
            f"expected the header of {self.title}, without {missing} in {found[:200]!r}",
            where=where,
            fix="export the report with its standard columns, or map the file as `delimited`",
            code="FILE_SCHEMA",
        )


def reader(table: Table, derive: Callable[[pl.DataFrame], pl.DataFrame]) -> Reader:
    """Return a reader of `table` that adds what `derive` makes of the text columns.

    `derive` sees every column of the table, text; one that the file lacks is empty.
    """

    def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
        """Yield the rows with the derived columns."""
        for rows in table.read(staged, options, reading):
            frame = frame_of(rows)
            absent = [name for name in table.optional if name not in frame.columns]
            whole = frame.with_columns(pl.lit("").alias(name) for name in absent)
            yield rows_of(derive(whole), rows)

    return read


def filled(name: str) -> pl.Expr:
    """Return a text column with its empty cells null."""
    return pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name).str.strip_chars())


def negated(text: pl.Expr) -> pl.Expr:
    """Return an amount's text with its sign turned; an empty cell stays empty."""
    plain = text.str.strip_chars()
    return (
        pl.when(plain == "")
        .then(plain)
        .when(plain.str.starts_with("-"))
        .then(plain.str.strip_prefix("-"))
        .otherwise(pl.lit("-") + plain.str.strip_prefix("+"))
    )


def where_foreign(own: pl.Expr, base: pl.Expr, text: pl.Expr) -> pl.Expr:
    """Return `text` where the base currency is another one than the account's; else nothing.

    A currency in words that are not known is none: the row stays, without its base amount.
    """
    return pl.when((own != base) & base.str.contains("^[A-Z]{3}$")).then(text).otherwise(pl.lit(""))


def money_out(text: pl.Expr, is_out: pl.Expr) -> pl.Expr:
    """Return an amount's text with a minus where it is money out.

    A minus that the file writes itself stays one minus, an empty cell stays empty.
    """
    return pl.when(is_out & text.str.contains("^[^-]")).then(pl.lit("-") + text).otherwise(text)


def refuse_negative_payments(frame: pl.DataFrame, _raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Refuse payments below zero: where amounts are unsigned, nobody says what they are."""
    amount = pl.col("amount_minor")
    reason = pl.format("amount {} (minor units) of a payment; expected none below zero", amount)
    is_wrong = (pl.col("kind") == Kind.PAYMENT.name) & (amount < 0)
    told = pl.col("reject_reason") if "reject_reason" in frame.columns else pl.lit(None, pl.String)
    return frame.with_columns(
        pl.coalesce(told, pl.when(is_wrong).then(reason)).alias("reject_reason")
    )


def utc_text(text: pl.Expr) -> pl.Expr:
    """Return ISO times with an offset or `Z` as `YYYY-MM-DD hh:mm:ss` in UTC.

    A text that is no such time stays as it is, for the time parser to refuse; fractions of a second
    are cut.
    """
    shape = (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
        r"(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
    )
    plain = text.str.strip_chars()
    even = plain.str.replace(r"\.[0-9]+", "").str.replace("Z$", "+0000").str.replace(" ", "T")
    moment = even.str.to_datetime("%Y-%m-%dT%H:%M:%S%z", strict=False, time_zone="UTC")
    made = moment.dt.strftime("%Y-%m-%d %H:%M:%S")
    return pl.when(plain.str.contains(shape)).then(pl.coalesce(made, plain)).otherwise(plain)
