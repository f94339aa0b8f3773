"""Where a key stands in a TOML text, and which known word a wrong one resembles."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\"]+)\s*\]\]?")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-]+|\"[^\"]+\")(?:\s*\.\s*[A-Za-z0-9_\-\".]+)?\s*=")


def line_of(text: str, location: tuple[int | str, ...]) -> int:
    """Return the 1-based line of `location` (keys and array positions), or of its nearest table."""
    best_line, best_depth = 1, 0
    counts: dict[tuple[int | str, ...], int] = {}
    table: tuple[int | str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            table = _table(header.group(1), header.group(2), counts)
            here = table
        else:
            key = _KEY.match(line)
            if not key:
                continue
            here = (*table, key.group(1).strip('"'))
        depth = _shared(here, location)
        if depth in (len(here), len(location)) and depth > best_depth:
            best_line, best_depth = number, depth
    return best_line


def _table(
    brackets: str, name: str, counts: dict[tuple[int | str, ...], int]
) -> tuple[int | str, ...]:
    """Return the full location of a table header, array positions filled in."""
    path: tuple[int | str, ...] = ()
    parts = [part.strip('"') for part in name.split(".")]
    for index, part in enumerate(parts):
        path = (*path, part)
        last = index == len(parts) - 1
        if last and brackets == "[[":
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _shared(left: tuple[int | str, ...], right: tuple[int | str, ...]) -> int:
    """Return how many leading parts two locations share."""
    shared = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        shared += 1
    return shared


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known word, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def quoted(text: str) -> str:
    """Return a text as a TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
