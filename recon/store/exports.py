"""The log of exports: who wrote which columns of which night to which file, one JSON line each.

The log stands beside the runs (`WORKSPACE/exports.jsonl`), is only ever appended to, and each line
carries the SHA-256 of the line before it: a line taken out or changed shows.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = "exports.jsonl"
FIRST = "0" * 64


def append_export(root: Path, facts: Mapping[str, Any]) -> None:
    """Append one export, whole, with the digest of the line before. `OSError`: not writable."""
    with open(root / NAME, "a+b", opener=_for_the_owner) as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        log.seek(0)
        before = _last_line(log.read())
        line = json.dumps({**facts, "before": before}, ensure_ascii=False, sort_keys=True)
        log.write(line.encode("utf-8") + b"\n")
        log.flush()


def read_exports(root: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the exports in order, and the numbers (from 1) of lines that do not follow on."""
    path = root / NAME
    lines = path.read_bytes().splitlines() if path.exists() else []
    rows, broken, before = [], [], FIRST
    for number, line in enumerate(lines, start=1):
        row = json.loads(line)
        if row.pop("before") != before:
            broken.append(number)
        before = hashlib.sha256(line).hexdigest()
        rows.append(row)
    return rows, broken


def _for_the_owner(path: str, flags: int) -> int:
    """Open a file that only its owner reads, as everything in a workspace."""
    return os.open(path, flags, 0o600)


def _last_line(text: bytes) -> str:
    """Return the digest of the last line, or of no line."""
    lines = text.splitlines()
    return hashlib.sha256(lines[-1]).hexdigest() if lines else FIRST
