"""What a candidate pair takes is what the limit reckons: the peak of a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from recon.core.arrays.means import Means
from recon.core.codes import Side
from recon.core.match import match
from recon.core.passes.pair_limit import PAIR_BYTES, WEIGHED_BYTES
from recon.core.plan import Leg, Method, Pass
from recon.core.texts.text import text_buffers
from recon.errors import ResourceError
from tests.core.worlds import everybody, row, slim_of

pytestmark = pytest.mark.thorough

M, C = Side.MERCHANT, Side.CHANNEL
MIB = 1 << 20
FIXED = 48 * MIB  # of a pass of a thousand rows, whatever its pairs
RESET = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")


def solve(method, rows, *, base="left", memory_bytes=None):
    """Match rows of a side each that are all candidates of each other, alike to the last letter."""
    lines = [
        row(side, None, 50_000 + k % 900, due=1, value=1) for side in (M, C) for k in range(rows)
    ]
    step = Pass("near", method, (), (), tolerance_minor=1_000, tolerance_base=base)
    leg = Leg("leg", M, C, (step,))
    texts = {"memo": text_buffers(pl.Series(["INVOICE PAYMENT"] * (2 * rows)))}
    return match(
        slim_of(lines), {}, (leg,), everybody(lines, leg), texts=texts,
        means=Means(2, memory_bytes=memory_bytes),
    )  # fmt: skip


def kilobytes(name):
    """Return a line of the process's status."""
    line = next(text for text in STATUS.read_text().splitlines() if text.startswith(name))
    return int(line.split()[1])


def peak_of(method, base, rows):
    """Return by how many bytes a pass of so many rows a side lifts the peak of this process."""
    solve(method, 40, base=base)
    RESET.write_text("5")
    before = kilobytes("VmRSS")
    solve(method, rows, base=base)
    return (kilobytes("VmHWM") - before) * 1024


@pytest.mark.skipif(not RESET.exists(), reason="the peak is read where Linux tells it")
@pytest.mark.parametrize(
    ("method", "base", "rows", "pair_bytes"),
    [
        (Method.BAND, "left", 1_400, PAIR_BYTES[Method.BAND]),
        (Method.BAND, "right", 1_400, PAIR_BYTES[Method.BAND]),
        (Method.SCORE, "right", 700, WEIGHED_BYTES),
    ],
)
def test_a_pair_takes_no_more_than_is_reckoned(method, base, rows, pair_bytes):
    """The peak stays below what the limit allows for so many pairs, and is no small part of it."""
    asked = f"peak_of(Method.{method.name}, {base!r}, {rows})"
    told = f"from tests.core.passes.test_pair_limit import *; print({asked})"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", told], cwd=root, capture_output=True, check=True)
    peak = int(done.stdout)
    assert peak <= rows * rows * pair_bytes + FIXED
    assert peak >= rows * rows * pair_bytes // 2


def test_a_score_pass_with_too_many_probable_pairs_is_refused():
    """All candidates fit, but not the weights of all: the pass stops before it takes the memory."""
    pairs = 200 * 200
    with pytest.raises(ResourceError, match="candidate pairs, found") as refused:
        solve(Method.SCORE, 200, memory_bytes=pairs * PAIR_BYTES[Method.SCORE] * 2)
    assert "raise --memory" in refused.value.fix
    assert solve(Method.SCORE, 200, memory_bytes=pairs * WEIGHED_BYTES * 2).links.height > 0


def test_a_band_pass_is_refused_by_what_its_pairs_take():
    """One byte less than all pairs need is too little."""
    needed = 60 * 60 * PAIR_BYTES[Method.BAND] * 2
    with pytest.raises(ResourceError, match="expected at most 3,599 candidate pairs, found 3,600"):
        solve(Method.BAND, 60, memory_bytes=needed - 1)
    assert solve(Method.BAND, 60, memory_bytes=needed).links.height > 0
