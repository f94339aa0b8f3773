"""Record an attempt at a night: `run_results.json` and metrics, also when it fails."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.core.texts import inert
from recon.errors import LockedError

if TYPE_CHECKING:
    from recon.store.results import Attempt

RESULTS_FILE = "run_results.json"
_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def recorded(
    workspace: Path, name: str, business_date: date, *, metrics: Path | None = None
) -> Iterator[Attempt]:
    """Yield the attempt to fill in; write it down when the block ends or fails.

    A workspace that another run holds is left alone: its results belong to that run. A file that
    cannot be written is a line in the log and does not hide the night's own result.
    """
    from recon.store.results import Attempt

    attempt = Attempt(name, business_date, datetime.now(UTC))

    def end(number: int, _frame: object) -> None:
        """Write down that the system ended the night, and let it; the next start cleans up."""
        attempt.error = SystemExit(128 + number)
        _write(workspace, attempt, metrics)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    try:
        with _at_signal(end):
            yield attempt
    except LockedError:
        raise
    except BaseException as error:
        attempt.error = error
        _write(workspace, attempt, metrics)
        raise
    else:
        _write(workspace, attempt, metrics)


@contextmanager
def _at_signal(end: Callable[[int, object], None]) -> Iterator[None]:
    """Have the signals that end a job call `end` first; only the main thread can hear them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def told() -> Iterator[None]:
    """Print what a night came to; that nobody reads on does not change how it ended."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def watched(attempt: Attempt, progress: Callable[[str], None]) -> Callable[[str], None]:
    """Return a progress function that also notes in the attempt which stage runs."""

    def on_stage(stage: str) -> None:
        attempt.stage = stage
        progress(stage)

    return on_stage


def _write(workspace: Path, attempt: Attempt, metrics: Path | None) -> None:
    """Write and log how the attempt ended; a disk that refuses the files does not hide it."""
    from recon.store.results import write_metrics, write_results

    document = attempt.document(datetime.now(UTC))
    try:
        if workspace.is_dir():
            write_results(workspace / RESULTS_FILE, document)
        if metrics is not None:
            write_metrics(metrics, document)
    except OSError as error:
        _log("results not written", problem=str(error))
    _log(
        document["status"],
        run_id=document["run_id"],
        business_date=document["business_date"],
        exit_code=document["exit_code"],
        **_head(document),
    )


def _head(document: dict[str, Any]) -> dict[str, str]:
    """Return the digest of the run's manifest: kept in a log, `recon verify` can be held to it."""
    manifest = Path(document["folder"] or "") / "manifest.json"
    known = document["folder"] is not None and manifest.is_file()
    return {"head": hashlib.sha256(manifest.read_bytes()).hexdigest()} if known else {}


def _log(event: str, **facts: object) -> None:
    """Write one JSON log line, where standard error is not a terminal."""
    if not sys.stderr.isatty():
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"at": moment, "event": event, **facts}
        sys.stderr.write(inert.json_text(line, indent=None) + "\n")
