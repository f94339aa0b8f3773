"""Each kind of field of a format -> one canonical column; what does not parse is noted by row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recon.core import money, times
from recon.core.codes import Kind, State
from recon.core.kernels import parse_money, parse_time
from recon.core.kernels.trim import may_be_rounded, needs_trim
from recon.core.schema import TIMESTAMP, TRANSACTIONS, words
from recon.core.texts.few_words import different_words
from recon.core.texts.text import TextBuffers, arrow_text, text_buffers
from recon.errors import InputError
from recon.io.loading.repeated import repeated
from recon.io.reading.contract import (
    Account,
    Choice,
    Constant,
    Day,
    Field,
    Money,
    Options,
    RawRows,
    Text,
    Time,
)
from recon.io.reading.known_text import KnownText
from recon.io.reading.mask import mask_accounts

_STRIPPED = " \t`"
_UNKNOWN_DECIMALS = 4  # of an unknown currency: the widest, so that one fault gives one reason
_SHOWN_CHARACTERS = 60
_AS_WRITTEN = "; declare decimal_mark, thousands, symbols or full_width if the sender writes it so"
_SHOWN_WORDS = 12
_NUMBERS = frozenset(  # of a trade and of who is in it: digits matter, not their size
    (
        *("order_id", "channel_ref", "original_ref", "bank_ref", "rrn", "stan", "auth_code"),
        *("card", "batch_id", "merchant_id", "terminal_id"),
    )
)
_HALF_WIDTH = str.maketrans("０１２３４５６７８９．，－＋：／", "0123456789.,-+:/")
_ROUNDED = r"^-?[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{2,3}$"  # as a spreadsheet shows a long number


Parsed = tuple[NDArray[Any], NDArray[np.uint8]]  # values and a status for each row


class Problems:
    """The reasons found so far, by row of the batch."""

    def __init__(self) -> None:
        """Start with none."""
        self.rows: dict[int, list[str]] = {}

    def add(self, row: int, reason: str) -> None:
        """Note one more reason against a row."""
        self.rows.setdefault(int(row), []).append(reason)


class RowReader:
    """Turns the text columns of one batch into canonical columns."""

    def __init__(
        self,
        raw: RawRows,
        options: Options,
        business_date: date,
        name: str,
        problems: Problems,
        texts: KnownText | None = None,
    ) -> None:
        """Keep the batch, how to read it, and where problems are noted."""
        self._raw = raw
        self._options = options
        self._business_date = business_date
        self._name = name
        self._problems = problems
        self._texts = texts or KnownText()
        self._rows = len(raw.record_no)
        self._currency: pl.Series | None = None
        self._decimals: int | NDArray[np.int8] = 0
        self._base_currency: pl.Series | None = None

    def column(self, name: str, field: Field) -> pl.Series:
        """Return one canonical (or helper) column; null where it is absent or does not parse."""
        if isinstance(field, Text):
            text = self._text(field)
            if name in _NUMBERS and field.column in self._raw.columns:
                self._note_rounded(text, field.column)
            return mask_accounts(text) if isinstance(field, Account) else text
        if isinstance(field, Money):
            return self._base_amount(field) if name == "base_minor" else self._money(field)
        if isinstance(field, Time):
            return self._time(field)
        if isinstance(field, Day):
            return self._day(field)
        if isinstance(field, Choice):
            return self._choice(name, field)
        return self._constant(name, field)

    def currency_column(self, field: Field | None) -> pl.Series:
        """Return the currency of each row: the file's, or else the source's.

        Call it before any amount is read, because it says how many decimals amounts have.
        """
        self._currency = self._read_currency(field)
        self._decimals = self._read_decimals(self._currency)
        return self._currency

    def base_currency_column(self, field: Field) -> pl.Series:
        """Return the currency of each row's amount before exchange, null where there is none.

        Call it before that amount is read.
        """
        currency = self.column("base_currency", field)
        self._note_unknown(currency)
        self._base_currency = currency
        return currency

    def _base_amount(self, field: Money) -> pl.Series:
        """Return the amount before exchange, in minor units of its own currency."""
        assert self._base_currency is not None, "a format gives base_currency with base_minor"
        mine, own = self._decimals, self._currency
        self._currency = self._base_currency
        self._decimals = self._read_decimals(self._base_currency)
        amount = self._money(field)
        self._currency, self._decimals = own, mine
        silent = self._base_currency.is_null()
        for row in (silent & (amount.fill_null(0) != 0)).arg_true():
            self._problems.add(row, f"{field.column} is filled and its currency is empty")
        return pl.select(pl.when(~silent).then(amount)).to_series()

    def _read_decimals(self, currency: pl.Series) -> int | NDArray[np.int8]:
        """Return how many decimals amounts have: one number, or one a row."""
        only = _only_value(currency)
        if only in money.CURRENCY_NUMBER:
            return money.exponent(str(only))
        known = [code for code in currency.unique().to_list() if code in money.CURRENCY_NUMBER]
        decimals = {code: money.exponent(code) for code in known}
        if not decimals:
            return _UNKNOWN_DECIMALS
        each = currency.replace_strict(decimals, default=_UNKNOWN_DECIMALS, return_dtype=pl.Int8)
        numbers: NDArray[np.int8] = each.fill_null(_UNKNOWN_DECIMALS).to_numpy()
        return numbers

    def _read_currency(self, field: Field | None) -> pl.Series:
        """Return the currency column; a code that ISO 4217 does not list is a problem."""
        default = self._options.currency
        if field is None:
            return self._repeated(default, pl.String())
        currency = self.column("currency", field)
        if currency.null_count():
            currency = currency.fill_null(default)
        self._note_unknown(currency)
        return currency

    def _note_unknown(self, currency: pl.Series) -> None:
        """Note every row whose currency ISO 4217 does not list."""
        if _only_value(currency) in money.CURRENCY_NUMBER:
            return
        for code in currency.drop_nulls().unique().to_list():
            if code not in money.CURRENCY_NUMBER:
                for row in (currency == code).arg_true():
                    self._problems.add(
                        row,
                        f"currency {code[:_SHOWN_CHARACTERS]!r} is not an active ISO 4217 code; "
                        "expected one such as CNY",
                    )

    def _has(self, column: str, *, optional: bool) -> bool:
        """Return whether the sender has a column; one that may not be absent is then an error."""
        if column in self._raw.columns or optional:
            return column in self._raw.columns
        raise InputError(
            f"expected a column {column!r}, found {', '.join(self._raw.columns)}",
            where=self._name,
            fix="correct the column's name in the rule file, or ask the sender for the column",
            code="FILE_SCHEMA",
        )

    def _text(self, field: Text) -> pl.Series:
        """Return text, stripped, with the sender's words for null as null."""
        if not self._has(field.column, optional=field.optional):
            return self._nothing(pl.String())
        array, buffers = self._raw.columns[field.column], self._raw.buffers(field.column)
        if is_clean(buffers, field.nulls):
            series = pl.Series(array).cast(pl.String)
            self._texts.remember(series, buffers)
            return series
        return stripped_text(array, field.nulls)

    def _note_rounded(self, text: pl.Series, column: str) -> None:
        """Note every row in which a spreadsheet has rounded a number that names something."""
        buffers = self._raw.buffers(column)
        if not may_be_rounded(buffers.data, buffers.starts, buffers.ends, buffers.valid):
            return
        for row in text.str.contains(_ROUNDED).fill_null(value=False).arg_true():
            self._problems.add(
                row,
                f"{column} {text[row]!r} is a number that a spreadsheet has rounded; expected all "
                "its digits: deliver the file as it was sent, or with this column kept as text",
            )

    def _choice(self, name: str, field: Choice) -> pl.Series:
        """Return the member that each word stands for; each different word is looked up once."""
        self._has(field.column, optional=False)
        texts, indices = different_words(self._raw.buffers(field.column))
        found = [text.strip(_STRIPPED) for text in texts]
        members = [field.words.get(text, field.otherwise) for text in found]
        example = next(iter(field.words.values()), field.otherwise)
        vocabulary = Kind if isinstance(example, Kind) or name == "kind" else State
        unknown = np.array([member is None for member in members], np.bool_)
        names = [None if member is None else member.name for member in members]
        if unknown.any():
            known = ", ".join(repr(word) for word in list(field.words)[:_SHOWN_WORDS])
            expected = f"one of {known}" if known else f"words in [source.{name}s], which has none"
            for row in np.flatnonzero(unknown[indices]):
                text = found[indices[row]][:_SHOWN_CHARACTERS]
                self._problems.add(
                    int(row),
                    f"{field.column} {text!r} is not a known word; expected {expected}",
                )
        return pl.Series(names, dtype=words(vocabulary)).gather(indices)

    def _money(self, field: Money) -> pl.Series:
        """Return minor units of the row's currency."""
        if not self._has(field.column, optional=field.optional):
            return self._nothing(pl.Int64())
        texts = self._raw.buffers(field.column)
        grammar = money_grammar(field, padded=self._options.padded)
        values, status = money.parse(texts, grammar, self._decimals)
        self._read_again(texts, (values, status), partial(self._amounts_of, grammar))
        null = status == parse_money.NULL
        counted = [word for word in field.nulls if any("0" <= letter <= "9" for letter in word)]
        if counted:
            array = arrow_text(self._raw.columns[field.column])
            absent = pc.is_in(array, value_set=pa.array(counted, array.type))
            null |= absent.to_numpy(zero_copy_only=False)
        for row in np.flatnonzero((status > parse_money.NULL) & ~null):
            text = texts.text(int(row))
            if text.strip(_STRIPPED) in field.nulls:
                null[row] = True
            else:
                reason = money.reason(int(status[row]), text, grammar, self._currency_of(int(row)))
                if field.declared and status[row] == parse_money.BAD_CHARACTER:
                    reason += _AS_WRITTEN
                self._problems.add(int(row), f"{field.column} {reason}")
        return _nullable(values, null | (status != parse_money.OK))

    def _read_again(
        self, texts: TextBuffers, found: Parsed, parse: Callable[[pa.Array, list[int]], Parsed]
    ) -> Parsed:
        """Return what was found, rows refused for full-width signs read in half width."""
        values, status = found
        if not self._options.reads_full_width:
            return found
        half = {}
        for row in np.flatnonzero(status > parse_money.NULL).tolist():
            text = texts.text(row)
            if not text.isascii() and (plain := text.translate(_HALF_WIDTH)) != text:
                half[row] = plain
        if half:
            rows = list(half)
            values[rows], status[rows] = parse(pa.array(half.values(), pa.string()), rows)
        return values, status

    def _amounts_of(self, grammar: money.Grammar, texts: pa.Array, rows: list[int]) -> Parsed:
        """Return the minor units of some rows and a status for each."""
        decimals = self._decimals
        return money.parse(
            texts, grammar, decimals if isinstance(decimals, int) else decimals[rows]
        )

    def _currency_of(self, row: int) -> str:
        """Return the currency of a row, the source's where the row's own is unknown."""
        code = None if self._currency is None else self._currency[row]
        return code if code in money.CURRENCY_NUMBER else self._options.currency

    def _time(self, field: Time) -> pl.Series:
        """Return UTC times."""
        if not all(self._has(column, optional=field.optional) for column in field.columns):
            return self._nothing(TIMESTAMP)
        if len(field.columns) == 1:
            joined = self._raw.buffers(field.columns[0])
        else:
            joined = _joined([self._raw.columns[column] for column in field.columns])
        zone = field.zone or self._options.zone
        found = times.parse_utc(joined, field.patterns, zone, self._business_date)
        values, status = self._read_again(
            joined,
            found,
            lambda half, _rows: times.parse_utc(half, field.patterns, zone, self._business_date),
        )
        self._note_times(" ".join(field.columns), joined, status, field, zone)
        return _nullable(values, status != parse_time.OK).cast(TIMESTAMP)

    def _day(self, field: Day) -> pl.Series:
        """Return dates."""
        if not self._has(field.column, optional=field.optional):
            return self._nothing(pl.Date())
        texts = self._raw.buffers(field.column)
        values, status = self._read_again(
            texts,
            times.parse_days(texts, field.patterns, self._business_date),
            lambda half, _rows: times.parse_days(half, field.patterns, self._business_date),
        )
        self._note_times(field.column, texts, status, field, "")
        return _nullable(values, status != parse_time.OK).cast(pl.Date)

    def _note_times(
        self,
        column: str,
        texts: TextBuffers,
        status: NDArray[np.uint8],
        field: Time | Day,
        zone: str,
    ) -> None:
        """Note every row whose time or date does not parse."""
        for row in np.flatnonzero(status > parse_time.NULL):
            text = texts.text(int(row))[:_SHOWN_CHARACTERS]
            why = times.REASONS[int(status[row])]
            if status[row] == parse_time.NO_PATTERN:
                why = f"{why} {' or '.join(repr(pattern) for pattern in field.patterns)}"
                if field.declared:
                    why += f"; declare in {field.declared} how the sender writes it"
            elif status[row] in (parse_time.NONEXISTENT, parse_time.AMBIGUOUS):
                why = f"{why} ({zone})"
            self._problems.add(int(row), f"{column} {text!r} {why}")

    def _constant(self, name: str, field: Constant) -> pl.Series:
        """Return the same value on every row."""
        value = field.value
        if isinstance(value, Kind | State):
            return self._repeated(value.name, words(type(value)))
        return self._repeated(value, TRANSACTIONS.schema.get(name))

    def _repeated(
        self, value: str | int, dtype: pl.DataType | type[pl.DataType] | None
    ) -> pl.Series:
        """Return one value on every row."""
        return repeated(value, dtype or pl.Series([value]).dtype, self._rows)

    def _nothing(self, dtype: pl.DataType) -> pl.Series:
        """Return null on every row."""
        return repeated(None, dtype, self._rows)


