"""SWIFT text messages (MT940, MT942): cutting into tagged fields, the :61: line, the :86: text.

Source: SWIFT category 9 message reference, and the banks' files, which bend it: bank banners
between messages, envelopes or none, wrapped lines, blank lines, customer references of more than
16 characters, details on the :61: line itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from recon.io.reading.contract import Reading
from recon.io.reading.records import Line

PIVOT_YEAR = 80  # SWIFT: years 80 to 99 are of the last century
REFERENCE_WIDTH = 16
LINE_WIDTH = 65
_TAGS = "20|21|25P?|28C?|60[FM]|61|86|62[FM]|64|65|13D?|34F|90[CD]|NS"
_TAG = re.compile(rf"(?:\{{[^:]*:.*\{{4:)?:({_TAGS}):(.*)", re.DOTALL)
_CLOSING = frozenset({"62F", "62M", "64", "65", "90C", "90D"})
_BLOCK_END = re.compile(r"-\}(?:\{[0-9]:.*)?\s*$")  # of SWIFT's block 4; it has a line of its own

_ENTRY = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4}| {4})?(?P<mark>R[CD]|E[CD]|[CD])(?P<funds>[A-Z])?\s*"
    r"(?P<amount>[0-9]{1,25},[0-9]{0,15}) ?(?P<type>[A-Z][A-Z0-9]{3})(?P<rest>.*)"
)
_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]{1,25},[0-9]{0,15})\s*")
SIGNS = {"C": 1, "D": -1, "RC": -1, "RD": 1, "EC": 1, "ED": -1}  # RC takes a credit back

_GERMAN = re.compile(r"[0-9]{3}([?+<~^>@&])(?=[0-9]{2})")
_SEPA_KEYS = (
    "EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC|COAM|OAMT|CDTR|DBTR|BREF|RREF|RTRN|PREF|PURP"
)
_SEPA_BEGINS = re.compile(rf"(?:{_SEPA_KEYS})\+")
_SEPA = re.compile(
    rf"(?:^|(?<=[^A-Z]))({_SEPA_KEYS})\+(.*?)(?=(?:(?<=[^A-Z])|^)(?:{_SEPA_KEYS})\+|$)"
)
_SLASH = re.compile(
    r"/(EREF|PREF|KREF)/(.*?)(?=//|/(?:TRTP|IBAN|BIC|NAME|REMI|EREF|PREF|KREF|MARF|CSID|CNTP|RTRN|BENM"
    r"|ORDP|ISDT|PURP|ULTC|ULTD|ULTB|SVCL|USTD|STRD|TRCD|ADDR|ACCW|INIT|EXCH|IREF|ID)/|/?$)"
)
_RETURNED = re.compile(r"/RTRN/([A-Z0-9]{4})/")
_PARTY = re.compile(r"(?:/(ORDP|BENM)/)?/NAME/(.*?)(?=/[A-Z]{3,4}/|/?$)")
_CONTRA = re.compile(r"/CNTP/[^/]*/[^/]*/([^/]+)")  # account, bank, name, town
_NO_REFERENCE = frozenset({"", "N", "NONREF", "NOTPROVIDED", "NOT PROVIDED"})
_SEE_INFO = {"EREF": "EREF", "EREF+": "EREF", "KREF": "KREF", "KREF+": "KREF", "PREF": "PREF"}

_BODY = re.compile(r"(?m)^:(?:34F|13D?|6[0-5][FM]?):")
_NAMED_REFERENCE = {  # of German banks (turnover, disposition), of Rabobank, of any
    "940": re.compile(r"\s*(?:[^\n]*\n)?:20:(?:STARTUMSE?|940[AS][0-9]{6}|MT940\b[^\n]*)\n:25P?:"),
    "942": re.compile(r"\s*(?:[^\n]*\n)?:20:(?:STARTDISPE?|MT942\b[^\n]*)\n:25P?:"),
}


@dataclass(slots=True)
class Field:
    """A tagged field: its tag, its lines of text, where it begins and ends in the file."""

    tag: str
    texts: list[str]
    first: Line
    last: Line


def cut_fields(lines: Iterable[Line], reading: Reading) -> Iterator[Field]:
    """Yield the fields; blank lines, envelopes and bank banners are counted and passed over.

    A line that starts with a colon is a field only when its tag is one of ours. A line that starts
    with a dash ends a message only after a closing balance; before that it is wrapped text, but
    for a dash alone behind which no text of the message follows.
    """
    current: Field | None = None
    closed = False  # a closing field was seen in this message
    for line, ends in _with_ends(lines):
        match = _TAG.match(line.text)
        if match is not None:
            if current is not None:
                yield current
            is_closing = match[1] in _CLOSING
            text = _BLOCK_END.sub("", match[2]) if is_closing else match[2]
            current = Field(match[1], [text], line, line)
            closed = is_closing or (closed and match[1] != "20")
        elif not line.text.strip():
            reading.blank_lines += 1
        elif ends or line.text.startswith("-}") or (closed and line.text.startswith("-")):
            reading.trailer_lines += 1
            if current is not None:
                yield current
            current = None
        elif line.text.startswith("{"):
            reading.header_lines += 1
        elif current is None:
            reading.comment_lines += 1
        else:
            current.texts.append(line.text)
            current.last = line
    if current is not None:
        yield current


def _with_ends(lines: Iterable[Line]) -> Iterator[tuple[Line, bool]]:
    """Yield each line, and whether it is a dash behind which a message or nothing follows."""
    held: list[Line] = []  # a dash alone, and blank lines behind it
    for line in lines:
        if held and line.text.strip():
            match = _TAG.match(line.text)
            ends = match is not None and match[1] == "20"
            yield from ((one, ends) for one in held)
            held.clear()
        if held or line.text.strip() == "-":
            held.append(line)
        else:
            yield line, False
    yield from ((one, True) for one in held)


def is_cut_header(text: str, number: str) -> bool:
    """Return whether a text says its message type in a header, and is cut before any line of it.

    The header is SWIFT's block 2, or what ABN AMRO, ING and Rabobank write instead; else a
    reference (:20:) that the sender builds of the type.
    """
    if _BODY.search(text) is not None:
        return False
    if _NAMED_REFERENCE[number].match(text) is not None:
        return True
    bank = rf"[A-Z0-9]{{8,11}}\n{number}\n|0000 01\w+\n0000 01\w+\n{number} 00|:{number}:\n"
    begins = re.match(rf"\s*(?:\{{1:[^\n]*\s*\{{2:[IO]{number}|{bank})", text)
    return begins is not None


def field_lines(swift_field: Field) -> int:
    """Return how many physical lines the field has, blank ones between them not counted."""
    return len(swift_field.texts)


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance field: sign, date as written, currency, amount as plain decimal text."""

    sign: int
    day: str
    currency: str
    amount: str


