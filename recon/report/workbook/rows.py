"""Many rows of a sheet at once: each column's cells are rendered as text by Polars.

Writing a cell by a call costs microseconds of Python; a sheet of 100,000 cases has millions of
cells. Here a column is one expression and a row one string, which goes to the sheet's row file as
the library's own rows do. What a cell may hold is the same as in `cells.py`: text is inline
text that nothing runs, an amount is its digits as they are, up to fifteen, and exact text beyond.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from xlsxwriter.utility import xl_col_to_name

from recon.core.money import exponent
from recon.report.workbook.cells import (
    EXACT_LIMIT,
    MOST_POINTS,
    TEXT_FORMAT,
    TEXT_LIMIT,
    Book,
    money_format,
)
from recon.report.workbook.cells import Sheet as SheetOfRows

CHUNK = 10_000  # rows whose text is held at once
_UNSEEN = r"[\p{C}\p{Zl}\p{Zp}\p{Zs}--[ \n]]"  # what a cell cannot show
_ESCAPE = r"(_x[0-9a-fA-F]{4}_)"  # would be read as a character
_DAY_ZERO = pl.date(1899, 12, 30)
_FRACTION = 12  # decimals of a day: a second is 0.00001157...
_LINE_POINTS, _MARGIN_POINTS = 15, 2
_BROKEN = 4  # characters of a line that are left empty where a word does not fit
_ROW = "row__"


class Block:
    """The cells of a block of rows, added from left to right, one call a column."""

    def __init__(self, book: Book, currencies: Iterable[str]) -> None:
        """Start at the first column; `currencies` are those that amounts may have."""
        self._book = book
        self._currencies = sorted(set(currencies))
        self._cells: list[pl.Expr] = []

    def text(self, value: pl.Expr, look: str = "plain", *, differs: pl.Expr | None = None) -> None:
        """Add a column of text; null leaves the cell out."""
        number = TEXT_FORMAT if look == "plain" else ""
        self._add(value, _inline(value), self._style(look, number, differs))

    def blank(self, look: str) -> None:
        """Add a column of empty cells with a look."""
        style = pl.lit(str(self._book.style(look)))
        self._cells.append(pl.concat_str(self._head(style), pl.lit('"/>')))

    def whole(self, value: pl.Expr, look: str = "plain", *, differs: pl.Expr | None = None) -> None:
        """Add a column of counts."""
        self._add(value, _number(value.cast(pl.String)), self._style(look, "#,##0", differs))

    def day(self, value: pl.Expr, *, differs: pl.Expr | None = None) -> None:
        """Add a column of dates."""
        serial = (value - _DAY_ZERO).dt.total_days().cast(pl.String)
        self._add(value, _number(serial), self._style("plain", "yyyy-mm-dd", differs))

    def moment(self, value: pl.Expr, *, differs: pl.Expr | None = None) -> None:
        """Add a column of times, to the second."""
        days = (value.dt.date() - _DAY_ZERO).dt.total_days().cast(pl.String)
        seconds = value.dt.hour().cast(pl.Int64) * 3600 + value.dt.minute().cast(pl.Int64) * 60
        seconds += value.dt.second().cast(pl.Int64)
        part = ((seconds * 10**_FRACTION + 43_200) // 86_400).cast(pl.String).str.zfill(_FRACTION)
        serial = pl.concat_str(days, pl.lit("."), part)
        self._add(value, _number(serial), self._style("plain", "yyyy-mm-dd hh:mm:ss", differs))

    def money(self, minor: pl.Expr, currency: pl.Expr, *, differs: pl.Expr | None = None) -> None:
        """Add a column of amounts in minor units: exact numbers, or exact text beyond them."""
        digits, style = minor.cast(pl.String), self._style("plain", TEXT_FORMAT, differs)
        plain = style
        for name in self._currencies:
            mine = currency == name
            digits = pl.when(mine).then(_decimal(minor, exponent(name))).otherwise(digits)
            own = self._style("plain", money_format(name), differs)
            style = pl.when(mine).then(own).otherwise(style)
        number = (minor.abs() < EXACT_LIMIT) & currency.is_in(self._currencies)
        number = number.fill_null(value=False)
        body = pl.when(number).then(_number(digits)).otherwise(_inline(digits))
        self._add(minor, body, pl.when(number).then(style).otherwise(plain))

    def write(self, sheet: SheetOfRows, frame: pl.DataFrame, points: pl.Expr | None = None) -> None:
        """Write one row a row of the frame; `points` is the height of a row, null the usual one."""
        for start in range(0, frame.height, CHUNK):
            part = frame.slice(start, CHUNK).with_row_index(_ROW, sheet.row + 1)
            sheet.lines(part.select(self._line(points)).to_series(), len(self._cells))

    def _line(self, points: pl.Expr | None) -> pl.Expr:
        """Return a whole row as text."""
        number = pl.col(_ROW).cast(pl.String)
        height = pl.lit("")
        if points is not None:
            high = pl.concat_str(
                pl.lit('" ht="'), points.cast(pl.String), pl.lit('" customHeight="1')
            )
            height = pl.when(points.is_not_null()).then(high).otherwise(pl.lit(""))
        head = (pl.lit('<row r="'), number, height, pl.lit('">'))
        return pl.concat_str(*head, *self._cells, pl.lit("</row>"))

    def _style(self, look: str, number: str, differs: pl.Expr | None) -> pl.Expr:
        """Return the style of each cell; marked where `differs` holds."""
        usual = pl.lit(str(self._book.style(look, number)))
        if differs is None:
            return usual
        marked = pl.lit(str(self._book.style("differs", number)))
        return pl.when(differs.fill_null(value=False)).then(marked).otherwise(usual)

    def _head(self, style: pl.Expr) -> pl.Expr:
        letter = xl_col_to_name(len(self._cells))
        number = pl.col(_ROW).cast(pl.String)
        return pl.concat_str(pl.lit(f'<c r="{letter}'), number, pl.lit('" s="'), style)

    def _add(self, value: pl.Expr, body: pl.Expr, style: pl.Expr) -> None:
        cell = pl.concat_str(self._head(style), body, pl.lit("</c>"))
        self._cells.append(pl.when(value.is_not_null()).then(cell).otherwise(pl.lit("")))


def line_points(texts: Iterable[tuple[pl.Expr, int]]) -> pl.Expr:
    """Return the height of rows whose columns (text, width) wrap; null where none does.

    A Chinese character is two wide; its three bytes and one character come to that.
    """
    lines = pl.max_horizontal(
        (
            (text.str.len_bytes() + text.str.len_chars()) // 2 // (width - _BROKEN)
            + text.str.count_matches("\n", literal=True)
            + 1
        )
        .fill_null(1)
        .cast(pl.Int64)
        for text, width in texts
    )
    points = (lines * _LINE_POINTS + _MARGIN_POINTS).clip(upper_bound=MOST_POINTS)
    return pl.when(lines > 1).then(points)


def _number(digits: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit('"><v>'), digits, pl.lit("</v>"))


def _decimal(minor: pl.Expr, places: int) -> pl.Expr:
    """Return minor units as a decimal with these places, digit by digit."""
    if not places:
        return minor.cast(pl.String)
    scale = 10**places
    sign = pl.when(minor < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole = (minor.abs() // scale).cast(pl.String)
    rest = (minor.abs() % scale).cast(pl.String).str.zfill(places)
    return pl.concat_str(sign, whole, pl.lit("."), rest)


def _inline(value: pl.Expr) -> pl.Expr:
    """Return text as inline text: cut, without what no cell shows, escaped."""
    text = value.cast(pl.String).str.replace_all(_UNSEEN, " ")
    long = text.str.len_chars() > TEXT_LIMIT
    cut = pl.concat_str(text.str.slice(0, TEXT_LIMIT - 1), pl.lit("…"))
    text = pl.when(long).then(cut).otherwise(text)
    edge = text.str.contains(r"^\s|\s$")
    space = pl.when(edge).then(pl.lit(' xml:space="preserve"')).otherwise(pl.lit(""))
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.str.replace_all(mark, entity, literal=True)
    text = text.str.replace_all(_ESCAPE, "_x005F${1}")
    return pl.concat_str(
        pl.lit('" t="inlineStr"><is><t'), space, pl.lit(">"), text, pl.lit("</t></is>")
    )
