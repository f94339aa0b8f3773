"""The different words of a column and which row has which."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.core.texts import few_words
from recon.core.texts.text import text_buffers

WORDS = st.lists(st.none() | st.sampled_from(["", "a", "SUCCESS", "SUCCESSFUL", "成功", "成功1"]))


def rows_again(words):
    """Return the words of the rows, put together from what was found."""
    texts, numbers = few_words.different_words(text_buffers(pl.Series(words, dtype=pl.String)))
    assert len(set(texts)) == len(texts)
    assert texts == list(dict.fromkeys(texts[number] for number in numbers))
    return [texts[number] for number in numbers]


@given(st.sampled_from([1, 3, 256]), WORDS)
def test_each_row_keeps_its_word(few, words):
    """Few words or more than are told apart at a glance: no row is given another's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_words, "_FEW", few)
        assert rows_again(words) == [word or "" for word in words]


def test_words_that_differ_behind_their_first_eight_bytes():
    """A prefix, a common head and a common tail are other words."""
    words = ["REFUND_FULL", "REFUND_PART", "REFUND_F", "REFUND_FULL", "XEFUND_FULL"]
    assert rows_again(words) == words
