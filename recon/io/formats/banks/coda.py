"""CODA 2: the account statements of Belgian banks, 128 bytes a line.

Source: Febelfin, "Coded statement of account (CODA)", version 2. Records: 0 header, 1 old balance,
21 22 23 movement, 31 32 33 information, 4 free message, 8 new balance, 9 trailer. Amounts have
three decimals. A globalised movement (detail number 0000) is followed by its details: they are the
rows when they add up to it, else the movement itself is. Parts of a detail (type 9) are its words.

`bank_ref` is the client reference of record 22, else a structured communication (101, 102), else
the bank's reference, which ends the memo after `//`. Proof: old balance + movements = new balance,
the trailer's record count, debit and credit totals, and the chain of statements. The reason of an
R-transaction is kept. A header of version 1 is refused: its fields stand elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.reading.contract import (
    Account,
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
from recon.io.reading.records import Line, RowBuilder, refuse_row, walk, whole_number
from recon.io.reading.statement import Page, exponent_of, plain_text, rescaled, tell_statement

COLUMNS = (
    "statement",
    "account",
    "value_date",
    "entry_date",
    "transaction_code",
    "direction",
    "amount",
    "currency",
    "bank_reference",
    "reference",
    "memo",
    "counterparty",
    "reason",
)
WIDTH = 128
_DECIMALS = 3
_COUNTED = frozenset({"1", "21", "22", "23", "31", "32", "33", "8"})
_BALANCES = 2  # records of a statement without movements
_RECOGNISED = re.compile(r"0000[0-9]{7}[0-9 ]{3}05[D ]")
_FIX = "ask the bank for the whole file again"


@dataclass(slots=True)
class _Movement:
    """A 21 record with the 22, 23 and 3x records that belong to it; amount in thousandths."""

    lines: list[Line]
    sequence: str
    detail: str
    thousandths: int
    value_date: str
    entry_date: str
    code: str
    bank_reference: str
    structured: str
    message: str
    client_reference: str = ""
    return_reason: str = ""
    party: str = ""
    name: str = ""
    reasons: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Statement:
    """One statement while it is read: header to trailer."""

    account: str = ""
    currency: str = "EUR"
    number: str = ""
    opening: int | None = None
    closing: int | None = None
    movements: list[_Movement] = field(default_factory=list)  # of the sequence number at hand
    records: int = 0
    debits: int = 0  # thousandths, of movements that are no details
    credits: int = 0
    moved: int = 0  # of the rows; what is finer than the currency is a reject and moves nothing


class _Reader:
    """Walks over the lines of a file, a statement at a time."""

    def __init__(self, name: str, reading: Reading) -> None:
        self.name = name
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.statement: _Statement | None = None
        self.pages: list[Page] = []
        self.exponents: dict[str, int] = {}
        self.said = blake2b()  # what the statement at hand says
        self.seen: set[bytes] = set()

    def refused(self, problem: str, line: Line | None = None) -> InputError:
        """Return the refusal of the file."""
        where = f"{self.name}, line {line.number}" if line else self.name
        return InputError(problem, where=where, fix=_FIX, code="FILE_SCHEMA")

    def take(self, line: Line) -> None:
        """Take the next line."""
        text = line.text.ljust(WIDTH)
        kind = text[:2] if text[0] in "23" else text[0]
        if len(text) != WIDTH:
            raise self.refused(f"the line has {len(line.text)} characters, not {WIDTH}", line)
        if (kind == "0") != (self.statement is None):
            raise self.refused(f"record {kind} stands where a statement {self.expected()}", line)
        if self.statement is None:
            if text[127] != "2":
                raise self.refused(f"expected version 2 in the header, found {text[127]!r}", line)
            self.statement = _Statement()
            self.reading.header_lines += 1
            return
        self.statement.records += kind in _COUNTED
        self.said.update(text.encode())
        if kind in {"21", "22", "23", "31", "32", "33"}:
            self.take_movement(self.statement, kind, text, line)
        elif kind == "1":
            self.reading.header_lines += 1
            self.open(self.statement, text, line)
        elif kind == "4":
            self.reading.comment_lines += 1
        elif kind == "8":
            self.reading.trailer_lines += 1
            self.statement.closing = self.signed(text[41], text[42:57], line)
        elif kind == "9":
            self.reading.trailer_lines += 1
            self.close(self.statement, text, line)
        else:
            raise self.refused(f"a line begins with {text[:2]!r}, which is no CODA record", line)

    def expected(self) -> str:
        """Return what the statement at hand expects, in words."""
        return "has not begun (0)" if self.statement is None else "has not ended (9)"

    def signed(self, mark: str, digits: str, line: Line) -> int:
        """Return thousandths: mark 0 is credit, 1 is debit."""
        if mark not in "01" or not (digits.isascii() and digits.isdigit()):
            raise self.refused(f"{mark}{digits} is not a sign and fifteen digits", line)
        return -int(digits) if mark == "1" else int(digits)

    def open(self, statement: _Statement, text: str, line: Line) -> None:
        """Take the old balance: account, currency, statement number."""
        structure = text[1]
        place = slice(5, 17) if structure == "0" else slice(5, 39)
        currency = text[18:21] if structure == "0" else text[39:42]
        statement.account = text[place].strip().split(" ")[0]
        statement.currency = currency.strip() or "EUR"
        statement.number = f"{text[2:5]} of {text[58:64]}"
        statement.opening = self.signed(text[42], text[43:58], line)

    def take_movement(self, statement: _Statement, kind: str, text: str, line: Line) -> None:
        """Take a movement record, or one that goes on with the movement before it."""
        self.reading.record_lines += 1
        if statement.opening is None or statement.closing is not None:
            raise self.refused(f"record {kind} stands outside the two balances", line)
        if kind == "21":
            movement = _movement(text, line)
            if statement.movements and statement.movements[0].sequence != movement.sequence:
                self.settle(statement)
            if not _is_part(movement, statement.movements):
                statement.movements.append(movement)
                return
            statement.movements[-1].lines.append(line)
            statement.movements[-1].message += f" {movement.message}"
            return
        if not statement.movements or statement.movements[-1].sequence != text[2:6]:
            raise self.refused(f"record {kind} belongs to no movement before it", line)
        movement = statement.movements[-1]
        movement.lines.append(line)
        if kind == "22":
            movement.message += text[10:63]
            movement.client_reference = movement.client_reference or text[63:98].strip()
            movement.return_reason = movement.return_reason or text[113:117].strip()
        elif kind == "23":
            name = text[47:82].strip()
            movement.name = movement.name or name
            movement.party = movement.party or " ".join(f"{text[10:47]} {name}".split())
            movement.message += text[82:125]
        else:
            movement.message += " " + text[40:113] if kind == "31" else " " + text[10:115]

    def settle(self, statement: _Statement) -> None:
        """Make rows of the movements of one sequence number."""
        for movement in statement.movements:
            if movement.detail == "0000":
                statement.debits -= min(movement.thousandths, 0)
                statement.credits += max(movement.thousandths, 0)
        for movement in _rows_of(statement.movements):
            if rescaled(movement.thousandths, _DECIMALS, statement.currency) is not None:
                statement.moved += movement.thousandths
            self.take_row(statement, movement)
        statement.movements.clear()

    def close(self, statement: _Statement, text: str, line: Line) -> None:
        """Take the trailer: the statement must be whole; its totals are compared."""
        if statement.opening is None or statement.closing is None:
            raise self.refused("the statement lacks its old (1) or new (8) balance", line)
        said, self.said = self.said.digest(), blake2b()
        if statement.records > _BALANCES and said in self.seen:
            raise self.refused("the same statement stands in the file already", line)
        self.seen.add(said)
        name = f"{statement.account}, {statement.number}:"
        self.settle(statement)
        totals = (
            ("debit total", text[22:37], statement.debits),
            ("credit total", text[37:52], statement.credits),
        )
        count = whole_number(text[16:22].strip())
        if count is not None:
            self.reading.controls.append(ControlTotal(f"{name} records", count, statement.records))
        for what, digits, computed in totals:
            if not (digits.isascii() and digits.isdigit()):
                raise self.refused(f"the trailer's {what} {digits!r} is not a number", line)
            self.control(f"{name} {what}", int(digits), computed, statement.currency)
        self.page(statement, statement.moved)
        self.statement = None

    def control(self, name: str, declared: int, computed: int, currency: str) -> None:
        """Note a control; thousandths become minor units where they are whole."""
        units = [rescaled(value, _DECIMALS, currency) for value in (declared, computed)]
        if units[0] is None or units[1] is None:
            self.reading.controls.append(ControlTotal(f"{name} (thousandths)", declared, computed))
        else:
            self.reading.controls.append(ControlTotal(name, units[0], units[1], currency))

    def page(self, statement: _Statement, moved: int) -> None:
        """Note the balances as a page."""
        assert statement.opening is not None
        assert statement.closing is not None
        opening, closing, entries = (
            rescaled(value, _DECIMALS, statement.currency)
            for value in (statement.opening, statement.closing, moved)
        )
        if opening is None or closing is None or entries is None:
            raise self.refused(f"a balance is finer than {statement.currency} allows")
        self.exponents[statement.currency] = exponent_of(statement.currency)
        self.pages.append(
            Page(statement.account, statement.currency, statement.number, opening, closing, entries)
        )

    def take_row(self, statement: _Statement, movement: _Movement) -> None:
        """Take a movement: a row, or a reject with every reason."""
        first, last = movement.lines[0], movement.lines[-1]
        place = (first.number, first.start, last.end)
        minor = rescaled(movement.thousandths, _DECIMALS, statement.currency)
        if minor is None:
            movement.reasons.append(f"the amount is finer than {statement.currency} allows")
        if minor is None or movement.reasons:
            text = "\n".join(line.text.rstrip() for line in movement.lines)
            refuse_row(self.reading, place, text, movement.reasons)
            return
        references = (movement.client_reference, movement.structured, movement.bank_reference)
        words = [movement.party, " ".join(movement.message.split())]
        words.append(f"//{movement.bank_reference}" if movement.bank_reference else "")
        self.rows.add(
            place,
            (
                statement.number,
                statement.account,
                movement.value_date,
                movement.entry_date or None,
                movement.code,
                "C" if minor >= 0 else "D",
                plain_text(minor, exponent_of(statement.currency)),
                statement.currency,
                movement.bank_reference or None,
                next((text for text in references if text), None),
                " ".join(word for word in words if word) or None,
                movement.name or None,
                movement.return_reason or None,
            ),
        )


def _movement(text: str, line: Line) -> _Movement:
    """Return what a 21 record says; what is wrong with it becomes reasons."""
    digits, mark = text[32:47], text[31]
    movement = _Movement(
        [line],
        text[2:6],
        text[6:10],
        0,
        _day(text[47:53]),
        _day(text[115:121]),
        text[53:61].strip(),
        text[10:31].strip(),
        text[65:77] if text[61:65] in {"1101", "1102"} else "",
        text[62:115],
    )
    if mark not in "01" or not (digits.isascii() and digits.isdigit()):
        movement.reasons.append(f"{mark}{digits} is not a sign (0, 1) and fifteen digits")
    else:
        movement.thousandths = -int(digits) if mark == "1" else int(digits)
    if not movement.value_date:
        if text[47:53] in {"000000", "      "}:
            movement.value_date = movement.entry_date
        if not movement.value_date:
            movement.reasons.append(f"value date {text[47:53]} is not a day (DDMMYY)")
    return movement


def _is_part(movement: _Movement, before: list[_Movement]) -> bool:
    """Return whether a movement is a part (type 9) of the detail (type 7) before it."""
    return movement.code[:1] == "9" and bool(before) and before[-1].code[:1] == "7"


def _day(text: str) -> str:
    """Return the day of DDMMYY, '' when there is none."""
    try:
        return date(2000 + int(text[4:6]), int(text[2:4]), int(text[:2])).isoformat()
    except ValueError:
        return ""


def _rows_of(movements: list[_Movement]) -> list[_Movement]:
    """Return the details of one movement where they add up to it, else the movement."""
    if not movements or movements[0].detail != "0000":
        return list(movements)
    parent, *details = movements
    total = sum(detail.thousandths for detail in details)
    return details if details and total == parent.thousandths else [parent]


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a CODA file into rows; raises InputError when a statement is not whole."""
    reader = _Reader(staged.name, reading)
    yield from walk(staged, options, reading, reader)
    if reader.statement is not None or not reader.pages:
        raise reader.refused("the file does not end with a trailer (9): it is cut or not CODA")
    tell_statement(reading, reader.pages, reader.exponents)
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the first line is a CODA header."""
    line = probe.text().lstrip("\ufeff").split("\n", 1)[0].rstrip("\r")
    return len(line) <= WIDTH and _RECOGNISED.match(line) is not None


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("direction", {"C": Kind.CREDIT, "D": Kind.DEBIT}),
        "state": Constant(State.SUCCESS),
        "merchant_id": Account("account"),
        "bank_ref": Text("reference"),
        "product": Text("transaction_code"),
        "amount_minor": Money("amount"),
        "currency": Text("currency"),
        "value_date": Day("value_date", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
        "counterparty": Text("counterparty"),
        "attributes.reason": Text("reason"),
    }


FORMAT = Format(
    name="coda",
    title_en="CODA 2 statement (Belgium)",
    title_zh="CODA 2 银行对账单（比利时）",
    side=Side.BANK,
    recognise=recognise,
    read=read,
    fields=fields,
    has_controls=True,
)
