from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from recon.core.codes import Outcome
from recon.core.groups import group_table
from recon.core.kernels.group_facts import rank_groups
from recon.core.kernels.union_find import find_root, label_components, unite_rows
from tests.oracle.matching import components

ROWS = 12
PAIRS = st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)), max_size=20)


def interpreted(monkeypatch_module, left, right, parent):
    original = monkeypatch_module["find_root"]
    monkeypatch_module["find_root"] = find_root.py_func
    try:
        unite_rows.py_func(left, right, parent)
    finally:
        monkeypatch_module["find_root"] = original
    label_components.py_func(parent)


@given(PAIRS, st.randoms())
def test_smallest_row_labels_each_component(pairs, random):
    """Compiled, interpreted and oracle agree, in any order of the links."""
    expected = components(ROWS, pairs)
    shuffled = list(pairs)
    random.shuffle(shuffled)
    array = np.array(shuffled, np.int64).reshape(-1, 2)
    left, right = np.ascontiguousarray(array[:, 0]), np.ascontiguousarray(array[:, 1])
    compiled = np.arange(ROWS)
    unite_rows(left, right, compiled)
    label_components(compiled)
    plain = np.arange(ROWS)
    interpreted(unite_rows.py_func.__globals__, left, right, plain)
    assert compiled.tolist() == plain.tolist() == expected


AMOUNT = st.integers(-(10**15), 10**15)


ROW = st.tuples(
    st.integers(0, 4),  # group before ranking
    st.integers(0, 2),  # side
    AMOUNT,
    AMOUNT,
    st.integers(0, 2),  # currency
    st.sampled_from(sorted(Outcome)),
)


@given(st.lists(ROW, max_size=20))
def test_group_facts_equal_python_sums(rows):
    """Counts and exact sums a currency, and the group's worst outcome, small sums or large."""
    first = {}
    group = np.array([first.setdefault(row[0], k) for k, row in enumerate(rows)], np.int64)
    slim = pl.DataFrame(
        {
            "txn_id": np.arange(100, 100 + len(rows)),
            "side": np.array([row[1] for row in rows], np.uint8),
            "amount_minor": np.array([row[2] for row in rows], np.int64),
            "net_minor": np.array([row[3] for row in rows], np.int64),
            "currency": np.array([row[4] for row in rows], np.uint16),
        }
    )
    outcome = np.array([int(row[5]) for row in rows], np.uint8)
    worst = [
        Outcome.BREAK,
        Outcome.CARRIED,
        Outcome.MATCHED,
        Outcome.RESENT,
        Outcome.NOT_NEEDED,
        Outcome.QUARANTINED,
    ]
    for scale in (1, 10**6):  # the second goes by two words a sum
        table = group_table(
            slim.with_columns(pl.col("amount_minor", "net_minor") // 10**6 * scale), group, outcome
        ).whole()
        keys = sorted({(int(of), row[4]) for row, of in zip(rows, group, strict=True)})
        for line, (root, currency) in zip(table.to_dicts(), keys, strict=True):
            whole = [row for row, of in zip(rows, group, strict=True) if of == root]
            mine = [row for row in whole if row[4] == currency]
            shown = [(r[1], r[2] // 10**6 * scale, r[3] // 10**6 * scale) for r in mine]
            assert (line["group_id"], line["currency"]) == (100 + root, currency)
            assert line["merchant_rows"] == sum(side == 0 for side, _, _ in shown)
            assert line["bank_minor"] == sum(a for side, a, _ in shown if side == 2)
            assert line["channel_minor"] == sum(a for side, a, _ in shown if side == 1)
            assert line["channel_net_minor"] == sum(n for side, _, n in shown if side == 1)
            assert line["merchant_minor"] == sum(a for side, a, _ in shown if side == 0)
            assert line["outcome"] == min((row[5] for row in whole), key=worst.index)


@given(st.lists(st.integers(0, 4), max_size=20))
def test_ranks_follow_the_smallest_rows(labels):
    """Groups are numbered in the order in which they are first seen, interpreted or compiled."""
    first = {}
    group = np.array([first.setdefault(label, k) for k, label in enumerate(labels)], np.int64)
    for kernel in (rank_groups, rank_groups.py_func):
        place = np.empty(group.size, np.int32)
        assert kernel(group, place) == len(first)
        assert [sorted(first.values())[at] for at in place] == group.tolist()
