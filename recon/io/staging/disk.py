"""Turns a refusal of the disk into one named error, wherever loading writes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from recon.errors import ResourceError


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raise ResourceError for any OSError of the system while something is written to `folder`."""
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"expected to write while files are loaded, found: {error.strerror or error}",
            where=str(folder),
            fix="free space, or check permissions and quota, and run again; nothing was published",
        ) from error
