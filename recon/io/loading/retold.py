"""The same money twice in the files of one night: found by the rows, counted once, said aloud.

A file that was joined with itself is HELD: two in five of its rows stand in it before.

Files of one source: a day's bill beside the month's, a file packed or named anew, a range that
overlaps another, a summary beside its details. A file whose every row stands in another one is a
DUPLICATE; single rows with a reference of their own are left out later (outcome RESENT); where
nothing tells a repeated row from an equal one, or the same payments are told in other words, the
file is HELD. `equal_rows = "distinct"` of the source says that equal rows are different money.

Files of one account in several bank formats: a notification or an intraday report tells bookings
that the statement tells too, so the statement counts; of two statements the richer format does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import InputState, Side, State
from recon.core.plan import InputFile, key_name
from recon.io.loading.load_file import Part
from recon.io.reading.contract import Options

FEW = 3  # so many equal rows without a reference are no accident
_REFERENCES = {
    Side.MERCHANT: ("order_id",),
    Side.CHANNEL: ("channel_ref", "rrn"),
    Side.BANK: ("bank_ref",),
}
# Formats that tell the bookings of a bank account; the first one counts where several tell a day.
_ACCOUNT_FORMATS = (
    *("camt053", "mt940", "coda", "norma43", "bai2", "ofx"),
    *("camt052", "mt942", "camt054"),
)
_MIX = np.uint64(0x9E3779B97F4A7C15)

Judgement = tuple[InputState, str]


@dataclass(frozen=True, slots=True)
class Told:
    """One file that was read and is about to count."""

    file: InputFile
    options: Options
    part: Part


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is compared of a file: one entry a row."""

    name: str
    prints: NDArray[np.int64]  # content and place among equal rows; the same in any file
    named: NDArray[np.bool_]  # has a reference of its own
    payments: NDArray[np.uint64]  # reference, kind, amount, currency; 0 where no money moved


def judge(files: Sequence[Told]) -> dict[int, Judgement]:
    """Return state and message of the files, by position, that are not to count as they stand."""
    judged: dict[int, Judgement] = {}
    sources: dict[str, list[int]] = {}
    for position, told in enumerate(files):
        verdict = _against_itself(told)
        if verdict is None:
            sources.setdefault(told.file.source, []).append(position)
        else:
            judged[position] = verdict
    for positions in sources.values():
        if len(positions) > 1 and files[positions[0]].options.equal_rows == "resent":
            judged |= _within_source(files, positions)
    judged |= _within_account(files, [at for at in range(len(files)) if at not in judged])
    return judged


def _against_itself(told: Told) -> Judgement | None:
    """Return why a file that tells many of its rows twice is not to count; None when it is."""
    if told.file.side is Side.BANK or told.options.equal_rows != "resent":
        return None  # equal lines of a statement are different money
    again = pl.concat(list(told.part.slim.column("occurrence"))) > 0
    if again.sum() < FEW or again.sum() * 5 < 2 * len(again):
        return None
    named = _rows(told).named
    count = int((again.to_numpy() & named).sum())
    if count < FEW or count * 5 < 2 * len(again):
        return None
    return InputState.HELD, (
        f"FILE_SCHEMA: expected each row once, found {count} of {len(again)} rows to stand in the "
        "file before, with content and reference\n  fix: ask for the file as it was before it was "
        'joined with itself, or write equal_rows = "distinct" for the source if they are different '
        "money; the file is held and none of its rows is matched"
    )


def _within_source(files: Sequence[Told], positions: Sequence[int]) -> dict[int, Judgement]:
    """Judge the files of one source: the larger ones first, of equal ones by declared path."""
    ordered = sorted(positions, key=lambda at: (-files[at].part.rows, files[at].file.declared_path))
    judged: dict[int, Judgement] = {}
    counted: list[_Rows] = []
    for at in ordered:
        rows = _rows(files[at])
        verdict = _against(rows, counted)
        if verdict is None:
            counted.append(rows)
        else:
            judged[at] = verdict
    return judged


def _rows(told: Told) -> _Rows:
    """Return what is compared of a file."""
    rows = told.part.slim
    columns = ("kind", "state", "amount_minor", "currency", "fingerprint")
    slim = pl.DataFrame({name: pl.concat(list(rows.column(name))) for name in columns})
    names = [key_name((column,)) for column in _REFERENCES[told.file.side]]
    reference = np.zeros(slim.height, np.uint64)
    for name in (name for name in names if name in rows.keys):  # the first that is there
        digests = np.concatenate([piece[:, 1] for piece in rows.digests(name)])
        reference = np.where(reference == 0, digests, reference)
    named = reference != 0
    moved = named & (slim["state"] == int(State.SUCCESS)).to_numpy()
    key = reference
    for name in ("kind", "amount_minor", "currency"):
        key = (key ^ slim[name].to_numpy().astype(np.int64).view(np.uint64)) * _MIX
    payments = np.where(moved, key | np.uint64(1), np.uint64(0))
    return _Rows(told.file.declared_path, slim["fingerprint"].to_numpy(), named, payments)


