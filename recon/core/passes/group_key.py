"""GROUP pass: all rows of one key and currency on one side against all of them on the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.core.arrays.numbers import Rows
from recon.core.codes import MatchKind
from recon.core.kernels.key_links import grouped_rows, lower_to
from recon.core.kernels.pairing import star_links
from recon.core.passes.contract import (
    CERTAIN,
    NO_TIES,
    Found,
    Work,
    left_rows,
    right_rows,
    row_digests,
)
from recon.core.passes.key_groups import KeyGroups, group_keys


def find_groups(work: Work) -> Found:
    """Link every row of each two-sided group, whether or not the sums agree.

    Rows of different currencies are different groups: their amounts are never added.
    """
    facts, step = work.facts, work.step
    left, right = left_rows(work), right_rows(work)
    groups = group_keys(
        row_digests(facts, left, step.left_key, facts.currency),
        row_digests(facts, right, step.right_key, facts.currency),
        threads=work.threads,
    )
    out = np.empty((left.size + right.size, 2), np.int32)
    n = star_links(groups.left, groups.right, groups.first_right, out)
    return Found(
        left[out[:n, 0]],
        right[out[:n, 1]],
        np.full(n, int(MatchKind.GROUP), np.uint8),
        np.full(n, CERTAIN, np.int32),
        NO_TIES,
        grouped_sides(left, right, groups),
    )


def grouped_sides(
    left: Rows, right: Rows, groups: KeyGroups
) -> tuple[tuple[Rows, Rows], tuple[Rows, Rows]]:
    """Return, for each side, the rows that have a group and the smallest row of that group."""
    smallest = left.copy()
    lower_to(right, groups.right, smallest)
    return listed(left, groups.left, smallest), listed(right, groups.right, smallest)


def listed(rows: Rows, group: NDArray[np.int32], smallest: Rows) -> tuple[Rows, Rows]:
    """Return the rows of a side that have a group, and the smallest row of that group."""
    out = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    n = grouped_rows(rows, group, smallest, *out)
    return out[0][:n], out[1][:n]
