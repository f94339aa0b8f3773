"""Sparse optimal assignment in which any row may stay unmatched: bids, then shortest paths.

Most rows are placed by bidding (Bertsekas 1981, and as augmenting row reduction Jonker and
Volgenant 1987): a row takes its best column and raises the column's price by what its second best
is worth less; the row that had it bids again. Equal offers and long wars end on augmenting paths.

Rows and columns of a bipartite graph in compressed rows (`start`, `column`), each edge with an
integer gain > 0. The duals prove the result: row_dual[i] + column_dual[j] >= gain of every edge,
equal on matched edges, every dual >= 0 and zero on unmatched rows and columns.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Flags, Ints

FAR = np.int64(1) << np.int64(62)
BIDDING_ROUNDS = 32  # after which the rows that are still outbid search for a path


@njit(cache=True, nogil=True)
def push_heap(keys: Ints, items: Ints, size: int, key: int, item: int) -> int:
    """Add (key, item) to a binary heap ordered by key, then item; return its new size."""
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if keys[parent] < key or (keys[parent] == key and items[parent] <= item):
            break
        keys[place] = keys[parent]
        items[place] = items[parent]
        place = parent
    keys[place] = key
    items[place] = item
    return size + 1


@njit(cache=True, nogil=True)
def pop_heap(keys: Ints, items: Ints, size: int) -> int:
    """Move the smallest entry behind the heap's end; return its new size."""
    key = keys[size - 1]
    item = items[size - 1]
    keys[size - 1] = keys[0]
    items[size - 1] = items[0]
    size -= 1
    place = 0
    child = 1
    while child < size:
        right = child + 1
        if right < size and (
            keys[right] < keys[child]
            or (keys[right] == keys[child] and items[right] < items[child])
        ):
            child = right
        if key < keys[child] or (key == keys[child] and item <= items[child]):
            break
        keys[place] = keys[child]
        items[place] = items[child]
        place = child
        child = 2 * place + 1
    if size > 0:
        keys[place] = key
        items[place] = item
    return size


@njit(cache=True, nogil=True)
def grow_tree(
    source: int,
    start: Ints,
    column: Ints,
    gain: Ints,
    row_dual: Ints,
    column_dual: Ints,
    column_partner: Ints,
    distance: Ints,
    parent: Ints,
    settled: Ints,
    heap_keys: Ints,
    heap_items: Ints,
    out: Ints,
) -> int:
    """Grow the tree of cheapest alternating paths from row `source`; return columns reached.

    `distance` arrives as FAR; `out` gets: cost, end column (-1 if a row is dropped instead),
    dropped row, settled columns. `settled` lists the columns reached, the settled ones first.
    """
    row = source
    row_distance = np.int64(0)
    cost = row_dual[source]
    dropped = source
    heap = 0
    done = 0
    reached = 0
    while True:
        for e in range(start[row], start[row + 1]):
            j = column[e]
            far = row_distance + row_dual[row] + column_dual[j] - gain[e]
            if far < distance[j]:
                if distance[j] == FAR:
                    settled[reached] = j
                    reached += 1
                distance[j] = far
                parent[j] = row
                heap = push_heap(heap_keys, heap_items, heap, far, j)
        j = -1
        while heap > 0:
            heap = pop_heap(heap_keys, heap_items, heap)
            if heap_keys[heap] == distance[heap_items[heap]]:
                j = heap_items[heap]
                break
        if j < 0 or distance[j] > cost:
            out[0], out[1], out[2], out[3] = cost, -1, dropped, done
            return reached
        if column_partner[j] < 0:
            out[0], out[1], out[2], out[3] = distance[j], j, -1, done
            return reached
        done += 1
        row = column_partner[j]
        row_distance = distance[j]
        if row_distance + row_dual[row] < cost:
            cost = row_distance + row_dual[row]
            dropped = row


@njit(cache=True, nogil=True)
def turn_path(end: int, source: int, parent: Ints, row_partner: Ints, column_partner: Ints) -> None:
    """Swap matched and unmatched edges on the path from row `source` to column `end`."""
    j = end
    while j >= 0:
        row = parent[j]
        before = row_partner[row]
        row_partner[row] = j
        column_partner[j] = row
        j = before if row != source else -1


