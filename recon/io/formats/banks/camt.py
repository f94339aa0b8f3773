"""ISO 20022 bank-to-customer messages (camt.052, 053, 054), every version, also several in a zip.

A row is a booked transaction: an entry (Ntry), or each of its transaction details (TxDtls) when
their amounts add up to the entry. Signs follow CdtDbtInd; RvslInd only says why. Entries that are
not booked (PDNG, INFO, FUTR) are rows in state PENDING and in no balance. The value date is ValDt,
else BookgDt.

`bank_ref` is the first of: end-to-end id, structured remittance reference, instruction id,
transaction id, payment batch id, the bank's own reference; all of them are in the memo, the
bank's own last after `//`. The record number is the line where the row begins, or one more than
the row before when several begin on one line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Kind, State
from recon.core.kernels import xml_elements as kernel
from recon.errors import InputError
from recon.io.formats.banks.camt_balances import balances
from recon.io.formats.banks.camt_entries import Entries, Rows, wanted_in
from recon.io.formats.banks.camt_pages import Delivery
from recon.io.formats.banks.camt_totals import Entry, Totals, summary_controls
from recon.io.reading.archive import is_zip
from recon.io.reading.contract import (
    Account,
    Choice,
    Day,
    Fields,
    Money,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    Text,
)
from recon.io.reading.records import Data, account_for_records, mapped, refuse_row
from recon.io.reading.statement import Page, exponent_of, tell_statement
from recon.io.reading.xml_records import Elements, XmlRecords, taken
from recon.io.reading.xml_tree import Element
from recon.io.reading.zip_pack import members

_MESSAGES = {
    "BkToCstmrAcctRpt": "camt.052 (intraday account report)",
    "BkToCstmrStmt": "camt.053 (statement)",
    "BkToCstmrDbtCdtNtfctn": "camt.054 (debit and credit notification)",
}
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ANY_ELEMENT = re.compile(rf"<(?:[\w.-]+:)?(?:{'|'.join(_MESSAGES)})(?:V[0-9]{{2}})?[\s>]")


@dataclass(frozen=True, slots=True)
class Message:
    """One of the three messages: its number, its element, and the element of one account."""

    number: str  # camt.053
    element: str
    part: str
    has_balances: bool = True  # of a whole day, so that an interim one is a page's end

    def recognise(self, probe: Probe) -> bool:
        """Return whether the head holds this message's element, or its namespace and is cut."""
        text = probe.text()
        if not text.lstrip("\ufeff \t\r\n").startswith("<"):
            return False
        if _ANY_ELEMENT.search(text):
            own = rf"<(?:[\w.-]+:)?{self.element}(?:V[0-9]{{2}})?[\s>]"
            return re.search(own, text) is not None
        space = rf"""xmlns(?::\w+)?=["']urn:iso:std:iso:20022:tech:xsd:{re.escape(self.number)}\."""
        return re.search(space, text) is not None


