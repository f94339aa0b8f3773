"""Every kernel against its Python text, with bounds checks, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def exercise(*arguments, **environment):
    """Return what `tests.exercise` saw."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.exercise", *arguments],
        cwd=ROOT,
        env=os.environ | {"POLARS_MAX_THREADS": "1"} | environment,  # small tables: no waiting
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def said():
    """Return what the samples and the matcher's own tests showed."""
    return exercise()


def test_machine_code_does_what_the_python_text_says(said):
    """On every call of the matcher's own tests both leave the same arrays and results."""
    assert said["differing"] == []


def test_no_kernel_is_without_a_twin(said):
    """Each compiled function took part: a new one needs a test that reaches it."""
    assert said["kernels"] > 150
    assert said["missing"] == []


def test_every_test_passes_with_the_python_text(said):
    """No test fails that passes on machine code: no text, load or store leaves an array, say."""
    assert said["failed"] == []


@pytest.mark.thorough
def test_nothing_is_outside_with_bounds_checks(request):
    """Machine code with bounds checks runs every sample; it is kept beside pytest's own cache."""
    cache = request.config.cache.mkdir("kernels-with-bounds-checks")
    found = exercise("samples", NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(cache))
    assert found["failed"] == []
    assert found["differing"] == []