def stripped_text(array: pa.Array, nulls: tuple[str, ...]) -> pl.Series:
    """Return text without spaces, tabs and back-ticks around it, and with `nulls` as null."""
    stripped = pl.Series(array).cast(pl.String).str.strip_chars(_STRIPPED)
    if not nulls:
        return stripped
    return stripped.set(stripped.is_in(list(nulls)).fill_null(value=False), None)


def _only_value(column: pl.Series) -> str | None:
    """Return the one value that a text column holds on every row; None when there is none."""
    first = column[0] if len(column) else None
    if first is None or not (column == first).all(ignore_nulls=False):
        return None
    return str(first)


def is_clean(texts: TextBuffers, nulls: tuple[str, ...]) -> bool:
    """Return whether no text has an end to strip or is as short as a word for null."""
    longest = max((len(word.encode("utf-8")) for word in nulls), default=-1)
    return not needs_trim(texts.data, texts.starts, texts.ends, texts.valid, longest)


def money_grammar(field: Money, *, padded: bool = False) -> money.Grammar:
    """Return the grammar that a money field declares."""
    return money.Grammar(
        unit=field.unit,
        decimal_mark=field.decimal_mark,
        thousands=field.thousands,
        extra_zero_decimals=field.extra_zero_decimals,
        symbols=field.symbols,
        padded=field.padded or padded,
    )


def _joined(arrays: list[pa.Array]) -> TextBuffers:
    """Return text columns joined by one space."""
    joined = pc.binary_join_element_wise(
        *(array.cast(pa.large_string()) for array in arrays),
        pa.scalar(" ", pa.large_string()),
        null_handling="replace",
        null_replacement="",
    )
    return text_buffers(joined)


def _nullable(values: NDArray[np.int64] | NDArray[np.int32], null: NDArray[np.bool_]) -> pl.Series:
    """Return numbers with nulls."""
    return pl.Series(pa.array(values, mask=null) if null.any() else values)
