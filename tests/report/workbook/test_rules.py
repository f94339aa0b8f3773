"""The workbook keeps the rules that spreadsheet programs enforce when they open a file."""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import polars as pl
import pytest
from openpyxl.utils import coordinate_to_tuple, get_column_letter, range_boundaries

from recon.report.workbook.cells import EXACT_LIMIT, TEXT_LIMIT, Book
from recon.report.workbook.rows import Block, line_points
from tests.report.shop_week import FIRST

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_MOST = {"name": 31, "formula": 8192, "list": 255, "text": 32767, "footer": 255, "format": 255}
LATE = datetime(2026, 2, 28, 23, 59, 0, 999_999)  # noqa: DTZ001 - times are UTC without a zone
HOSTILE = [
    "=HYPERLINK(1)", " leading", "trailing\t", "a<b>&\"c'", "_x000D_ is text", "x" * 3000,
    "中文\x07響", "line\nbreak", "", "\u202eturned", None,
]  # fmt: skip


@pytest.fixture(params=["en", "zh"])
def path(request, recon, tmp_path) -> Path:
    """Return a workbook of the shop's week in each language."""
    made = tmp_path / "night.xlsx"
    recon("report", "--output", str(made), "--lang", request.param)
    return made


def parts(path: Path) -> dict[str, ET.Element]:
    """Return every XML part of the package; one that is not well-formed fails here."""
    with zipfile.ZipFile(path) as archive:
        assert len(set(archive.namelist())) == len(archive.namelist())
        return {
            name: ET.fromstring(archive.read(name))  # noqa: S314 - our own file
            for name in archive.namelist()
            if name.endswith((".xml", ".rels"))
        }


def sheets(path: Path) -> dict[str, ET.Element]:
    """Return the sheets' XML."""
    return {name: xml for name, xml in parts(path).items() if "/worksheets/sheet" in name}


def test_names_are_legal_and_unique(path: Path) -> None:
    """Sheet names are short, free of the forbidden signs and distinct; defined names point home."""
    book = parts(path)["xl/workbook.xml"]
    names = [item.get("name") for item in book.iter(f"{_MAIN}sheet")]
    assert all(0 < len(name) <= _MOST["name"] for name in names)
    assert not [name for name in names if re.search(r"[\[\]:*?/\\]|^'|'$", name)]
    assert len({name.casefold() for name in names}) == len(names)
    for item in book.iter(f"{_MAIN}definedName"):
        assert re.fullmatch(r"_xlnm\.\w+|[A-Za-z_\\][\w.]*", item.get("name"))
        for target in re.findall(r"'((?:[^']|'')+)'!|([^'!,]+)!", item.text):
            assert (target[0] or target[1]).replace("''", "'") in names
    pairs = [
        (item.get("name"), item.get("localSheetId")) for item in book.iter(f"{_MAIN}definedName")
    ]
    assert len(set(pairs)) == len(pairs)


def test_cells_are_in_order_and_within_limits(path: Path) -> None:
    """Rows and cells ascend, none stands twice; texts, formulas, heights and widths fit."""
    for xml in sheets(path).values():
        rows = list(xml.iter(f"{_MAIN}row"))
        numbers = [int(row.get("r")) for row in rows]
        assert numbers == sorted(set(numbers))
        assert all(float(row.get("ht", 15)) <= 409 for row in rows)
        assert all(float(item.get("width")) <= 255 for item in xml.iter(f"{_MAIN}col"))
        for row in rows:
            places = [coordinate_to_tuple(cell.get("r")) for cell in row]
            assert all(place[0] == int(row.get("r")) for place in places)
            assert [place[1] for place in places] == sorted({place[1] for place in places})
        assert all(len(item.text or "") <= _MOST["text"] for item in xml.iter(f"{_MAIN}t"))
        assert all(len(item.text) <= _MOST["formula"] for item in xml.iter(f"{_MAIN}f"))
        last = xml.find(f"{_MAIN}dimension").get("ref").split(":")[-1]
        assert max(numbers) == coordinate_to_tuple(last)[0]


def test_filters_lists_merges_and_links_are_legal(path: Path) -> None:
    """Ranges lie inside the sheet and do not overlap; lists and footers are short; links exist."""
    book = parts(path)
    names = [item.get("name") for item in book["xl/workbook.xml"].iter(f"{_MAIN}sheet")]
    for xml in sheets(path).values():
        for item in xml.iter(f"{_MAIN}formula1"):
            assert len(item.text.strip('"')) <= _MOST["list"]
        for item in xml.iter(f"{_MAIN}oddFooter"):
            assert len(item.text) <= _MOST["footer"]
        for item in xml.iter(f"{_MAIN}autoFilter"):
            low, top, high, bottom = range_boundaries(item.get("ref"))
            assert low <= high
            assert top < bottom
        taken: set[tuple[int, int]] = set()
        for item in xml.iter(f"{_MAIN}mergeCell"):
            low, top, high, bottom = range_boundaries(item.get("ref"))
            cells = {(r, c) for r in range(top, bottom + 1) for c in range(low, high + 1)}
            assert not cells & taken
            taken |= cells
        for item in xml.iter(f"{_MAIN}hyperlink"):
            assert item.get("location").split("!")[0].strip("'") in names


