"""One writer in a workspace at a time: an advisory lock that dies with its holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from recon.errors import LockedError, ResourceError
from recon.store.workspace import Workspace

PID_BYTES = 32


@contextmanager
def hold(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace for writing; clean up after a killed run first.

    The lock is the kernel's (flock), so it is free the moment its holder dies, whatever the process
    id in the file says; that number is only for the message. Files made inside are private.

    Raises:
        LockedError: another process holds it; said at once, without waiting.
        ResourceError: the workspace cannot be written to.
    """
    workspace.prepare()
    mask = os.umask(0o077)
    descriptor = -1
    try:
        descriptor = _open(workspace)
        _take(descriptor, workspace)
        workspace.recover()
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)
        os.umask(mask)


def _open(workspace: Workspace) -> int:
    try:
        return os.open(workspace.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ResourceError(
            f"expected a lock file we can write, found: {error.strerror}",
            where=str(workspace.lock_file),
            fix="give the runner write access to the workspace",
        ) from error


def _take(descriptor: int, workspace: Workspace) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, PID_BYTES, 0).decode("ascii", "replace").strip()
        raise LockedError(
            f"expected a free workspace, found it held by process {holder or 'unknown'}",
            where=str(workspace.root),
            fix="wait for that run to end, then start again",
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
