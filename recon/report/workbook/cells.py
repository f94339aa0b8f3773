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
from recon.core.texts import inert

EXACT_LIMIT = 10**15  # minor units; fifteen digits
TEXT_LIMIT = 2_000  # characters of a cell; whole texts are in the published tables
_NAME_LIMIT = 31
TEXT_FORMAT = "@"
DASH = '"–"'
_ROW_POINTS = 17
ROW_PIXELS = 22
_LINE_POINTS = 15
MOST_POINTS = 409  # a row cannot be higher
_HEAD_POINTS = 21
_TALL_HEAD_POINTS = 36
_TITLE_POINTS = 26
_BANNER_POINTS = 44
_PAGE_CHARACTERS = 245  # of column widths that a landscape A4 page still shows in readable type
_MOST_PAGES = 3
_RED, _GREY, _INK, _PAPER = "#B42318", "#667085", "#1D2939", "#F2F4F7"
_LOOKS: dict[str, dict[str, object]] = {
    "plain": {"valign": "vcenter"},
    "title": {"bold": True, "font_size": 16, "valign": "vcenter"},
    "header": {
        "bold": True, "bg_color": _INK, "font_color": "#FFFFFF", "border": 1,
        "border_color": _GREY, "text_wrap": True, "valign": "vcenter", "indent": 1,
    },
    "header_number": {
        "bold": True, "bg_color": _INK, "font_color": "#FFFFFF", "border": 1,
        "border_color": _GREY, "text_wrap": True, "valign": "vcenter", "align": "right",
    },
    "section": {"bold": True, "bg_color": _PAPER, "bottom": 1, "bottom_color": _GREY},
    "note_line": {"font_color": _GREY, "italic": True},
    "exact": {"font_color": _GREY, "italic": True, "indent": 1},
    "wrapped": {"text_wrap": True, "valign": "vcenter", "align": "left", "indent": 1},
    "bold": {"bold": True},
    "figure": {"align": "right", "valign": "vcenter"},
    "number": {"valign": "vcenter"},
    "good": {"bold": True, "font_color": "#027A48", "bg_color": "#ECFDF3"},
    "bad": {"bold": True, "font_color": _RED, "bg_color": "#FEF3F2"},
    "warn": {"bold": True, "font_color": "#93370D", "bg_color": "#FFFAEB"},
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
        self._formats: dict[tuple[str, str, bool], Format] = {}
        self._names: set[str] = set()

    def look(self, name: str, number: str = "", *, wrap: bool = False) -> Format:
        """Return the format of a look and a number format, each made once."""
        key = (name, number, wrap)
        if key not in self._formats:
            facts = dict(_LOOKS[name])
            if wrap:
                facts |= {"text_wrap": True, "valign": "vcenter", "indent": 1}
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

    def sheet(self, name: str, widths: Sequence[int] = (), *, footer: str = "") -> Sheet:
        """Add a sheet; its name is cut to what a spreadsheet allows and made unique."""
        clean = "".join(part for part in name if part not in "[]:*?/\\'")[:_NAME_LIMIT]
        again = 1
        unique = clean
        while unique.lower() in self._names:
            again += 1
            unique = f"{clean[: _NAME_LIMIT - 3]}~{again}"
        self._names.add(unique.lower())
        return Sheet(self, self._book.add_worksheet(unique, RowFile), unique, widths, footer)

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
        worksheet.set_landscape()
        worksheet.set_paper(9)
        worksheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
        self.widths(widths)
        worksheet.set_footer(f"&L{footer}&C{name.replace('&', '&&')}&R&P / &N")
        worksheet.hide_gridlines(2)
        worksheet.set_default_row(_ROW_POINTS)

    def widths(self, widths: Sequence[int]) -> None:
        """Set the widths of the columns; too wide for a page, it is several, side by side."""
        self._widths = tuple(widths)
        for column, width in enumerate(widths):
            self.worksheet.set_column(column, column, width)
        pages = min(-(-sum(widths) // _PAGE_CHARACTERS) or 1, _MOST_PAGES)
        self.worksheet.fit_to_pages(pages, 0)
        if pages > 1:
            self.worksheet.repeat_columns(0)

    def print_to(self, column: int, row: int) -> None:
        """Print one page wide what stands up to this column and row; the rest is for the screen."""
        self.worksheet.print_area(0, 0, row, column)
        self.worksheet.fit_to_pages(1, 0)

    def title(self, text: str) -> None:
        """Write the title of the sheet and go to the row below."""
        self.worksheet.set_row(self.row, _TITLE_POINTS)
        self.text(0, text, "title")
        self.next()

    def banner(self, text: str, last: int, look: str) -> None:
        """Write a text over all columns up to `last`, and go below."""
        wrapped = self.book.look(look, wrap=True)
        self.worksheet.set_row(self.row, _BANNER_POINTS)
        self.worksheet.merge_range(self.row, 0, self.row, last, "", wrapped)
        self.worksheet.write_string(self.row, 0, _printable(text), wrapped)
        self.next()

    def merge(self, first: int, last: int, look: str) -> None:
        """Make several cells of the row one, to be written as its first."""
        self.worksheet.merge_range(self.row, first, self.row, last, "", self.book.look(look))

    def span(self, first: int, last: int, text: str, width: int) -> None:
        """Write a text over several columns, `width` characters, wrapped, and go below."""
        look = self.book.look("wrapped", wrap=True)
        self.tall(text, width)
        self.worksheet.merge_range(self.row, first, self.row, last, "", look)
        self.worksheet.write_string(self.row, first, _printable(text), look)
        self.next()

    def tall(self, text: str, width: int) -> None:
        """Make the row as high as a text that wraps at `width` characters needs."""
        lines = sum(_wide(line) // width + 1 for line in text.split("\n"))
        if lines > 1:
            self.worksheet.set_row(self.row, min(lines * _LINE_POINTS + 2, MOST_POINTS))

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

    def whole(
        self, column: int, value: int | None, look: str = "plain", *, dash: bool = False
    ) -> None:
        """Write a count; with `dash` a zero is shown as one."""
        if value is not None:
            assert abs(value) < EXACT_LIMIT, value
            number = self.book.look(look, f"#,##0;-#,##0;{DASH}" if dash else "#,##0")
            self.worksheet.write_number(self.row, column, value, number)

    def percent(self, column: int, part: int, whole: int, look: str = "plain") -> None:
        """Write a share, exact to a hundredth of a percent."""
        if whole:
            share = Decimal(part * 10_000 // whole).scaleb(-4)
            number = self.book.look(look, "0.00%")
            self.worksheet.write_number(self.row, column, share, number)

    def money(
        self,
        column: int,
        minor: int | None,
        currency: str | None,
        look: str = "plain",
        *,
        dash: bool = False,
    ) -> None:
        """Write an amount as an exact number, or as exact text beyond fifteen digits.

        With `dash` a zero is shown as one.
        """
        if minor is None:
            self.text(column, None, look)
        elif currency is None or abs(minor) >= EXACT_LIMIT:
            self.text(column, exact(minor, currency), look)
        else:
            number = self.book.look(look, money_format(currency, dash=dash))
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
        """Write rows that `rows.py` has rendered, and go below them."""
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
        """Write the head of a table; with `filters` freeze it and filter down to `last_row`.

        `numbers` are the columns of numbers: their heads stand above them, on the right.
        """
        room = zip(names, self._widths[: len(names)], strict=False)
        tall = any("\n" in name or _wide(name) > width - 1 for name, width in room)
        self.worksheet.set_row(self.row, _TALL_HEAD_POINTS if tall else _HEAD_POINTS)
        for column, name in enumerate(names):
            look = "header_number" if column in numbers else "header"
            self.text(column, name[:1].upper() + name[1:], look)
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

    def sum_where(self, where: int, value: str, column: int, rows: tuple[int, int]) -> str:
        """Return a formula: the sum of a column where another one says `value`, in some rows."""
        inside, summed = (self.column(item, *rows) for item in (where, column))
        assert value.isalnum(), value
        return f'SUMIF({inside},"{value}",{summed})'

    def column(self, column: int, first: int, last: int) -> str:
        """Return the name of a range of one column."""
        letter = xl_col_to_name(column)
        return f"{letter}{first + 1}:{letter}{last + 1}"


def money_format(currency: str, *, dash: bool = False) -> str:
    """Return the number format of a currency: its decimals, red below zero, zero or a dash."""
    places = exponent(currency)
    digits = "#,##0" + ("." + "0" * places if places else "")
    return f"{digits};[Red]-{digits};{DASH if dash else digits}"


def decimal(minor: int, currency: str) -> Decimal:
    """Return an amount as the decimal number that a cell holds, exactly."""
    return Decimal(minor).scaleb(-exponent(currency))


def _wide(text: str) -> int:
    """Return how many Latin characters a text is wide; a Chinese one is two."""
    return (len(text.encode()) + len(text)) // 2


def exact(minor: int, currency: str | None) -> str:
    """Return an amount as text, every digit."""
    return str(minor) if currency is None else format_minor(minor, currency)


def _printable(text: str) -> str:
    """Return a text without control characters, cut to what a cell should hold."""
    clean = inert.lines(text)
    return clean if len(clean) <= TEXT_LIMIT else clean[: TEXT_LIMIT - 1] + "…"
