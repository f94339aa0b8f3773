from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core import times
from recon.core.kernels import parse_time as kernel
from recon.core.texts.text import text_buffers
from tests.oracle import times as oracle

PATTERNS = ("YYYY-MM-DD hh:mm:ss", "YYYYMMDDhhmmss", "MMDD", "YYYY-M-D")
NEAR = date(2026, 1, 1)
TEXT = st.from_regex(r"20[0-9]{2}-[01]?[0-9]-[0-3]?[0-9]( [0-2][0-9]:[0-6][0-9]:[0-6][0-9])?")
TEXT |= st.from_regex(r"[0-9]{4,14}", fullmatch=True)


def solve(function, texts):
    """Return local microseconds, None where refused, by the kernel or its interpreted twin."""
    part = text_buffers(pa.array(texts, pa.string()))
    out, status = np.empty(len(texts), np.int64), np.empty(len(texts), np.uint8)
    table = times.compile_patterns(PATTERNS)
    near = oracle.day_number(NEAR)
    layout = times.compile_layout(table[0])
    spans = part.data, part.starts, part.ends, part.valid
    function(*spans, table, layout, near, NEAR.year, out, status)
    return [
        int(value) if code == kernel.OK else None for value, code in zip(out, status, strict=True)
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXT, max_size=6))
def test_kernel_equals_interpreted_equals_oracle(texts):
    """The compiled kernel, the same code interpreted and the datetime oracle agree."""
    local = [oracle.parse_local(text, PATTERNS, NEAR) for text in texts]
    expected = [None if time is None else oracle.utc_micros(time, "UTC") for time in local]
    assert solve(kernel.parse_time, texts) == expected
    assert solve(kernel.parse_time.py_func, texts) == expected


def test_days_of_the_whole_range():
    """The calendar arithmetic equals the standard library's on every day that we read."""
    for ordinal in range(date(1970, 1, 1).toordinal(), date(2199, 12, 31).toordinal() + 1, 1):
        day = date.fromordinal(ordinal)
        days = kernel.days_from_civil.py_func(day.year, day.month, day.day)
        assert days == oracle.day_number(day)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_localise_interpreted_is_the_same(values):
    """The zone kernel gives the same compiled and interpreted."""
    begins = np.array([np.iinfo(np.int64).min, 300_000, 600_000])
    offsets = np.array([0, 50_000, -20_000])
    results = []
    for function in (kernel.localise, kernel.localise.py_func):
        found, status = np.array(values), np.zeros(len(values), np.uint8)
        function(begins, offsets, found, status)
        results.append((found.tolist(), status.tolist()))
    assert results[0] == results[1]
