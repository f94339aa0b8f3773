"""Raw text rows -> the canonical table: the exact parsers, applied column by column.

A row that any field refuses is a reject with every reason found, and is never in the frame.

`Format.refine(frame, raw)` runs after parsing, over the rows that parsed. `frame` has every column
of `TRANSACTIONS` that a format can fill (null where it does not) and the format's helper columns
(`_...`); `raw` gives the sender's text columns by name, for the same rows. It returns the frame
with as many rows in the same order, and may add a text column `reject_reason`: a row where that is
not null becomes a reject with that reason. What is still missing is completed after it: `net_minor`
is amount - fee, `kind` goes by the sign of the amount, `state` is SUCCESS. A void or reversal that
names no original bears the number of what it undoes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from recon.core import attributes
from recon.core.codes import UNDO_KINDS, Kind, Side, State
from recon.core.money import MAX_MINOR
from recon.core.schema import TRANSACTIONS, words
from recon.io.loading.fields import Problems, RowReader
from recon.io.loading.repeated import repeated
from recon.io.reading.contract import Fields, Format, Options, RawRows, Reject
from recon.io.reading.known_text import KnownText
from recon.io.reading.mask import card_free_lines, mask_cards, mask_free_text, mask_rejects

GIVEN_AT_LOAD = ("txn_id", "side", "source", "file_id", "fingerprint")
_PLACE = ("record_no", "byte_start", "byte_end")
_MONEY = ("amount_minor", "fee_minor", "net_minor", "base_minor", "requested_minor")
_HALVES = ("credit_minor", "debit_minor")
_REJECT_REASON = "reject_reason"
_UNDOINGS = sorted(kind.name for kind in UNDO_KINDS)


@dataclass(frozen=True, slots=True)
class Context:
    """What a file's rows need to know beyond themselves."""

    business_date: date
    name: str  # of the file, for messages
    side: Side


def normalise(
    raw: RawRows,
    fmt: Format,
    fields: Fields,
    options: Options,
    context: Context,
    texts: KnownText | None = None,
) -> tuple[pl.DataFrame, list[Reject]]:
    """Return the good rows of a batch as a canonical frame, and the others with every reason.

    The frame has the columns of `TRANSACTIONS` but `GIVEN_AT_LOAD`, and the format's helper columns
    (`_...`) behind them. texts: is told of text that stays as the reader gave it. Raises InputError
    (FILE_SCHEMA) for a column that the file lacks.
    """
    problems = Problems()
    reader = RowReader(raw, options, context.business_date, context.name, problems, texts)
    frame = _parsed(raw, fields, reader, problems)
    frame, rows = _without_problems(frame, np.arange(frame.height), problems)
    if fmt.refine is not None and frame.height:
        height = frame.height
        frame = fmt.refine(frame, RawSeries(raw.columns, rows))
        assert frame.height == height, "refine must keep every row"
    _note_refused(frame, rows, problems)
    if fmt.net_is_exact:
        _note_wrong_net(frame, rows, problems)
    frame, rows = _without_problems(frame, rows, problems)
    frame = _completed(frame, context.side, options)
    _note_beyond_limit(frame, rows, problems)
    frame, rows = _without_problems(frame, rows, problems)
    frame = mask_free_text(frame).with_columns(mask_cards(frame["card"]))
    return frame.select(*_fillable(), *_helpers(frame)), _rejects(raw, fields, problems)


class RawSeries(Mapping[str, pl.Series]):
    """The sender's text columns of some rows, converted when they are asked for."""

    def __init__(self, columns: Mapping[str, pa.Array], rows: NDArray[np.int64]) -> None:
        """Keep the columns of a batch and the rows to take of them."""
        self._columns = columns
        self._rows = rows

    def __getitem__(self, name: str) -> pl.Series:
        """Return one column, the rows taken."""
        series = pl.Series(name, self._columns[name]).cast(pl.String)
        return series if len(series) == len(self._rows) else series.gather(self._rows)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the sender's column names."""
        return iter(self._columns)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._columns)


def _fillable() -> list[str]:
    """Return the canonical columns that a format fills."""
    return [name for name in TRANSACTIONS.schema if name not in GIVEN_AT_LOAD]


def _helpers(frame: pl.DataFrame) -> list[str]:
    """Return the names of helper columns."""
    return [name for name in frame.columns if name.startswith("_")]


def _parsed(raw: RawRows, fields: Fields, reader: RowReader, problems: Problems) -> pl.DataFrame:
    """Return every row of a batch parsed, null where a problem was noted."""
    fillable = set(_fillable())
    unknown = [
        name
        for name in fields
        if name not in fillable
        and name not in _HALVES
        and not name.startswith(("_", attributes.PREFIX))
    ]
    assert not unknown, f"not canonical columns: {unknown}"
    columns = {"currency": reader.currency_column(fields.get("currency"))}
    if "base_currency" in fields:
        columns["base_currency"] = reader.base_currency_column(fields["base_currency"])
    for name, field in fields.items():
        if name not in ("currency", "base_currency"):
            columns[name] = reader.column(name, field)
    if fields.keys() & set(_HALVES):
        columns["amount_minor"] = _combined(
            columns.pop("credit_minor", None), columns.pop("debit_minor", None), problems
        )
    place = {name: pl.Series(name, getattr(raw, name)) for name in _PLACE}
    rows = len(raw.record_no)
    absent = {
        name: repeated(None, dtype, rows)
        for name, dtype in TRANSACTIONS.schema.items()
        if name in fillable and name not in place and name not in columns
    }
    return pl.DataFrame({**place, **columns, **absent})


