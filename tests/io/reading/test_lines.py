"""Blocks of lines: what is UTF-8 and what is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.io.reading.lines import decode_lines


@given(st.one_of(st.binary(max_size=40), st.text(max_size=20).map(str.encode)))
def test_utf8_is_what_python_decodes(raw: bytes) -> None:
    """A block passes as it stands exactly when Python decodes it strictly."""
    data, bad = decode_lines(np.frombuffer(raw, np.uint8), "utf-8")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        assert bad
    else:
        assert (data.tobytes(), bad) == (raw, {})


@pytest.mark.parametrize(
    "raw", [b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe4\xb8", b"\x80", b"\xff"]
)
def test_what_only_looks_like_utf8_is_named(raw: bytes) -> None:
    """Surrogates, overlong forms, code points beyond the last and cut characters are refused."""
    _, bad = decode_lines(np.frombuffer(b"good\n" + raw + b"\n", np.uint8), "utf-8")
    assert list(bad) == [1]
    assert "are not utf-8" in bad[1]
