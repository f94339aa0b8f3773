"""A sample file, and how lines become one."""

from __future__ import annotations

from dataclasses import dataclass

from recon.io.reading.contract import Options

AT = "2026-11-20 10:00:00"
PLAIN = Options()


@dataclass(frozen=True)
class Sample:
    """A good file: its bytes, how it is declared, and how many rows it has."""

    raw: bytes
    rows: int
    options: Options = PLAIN


def text(*lines: str, encoding: str = "utf-8") -> bytes:
    """Return lines as a file."""
    return ("\n".join(lines) + "\n").encode(encoding)


def chinese(*lines: str) -> bytes:
    """Return lines as a GB18030 file."""
    return text(*lines, encoding="gb18030")
