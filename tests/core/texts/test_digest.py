from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.codes import Kind
from recon.core.kernels import digest as kernel
from recon.core.schema import words
from recon.core.texts import digest as digesting
from recon.core.texts.digest import Occurrences, digest, digest_rows, fingerprints
from tests.oracle import digest as oracle

MIDNIGHT = datetime(2026, 3, 4)  # noqa: DTZ001 - the table holds UTC without a zone
VALUE = st.none() | st.text(max_size=20)
ROWS = st.integers(1, 3).flatmap(lambda width: st.lists(st.tuples(*[VALUE] * width), max_size=8))


def columns_of(rows, kind=pa.string):
    """Return rows as Arrow columns."""
    return [pa.array(column, kind()) for column in zip(*rows, strict=True)]


@settings(max_examples=300, deadline=None)
@given(ROWS.filter(bool))
def test_digest_equals_oracle(rows):
    """The digest of any composite key is what the plain-integer oracle says."""
    expected = [oracle.digest_key(row) for row in rows]
    for kind in (pa.string, pa.large_string):
        assert [tuple(row) for row in digest(columns_of(rows, kind)).tolist()] == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=30, unique=True))
def test_different_keys_have_different_digests(rows):
    """Moving a character between columns, or a NUL to an end, gives another digest."""
    if rows:
        found = {tuple(row) for row in digest(columns_of(rows)).tolist()}
        assert len(found) == len(rows)


def test_separators_nulls_and_empties():
    """("ab", "c") is not ("a", "bc"), null is (0, 0), and empty text is neither null nor equal."""
    left = pa.array(["ab", "a", "", None, "x", "a\x00"])
    right = pa.array(["c", "bc", "", "y", None, ""])
    found = [tuple(row) for row in digest([left, right]).tolist()]
    assert found[3] == found[4] == (0, 0)
    assert len(set(found)) == 5


def test_slices_and_chunks_have_the_digests_of_their_rows():
    """Where a row lies in memory does not change its digest."""
    texts = [f"{'x' * (number % 23)}{number}" for number in range(100)]
    whole = digest([pa.array(texts)])
    assert (digest([pa.array(["a", "b", *texts])[2:]]) == whole).all()
    chunked = pa.chunked_array([pa.array(texts[:33]), pa.array(texts[33:])])
    assert (digest([chunked]) == whole).all()
    assert (digest([pl.Series(texts)]) == whole).all()
    assert (
        np.vstack([digest([pa.array(texts[:50])]), digest([pa.array(texts[50:])])]) == whole
    ).all()


def test_slices_and_threads_change_no_digest(monkeypatch):
    """Rows are digested in slices, by several threads: each row's digest stays its own."""
    texts = [None if number % 7 == 3 else f"order {number}" for number in range(50)]
    whole = digest([pl.Series(texts), pa.array(texts)])
    monkeypatch.setattr(digesting, "SLICE_ROWS", 8)
    assert (digest([pl.Series(texts), pa.array(texts)], threads=3) == whole).all()
    assert digest([pa.array([], pa.string())]).shape == (0, 2)


def test_each_lane_is_well_spread():
    """Close keys differ in half of the bits of each lane, and truncated lanes do not crowd."""
    found = digest([pa.array([f"20260304{number:020d}" for number in range(20_000)])])
    for lane in (0, 1):
        flipped = np.bitwise_count(found[1:, lane] ^ found[:-1, lane])
        assert 30 < flipped.mean() < 34
        for shift in (0, 24, 48):
            part = (found[:, lane] >> np.uint64(shift)) & np.uint64(0xFFFF)
            assert 17_000 * 0.99 < len(np.unique(part)) < 17_400


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=12))
def test_interpreted_kernel_is_the_same(values):
    """Counting gives the same compiled and interpreted (absorbing needs the compiled load)."""
    rows = np.array([[value, 1 << 63] for value in values], np.uint64).reshape(-1, 2)
    results = []
    for function in (kernel.count_occurrences, kernel.count_occurrences.py_func):
        out = np.zeros(len(rows), np.uint32)
        function(rows, 0, np.zeros(32, np.int32), out)
        results.append(out.tolist())
    assert results[0] == results[1]


