"""ISO 20022 bank-to-customer messages (camt.052, 053, 054), every version, also several in a zip.

A row is a booked transaction: an entry (Ntry), or each of its transaction details (TxDtls) when
their amounts add up to the entry. Signs follow CdtDbtInd; RvslInd only says why. Entries that are
not booked (PDNG, INFO, FUTR) are rows in state PENDING and in no balance.

`bank_ref` is the first of: end-to-end id, structured remittance reference, instruction id,
transaction id, payment batch id, the bank's own reference; all of them are in the memo, the
bank's own last after `//`. The record number is the line where the row begins, or one more than
the row before when several begin on one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from recon.core.codes import Kind, State
from recon.errors import InputError
from recon.io.formats.archive import is_zip
from recon.io.formats.camt_totals import SIGNS, summary_controls
from recon.io.formats.contract import (
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
from recon.io.formats.records import Data, LineCount, RowBuilder, mapped, refuse_row
from recon.io.formats.statement import Page, exact_minor, exponent_of, plain_text, tell_statement
from recon.io.formats.xml_tree import Element, closing_end, parse_steps
from recon.io.formats.zip_pack import members

COLUMNS = (
    "statement",
    "account",
    "status",
    "direction",
    "reversal",
    "amount",
    "currency",
    "booking_date",
    "value_date",
    "charges",
    "bank_reference",
    "reference",
    "memo",
    "reason",
    "counterparty",
)
_MESSAGES = {
    "BkToCstmrAcctRpt": "camt.052 (intraday account report)",
    "BkToCstmrStmt": "camt.053 (statement)",
    "BkToCstmrDbtCdtNtfctn": "camt.054 (debit and credit notification)",
}
_RETURN_REASONS = ("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry", "RtrInf/AddtlInf")
_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF"})
_STATUSES = frozenset({"BOOK", "PDNG", "INFO", "FUTR"})
_REFERENCES = (
    "Refs/EndToEndId",
    "RmtInf/Strd/CdtrRefInf/Ref",
    "Refs/InstrId",
    "Refs/TxId",
    "Refs/PmtInfId",
    "Refs/MsgId",
    "Refs/MndtId",
    "Refs/ChqNb",
    "Refs/ClrSysRef",
)


@dataclass(frozen=True, slots=True)
class Message:
    """One of the three messages: its number, its element, and the element of one account."""

    number: str  # camt.053
    element: str
    part: str
    has_balances: bool = True

    def recognise(self, probe: Probe) -> bool:
        """Return whether the head holds this message's element."""
        text = probe.text()
        begins = text.lstrip("\ufeff \t\r\n").startswith("<")
        return (
            begins
            and re.search(rf"<(?:[\w.-]+:)?{self.element}(?:V[0-9]{{2}})?[\s>]", text) is not None
        )


@dataclass(slots=True)
class _Movement:
    """What one row says, before it is text."""

    sign: int
    minor: int
    sources: tuple[Element, ...]  # the detail first, then its entry


@dataclass(slots=True)
class _Totals:
    """What was taken of one statement, per currency."""

    booked: dict[str, int] = field(default_factory=dict)
    entries: list[tuple[int, str, int]] = field(default_factory=list)  # sign, currency, minor
    refused: int = 0


