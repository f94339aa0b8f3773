"""Text from outside, as terminals, logs and spreadsheets get it."""

from __future__ import annotations

import csv
import io
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.core.texts import inert
from recon.store.render import as_csv

TRIGGERS = "=+-@\t\r\n\0＝＋－＠"
HIDDEN = "\0\x07\x1b\x7f\x85\x9b\u200b\u200e\u202a\u202e\u2066\u2069\ufeff"


@given(st.text(alphabet=st.sampled_from(f"{TRIGGERS}{HIDDEN};,\"'| a1")))
def test_no_cell_of_any_text_is_a_formula(text):
    """However a text begins, and wherever Excel cuts it at semicolons, no cell is run."""
    frame = pl.DataFrame({"text": [text, "end"], "amount": [-5, 5]})
    (first, _), *_ = list(csv.reader(io.StringIO(as_csv(frame))))[1:]
    assert not first.startswith(tuple(TRIGGERS))
    assert not any(part.strip().startswith(tuple("=+-@＝＋－＠")) for part in first.split(";")[1:])
    assert not set(HIDDEN) & set(first)


def test_numbers_of_a_csv_stay_numbers():
    """Only text is guarded: an amount below zero is no formula."""
    assert as_csv(pl.DataFrame({"amount": [-5]})) == "amount\n-5\n"


@pytest.mark.parametrize("sign", HIDDEN)
def test_what_cannot_be_seen_is_a_space(sign):
    """Escape sequences and marks of direction would show another text than is there."""
    assert inert.one_line(f"a{sign}b") == inert.lines(f"a{sign}b") == "a b"


def test_lines_and_seen_spaces_stay():
    """Line ends where several lines are printed, and the spaces that people see."""
    assert inert.lines("单号\u3000a\nb\xa0c") == "单号\u3000a\nb\xa0c"
    assert inert.one_line("a\nb") == "a b"
    assert inert.lines_within({"a": ["x\x1b", ("y\n", 5, None)]}) == {"a": ["x ", ["y\n", 5, None]]}


@given(st.text())
def test_json_shows_nothing_hidden_and_loses_nothing(text):
    """A log line or an answer reads back as it was, and is plain to look at."""
    told = inert.json_text({"text": text}, indent=None)
    assert json.loads(told) == {"text": text}
    assert not set(HIDDEN) & set(told)
    assert "\n" not in told
