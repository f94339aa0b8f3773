"""One file on its own: which formats it has, and its rows as a run would load them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from recon.core.plan import InputFile
from recon.errors import InputError
from recon.io.formats import format_named, recognised
from recon.io.loading.load import Loaded, load
from recon.io.loading.tonight import Tonight
from recon.io.reading.contract import Options, Probe
from recon.io.recognition.near_miss import near_miss
from recon.io.recognition.recognise import probe_of
from recon.io.staging.stage import stage

_NO_DAY: Final = date(1970, 1, 1)  # recognition looks at content only
_SOURCE: Final = "file"


def formats_of(path: Path, folder: Path) -> tuple[str, ...]:
    """Return the names of the formats whose content a file has; `folder` is for its copy.

    Raises InputError when the file cannot be staged or is a damaged archive.
    """
    return tuple(known.name for known in recognised(_probe(path, folder)))


def unknown(path: Path, folder: Path) -> str:
    """Return what is said of a file that no format knows: also which one it is most like."""
    return "no known format" + near_miss(_probe(path, folder))


def _probe(path: Path, folder: Path) -> Probe:
    """Return what recognition looks at."""
    return probe_of(stage(path, folder / "staging", _NO_DAY))


def format_of(path: Path, folder: Path, fix: str) -> str:
    """Return the one format whose content a file has; `fix` says how to name it otherwise.

    Raises InputError when no format fits, or more than one does.
    """
    found = formats_of(path, folder)
    if len(found) == 1:
        return found[0]
    names = " or ".join(found) or unknown(path, folder)
    raise InputError(
        f"expected the content of one known format, found {names}",
        where=path.name,
        fix=fix,
        code="FILE_SCHEMA",
    )


def read_alone(path: Path, name: str, options: Options, day: date, folder: Path) -> Loaded:
    """Load one file as a run would, with no rules but how to read it.

    day: gives the year to dates without one. folder: for the copy and the rows.
    """
    return load(
        [InputFile(_SOURCE, 0, format_named(name).side, name, path, path.name)],
        Tonight(day, folder / "work", folder / "staging", {_SOURCE: options}),
    )
