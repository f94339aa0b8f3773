"""Lines of JSON: what the kernel cuts is what Python reads, and what it leaves is not plain."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recon.core.kernels.json_objects import cut_objects

NAMES = ("id", "a key", "an ignored key")
SLOTS = np.array([1, 0, -1], np.int32)
TEXT = st.text(st.sampled_from('ab 0{,:"\\茶\x1f\x7f'), max_size=20).map(
    lambda text: json.dumps(text, ensure_ascii=False)
)
NUMBER = st.from_regex(r"-?[0-9]{1,3}(\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?", fullmatch=True)
WORD = st.sampled_from(["true", "false", "null", "nil", "[]", "", '"', "NaN"])
MEMBER = st.builds(
    lambda name, value, blank: f"{blank}{json.dumps(name)}{blank}:{value}{blank}",
    st.sampled_from([*NAMES, "new"]),
    TEXT | NUMBER | WORD,
    st.sampled_from(["", " ", "\t\r"]),
)
LINE = st.lists(MEMBER, max_size=4).map(lambda members: "{" + ",".join(members) + "}")


def cut(lines):
    """Return the cells of each line that is cut, None of others, and the keys that stand in all."""
    raw = [line.encode() + b"\n" for line in lines]
    data = np.frombuffer(b"".join(raw), np.uint8)
    offsets = np.cumsum([0, *map(len, raw)])
    names = np.frombuffer("".join(NAMES).encode(), np.uint8)
    starts, ends = (np.zeros((2, len(lines)), np.int64) for _ in range(2))
    is_cut = np.ones(len(lines), np.uint8)
    name_at = np.cumsum([0, *map(len, NAMES)])
    keys = cut_objects(data, offsets, names, name_at, SLOTS, starts, ends, is_cut)
    rows = [
        [
            data[start:end].tobytes().decode() if start >= 0 else None
            for start, end in zip(starts[:, line], ends[:, line], strict=True)
        ]
        if is_cut[line]
        else None
        for line in range(len(lines))
    ]
    return rows, {name for key, name in enumerate(NAMES) if int(keys) >> key & 1}


def plainly(line):
    """Return the members of a line that is a flat object of known keys, each once, else None."""
    try:
        pairs = json.loads(line, parse_int=str, parse_float=str, object_pairs_hook=list)
    except ValueError:
        return None
    known = dict(pairs)
    is_flat = len(known) == len(pairs) and not any(isinstance(v, list) for v in known.values())
    is_plain = "\\" not in line and "NaN" not in line and known.keys() <= set(NAMES)
    return known if is_flat and is_plain else None


@given(st.lists(LINE, max_size=5))
def test_plain_lines_are_cut_and_no_others(lines):
    """The cells are Python's, with numbers, true and false as they are written."""
    rows, keys = cut(lines)
    read = [plainly(line) for line in lines]
    shown = {True: "true", False: "false"}
    assert rows == [
        None
        if known is None
        else [
            shown.get(value, value) if isinstance(value, bool) else value
            for value in (known.get("a key"), known.get("id"))
        ]
        for known in read
    ]
    assert keys == {name for known in read if known is not None for name in known}


def test_broken_ends_are_left():
    """A line that ends early, or goes on behind its object, is for the reader of all JSON."""
    whole = '{"id": "0123456789", "a key": -1.5e+7}'
    lines = [whole[:size] for size in range(len(whole))] + [whole + "x", whole + "{}", " " + whole]
    rows, _ = cut(lines)
    assert rows == [None] * (len(whole) + 2) + [["-1.5e+7", "0123456789"]]
