"""Where compiled kernels are kept: a folder of code that is run, so nobody else may write there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from recon.errors import UsageError

KERNELS = Path(__file__).parents[1] / "core" / "kernels"  # named, not imported: that wakes Numba


def kernel_cache() -> Path:
    """Return the folder: beside the kernels, or where NUMBA_CACHE_DIR says."""
    declared = os.environ.get("NUMBA_CACHE_DIR")
    return Path(declared or KERNELS / "__pycache__")


def sharing(folder: Path) -> str:
    """Return what lets others write to a folder; empty where nothing does, or it is not there.

    Others are all but the runner, root and the owner of the package, whose code is run anyway.
    """
    if not folder.exists():
        return ""
    found = folder.stat()
    if found.st_mode & stat.S_IWOTH:
        return "writable by all; chmod go-w it"
    if found.st_uid not in {0, os.geteuid(), Path(__file__).stat().st_uid}:
        return f"owned by user {found.st_uid}; choose a folder of the runner's own"
    return ""


def refuse_shared_cache() -> None:
    """Refuse to run what others may have written."""
    folder = kernel_cache()
    found = sharing(folder)
    if found:
        problem, _, fix = found.partition("; ")
        raise UsageError(
            f"expected a private folder for compiled code, found one that is {problem}",
            where=str(folder),
            fix=f"{fix}, or set NUMBA_CACHE_DIR to another one and run recon warmup",
        )