def _combined(credit: pl.Series | None, debit: pl.Series | None, problems: Problems) -> pl.Series:
    """Return credit - debit; both filled, or one below zero, is a problem, not a guess."""
    either = credit if credit is not None else debit
    assert either is not None
    empty = pl.Series([None] * len(either), dtype=pl.Int64)
    money_in = credit if credit is not None else empty
    money_out = debit if debit is not None else empty
    both = (money_in.fill_null(0) != 0) & (money_out.fill_null(0) != 0)
    for row in both.arg_true():
        problems.add(row, "credit and debit are both filled; expected one of them")
    for name, part in (("credit", money_in), ("debit", money_out)):
        for row in (part.fill_null(0) < 0).arg_true():
            problems.add(
                row, f"{name} is below zero; expected an unsigned amount in its own column"
            )
    amount = money_in.fill_null(0) - money_out.fill_null(0)
    known = money_in.is_not_null() | money_out.is_not_null()
    return pl.select(pl.when(known).then(amount)).to_series()


def _without_problems(
    frame: pl.DataFrame, rows: NDArray[np.int64], problems: Problems
) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Return the rows in which no problem was found, and which rows of the batch they are."""
    if not problems.rows:
        return frame, rows
    good = ~np.isin(rows, np.fromiter(problems.rows, np.int64, len(problems.rows)))
    if good.all():
        return frame, rows
    return frame.filter(pl.Series(good)), rows[good]


def _note_refused(frame: pl.DataFrame, rows: NDArray[np.int64], problems: Problems) -> None:
    """Note the rows that `refine` refused and those that have no amount."""
    if _REJECT_REASON in frame.columns:
        reasons = frame[_REJECT_REASON]
        for at in reasons.is_not_null().arg_true():
            problems.add(int(rows[at]), str(reasons[at]))
    if frame["amount_minor"].null_count():
        for at in frame["amount_minor"].is_null().arg_true():
            problems.add(int(rows[at]), "amount is empty; expected an amount")


def _note_wrong_net(frame: pl.DataFrame, rows: NDArray[np.int64], problems: Problems) -> None:
    """Note the rows whose stated net is not the amount less the fee."""
    parts = frame.select(pl.col("amount_minor", "fee_minor", "net_minor").cast(pl.Int128))
    wrong = parts.select(pl.col("amount_minor") - pl.col("fee_minor") != pl.col("net_minor"))
    for at in wrong.to_series().fill_null(value=False).arg_true():
        amount, fee, net = parts.row(at)
        problems.add(
            int(rows[at]),
            f"amount {amount} less fee {fee} is {amount - fee}, the stated net is {net}",
        )


def _completed(frame: pl.DataFrame, side: Side, options: Options) -> pl.DataFrame:
    """Return a frame in which net, kind, state and currency stand where the format gave none."""
    gain, loss = (Kind.CREDIT, Kind.DEBIT) if side == Side.BANK else (Kind.PAYMENT, Kind.REFUND)
    by_sign = (
        pl.when(pl.col("amount_minor") < 0)
        .then(pl.lit(loss.name, dtype=words(Kind)))
        .otherwise(pl.lit(gain.name, dtype=words(Kind)))
    )
    otherwise = {
        "net_minor": pl.col("amount_minor") - pl.col("fee_minor").fill_null(0),
        "kind": by_sign,
        "state": pl.lit(State.SUCCESS.name, dtype=words(State)),
        "currency": pl.lit(options.currency),
    }
    lacking = [name for name in otherwise if frame[name].null_count()]
    return _with_originals(frame).with_columns(
        attributes.as_text(frame), *(pl.col(name).fill_null(otherwise[name]) for name in lacking)
    )


def _with_originals(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with the original of voids and reversals that name none: their number."""
    undoing = frame["kind"].is_in(_UNDOINGS)
    if not undoing.any():
        return frame
    unnamed = undoing & frame["original_ref"].is_null()
    own = pl.coalesce("order_id", "rrn", "channel_ref")
    return frame.with_columns(
        pl.when(unnamed).then(own).otherwise("original_ref").alias("original_ref")
    )


def _note_beyond_limit(frame: pl.DataFrame, rows: NDArray[np.int64], problems: Problems) -> None:
    """Note the rows whose money is beyond what totals are proved for."""
    for name in _MONEY:
        column = frame[name]
        least, greatest = column.min(), column.max()
        if least is None or (int(least) >= -MAX_MINOR and int(greatest) <= MAX_MINOR):  # type: ignore[arg-type]  # of integers
            continue
        for at in ((column > MAX_MINOR) | (column < -MAX_MINOR)).fill_null(value=False).arg_true():
            problems.add(int(rows[at]), f"{name} {column[at]} is beyond {MAX_MINOR} minor units")


def _rejects(raw: RawRows, fields: Fields, problems: Problems) -> list[Reject]:
    """Return one reject for each row with a problem, its line masked and cut."""
    found = sorted(problems.rows.items())
    if not found:
        return []
    rows = [row for row, _ in found]
    cells = {
        name: pl.Series(column).cast(pl.String).gather(rows).to_list()
        for name, column in raw.columns.items()
    }
    texts = card_free_lines(cells, _card_columns(fields))
    rejects = [
        Reject(
            int(raw.record_no[row]),
            int(raw.byte_start[row]),
            int(raw.byte_end[row]),
            text,
            tuple(reasons),
        )
        for (row, reasons), text in zip(found, texts, strict=True)
    ]
    return mask_rejects(rejects)


def _card_columns(fields: Fields) -> frozenset[str]:
    """Return the sender's columns that hold card numbers."""
    column = getattr(fields.get("card"), "column", None)
    return frozenset({column} if column else ())
