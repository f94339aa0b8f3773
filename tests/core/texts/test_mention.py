"""References found in lines that could not be read."""

from __future__ import annotations

import pytest

from recon.core.texts.mention import Mentions, tokens


@pytest.mark.parametrize(
    ("text", "reference", "named"),
    [
        ("A1,100.00,x", "A1", True),
        ("`A1`\t`x`", "A1", True),
        ("A10,100.00", "A1", False),
        ("XA1,100.00", "A1", False),
        ("A1-2,100.00", "A1", False),
        ("A9,100.00", "100", False),
        ("A9,2026-11-09", "2026", False),
        ("A9,100,x", "100", True),
        ("20261109000017|x", "20261109000017", True),
        ("120261109000017|x", "20261109000017", False),
        ("PAY/ORD-7781/x", "ORD-7781", True),
        ("订单ORD7781已付", "ORD7781", True),
        ("ＯＲＤ７７８１", "ORD7781", True),
        ("622202******1234,x", "6222021234561234", True),
        ("A1", "", False),
        ("A1", "--", False),
    ],
)
def test_a_reference_is_named_as_a_whole(text: str, reference: str, named: bool) -> None:  # noqa: FBT001 - a table
    """A part of a longer word, of an amount or of a date is no reference."""
    assert Mentions.of(["other", text]).naming(reference) == ([1] if named else [])


def test_what_may_be_a_reference() -> None:
    """Cells, and words long enough to be no part of an amount or a date."""
    assert tokens("A-1,100.00,ORD-7781234") == ["A-1", "100.00", "ORD-7781234", "7781234"]
