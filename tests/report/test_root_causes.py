"""Root causes: the exact test, the control of false discoveries, and one planted fault."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.commands.packing import read_pack
from recon.report.root_causes import discoveries, root_causes, tail
from recon.store.workspace import Workspace
from tests.report.shop_week import reconcile_week, with_tables


def exact_tail(k, n, breaks, rows):
    """Return the hypergeometric tail as a fraction, by counting."""
    ways = sum(
        comb(breaks, i) * comb(rows - breaks, n - i)
        for i in range(k, min(n, breaks) + 1)
        if n - i <= rows - breaks
    )
    return Fraction(ways, comb(rows, n))


@given(st.data())
def test_tail_is_the_exact_count(data):
    """The probability equals the count of all draws, to twelve digits."""
    rows = data.draw(st.integers(1, 60))
    breaks, there = (data.draw(st.integers(0, rows)) for _ in range(2))
    k = data.draw(st.integers(0, rows))
    wanted = exact_tail(k, there, breaks, rows)
    assert tail(k, there, breaks, rows) == pytest.approx(float(wanted), rel=1e-11, abs=1e-300)


def test_tail_of_a_large_night_is_quick_and_tiny():
    """A million rows, three thousand breaks, all on one terminal: no overflow, no zero division."""
    probability = tail(3000, 3100, 3000, 1_000_000)
    assert 0 <= probability < 1e-300


def test_false_discoveries_are_controlled():
    """Benjamini-Hochberg, worked by hand: of these five, two are accepted at 5 %."""
    assert discoveries([0.001, 0.008, 0.039, 0.041, 0.6], 5, 0.05) == 0.008
    assert discoveries([0.001], 1000, 0.01) < 0


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Return a night on which terminal T013 charges thirty fen too little, every time."""
    root = tmp_path_factory.mktemp("broken")
    space = Workspace(reconcile_week(root, nights=1, orders=400, broken_terminal="T013"))
    return read_pack(space, space.resolve(None), "en")


def test_one_broken_terminal_is_one_cause(broken):
    """Twenty mismatches of one terminal are one cause, with its affected list, and nothing else."""
    causes = [cause for cause in root_causes(broken) if cause.code == "AMOUNT_MISMATCH"]
    (cause,) = causes
    assert (cause.attribute, cause.value) == ("terminal_id", "T013")
    assert cause.breaks_there == 20
    assert cause.rows_there == 20
    listed = broken.tables["breaks"].filter(pl.col("break_id").is_in(list(cause.break_ids)))
    assert listed.height == 20


def test_an_even_spread_is_no_cause(broken):
    """With every break's code shuffled away nothing is beyond chance."""
    calm = {**broken.tables, "breaks": broken.tables["breaks"].head(2)}
    assert root_causes(with_tables(broken, calm)) == []


def test_a_cause_that_comes_back_says_on_how_many_nights(tmp_path):
    """A terminal that is broken for three nights is one cause, seen on three nights."""
    root = reconcile_week(tmp_path, nights=3, orders=200, broken_terminal="T013")
    space = Workspace(root)
    pack = read_pack(space, space.resolve(None), "en")
    (cause,) = [item for item in root_causes(pack) if item.code == "AMOUNT_MISMATCH"]
    assert (cause.value, cause.nights) == ("T013", 3)
