"""Settlement cycles and the clearing day of a time."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.errors import RuleFileError
from recon.rules.days.cycles import (
    Basis,
    Cycle,
    clearing_day,
    near_the_cut,
    parse_cut_off,
    parse_cycle,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
UTC = ZoneInfo("UTC")


def utc(text, zone=SHANGHAI):
    """Return the UTC time, without a zone, of a local time."""
    local = datetime.fromisoformat(text).replace(tzinfo=zone)
    return local.astimezone(UTC).replace(tzinfo=None)


def clear(texts, cut_off, tolerance=0, zone="Asia/Shanghai"):
    """Return the clearing days and grey flags of local times."""
    times = [utc(text, ZoneInfo(zone)) for text in texts]
    series = pl.Series("occurred_at", times, dtype=pl.Datetime("us"))
    day = clearing_day(series, zone, cut_off)
    grey = near_the_cut(series, zone, cut_off, tolerance)
    return day.to_list(), grey.to_list()


@pytest.mark.parametrize("text", ["T+0", "T+1", "D+0", "D+1", "T+30", "weekly:MON", "monthly:28"])
def test_cycle_reads_back_as_written(text):
    """A cycle prints as it was written."""
    assert str(parse_cycle(text)) == text


def test_cycle_meaning():
    """Each form gives its basis and number."""
    assert parse_cycle("T+2") == Cycle(Basis.WORKING, 2)
    assert parse_cycle("weekly:SUN") == Cycle(Basis.WEEKLY, 6)
    assert parse_cycle("monthly:1") == Cycle(Basis.MONTHLY, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "T1",
        "t+1",
        "T+-1",
        "T+１",
        "T+400",
        "weekly:mon",
        "weekly:XYZ",
        "monthly:0",
        "monthly:29",
    ],
)
def test_bad_cycle_is_refused(text):
    """A cycle in another form is refused with the forms that exist."""
    with pytest.raises(RuleFileError) as refused:
        parse_cycle(text, where="recon.toml:12")
    assert f"found {text!r}" in str(refused.value)
    assert "recon.toml:12" in str(refused.value)
    assert "weekly:MON" in str(refused.value)


@pytest.mark.parametrize("text", ["24:00", "23:60", "9:00", "23.00", "２３:00", ""])
def test_bad_cut_off_is_refused(text):
    """A cut-off in another form is refused with the form to write."""
    with pytest.raises(RuleFileError, match='for instance "23:00"'):
        parse_cut_off(text)


def test_bad_zone_and_tolerance_are_refused():
    """An unknown zone and a tolerance of half a day are refused."""
    times = pl.Series([datetime(2026, 1, 1)], dtype=pl.Datetime("us"))  # noqa: DTZ001 - UTC by contract
    with pytest.raises(RuleFileError, match="found 'Asia/Nowhere'"):
        clearing_day(times, "Asia/Nowhere", "23:00")
    with pytest.raises(RuleFileError, match="found 720"):
        near_the_cut(times, "Asia/Shanghai", "23:00", 720)


@pytest.mark.parametrize(
    ("local", "cut_off", "day"),
    [
        ("2017-06-24T23:05:01", "23:00", date(2017, 6, 25)),
        ("2017-06-24T22:54:59", "23:00", date(2017, 6, 24)),
        ("2017-06-24T23:00:00", "23:00", date(2017, 6, 25)),
        ("2017-06-24T22:59:59.999999", "23:00", date(2017, 6, 24)),
        ("2017-06-25T00:00:00", "23:00", date(2017, 6, 25)),
        ("2017-06-25T00:00:00", "00:00", date(2017, 6, 25)),
        ("2017-06-24T23:59:59", "00:00", date(2017, 6, 24)),
        ("2017-06-25T01:59:59", "02:00", date(2017, 6, 24)),
        ("2017-06-25T02:00:00", "02:00", date(2017, 6, 25)),
        ("2017-06-25T11:59:59", "12:00", date(2017, 6, 25)),
        ("2017-06-25T12:00:00", "12:00", date(2017, 6, 26)),
        ("2025-12-31T23:30:00", "23:00", date(2026, 1, 1)),
        ("1969-12-31T23:30:00", "23:00", date(1970, 1, 1)),
    ],
)
def test_clearing_day(local, cut_off, day):
    """An evening cut-off begins the next day early; one after midnight ends the day late."""
    assert clear([local], cut_off) == ([day], [False])


def test_real_file_of_one_clearing_date():
    """The file of 06-25 runs from 06-24 22:59:21 to 06-25 22:59:10: its ends are grey."""
    days, grey = clear(
        [
            "2017-06-24T22:59:21",  # in the file of 06-25, 39 seconds before the nominal cut
            "2017-06-24T23:05:00",
            "2017-06-24T23:05:01",
            "2017-06-25T12:00:00",
            "2017-06-25T22:54:59",
            "2017-06-25T22:59:10",
        ],
        "23:00",
        5,
    )
    assert grey == [True, True, False, False, False, True]
    assert days[1:] == [date(2017, 6, 25)] * 5
    assert days[0] == date(2017, 6, 24)  # one day away and flagged: the file decides


def test_second_real_file():
    """The file of 07-18 runs from 07-17 23:02:01 to 07-18 23:01:56: the end is grey."""
    days, grey = clear(["2017-07-17T23:02:01", "2017-07-18T23:01:56"], "23:00", 5)
    assert grey == [True, True]
    assert days == [date(2017, 7, 18), date(2017, 7, 19)]


def test_null_time_has_no_day():
    """An unknown time has no clearing day and no flag."""
    times = pl.Series([None], dtype=pl.Datetime("us"))
    day = clearing_day(times, "Asia/Shanghai", "23:00")
    grey = near_the_cut(times, "Asia/Shanghai", "23:00", 5)
    assert day.to_list() == [None]
    assert grey.to_list() == [None]


def test_zone_with_summer_time():
    """The cut is a wall-clock time: 23:00 in Berlin is 22:00 or 21:00 UTC."""
    days, _ = clear(["2026-01-10T22:59:00", "2026-07-10T22:59:00"], "23:00", 0, "Europe/Berlin")
    assert days == [date(2026, 1, 10), date(2026, 7, 10)]


@given(
    seconds=st.lists(st.integers(-2_000_000_000, 4_000_000_000), min_size=1, max_size=20),
    minutes=st.integers(0, 1439),
    tolerance=st.integers(0, 60),
)
def test_clearing_day_agrees_with_walking_the_clock(seconds, minutes, tolerance):
    """Day and grey flag are those of plain datetime arithmetic, one time at a time."""
    times = [datetime(1970, 1, 1) + timedelta(seconds=value) for value in seconds]  # noqa: DTZ001 - UTC by contract
    series = pl.Series("t", times, dtype=pl.Datetime("us"))
    cut_off = f"{minutes // 60:02}:{minutes % 60:02}"
    day = clearing_day(series, "Asia/Tokyo", cut_off)
    grey = near_the_cut(series, "Asia/Tokyo", cut_off, tolerance)
    for time, found, flag in zip(times, day.to_list(), grey.to_list(), strict=True):
        local = time.replace(tzinfo=UTC).astimezone(ZoneInfo("Asia/Tokyo")).replace(tzinfo=None)
        cut = local.replace(hour=minutes // 60, minute=minutes % 60, second=0)
        expected = local.date()
        if minutes >= 720 and local >= cut:
            expected += timedelta(days=1)
        if minutes < 720 and local < cut:
            expected -= timedelta(days=1)
        assert found == expected
        nearest = min(abs(local - (cut + timedelta(days=shift))) for shift in (-1, 0, 1))
        assert flag == (tolerance > 0 and nearest <= timedelta(minutes=tolerance))
