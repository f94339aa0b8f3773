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

from recon.core.codes import Side
from recon.io.formats.banks.swift import (
    SIGNS,
    Balance,
    Field,
    is_cut_header,
    read_balance,
    read_day,
)
from recon.io.formats.banks.swift_reader import Message, MessageReader, fields
from recon.io.reading.contract import Format, Options, Probe, RawRows, Reading, StagedFile
from recon.io.reading.statement import Page, exact_minor, exponent_of, tell_statement

_RECOGNISED = re.compile(
    r"^(?:\{[^\n]*\{4:)?:20:[^\n]*\n(?:(?!:(?:34F|13D?|62[FM]):)[^\n]*\n)*?:25P?:[^\n]*\n"
    r"(?:(?!:(?:34F|13D?|61|62[FM]):)[^\n]*\n)*?:60[FM]:[CD][0-9]{6}",
    re.MULTILINE,
)
_ING_SUM = re.compile(r"/SUM/([0-9]{1,9})/([0-9]{1,9})/([0-9]+,[0-9]*)/([0-9]+,[0-9]*)/")
_OLD_SUM = re.compile(r"D([0-9]{6})C([0-9]{6})D([0-9]+,[0-9]*)C([0-9]+,[0-9]*)")


class _Reader(MessageReader):
    """Takes messages with an opening and a closing balance."""

    number = "MT940"
    allowed_marks = frozenset(SIGNS) - {"EC", "ED"}

    def __init__(self, name: str, reading: Reading) -> None:
        """Start with no page."""
        super().__init__(name, reading)
        self.pages: list[Page] = []
        self.exponents: dict[str, int] = {}

    def take_amounts(self, message: Message, swift_field: Field) -> None:
        """Take a balance; refuse what only an MT942 has."""
        if swift_field.tag in {"34F", "13", "13D", "90C", "90D"}:
            problem = f":{swift_field.tag}: belongs to an MT942 interim report, not to an MT940"
            raise self.refused(problem, swift_field, "declare the source as mt942")
        if swift_field.tag[:2] in {"60", "62"}:
            self.take_balance(message, swift_field)
        self.count_head(swift_field)

    def take_balance(self, message: Message, swift_field: Field) -> None:
        """Take an opening or closing balance."""
        tag = swift_field.tag
        balance = read_balance(swift_field.texts[0])
        if balance is None:
            problem = f":{tag}: is not C or D, YYMMDD, currency, amount with a comma"
            raise self.refused(problem, swift_field)
        if read_day(balance.day) is None:
            number = swift_field.first.number
            self.reading.notes.append(f"line {number}: balance date {balance.day} is not a day")
        if (message.opening if tag[:2] == "60" else message.closing) is not None:
            raise self.refused(f"a second :{tag[:2]}: balance in one message", swift_field)
        self.settle(message)
        if tag[:2] == "60":
            message.opening, message.continues = balance, tag == "60M"
            message.currency = balance.currency
        else:
            message.closing, message.continued = balance, tag == "62M"
            message.ended = True

    def finish_message(self) -> None:
        """Close the message at hand: it must be whole; its balances become a page."""
        message = self.message
        if message is None:
            return
        missing = [
            what
            for what, there in (
                ("account (:25:)", message.account),
                ("opening balance (:60F: or :60M:)", message.opening),
                ("closing balance (:62F: or :62M:)", message.closing),
            )
            if not there
        ]
        if missing:
            problem = f"the message has no {', no '.join(missing)}: it is cut or no statement"
            raise self.refused(problem, message.opened_by)
        assert message.opening is not None
        assert message.closing is not None
        if message.opening.currency != message.closing.currency:
            problem = "opening and closing balance are in two currencies"
            raise self.refused(problem, message.opened_by)
        self.messages += 1
        self.pages.append(self.page(message, message.opening, message.closing))
        for info in message.info:
            self.check_sums(message, _written_sums(info, exponent_of(message.currency)))

    def page(self, message: Message, opening: Balance, closing: Balance) -> Page:
        """Return the page that a whole message makes."""
        exponent = exponent_of(opening.currency)
        self.exponents[opening.currency] = exponent
        ends = [exact_minor(balance.amount, exponent) for balance in (opening, closing)]
        if ends[0] is None or ends[1] is None:
            problem = f"a balance is finer than {opening.currency} allows"
            raise self.refused(problem, message.opened_by)
        return Page(
            message.account,
            opening.currency,
            message.number,
            opening.sign * ends[0],
            closing.sign * ends[1],
            sum(message.taken),
            message.continues,
            message.continued,
        )


def _written_sums(info: str, exponent: int) -> dict[str, tuple[int, int]]:
    """Return counts and sums that some banks write into the statement's own :86:."""
    match = _ING_SUM.search(info) or _OLD_SUM.fullmatch(info)
    if match is None:
        return {}
    sums = {}
    for side, count, amount in (("D", match[1], match[3]), ("C", match[2], match[4])):
        total = exact_minor(amount.replace(",", ".").rstrip("."), exponent)
        if total is not None:
            sums[side] = (int(count), total)
    return sums


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut an MT940 file into rows; raises InputError when a message is not whole."""
    reader = _Reader(staged.name, reading)
    yield from reader.read(staged, options)
    tell_statement(reading, reader.pages, reader.exponents)
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the head shows a message with a reference, an account and a balance."""
    text = probe.text().replace("\r\n", "\n").replace("\r", "\n")
    return _RECOGNISED.search(text) is not None or is_cut_header(text, "940")


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