class _Reader:
    """Takes the entries and statements of one XML document as the parser closes them."""

    def __init__(
        self, message: Message, data: Data, origin: tuple[int, int], reading: Reading
    ) -> None:
        self.message = message
        self.data = data
        self.first_line, self.first_byte = origin
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.record_no = self.first_line
        self.lines = LineCount()
        self.passed = 0  # bytes whose lines are counted
        self.totals = _Totals()
        self.pages: list[Page] = []
        self.exponents: dict[str, int] = {}
        self.told: list[tuple[str, str]] = []

    def place(self, element: Element) -> tuple[int, int, int]:
        """Return a new record number and the byte range of an element."""
        self.record_no = max(self.first_line + element.line, self.record_no + 1)
        end = closing_end(self.data, element)
        return self.record_no, self.first_byte + element.start, self.first_byte + end

    def take_entry(self, path: list[Element]) -> None:
        """Take a closed Ntry: its rows, or a reject with every reason."""
        entry = path[-1]
        if len(path) == 1 or path[-2].name != self.message.part:
            return
        statement = path[-2]
        self.count_lines(entry)
        status = entry.value("Sts/Cd", "Sts/Prtry", "Sts")
        reasons = _faults(entry, status)
        amount = _amount(entry.find("Amt"))
        if amount is None:
            reasons.append("Amt is not an unsigned amount that its currency allows")
        sign = SIGNS.get(entry.value("CdtDbtInd"), 0)
        if reasons or amount is None:
            place = self.place(entry)
            self.totals.refused += 1
            raw = bytes(self.data[entry.start : closing_end(self.data, entry)])
            text = raw.decode("utf-8", "replace")
            refuse_row(self.reading, place, " ".join(text.split()), reasons)
            return
        currency, minor = amount
        self.totals.entries.append((sign, currency, minor))
        if status == "BOOK":
            booked = self.totals.booked
            booked[currency] = booked.get(currency, 0) + sign * minor
        for movement in _movements(entry, sign, currency, minor):
            cells = _cells(statement, movement, status, currency)
            self.rows.add(self.place(movement.sources[0]), cells)

    def take_statement(self, path: list[Element]) -> None:
        """Take a closed statement, report or notification: its balances and declared totals."""
        statement = path[-1]
        totals, self.totals = self.totals, _Totals()
        account, number = _account(statement), _number(statement)
        self.told.append((account, number))
        balances = _balances(statement)
        for currency, (opening, closing, continues, continued) in balances.items():
            exponent = exponent_of(currency)
            self.exponents[currency] = exponent
            taken = totals.booked.get(currency, 0)
            self.pages.append(
                Page(account, currency, number, opening, closing, taken, continues, continued)
            )
        if not balances and self.message.has_balances:
            self.reading.notes.append(f"statement {number}: no opening and closing booked balance")
        self.reading.controls.extend(
            summary_controls(statement, totals.entries, totals.refused, f"{account}, {number}")
        )

    def count_lines(self, entry: Element) -> None:
        """Put the lines up to the end of an entry in their classes."""
        end = closing_end(self.data, entry)
        self.lines.around(bytes(self.data[self.passed : entry.start]))
        self.lines.inside(bytes(self.data[entry.start : end]).count(b"\n"))
        self.passed = end

    def account_for_lines(self) -> None:
        """Put every physical line of the document in exactly one class."""
        self.lines.around(bytes(self.data[self.passed :]))
        self.record_no = self.first_line + self.lines.tell(self.reading)


def _faults(entry: Element, status: str) -> list[str]:
    """Return why an entry cannot be taken, its amount aside."""
    reasons = []
    if status not in _STATUSES:
        reasons.append(f"status {status or '(none)'} is not BOOK, PDNG, INFO or FUTR")
    indicator = entry.value("CdtDbtInd")
    if indicator not in SIGNS:
        reasons.append(f"CdtDbtInd {indicator or '(none)'} is not CRDT or DBIT")
    for name in ("BookgDt", "ValDt"):
        text = entry.value(f"{name}/Dt", f"{name}/DtTm")
        if text and not _day(text):
            reasons.append(f"{name} {text} is not a day")
    return reasons


def _day(text: str) -> str:
    """Return the sender's calendar day of an ISO date or date and time, '' when it is none."""
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return ""


def _amount(element: Element | None) -> tuple[str, int] | None:
    """Return currency and exact minor units of an amount element, None when it is not exact."""
    if element is None:
        return None
    currency = element.attributes.get("Ccy", "")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        return None
    minor = exact_minor(element.text.strip(), exponent_of(currency))
    return None if minor is None else (currency, minor)


def _movements(entry: Element, sign: int, currency: str, minor: int) -> list[_Movement]:
    """Return one movement a transaction detail when they add up to the entry, else the entry."""
    details = [*entry.all("NtryDtls/TxDtls"), *entry.all("TxDtls")]
    movements = []
    for detail in details:
        found = _amount(detail.find("Amt", "AmtDtls/TxAmt/Amt"))
        if found is None or found[0] != currency:
            break
        detail_sign = SIGNS.get(detail.value("CdtDbtInd"), sign)
        movements.append(_Movement(detail_sign, found[1], (detail, entry)))
    total = sum(movement.sign * movement.minor for movement in movements)
    if details and len(movements) == len(details) and total == sign * minor:
        if len(details) == 1:
            movements[0].sources = (entry, details[0])
        return movements
    return [_Movement(sign, minor, (entry, *details))]


