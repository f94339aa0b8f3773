"""What becomes of a file that was read to its end."""

from __future__ import annotations

import pytest

from recon.core.codes import InputState
from recon.io.formats import format_named
from recon.io.loading.verdict import REJECTS_ALLOWED, verdict
from recon.io.reading.contract import ControlTotal, Options, Reject

DELIMITED = format_named("delimited")


def refused(count: int) -> list[Reject]:
    """Return so many refused rows, the later ones first."""
    return [Reject(n, 0, 1, "x", (f"reason {n}",)) for n in range(count + 1, 1, -1)]


@pytest.mark.parametrize(
    ("reason", "held"),
    [
        ("expected 3 fields, found 2", True),
        ("expected 3 fields, found 4", False),
        ("expected a line of at least 31 bytes, found 20", True),
        ("expected a line of 607 bytes, found 20", True),
        ("not a row of JSON: Unterminated string starting at: line 1", True),
        ("not a row of JSON: key 'id' stands twice", False),
        ("a quote is opened and not closed", True),
        ("text follows a closing quote", False),
        ("expected a row, a title or a total of the report", True),
        ("bytes e5 b8 at column 9 are not utf-8", True),
        ("bytes e5 b8 at column 3 are not utf-8", False),
        ("DE 37 needs 12 characters, the line has 9", True),
        ("amount 'x' is no amount", False),
    ],
)
def test_a_file_that_ends_inside_a_row_is_held(reason: str, *, held: bool) -> None:
    """Only a last row that is too short and has no line end shows that the file was cut."""
    at_end, before = Reject(9, 50, 60, "x", (reason,)), Reject(9, 50, 59, "x", (reason,))
    state, message = verdict(DELIMITED, Options(), 100, [at_end], (), 60)
    assert state == (InputState.HELD if held else InputState.UNVERIFIED)
    assert ("was cut on its way" in message) == held
    assert verdict(DELIMITED, Options(), 100, [before], (), 60)[0] == InputState.UNVERIFIED


@pytest.mark.parametrize(
    ("accepted", "rejected", "held"),
    [
        (100, 0, False),
        (1, REJECTS_ALLOWED, False),
        (100, REJECTS_ALLOWED + 1, True),
        (1_000, 50, False),
        (949, 51, True),
        (950, 50, False),
        (0, 1, True),
        (0, 0, False),
    ],
)
def test_the_default_limit(accepted: int, rejected: int, *, held: bool) -> None:
    """Beyond five refused rows, more than 5 % of a file's rows hold it; all of them always do."""
    state, message = verdict(DELIMITED, Options(), accepted, refused(rejected), (), 0)
    assert state == (InputState.HELD if held else InputState.UNVERIFIED)
    assert bool(message) == held


@pytest.mark.parametrize(
    ("limit", "rejected", "held"),
    [(0, 1, True), (0, 0, False), (10_000, 1, False), (10_000, 2, True), (1_000_000, 99, False)],
)
def test_a_declared_limit_is_exact(limit: int, rejected: int, *, held: bool) -> None:
    """A source's own limit counts every refused row, also the first ones."""
    options = Options(reject_limit_ppm=limit)
    state, _ = verdict(DELIMITED, options, 100 - rejected, refused(rejected), (), 0)
    assert (state == InputState.HELD) == held


def test_the_message_names_expected_found_where_and_fix() -> None:
    """A held file says how many rows were refused, which was the first, and what to do."""
    _, message = verdict(DELIMITED, Options(), 91, refused(9), (), 0)
    assert message.startswith("FILE_SCHEMA: expected at most 5 % of the rows refused, found 9 of")
    assert "100 (9 %); the first (record 2): reason 2" in message
    assert "fix: " in message
    assert "reject_limit_percent" in message


def test_totals_do_not_excuse_refused_rows() -> None:
    """A file whose totals agree is held all the same when too many of its rows were refused."""
    totals = (ControlTotal("rows", 91, 91),)
    state, message = verdict(DELIMITED, Options(), 91, refused(9), totals, 0)
    assert (state, message[:11]) == (InputState.HELD, "FILE_SCHEMA")
    assert verdict(DELIMITED, Options(), 91, (), totals, 0) == (InputState.ACCEPTED, "")


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Date,Total Collected,Fees,Note", True),  # the whole line
        ("Date,Fees,Total Collected,-Fees,fees", True),  # what is read of it, and what is made
        ("2026-07-01,$5.00,Fees,Date", False),
        ("Date", False),
    ],
)
def test_a_header_that_stands_again_holds_the_file(text: str, *, held: bool) -> None:
    """Several files were joined, also where the layout reads only some of the columns."""
    columns = tuple((name, "text") for name in ("Date", "TotalCollected", "Fees", "Note"))
    again = Reject(7, 50, 60, text, ("Fees 'Fees' is no amount",))
    state, message = verdict(DELIMITED, Options(), 100, [again], (), 90, columns)
    assert state == (InputState.HELD if held else InputState.UNVERIFIED)
    assert ("several files were joined" in message) == held
