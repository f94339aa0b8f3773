"""A digest that the sender laid beside a file (`bill.csv.sha1`, `.md5`, `.sha256`) is held to it.

Some digest what they send, others (WeChat Pay) the bill before it was packed: either will do.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path
from typing import Final

from recon.core.plan import DIGEST_DIGITS
from recon.errors import InputError

_MOST_BYTES: Final = 1 << 16


def check_digests(path: Path, received: Path, content: Path) -> None:
    """Hold the copies of a file to every digest beside it.

    path: where it was delivered. received, content: the private copy, and what was packed in it.
    Raises InputError when a digest is another one, or cannot be read.
    """
    for suffix, length in DIGEST_DIGITS.items():
        sidecar = path.with_name(path.name + suffix)
        if not _is_there(sidecar):
            continue
        stated = _stated(sidecar, path.name, length)
        found = [_digest(copy, suffix[1:]) for copy in dict.fromkeys((received, content))]
        if stated not in found:
            raise InputError(
                f"expected the {suffix[1:].upper()} {stated} that {sidecar.name} states, found "
                f"{' and unpacked '.join(found)}",
                where=path.name,
                fix="ask the sender for both files again: one of the two was changed on its way",
                code="FILE_TOTAL",
            )


def _is_there(sidecar: Path) -> bool:
    """Return whether there is such a file; a name may be too long to have one."""
    with contextlib.suppress(OSError):
        return sidecar.is_file()
    return False


def _stated(sidecar: Path, name: str, length: int) -> str:
    """Return the digest that is stated for a file; of several lines the one that names it."""
    with sidecar.open("rb") as file:
        text = file.read(_MOST_BYTES).decode("ascii", "replace")
    lines = [line for line in text.splitlines() if name in line] or [text]
    found: set[str] = set(
        re.findall(rf"(?<![0-9a-f])[0-9a-f]{{{length}}}(?![0-9a-f])", lines[0].lower())
    )
    if len(found) != 1:
        raise InputError(
            f"expected one digest of {length} digits, found {len(found)}",
            where=sidecar.name,
            fix="ask the sender for the digest again, or take that file away",
            code="FILE_TOTAL",
        )
    return found.pop()


def _digest(path: Path, algorithm: str) -> str:
    """Return a digest of a copy of ours."""
    with path.open("rb") as file:
        digest = hashlib.new(algorithm, usedforsecurity=False)
        while block := file.read(_MOST_BYTES):
            digest.update(block)
    return digest.hexdigest()
