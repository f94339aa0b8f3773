"""A file of another night under tonight's name: known by its rows, whatever their order.

Yesterday's rows sorted anew, yesterday's file with a line put right, a bill of weeks ago: taken as
tonight's file, every row of the other side would be a break. A source whose rows tonight all
stand far from the night, or nearly all in one file of an earlier night with nothing younger
beside them, has not delivered yet. `stale_days` and `retold_percent` of the source say how far and
how many; `expected = "optional"` asks for neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from recon.core.codes import InputState, Kind
from recon.io.loading.retold import Judgement, Told
from recon.io.reading.contract import Options

FEW = 5  # so many rows of other days are no accident
_ASKED = 256  # rows that are looked for first: of a file of tonight none was told before
_BUSINESS = [int(Kind.PAYMENT), int(Kind.CREDIT), int(Kind.DEBIT)]  # of the day that they carry
_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class EarlierNight:
    """What a source told on an earlier night."""

    day: date
    paths: frozenset[str]  # of its files
    rows: pl.DataFrame  # fingerprint, day: a row each


# Source and oldest day of its rows tonight -> the earlier nights that may have told them.
EarlierNights = Callable[[str, date], Iterable[EarlierNight]]


@dataclass(frozen=True, slots=True)
class Retold:
    """How much of a source's rows an earlier night told."""

    night: EarlierNight
    known: int  # rows of tonight that the night told
    everywhere: int  # rows of tonight that any earlier night told


def own_day(zone: str) -> pl.Expr:
    """Return the day of the sender that a row belongs to, as column `day`."""
    local = pl.col("occurred_at").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return pl.coalesce("clearing_date", "value_date", local.dt.date()).alias("day")


def judge(
    files: Sequence[Told], business_date: date, nights: EarlierNights
) -> dict[int, Judgement]:
    """Return state and message of the files, by position, that belong to another night.

    A file of nothing but known rows is as good as MISSING; one with anything else in it is HELD.
    """
    judged: dict[int, Judgement] = {}
    awaited: dict[tuple[str, int], list[int]] = {}
    for position, told in enumerate(files):
        if told.options.is_due:
            awaited.setdefault((told.file.source, told.file.template), []).append(position)
    for positions in awaited.values():
        mine = [files[at] for at in positions]
        if _is_tonights(mine, business_date):
            continue
        rows = pl.concat([piece for told in mine for piece in _rows(told)])
        verdict = _far(rows, mine[0].options, business_date) or _again(
            rows, mine, business_date, nights
        )
        if verdict is not None:
            judged |= dict.fromkeys(positions, verdict)
    return judged


def _is_tonights(files: Sequence[Told], business_date: date) -> bool:
    """Return whether the first rows alone show that neither `_far` nor `_again` has a judgement."""
    options = files[0].options
    most_young = (_PPM - options.retold_ppm) * sum(told.part.slim.height for told in files)
    young, is_near = 0, False
    for rows in (piece for told in files for piece in _rows(told)):
        is_near = is_near or _is_near(rows, options, business_date)
        young += int((rows["day"] >= business_date).sum())
        if is_near and young * _PPM > most_young:
            return True
    return False


def _rows(told: Told) -> Iterator[pl.DataFrame]:
    """Yield kind, fingerprint and own day of the rows of a file, batch by batch."""
    names = ("kind", "fingerprint", "occurred_at", "clearing_date", "value_date")
    for columns in zip(*(told.part.slim.column(name) for name in names), strict=True):
        yield pl.DataFrame(list(columns)).select("kind", "fingerprint", own_day(told.options.zone))


def _is_near(rows: pl.DataFrame, options: Options, business_date: date) -> bool:
    """Return whether some row stands near the night, or on no known day."""
    reach = timedelta(days=options.stale_days)
    near = pl.col("day").is_between(business_date - reach, business_date + reach)
    return bool(rows.select(near.fill_null(value=True).any()).item())


def _far(rows: pl.DataFrame, options: Options, business_date: date) -> Judgement | None:
    """Return the judgement about rows that all stand far from the night."""
    if _is_near(rows, options, business_date) or rows["kind"].is_in(_BUSINESS).sum() < FEW:
        return None
    first, last = (rows["day"].sort()[place] for place in (0, -1))
    return InputState.HELD, (
        f"FILE_MISSING: expected rows of about {business_date}, found {rows.height} rows of "
        f"{first} to {last}\n  fix: deliver tonight's file and run the night again; put an old "
        "file under the name of its own night and run that one, or raise stale_days of the source; "
        "it is held and none of its rows is matched"
    )


def _again(
    rows: pl.DataFrame,
    files: Sequence[Told],
    business_date: date,
    nights: EarlierNights,
) -> Judgement | None:
    """Return the judgement about rows that an earlier night told."""
    options = files[0].options
    young = (rows["day"] >= business_date).sum() * _PPM
    oldest = rows["day"].min()
    if options.equal_rows == "distinct" or not isinstance(oldest, date):
        return None
    if young > (_PPM - options.retold_ppm) * rows.height:
        return None
    found = _told_by(rows["fingerprint"], nights(files[0].file.source, oldest))
    if found is None or {told.file.declared_path for told in files} & found.night.paths:
        return None  # a file that keeps its name from night to night is what it says it is
    larger = max(rows.height, found.night.rows.height)
    is_that_file = found.known * _PPM >= options.retold_ppm * larger
    path = min(found.night.paths)
    where = f"the night of {found.night.day} ({path})"
    if found.everywhere == rows.height and (is_that_file or not options.allow_empty):
        return InputState.MISSING, _nothing_else(rows.height, business_date, where)
    younger = rows["day"].max() > found.night.rows["day"].max()  # type: ignore[operator]  # dates
    if not is_that_file or younger:
        return None
    return InputState.HELD, _hardly_else(found.known, rows.height, business_date, where)


def _told_by(prints: pl.Series, nights: Iterable[EarlierNight]) -> Retold | None:
    """Return the earlier night that told most of the rows; None where none told many."""
    asked = prints.bottom_k(_ASKED)
    told = np.zeros(len(prints), bool)
    best: tuple[int, EarlierNight] | None = None
    for night in nights:
        known = night.rows["fingerprint"]
        if not asked.is_in(known.implode()).any():
            continue
        here = prints.is_in(known.implode()).to_numpy()
        told |= here
        if best is None or here.sum() > best[0]:
            best = int(here.sum()), night
    return None if best is None else Retold(best[1], best[0], int(told.sum()))


def _nothing_else(count: int, business_date: date, where: str) -> str:
    """Return the sentence about a file of an earlier night's rows."""
    return (
        f"expected rows of {business_date}, found {count} rows that {where} told, each of them"
        "\n  fix: deliver tonight's file and run the night again, or declare allow_empty = true "
        'or expected = "optional" where a night without new rows is ordinary'
    )


def _hardly_else(known: int, count: int, business_date: date, where: str) -> str:
    """Return the sentence about a file of an earlier night with some rows changed."""
    return (
        f"FILE_MISSING: expected rows of {business_date}, found {count} rows of which {known} were "
        f"told on {where}, and none of a later day\n  fix: deliver tonight's file and run the "
        "night again; if it corrects the earlier file, put it under that name and run that night "
        "again, or raise retold_percent of the source; it is held and none of its rows is matched"
    )