def read_balance(text: str) -> Balance | None:
    """Return the balance that `text` writes, or None when it is not one."""
    match = _BALANCE.fullmatch(text)
    if match is None:
        return None
    return Balance(1 if match[1] == "C" else -1, match[2], match[3], plain_amount(match[4]))


def plain_amount(text: str) -> str:
    """Return `000012,5` as `12.5` and `9,` as `9`."""
    whole, _, fraction = text.partition(",")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


@cache
def read_day(text: str) -> date | None:
    """Return the date of YYMMDD (80 to 99 is 19YY), None when there is no such day."""
    year = int(text[:2])
    try:
        return date(year + (1900 if year >= PIVOT_YEAR else 2000), int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None


@cache
def entry_day(value: date, month_day: str) -> date | None:
    """Return the entry date MMDD in the year that brings it nearest to the value date."""
    days = []
    for year in (value.year - 1, value.year, value.year + 1):
        try:
            days.append(date(year, int(month_day[:2]), int(month_day[2:])))
        except ValueError:
            continue
    return min(days, key=lambda day: abs((day - value).days), default=None)


_ORIGINAL = re.compile(r"/OCMT/(?P<currency>[A-Z]{3})(?P<amount>[0-9]{1,12},[0-9]{0,4})")
_RATE = re.compile(r"/EXCH/(?P<rate>[0-9]{1,12}(?:,[0-9]{0,12})?)")


@dataclass(slots=True)
class Entry:
    """A :61: line with its :86: text: what the bank says of one movement."""

    first: Line
    last: Line
    texts: list[str]  # the physical lines, for a refusal
    value_date: str = ""
    entry_date: str = ""
    mark: str = ""
    funds: str = ""
    amount: str = ""
    type_code: str = ""
    customer_reference: str = ""
    bank_reference: str = ""
    supplementary: str = ""
    infos: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def place(self) -> tuple[int, int, int]:
        """Return record number and byte range."""
        return self.first.number, self.first.start, self.last.end


def read_entry(swift_field: Field) -> Entry:
    """Return the entry that a :61: field writes, with every reason not to take it."""
    entry = Entry(swift_field.first, swift_field.last, [f":61:{swift_field.texts[0]}"])
    entry.texts.extend(swift_field.texts[1:])
    match = _ENTRY.fullmatch(swift_field.texts[0])
    if match is None:
        entry.reasons.append(
            ":61: is not: value date YYMMDD, entry date MMDD, C/D/RC/RD, amount with a comma, "
            "type code, reference"
        )
        return entry
    value = read_day(match["value"])
    if value is None:
        entry.reasons.append(f"value date {match['value']} is not a day (YYMMDD)")
    else:
        entry.value_date = value.isoformat()
        _set_entry_day(entry, value, match["entry"])
    entry.mark, entry.funds = match["mark"], match["funds"] or ""
    entry.amount, entry.type_code = plain_amount(match["amount"]), match["type"]
    details = _set_references(entry, match["rest"])
    entry.supplementary = join_text([*details, *swift_field.texts[1:]])
    return entry


def original_amount(entry: Entry, info: str) -> tuple[str, str]:
    """Return currency and plain amount before exchange (`/OCMT/USD275,00/`), empty for none."""
    match = _ORIGINAL.search(f"{entry.supplementary} {info}")
    return (match["currency"], plain_amount(match["amount"])) if match else ("", "")


def exchange_rate(entry: Entry, info: str) -> str:
    """Return the rate as it stands behind `/EXCH/`, empty for none."""
    match = _RATE.search(f"{entry.supplementary} {info}")
    return match["rate"] if match else ""


def _set_entry_day(entry: Entry, value: date, month_day: str | None) -> None:
    """Put the entry date in, or the reason why not."""
    if not month_day or not month_day.strip():
        return
    day = entry_day(value, month_day)
    if day is None:
        entry.reasons.append(f"entry date {month_day} is not a day (MMDD)")
    else:
        entry.entry_date = day.isoformat()


def _set_references(entry: Entry, rest: str) -> list[str]:
    """Split `customer reference//bank reference`; return details that share the line.

    Some banks pad the customer reference to 16 characters and write details behind it; others
    write references longer than 16, which stay whole.
    """
    customer, _, bank = rest.partition("//")
    details = []
    if len(customer) > REFERENCE_WIDTH and customer[REFERENCE_WIDTH - 1] == " ":
        details.append(customer[REFERENCE_WIDTH:].strip())
        customer = customer[:REFERENCE_WIDTH]
    entry.customer_reference, entry.bank_reference = customer.strip(), bank.strip()
    return details


def join_text(texts: Sequence[str]) -> str:
    """Return wrapped lines as one text.

    Structured text (`166?00..`, `/EREF/..`) and full lines (65 characters) continue without a
    space, because they are cut anywhere; other line ends become one space.
    """
    if not texts:
        return ""
    structured = texts[0].startswith("/") or _GERMAN.match(texts[0]) is not None
    joined = texts[0]
    width = len(texts[0]) + 4  # the tag stands on the first line
    for text in texts[1:]:
        full = width >= LINE_WIDTH and not joined.endswith(" ")
        joined = joined + text if structured or full else f"{joined.rstrip()} {text.lstrip()}"
        width = len(text)
    return joined.strip()


def info_reference(info: str, wanted: str) -> str:
    """Return the reference `wanted` (EREF, KREF, PREF) that a :86: text carries, else ''."""
    found = dict(_tagged(info))
    value = found.get(wanted, "").strip()
    return "" if value in _NO_REFERENCE else value


def return_reason(info: str) -> str:
    """Return why a payment came back (`/RTRN/AC04/`, `RTRN+AC04`), else ''."""
    match = _RETURNED.search(info)
    return match[1] if match else info_reference(info, "RTRN")


def subfields(info: str) -> list[tuple[str, str]]:
    """Return the numbered parts of a German :86: text (`166?00..?20..`), [] for other styles."""
    german = _GERMAN.match(info)
    if german is None:
        return []
    parts = re.split(rf"{re.escape(german[1])}(?=[0-9]{{2}})", info)
    return [(part[:2], part[2:]) for part in parts[1:]]


def counterparty(info: str, sign: int) -> str:
    """Return who paid a credit or was paid by a debit, as a :86: text names them, else ''."""
    parts = subfields(info)
    if parts:
        return " ".join("".join(text for number, text in parts if number in {"32", "33"}).split())
    contra = _CONTRA.search(info)
    if contra is not None:
        return contra[1].strip()
    named = {match[1] or "": match[2].strip() for match in reversed([*_PARTY.finditer(info)])}
    return named.get("ORDP" if sign > 0 else "BENM") or named.get("", "") or _only(named)


def _only(named: Mapping[str, str]) -> str:
    """Return the one name there is, else ''."""
    return next(iter(named.values())) if len(named) == 1 else ""


def readable(info: str) -> str:
    """Return a :86: text for people: parts that a bank cut (purpose, name) are whole again."""
    parts = subfields(info)
    if not parts:
        return info
    words = [info[:3]]
    group = ""
    for number, text in parts:
        joined = number[0] if number[0] in "26" else number
        joined = "name" if number in {"32", "33"} else joined
        if joined == group:
            words[-1] += _apart(text)
        else:
            words.append(text)
        group = joined
    return " ".join(word.strip() for word in words if word.strip())


def _apart(text: str) -> str:
    """Return a part of a purpose; one that begins with a tag is kept apart from the one before."""
    return f" {text}" if _SEPA_BEGINS.match(text) else text


def _tagged(info: str) -> Iterator[tuple[str, str]]:
    """Yield the tagged references of a :86: text, last first, so that a dict keeps the first."""
    parts = subfields(info)
    texts = ["".join(_apart(text) for number, text in parts if number[0] == ten) for ten in "26"]
    searched = texts if parts else [info]
    pairs = [(match[1], match[2]) for text in searched for match in _SEPA.finditer(text)]
    pairs += [(match[1], match[2].rstrip("/")) for match in _SLASH.finditer(info)]
    yield from reversed(pairs)


def reference(entry: Entry, info: str) -> str:
    """Return the reference to match by.

    The customer reference, unless the bank says there is none or points to the :86: text; then the
    end-to-end, customer or batch reference of that text.
    """
    customer = entry.customer_reference
    if customer not in _NO_REFERENCE and customer not in _SEE_INFO:
        return customer
    order = [_SEE_INFO.get(customer, "EREF"), "EREF", "KREF", "PREF"]
    return next((value for name in order if (value := info_reference(info, name))), "")


def memo(entry: Entry, info: str) -> str:
    """Return everything the line says in words; the bank's own reference is last, after `//`."""
    parts = [entry.supplementary, readable(info)]
    if entry.bank_reference:
        parts.append(f"//{entry.bank_reference}")
    return " ".join(part for part in parts if part)
