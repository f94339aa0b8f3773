"""Text that was an Arrow array before is found again, and changed text never is."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from recon.io.known_text import SHARED_ROWS, KnownText, repeated

WORDS = ["a", "a longer word than twelve bytes", None, "", "中文"] * 3


def test_untouched_text_is_the_same_array() -> None:
    """The reader's own bytes are given back for a column that nobody has touched."""
    array = pa.array([word or "x" for word in WORDS], pa.string())
    series = pl.Series(array).cast(pl.String)
    texts = KnownText()
    texts.remember(series, array)
    found = texts.array(pl.DataFrame({"name": series})["name"])
    assert found.to_pylist() == array.to_pylist()
    assert found.buffers()[2].address == array.buffers()[2].address


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
def test_changed_text_is_converted_anew(change) -> None:
    """Any change of rows, values or nulls is seen, also while the old column still lives."""
    array = pa.array(WORDS, pa.string())
    series = pl.Series(array).cast(pl.String)
    texts = KnownText()
    texts.remember(series, array)
    changed = change(series)
    assert texts.array(changed).to_pylist() == changed.to_list()
    assert texts.array(series).to_pylist() == WORDS


@pytest.mark.parametrize("rows", [0, 1, 5, SHARED_ROWS, SHARED_ROWS + 1])
@pytest.mark.parametrize("text", [None, "CNY"])
def test_repeated_text(text: str | None, rows: int) -> None:
    """One value on every row, however many rows."""
    found = repeated(text, rows)
    assert (len(found), found.null_count) == (rows, rows if text is None else 0)
    assert set(found.to_pylist()) <= {text}
