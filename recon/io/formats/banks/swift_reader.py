"""Reading SWIFT statement messages field by field: what MT940 and MT942 share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from recon.core.codes import Kind, State
from recon.errors import InputError
from recon.io.formats.banks.swift import (
    SIGNS,
    Balance,
    Entry,
    Field,
    counterparty,
    cut_fields,
    exchange_rate,
    field_lines,
    join_text,
    memo,
    original_amount,
    read_entry,
    reference,
    return_reason,
)
from recon.io.reading.contract import (
    Account,
    Choice,
    ControlTotal,
    Day,
    Fields,
    Money,
    Options,
    RawRows,
    Reading,
    StagedFile,
    Text,
)
from recon.io.reading.records import Line, RowBuilder, file_lines, refuse_row
from recon.io.reading.statement import base_cells, exact_minor, exponent_of, plain_text

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
    "counterparty",
    "base",
    "base_currency",
    "rate",
    "reason",
)
AGAIN = "ask the bank for the whole file again"


@dataclass(slots=True)
class Message:
    """One message while it is read."""

    opened_by: Field
    account: str = ""
    number: str = ""
    currency: str = ""  # known from here on, so entries may come
    ended: bool = False  # no entries may come any more
    opening: Balance | None = None
    continues: bool = False
    closing: Balance | None = None
    continued: bool = False
    entry: Entry | None = None
    taken: list[int] = field(default_factory=list)  # signed minor units, expected entries left out
    info: list[str] = field(default_factory=list)  # statement-level :86:
    sums: dict[str, tuple[int, int]] = field(default_factory=dict)  # D, C: count, minor units


class MessageReader(ABC):
    """Walks over the fields of a file, a message at a time; each message type extends it."""

    number = ""  # MT940
    allowed_marks = frozenset(SIGNS)

    def __init__(self, name: str, reading: Reading) -> None:
        """Start with no message."""
        self.name = name
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.message: Message | None = None
        self.messages = 0
        self.last: Line | None = None  # that is not blank
        self.said = blake2b()  # what the message at hand says
        self.seen: set[bytes] = set()

    def read(self, staged: StagedFile, options: Options) -> Iterator[RawRows]:
        """Yield the rows as they come, the last ones aside; half a message is an InputError."""
        for swift_field in cut_fields(self.lines(staged, options), self.reading):
            self.take(swift_field)
            if self.rows.is_ripe:
                yield from self.rows.ripe()
        self.end_message()
        if not self.messages:
            raise InputError(
                f"expected the field :20: of an {self.number} message, found none",
                where=staged.name,
                fix="check which file was delivered, or declare its format",
                code="FILE_SCHEMA",
            )
        _check_end(self.last, staged.name)

    def lines(self, staged: StagedFile, options: Options) -> Iterator[Line]:
        """Yield the lines of the file and keep the last filled one."""
        for line in file_lines(staged, options, self.reading):
            if line.text.strip():
                self.last = line
            yield line

    def refused(self, problem: str, swift_field: Field, fix: str = AGAIN) -> InputError:
        """Return the refusal of the file for a fault at a field."""
        where = f"{self.name}, line {swift_field.first.number}"
        return InputError(problem, where=where, fix=fix, code="FILE_SCHEMA")

    def take(self, swift_field: Field) -> None:
        """Take the next field."""
        if swift_field.tag == "20":
            self.end_message()
            self.message = Message(swift_field)
            self.count_head(swift_field)
        elif self.message is None:
            problem = f":{swift_field.tag}: stands before any :20:, so no message has begun"
            raise self.refused(problem, swift_field)
        elif swift_field.tag in {"61", "86", "NS"}:
            self.take_movement(self.message, swift_field)
        elif swift_field.tag in {"25", "25P"}:
            account = swift_field.texts[0].strip()
            if self.message.account not in {"", account}:
                problem = f"expected one account in a message, found {account} as well"
                raise self.refused(problem, swift_field)
            self.message.account = account
            self.count_head(swift_field)
        elif swift_field.tag in {"28", "28C"}:
            self.message.number = swift_field.texts[0].strip()
            self.count_head(swift_field)
        else:
            self.take_amounts(self.message, swift_field)
        self.said.update("\n".join([swift_field.tag, *swift_field.texts, ""]).encode())

    def end_message(self) -> None:
        """Close the message at hand, and refuse one that says the same as one before it."""
        self.finish_message()
        said, self.said = self.said.digest(), blake2b()
        if self.message is not None and self.message.taken:
            if said in self.seen:
                problem = "the same message stands in the file already"
                raise self.refused(problem, self.message.opened_by)
            self.seen.add(said)

    @abstractmethod
    def take_amounts(self, message: Message, swift_field: Field) -> None:
        """Take a field that only some messages have."""

    @abstractmethod
    def finish_message(self) -> None:
        """Close the message at hand: it must be whole."""

    def count_head(self, swift_field: Field) -> None:
        """Account for a one-line field; lines that follow it belong to nothing."""
        if self.message is not None and self.message.ended:
            self.reading.trailer_lines += 1
        else:
            self.reading.header_lines += 1
        stray = field_lines(swift_field) - 1
        if stray:
            number = swift_field.first.number
            self.reading.comment_lines += stray
            self.reading.notes.append(f"line {number}: {stray} stray line(s) after it passed over")

    def take_movement(self, message: Message, swift_field: Field) -> None:
        """Take a :61: line, or the text of one, or the text of the message."""
        if message.ended or not message.currency:
            if swift_field.tag == "61":
                problem = ":61: stands outside the part of the message that holds entries"
                raise self.refused(problem, swift_field)
            message.info.append(join_text(swift_field.texts))
            self.reading.comment_lines += field_lines(swift_field)
            return
        if swift_field.tag == "61":
            self.settle(message)
            message.entry = read_entry(swift_field)
            self.reading.record_lines += field_lines(swift_field)
        elif message.entry is None:
            self.reading.comment_lines += field_lines(swift_field)
        else:
            message.entry.infos.append(join_text(swift_field.texts))
            message.entry.texts.extend(swift_field.texts)
            message.entry.last = swift_field.last
            self.reading.record_lines += field_lines(swift_field)

    def settle(self, message: Message) -> None:
        """Finish the entry at hand: a row, or a reject with every reason."""
        entry, message.entry = message.entry, None
        if entry is None:
            return
        minor = None
        if entry.amount:
            minor = exact_minor(entry.amount, exponent_of(message.currency))
            if minor is None:
                entry.reasons.append(
                    f"amount {entry.amount} is finer than {message.currency} allows"
                )
        if entry.mark and entry.mark not in self.allowed_marks:
            entry.reasons.append(f"mark {entry.mark} (expected entry) belongs to MT942")
        if minor is None or entry.reasons:
            refuse_row(self.reading, entry.place, "\n".join(entry.texts), entry.reasons)
            return
        signed = SIGNS[entry.mark] * minor
        if entry.mark[0] != "E":
            message.taken.append(signed)
        self.rows.add(entry.place, self.cells(message, entry, signed))

    def cells(self, message: Message, entry: Entry, minor: int) -> tuple[str | None, ...]:
        """Return the cells of a row, in the order of COLUMNS."""
        info = " ".join(text for text in entry.infos if text)
        currency, amount = original_amount(entry, info)
        return (
            message.number,
            message.account,
            entry.value_date,
            entry.entry_date or None,
            entry.mark,
            "C" if SIGNS[entry.mark] > 0 else "D",
            plain_text(minor, exponent_of(message.currency)),
            message.currency,
            entry.type_code,
            entry.customer_reference or None,
            entry.bank_reference or None,
            reference(entry, info) or None,
            memo(entry, info) or None,
            counterparty(info, SIGNS[entry.mark]) or None,
            *base_cells(SIGNS[entry.mark], amount, currency, message.currency),
            exchange_rate(entry, info) or None,
            return_reason(info) or None,
        )

    def check_sums(self, message: Message, sums: dict[str, tuple[int, int]]) -> None:
        """Compare declared counts and sums of debits (D) and credits (C) with what was taken."""
        out = [-minor for minor in message.taken if minor < 0]
        into = [minor for minor in message.taken if minor >= 0]
        for side, words, taken in (("D", "debit", out), ("C", "credit", into)):
            if side in sums:
                count, total = sums[side]
                name = f"{message.account}, {message.number}: {words}"
                self.reading.controls += [
                    ControlTotal(f"{name} entries", count, len(taken)),
                    ControlTotal(f"{name} sum", total, sum(taken), message.currency),
                ]


def _check_end(last: Line | None, name: str) -> None:
    """Refuse a file whose last line begins a message that is not there."""
    if last is not None and (last.text.startswith("{") or ":20:".startswith(last.text)):
        raise InputError(
            "expected whole messages, found the beginning of a further one: it is cut off",
            where=f"{name}, line {last.number}",
            fix=AGAIN,
            code="FILE_SCHEMA",
        )


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("direction", {"C": Kind.CREDIT, "D": Kind.DEBIT}),
        "state": Choice("mark", {"EC": State.PENDING, "ED": State.PENDING}, State.SUCCESS),
        "merchant_id": Account("account"),
        "bank_ref": Text("reference"),
        "amount_minor": Money("amount"),
        "currency": Text("currency"),
        "base_minor": Money("base"),
        "base_currency": Text("base_currency"),
        "attributes.exchange_rate": Text("rate"),
        "attributes.reason": Text("reason"),
        "value_date": Day("value_date", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
        "counterparty": Text("counterparty"),
    }
