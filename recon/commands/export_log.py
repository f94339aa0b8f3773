"""Writes an export into the workspace's log; an export from a read-only workspace says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click


def log_export(
    root: Path, command: str, written: Path, columns: Sequence[str], rows: int, what: str
) -> None:
    """Log one written file: when, who, which command, which columns, how many rows, its digest.

    what: the run's id, or the statement of a query.
    """
    import getpass
    import hashlib
    from datetime import UTC, datetime

    from recon.store.exports import append_export

    content = written.read_bytes()
    facts = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "user": getpass.getuser(),
        "command": command,
        "what": what,
        "path": str(written.absolute()),
        "rows": rows,
        "columns": list(columns),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    try:
        append_export(root, facts)
    except OSError as error:
        click.echo(f"recon: this export is not in the workspace's log: {error}", err=True)