def test_every_style_that_a_cell_names_exists(path: Path) -> None:
    """Cells name formats of the style part; number formats are short and their ids distinct."""
    styles = parts(path)["xl/styles.xml"]
    known = len(styles.find(f"{_MAIN}cellXfs"))
    for xml in sheets(path).values():
        assert all(int(cell.get("s", 0)) < known for cell in xml.iter(f"{_MAIN}c"))
    formats = list(styles.iter(f"{_MAIN}numFmt"))
    assert all(len(item.get("formatCode")) <= _MOST["format"] for item in formats)
    assert len({item.get("numFmtId") for item in formats}) == len(formats)


def test_no_cell_is_empty_talk(path: Path) -> None:
    """No cell says None or NaN, or prints a dash where a number has no value."""
    book = openpyxl.load_workbook(path, data_only=True)
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                found = re.search(r"\bNone\b(?!\.$)|\bnan\b|—[）)]|[(（]—", str(cell.value or ""))
                assert not found, (sheet.title, cell.coordinate, cell.value)


def by_calls(book: Book, frame: pl.DataFrame) -> None:
    """Write a frame cell by cell."""
    sheet = book.sheet("calls", [20] * 5)
    sheet.next()
    for row in frame.iter_rows(named=True):
        sheet.text(0, row["text"])
        sheet.money(1, row["minor"], row["currency"])
        sheet.whole(2, row["count"])
        sheet.day(3, row["day"])
        sheet.moment(4, row["moment"])
        sheet.next()


def by_columns(book: Book, frame: pl.DataFrame) -> None:
    """Write a frame column by column."""
    sheet = book.sheet("columns", [20] * 5)
    sheet.next()
    block = Block(book, frame["currency"].drop_nulls())
    block.text(pl.col("text"))
    block.money(pl.col("minor"), pl.col("currency"))
    block.whole(pl.col("count"))
    block.day(pl.col("day"))
    block.moment(pl.col("moment"))
    block.write(sheet, frame)


def test_rows_written_by_columns_are_those_written_by_calls(tmp_path: Path) -> None:
    """Text of any kind, money of any currency and size, dates, times: same cells, same looks."""
    many = len(HOSTILE)
    amounts = [0, -1, 5, 12345, EXACT_LIMIT - 1, 1 - EXACT_LIMIT, 99, -12345678, 7, None, 100]
    frame = pl.DataFrame(
        {
            "text": HOSTILE,
            "minor": amounts,
            "currency": [
                "CNY",
                "CNY",
                "JPY",
                "BHD",
                "CNY",
                "CNY",
                "USD",
                "JPY",
                "CNY",
                "CNY",
                None,
            ],
            "count": [*range(many - 1), None],
            "day": [date(2026, 11, 1 + n) for n in range(many - 1)] + [None],
            "moment": [LATE + timedelta(seconds=n) for n in range(many - 1)] + [None],
        }
    )
    path = tmp_path / "both.xlsx"
    book = Book(path, FIRST, title="t")
    by_calls(book, frame)
    by_columns(book, frame)
    book.close()
    read = openpyxl.load_workbook(path)
    for one, other in zip(read["calls"].iter_rows(), read["columns"].iter_rows(), strict=True):
        for mine, his in zip(one, other, strict=True):
            assert his.value == mine.value, mine.coordinate
            assert his.number_format == mine.number_format, mine.coordinate
            assert his.data_type == mine.data_type, mine.coordinate
    assert len(read["columns"]["A7"].value) == TEXT_LIMIT


def test_amounts_beyond_fifteen_digits_are_exact_text(tmp_path: Path) -> None:
    """An amount that no cell number can hold is written digit by digit as text."""
    path = tmp_path / "large.xlsx"
    book = Book(path, FIRST, title="t")
    sheet = book.sheet("s", [20])
    block = Block(book, ["CNY"])
    block.money(pl.col("minor"), pl.col("currency"))
    block.write(sheet, pl.DataFrame({"minor": [EXACT_LIMIT, -1], "currency": ["CNY", "CNY"]}))
    book.close()
    cells = [row[0].value for row in openpyxl.load_workbook(path)["s"].iter_rows()]
    assert cells == ["10000000000000.00", -0.01]


def test_rows_above_and_below_a_block_stay_where_they_are(tmp_path: Path) -> None:
    """Calls before, a block of several chunks' first rows, calls after: one sheet in order."""
    path = tmp_path / "mixed.xlsx"
    book = Book(path, FIRST, title="t")
    sheet = book.sheet("s", [20])
    sheet.header(["head"], last_row=3)
    block = Block(book, [])
    block.text(pl.col("text"), differs=pl.col("text") == "b")
    block.write(sheet, pl.DataFrame({"text": ["a", "b"]}))
    sheet.text(0, "after")
    book.close()
    read = openpyxl.load_workbook(path)["s"]
    assert [cell.value for cell in read["A"]] == ["Head", "a", "b", "after"]
    assert read["A3"].fill.fgColor.rgb == "FFFEE4E2"
    assert get_column_letter(read.max_column) == "A"


def test_wrapped_rows_are_as_high_as_their_longest_text() -> None:
    """One line keeps the usual height; Chinese counts double; no row is higher than allowed."""
    frame = pl.DataFrame({"text": ["short", "x" * 25, "中" * 15, "x" * 5000, None, "a\nb\nc"]})
    heights = frame.select(line_points([(pl.col("text"), 20)])).to_series().to_list()
    assert heights == [None, 32, 32, 409, None, 47]
