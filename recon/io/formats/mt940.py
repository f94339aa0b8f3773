"""SWIFT MT940 customer statements.

`bank_ref` is the customer reference of :61:, or the end-to-end (else customer, else batch)
reference of :86: when :61: has none; the bank's own reference ends the memo after `//`, so that
both are found. Amounts are signed: a reversed credit (RC) is money out, a reversed debit (RD) money
in. The entry date has no time and is not kept as one. Statement-level :86: texts are not rows;
their totals, where a bank writes them, are checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.formats.contract import (
    Choice,
    Constant,
    ControlTotal,
    Day,
    Fields,
    Format,
    Money,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    Text,
)
from recon.io.formats.records import Line, RowBuilder, cut_lines, refuse_row
from recon.io.formats.statement import Page, exact_minor, exponent_of, plain_text, tell_statement
from recon.io.formats.swift import (
    SIGNS,
    Balance,
    Entry,
    Field,
    cut_fields,
    field_lines,
    join_text,
    memo,
    read_balance,
    read_day,
    read_entry,
    reference,
)

COLUMNS = (
    "statement",
    "account",
    "value_date",
    "entry_date",
    "mark",
    "direction",
    "amount",
    "currency",
    "type_code",
    "customer_reference",
    "bank_reference",
    "reference",
    "memo",
)
_RECOGNISED = re.compile(
    r"^(?:\{[^\n]*\{4:)?:20:[^\n]*\n(?:(?!:(?:34F|13D?|62[FM]):)[^\n]*\n)*?:25P?:[^\n]*\n"
    r"(?:(?!:(?:34F|13D?|61|62[FM]):)[^\n]*\n)*?:60[FM]:[CD][0-9]{6}",
    re.MULTILINE,
)
_ING_SUM = re.compile(r"/SUM/([0-9]+)/([0-9]+)/([0-9]+,[0-9]*)/([0-9]+,[0-9]*)/")
_OLD_SUM = re.compile(r"D([0-9]{6})C([0-9]{6})D([0-9]+,[0-9]*)C([0-9]+,[0-9]*)")


@dataclass(slots=True)
class _Statement:
    """One message while it is read."""

    opened_by: Field
    account: str = ""
    number: str = ""
    opening: Balance | None = None
    continues: bool = False
    closing: Balance | None = None
    continued: bool = False
    entry: Entry | None = None
    taken: list[int] = field(default_factory=list)  # signed minor units
    info: list[str] = field(default_factory=list)  # statement-level :86:


class _Reader:
    """Walks over the fields of a file, a message at a time."""

    def __init__(self, name: str, reading: Reading) -> None:
        self.name = name
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.statement: _Statement | None = None
        self.pages: list[Page] = []
        self.exponents: dict[str, int] = {}

    def refused(self, problem: str, swift_field: Field, fix: str) -> InputError:
        """Return the refusal of the file for a fault at a field."""
        where = f"{self.name}, line {swift_field.first.number}"
        return InputError(problem, where=where, fix=fix, code="FILE_SCHEMA")

    def take(self, swift_field: Field) -> None:
        """Take the next field."""
        if swift_field.tag == "20":
            self.finish_statement()
            self.statement = _Statement(swift_field)
            self.count_head(swift_field)
            return
        if self.statement is None:
            problem = f":{swift_field.tag}: stands before any :20:, so no message has begun"
            raise self.refused(problem, swift_field, "ask the bank for the whole file again")
        if swift_field.tag in {"61", "86", "NS"}:
            self.take_movement(self.statement, swift_field)
        elif swift_field.tag[:2] in {"60", "62"}:
            self.take_balance(self.statement, swift_field)
        else:
            self.take_head(self.statement, swift_field)

    def count_head(self, swift_field: Field) -> None:
        """Account for a one-line field; lines that follow it belong to nothing."""
        closed = self.statement is not None and self.statement.closing is not None
        if closed:
            self.reading.trailer_lines += 1
        else:
            self.reading.header_lines += 1
        stray = field_lines(swift_field) - 1
        if stray:
            number = swift_field.first.number
            self.reading.comment_lines += stray
            self.reading.notes.append(f"line {number}: {stray} stray line(s) after it passed over")

    def take_head(self, statement: _Statement, swift_field: Field) -> None:
        """Take a field that names the statement, or one that is only told (:64:, :65:)."""
        text = swift_field.texts[0].strip()
        if swift_field.tag in {"34F", "13", "13D", "90C", "90D"}:
            problem = f":{swift_field.tag}: belongs to an MT942 interim report, not to an MT940"
            raise self.refused(problem, swift_field, "declare the source as mt942")
        if swift_field.tag in {"25", "25P"}:
            statement.account = text
        elif swift_field.tag in {"28", "28C"}:
            statement.number = text
        self.count_head(swift_field)

    def take_balance(self, statement: _Statement, swift_field: Field) -> None:
        """Take an opening or closing balance."""
        tag = swift_field.tag
        balance = read_balance(swift_field.texts[0])
        if balance is None:
            problem = f":{tag}: is not C or D, YYMMDD, currency, amount with a comma"
            raise self.refused(problem, swift_field, "ask the bank for the file again")
        if read_day(balance.day) is None:
            number = swift_field.first.number
            self.reading.notes.append(f"line {number}: balance date {balance.day} is not a day")
        if (statement.opening if tag[0:2] == "60" else statement.closing) is not None:
            raise self.refused(
                f"a second :{tag[:2]}: balance in one message", swift_field, "split the file"
            )
        self.settle(statement)
        if tag[:2] == "60":
            statement.opening, statement.continues = balance, tag == "60M"
        else:
            statement.closing, statement.continued = balance, tag == "62M"
        self.count_head(swift_field)

    def take_movement(self, statement: _Statement, swift_field: Field) -> None:
        """Take a :61: line, or the text of one, or the text of the statement."""
        if statement.closing is not None or statement.opening is None:
            if swift_field.tag == "61":
                problem = ":61: stands outside an opening and a closing balance"
                raise self.refused(problem, swift_field, "ask the bank for the file again")
            statement.info.append(join_text(swift_field.texts))
            self.reading.comment_lines += field_lines(swift_field)
            return
        if swift_field.tag == "61":
            self.settle(statement)
            statement.entry = read_entry(swift_field)
            self.reading.record_lines += field_lines(swift_field)
        elif statement.entry is None:
            self.reading.comment_lines += field_lines(swift_field)
        else:
            statement.entry.infos.append(join_text(swift_field.texts))
            statement.entry.texts.extend(swift_field.texts)
            statement.entry.last = swift_field.last
            self.reading.record_lines += field_lines(swift_field)

    def settle(self, statement: _Statement) -> None:
        """Finish the entry at hand: a row, or a reject with every reason."""
        entry, statement.entry = statement.entry, None
        if entry is None or statement.opening is None:
            return
        currency = statement.opening.currency
        minor = None
        if entry.amount:
            minor = exact_minor(entry.amount, exponent_of(currency))
            if minor is None:
                entry.reasons.append(f"amount {entry.amount} is finer than {currency} allows")
        if entry.mark in {"EC", "ED"}:
            entry.reasons.append(f"mark {entry.mark} (expected entry) belongs to MT942")
        if minor is None or entry.reasons:
            refuse_row(self.reading, entry.place, "\n".join(entry.texts), entry.reasons)
            return
        statement.taken.append(SIGNS[entry.mark] * minor)
        self.rows.add(entry.place, self.cells(statement, entry, statement.taken[-1]))

    def cells(self, statement: _Statement, entry: Entry, minor: int) -> tuple[str | None, ...]:
        """Return the cells of a row, in the order of COLUMNS."""
        assert statement.opening is not None
        currency = statement.opening.currency
        info = " ".join(text for text in entry.infos if text)
        return (
            statement.number,
            statement.account,
            entry.value_date,
            entry.entry_date or None,
            entry.mark,
            "C" if SIGNS[entry.mark] > 0 else "D",
            plain_text(minor, exponent_of(currency)),
            currency,
            entry.type_code,
            entry.customer_reference or None,
            entry.bank_reference or None,
            reference(entry, info) or None,
            memo(entry, info) or None,
        )

    def finish_statement(self) -> None:
        """Close the message at hand: it must be whole; its balances become a page."""
        statement = self.statement
        if statement is None:
            return
        missing = [
            what
            for what, there in (
                ("account (:25:)", statement.account),
                ("opening balance (:60F: or :60M:)", statement.opening),
                ("closing balance (:62F: or :62M:)", statement.closing),
            )
            if not there
        ]
        if missing:
            raise self.refused(
                f"the message has no {', no '.join(missing)}: the file is cut or not a statement",
                statement.opened_by,
                "ask the bank for the whole file again",
            )
        assert statement.opening is not None
        assert statement.closing is not None
        if statement.opening.currency != statement.closing.currency:
            problem = "opening and closing balance are in two currencies"
            raise self.refused(problem, statement.opened_by, "ask the bank for the file again")
        self.pages.append(self.page(statement, statement.opening, statement.closing))
        self.check_sums(statement, statement.opening.currency)

    def page(self, statement: _Statement, opening: Balance, closing: Balance) -> Page:
        """Return the page that a whole message makes."""
        exponent = exponent_of(opening.currency)
        self.exponents[opening.currency] = exponent
        ends = [exact_minor(balance.amount, exponent) for balance in (opening, closing)]
        if ends[0] is None or ends[1] is None:
            problem = f"a balance is finer than {opening.currency} allows"
            raise self.refused(problem, statement.opened_by, "ask the bank for the file again")
        return Page(
            statement.account,
            opening.currency,
            statement.number,
            opening.sign * ends[0],
            closing.sign * ends[1],
            sum(statement.taken),
            statement.continues,
            statement.continued,
        )

    def check_sums(self, statement: _Statement, currency: str) -> None:
        """Check the counts and sums that some banks write into the statement's own :86:."""
        exponent = exponent_of(currency)
        for info in statement.info:
            match = _ING_SUM.search(info) or _OLD_SUM.fullmatch(info)
            if match is None:
                continue
            out = [-minor for minor in statement.taken if minor < 0]
            into = [minor for minor in statement.taken if minor >= 0]
            name = f"{statement.account} {statement.number}:"
            for column, (side, taken) in enumerate((("debit", out), ("credit", into)), start=1):
                self.reading.controls.append(
                    ControlTotal(f"{name} {side} entries", int(match[column]), len(taken))
                )
                total = exact_minor(match[column + 2].replace(",", ".").rstrip("."), exponent)
                if total is not None:
                    self.reading.controls.append(
                        ControlTotal(f"{name} {side} sum", total, sum(taken), currency)
                    )


