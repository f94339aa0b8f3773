"""Connected components over links: union-find with path halving, the smallest row is the root."""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Ints


@njit(cache=True, nogil=True)
def find_root(parent: Ints, row: int) -> int:
    """Return the root of `row`, halving the path on the way."""
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@njit(cache=True, nogil=True)
def unite_rows(left: Ints, right: Ints, parent: Ints) -> None:
    """Join the components of each `left[i]`, `right[i]`; `parent` (n) starts as each row itself."""
    for i in range(left.size):
        one = find_root(parent, left[i])
        two = find_root(parent, right[i])
        if one < two:
            parent[two] = one
        elif two < one:
            parent[one] = two


@njit(cache=True, nogil=True)
def label_components(parent: Ints) -> None:
    """Replace each row's parent by its root, which is the smallest row of its component."""
    for row in range(parent.size):
        parent[row] = parent[parent[row]]
