"""Working days: make-up workdays, overlays, the honest end of a calendar, due dates."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.errors import RuleFileError, UsageError
from recon.rules.days import published
from recon.rules.days.calendar import Calendar, Overlay, read_overlay
from recon.rules.days.cycles import parse_cycle
from recon.rules.days.published import FIRST_DAY, published_days, published_through

CHINA = Calendar("CN", authoritative_through=2026)

# The State Council's arrangement for 2026.
DAYS_OFF_2026 = [
    *(date(2026, 1, day) for day in (1, 2, 3)),
    *(date(2026, 2, day) for day in range(15, 24)),
    *(date(2026, 4, day) for day in (4, 5, 6)),
    *(date(2026, 5, day) for day in range(1, 6)),
    *(date(2026, 6, day) for day in (19, 20, 21)),
    *(date(2026, 9, day) for day in (25, 26, 27)),
    *(date(2026, 10, day) for day in range(1, 8)),
]
MAKE_UP_2026 = [
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
]


def test_year_2026_is_the_published_one():
    """Every day of 2026 is working or not as the State Council's notice says."""
    for offset in range(365):
        day = date(2026, 1, 1) + timedelta(days=offset)
        expected = day in MAKE_UP_2026 or (day not in DAYS_OFF_2026 and day.weekday() < 5)
        assert CHINA.is_working(day) is expected, day


@pytest.mark.parametrize(
    ("swiped", "cycle", "due", "why"),
    [
        (date(2018, 4, 4), "T+1", date(2018, 4, 8), "Tomb-Sweeping; Sunday 8 April makes up"),
        (date(2026, 2, 13), "T+1", date(2026, 2, 14), "make-up Saturday"),
        (date(2026, 2, 14), "T+1", date(2026, 2, 24), "Spring Festival"),
        (date(2026, 9, 30), "T+1", date(2026, 10, 8), "National Day"),
        (date(2026, 9, 30), "D+1", date(2026, 10, 1), "natural days know no holiday"),
        (date(2026, 10, 3), "T+0", date(2026, 10, 8), "a day off is paid on the next working day"),
        (date(2026, 3, 4), "T+0", date(2026, 3, 4), "a working day is paid the same day"),
        (date(2026, 10, 3), "D+0", date(2026, 10, 3), "same natural day"),
        (date(2026, 3, 4), "T+3", date(2026, 3, 9), "over a weekend"),
        (date(2026, 3, 2), "weekly:MON", date(2026, 3, 9), "a Monday waits for the next"),
        (date(2026, 3, 8), "weekly:MON", date(2026, 3, 9), "Sunday to Monday"),
        (date(2026, 9, 30), "weekly:FRI", date(2026, 10, 8), "a Friday off moves on"),
        (date(2026, 3, 31), "monthly:1", date(2026, 4, 1), "first of the next month"),
        (date(2026, 4, 1), "monthly:1", date(2026, 5, 6), "Labour Day moves the first"),
        (date(2026, 4, 3), "monthly:15", date(2026, 4, 15), "a later day of the same month"),
        (date(2025, 12, 20), "monthly:5", date(2026, 1, 5), "over the year end"),
    ],
)
def test_due_date(swiped, cycle, due, why):
    """A settlement cycle gives the due day that the calendar says."""
    parsed = parse_cycle(cycle)
    assert CHINA.due_date(swiped, parsed) == due, why
    column = CHINA.due_dates(pl.Series("clearing_date", [swiped, None, swiped]), parsed)
    assert column.to_list() == [due, None, due]
    assert column.dtype == pl.Date


@given(
    start=st.dates(date(2016, 1, 1), date(2026, 6, 1)),
    count=st.integers(0, 40),
)
def test_adding_working_days_agrees_with_walking(start, count):
    """The table gives what walking day by day gives, and counting back finds the count."""
    day = start
    if count == 0:
        while not CHINA.is_working(day):
            day += timedelta(days=1)
    for _ in range(count):
        day += timedelta(days=1)
        while not CHINA.is_working(day):
            day += timedelta(days=1)
    assert CHINA.add_working_days(start, count) == day
    if count:
        assert CHINA.business_days_between(start, day) == count
        assert CHINA.business_days_between(day, start) == -count


def test_business_ages_count_working_days():
    """An item of a holiday eve is one working day old on the first day after the holiday."""
    days = pl.Series("first_seen", [date(2026, 9, 30), None, date(2026, 10, 8)])
    assert CHINA.business_ages(days, date(2026, 10, 8)).to_list() == [1, None, 0]


def test_empty_and_null_columns_have_no_due_date():
    """No day in, no day out."""
    cycle = parse_cycle("T+1")
    for days in (pl.Series("d", [], dtype=pl.Date), pl.Series("d", [None, None], dtype=pl.Date)):
        due = CHINA.due_dates(days, cycle)
        assert due.dtype == pl.Date
        assert due.null_count() == len(days)