@njit(cache=True, nogil=True)
def price_row(
    row: int,
    start: Ints,
    column: Ints,
    gain: Ints,
    row_dual: Ints,
    column_dual: Ints,
    column_partner: Ints,
) -> int:
    """Set the row's dual to its best gain; return a free column that gives it, -1 if none does."""
    best = -1
    for e in range(start[row], start[row + 1]):
        j = column[e]
        worth = gain[e] - column_dual[j]
        if worth > row_dual[row]:
            row_dual[row] = worth
            best = -1
        if worth == row_dual[row] and worth > 0 and column_partner[j] < 0:
            best = j if best < 0 else min(best, j)
    return best


@njit(cache=True, nogil=True)
def bid_rows(
    start: Ints,
    column: Ints,
    gain: Ints,
    row_partner: Ints,
    column_partner: Ints,
    row_dual: Ints,
    column_dual: Ints,
    rounds: int,
    open_rows: Ints,
) -> int:
    """Let every row bid, those that were outbid again, so many rounds; return how many are left.

    `open_rows` gets the rows left, with dual 0: outbid to the end, or with two equal offers of
    which one is taken. All other rows are matched, or worth nothing at the prices reached.
    """
    bidding = np.arange(start.size - 1)
    left = 0
    for _ in range(rounds):
        outbid = 0
        for k in range(bidding.size):
            row = bidding[k]
            best = np.int64(-1)
            first = second = np.int64(0)
            for e in range(start[row], start[row + 1]):
                j = column[e]
                worth = gain[e] - column_dual[j]
                second = max(second, min(first, worth))
                best = j if worth > first else best
                first = max(first, worth)
            row_dual[row] = first
            if best < 0:
                continue
            before = column_partner[best]
            if before >= 0 and first == second:
                row_dual[row] = 0
                open_rows[left] = row
                left += 1
                continue
            row_partner[row] = best
            column_partner[best] = row
            if before >= 0:
                row_dual[row] = second
                column_dual[best] += first - second
                row_partner[before] = -1
                row_dual[before] = 0
                bidding[outbid] = before
                outbid += 1
        bidding = bidding[:outbid]
    for k in range(bidding.size):
        open_rows[left] = bidding[k]
        left += 1
    return left


@njit(cache=True, nogil=True)
def solve_assignment(
    start: Ints,
    column: Ints,
    gain: Ints,
    row_partner: Ints,
    column_partner: Ints,
    row_dual: Ints,
    column_dual: Ints,
) -> None:
    """Fill partners (arriving as -1) and duals (arriving as 0) of a matching of greatest gain.

    Which of several optima it is depends on the order of rows and columns alone.
    """
    graph = start, column, gain
    state = row_partner, column_partner, row_dual, column_dual
    open_rows = np.empty(start.size - 1, np.int64)
    left = bid_rows(*graph, *state, BIDDING_ROUNDS, open_rows)
    if left > 0:
        search_paths(*graph, *state, open_rows[:left])


@njit(cache=True, nogil=True)
def search_paths(
    start: Ints,
    column: Ints,
    gain: Ints,
    row_partner: Ints,
    column_partner: Ints,
    row_dual: Ints,
    column_dual: Ints,
    sources: Ints,
) -> None:
    """Place the rows `sources`, of dual 0, each by the cheapest alternating path.

    Ties: a free column at once, then the smaller column; a pair before none.
    """
    columns = column_partner.size
    distance = np.full(columns, FAR, np.int64)
    parent = np.empty(columns, np.int64)
    settled = np.empty(columns, np.int64)
    heap_keys = np.empty(column.size + 1, np.int64)
    heap_items = np.empty(column.size + 1, np.int64)
    out = np.empty(4, np.int64)
    for source in sources:
        at_once = price_row(source, start, column, gain, row_dual, column_dual, column_partner)
        if at_once >= 0:
            row_partner[source] = at_once
            column_partner[at_once] = source
        if at_once >= 0 or row_dual[source] == 0:
            continue
        reached = grow_tree(
            source,
            start,
            column,
            gain,
            row_dual,
            column_dual,
            column_partner,
            distance,
            parent,
            settled,
            heap_keys,
            heap_items,
            out,
        )
        cost = out[0]
        row_dual[source] -= cost
        for k in range(reached):
            j = settled[k]
            if distance[j] < cost and column_partner[j] >= 0:
                row_dual[column_partner[j]] -= cost - distance[j]
                column_dual[j] += cost - distance[j]
        end = out[1]
        if end < 0 and out[2] != source:
            end = row_partner[out[2]]
            row_partner[out[2]] = -1
        turn_path(end, source, parent, row_partner, column_partner)
        for k in range(reached):
            distance[settled[k]] = FAR


