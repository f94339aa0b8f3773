"""OFX and QFX downloads: version 1 (SGML, tags left open) and version 2 (XML).

Source: Open Financial Exchange specification 1.6 and 2.2, and the banks' habits. A row is a
STMTTRN of a bank or card statement; pending ones (STMTTRNP, or of type HOLD) are in state PENDING.
OFX declares no opening balance, so nothing proves the entries, but the closing tags prove that the
file is whole. A transaction that stands twice word for word (unless the source declares
`equal_rows = "distinct"`), that is corrected, or that only corrects is a reject; a file with an
error in place of a statement is refused.

`bank_ref` is REFNUM, else CHECKNUM, else FITID; the others are in the memo, the FITID last after
`//`. The value date is DTAVAIL, else the day of DTPOSTED (pending: DTTRAN) as the bank writes it.
The account of a card statement is a card number, cut to six and four. Three digits behind a mark
are decimals where the currency has three. Investment statements are passed over; a file of nothing
else is refused.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.formats.banks.ofx_answers import Answers
from recon.io.formats.banks.ofx_repeats import Repeats, Survey, has_corrections
from recon.io.reading.contract import (
    Account,
    Choice,
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
from recon.io.reading.mask import mask_card
from recon.io.reading.records import (
    LATIN,
    Data,
    LineCount,
    RowBuilder,
    encoding_of,
    encodings_of,
    mapped,
    refuse_row,
)
from recon.io.reading.statement import exponent_of

COLUMNS = (
    "account",
    "pending",
    "type",
    "direction",
    "amount",
    "currency",
    "value_date",
    "fitid",
    "reference",
    "memo",
)
_TAG = re.compile(rb"<!--|<(/?)([A-Za-z][A-Za-z0-9._]*)(?:\s[^<>]*?)?(/?)>")
_BEGIN = re.compile(rb"<OFX[\s>]", re.IGNORECASE)
_STATEMENTS = frozenset({"STMTRS", "CCSTMTRS"})
_ENTRIES = frozenset({"STMTTRN", "STMTTRNP"})
_ONCE = frozenset({"TRNTYPE", "DTPOSTED", "TRNAMT", "FITID"})
_OTHERS = (
    "OFX INVSTMTRS BANKTRANLIST BANKTRANLISTP BANKACCTFROM CCACCTFROM BANKACCTTO CCACCTTO "
    "LEDGERBAL AVAILBAL CURRENCY ORIGCURRENCY PAYEE STATUS"
)
_AGGREGATES = _STATEMENTS | _ENTRIES | frozenset(_OTHERS.split())
_RECOGNISED = re.compile(r"OFXHEADER\s*[:=]|<\?OFX\s|<OFX[\s>]", re.IGNORECASE)
_AMOUNT = re.compile(
    r"([+-]?) ?([0-9]{1,3}(?:([ ,.'])[0-9]{3}(?:\3[0-9]{3})*)|[0-9]+)?(?:([.,])([0-9]*))?"
)
_FIX = "download the statement again"


@dataclass(slots=True)
class _Statement:
    """A statement while it is read."""

    account: str = ""
    currency: str = ""
    balance: str = ""


@dataclass(slots=True)
class _Entry:
    """A STMTTRN while it is read: its elements by name, `CURRENCY/CURSYM` where nested."""

    start: int
    pending: bool
    values: dict[str, str] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)  # elements that stand once in a transaction


class _Reader:
    """Walks over the tags and keeps the open aggregates."""

    def __init__(
        self, name: str, data: Data, encoding: str, reading: Reading, repeats: Repeats
    ) -> None:
        self.name = name
        self.data = data
        self.encoding = encoding
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.stack: list[str] = []
        self.statement: _Statement | None = None
        self.statements: list[_Statement] = []
        self.entry: _Entry | None = None
        self.repeats = repeats
        self.passed_over = 0
        self.answers = Answers()
        self.invested = False
        self.lines = LineCount()
        self.passed = 0  # bytes whose lines are counted
        self.record_no = 0
        self.ended = False

    def refused(self, problem: str, position: int) -> InputError:
        """Return the refusal of the file."""
        where = f"{self.name}, line {self.line(position)}"
        return InputError(problem, where=where, fix=_FIX, code="FILE_SCHEMA")

    def line(self, position: int) -> int:
        """Return the number of the line that holds a byte, which is not counted yet."""
        return self.lines.line + bytes(self.data[self.passed : position]).count(b"\n")

    def read(self) -> Iterator[RawRows]:
        """Take every tag, each followed by the text up to the next; yield the rows as they come."""
        begin = _BEGIN.search(self.data)
        if begin is None:
            raise self.refused("there is no <OFX> element", 0)
        if re.search(rb"<!(DOCTYPE|ENTITY)", self.data):
            raise self.refused("the file declares a DOCTYPE or an entity", 0)
        open_tag: tuple[str, int] | None = None
        for match in self.tags(begin.start()):
            if open_tag is not None:
                self.take_text(open_tag[0], self.data[open_tag[1] : match.start()])
                open_tag = None
            name = match[2].decode("ascii").upper()
            if match[1]:
                self.close(name, match)
                if self.rows.is_ripe:
                    yield from self.rows.ripe()
            elif name in _AGGREGATES and not match[3]:
                self.open(name, match)
            elif not match[3]:
                open_tag = (name, match.end())
        if not self.ended:
            raise self.refused("the file does not end with </OFX>: it is cut", len(self.data))

    def tags(self, position: int) -> Iterator[re.Match[bytes]]:
        """Yield the tags from a position on; what stands in comments is none."""
        while (match := _TAG.search(self.data, position)) is not None:
            position = match.end()
            if match[2] is not None:
                yield match
            elif (position := self.data.find(b"-->", position)) < 0:
                raise self.refused("a comment is not closed: the file is cut", match.start())

    def open(self, name: str, match: re.Match[bytes]) -> None:
        """Open an aggregate."""
        if self.ended:
            raise self.refused(f"<{name}> stands behind the end </OFX>", match.start())
        self.stack.append(name)
        if name == "INVSTMTRS":
            self.invested = True
        if name in _STATEMENTS:
            self.statement = _Statement()
            self.statements.append(self.statement)
        elif name in _ENTRIES:
            if self.entry is not None:
                raise self.refused("a transaction begins inside another", match.start())
            if self.statement is not None:
                self.entry = _Entry(match.start(), name == "STMTTRNP")
            else:
                self.passed_over += 1

    def close(self, name: str, match: re.Match[bytes]) -> None:
        """Close an aggregate; closing tags of elements need nothing."""
        if name not in _AGGREGATES:
            return
        if self.stack[-1:] == ["BANKTRANLIST"] and name in _STATEMENTS:
            self.stack.pop()  # a large card issuer never closes its list
        if not self.stack or self.stack.pop() != name:
            raise self.refused(f"</{name}> closes what is not open", match.start())
        if name in _STATEMENTS:
            self.statement = None
        elif name in _ENTRIES and self.entry is not None:
            self.take_entry(self.entry, match.end())
            self.entry = None
        elif name == "OFX":
            self.ended = True

    def take_text(self, name: str, raw: bytes) -> None:
        """Take the text of an element."""
        text = html.unescape(_without_cdata(raw.decode(self.encoding))).strip()
        above = self.stack[-1] if self.stack else ""
        if self.entry is not None:
            key = name if above in _ENTRIES else f"{above}/{name}"
            if key in _ONCE and key in self.entry.values:
                self.entry.twice.add(key)
            self.entry.values.setdefault(key, text)
        elif self.statement is not None:
            if name == "CURDEF":
                self.statement.currency = text
            elif name == "ACCTID" and above == "BANKACCTFROM":
                self.statement.account = text
            elif name == "ACCTID" and above == "CCACCTFROM":
                self.statement.account = mask_card(text)
            elif name == "BALAMT" and above == "LEDGERBAL":
                self.statement.balance = text
        else:
            self.answers.take(above, name, text)

    def take_entry(self, entry: _Entry, end: int) -> None:
        """Take a closed transaction: a row, or a reject with every reason."""
        assert self.statement is not None
        self.lines.around(bytes(self.data[self.passed : entry.start]))
        self.record_no = max(self.lines.line, self.record_no + 1)
        self.lines.inside(bytes(self.data[entry.start : end]).count(b"\n"))
        self.passed = end
        place = (self.record_no, entry.start, end)
        values = entry.values
        account = self.statement.account
        content = bytes(self.data[entry.start : end])
        currency = values.get("CURRENCY/CURSYM") or self.statement.currency
        amount = plain_decimal(values.get("TRNAMT", ""), exponent_of(currency))
        day = _day(values)
        reasons = [*_faults(entry, amount, day), *self.repeats.objections(account, values, content)]
        if reasons or amount is None:
            text = " ".join(content.decode(self.encoding).split())
            refuse_row(self.reading, place, text, reasons)
            return
        is_pending = entry.pending or values.get("TRNTYPE", "").upper() == "HOLD"
        fitid = values.get("FITID", "")
        numbers = [values.get(name, "") for name in ("REFNUM", "CHECKNUM", "CHKNUM")]
        other, *more = [number for number in numbers if number.strip("0")] or [""]
        words = [values.get(name, "") for name in ("NAME", "PAYEE/NAME", "MEMO")]
        words += [number for number in more if number != other]
        words.append(f"//{fitid}" if fitid and other else "")
        self.rows.add(
            place,
            (
                account,
                "P" if is_pending else "",
                values.get("TRNTYPE", "").upper() or None,
                "D" if amount.startswith("-") else "C",
                amount,
                currency or None,
                day,
                fitid or None,
                other or fitid or None,
                " ".join(" ".join(dict.fromkeys(words)).split()) or None,
            ),
        )


def _faults(entry: _Entry, amount: str | None, day: str) -> list[str]:
    """Return what of a transaction cannot be read."""
    faults = [
        f"expected one {name} in a transaction, found several: a tag between two of them is lost"
        for name in sorted(entry.twice)
    ]
    if amount is None:
        written = entry.values.get("TRNAMT", "")
        faults.append(f"TRNAMT {written!r} is not one amount for certain")
    if not day:
        name = "DTTRAN" if entry.pending else "DTPOSTED"
        faults.append(f"{name} {entry.values.get(name, '')!r} is not a day (YYYYMMDD)")
    return faults


def _without_cdata(text: str) -> str:
    """Return a text with the marks of its CDATA sections taken away."""
    first, *sections = text.split("<![CDATA[")
    return first + "".join(section.replace("]]>", "", 1) for section in sections)


def plain_decimal(text: str, decimals: int = 2) -> str | None:
    """Return an amount in plain form (`-1006.60`), None when it can be read in two ways.

    A mark followed by exactly three digits may be a decimal or a thousands mark, unless the other
    mark, a second group or a currency of three decimals settles it.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or not (match[2] or match[5]):
        return None
    dinars = re.fullmatch(r"([+-]?) ?([0-9]+)[.,]([0-9]{3})", text.strip())
    if dinars is not None and decimals == 3:  # noqa: PLR2004  dinars and rials
        return f"{dinars[1].strip('+')}{dinars[2].lstrip('0') or '0'}.{dinars[3]}"
    whole, separator, mark = match[2] or "0", match[3], match[4]
    if separator and separator == mark:
        return None
    groups = whole.split(separator) if separator else [whole]
    if separator in {",", "."} and mark is None and len(groups) == 2:  # noqa: PLR2004  1,006
        return None
    if not separator and mark == "," and len(match[5]) == 3:  # noqa: PLR2004  1006,600
        return None
    digits = "".join(groups).lstrip("0") or "0"
    sign = "-" if match[1] == "-" else ""
    return f"{sign}{digits}.{match[5]}" if match[5] else f"{sign}{digits}"