def test_published_years_end_with_the_last_make_up_workday():
    """A predicted year, which lists no make-up workday, does not count as published."""
    assert published_through("CN") >= 2026
    last = Calendar("CN").last_day
    assert any(
        Calendar("CN").is_working(date(last.year, 1, 1) + timedelta(days=offset))
        and (date(last.year, 1, 1) + timedelta(days=offset)).weekday() >= 5
        for offset in range(365)
    )


@pytest.mark.parametrize("ask", ["is_working", "add", "due", "ages"])
def test_past_the_published_year_is_refused(ask):
    """A question past the last published year says what was expected, found and how to fix it."""
    calls = {
        "is_working": lambda: CHINA.is_working(date(2027, 1, 4)),
        "add": lambda: CHINA.add_working_days(date(2026, 12, 31), 1),
        "due": lambda: CHINA.due_dates(pl.Series([date(2026, 12, 31)]), parse_cycle("T+1")),
        "ages": lambda: CHINA.business_ages(pl.Series([date(2026, 12, 1)]), date(2027, 1, 1)),
    }
    with pytest.raises(UsageError) as refused:
        calls[ask]()
    text = str(refused.value)
    assert "to 2026-12-31" in text
    assert "found a question about" in text
    assert "covers = [2027]" in text


def test_natural_days_need_no_published_calendar():
    """D+1 counts calendar days, so the year's end does not matter to it."""
    assert CHINA.due_date(date(2026, 12, 31), parse_cycle("D+1")) == date(2027, 1, 1)
    days = pl.Series([date(2027, 3, 1), None])
    assert CHINA.due_dates(days, parse_cycle("D+1")).to_list() == [date(2027, 3, 2), None]


def test_overlay_corrects_days_and_adds_years(tmp_path):
    """A listed day wins over the package, and a covered year is weekdays plus the listed days."""
    path = tmp_path / "overlay.toml"
    path.write_text(
        "covers = [2027]\n"
        '[[day]]\ndate = 2026-03-04\nworking = false\nreason = "bank closed"\n'
        '[[day]]\ndate = 2027-01-01\nworking = false\nreason = "New Year\'s Day"\n'
        '[[day]]\ndate = 2027-01-02\nworking = true\nreason = "make-up workday"\n',
        encoding="utf-8",
    )
    calendar = Calendar("CN", read_overlay(path), 2026)
    assert calendar.add_working_days(date(2026, 3, 3), 1) == date(2026, 3, 5)
    assert calendar.add_working_days(date(2026, 12, 31), 1) == date(2027, 1, 2)
    assert calendar.last_day == date(2027, 12, 31)


def test_overlay_years_must_follow_without_a_gap():
    """Covering 2028 alone does not make 2027 known."""
    calendar = Calendar("CN", Overlay(covers=frozenset({2028})), 2026)
    assert calendar.last_day == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("days = 1", "unknown key 'days'"),
        ("covers = ['2027']", "covers: expected a list of years"),
        ("[[day]]\ndate = '2027-01-01'\nworking = true\nreason = 'x'", "expected a date"),
        ("[[day]]\ndate = 2027-01-01\nworking = 'yes'\nreason = 'x'", "working = true or false"),
        ("[[day]]\ndate = 2027-01-01\nworking = true", "expected a reason"),
        ("[[day]]\ndate = 2027-01-01\nworking = true\nreason = 'x'\nwhy = 1", "unknown key 'why'"),
        ("[[day]]\ndate = 2027-01-01\nworking = true\nreason = 'x'\n" * 2, "stands twice"),
        ("[[day]", "expected a calendar overlay in TOML"),
    ],
)
def test_bad_overlay_is_refused(tmp_path, text, says):
    """A bad overlay names its file, its problem and the fix."""
    path = tmp_path / "overlay.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleFileError) as refused:
        read_overlay(path)
    assert says in str(refused.value)
    assert str(path) in str(refused.value)
    assert "[[day]]" in str(refused.value)


def test_unknown_country_is_refused():
    """A country without a calendar is named."""
    with pytest.raises(UsageError, match="found 'XX'"):
        published_through("XX")


@pytest.mark.parametrize("release", [None, "0.0"])
def test_days_that_are_listed_are_those_of_the_package(monkeypatch, release):
    """China's days come from the list or, where that is of another release, from the package."""
    through = published_through("CN")
    known = published_days("CN", through).copy()
    for kept in (published_through, published_days, published._listed):
        kept.cache_clear()
        monkeypatch.setattr(published, kept.__name__, kept.__wrapped__)
    if release is not None:
        monkeypatch.setattr(published, "version", lambda _package: release)
        monkeypatch.setattr(published, "_from_exceptions", None)
    else:
        monkeypatch.setattr(published, "_asked_days", None)
    assert published.published_through("CN") == through
    assert (published.published_days("CN", through) == known).all()
    assert not known[(date(2025, 1, 1) - FIRST_DAY).days]


def test_other_countries_work_without_make_up_days():
    """A country whose holidays follow from laws is known far ahead."""
    assert not Calendar("DE").is_working(date(2031, 1, 1))
