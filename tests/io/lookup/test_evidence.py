"""The line of a staged file as evidence: the right bytes, no card number."""

from __future__ import annotations

import gzip
import zipfile

import pytest

from recon.io.lookup.evidence import SHOWN_BYTES, read_line

PAN = "6222021234567890018"  # fails the Luhn check, so only the row's own mask tells what it is
LUHN = "4111111111111111"
LINE = "O1,12.50,咖啡"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_the_range_is_cut_to_the_byte(tmp_path, encoding):
    """The line is exactly the bytes of the range, in the encoding that fits."""
    before, data = "表头\n".encode(encoding), LINE.encode(encoding)
    path = tmp_path / "staged"
    path.write_bytes(before + data + b"\nnext")
    assert read_line(path, len(before), len(before) + len(data)).text == LINE


def test_card_numbers_are_cut(tmp_path):
    """A plausible card number is cut, and so is the row's own one whatever its check digit."""
    path = tmp_path / "staged"
    path.write_bytes(f"O1,{PAN},{LUHN}\n".encode())
    line = read_line(path, 0, path.stat().st_size, card="622202******0018").text
    assert line == "O1,622202******0018,411111******1111"


def test_own_references_are_kept(tmp_path):
    """A reference that looks like a card number is shown whole, because it is the key."""
    path = tmp_path / "staged"
    path.write_bytes(f"{LUHN},1.00\n".encode())
    assert read_line(path, 0, 21, own=[LUHN]).text == f"{LUHN},1.00"


def test_gzip_is_read_through(tmp_path):
    """The range of a gzip input is one of its content."""
    path = tmp_path / "staged"
    path.write_bytes(gzip.compress(b"head\nO1,12.50\n"))
    assert read_line(path, 5, 13).text == "O1,12.50"


def test_zip_member_is_known_by_a_reference_of_the_row(tmp_path):
    """Of two members the one that holds the row's reference is shown; without one, none is."""
    path = tmp_path / "staged"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("detail.csv", "O1,12.50\n")
        archive.writestr("summary.csv", "S9,99.99\n")
    assert read_line(path, 0, 8, own=["O1"]).text == "O1,12.50"
    found = read_line(path, 0, 8, own=["O7"])
    assert (found.text, bool(found.note)) == ("", True)


@pytest.mark.parametrize("content", [None, b"PAR1....", b"\x1f\x8b broken"])
def test_what_cannot_be_shown_says_why(tmp_path, content):
    """A missing copy, a format without lines and a damaged one give a note, not an error."""
    path = tmp_path / "staged"
    if content is not None:
        path.write_bytes(content)
    found = read_line(path, 0, 5)
    assert found.text == ""
    assert found.note


def test_a_long_range_is_cut(tmp_path):
    """A record of a megabyte does not flood the terminal."""
    path = tmp_path / "staged"
    path.write_bytes(b"x" * 1_000_000)
    assert len(read_line(path, 0, 1_000_000).text) == SHOWN_BYTES