def test_short_buffers_are_not_read_past_their_end():
    """Text at the very end of a buffer, shorter than a word, is absorbed byte by byte."""
    raw = np.frombuffer(b"abcde", np.uint8)
    for end in range(6):
        lanes, again = np.zeros((1, 2), np.uint64), np.zeros((1, 2), np.uint64)
        rows = np.zeros(1, np.int64), np.array([end]), np.ones(1, np.uint8)
        kernel.absorb_text(raw[:end], *rows, 1, lanes)
        wide = np.concatenate([raw[:end], np.full(16, 7, np.uint8)])
        kernel.absorb_text(wide, *rows, 1, again)
        assert lanes.tolist() == again.tolist()


def frame():
    """Return a small frame of every kind of column."""
    return pl.DataFrame(
        {
            "order_id": ["a", None, "a", ""],
            "memo": [None, "a", None, None],
            "kind": pl.Series(["PAYMENT", "REFUND", "PAYMENT", None], dtype=words(Kind)),
            "amount_minor": [5, -5, 5, None],
            "value_date": [date(2026, 3, 4), None, date(2026, 3, 4), None],
            "occurred_at": [MIDNIGHT, None, MIDNIGHT, None],
        }
    )


def test_rows_of_mixed_columns():
    """Equal rows have equal digests, null is not empty, and a value is tied to its column."""
    tags = {name: tag + 1 for tag, name in enumerate(frame().columns)}
    found = [tuple(row) for row in digest_rows(frame(), tags).tolist()]
    assert found[0] == found[2]
    assert len(set(found)) == 3
    expected = oracle.digest_parts([(1, b""), (2, None)])
    assert found[3] == expected
    payment = oracle.digest_parts(
        [
            (1, b"a"),
            (3, int(Kind.PAYMENT)),
            (4, 5),
            (5, (date(2026, 3, 4) - date(1970, 1, 1)).days),
            (6, (date(2026, 3, 4) - date(1970, 1, 1)) // timedelta(microseconds=1)),
        ]
    )
    assert found[0] == payment


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 6), max_size=40), max_size=6))
def test_occurrences_count_equal_rows_across_batches(batches):
    """The n-th equal row of a file has n - 1 before it, wherever batches are cut."""
    counter, seen = Occurrences(), []
    for batch in batches:
        found = counter.add(digest([pa.array([str(value) for value in batch], pa.string())]))
        assert found.tolist() == [
            (seen + batch[:place]).count(value) for place, value in enumerate(batch)
        ]
        seen += batch


def test_occurrences_tell_rows_apart_that_share_64_bits():
    """Two rows whose digests share either half are not equal rows."""
    half = np.arange(5000, dtype=np.uint64)
    same = np.full(5000, 9, np.uint64)
    assert not Occurrences().add(np.column_stack([half, same])).any()
    assert not Occurrences().add(np.column_stack([same, half])).any()


def test_fingerprints_are_positive_and_differ_by_occurrence_and_source():
    """A fingerprint is a positive 63-bit number of source, content and occurrence."""
    rows = digest([pa.array(["a", "a", "b"])])
    numbers = np.array([0, 1, 0], np.uint32)
    here, there = fingerprints("shop", rows, numbers), fingerprints("bank", rows, numbers)
    assert (here >= 0).all()
    assert len({*here.tolist(), *there.tolist()}) == 6


@pytest.mark.parametrize("rows", [0, 1])
def test_no_rows(rows):
    """An empty column has no digests and one row has one."""
    assert digest([pa.array(["a"] * rows, pa.string())]).shape == (rows, 2)
