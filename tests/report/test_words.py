"""Every member of the vocabulary has a word in both languages; no document shows its own name."""

from __future__ import annotations

from enum import IntEnum

import pytest

from recon.core import codes
from recon.report.words import LABELS, with_words

VOCABULARIES: dict[str, type[IntEnum]] = {
    "side": codes.Side,
    "kind": codes.Kind,
    "state": codes.State,
    "outcome": codes.Outcome,
    "match_kind": codes.MatchKind,
    "status": codes.DisputeStatus,
    "severity": codes.Severity,
    "out_of_pocket": codes.OutOfPocket,
    "input_state": codes.InputState,
    "decision": codes.Decision,
}


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_member_has_words(name: str) -> None:
    """A word each in English and in Chinese, and none for what does not exist."""
    assert set(LABELS[name]) == {member.name for member in VOCABULARIES[name]}
    assert all(english and chinese for english, chinese in LABELS[name].values())


def test_columns_in_an_english_text_are_words() -> None:
    """Names of our columns are replaced, anything else stays."""
    gate = "key differs (order_id or terminal_id+due_date); amount off by -1.00 CNY"
    assert with_words(gate) == "key differs (order or terminal+due); amount off by -1.00 CNY"
    assert with_words("no_such_column 5 min apart") == "no_such_column 5 min apart"
