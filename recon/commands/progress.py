"""Progress of long work: a line that moves on a terminal, JSON log lines elsewhere."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


@contextmanager
def reporter() -> Iterator[Callable[[str], None]]:
    """Yield a function that is told the name of each stage as it begins."""
    if sys.stderr.isatty():
        yield from _terminal()
    else:
        yield _log_line


def _terminal() -> Iterator[Callable[[str], None]]:
    started = time.perf_counter()

    def show(stage: str) -> None:
        seconds = time.perf_counter() - started
        sys.stderr.write(f"\r\x1b[2K{seconds:6.1f} s  {stage} ")
        sys.stderr.flush()

    yield show
    sys.stderr.write("\r\x1b[2K")
    sys.stderr.flush()


def _log_line(stage: str) -> None:
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    sys.stderr.write(json.dumps({"at": moment, "event": "stage", "stage": stage}) + "\n")
