"""The envelope of PayPal's reports: the first cell of a line is the kind of line.

RH, FH, SH are heads of report, file and section, CH the column names, SB a row; SF and SC end a
section, RF and RC the report, FF the file. A report with a head (RH) and no end (RF or RC) is cut,
and refused; SC, RC and FF count the rows of section, report and file.
"""

from __future__ import annotations

import csv
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from recon.errors import InputError
from recon.io.reading.contract import Probe, Reading, named_columns
from recon.io.reading.records import Line, RowBuilder, compare_count, refuse_row

_HEADERS = frozenset({"RH", "FH", "SH", "CH"})
_FOOTERS = frozenset({"SF", "SC", "RF", "RC", "FF", "FC"})
_COUNTED = {"SC": "section", "RC": "report", "FF": "file"}
_ACCOUNT = 3  # its place in an SH line
_EXACT_TIME = re.compile(r"[12][0-9]{3}(?:/[0-9]{2}){2} [0-9]{2}:[0-9]{2}:[0-5][0-9] [+-][0-9]{4}")
_FIX = "download the report again from the secure file server"


class Envelope(ABC):
    """Walks over the lines; keeps the account, the column names and the counts."""

    def __init__(
        self, name: str, reading: Reading, columns: tuple[str, ...], required: Sequence[str]
    ) -> None:
        """Begin a file; `columns` are those of the rows made, `required` those of the report."""
        self.name = name
        self.reading = reading
        self.rows = RowBuilder(columns)
        self.required = required
        self.columns: dict[str, int] = {}
        self.width = 0  # cells of a whole row
        self.account = ""
        self.counts = dict.fromkeys(_COUNTED, 0)
        self.open_since: Line | None = None  # the head of a report whose end was not seen

    @abstractmethod
    def take_row(self, line: Line, cells: list[str]) -> None:
        """Take a row, or put it among the rejects."""

    def refused(self, problem: str, line: Line | None = None) -> InputError:
        """Return the refusal of the file."""
        where = f"{self.name}, line {line.number}" if line else self.name
        return InputError(problem, where=where, fix=_FIX, code="FILE_SCHEMA")

    def refuse(self, line: Line, reasons: list[str]) -> None:
        """Put a line among the rejects."""
        refuse_row(self.reading, (line.number, line.start, line.end), line.text, reasons)

    def take(self, line: Line) -> None:
        """Take the next line."""
        try:
            cells = next(csv.reader([line.text], strict=True))
        except csv.Error as error:
            self.reading.record_lines += 1
            self.refuse(line, [f"the line is not CSV: {error}"])
            return
        kind = cells[0].strip().upper()
        if kind == "SB":
            self.reading.record_lines += 1
            if not self.columns:
                raise self.refused("a row stands before the column names (CH)", line)
            for counted in self.counts:
                self.counts[counted] += 1
            self.take_row(line, cells)
        elif kind in _HEADERS:
            self.reading.header_lines += 1
            self._take_header(kind, cells, line)
        elif kind in _FOOTERS:
            self.reading.trailer_lines += 1
            self.take_footer(kind, [cell.strip() for cell in cells], line)
        else:
            raise self.refused(
                f"a line begins with {cells[0][:20]!r}, not with a PayPal code", line
            )

    def _take_header(self, kind: str, cells: list[str], line: Line) -> None:
        """Take the account of a section, or the column names."""
        if kind == "RH":
            self.open_since = line
        elif kind == "SH":
            self.account = cells[_ACCOUNT].strip() if len(cells) > _ACCOUNT else ""
            self.begin_section()
        elif kind == "CH":
            names = [" ".join(cell.split()) for cell in cells]
            self.reading.columns = self.reading.columns or named_columns(names[1:])
            self.columns = {name: place for place, name in enumerate(names)}
            self.width = len(names)
            self.check_columns(line)

    def begin_section(self) -> None:
        """Count the rows of a section anew."""
        self.counts["SC"] = 0

    def check_columns(self, line: Line) -> None:
        """Refuse a report that lacks a column."""
        missing = [name for name in self.required if name not in self.columns]
        if missing:
            raise self.refused(f"the column names lack {', '.join(missing)}", line)

    def take_footer(self, kind: str, cells: list[str], line: Line) -> None:
        """Compare a count with the rows that were taken; a report's end ends it."""
        if kind in {"RF", "RC"}:
            self.open_since = None
        if kind in _COUNTED and len(cells) > 1:
            name = f"line {line.number} rows of the {_COUNTED[kind]}"
            compare_count(self.reading, name, cells[1], self.counts[kind])

    def close(self) -> None:
        """Refuse a file without column names, or without the end of its report."""
        if not self.columns:
            raise self.refused("there is no line of column names (CH)")
        if self.open_since is not None:
            raise self.refused(
                "expected the end (RF or RC) of the report that begins here, found none: it is cut",
                self.open_since,
            )


def names_column(probe: Probe, column: str) -> bool:
    """Return whether the first lines are PayPal headers and one of them names a column."""
    lines = probe.text().lstrip("\ufeff").splitlines()[:6]
    first = lines[0][:5].strip('"').split('"')[0].split(",")[0] if lines else ""
    return first in {"RH", "SH", "CH"} and any(
        column in line and line.lstrip('"').startswith("CH") for line in lines
    )


def utc_time(text: str) -> str | None:
    """Return `2026/01/06 00:00:30 -0800` as UTC text, None when it is not such a time."""
    if not _EXACT_TIME.fullmatch(text):
        return _moment(text)
    minute = _minute(f"{text[:17]}00{text[19:]}")  # offsets are of whole minutes
    return minute and f"{minute[:17]}{text[17:19]}"


def _moment(text: str) -> str | None:
    """Return what `utc_time` does, of anything that Python reads as such a time."""
    try:
        moment = datetime.strptime(text, "%Y/%m/%d %H:%M:%S %z")
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):
        return None


_minute = lru_cache(maxsize=4096)(_moment)  # a day of payments has 1440 minutes
