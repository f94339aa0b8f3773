"""Times in plain Python: `datetime` and `zoneinfo`, slow and obvious."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIELDS = {
    "YYYY": ("year", "[0-9]{4}"),
    "YY": ("century_year", "[0-9]{2}"),
    "MM": ("month", "[0-9]{2}"),
    "DD": ("day", "[0-9]{2}"),
    "hh": ("hour", "[0-9]{2}"),
    "mm": ("minute", "[0-9]{2}"),
    "ss": ("second", "[0-9]{2}"),
    "M": ("month", "[0-9]{1,2}"),
    "D": ("day", "[0-9]{1,2}"),
    "h": ("hour", "[0-9]{1,2}"),
}
TOKEN = re.compile("YYYY|YY|MM|DD|hh|mm|ss|M|D|h|.", re.DOTALL)


def parse_local(text, patterns, near):
    """Return a naive datetime by the first pattern that gives one, else None."""
    stripped = text.strip(" \t`")
    for pattern in patterns:
        found = re.fullmatch(
            "".join(
                f"(?P<{FIELDS[token][0]}>{FIELDS[token][1]})"
                if token in FIELDS
                else re.escape(token)
                for token in TOKEN.findall(pattern)
            ),
            stripped,
        )
        if found is not None:
            value = _value({name: int(digits) for name, digits in found.groupdict().items()}, near)
            if value is not None:
                return value
    return None


def _value(parts, near):
    """Return the naive datetime of the parts, the year filled in by the nearest date."""
    clock = [parts.get(name, 0) for name in ("hour", "minute", "second")]
    years = [parts["year"]] if "year" in parts else []
    if "century_year" in parts:
        years = [2000 + parts["century_year"]]
    candidates = []
    for year in years or range(near.year - 1, near.year + 2):
        try:
            moment = datetime(year, parts["month"], parts["day"], *clock)  # noqa: DTZ001 - local
        except ValueError:
            continue
        if 1970 <= year <= 2199:
            candidates.append(moment)
    if years or not candidates:
        return candidates[0] if candidates else None
    away = [abs((moment.date() - near).days) for moment in candidates]
    if min(away) > 183 or away.count(min(away)) > 1:
        return None
    return candidates[away.index(min(away))]


def utc_micros(local, zone):
    """Return UTC microseconds of a naive local time, None when it exists never or twice."""
    instants = set()
    for fold in (0, 1):
        instant = local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
        if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local:
            instants.add(instant)
    if len(instants) != 1:
        return None
    return (instants.pop() - EPOCH) // timedelta(microseconds=1)


def day_number(day):
    """Return days since 1970."""
    return (day - date(1970, 1, 1)).days
