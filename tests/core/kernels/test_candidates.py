from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import band, candidates, window
from recon.core.kernels.trim import may_be_rounded, needs_trim
from recon.core.texts.text import text_buffers
from tests.oracle import kernels as oracle

DATED = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=9).map(sorted)
RANGES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=8)
PARTNERS = st.lists(st.sampled_from([-1, -1, 3]), min_size=9, max_size=9)


def twins(kernel):
    """Return a kernel compiled and interpreted."""
    return kernel, kernel.py_func


def columns(rows, width):
    """Return the columns of tuples as arrays."""
    return [np.array([line[k] for line in rows], np.int64) for k in range(width)]


@given(DATED, DATED, st.integers(-2, 1), st.integers(0, 3))
@settings(max_examples=120, deadline=None)
def test_window_ranges_are_those_of_the_naive_twin(rows, others, earliest, latest):
    """Every row's candidates are exactly those of its group inside its window, as one run."""
    expected = oracle.window_range(rows, others, earliest, latest)
    sides = *columns(rows, 2), *columns(others, 2)
    group, day, other_group, other_day = sides
    for kernel in twins(candidates.window_range):
        begin, end = np.zeros((2, len(rows)), np.int64)
        kernel(*sides, earliest, latest, begin, end)
        assert [list(range(a, b)) for a, b in zip(begin, end, strict=True)] == expected
    for kernel in twins(window.ranges_between):
        begin, end = np.zeros((2, len(rows)), np.int64)
        kernel(group, day + earliest, day + latest, other_group, other_day, begin, end)
        assert [list(range(a, b)) for a, b in zip(begin, end, strict=True)] == expected


@given(DATED, DATED, st.integers(-2, 1), st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_only_mutual_only_candidates_stand_alone(rows, others, earliest, latest):
    """A row has a partner if it has one candidate and is that candidate's only one."""
    one = oracle.window_range(rows, others, earliest, latest)
    two = oracle.window_range(others, rows, -latest, -earliest)
    expected = [c[0] if len(c) == 1 and len(two[c[0]]) == 1 else -1 for c in one]
    bounds = [np.zeros((2, len(side)), np.int64) for side in (rows, others)]
    sides = columns(rows, 2), columns(others, 2)
    candidates.window_range(*sides[0], *sides[1], earliest, latest, *bounds[0])
    candidates.window_range(*sides[1], *sides[0], -latest, -earliest, *bounds[1])
    for kernel in twins(candidates.mark_alone):
        partner = np.zeros(len(rows), np.int64)
        kernel(*bounds[0], *bounds[1], partner)
        assert partner.tolist() == expected


@given(RANGES, PARTNERS, PARTNERS, st.integers(1, 3))
@settings(max_examples=120, deadline=None)
def test_open_candidates_are_listed(ranges, partners, others, limit):
    """Rows without a partner are listed with their first candidates that have none either."""
    begin = np.array([a for a, _ in ranges], np.int64)
    end = begin + np.array([n for _, n in ranges], np.int64)
    partner, other = np.array(partners[: len(ranges)], np.int64), np.array(others, np.int64)
    expected = []
    for i, (a, n) in enumerate(ranges):
        free = [j for j in range(a, a + n) if others[j] < 0] if partners[i] < 0 else []
        expected += [[i, j] for j in free[:limit]]
    for skipping, listing in zip(
        twins(candidates.next_unlinked), twins(candidates.list_ties), strict=True
    ):
        skip = np.zeros(other.size + 1, np.int64)
        skipping(other, skip)
        assert listing(begin, end, partner, skip, limit, np.zeros((0, 2), np.int64)) == len(
            expected
        )
        lines = np.zeros((len(expected), 2), np.int64)
        listing(begin, end, partner, skip, limit, lines)
        assert lines.tolist() == expected


@given(RANGES, PARTNERS)
@settings(max_examples=120, deadline=None)
def test_a_cover_is_an_open_row_whose_range_holds_the_place(ranges, partners):
    """A place has a cover exactly when a row without a partner could take it."""
    begin = np.array([a for a, _ in ranges], np.int64)
    end = begin + np.array([n for _, n in ranges], np.int64)
    partner = np.array(partners[: len(ranges)], np.int64)
    order = np.argsort(begin, kind="stable")
    for kernel in twins(candidates.any_cover):
        cover = np.full(10, -1, np.int64)
        kernel(order, begin, end, partner, cover)
        for place, row in enumerate(cover.tolist()):
            fits = [i for i in range(len(ranges)) if partner[i] < 0 and begin[i] <= place < end[i]]
            assert row in fits or (row == -1 and not fits)


BAND_ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 9)), max_size=10
).map(sorted)


