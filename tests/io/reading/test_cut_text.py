"""Columns of spans: chosen, found filled and told apart without a copy of their bytes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recon.io.reading.cut_text import CutText, Spans

CELL = st.sampled_from(["", "0", "00", "1", "é", "SUCCESS", "REFUND"])


def cut(columns):
    """Return columns of text as spans of one block."""
    cells = [cell.encode() for column in columns.values() for cell in column]
    ends = np.cumsum([0, *map(len, cells)])
    rows = len(next(iter(columns.values())))
    spans = {
        name: Spans(ends[at : at + rows], ends[at + 1 : at + rows + 1])
        for at, name in zip(range(0, len(cells) + 1, max(rows, 1)), columns, strict=False)
    }
    return CutText(np.frombuffer(b"".join(cells), np.uint8), rows, spans)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_spans_say_what_their_text_says(rows):
    """Choosing, looking for words and for filled cells is what it is on the text itself."""
    one, two = map(list, zip(*rows, strict=True))
    text = cut({"one": one, "two": two})
    paid, other = text.says("one", "SUCCESS", "nobody says this")
    assert paid.tolist() == [cell == "SUCCESS" for cell in one]
    assert not other.any()
    assert text.is_filled(text.spans["two"]).tolist() == [cell not in {"", "0"} for cell in two]
    made = text.with_spans(
        {"both": text.spans["two"].where(paid, text.spans["one"]), "none": text.empty()}
    )
    assert made["both"].to_pylist() == [b if a == "SUCCESS" else a for a, b in rows]
    assert made["none"].to_pylist() == [""] * len(rows)
    assert list(made) == ["one", "two", "both", "none"]
