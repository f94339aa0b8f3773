from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core import times
from recon.core.kernels import parse_time as kernel
from recon.errors import UsageError
from tests.oracle import times as oracle

STANDARD = ("YYYY-MM-DD hh:mm:ss",)
NIGHT = date(2026, 3, 4)
ZONES = ["UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]
ZONES += ["Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia"]


def local_times(first_year, last_year):
    """Return a strategy of naive local times."""
    first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in (first_year, last_year))
    return st.datetimes(first.replace(tzinfo=None), last.replace(tzinfo=None))


def micros(year, month, day, *clock):
    """Return UTC microseconds since 1970."""
    instant = datetime(year, month, day, *clock, tzinfo=UTC)
    return int(instant.timestamp()) * 1_000_000


def parse_one(text, patterns=STANDARD, zone="UTC", near=NIGHT):
    """Return (UTC microseconds, status)."""
    values, status = times.parse_utc(pa.array([text]), patterns, zone, near)
    return int(values[0]), int(status[0])


def test_chinese_time_is_eight_hours_ahead():
    """A Beijing time becomes UTC."""
    assert parse_one("2026-03-04 10:00:00", zone="Asia/Shanghai") == (micros(2026, 3, 4, 2), 0)


def test_documented_wechat_example_is_read_when_the_patterns_say_so():
    """Full-width colons and a missing space are literals of a declared pattern, not a guess."""
    text = "2014-11-10 16：33：45"
    assert parse_one(text)[1] == kernel.NO_PATTERN
    assert parse_one(text, (*STANDARD, "YYYY-MM-DD hh：mm：ss")) == (
        micros(2014, 11, 10, 16, 33, 45),
        0,
    )
    assert parse_one("2014-11-1016：33：45", (*STANDARD, "YYYY-MM-DDhh：mm：ss"))[1] == kernel.OK


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("2026-02-29 00:00:00", kernel.NO_SUCH_DATE),
        ("2026-13-01 00:00:00", kernel.NO_SUCH_DATE),
        ("2026-00-10 00:00:00", kernel.NO_SUCH_DATE),
        ("1969-12-31 00:00:00", kernel.NO_SUCH_DATE),
        ("2200-01-01 00:00:00", kernel.NO_SUCH_DATE),
        ("0000-00-00 00:00:00", kernel.NO_SUCH_DATE),
        ("2026-03-04 24:00:00", kernel.NO_SUCH_CLOCK),
        ("2026-03-04 23:60:00", kernel.NO_SUCH_CLOCK),
        ("2026-03-04 23:59:60", kernel.NO_SUCH_CLOCK),
        ("2026-3-4 1:00:00", kernel.NO_PATTERN),
        ("2026/03/04 10:00:00", kernel.NO_PATTERN),
        ("2026-03-04 10:00:00Z", kernel.NO_PATTERN),
        ("2026-03-04", kernel.NO_PATTERN),
        ("２026-03-04 10:00:00", kernel.NO_PATTERN),
        ("1772618400", kernel.NO_PATTERN),
        ("", kernel.NULL),
        (" \t`", kernel.NULL),
        (None, kernel.NULL),
        ("`2026-03-04 10:00:00\t", kernel.OK),
    ],
)
def test_only_declared_times_of_the_calendar(text, status):
    """A text that is no declared time of the calendar is refused, and blank is null."""
    assert parse_one(text)[1] == status
    assert status in (kernel.OK, kernel.NULL) or times.REASONS[status]


@pytest.mark.parametrize(
    ("local", "zone", "status"),
    [
        ("2026-03-08 02:30:00", "America/New_York", kernel.NONEXISTENT),
        ("2026-03-08 03:00:00", "America/New_York", kernel.OK),
        ("2026-11-01 01:30:00", "America/New_York", kernel.AMBIGUOUS),
        ("2026-11-01 02:00:00", "America/New_York", kernel.OK),
        ("1986-05-04 02:30:00", "Asia/Shanghai", kernel.NONEXISTENT),
        ("1986-09-14 01:30:00", "Asia/Shanghai", kernel.AMBIGUOUS),
        ("2011-12-30 12:00:00", "Pacific/Apia", kernel.NONEXISTENT),
    ],
)
def test_local_times_that_are_never_or_twice_are_refused(local, zone, status):
    """A local time inside a gap or an overlap of the zone is never guessed."""
    assert parse_one(local, zone=zone)[1] == status