def _against(rows: _Rows, counted: Sequence[_Rows]) -> Judgement | None:
    """Return why a file is not to count beside those that do; None when it is."""
    if not counted:
        return None
    count = len(rows.prints)
    same = np.isin(rows.prints, np.concatenate([other.prints for other in counted]))
    unnamed = same & ~rows.named
    if same.all() and (rows.named.all() or count >= FEW):
        where = _where(rows.prints, [other.prints for other in counted], counted)
        return InputState.DUPLICATE, _contained(count, where)
    if same.all() or (unnamed.sum() >= FEW and 2 * int(unnamed.sum()) >= int((~rows.named).sum())):
        where = _where(rows.prints, [other.prints for other in counted], counted)
        return InputState.HELD, _undecided(int(unnamed.sum()), count, where)
    moved = (rows.payments != 0) & ~same
    told = moved & np.isin(rows.payments, np.concatenate([other.payments for other in counted]))
    if told.sum() >= FEW and 2 * int(told.sum()) >= int(moved.sum()):
        where = _where(rows.payments[told], [other.payments for other in counted], counted)
        return InputState.HELD, _in_other_words(int(told.sum()), count, where)
    return None


def _where(
    wanted: NDArray[np.generic], others: Sequence[NDArray[np.generic]], counted: Sequence[_Rows]
) -> str:
    """Return the names of the files that hold some of the rows, at most three of them."""
    names = [
        other.name
        for other, found in zip(counted, others, strict=True)
        if np.isin(wanted, found).any()
    ]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004 - three names


def _contained(count: int, where: str) -> str:
    """Return the sentence about a file whose rows all stand in others."""
    return (
        f"each of its {count} rows stands in {where} as well: this money is counted once\n"
        "  fix: nothing, it is not loaded twice; if equal rows are different money, write "
        'equal_rows = "distinct" for the source'
    )


def _undecided(equal: int, count: int, where: str) -> str:
    """Return the sentence about equal rows that nothing tells apart."""
    return (
        f"FILE_SCHEMA: expected each row in one file of the source, found {equal} of {count} rows "
        f"without a reference of their own in {where} as well\n  fix: deliver files that do not "
        'overlap, or write equal_rows = "distinct" for the source if they are different money; '
        "the file is held and none of its rows is matched"
    )


def _in_other_words(equal: int, count: int, where: str) -> str:
    """Return the sentence about payments that two files tell differently."""
    return (
        f"FILE_SCHEMA: expected each payment in one file of the source, found {equal} of {count} "
        f"rows with the reference, kind and amount of rows in {where} but other content\n"
        "  fix: deliver one of the two (not a summary beside its details, not an earlier state "
        "beside a later one), or make them two sources; the file is held and none of its rows is "
        "matched"
    )


def _within_account(files: Sequence[Told], positions: Sequence[int]) -> dict[int, Judgement]:
    """Judge the files of bank accounts that come in several formats: the first format counts."""
    ranked = sorted(
        (at for at in positions if files[at].file.format in _ACCOUNT_FORMATS),
        key=lambda at: _ACCOUNT_FORMATS.index(files[at].file.format),
    )
    if len({files[at].file.format for at in ranked}) < 2:  # noqa: PLR2004 - several formats
        return {}
    judged: dict[int, Judgement] = {}
    told: dict[tuple[object, ...], tuple[str, str]] = {}  # account, currency, day -> format, file
    for at in ranked:
        form, name = files[at].file.format, files[at].file.declared_path
        days = _booked_days(files[at].part)
        again = {day: told[day][1] for day in days if day in told and told[day][0] != form}
        if again:
            whole = len(again) == len(days)
            account, _, day = min(again, key=str)
            judged[at] = _booked_again(whole, str(account), str(day), again[account, _, day])
        else:
            told.update(dict.fromkeys(days, (form, name)))
    return judged


def _booked_days(part: Part) -> list[tuple[object, ...]]:
    """Return account, currency and day of the booked rows of a file, each once."""
    booked = pl.scan_parquet(part.path).filter(
        pl.col("state").cast(pl.String) == State.SUCCESS.name,
        pl.col("merchant_id").is_not_null(),
        pl.col("value_date").is_not_null(),
    )
    days = booked.select("merchant_id", "currency", "value_date").unique().collect().rows()
    return list({(_plain_account(*day[:2]), *day[1:]): None for day in days})


def _plain_account(account: str, currency: str) -> str:
    """Return an account as all formats write it: `NL1EUR`, `/NL1` and `N L1` are NL1 in EUR."""
    return account.replace(" ", "").removesuffix(currency).strip("/")


def _booked_again(whole: bool, account: str, day: str, where: str) -> Judgement:  # noqa: FBT001 - of a judgement's words
    """Return what becomes of a file that tells bookings of a day that another format tells."""
    if whole:
        return InputState.DUPLICATE, (
            f"account {account}: every day that it tells is told by {where} as well, which counts"
            "\n  fix: nothing, this money is counted once; leave one of the two sources out"
        )
    return InputState.HELD, (
        f"FILE_SCHEMA: expected bookings of an account from one file a day, found {day} of "
        f"account {account} in {where} as well, but not every day\n  fix: deliver the statement "
        "or the report of a day, not both; the file is held and none of its rows is matched"
    )