@given(BAND_ROWS, BAND_ROWS, st.integers(0, 2), st.integers(-1, 0), st.integers(0, 2))
@settings(max_examples=120, deadline=None)
def test_band_join_lists_every_admissible_pair(lefts, rights, slack, earliest, latest):
    """Pairs of one group, in band and window, are found bucket by bucket: all of them, once."""
    expected = {
        (i, j)
        for i, (group, day, amount) in enumerate(lefts)
        for j, (other, late, paid) in enumerate(rights)
        if group == other and earliest <= late - day <= latest and abs(paid - amount) <= slack
    }
    one, two = columns(lefts, 3), columns(rights, 3)
    for cutting, walking, pricing in zip(
        twins(band.cut_buckets), twins(band.walk_bands), twins(band.price_edges), strict=True
    ):
        cut = []
        for side in (one, two):
            bucket = np.zeros((side[0].size, 2), np.int64)
            start = np.zeros(side[0].size + 1, np.int64)
            n = cutting(side[0], side[1], bucket, start)
            cut += [bucket[:n], start[: n + 1]]
        low, high = one[2] - slack, one[2] + slack
        given_arrays = (cut[0], cut[1], low, high, cut[2], cut[3], two[2], earliest, latest)
        cursor = np.zeros(len(lefts), np.int64)
        walking(0, cut[0].shape[0], *given_arrays, cursor, np.zeros(0, np.int32))
        begin = np.concatenate(([0], np.cumsum(cursor)))
        out = np.zeros(int(begin[-1]), np.int32)
        cursor = begin[:-1].copy()
        walking(0, cut[0].shape[0], *given_arrays, cursor, out)
        row = np.repeat(np.arange(len(lefts)), np.diff(begin))
        assert sorted(zip(row.tolist(), out.tolist(), strict=True)) == sorted(expected)
        difference, lag = np.zeros((2, out.size), np.int64)
        pricing(begin, out, one[2], one[1], two[2], two[1], difference, lag)
        assert difference.tolist() == np.abs(two[2][out] - one[2][row]).tolist()
        assert lag.tolist() == np.abs(two[1][out] - one[1][row]).tolist()


@given(
    st.lists(st.none() | st.text(alphabet="ab\t` -", max_size=4), max_size=6), st.integers(-1, 3)
)
@settings(max_examples=120, deadline=None)
def test_text_that_needs_cleaning_is_noticed(texts, longest_null):
    """Some text is no longer than what stands for null, or begins or ends with an end to strip."""
    expected = any(
        text is not None and (len(text) <= longest_null or text != text.strip(" \t`"))
        for text in texts
    )
    part = text_buffers(pl.Series(texts, dtype=pl.String))
    for kernel in twins(needs_trim):
        assert kernel(part.data, part.starts, part.ends, part.valid, longest_null) == expected


def test_a_number_that_a_spreadsheet_shows_gets_a_closer_look():
    """`4.2E+27` ends in a plus and two digits, whatever stands behind it to strip."""
    for texts, expected in (
        (["4200000001", "A+B1", "+27", "", None], False),
        (["A1", "4.2E+27"], True),
        (["1E+100"], True),
        (["4.2E+27 \t"], True),
    ):
        part = text_buffers(pl.Series(texts, dtype=pl.String))
        for kernel in twins(may_be_rounded):
            assert kernel(part.data, part.starts, part.ends, part.valid) == expected