@pytest.mark.parametrize(
    ("text", "near", "expected"),
    [
        ("1231", date(2026, 1, 1), date(2025, 12, 31)),
        ("0101", date(2025, 12, 31), date(2026, 1, 1)),
        ("0304", NIGHT, NIGHT),
        ("0229", date(2024, 3, 1), date(2024, 2, 29)),
        ("0229", date(2025, 3, 1), None),
        ("0230", NIGHT, None),
        ("0902", date(2028, 3, 3), None),  # 183 days off on either side
    ],
)
def test_date_without_a_year_is_the_nearest_one(text, near, expected):
    """MMDD takes the year that puts it nearest to the business date; a tie is refused."""
    values, status = times.parse_days(pa.array([text]), ("MMDD",), near)
    found = oracle.day_number(expected) if expected else None
    assert (int(values[0]) if status[0] == kernel.OK else None) == found


DIGITS = st.sampled_from(["0", "1", "2", "3", "5", "9", "-", ":", " ", "x", "："])


@settings(max_examples=300, deadline=None)
@given(
    local_times(1960, 2210) | st.text(DIGITS, max_size=20),
    st.sampled_from(
        [
            STANDARD,
            ("YYYY/M/D h:mm",),
            ("YYYYMMDD", "YYYY-MM-DD"),
            ("MMDDhhmmss",),
            ("YYMMDD",),
            ("DD.MM.YYYY hh:mm", "YYYY-MM-DD hh:mm:ss"),
        ]
    ),
    st.dates(date(1975, 1, 1), date(2190, 1, 1)),
)
def test_parsing_equals_datetime(moment, patterns, near):
    """Any text, by any pattern list, is what `datetime` says it is."""
    text = moment if isinstance(moment, str) else moment.strftime("%Y-%m-%d %H:%M:%S")
    for shown in (text, text[2:].replace("-", "")[:10], text.replace("-", "/")[:16], text[:10]):
        values, status = times.parse_local(pa.array([shown]), patterns, near)
        expected = oracle.parse_local(shown, patterns, near)
        found = int(values[0]) if status[0] == kernel.OK else None
        assert found == (None if expected is None else oracle.utc_micros(expected, "UTC"))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(local_times(1971, 2037), min_size=1, max_size=4),
    st.sampled_from(ZONES),
)
def test_utc_equals_zoneinfo(moments, zone):
    """Local times of any zone become the instant that `zoneinfo` gives, when it is one."""
    whole = [moment.replace(microsecond=0) for moment in moments]
    texts = pa.array([moment.strftime("%Y-%m-%d %H:%M:%S") for moment in whole])
    values, status = times.parse_utc(texts, STANDARD, zone, NIGHT)
    found = [
        int(value) if code == kernel.OK else None
        for value, code in zip(values, status, strict=True)
    ]
    assert found == [oracle.utc_micros(moment, zone) for moment in whole]


@pytest.mark.parametrize("zone", ZONES)
def test_every_half_hour_around_every_change(zone):
    """Around each change of offset in some years, every half hour is right."""
    begins, _ = times.offset_table(zone, 1986, 2026)
    steps = np.arange(-6, 7) * 1_800_000_000
    changes = begins[1:][-8:]
    local = (changes[:, None] + np.arange(-12, 15)[None, :] * 3_600_000_000).ravel()
    local = (local[:, None] + steps[None, ::6]).ravel()
    status = np.zeros(len(local), np.uint8)
    values = local.copy()
    times.to_utc(values, status, zone)
    for text, value, code in zip(local, values, status, strict=True):
        naive = datetime.fromtimestamp(int(text) // 1_000_000, UTC).replace(tzinfo=None)
        found = int(value) if code == kernel.OK else None
        assert found == oracle.utc_micros(naive, zone)


def test_unknown_zone_and_useless_pattern_are_usage_errors():
    """A zone or pattern that cannot work is refused before any row is read."""
    with pytest.raises(UsageError, match="IANA"):
        parse_one("2026-03-04 10:00:00", zone="Mars/Olympus")
    with pytest.raises(UsageError, match="month and a day"):
        times.compile_patterns(["hh:mm:ss"])


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=40)
@given(seconds=st.lists(st.integers(0, 4_000_000_000), max_size=12))
def test_wall_clocks_are_those_of_the_library(zone, seconds):
    """UTC becomes local time as `zoneinfo` has it, on either side of every change of offset."""
    found = times.to_local(np.array(seconds, np.int64) * 1_000_000, zone)
    for second, local in zip(seconds, found.tolist(), strict=True):
        wall = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
        assert local == int(wall.timestamp()) * 1_000_000


def test_the_instant_at_which_clocks_change_has_the_new_offset():
    """Berlin at 01:00 UTC on 29 March 2026 is 03:00; a microsecond before it is not yet 02:00."""
    change = int(datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()) * 1_000_000
    hours = times.to_local(np.array([change - 1, change]), "Europe/Berlin") - change
    assert hours.tolist() == [3_600_000_000 - 1, 7_200_000_000]
