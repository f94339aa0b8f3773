"""Kernels load from the cache without the tables of the compiler; the compiler still has them."""

from __future__ import annotations

import subprocess
import sys

FROM_CACHE = """
import sys
import numpy as np
from recon.core.kernels.union_find import label_components
label_components(np.arange(3, dtype=np.int32))
assert label_components.stats.cache_hits, "the first test of the suite compiled it"
assert "numba.typed.typedlist" not in sys.modules, "the compiler's tables were filled"
from numba import njit
assert njit(lambda one: one.sum())(np.arange(4)) == 6
"""


def test_a_kernel_from_the_cache_does_not_wake_the_compiler(tmp_path):
    """A second process finds the machine code, and can still compile what is new."""
    for cached in (False, True):
        text = FROM_CACHE if cached else FROM_CACHE.split("assert", maxsplit=1)[0]
        subprocess.run([sys.executable, "-c", text], check=True, cwd=tmp_path)