def _day(values: dict[str, str]) -> str:
    """Return the value date of a transaction, '' when it has none."""
    for name in ("DTAVAIL", "VALUEDATE", "DTPOSTED", "DTTRAN"):
        match = re.match(
            r"([0-9]{4})([0-9]{2})([0-9]{2})(?![0-9]{1,3}(?:[^0-9]|$))", values.get(name, "")
        )
        if match is None:
            continue
        try:
            return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
        except ValueError:
            continue
    return ""


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut an OFX file into rows; raises InputError when it is cut, an error, or has no account."""
    data = mapped(staged.path)
    encoding = encoding_of(data, encodings_of(options, LATIN, staged.name), staged.name)
    survey = Survey()
    if has_corrections(data):
        first = Repeats(found=survey)
        for _rows in _Reader(staged.name, data, encoding, Reading(), first).read():
            pass
    repeats = Repeats(survey, are_distinct=options.equal_rows == "distinct")
    reader = _Reader(staged.name, data, encoding, reading, repeats)
    yield from reader.read()
    _check_answers(reader)
    reader.lines.around(bytes(data[reader.passed :]))
    reader.lines.tell(reading)
    if reader.passed_over:
        reading.notes.append(
            f"{reader.passed_over} transactions of investment accounts were passed over"
        )
    reading.facts["account"] = ", ".join(dict.fromkeys(one.account for one in reader.statements))
    reading.facts["closing"] = ", ".join(
        f"{one.currency} {one.balance}".strip() for one in reader.statements if one.balance
    )
    yield from reader.rows.batches()


def _check_answers(reader: _Reader) -> None:
    """Refuse a file without a statement, or with an error in place of one of them."""
    if reader.statements and not reader.answers.lacks_statement:
        return
    told = "it holds investment accounts only" if reader.invested else "it holds no statement"
    told = f"the bank answers {reader.answers.status}" if reader.answers.status else told
    if reader.statements:
        told += " in place of one of them"
    raise reader.refused(f"expected a bank or card statement: {told}", len(reader.data))


def recognise(probe: Probe) -> bool:
    """Return whether the head holds an OFX header or element."""
    return _RECOGNISED.search(probe.text()[:4000]) is not None


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("direction", {"C": Kind.CREDIT, "D": Kind.DEBIT}),
        "state": Choice("pending", {"P": State.PENDING}, State.SUCCESS),
        "merchant_id": Account("account"),
        "bank_ref": Text("reference"),
        "product": Text("type"),
        "amount_minor": Money("amount", extra_zero_decimals=True),
        "currency": Text("currency"),
        "value_date": Day("value_date", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="ofx",
    title_en="OFX / QFX statement download",
    title_zh="OFX / QFX 对账单",
    side=Side.BANK,
    recognise=recognise,
    read=read,
    fields=fields,
)
