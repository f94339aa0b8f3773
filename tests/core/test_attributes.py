"""What senders say beyond the columns: the text that keeps it."""

from __future__ import annotations

import json
from datetime import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from recon.core.attributes import as_text, check_names, entry_mode, value
from recon.rules.rule_file.models import Source

TEXTS = st.lists(
    st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=8)), max_size=9
)


@given(TEXTS)
def test_any_text_reads_back_as_it_stood(texts: list[str | None]) -> None:
    """Quotes, backslashes and control characters survive; nothing said is null."""
    frame = pl.DataFrame({"attributes.reason": texts}, schema={"attributes.reason": pl.String})
    found = as_text(frame).to_list()
    assert found == [None if not text else found[at] for at, text in enumerate(texts)]
    assert [json.loads(text)["reason"] for text in found if text] == [
        text for text in texts if text
    ]


def test_names_are_sorted_and_times_are_utc() -> None:
    """One row with two attributes, one with one, one with none."""
    frame = pl.DataFrame(
        {
            "attributes.requested_at": [datetime(2026, 11, 9, 1, 2, 3), None, None],  # noqa: DTZ001
            "attributes.entry_mode": ["tapped", "typed", None],
            "amount_minor": [1, 2, 3],
        }
    )
    text = as_text(frame)
    assert text.to_list() == [
        '{"entry_mode":"tapped","requested_at":"2026-11-09T01:02:03Z"}',
        '{"entry_mode":"typed"}',
        None,
    ]
    modes = text.to_frame().select(value("entry_mode")).to_series()
    assert modes.to_list() == ["tapped", "typed", None]


def test_entry_modes_are_words_and_unknown_ones_stay() -> None:
    """The first two digits say how the card was read."""
    frame = pl.DataFrame({"mode": ["051", "071", "90", "99", None]})
    found = frame.select(entry_mode(pl.col("mode"))).to_series().to_list()
    assert found == ["inserted", "tapped", "swiped", "99", None]


def test_a_name_is_lower_case_letters_digits_and_underscores() -> None:
    """Anything else is refused by the rule file."""
    assert check_names(["device_model", "Device", "a b", "x1"]) == ["Device", "a b"]


def test_attributes_need_declared_columns() -> None:
    """A format with a layout of its own fills what it carries; a declaration would do nothing."""
    source = {"name": "w", "side": "channel", "path": "a", "attributes": {"reason": "why"}}
    assert Source.model_validate({**source, "format": "delimited"}).attributes == {"reason": "why"}
    with pytest.raises(ValidationError, match="fills those that it carries by itself"):
        Source.model_validate({**source, "format": "wechat_trade"})
    with pytest.raises(ValidationError, match="lower-case letters"):
        Source.model_validate({**source, "format": "delimited", "attributes": {"Why": "why"}})