@njit(cache=True, nogil=True)
def tight_edges(
    start: Ints, column: Ints, gain: Ints, row_dual: Ints, column_dual: Ints, tight: Flags
) -> None:
    """Flag the edges without slack: only they occur in matchings of greatest gain."""
    for i in range(start.size - 1):
        for e in range(start[i], start[i + 1]):
            tight[e] = row_dual[i] + column_dual[column[e]] == gain[e]


@njit(cache=True, nogil=True)
def next_node(
    node: int,
    edge: int,
    start: Ints,
    column: Ints,
    tight: Flags,
    row_partner: Ints,
    column_partner: Ints,
    row_dual: Ints,
    column_dual: Ints,
    out: Ints,
) -> int:
    """Return the next successor of `node` in the exchange graph, -1 at the end; see `strong`.

    `edge` is the successor's running number; `out[0]` gets the number to go on with.
    """
    rows = row_partner.size
    nobody = rows + column_partner.size
    found = -1
    if node < rows:
        edges = start[node + 1] - start[node]
        while found < 0 and edge <= edges:
            e = start[node] + edge
            if edge < edges:
                found = rows + column[e] if tight[e] and column[e] != row_partner[node] else -1
            elif row_partner[node] >= 0 and row_dual[node] == 0:
                found = nobody
            edge += 1
    elif node < nobody:
        if edge == 0:
            found = column_partner[node - rows]
            found = found if found >= 0 else nobody
        edge += 1
    else:
        while found < 0 and edge < nobody:
            j = edge - rows
            row_free = edge < rows and row_partner[edge] < 0
            if row_free or (j >= 0 and column_partner[j] >= 0 and column_dual[j] == 0):
                found = edge
            edge += 1
    out[0] = edge
    return found


@njit(cache=True, nogil=True)
def close_component(node: int, stack: Ints, stacked: int, label: Ints) -> int:
    """Label the nodes on the stack down to `node`; return how many stay on it."""
    while label[node] < 0:
        stacked -= 1
        label[stack[stacked]] = node
    return stacked


@njit(cache=True, nogil=True)
def strong_components(
    start: Ints,
    column: Ints,
    tight: Flags,
    row_partner: Ints,
    column_partner: Ints,
    row_dual: Ints,
    column_dual: Ints,
    label: Ints,
) -> None:
    """Fill `label` (rows + columns + 1), arriving as -1, with strong components (Tarjan 1972).

    The exchange graph has an arc from a row along each tight unmatched edge and from a column to
    its partner; the last node stands for "unmatched". A matched edge is in every matching of
    greatest gain exactly when its two ends have different labels.
    """
    nodes = label.size
    order = np.full(nodes, -1, np.int64)
    low = np.empty(nodes, np.int64)
    edge = np.zeros(nodes, np.int64)
    stack = np.empty(nodes, np.int64)
    path = np.empty(nodes, np.int64)
    after = np.empty(1, np.int64)
    count = 0
    stacked = 0
    for root in range(nodes):
        depth = 0
        if order[root] < 0:
            path[0] = root
            depth = 1
        while depth > 0:
            node = path[depth - 1]
            if order[node] < 0:
                order[node] = count
                low[node] = count
                count += 1
                stack[stacked] = node
                stacked += 1
            other = next_node(
                node,
                edge[node],
                start,
                column,
                tight,
                row_partner,
                column_partner,
                row_dual,
                column_dual,
                after,
            )
            edge[node] = after[0]
            if other >= 0 and order[other] < 0:
                path[depth] = other
                depth += 1
            elif other >= 0:
                low[node] = min(low[node], order[other] if label[other] < 0 else low[node])
            else:
                depth -= 1
                above = path[max(depth - 1, 0)]
                low[above] = min(low[above], low[node])
                if low[node] == order[node]:
                    stacked = close_component(node, stack, stacked, label)
