"""Norma 43 (CSB43): the account statements of Spanish banks, 80 bytes a line.

Source: AEB, "Cuaderno 43". Records: 11 account header, 22 movement, 23 words, 24 amount in the
original currency, 33 account end, 88 file end. Amounts have two decimals; mark 1 is debit, 2
credit. `bank_ref` is reference 2 of the movement, else reference 1, else the document number (a
number of zeros is none); all are in the memo. Proof: counts and sums of debits and credits, opening
+ movements = closing, and the number of records; an account end is of the account that began.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.reading.contract import (
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
from recon.io.reading.currency_numbers import CURRENCY_OF_NUMBER
from recon.io.reading.records import Line, RowBuilder, refuse_row, walk, whole_number
from recon.io.reading.statement import (
    Page,
    base_cells,
    exponent_of,
    plain_text,
    rescaled,
    tell_statement,
)

COLUMNS = (
    "account",
    "booking_date",
    "value_date",
    "concept",
    "direction",
    "amount",
    "currency",
    "reference",
    "memo",
    "base",
    "base_currency",
)
WIDTH = 80
_DECIMALS = 2
_RECOGNISED = re.compile(r"11[0-9]{18}[0-9]{12}[12][0-9]{14}[0-9]{3}[1-3 ]")
_FIX = "ask the bank for the whole file again"


@dataclass(slots=True)
class _Account:
    """One account while it is read; amounts in hundredths."""

    number: str
    currency: str
    name: str
    opening: int
    debits: list[int] = field(default_factory=list)
    credits: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Movement:
    """A 22 record with its 23 and 24 records."""

    lines: list[Line]
    hundredths: int = 0
    booking_date: str = ""
    value_date: str = ""
    concept: str = ""
    references: tuple[str, ...] = ()
    words: str = ""
    original: tuple[str, str] = ("", "")  # currency and plain amount before exchange
    reasons: list[str] = field(default_factory=list)


class _Reader:
    """Walks over the lines of a file, an account at a time."""

    def __init__(self, name: str, reading: Reading) -> None:
        self.name = name
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.account: _Account | None = None
        self.movement: _Movement | None = None
        self.pages: list[Page] = []
        self.exponents: dict[str, int] = {}
        self.records = 0
        self.ended = False

    def refused(self, problem: str, line: Line | None = None) -> InputError:
        """Return the refusal of the file."""
        where = f"{self.name}, line {line.number}" if line else self.name
        return InputError(problem, where=where, fix=_FIX, code="FILE_SCHEMA")

    def take(self, line: Line) -> None:
        """Take the next line."""
        text, code = line.text.ljust(WIDTH), line.text[:2]
        if len(text.rstrip()) > WIDTH:
            raise self.refused(f"the line has {len(line.text)} characters, not {WIDTH}", line)
        if self.ended:
            raise self.refused("a line stands behind the end of the file (88)", line)
        if (self.account is None) != (code in {"11", "88", "00"}):
            stands = "outside an account (11 ... 33)" if self.account is None else "inside one"
            raise self.refused(f"record {code} stands {stands}", line)
        self.records += code != "88"
        if code == "11":
            self.open(text, line)
        elif code == "22":
            self.settle()
            self.movement = _movement(text, line)
            self.reading.record_lines += 1
        elif code in {"23", "24"}:
            self.go_on(code, text, line)
        elif code == "33":
            self.close(text, line)
        elif code == "88":
            self.ended = True
            self.reading.trailer_lines += 1
            count = whole_number(text[20:26].strip())
            if count is None:
                found = text[20:26].strip()
                raise self.refused(
                    f"expected the number of records in the end record (88), found {found!r}", line
                )
            total = ControlTotal("records of the file", count, self.records)
            self.reading.controls.append(total)
        else:
            raise self.refused(f"a line begins with {code!r}, which is no Norma 43 record", line)

    def signed(self, mark: str, digits: str, line: Line) -> int:
        """Return hundredths: mark 1 is debit, 2 is credit."""
        if mark not in "12" or not (digits.isascii() and digits.isdigit()):
            raise self.refused(f"{mark}{digits} is not a mark (1, 2) and fourteen digits", line)
        return -int(digits) if mark == "1" else int(digits)

    def open(self, text: str, line: Line) -> None:
        """Take an account header."""
        number, currency = text[47:50], CURRENCY_OF_NUMBER.get(text[47:50], "")
        if not currency:
            raise self.refused(f"currency number {number!r} is not one of ISO 4217", line)
        opening = self.signed(text[32], text[33:47], line)
        name = f"{text[20:26]} to {text[26:32]}"
        self.account = _Account(text[2:20].strip(), currency, name, opening)
        self.reading.header_lines += 1

    def go_on(self, code: str, text: str, line: Line) -> None:
        """Take a record that belongs to the movement before it."""
        if self.movement is None:
            raise self.refused(f"record {code} belongs to no movement before it", line)
        self.reading.record_lines += 1
        self.movement.lines.append(line)
        if code == "23":
            self.movement.words += f" {text[4:80].rstrip()}"
        else:
            self.movement.words += f" original {text[4:7]} {text[7:21]}"
            currency = CURRENCY_OF_NUMBER.get(text[4:7], "")
            self.movement.original = currency, f"{text[7:19]}.{text[19:21]}"

    def settle(self) -> None:
        """Finish the movement at hand: a row, or a reject with every reason."""
        movement, self.movement = self.movement, None
        account = self.account
        if movement is None or account is None:
            return
        first, last = movement.lines[0], movement.lines[-1]
        place = (first.number, first.start, last.end)
        if rescaled(movement.hundredths, _DECIMALS, account.currency) is None:
            movement.reasons.append(f"the amount is finer than {account.currency} allows")
        if movement.reasons:
            text = "\n".join(line.text.rstrip() for line in movement.lines)
            refuse_row(self.reading, place, text, movement.reasons)
            return
        minor = movement.hundredths
        (account.debits if minor < 0 else account.credits).append(abs(minor))
        words = [" ".join(movement.words.split()), *movement.references[1:]]
        self.rows.add(
            place,
            (
                account.number,
                movement.booking_date,
                movement.value_date,
                movement.concept,
                "D" if minor < 0 else "C",
                plain_text(minor, _DECIMALS),
                account.currency,
                movement.references[0] if movement.references else None,
                " ".join(word for word in words if word) or None,
                *base_cells(-1 if minor < 0 else 1, *movement.original[::-1], account.currency),
            ),
        )

    def close(self, text: str, line: Line) -> None:
        """Take an account end: counts, sums and the closing balance are compared."""
        self.settle()
        account = self.account
        assert account is not None
        self.reading.trailer_lines += 1
        ended = text[2:20].strip(), CURRENCY_OF_NUMBER.get(text[73:76], account.currency)
        if ended != (account.number, account.currency):
            raise self.refused(
                f"expected the end (33) of account {account.number} in {account.currency}, found "
                f"that of {' in '.join(ended)}",
                line,
            )
        if not re.fullmatch("[0-9]{38}", text[20:58]):
            raise self.refused("the account end does not hold counts and sums", line)
        name = f"{account.number}, {account.name}:"
        for words, place, taken in (("debit", 20, account.debits), ("credit", 39, account.credits)):
            count, total = int(text[place : place + 5]), int(text[place + 5 : place + 19])
            self.reading.controls += [
                ControlTotal(f"{name} {words} entries", count, len(taken)),
                self.money(f"{name} {words} sum", total, sum(taken), account.currency),
            ]
        closing = self.signed(text[58], text[59:73], line)
        opening, closing_minor, entries = (
            rescaled(value, _DECIMALS, account.currency)
            for value in (account.opening, closing, sum(account.credits) - sum(account.debits))
        )
        if opening is None or closing_minor is None or entries is None:
            raise self.refused(f"a balance is finer than {account.currency} allows", line)
        self.exponents[account.currency] = exponent_of(account.currency)
        self.pages.append(
            Page(account.number, account.currency, account.name, opening, closing_minor, entries)
        )
        self.account = None

    def money(self, name: str, declared: int, computed: int, currency: str) -> ControlTotal:
        """Return a control in minor units; in hundredths where those are not whole."""
        units = [rescaled(value, _DECIMALS, currency) for value in (declared, computed)]
        if units[0] is None or units[1] is None:
            return ControlTotal(f"{name} (hundredths)", declared, computed)
        return ControlTotal(name, units[0], units[1], currency)


def _movement(text: str, line: Line) -> _Movement:
    """Return what a 22 record says; what is wrong with it becomes reasons."""
    movement = _Movement([line], booking_date=_day(text[10:16]), value_date=_day(text[16:22]))
    movement.concept = text[22:27].strip()
    found = [text[64:80].strip(), text[52:64].strip(), text[42:52].strip()]
    movement.references = tuple(dict.fromkeys(one for one in found if one.strip("0 ")))
    mark, digits = text[27], text[28:42]
    if mark not in "12" or not (digits.isascii() and digits.isdigit()):
        movement.reasons.append(f"{mark}{digits} is not a mark (1, 2) and fourteen digits")
    else:
        movement.hundredths = -int(digits) if mark == "1" else int(digits)
    for name, day, place in (
        ("booking", movement.booking_date, slice(10, 16)),
        ("value", movement.value_date, slice(16, 22)),
    ):
        if not day:
            movement.reasons.append(f"{name} date {text[place]} is not a day (YYMMDD)")
    return movement


def _day(text: str) -> str:
    """Return the day of YYMMDD, '' when there is none."""
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6])).isoformat()
    except ValueError:
        return ""


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a Norma 43 file into rows; raises InputError when an account is not whole."""
    reader = _Reader(staged.name, reading)
    yield from walk(staged, options, reading, reader, blank="\x1a \t")
    if reader.account is not None or not reader.pages:
        raise reader.refused("the file does not end with an account end (33): it is cut")
    if not reader.ended:
        raise reader.refused(
            f"expected an end record (88) behind {reader.records} records, found none: it is cut"
        )
    tell_statement(reading, reader.pages, reader.exponents)
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the first line is an account header."""
    line = probe.text().lstrip("\ufeff").split("\n", 1)[0].rstrip("\r")
    return len(line) <= WIDTH and _RECOGNISED.match(line) is not None


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("direction", {"C": Kind.CREDIT, "D": Kind.DEBIT}),
        "state": Constant(State.SUCCESS),
        # An account begins with the bank's number: it is no card's, whatever it seems.
        "merchant_id": Text("account"),
        "bank_ref": Text("reference"),
        "product": Text("concept"),
        "amount_minor": Money("amount", extra_zero_decimals=True),
        "currency": Text("currency"),
        "base_minor": Money("base"),
        "base_currency": Text("base_currency"),
        "value_date": Day("value_date", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="norma43",
    title_en="Norma 43 statement (Spain)",
    title_zh="Norma 43 银行对账单（西班牙）",
    side=Side.BANK,
    recognise=recognise,
    read=read,
    fields=fields,
    has_controls=True,
)
