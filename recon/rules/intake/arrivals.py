"""Which files tonight should bring, and which of them are there."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from recon.core.codes import InputState, Side
from recon.core.plan import DIGEST_DIGITS, InputFile
from recon.core.schema import INPUTS, conform, words
from recon.rules.days.calendar import Calendar
from recon.rules.rule_file.rule_file import RuleFile, Source

_DATE = re.compile(r"\{date(?::([^}]+))?\}")
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The files that are there, and rows of `inputs` for those that are not."""

    files: tuple[InputFile, ...]
    absent: pl.DataFrame  # schema INPUTS, states MISSING and ABSENT


def expected(rule_file: RuleFile, business_date: date, calendar: Calendar) -> Arrivals:
    """Return what every source's paths name on a business date."""
    files: list[InputFile] = []
    absent: list[dict[str, object]] = []
    for number, source in enumerate(rule_file.rules.sources):
        for place, template in enumerate(source.paths):
            declared = fill_date(template, business_date)
            found = _found(rule_file.folder, declared)
            files += [
                InputFile(
                    source.name,
                    number,
                    source.side_number,
                    source.format,
                    path,
                    _relative(path, rule_file.folder),
                    place,
                )
                for path in found
            ]
            if not found:
                absent.append(_absence(source, declared, business_date, calendar))
    return Arrivals(tuple(files), _frame(absent))


def fill_date(template: str, business_date: date) -> str:
    """Return a path template with `{date}` or `{date:%Y%m%d}` filled in."""
    return _DATE.sub(lambda hole: business_date.strftime(hole.group(1) or "%Y-%m-%d"), template)


def has_date(template: str) -> bool:
    """Return whether a path template names the business date: each night has a file of its own."""
    return _DATE.search(template) is not None


def _found(folder: Path, declared: str) -> list[Path]:
    whole = folder / declared
    if _WILD.search(declared):
        names = sorted(glob.glob(str(whole)))  # noqa: PTH207 - absolute patterns are allowed
        return [path for path in map(Path, names) if not _is_digest(path)]
    return [whole] if whole.exists() or whole.is_symlink() else []


def _is_digest(path: Path) -> bool:
    """Return whether a file is the digest of another one that lies beside it."""
    return path.suffix in DIGEST_DIGITS and path.with_suffix("").exists()


def _relative(path: Path, folder: Path) -> str:
    """Return the path as the tables tell it: a name that is no UTF-8 shows its bytes as escapes."""
    name = path.relative_to(folder) if path.is_relative_to(folder) else path
    return os.fsencode(name.as_posix()).decode("utf-8", "backslashreplace")


def is_due(source: Source, business_date: date, calendar: Calendar) -> bool:
    """Return whether a source delivers on a date."""
    if source.expected == "working_days":
        return calendar.is_working(business_date)
    return source.expected == "daily"


def _absence(
    source: Source, declared: str, business_date: date, calendar: Calendar
) -> dict[str, object]:
    due = is_due(source, business_date, calendar)
    state = InputState.MISSING if due else InputState.ABSENT
    message = (
        f"expected a file on {business_date}, found none; deliver it and run the night again, "
        f'or declare expected = "optional"'
        if due
        else "not expected today"
    )
    return {
        "source": source.name,
        "side": Side(source.side_number).name,
        "format": source.format,
        "path": declared,
        "state": state.name,
        "message": message,
    }


def _frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    if not rows:
        return INPUTS.empty()
    frame = pl.DataFrame(rows).with_columns(
        pl.col("side").cast(words(Side)),
        pl.col("state").cast(words(InputState)),
        bytes=pl.lit(0),
        lines=pl.lit(0),
        rows=pl.lit(0),
        rejected=pl.lit(0),
        controls=pl.lit("[]"),
    )
    return conform(frame, INPUTS)