def _values(sources: tuple[Element, ...], *paths: str) -> list[str]:
    """Return the different texts at `paths` in `sources`, in order."""
    found = [
        element.text.strip()
        for source in sources
        if source.name == "TxDtls"
        for path in paths
        for element in source.all(path)
    ]
    return list(dict.fromkeys(text for text in found if text not in _NO_REFERENCE))


def _own_references(sources: tuple[Element, ...]) -> list[str]:
    """Return the bank's own references: of the detail, of the entry, of the batch."""
    found = _values(sources, "Refs/AcctSvcrRef")
    entry = next(source for source in sources if source.name == "Ntry")
    found += [entry.value(path) for path in ("AcctSvcrRef", "NtryRef", "NtryDtls/Btch/PmtInfId")]
    return list(dict.fromkeys(text for text in found if text not in _NO_REFERENCE))


def _reference(sources: tuple[Element, ...], own: list[str]) -> str | None:
    """Return the reference to match by; several different ones of a batch are none.

    Where the bank names more transactions than it details, those it details are not the entry.
    """
    told = sources if _tells_all(sources) else sources[:1]
    for path in _REFERENCES[:5]:
        found = _values(told, path)
        if len(found) == 1:
            return found[0]
    return own[0] if own else None


def _tells_all(sources: tuple[Element, ...]) -> bool:
    """Return whether an entry comes with as many transaction details as its batch counts."""
    if sources[0].name != "Ntry":
        return True
    counts = [batch.text.strip() for batch in sources[0].all("NtryDtls/Btch/NbOfTxs")]
    numbers = [int(count) for count in counts if re.fullmatch("[0-9]{1,15}", count)]
    return not numbers or sum(numbers) == len(sources) - 1


def _memo(sources: tuple[Element, ...], own: list[str], charges: str) -> str | None:
    """Return the words and every reference of a row; the bank's own come last after `//`."""
    entry = next(source for source in sources if source.name == "Ntry")
    words = _values(sources, "RmtInf/Ustrd", *_REFERENCES)
    for side in ("Dbtr", "Cdtr"):
        words += _values(sources, f"RltdPties/{side}/Nm", f"RltdPties/{side}/Pty/Nm")
    words += _values(sources, "AddtlTxInf", "RtrInf/Rsn/Cd")
    words += [text for text in (entry.value("AddtlNtryInf"), charges) if text]
    words += [f"//{text}" for text in own]
    return " ".join(" ".join(dict.fromkeys(words)).split()) or None


def _charges(sources: tuple[Element, ...]) -> str:
    """Return the charges as words: `charges EUR 0.50 DBIT`; they are told, never computed with."""
    records = [
        record
        for source in sources
        for path in ("Chrgs/Rcrd", "Chrgs")
        for record in source.all(path)
        if record.find("Amt") is not None
    ]
    texts = []
    for record in records:
        amount = record.find("Amt")
        assert amount is not None
        parts = (amount.attributes.get("Ccy", ""), amount.text, record.value("CdtDbtInd"))
        texts.append(" ".join(part.strip() for part in parts if part.strip()))
    return f"charges {', '.join(dict.fromkeys(texts))}" if texts else ""


def _cells(
    statement: Element, movement: _Movement, status: str, currency: str
) -> tuple[str | None, ...]:
    """Return the cells of a row, in the order of COLUMNS."""
    sources = movement.sources
    entry = next(source for source in sources if source.name == "Ntry")
    own, charges = _own_references(sources), _charges(sources)
    return (
        _number(statement),
        _account(statement),
        status,
        "CRDT" if movement.sign > 0 else "DBIT",
        entry.value("RvslInd") or None,
        plain_text(movement.sign * movement.minor, exponent_of(currency)),
        currency,
        _day(entry.value("BookgDt/Dt", "BookgDt/DtTm")) or None,
        _day(entry.value("ValDt/Dt", "ValDt/DtTm")) or None,
        charges or None,
        own[0] if own else None,
        _reference(sources, own),
        _memo(sources, own, charges),
        next((text for text in _values(sources, *_RETURN_REASONS) if text), None),
        _counterparty(sources, movement.sign),
    )


