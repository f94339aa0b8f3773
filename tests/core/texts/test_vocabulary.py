"""Places of words: whatever a column's shape in memory, each text finds its word and no other."""

import numpy as np
import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from recon.core.texts.vocabulary import Vocabulary

# long ones share twelve bytes and more; a length, an ending or one byte tells them apart
ENDINGS = ("", "0", "1", "00", "一", "\0", "898310054113001", "898310054113002")
TEXTS = st.one_of(
    st.sampled_from([stem + end for stem in ("", "T", "terminal-000") for end in ENDINGS]),
    st.text(max_size=20),
)


def places(words, column):
    """Return the key of each row, in slices, after a column of one word."""
    vocabulary = Vocabulary(words)
    rows = vocabulary.prepared(column)
    key = np.ones(len(column), np.int64)
    for begin in range(0, len(column), 3):
        vocabulary.append_to(key[begin : begin + 3], rows[begin : begin + 3])
    return (key - vocabulary.places).tolist()


def expected(words, texts):
    """Return the same by looking up each text in a dictionary."""
    place = {word: number for number, word in enumerate(words, start=1)}
    return [place.get(text, 0) for text in texts]


@given(
    words=st.lists(TEXTS, unique=True, max_size=40),
    texts=st.lists(st.none() | TEXTS, max_size=20),
    more=st.lists(st.none() | TEXTS, max_size=20),
)
@example(words=["T", "terminal-0001", "terminal-0000"], texts=["terminal-0000"], more=[None, "T"])
def test_each_text_finds_its_word(words, texts, more):
    """Nulls and other texts have place 0; pieces of a column and cuts of it change nothing."""
    whole = pl.concat([pl.Series(part, dtype=pl.String) for part in (texts, more)], rechunk=False)
    assert places(words, whole) == expected(words, texts + more)
    cut = whole[1:]
    assert places(words, cut) == expected(words, cut.to_list())


@given(
    words=st.lists(TEXTS, unique=True, max_size=10),
    texts=st.lists(st.none() | TEXTS, max_size=20),
)
def test_an_enumeration_finds_the_same_words(words, texts):
    """A column whose words are numbered gives what its texts give."""
    known = pl.Enum(sorted({text for text in texts if text is not None}))
    assert places(words, pl.Series(texts, dtype=known)) == expected(words, texts)


def test_columns_make_one_number():
    """Keys over several columns tell every combination apart."""
    first, second = Vocabulary(["a", "b"]), Vocabulary(["x", "y", "z"])
    frame = pl.DataFrame({"one": ["a", "b", "c"]}).join(
        pl.DataFrame({"two": ["x", "y", "z", None]}), how="cross"
    )
    key = np.zeros(frame.height, np.int64)
    first.append_to(key, first.prepared(frame["one"]))
    second.append_to(key, second.prepared(frame["two"]))
    assert sorted(key.tolist()) == list(range(first.places * second.places))
