"""`recon inspect FOLDER`: every file of a folder, each read alone, as one table."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from recon.core.texts import inert

if TYPE_CHECKING:
    from recon.io.loading.load import Loaded

_REASONS = 3  # first reasons for rejects, or notes, that a line of the table shows
_UNPROVED = "it states no totals or balances that its rows could be compared with"
_COLUMNS = ("file", "format", "rows", "rejected", "controls", "state", "why")


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One file and what became of it."""

    file: str  # relative to the folder
    format: str  # none: no format knows it; several: which ones `why` says
    rows: int
    rejected: int
    controls_agreed: int
    controls_declared: int
    state: str  # a state of `inputs`, or UNKNOWN when no format was found
    why: str  # the message of a refusal or hold, the first reasons for rejects, what proves nothing

    def cells(self) -> list[str]:
        """Return the file as a row of `_COLUMNS`."""
        controls = f"{self.controls_agreed}/{self.controls_declared}"
        shown = controls if self.controls_declared else ""
        counts = [str(self.rows), str(self.rejected), shown]
        return [self.file, self.format, *counts, self.state, self.why]


def survey(folder: Path, day: date | None = None) -> list[Surveyed]:
    """Read each file below a folder alone, in the order of their paths; nothing is kept."""
    from recon.io.reading.mask import mask_texts

    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = mask_texts([str(path.relative_to(folder)) for path in paths])
    return [_surveyed(path, name, day) for path, name in zip(paths, names, strict=True)]


def _surveyed(path: Path, name: str, day: date | None) -> Surveyed:
    """Recognise one file and read it with the format that it has."""
    from recon.errors import InputError
    from recon.io.one_file import formats_of, read_alone, unknown
    from recon.io.reading.contract import Options

    with tempfile.TemporaryDirectory(prefix="recon-") as scratch:
        try:
            found = formats_of(path, Path(scratch))
        except InputError as error:
            return _unread(name, "none", "REFUSED", error.message())
        if len(found) != 1:
            word = "several" if found else "none"
            why = " or ".join(found) or unknown(path, Path(scratch))
            return _unread(name, word, "UNKNOWN", why)
        loaded = read_alone(path, found[0], Options(), day or day_of(path), Path(scratch))
    return _told(name, found[0], loaded)


def _unread(name: str, word: str, state: str, why: str) -> Surveyed:
    """Return a file that was not read."""
    return Surveyed(name, word, 0, 0, 0, 0, state, _one_line(why))


def _told(name: str, form: str, loaded: Loaded) -> Surveyed:
    """Return what reading a file gave."""
    item = loaded.inputs.row(0, named=True)
    controls = json.loads(item["controls"] or "[]")
    return Surveyed(
        file=name,
        format=form,
        rows=item["rows"] or 0,
        rejected=item["rejected"] or 0,
        controls_agreed=sum(control["agrees"] for control in controls),
        controls_declared=len(controls),
        state=item["state"],
        why=_one_line(item["message"] or "")
        or _first_reasons(loaded)
        or _one_line("; ".join(_noted(item["state"], loaded))),
    )


def _noted(state: str, loaded: Loaded) -> list[str]:
    """Return what does not stop a file and should be known of it."""
    unproved = [] if state == "ACCEPTED" else [_UNPROVED]
    return [*unproved, *loaded.notes[:_REASONS]]


def _first_reasons(loaded: Loaded) -> str:
    """Return the first reasons for rejects, each with the record that it stands at."""
    refused = loaded.rejects.sort("record_no").head(_REASONS)
    pairs = zip(refused["record_no"], refused["reasons"], strict=True)
    return "; ".join(f"record {number}: {_one_line(reasons[0])}" for number, reasons in pairs)


def _one_line(text: str) -> str:
    """Return a message on one line."""
    return " ".join(text.split())


def day_of(path: Path) -> date:
    """Return the day on which a file was written, for dates without a year."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()


def survey_text(found: Sequence[Surveyed], how: str) -> str:
    """Return the table as `md`, `csv`, `json` or `table`, or `counts`: one line a format."""
    if how == "json":
        return inert.json_text([asdict(item) for item in found])
    rows = [list(_COLUMNS), *(item.cells() for item in found)]
    if how == "csv":
        text = io.StringIO()
        cells = [[inert.cell(cell) for cell in row] for row in rows]
        csv.writer(text, lineterminator="\n").writerows(cells)
        return text.getvalue().rstrip("\n")
    if how == "counts":
        return "\n".join([*_markdown(_by_format(found)), "", _counts(found)])
    if how == "md":
        return "\n".join([*_markdown(rows), "", _counts(found)])
    from recon.report.summary.text import table

    return "\n".join([*table(rows, right=(2, 3)), "", _counts(found)])


def _by_format(found: Sequence[Surveyed]) -> list[list[str]]:
    """Return how many files, in which states, and how many rows there are of each format."""
    states = sorted({item.state for item in found})
    rows = [["format", "files", *states, "rows", "rejected", "controls agreed"]]
    for form in sorted({item.format for item in found}):
        of_it = [item for item in found if item.format == form]
        count = Counter(item.state for item in of_it)
        agreed = sum(item.controls_agreed for item in of_it)
        declared = sum(item.controls_declared for item in of_it)
        counts = [str(len(of_it)), *(str(count[state] or "") for state in states)]
        sums = [str(sum(item.rows for item in of_it)), str(sum(item.rejected for item in of_it))]
        rows.append([form, *counts, *sums, f"{agreed} of {declared}" if declared else ""])
    return rows


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as a Markdown table, the first one its head."""
    shown = [[inert.one_line(cell).replace("|", "\\|") for cell in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in shown]
    return [lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]


def _counts(found: Sequence[Surveyed]) -> str:
    """Return how many files stand in each state."""
    states = Counter(item.state for item in found)
    told = ", ".join(f"{state} {count}" for state, count in sorted(states.items()))
    rows = sum(item.rows for item in found)
    rejected = sum(item.rejected for item in found)
    return f"{len(found):,} files: {told}; {rows:,} rows, {rejected:,} rejected"
