"""Runs the matcher's own tests with every kernel call made twice; prints what was seen as JSON.

`python -m tests.exercise` runs samples and tests, `python -m tests.exercise samples` the samples
alone. With NUMBA_BOUNDSCHECK=1 it needs a NUMBA_CACHE_DIR of its own: machine code with and without
the checks must not share a cache. Only tests that hypothesis feeds take part, with few examples.
A kernel that reaches outside its arrays is told, and so is a test that fails: it passes elsewhere,
on machine code alone, so the Python text does something else.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import polars as pl
from hypothesis import HealthCheck, Phase, settings

from recon.core import money
from recon.core.arrays.means import Means
from recon.core.codes import Side
from recon.core.kernels import text_columns
from recon.core.match import match
from recon.core.passes import key_slices
from recon.core.warm import warm
from tests.core.worlds import EXACT, digests_of, everybody, leg_of, row, slim_of
from tests.twins import Twins

HERE = Path(__file__).parent
FURTHER = ("io/reading/test_mask.py", "io/reading/test_cutting.py")
FEW = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),  # one failure is enough: it is not made smaller
    suppress_health_check=list(HealthCheck),
)
SETTINGS = "_hypothesis_internal_use_settings"  # where a decorated test keeps its own


def test_modules():
    """Return the test modules of the matcher."""
    paths = list((HERE / "core").rglob("test_*.py"))
    paths += [HERE / name for name in FURTHER]
    names = (".".join(path.relative_to(HERE.parent).with_suffix("").parts) for path in paths)
    return [importlib.import_module(name) for name in sorted(names)]


def searching_tests(module):
    """Yield the tests of a module that hypothesis feeds, and nothing else does; few examples."""
    for name, function in vars(module).items():
        known = name.startswith("test_") and hasattr(function, "hypothesis")
        if known and not inspect.signature(function).parameters:
            setattr(function, SETTINGS, FEW)
            yield function


def parse_signed_totals():
    """Read amounts that say credit or debit by their first byte."""
    texts = pl.Series(["C120", "D7", " 5", "X1", "C"])
    money.parse(texts, money.Grammar(unit="credit_debit_minor"), 2)


def tell_amounts_in_parts():
    """Match amounts with few parts of them, and with more parts than are searched."""
    for whole, parts in (([100], [60, 40, 7]), ([100], [10] * 12), ([60, 40], [50, 30, 20])):
        rows = [row(Side.MERCHANT, "a", amount, time=k) for k, amount in enumerate(whole)]
        rows += [row(Side.CHANNEL, "a", amount, time=k) for k, amount in enumerate(parts)]
        leg = leg_of(EXACT)
        match(slim_of(rows), digests_of(rows), (leg,), everybody(rows, leg))


def match_in_slices():
    """Match keys under a memory limit that allows a slice of them at a time."""
    rows = [row(side, str(k), 5) for side in (Side.MERCHANT, Side.CHANNEL) for k in range(8)]
    leg = leg_of(EXACT)
    with mock.patch.object(key_slices, "SMALL", 0):
        match(
            slim_of(rows),
            digests_of(rows),
            (leg,),
            everybody(rows, leg),
            means=Means(memory_bytes=1_000),
        )


def trim_fields():
    """Trim fields that stand between spaces, tabs and back-ticks, one of them quoted."""
    data = np.frombuffer(b"` a\t, b ``", np.uint8)
    starts, ends = np.array([[0], [5]], np.int32), np.array([[4], [~10]], np.int32)
    text_columns.trim_fields(data, starts, ends, 1)


SAMPLES = (parse_signed_totals, tell_amounts_in_parts, match_in_slices, trim_fields)


def failure(work):
    """Run a sample or a test; return how it failed, None if it did not."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - told, whatever it is
        return f"{work.__module__}.{work.__name__}: {type(error).__name__}: {error}"
    return None


def main():
    """Run samples and tests; print what differs, what never ran, and what failed."""
    modules = [] if "samples" in sys.argv else test_modules()
    twins = Twins()
    with twins.installed():
        work = [*warm.SAMPLES, *SAMPLES]
        work += [test for module in modules for test in searching_tests(module)]
        failures = [failure(item) for item in work]
    said = {
        "kernels": len(twins.names),
        "differing": sorted(set(twins.differing)),
        "missing": sorted(set(twins.names.values()) - twins.seen),
        "failed": [told for told in failures if told],
    }
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