def _check_end(lines: list[Line], name: str) -> None:
    """Refuse a file whose last line begins a message that is not there."""
    last = next((line for line in reversed(lines) if line.text.strip()), None)
    if last is not None and (last.text.startswith("{") or ":20:".startswith(last.text)):
        raise InputError(
            "a further message begins here and is cut off",
            where=f"{name}, line {last.number}",
            fix="ask the bank for the whole file again",
            code="FILE_SCHEMA",
        )


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut an MT940 file into rows; raises InputError when a message is not whole."""
    encodings = (options.encoding,) if options.encoding else ("utf-8", "cp1252")
    lines = cut_lines(staged.path.read_bytes(), encodings, staged.name)
    reading.lines = len(lines)
    reader = _Reader(staged.name, reading)
    for swift_field in cut_fields(lines, reading):
        reader.take(swift_field)
    reader.finish_statement()
    if not reader.pages:
        raise InputError(
            "no :20: field, so no MT940 message",
            where=staged.name,
            fix="check which file was delivered, or declare its format",
            code="FILE_SCHEMA",
        )
    _check_end(lines, staged.name)
    tell_statement(reading, reader.pages, reader.exponents)
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the head shows a message with a reference, an account and a balance."""
    return _RECOGNISED.search(probe.text().replace("\r\n", "\n").replace("\r", "\n")) is not None


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("direction", {"C": Kind.CREDIT, "D": Kind.DEBIT}),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("account"),
        "bank_ref": Text("reference"),
        "amount_minor": Money("amount"),
        "currency": Text("currency"),
        "value_date": Day("value_date", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="mt940",
    title_en="SWIFT MT940 customer statement",
    title_zh="SWIFT MT940 银行对账单",
    side=Side.BANK,
    recognise=recognise,
    read=read,
    fields=fields,
    has_controls=True,
)
