"""Text whose bytes were found before is found again, and changed text never is."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from recon.core.texts.text import text_buffers
from recon.io.loading.repeated import SHARED_ROWS, repeated
from recon.io.reading.known_text import KnownText

WORDS = ["a", "a longer word than twelve bytes", None, "", "中文"] * 3


def told(buffers):
    """Return the texts that lie in buffers, null ones as None."""
    return [
        buffers.text(row) if valid else None for row, valid in enumerate(buffers.valid.tolist())
    ]


def test_untouched_text_is_where_it_was() -> None:
    """The reader's own bytes are given back for a column that nobody has touched."""
    array = pa.array([word or "x" for word in WORDS], pa.string())
    series, buffers = pl.Series(array).cast(pl.String), text_buffers(array)
    texts = KnownText()
    texts.remember(series, buffers)
    assert texts.buffers(pl.DataFrame({"name": series})["name"]) is buffers
    assert told(buffers) == array.to_pylist()


@pytest.mark.parametrize(
    "change",
    [
        lambda series: series.filter(pl.Series([True, False, True] * 5)),
        lambda series: series.set(series == "a", None),
        lambda series: series.set(series == "a", "b"),
        lambda series: series.head(4),
        lambda series: series.tail(4),
        lambda series: series.reverse(),
        lambda series: pl.select(pl.when(series != "").then(series)).to_series(),
        lambda series: pl.concat([series, series]),
    ],
)
def test_changed_text_is_found_anew(change) -> None:
    """Any change of rows, values or nulls is seen, also while the old column still lives."""
    array = pa.array(WORDS, pa.string())
    series = pl.Series(array).cast(pl.String)
    texts = KnownText()
    texts.remember(series, text_buffers(array))
    changed = change(series)
    assert told(texts.buffers(changed)) == changed.to_list()
    assert told(texts.buffers(series)) == WORDS


@pytest.mark.parametrize("rows", [0, 1, 5, SHARED_ROWS, SHARED_ROWS + 1])
@pytest.mark.parametrize("text", [None, "CNY"])
def test_repeated_text(text: str | None, rows: int) -> None:
    """One value on every row, however many rows."""
    found = repeated(text, pl.String(), rows)
    assert (len(found), found.null_count()) == (rows, rows if text is None else 0)
    assert set(found.to_list()) <= {text}
