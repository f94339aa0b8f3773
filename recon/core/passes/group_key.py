"""GROUP pass: all rows of one key and currency on one side against all of them on the other."""

from __future__ import annotations

import numpy as np

from recon.core.codes import MatchKind
from recon.core.kernels.pairing import star_links
from recon.core.passes.contract import CERTAIN, NO_TIES, Found, Work, keyed_rows, row_digests
from recon.core.passes.exact_key import grouped_sides
from recon.core.passes.key_groups import decode, match_keys


def find_groups(work: Work) -> Found:
    """Link every row of each two-sided group, whether or not the sums agree.

    Rows of different currencies are different groups: their amounts are never added.
    """
    facts, leg, step = work.facts, work.leg, work.step
    left = keyed_rows(facts, work.free, leg.left, step.left_key)
    right = keyed_rows(facts, work.free, leg.right, step.right_key)
    groups = decode(
        match_keys(
            row_digests(facts, left, step.left_key, facts.currency),
            row_digests(facts, right, step.right_key, facts.currency),
            threads=work.threads,
            memory_bytes=work.memory_bytes,
        )
    )
    out = np.empty((left.size + right.size, 2), np.int32)
    n = star_links(groups.left, groups.right, groups.first_right, out)
    return Found(
        left[out[:n, 0]],
        right[out[:n, 1]],
        np.full(n, int(MatchKind.GROUP), np.uint8),
        np.full(n, CERTAIN, np.int32),
        NO_TIES,
        grouped_sides(left, right, (groups.left, groups.right)),
    )
