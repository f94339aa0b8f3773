"""Where the large arrays of a night stand: in memory, or in files that the system may page out.

An array in a file is used like any other. Its pages count as memory while they are looked at;
`rest` lets go of them, and they come back from the file when they are asked for again. A room with
a limit rests by itself whenever the process comes near it.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from recon.errors import ResourceError

_PAGED_BYTES = 1 << 20  # smaller arrays are not worth a file
_LOOK_SECONDS = 0.03  # how often a room with a limit looks at the memory of the process
_NEAR = (5, 8)  # of the limit: what is touched between two looks must still fit
_RESIDENT = Path("/proc/self/statm")  # Linux; elsewhere a room rests between stages only


class Room:
    """Hands out arrays of zeros for one night; as a context it keeps to its limit."""

    def __init__(self, folder: Path | None = None, memory_bytes: int | None = None) -> None:
        """Start empty; with a folder the arrays are paged to files without a name there."""
        self._folder = folder
        self._limit = memory_bytes
        self._maps: list[mmap.mmap] = []
        self._over = Event()
        self._guard = Thread(target=self._keep_to_limit, daemon=True)

    def __enter__(self) -> Self:
        """Begin to keep to the limit."""
        if self.is_paged and self._limit is not None and _RESIDENT.exists():
            self._guard.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the keeping."""
        self._over.set()
        if self._guard.is_alive():
            self._guard.join()

    @property
    def is_paged(self) -> bool:
        """Return whether arrays stand in files."""
        return self._folder is not None

    def array(self, shape: int | Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array of zeros. Raises ResourceError when the disk has no place for it."""
        kind = np.dtype(dtype)
        size = int(np.prod(shape)) * kind.itemsize
        if self._folder is None or size < _PAGED_BYTES:
            return np.zeros(shape, kind)
        return np.frombuffer(self._map(self._folder, size), kind).reshape(shape)

    def rest(self) -> None:
        """Let go of the pages in memory; their content stays in the files."""
        for pages in list(self._maps):
            pages.madvise(mmap.MADV_DONTNEED)

    def _keep_to_limit(self) -> None:
        """Rest whenever the process holds nearly as much memory as it may."""
        assert self._limit is not None
        allowed = self._limit * _NEAR[0] // _NEAR[1]
        while not self._over.wait(_LOOK_SECONDS):
            pages = int(_RESIDENT.read_text("ascii").split()[1])
            if pages * mmap.PAGESIZE > allowed:
                self.rest()

    def _map(self, folder: Path, size: int) -> mmap.mmap:
        """Return a new file as memory. Its space is reserved: a full disk is an error here."""
        try:
            with tempfile.TemporaryFile(dir=folder) as file:  # nameless: gone when it is closed
                os.posix_fallocate(file.fileno(), 0, size)
                pages = mmap.mmap(file.fileno(), size)
        except OSError as error:
            raise ResourceError(
                f"expected space for {size} bytes that do not fit the memory, found: {error}",
                where=str(folder),
                fix="free disk space or raise --memory, then run again; nothing was published",
            ) from error
        self._maps.append(pages)
        return pages