def _counterparty(sources: tuple[Element, ...], sign: int) -> str | None:
    """Return who paid a credit or was paid by a debit; None where a row tells several."""
    side = "Dbtr" if sign > 0 else "Cdtr"
    names = _values(sources, f"RltdPties/{side}/Nm", f"RltdPties/{side}/Pty/Nm")
    distinct = dict.fromkeys(" ".join(name.split()) for name in names if name.strip())
    return next(iter(distinct)) if len(distinct) == 1 else None


def _account(statement: Element) -> str:
    """Return the account of a statement: IBAN, or the number the bank uses."""
    return statement.value("Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id")


def _number(statement: Element) -> str:
    """Return the statement's number: the electronic or legal sequence number, or its id."""
    return statement.value("ElctrncSeqNb", "LglSeqNb", "Id")


def _balances(statement: Element) -> dict[str, tuple[int, int, bool, bool]]:
    """Return per currency: opening, closing, and whether each of them is only an interim balance.

    Opening is OPBD, else PRCD (the closing of the statement before); closing is CLBD. On pages of
    one statement ITBD stands in for the missing end. A currency without both ends is left out.
    """
    found: dict[str, dict[str, int]] = {}
    for balance in statement.all("Bal"):
        code = balance.value("Tp/CdOrPrtry/Cd", "Tp/Cd")
        amount = _amount(balance.find("Amt"))
        sign = SIGNS.get(balance.value("CdtDbtInd"))
        if amount is None or sign is None:
            continue
        ends = found.setdefault(amount[0], {})
        ends[code if code != "ITBD" or "ITBD" not in ends else "ITBD2"] = sign * amount[1]
    whole = {}
    for currency, ends in found.items():
        opening = ends.get("OPBD", ends.get("PRCD"))
        closing = ends.get("CLBD")
        continues = opening is None and "ITBD" in ends
        continued = closing is None and (("ITBD2" if continues else "ITBD") in ends)
        if continues:
            opening = ends["ITBD"]
        if continued:
            closing = ends["ITBD2" if continues else "ITBD"]
        if opening is not None and closing is not None:
            whole[currency] = (opening, closing, continues, continued)
    return whole


def _check_root(root: Element, reader: _Reader, where: str) -> None:
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
            where=where,
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
    line, byte = 0, 0
    for name, data in _documents(staged, options):
        reader = _Reader(message, data, (line, byte), reading)
        where = staged.name if name == staged.name else f"{staged.name}/{name}"
        wanted = {"Ntry": reader.take_entry, message.part: reader.take_statement}
        for root in parse_steps(data, where, wanted):  # noqa: B007 - the last one is looked at below
            yield from reader.rows.ripe()
        _check_root(root, reader, where)
        reader.account_for_lines()
        pages.extend(reader.pages)
        exponents.update(reader.exponents)
        line, byte = reader.record_no, byte + len(data)
        yield from reader.rows.batches()
        told.extend(reader.told)
    tell_statement(reading, pages, exponents)
    reading.facts["account"] = ", ".join(dict.fromkeys(account for account, _ in told))
    reading.facts["statement"] = ", ".join(dict.fromkeys(number for _, number in told))


def _documents(staged: StagedFile, options: Options) -> Iterator[tuple[str, Data]]:
    """Yield name and content of each document; a file that is no zip is mapped, not read."""
    if not is_zip(staged.path):
        yield staged.name, mapped(staged.path)
    else:
        yield from members(staged, options.member, (".xml",))


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
        "merchant_id": Text("account"),
        "bank_ref": Text("reference"),
        "amount_minor": Money("amount"),
        "currency": Text("currency"),
        "value_date": Day("value_date", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
        "attributes.reason": Text("reason"),
        "counterparty": Text("counterparty"),
    }
