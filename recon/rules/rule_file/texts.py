"""Texts of the rule file that have a grammar of their own, checked when the file is read.

What is wrong here would otherwise be met in the middle of a night: a pattern that no engine reads,
a hole that nothing fills, a currency that does not exist.
"""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
from pydantic import AfterValidator, Field

from recon.core.money import CURRENCIES, MAX_MINOR
from recon.core.schema import TRANSACTIONS
from recon.core.times import compile_patterns
from recon.errors import ReconError
from recon.rules.days.cycles import check_hours, parse_cycle, plain_name
from recon.rules.rule_file.toml_lines import suggestion

DATE_HOLE = re.compile(r"\{date(?::([^{}]*))?\}")
COLUMN_HOLE = re.compile(r"\{([a-z_]+)(?::([^{}]*))?\}")
GROUP_HOLE = re.compile(r"\{(\d+)\}")
_DIRECTIVE = re.compile(r"%-?(.?)")
_DIRECTIVES = "YymdjGVHMS%"  # numbers only: names of months and days depend on the machine
_GIVEN = ("txn_id", "side", "source", "file_id", "record_no", "byte_start", "byte_end")
_NOT_YET = (*_GIVEN, "fingerprint", "clearing", "kind", "state")
_SHOWN = 60  # characters of an engine's complaint


def _paths(templates: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """Refuse what is no path among one or several."""
    for template in (templates,) if isinstance(templates, str) else templates:
        _check_path(template)
    return templates


def _check_path(template: str) -> None:
    """Refuse a path with a hole that the business date does not fill."""
    for hole in DATE_HOLE.finditer(template):
        _check_date_format(hole[1] or "%Y")
    rest = DATE_HOLE.sub("", template)
    if not template.strip() or "\0" in template:
        raise ValueError(f"expected a path, found {template!r}")
    if "{" in rest or "}" in rest:
        message = (
            f"expected braces around the business date only, found {template!r}; "
            "write {date} or, for instance, {date:%Y%m%d}"
        )
        raise ValueError(message)


def _check_date_format(text: str) -> None:
    """Refuse a date format that would print something else than numbers of a date."""
    for directive in _DIRECTIVE.finditer(text):
        if not directive[1] or directive[1] not in _DIRECTIVES:
            message = (
                f"{directive[0]!r} is no part of a date; "
                "write %Y (2026), %y (26), %m, %d, %j (day of the year), %-m or %-d (no zero)"
            )
            raise ValueError(message)


def _derived(template: str) -> str:
    """Refuse a template with a hole that no column fills."""
    columns = {name: kind for name, kind in TRANSACTIONS.schema.items() if name not in _NOT_YET}
    for name, form in COLUMN_HOLE.findall(template):
        if name not in columns:
            hint = suggestion(name, columns) or f"; known here: {', '.join(columns)}"
            raise ValueError(f"template {template!r}: no column is {name!r}{hint}")
        if form and not columns[name].is_temporal():
            message = f"template {template!r}: only dates have a format; write {{{name}}}"
            raise ValueError(message)
        _check_date_format(form)
    rest = COLUMN_HOLE.sub("", template)
    if "{" in rest or "}" in rest:
        message = (
            f"template {template!r}: expected braces around a column only, for instance "
            "{merchant_id}-{clearing_date:%Y%m%d}"
        )
        raise ValueError(message)
    return template


def groups_of(pattern: str) -> int:
    """Return how many groups a regular expression has; ValueError for one that is none."""
    try:
        found = pl.Series([""]).str.extract_groups(pattern).dtype
    except pl.exceptions.ComputeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.startswith("error: ")]
        why = lines[0].removeprefix("error: ") if lines else "it is too large"
        shown = pattern if len(pattern) <= _SHOWN else f"{pattern[:_SHOWN]}…"
        message = (
            f"not a regular expression: {why}; found {shown!r} (neither looking around nor going "
            "back to a group is possible)"
        )
        raise ValueError(message) from error
    assert isinstance(found, pl.Struct)
    return len(found.fields)


def _regex(pattern: str) -> str:
    """Refuse a pattern that the engine does not read."""
    groups_of(pattern)
    return pattern


def _currency(code: str) -> str:
    """Refuse a currency that ISO 4217 does not list."""
    if code not in CURRENCIES:
        hint = suggestion(code, CURRENCIES)
        hint = "; write 'CNY'" if code in ("RMB", "CNH") else hint
        raise ValueError(f"{code!r} is not an active ISO 4217 code, for instance CNY{hint}")
    return code


def _zone(zone: str) -> str:
    """Refuse an unknown time zone."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"{zone!r} is not an IANA time zone, for instance Asia/Shanghai"
        raise ValueError(message) from error
    return zone


def _cycle(text: str) -> str:
    """Refuse a settlement cycle that nobody can count."""
    try:
        parse_cycle(text)
    except ReconError as error:
        raise ValueError(f"{error.problem}; {error.fix}") from error
    return text


def _hours(text: str) -> str:
    """Refuse hours that are none."""
    try:
        return check_hours(text)
    except ReconError as error:
        raise ValueError(f"{error.problem}; {error.fix}") from error


def _payer(name: str) -> str:
    """Refuse a name with nothing in it to compare: it would be in every name."""
    if not plain_name(name):
        raise ValueError(f"expected the name of a payer as the bank writes it, found {name!r}")
    return name


def _time_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse patterns of times that name no day."""
    try:
        compile_patterns(patterns)
    except ReconError as error:
        raise ValueError(f"{error.problem}; {error.fix}") from error
    return patterns


DatedPaths = Annotated[str | tuple[str, ...], AfterValidator(_paths)]
Template = Annotated[str, AfterValidator(_derived)]
Regex = Annotated[str, AfterValidator(_regex)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)]
CycleText = Annotated[str, AfterValidator(_cycle)]
Hours = Annotated[str, AfterValidator(_hours)]
PayerName = Annotated[str, AfterValidator(_payer)]
TimePatterns = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_time_patterns)]
ZoneName = Annotated[str, AfterValidator(_zone)]
Minor = Annotated[int, Field(ge=0, le=MAX_MINOR)]
