"""Every format, in the order in which recognition asks. One file a format."""

from __future__ import annotations

from recon.errors import UsageError
from recon.io.formats import camt053, mt940
from recon.io.formats.contract import Format, Probe

FORMATS: tuple[Format, ...] = (
    mt940.FORMAT,
    camt053.FORMAT,
)


def format_named(name: str) -> Format:
    """Return the format of that name; UsageError with the known names otherwise."""
    for known in FORMATS:
        if known.name == name:
            return known
    raise UsageError(
        f"expected a format name, found {name!r}",
        fix=f"write one of: {', '.join(known.name for known in FORMATS)}",
    )


def recognised(probe: Probe) -> list[Format]:
    """Return every format that takes the file for its own: none, one, or (a bug) several."""
    return [known for known in FORMATS if known.recognise(probe)]
