"""What is too far off to be a candidate."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from recon.rules.breaks.nearest import beyond_half

AMOUNTS = st.integers(-(2**63) + 1, 2**63 - 1) | st.integers(-9, 9)


@given(AMOUNTS, AMOUNTS)
@example(2**62, 2**62 - 1)  # twice this difference is beyond 64 bits
def test_half_the_total_is_compared_exactly(off, total):
    far = beyond_half(np.array([off], np.int64), np.array([total], np.int64))
    assert far.tolist() == [2 * abs(off) > abs(total)]
