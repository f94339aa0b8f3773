"""The same content written otherwise gives the same rows, whatever the format."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from recon.io.formats import FORMATS
from recon.io.reading.lines import encoding_named
from recon.io.reading.marks import MARKS
from recon.io.reading.sheet import column_name
from tests.io.formats.examine import Outcome, read_bytes
from tests.io.formats.samples import samples
from tests.io.formats.test_every_format import names_of

BY_NAME = {form.name: form for form in FORMATS}
PLACES = ("record_no", "byte_start", "byte_end")
Cells = Callable[[Sequence[str], bool], Sequence[str]]  # of cells, and whether they are names


def is_text(raw: bytes) -> bool:
    """Return whether a sample is text."""
    return b"\x00" not in raw and not raw.startswith((b"PK", b"PAR1", b"ARROW1"))


TEXTS = [name for name in sorted(BY_NAME) if is_text(samples()[name].raw) and name != "query"]


def decoded(raw: bytes) -> str:
    """Return a sample's text."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def rows(name: str, raw: bytes, folder: Path) -> tuple[str, list[str], pl.DataFrame]:
    """Return the verdict, the rejects and the rows of a file, without their places."""
    outcome: Outcome = read_bytes(BY_NAME[name], raw, folder, samples()[name].options)
    reasons = [reason for reject in outcome.rejects for reason in reject.reasons]
    return outcome.verdict, reasons, outcome.frame.drop(PLACES, strict=False)


def assert_same(name: str, ways: dict[str, bytes], folder: Path) -> None:
    """Assert that each way of writing is recognised as the sample is, and has its rows."""
    raw = samples()[name].raw
    formats, wanted = names_of(raw, folder), rows(name, raw, folder)
    for way, other in ways.items():
        if other == raw:
            continue
        assert names_of(other, folder) == formats, way
        found = rows(name, other, folder)
        assert found[:2] == wanted[:2], way
        assert found[2].equals(wanted[2]), way


@pytest.mark.parametrize("name", TEXTS)
def test_line_ends_and_blank_lines(name: str, tmp_path: Path) -> None:
    """CRLF or LF, a last line without its end, blank lines before and behind."""
    raw = samples()[name].raw
    even = raw.replace(b"\r\n", b"\n")
    plain = raw.rstrip(b"\r\n")
    ways = {
        "CRLF": even.replace(b"\n", b"\r\n"),
        "LF": even,
        "no last end": plain,
        "blank lines behind": plain + b"\n\n\r\n \t\n",
    }
    if name != "fixed_width":
        ways["blank lines before"] = b"\r\n\n" + raw
    assert_same(name, ways, tmp_path)


@pytest.mark.parametrize("name", TEXTS)
def test_encodings(name: str, tmp_path: Path) -> None:
    """UTF-8 with and without its mark; GB18030 where the format is a Chinese one."""
    if samples()[name].options.encoding:
        pytest.skip("declared")
    text = decoded(samples()[name].raw)
    marked = codecs.BOM_UTF8 + text.encode()
    ways = {"UTF-8": text.encode(), "UTF-8 with a mark": marked}
    if any("\u4e00" <= sign <= "\u9fff" for sign in text) and name != "delimited":
        ways["GB18030"] = text.encode("gb18030")
    assert_same(name, ways, tmp_path)


@pytest.mark.parametrize("name", TEXTS)
def test_a_declared_encoding_is_one_that_we_know(name: str, tmp_path: Path) -> None:
    """A misspelt encoding is an error with a fix, whoever reads it; Ingenico states its own."""
    sample = samples()[name]
    misspelt = replace(sample.options, encoding="utf8000")
    outcome = read_bytes(BY_NAME[name], sample.raw, tmp_path, misspelt)
    if name.startswith("ingenico"):
        assert outcome.whole
    else:
        assert outcome.refusal is not None
        assert "found 'utf8000'" in outcome.refusal.problem


def test_utf_16_is_utf_8_by_the_time_it_is_read() -> None:
    """A source may declare what the sender writes: the file is unpacked before it is read."""
    assert {encoding_named(name, "") for name in ("utf-16", "UTF-16LE", "utf_16_be")} == {"utf-8"}
    assert encoding_named("windows-1250", "") == "cp1250"


def table(name: str) -> tuple[str, int, str] | None:
    """Return text, header line and mark of a sample whose rows need no quotes and have its mark."""
    text = decoded(samples()[name].raw).replace("\r\n", "\n")
    names = {column_name(cell) for cell in BY_NAME[name].header}
    for at, line in enumerate(text.split("\n")):
        for mark in MARKS:
            if names and names <= {column_name(cell) for cell in line.split(mark)}:
                has_one_mark = mark in "".join(text.split("\n")[at + 1 :])
                return (text, at, mark) if has_one_mark and '"' not in text else None
    return None


TABLES = [
    name
    for name in TEXTS
    if table(name) and not name.startswith(("wechat", "alipay_trade", "personal_wechat"))
]


def rewritten(name: str, cells: Cells) -> bytes:
    """Return the sample with its header and its filled rows written otherwise."""
    found = table(name)
    assert found is not None
    text, at, mark = found
    lines = text.split("\n")
    width = len(lines[at].split(mark))
    for number, line in enumerate(lines):
        is_row = number >= at and len(line.split(mark)) == width and line.strip(mark)
        if is_row and "总笔数" not in line:
            lines[number] = mark.join(cells(line.split(mark), number == at))
    return "\n".join(lines).encode()


def test_many_formats_are_tried() -> None:
    """The list is not empty by accident."""
    assert len(TABLES) > 25


@pytest.mark.parametrize("name", TABLES)
def test_marks_quotes_and_guards(name: str, tmp_path: Path) -> None:
    """Saved from a spreadsheet: another mark, quotes, `="..."` or `'` before long numbers."""

    def guarded(pattern: str) -> Cells:
        return lambda cells, is_head: [
            pattern.format(cell) if cell.isdigit() and len(cell) > 8 and not is_head else cell
            for cell in cells
        ]

    text, at, mark = table(name) or ("", 0, "")
    ways = {
        "quotes": rewritten(name, lambda cells, _: [f'"{cell}"' for cell in cells]),
        "quoted names": rewritten(name, lambda c, is_head: [f'"{x}"' for x in c] if is_head else c),
        "formulas": rewritten(name, guarded('="{}"')),
        "apostrophes": rewritten(name, guarded("'{}")),
    }
    lines = text.split("\n")
    titles, rest = "\n".join([*lines[:at], ""]), "\n".join(lines[at:])
    for other in MARKS:
        if other not in rest:
            ways[f"mark {other!r}"] = (titles + rest.replace(mark, other)).encode()
    assert_same(name, ways, tmp_path)
