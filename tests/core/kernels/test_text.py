from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import text
from recon.core.passes.score import Texts, in_byte_order, normalise
from tests.oracle import text as oracle

WORD = st.text(alphabet="AB01", max_size=9)
LONG = st.text(alphabet="AB", min_size=60, max_size=75)


def raw(word):
    return np.frombuffer(word.encode(), np.uint8)


def column(words):
    data = "".join(words).encode()
    offsets = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word.encode()) for word in words], out=offsets[1:])
    return np.frombuffer(data, np.uint8), offsets


def edges(lefts, rights):
    start = np.arange(len(lefts) + 1) * len(rights)
    return start, np.tile(np.arange(len(rights)), len(lefts))


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ('="000123"', "123"),
        ("`10000987", "10000987"),
        ("\ufeffab-12/ 3", "\ufeffAB 12 3"),
        ("ＡＢ１２３　ｘ", "AB123 X"),
        ("００４２", "42"),
        ("  order no: 0007 ", "ORDER NO 7"),
        ("退款 0", "退款 0"),
        ("", ""),
        ("---", ""),
    ],
)
def test_normal_form(given_text, expected):
    """Wrappers, widths, case, separators and leading zeros do not tell references apart."""
    out = normalise(*column([given_text]))
    assert out.data.tobytes().decode() == expected


@given(st.lists(st.text(max_size=12), max_size=6))
@settings(max_examples=150, deadline=None)
def test_normal_form_is_stable_and_row_by_row(words):
    """Normalising twice changes nothing, and a row's form does not depend on its neighbours."""
    out = normalise(*column(words))
    again = normalise(out.data, out.offsets)
    assert again.data.tobytes() == out.data.tobytes()
    for k, word in enumerate(words):
        alone = normalise(*column([word]))
        here = out.data[out.offsets[k] : out.offsets[k + 1]]
        assert here.tobytes() == alone.data.tobytes()


@given(st.lists(WORD, min_size=1, max_size=4), st.lists(WORD | LONG, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_edit_distance_equals_oracle(lefts, rights):
    """The bit-parallel distance is the textbook table's, for every pair of rows."""
    for one, two in ((lefts, rights), (rights, lefts)):
        start, columns = edges(one, two)
        out = np.empty(columns.size, np.int64)
        text.distance_edges(start, columns, *column(one), *column(two), out)
        assert out.tolist() == [oracle.distance(a, b) for a in one for b in two]


@given(st.lists(WORD, min_size=1, max_size=4), st.lists(WORD, min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_prefixes_are_counted(lefts, rights):
    """Common prefixes of pairs, and how many rows share each prefix, are the oracle's."""
    start, columns = edges(lefts, rights)
    out = np.empty(columns.size, np.int64)
    text.prefix_edges(start, columns, *column(lefts), *column(rights), out)
    assert out.tolist() == [oracle.prefix(a, b) for a in lefts for b in rights]
    ordered = in_byte_order(Texts(*column(rights)))
    counts = np.empty((len(lefts), 5), np.int64)
    text.count_prefixes(*column(lefts), ordered.data, ordered.offsets, counts)
    for row, word in zip(counts.tolist(), lefts, strict=True):
        for k in range(min(5, len(word))):
            assert row[k] == sum(other.startswith(word[: k + 1]) for other in rights)


@given(WORD, WORD)
@settings(max_examples=200, deadline=None)
def test_similarities_equal_oracles(one, two):
    """Jaro-Winkler and shared digit runs, compiled, are the oracle's."""
    assert text.jaro_winkler(raw(one), raw(two)) == pytest.approx(oracle.jaro_winkler(one, two))
    assert text.shared_digits(raw(one), raw(two)) == oracle.shared_digits(one, two)


@given(st.lists(WORD.filter(bool), max_size=4), st.lists(WORD.filter(bool), max_size=4))
@settings(max_examples=100, deadline=None)
def test_shared_tokens_equal_oracle(ones, twos):
    """Words of either text and shared words are counted as Python counts them."""
    out = np.empty(3)
    text.shared_tokens(raw(" ".join(ones)), raw(" ".join(twos)), out)
    assert out.tolist() == [len(ones), len(twos), sum(word in twos for word in ones)]