class _Reader:
    """Takes the entries of one XML document, a batch of them at a time, and its statements."""

    def __init__(
        self,
        message: Message,
        data: Data,
        origin: tuple[int, int],
        reading: Reading,
        delivery: Delivery,
        where: str,
    ) -> None:
        self.message = message
        self.delivery = delivery
        self.where = where
        self.data = data
        self.first_line, self.first_byte = origin
        self.reading = reading
        self.record_no = self.first_line
        self.spans: list[NDArray[np.int64]] = []  # where entries stand, batch by batch
        self.entries = 0  # that were evaluated
        self.opened: list[tuple[int, str, str]] = []  # entries before; account and number
        self.parts: list[int] = []  # number of the statement in the delivery, beside `opened`
        self.part: Element | None = None  # that was opened last
        self.closed: list[tuple[int, list[Element]]] = []  # entries up to its end; its path
        self.totals = Totals()  # of the statement at hand
        self.said = blake2b()  # the bytes of its entries
        self.pages: list[Page] = []
        self.exponents: dict[str, int] = {}
        self.told: list[tuple[str, str]] = []

    def batches(self, encoding: str) -> Iterator[RawRows]:
        """Yield the rows of the document; raises InputError for XML that is damaged."""
        records = XmlRecords(
            self.data,
            self.where,
            wanted_in(self.message.part),
            {self.message.part: lambda path: self.closed.append((records.records, list(path)))},
            self.open_statement,
            encoding,
        )
        for elements in records.batches():
            yield self.take(elements)
        self.take_statements([])
        assert records.tree.root is not None
        _check_root(records.tree.root, self)
        self.account_for_lines()

    def open_statement(self, entries: int, statement: Element) -> None:
        """Note which statement the next entries stand in."""
        self.delivery.parts += statement is not self.part
        self.part = statement
        self.opened.append((entries, _account(statement), _number(statement)))
        self.parts.append(self.delivery.parts)

    def take(self, elements: Elements) -> RawRows:
        """Return the rows of a run of entries; refused ones become rejects, with every reason."""
        entries = Entries.of(elements)
        first, count = self.entries, len(entries.at)
        befores, accounts, numbers = zip(*self.opened, strict=True)
        statement = np.searchsorted(befores, np.arange(first, first + count), side="right") - 1
        if not self.message.has_balances:
            self.refuse_told(entries, statement.tolist())
        rows = Rows.of(entries)
        columns = rows.columns(
            taken(pl.Series(accounts), statement), taken(pl.Series(numbers), statement)
        )
        self.opened, self.parts = self.opened[-1:], self.parts[-1:]
        self.spans.append(elements.found[entries.at][:, [kernel.START, kernel.END]])
        self.take_statements(list(entries.totals()))
        places = self.places(elements.found[rows.place])
        for row, raw, reasons in rows.refused():
            record_no, start, end = places[:, row].tolist()
            text = " ".join(raw.decode("utf-8", "replace").split())
            refuse_row(self.reading, (record_no, start, end), text, reasons)
        kept = entries.is_whole[rows.entry]
        newest = pl.CompatLevel.newest()
        cells = {
            name: column.filter(pl.Series(kept)).to_arrow(compat_level=newest)
            for name, column in columns.items()
        }
        return RawRows(cells, *np.ascontiguousarray(places[:, kept]))

    def refuse_told(self, entries: Entries, statement: list[int]) -> None:
        """Refuse entries that an earlier report told: no balances show that they count twice.

        statement: of each entry, its place in `opened`. The same entry is the same bytes, with a
        reference of the bank's own.
        """
        told = zip(
            entries.own_references(), entries.elements.raw(entries.at), statement, strict=True
        )
        for number, (reference, raw, part) in enumerate(told):
            if reference and self.delivery.is_told(self.opened[part][1], self.parts[part], raw):
                if number not in entries.reasons:
                    entries.told.add(number)
                entries.reasons.setdefault(number, []).append(
                    f"expected each entry once, found {reference} in an earlier {self.message.part}"
                    " of the account as well"
                )

    def places(self, found: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return record numbers, first bytes and bytes past the last of elements: int64 (3, n)."""
        order = np.arange(len(found))
        lines = self.first_line + found[:, kernel.LINE]
        record_no = np.maximum.accumulate(np.maximum(lines - order, self.record_no + 1)) + order
        self.record_no = int(record_no[-1])
        ends = self.first_byte + found[:, [kernel.START, kernel.END]].T
        return np.vstack([record_no, ends])

    def take_statements(self, entries: list[Entry | None]) -> None:
        """Add the next entries to the totals, and close the statements that end among them."""
        at = 0
        for count, path in self.closed:
            self.take_entries(entries, at, count - self.entries)
            at = count - self.entries
            self.take_statement(path[-1], path[-2])
        self.take_entries(entries, at, len(entries))
        self.entries += len(entries)
        self.closed.clear()

    def take_entries(self, entries: list[Entry | None], start: int, end: int) -> None:
        """Take some entries of the last batch: what they sum up to, and what they say."""
        self.totals.add(entries[start:end])
        if start < end:
            first, last = self.spans[-1][[start, end - 1]]
            self.said.update(self.data[first[0] : last[1]])

    def take_statement(self, statement: Element, message: Element) -> None:
        """Take a closed statement, report or notification: its balances and declared totals."""
        totals, self.totals = self.totals, Totals()
        said, self.said = self.said.digest(), blake2b()
        account, number = _account(statement), _number(statement)
        whole = balances(statement)
        if totals.has_entries and self.delivery.is_known(account, statement, whole, said):
            raise self.stands_twice(statement, number)
        self.told.append((account, number))
        for currency, (opening, closing, continues, continued) in whole.items():
            exponent = exponent_of(currency)
            self.exponents[currency] = exponent
            taken = totals.booked.get(currency, 0)
            pages = (continues, continued) if self.message.has_balances else (False, False)
            self.pages.append(Page(account, currency, number, opening, closing, taken, *pages))
        if not whole:
            self.delivery.add_page(account, statement, message)
        if not whole and self.message.has_balances:
            self.reading.notes.append(f"statement {number}: no opening and closing booked balance")
        self.reading.controls.extend(summary_controls(statement, totals, f"{account}, {number}"))

    def stands_twice(self, statement: Element, number: str) -> InputError:
        """Return the refusal of a delivery that holds one statement twice."""
        return InputError(
            f"expected each {self.message.part} once, found {number} with the same entries again",
            where=f"{self.where}, line {self.first_line + statement.line}",
            fix="leave the second one out, or ask the bank for the file again",
            code="FILE_SCHEMA",
        )

    def account_for_lines(self) -> None:
        """Put every physical line of the document in exactly one class."""
        spans = np.concatenate([np.zeros((0, 2), np.int64), *self.spans])
        last_line = self.first_line + account_for_records(self.data, spans, self.reading)
        self.record_no = max(self.record_no, last_line)  # many rows may stand on one line


def _account(statement: Element) -> str:
    """Return the account of a statement: IBAN, or the number the bank uses."""
    return statement.value("Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id")


def _number(statement: Element) -> str:
    """Return the statement's number: the electronic or legal sequence number, or its id."""
    return statement.value("ElctrncSeqNb", "LglSeqNb", "Id")


def _check_root(root: Element, reader: _Reader) -> None:
    """Refuse XML that is not the message, saying what it is."""
    message = reader.message
    names = {re.sub("V[0-9]{2}$", "", element.name): element for element in _top(root)}
    element = names.get(message.element)
    problem = ""
    if element is None:
        other = next((text for name, text in _MESSAGES.items() if name in names), root.name)
        problem = f"expected {message.number} ({message.element}), found {other}"
    elif element.namespace and not re.search(rf"{re.escape(message.number)}\b", element.namespace):
        problem = f"{message.element} is in {element.namespace}, not in one of {message.number}"
    elif not reader.told:
        problem = f"the document holds no statement ({message.part})"
    if problem:
        raise InputError(
            problem,
            where=reader.where,
            fix=f"declare the file's own format, or ask the bank for {message.number} in full",
            code="FILE_SCHEMA",
        )


def _top(root: Element) -> Iterator[Element]:
    """Yield the root and its descendants down to the message element."""
    level = [root]
    for _depth in range(4):
        yield from level
        level = [child for element in level for child in element.children]


def read(
    message: Message, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Cut documents into rows; raises InputError for XML that is damaged or another message."""
    pages: list[Page] = []
    exponents: dict[str, int] = {}
    told: list[tuple[str, str]] = []  # account and statement number
    delivery = Delivery()
    line, byte = 0, 0
    for name, data in _documents(staged, options):
        where = staged.name if name == staged.name else f"{staged.name}/{name}"
        reader = _Reader(message, data, (line, byte), reading, delivery, where)
        yield from reader.batches(options.encoding)
        pages.extend(reader.pages)
        exponents.update(reader.exponents)
        line, byte = reader.record_no, byte + len(data)
        told.extend(reader.told)
    reading.controls.extend(delivery.controls())
    tell_statement(reading, pages, exponents)
    reading.facts["account"] = ", ".join(dict.fromkeys(account for account, _ in told))
    reading.facts["statement"] = ", ".join(dict.fromkeys(number for _, number in told))


def _documents(staged: StagedFile, options: Options) -> Iterator[tuple[str, Data]]:
    """Yield name and content of each document; a file that is no zip is mapped, not read."""
    if not is_zip(staged.path):
        yield staged.name, mapped(staged.path)
    else:
        for name, data in members(staged, options.member, (".xml",)):
            yield name, data.decode("utf-16").encode() if data[:2] in _UTF16_MARKS else data


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("direction", {"CRDT": Kind.CREDIT, "DBIT": Kind.DEBIT}),
        "state": Choice(
            "status",
            {
                "BOOK": State.SUCCESS,
                "PDNG": State.PENDING,
                "INFO": State.PENDING,
                "FUTR": State.PENDING,
            },
        ),
        "merchant_id": Account("account"),
        "bank_ref": Text("reference"),
        "amount_minor": Money("amount"),
        "currency": Text("currency"),
        "base_minor": Money("base"),
        "base_currency": Text("base_currency"),
        "attributes.exchange_rate": Text("rate"),
        "value_date": Day("value_date", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
        "attributes.reason": Text("reason"),
        "counterparty": Text("counterparty"),
    }
