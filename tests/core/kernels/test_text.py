from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import text
from recon.core.passes.score.texts import Texts, in_byte_order, normalise
from tests.core.kernels.texts import column

WORD = st.text(alphabet="AB01", max_size=9)


def raw(word):
    return np.frombuffer(word.encode(), np.uint8)


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


@given(st.lists(WORD, min_size=1, max_size=4), st.lists(WORD, min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_prefixes_are_counted(lefts, rights):
    """How many right rows share each beginning of a left row is what Python counts."""
    ordered = in_byte_order(Texts(*column(rights)))
    counts = np.empty((len(lefts), 5), np.int64)
    for kernel in (text.count_prefixes, text.count_prefixes.py_func):
        kernel(*column(lefts), ordered.data, ordered.offsets, counts)
        for row, word in zip(counts.tolist(), lefts, strict=True):
            for k in range(min(5, len(word))):
                assert row[k] == sum(other.startswith(word[: k + 1]) for other in rights)
