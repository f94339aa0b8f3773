"""The samples that ship with the package: where they lie, and how one becomes a working project."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Final

from recon.errors import UsageError

SHOWCASE: Final = "pos_week"
_PACKAGE: Final = Path(__file__).resolve().parents[1]
_PLACES: Final = (_PACKAGE / "samples", _PACKAGE.parent / "data" / "samples")


def samples_folder() -> Path:
    """Return where the samples lie: inside the installed package, or in the source tree."""
    for place in _PLACES:
        if place.is_dir():
            return place
    raise UsageError(
        "expected the samples beside the package, found none",
        fix="install the package again: they are part of it",
    )


def sample_names() -> tuple[str, ...]:
    """Return the names of the samples."""
    return tuple(sorted(path.name for path in samples_folder().iterdir() if path.is_dir()))


def copy_sample(name: str, folder: Path) -> Path:
    """Copy a sample into `folder`, which must be new or empty; return its rule file."""
    if name not in sample_names():
        raise UsageError(
            f"expected the name of a sample, found {name!r}",
            fix=f"write one of {', '.join(sample_names())}",
        )
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            f"expected a new or empty folder, found files in {folder}", fix="name another folder"
        )
    shutil.copytree(samples_folder() / name, folder, dirs_exist_ok=True)
    return folder / "recon.toml"


def sample_nights(folder: Path) -> tuple[date, ...]:
    """Return the business dates for which a sample has files."""
    return tuple(
        date.fromisoformat(path.name)
        for path in sorted((folder / "inbox").iterdir())
        if path.is_dir()
    )
