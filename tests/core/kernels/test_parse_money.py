from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import parse_money as kernel
from recon.core.texts.text import text_buffers
from tests.oracle import money as oracle

SYMBOLS = ("¥", "CNY", "+")
TEXT = st.text(st.sampled_from("0123456789.,- ¥CNY+１²e"), max_size=12)
PLAIN = st.from_regex(r"-?[0-9]{0,4}(,[0-9]{3}){0,3}(\.[0-9]{0,5})?", fullmatch=True)


def solve(function, texts, decimals, zeros, symbols):
    """Return minor units, None where refused, by the kernel or its interpreted twin."""
    part = text_buffers(pa.array(texts, pa.string()))
    out, status = np.empty(len(texts), np.int64), np.empty(len(texts), np.uint8)
    encoded = [symbol.encode() for symbol in symbols]
    function(
        part.data,
        part.starts,
        part.ends,
        part.valid,
        kernel.UNIT_DECIMAL,
        np.array([decimals], np.int8),
        np.array([ord("."), ord(","), zeros], np.uint8),
        0,
        np.frombuffer(b"".join(encoded), np.uint8),
        np.cumsum([len(symbol) for symbol in encoded], dtype=np.int64),
        out,
        status,
    )
    return [
        int(value) if code == kernel.OK else None for value, code in zip(out, status, strict=True)
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(PLAIN | TEXT, max_size=8), st.integers(0, 4), st.integers(0, 2), st.booleans())
def test_kernel_equals_interpreted_equals_oracle(texts, decimals, zeros, marked):
    """The compiled kernel, the same code interpreted and the decimal oracle agree on any text."""
    symbols = SYMBOLS if marked else ()
    expected = [oracle.parse_amount(text, decimals, ".", ",", zeros, symbols) for text in texts]
    assert solve(kernel.parse_money, texts, decimals, zeros, symbols) == expected
    assert solve(kernel.parse_money.py_func, texts, decimals, zeros, symbols) == expected


@settings(deadline=None)
@given(st.integers(10**14, 10**17), st.integers(0, 4))
def test_bound_is_exact(minor, decimals):
    """The greatest amount is accepted and one minor unit more is not."""
    text = f"{minor // 10**decimals}" + (f".{minor % 10**decimals:0{decimals}d}" * (decimals > 0))
    expected = minor if minor <= kernel.LIMIT else None
    assert solve(kernel.parse_money, [text], decimals, 0, ()) == [expected]
