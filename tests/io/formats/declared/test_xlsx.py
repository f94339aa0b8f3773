from __future__ import annotations

import datetime as dt
import zipfile

import pytest
import xlsxwriter

from recon.errors import InputError
from recon.io.formats.declared.xlsx import FORMAT
from recon.io.reading.contract import Options
from tests.io.formats.reading import load_path, read_path

OPTIONS = Options(columns={"order_id": "id", "amount": "amt", "memo": "note"}, skip_lines=1)


def book(tmp_path, rows, write=None, sheets=("A",)):
    path = tmp_path / "staged"
    workbook = xlsxwriter.Workbook(str(path))
    for name in sheets:
        sheet = workbook.add_worksheet(name)
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
        if write:
            write(sheet, workbook)
    workbook.close()
    return path


ROWS = (["Title"], ["id", "amt", "note"], ["001", 0.1, "x"], [], ["20260101000000000001", "-2.30"])


def test_cells_are_text_and_rows_keep_their_numbers(tmp_path):
    """Text ids keep zeros and digits, amounts are exact, blank rows are counted."""
    result = load_path(FORMAT, book(tmp_path, ROWS), OPTIONS)
    assert result.column("order_id") == ["001", "20260101000000000001"]
    assert result.column("amount_minor") == [10, -230]
    assert result.column("record_no") == [3, 5]
    assert (result.reading.header_lines, result.reading.blank_lines) == (2, 1)


def test_a_double_with_a_tail_is_refused_not_rounded(tmp_path):
    """An amount with more decimals than its currency has is a reject."""
    result = load_path(FORMAT, book(tmp_path, (*ROWS[:2], ["1", 0.125, ""], *ROWS[2:])), OPTIONS)
    assert result.refused_lines == [3]


@pytest.mark.parametrize("number", [123456789012345678, 123456789012345])
def test_a_long_number_has_lost_its_digits(tmp_path, number):
    """Ids of fifteen digits and more must be text."""
    with pytest.raises(InputError, match="digits") as caught:
        read_path(FORMAT, book(tmp_path, (*ROWS, [number, 1, "x"])), OPTIONS)
    assert "as text" in caught.value.fix


def test_formulas_are_refused(tmp_path):
    """A cached value is whatever the last program computed."""
    path = book(tmp_path, ROWS, lambda sheet, _: sheet.write_formula(6, 1, "=1+1", None, 2))
    with pytest.raises(InputError, match="formula"):
        read_path(FORMAT, path, OPTIONS)


def test_one_visible_sheet_or_a_named_one(tmp_path):
    """Two sheets need a choice; a hidden one is never read."""
    path = book(tmp_path, ROWS, sheets=("A", "B"))
    with pytest.raises(InputError, match="found 2"):
        read_path(FORMAT, path, OPTIONS)
    named = Options(columns=OPTIONS.columns, skip_lines=1, member="B")
    assert read_path(FORMAT, path, named).frame.height == 2

    def hide(sheet, _):
        if sheet.get_name() == "B":
            sheet.hide()

    assert read_path(FORMAT, book(tmp_path, ROWS, hide, ("A", "B")), OPTIONS).frame.height == 2


def test_damaged_workbooks_and_other_files_are_refused(tmp_path):
    """A cut at any place, or another file under this format, is a named error."""
    path = book(tmp_path, ROWS)
    raw = path.read_bytes()
    for size in range(0, len(raw), 331):
        path.write_bytes(raw[:size])
        with pytest.raises(InputError):
            read_path(FORMAT, path, OPTIONS)
    path.write_bytes(b"id,amt\n")
    with pytest.raises(InputError):
        read_path(FORMAT, path, OPTIONS)


def test_dates_are_written_as_the_declared_pattern(tmp_path):
    """A date cell becomes year-month-day and time."""

    def write(sheet, workbook):
        style = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        moment = dt.datetime(2026, 11, 20, 10, 11, 12, tzinfo=None)  # noqa: DTZ001 (a cell's)
        sheet.write_datetime(1, 0, moment, style)
        sheet.write_string(1, 1, "5.00")

    path = book(tmp_path, (["at", "amt"],), write)
    options = Options(columns={"occurred_at": "at", "amount": "amt"})
    result = load_path(FORMAT, path, options)
    assert str(result.column("occurred_at")[0]) == "2026-11-20 02:11:12"


def test_a_column_that_is_not_read_may_have_lost_digits(tmp_path):
    """Only numbers in columns that are read must have all their digits."""
    rows = (["Title"], ["id", "amt", "note", "more"], ["1", 1, "x", 123456789012345678])
    options = Options(
        columns={"order_id": "id", "amount": "amt", "memo": "note"},
        skip_lines=1,
        ignore_columns=("more",),
    )
    assert load_path(FORMAT, book(tmp_path, rows), options).column("amount_minor") == [100]


def test_a_stray_cell_far_away_is_refused(tmp_path):
    """The table up to the furthest cell must fit memory: two cells can span billions."""
    path = book(tmp_path, ROWS, lambda sheet, _: sheet.write(1_048_575, 16_383, "x"))
    with pytest.raises(InputError, match="without gaps"):
        read_path(FORMAT, path, OPTIONS)


def test_a_sheet_is_known_by_its_content_not_by_its_name(tmp_path):
    """A formula is refused in a part that has another name than usual, too."""
    path = book(tmp_path, ROWS, lambda sheet, _: sheet.write_formula(6, 1, "=1+1", None, 2))
    other = tmp_path / "other"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            content = source.read(name).replace(b"worksheets/sheet1.xml", b"worksheets/other.xml")
            target.writestr(name.replace("sheet1.xml", "other.xml"), content)
    with pytest.raises(InputError, match="formula"):
        read_path(FORMAT, other, OPTIONS)
