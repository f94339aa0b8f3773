"""Typed writes into a workbook: text is text, money is exact, formulas are only our own.

Money. A spreadsheet holds a number as a binary double and shows fifteen digits. A decimal of at
most fifteen digits survives that and comes back as it was written, so an amount is written as a
number only below 10^15 minor units (9,999,999,999,999.99 with two decimals) and as exact text from
there on. Our own code makes no double on the way: a cell is written from a `Decimal`, digit by
digit, and every total is a 128-bit sum of minor units, written beside the formula that repeats it.

Text. Every cell of data goes through `write_string`, and the workbook is opened with the switches
that would turn text into formulas, links or numbers off, so no cell of a file can run.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from recon.core.money import exponent, format_minor

EXACT_LIMIT = 10**15  # minor units; fifteen digits
TEXT_LIMIT = 2_000  # characters of a cell; whole texts are in the published tables
_NAME_LIMIT = 31
TEXT_FORMAT = "@"
_ROW_POINTS = 17
_HEAD_POINTS = 21
_TALL_HEAD_POINTS = 36
_RED, _GREY, _INK, _PAPER = "#B42318", "#667085", "#1D2939", "#F2F4F7"
_LOOKS: dict[str, dict[str, object]] = {
    "plain": {"valign": "vcenter"},
    "title": {"bold": True, "font_size": 16},
    "verdict": {"bold": True, "font_size": 12, "text_wrap": True, "valign": "top"},
    "header": {
        "bold": True, "bg_color": _INK, "font_color": "#FFFFFF", "border": 1,
        "border_color": _GREY, "text_wrap": True, "valign": "vcenter", "indent": 1,
    },
    "header_number": {
        "bold": True, "bg_color": _INK, "font_color": "#FFFFFF", "border": 1,
        "border_color": _GREY, "text_wrap": True, "valign": "vcenter", "align": "right",
    },
    "section": {"bold": True, "bg_color": _PAPER, "bottom": 1, "bottom_color": _GREY},
    "note": {"font_color": _GREY, "italic": True, "text_wrap": True, "valign": "top"},
    "note_line": {"font_color": _GREY, "italic": True},
    "exact": {"font_color": _GREY, "italic": True, "indent": 1},
    "wrapped": {"text_wrap": True, "valign": "vcenter", "align": "left", "indent": 1},
    "bold": {"bold": True},
    "figure": {"align": "right"},
    "good": {"bold": True, "font_color": "#027A48", "bg_color": "#ECFDF3"},
    "bad": {"bold": True, "font_color": _RED, "bg_color": "#FEF3F2"},
    "differs": {"bg_color": "#FEE4E2", "font_color": _RED, "valign": "vcenter"},
    "input": {
        "bg_color": "#FFFAEB", "border": 1, "border_color": "#FEC84B", "valign": "vcenter",
        "text_wrap": True,
    },
    "link": {"font_color": "#175CD3", "underline": 1},
    "line": {"bottom": 1, "bottom_color": _GREY},
}  # fmt: skip


class RowFile(Worksheet):  # type: ignore[misc]  # the library has no types
    """A sheet of the library that also takes whole rows, rendered elsewhere, as text."""

    def write_lines(self, first: int, lines: pl.Series, columns: int) -> None:
        """Append rendered rows, the first of them row `first`, behind the rows written so far.

        In constant-memory mode the library itself keeps a sheet's rows as text in a file.
        """
        self._write_single_row(first)
        last = first + len(lines) - 1
        self._check_dimensions(first, 0)
        self._check_dimensions(last, columns - 1)
        self.fh.write("".join(lines.to_list()))
        self.previous_row = last + 1


class Book:
    """A workbook whose bytes depend on nothing but its content."""

    def __init__(self, path: Path, created: date, *, title: str) -> None:
        """Open `path` for writing; rows are flushed as they are written: memory is bounded."""
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": False,
            },
        )
        moment = datetime.combine(created, time())
        self._book.set_properties({"title": title, "created": moment})
        self._book.set_calc_mode("auto")
        self._formats: dict[tuple[str, str], Format] = {}
        self._names: set[str] = set()

    def look(self, name: str, number: str = "") -> Format:
        """Return the format of a look and a number format, each made once."""
        key = (name, number)
        if key not in self._formats:
            facts = dict(_LOOKS[name])
            if number:
                facts["num_format"] = number
                if number.startswith("yyyy"):
                    facts["align"] = "center"
                if number == TEXT_FORMAT:
                    facts |= {"align": "left", "indent": 1}
            self._formats[key] = self._book.add_format(facts)
        return self._formats[key]

    def style(self, name: str, number: str = "") -> int:
        """Return the number by which cells name the format of a look."""
        index: int = self.look(name, number)._get_xf_index()  # noqa: SLF001 - no public name for it
        return index

    def sheet(self, name: str, widths: Sequence[int], *, footer: str = "", pages: int = 1) -> Sheet:
        """Add a sheet; its name is cut to what a spreadsheet allows and made unique."""
        clean = "".join(part for part in name if part not in "[]:*?/\\'")[:_NAME_LIMIT]
        again = 1
        unique = clean
        while unique.lower() in self._names:
            again += 1
            unique = f"{clean[: _NAME_LIMIT - 3]}~{again}"
        self._names.add(unique.lower())
        sheet = Sheet(self, self._book.add_worksheet(unique, RowFile), unique, widths, footer)
        if pages > 1:  # a wide sheet is printed on several pages side by side
            sheet.worksheet.fit_to_pages(pages, 0)
            sheet.worksheet.repeat_columns(0)
        return sheet

    def chart(self, kind: str, *, stacked: bool = False) -> xlsxwriter.chart.Chart:
        """Return a chart to be placed on a sheet."""
        options = {"type": kind}
        if stacked:
            options["subtype"] = "stacked"
        return self._book.add_chart(options)

    def close(self) -> None:
        """Write the file."""
        self._book.close()


class Sheet:
    """A sheet that is written downwards, one row after the other."""

    def __init__(
        self, book: Book, worksheet: Worksheet, name: str, widths: Sequence[int], footer: str
    ) -> None:
        """Set the columns and the page; `row` is the row being written."""
        self.book, self.name, self.row = book, name, 0
        self.worksheet = worksheet
        for column, width in enumerate(widths):
            worksheet.set_column(column, column, width)
        worksheet.set_landscape()
        worksheet.set_paper(9)
        worksheet.fit_to_pages(1, 0)
        worksheet.set_footer(f"&L{footer}&C{name.replace('&', '&&')}&R&P / &N")
        worksheet.hide_gridlines(2)
        worksheet.set_default_row(_ROW_POINTS)

    def next(self, rows: int = 1) -> None:
        """Go down."""
        self.row += rows

    def text(self, column: int, value: object, look: str = "plain") -> None:
        """Write text; nothing in it is ever run."""
        if value is None:
            if look != "plain":
                self.worksheet.write_blank(self.row, column, None, self.book.look(look))
            return
        number = TEXT_FORMAT if look in {"plain", "differs"} else ""
        self.worksheet.write_string(
            self.row, column, _printable(str(value)), self.book.look(look, number)
        )

    def whole(self, column: int, value: int | None, look: str = "plain") -> None:
        """Write a count."""
        if value is not None:
            assert abs(value) < EXACT_LIMIT, value
            number = self.book.look(look, "#,##0")
            self.worksheet.write_number(self.row, column, value, number)

    def percent(self, column: int, part: int, whole: int, look: str = "plain") -> None:
        """Write a share, exact to a hundredth of a percent."""
        if whole:
            share = Decimal(part * 10_000 // whole).scaleb(-4)
            number = self.book.look(look, "0.00%")
            self.worksheet.write_number(self.row, column, share, number)

    def money(
        self, column: int, minor: int | None, currency: str | None, look: str = "plain"
    ) -> None:
        """Write an amount as an exact number, or as exact text beyond fifteen digits."""
        if minor is None:
            self.text(column, None, look)
        elif currency is None or abs(minor) >= EXACT_LIMIT:
            self.text(column, exact(minor, currency), look)
        else:
            number = self.book.look(look, money_format(currency))
            self.worksheet.write_number(self.row, column, decimal(minor, currency), number)

    def sum_formula(
        self, column: int, formula: str, minor: int, currency: str | None, look: str = "bold"
    ) -> None:
        """Write a live formula, rounded to the currency's minor unit, with its cached value.

        Beyond fifteen digits the exact text is written instead: no formula could be right there.
        """
        if currency is None or abs(minor) >= EXACT_LIMIT:
            self.text(column, exact(minor, currency), look)
            return
        self.worksheet.write_formula(
            self.row,
            column,
            f"=ROUND({formula},{exponent(currency)})",
            self.book.look(look, money_format(currency)),
            decimal(minor, currency),
        )

    def count_formula(self, column: int, formula: str, value: int, look: str = "bold") -> None:
        """Write a live formula over counts, with its cached value."""
        number = self.book.look(look, "#,##0")
        self.worksheet.write_formula(self.row, column, f"={formula}", number, value)

    def day(self, column: int, value: date | None, look: str = "plain") -> None:
        """Write a date."""
        if value is not None:
            moment = datetime.combine(value, time())
            number = self.book.look(look, "yyyy-mm-dd")
            self.worksheet.write_datetime(self.row, column, moment, number)

    def moment(self, column: int, value: datetime | None, look: str = "plain") -> None:
        """Write a date with its time, to the second."""
        if value is not None:
            number = self.book.look(look, "yyyy-mm-dd hh:mm:ss")
            whole = value.replace(microsecond=0)
            self.worksheet.write_datetime(self.row, column, whole, number)

    def link(self, column: int, sheet: str, text: str) -> None:
        """Write a link to another sheet of this workbook."""
        target = f"internal:'{sheet}'!A1"
        self.worksheet.write_url(self.row, column, target, self.book.look("link"), _printable(text))

    def lines(self, rendered: pl.Series, columns: int) -> None:
        """Write rows that `workbook_rows` has rendered, and go below them."""
        if len(rendered):
            self.worksheet.write_lines(self.row, rendered, columns)
            self.row += len(rendered)

    def header(
        self,
        names: Sequence[str],
        *,
        filters: bool = True,
        last_row: int = 0,
        numbers: Collection[int] = (),
    ) -> None:
        """Write the head of a table, freeze it, and filter the rows down to `last_row`.

        `numbers` are the columns of numbers: their heads stand above them, on the right.
        """
        tall = any("\n" in name for name in names)
        self.worksheet.set_row(self.row, _TALL_HEAD_POINTS if tall else _HEAD_POINTS)
        for column, name in enumerate(names):
            self.text(column, name, "header_number" if column in numbers else "header")
        if filters:
            last = max(last_row, self.row + 1)
            self.worksheet.autofilter(self.row, 0, last, len(names) - 1)
            self.worksheet.freeze_panes(self.row + 1, 1)
            self.worksheet.repeat_rows(self.row)
        self.next()

    def cell(self, column: int, row: int | None = None) -> str:
        """Return the name of a cell of this sheet, for a formula on it."""
        name: str = xl_rowcol_to_cell(self.row if row is None else row, column)
        return name

    def column(self, column: int, first: int, last: int) -> str:
        """Return the name of a range of one column."""
        letter = xl_col_to_name(column)
        return f"{letter}{first + 1}:{letter}{last + 1}"


def money_format(currency: str) -> str:
    """Return the number format of a currency: its decimals, red below zero, zero shown."""
    places = exponent(currency)
    digits = "#,##0" + ("." + "0" * places if places else "")
    return f"{digits};[Red]-{digits};{digits}"


def decimal(minor: int, currency: str) -> Decimal:
    """Return an amount as the decimal number that a cell holds, exactly."""
    return Decimal(minor).scaleb(-exponent(currency))


def exact(minor: int, currency: str | None) -> str:
    """Return an amount as text, every digit."""
    return str(minor) if currency is None else format_minor(minor, currency)


def _printable(text: str) -> str:
    """Return a text without control characters, cut to what a cell should hold."""
    clean = text
    if not text.isprintable():
        clean = "".join(part if part.isprintable() or part == "\n" else " " for part in text)
    return clean if len(clean) <= TEXT_LIMIT else clean[: TEXT_LIMIT - 1] + "…"
