"""BAI2 cash management balance reports.

Source: BAI "Cash Management Balance Reporting Specifications", version 2. Records 01 file, 02
group, 03 account, 16 transaction, 88 continuation, 49, 98 and 99 trailers. A record ends at `/`;
several may share a line, and text may be wrapped. Amounts are whole minor units, unsigned in a 16.
The currency is the account's, else the group's, else USD. Several files 01 to 99 may follow each
other, the same one not twice.

| type code                          | kind                 |
|------------------------------------|----------------------|
| 100-399, 720-728, 920-959          | CREDIT               |
| 400-699, 760, 960-999              | DEBIT                |
| 890 (information, without amount)  | OTHER                |
| others (balances, loan states)     | reject               |

`bank_ref` is the customer reference, else the bank's; the bank's own ends the memo after `//`.

Proof: each trailer's total (the sum of the amounts of 03 and 16 records, signs as written), its
number of accounts or groups, and its number of records; blank trailer fields are not checked. Type
codes 100 and 400 of an account, where its details add up to both together: credits and debits. An
account in a group that deletes or corrects (status 2, 3) what the file tells of its day is refused:
both would count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.formats.banks.bai2_summary import (
    Sides,
    amounts_by_code,
    extra_fields,
    whole_number,
)
from recon.io.formats.banks.swift import read_day
from recon.io.reading.contract import (
    Account,
    Choice,
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
from recon.io.reading.records import Line, RowBuilder, file_lines, refuse_row

COLUMNS = (
    "account",
    "group_status",
    "as_of",
    "type_code",
    "direction",
    "amount",
    "currency",
    "value_date",
    "bank_reference",
    "reference",
    "memo",
)
CONTINUATIONS = 10_000  # of one record; a bank's text has a few, a damaged file has all its lines
_CODES = "01|02|03|16|49|88|98|99"
_BOUNDARY = re.compile(rf"(?:^|/[ \t]+)(?=(?:{_CODES}),)")
_RECOGNISED = re.compile(r"\s*01,[^,/\n]*,[^,/\n]*,[0-9]{6},[^/]*/\s*02,")
_CREDIT = re.compile("[1-3][0-9]{2}|72[0-8]|9[2-5][0-9]")
_DEBIT = re.compile("[4-6][0-9]{2}|760|9[6-9][0-9]")
_INFORMATION = "890"  # a 16 record that only says something
_TEST_GROUP = "4"
_UNDOING = {"2": "deletes", "3": "corrects"}  # by status
_PARENT = {"02": "01", "03": "02", "16": "03", "49": "03", "98": "02", "99": "01"}


@dataclass(slots=True)
class _Record:
    """A logical record with its continuations: code, chunks of fields, where it stands."""

    code: str
    chunks: list[list[str]]
    first: Line
    last: Line
    start: int
    end: int
    count: int = 1  # records, continuations included


@dataclass(slots=True)
class _Level:
    """What a trailer will be compared with: one open file, group or account."""

    record: _Record
    total: int = 0
    children: int = 0
    records: int = 0
    currency: str = ""
    values: dict[str, str] = field(default_factory=dict)
    sides: Sides = field(default_factory=Sides)


def _cut_records(lines: Iterable[Line], reading: Reading, where: str) -> Iterator[_Record]:
    """Yield the records with their continuations, and put every line in a class."""
    record: _Record | None = None
    for line in lines:
        starts = [match.end() for match in _BOUNDARY.finditer(line.text)]
        pieces = [0, *starts] if not starts or starts[0] else starts
        codes, offset = set(), line.start
        for piece, stop in pairwise([*pieces, len(line.text)]):
            text = line.text[piece:stop].rstrip()
            begin, offset = offset, offset + _byte_width(line, line.text[piece:stop])
            code = text[:2] if starts and piece >= starts[0] else ""
            if not text:
                continue
            if code and code != "88":
                if record is not None:
                    yield record
                record = _Record(code, [_fields(text[3:])], line, line, begin, 0)
            elif record is not None:
                if len(record.chunks) == CONTINUATIONS:
                    raise _too_long(record, where)
                record.chunks.append(_fields(text[3:] if code else text))
                record.count += 1 if code else 0
            if record is not None:
                record.last, record.end = line, begin + _byte_width(line, text)
                codes.add(record.code)
        _count_line(line, codes, reading)
    if record is not None:
        yield record


def _too_long(record: _Record, where: str) -> InputError:
    """Return the refusal of a file in which no line ends a record any more."""
    return InputError(
        f"more than {CONTINUATIONS} lines continue the record {record.code} that begins here",
        where=f"{where}, line {record.first.number}",
        fix="ask the bank for the whole file again",
        code="FILE_SCHEMA",
    )


def _byte_width(line: Line, text: str) -> int:
    """Return how many bytes a part of a line has in the file."""
    one_byte = line.end - line.start == len(line.text)
    return len(text) if one_byte else len(text.encode())


def _fields(text: str) -> list[str]:
    """Return the fields of a record's text, its end mark left out."""
    return text.rstrip().removesuffix("/").split(",")


def _count_line(line: Line, codes: set[str], reading: Reading) -> None:
    """Put a physical line in one class: data, header, trailer, blank or other."""
    if not line.text.strip():
        reading.blank_lines += 1
    elif "16" in codes:
        reading.record_lines += 1
    elif codes & {"01", "02", "03"}:
        reading.header_lines += 1
    elif codes:
        reading.trailer_lines += 1
    else:
        reading.comment_lines += 1


class _Reader:
    """Walks over the records and keeps the open file, group and account."""

    def __init__(self, name: str, reading: Reading) -> None:
        self.name = name
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.levels: dict[str, _Level] = {}
        self.accounts: list[str] = []
        self.files: list[list[list[str]]] = []  # what each 01 record says
        self.told: dict[tuple[str, ...], int] = {}  # originator, day, account, currency: line
        self.record_no = 0
        self.ended = False

    def refused(
        self,
        problem: str,
        record: _Record | None = None,
        fix: str = "ask the bank for the whole file again",
    ) -> InputError:
        """Return the refusal of the file."""
        where = f"{self.name}, line {record.first.number}" if record else self.name
        return InputError(problem, where=where, fix=fix, code="FILE_SCHEMA")

    def take(self, record: _Record) -> None:
        """Take the next record: open, fill or close a level."""
        code = record.code
        parent = _PARENT.get(code)
        if (parent is None) != (not self.levels):
            raise self.refused(f"record {code} stands outside a file (01 ... 99)", record)
        self.ended = False
        deeper = [
            open_code for open_code in self.levels if parent is not None and open_code > parent
        ]
        if parent is not None and (parent not in self.levels or deeper):
            missing = f"an open {deeper[-1]} has no trailer" if deeper else f"no {parent} is open"
            raise self.refused(f"record {code} stands where {missing}", record)
        for level in self.levels.values():
            level.records += record.count
        if code in {"01", "02", "03"}:
            self.open(record)
        elif code == "16":
            self.take_transaction(record)
        else:
            self.close(record, self.levels.pop(str(parent)))

    def open(self, record: _Record) -> None:
        """Open a file, a group or an account."""
        if record.code == "01" and record.chunks in self.files:
            raise self.refused("a file with this 01 record stands here already", record)
        self.files += [record.chunks] if record.code == "01" else []
        level = _Level(record, records=record.count)
        values = [text for chunk in record.chunks for text in chunk] + [""] * 8
        if record.code == "02":
            names = ("originator", "status", "as_of")
            level.values = dict(zip(names, (text.strip() for text in values[1:4]), strict=True))
            level.currency = values[5].strip() or "USD"
            self.judge_group(record, level.values["status"])
        elif record.code == "03":
            level.values = {"account": values[0].strip()}
            level.currency = values[1].strip() or self.levels["02"].currency
            level.total = self.summary_total(record, level.sides)
            self.accounts.append(level.values["account"])
            self.judge_account(record, level)
        self.levels[record.code] = level

    def judge_group(self, record: _Record, status: str) -> None:
        """Refuse a group that is a test; note one that undoes what an earlier file told."""
        if status == _TEST_GROUP:
            raise self.refused("the group is marked as a test (status 4)", record)
        if status in _UNDOING:
            words = f"the group {_UNDOING[status]} an earlier one (status {status})"
            self.reading.notes.append(f"line {record.first.number}: {words}")

    def judge_account(self, record: _Record, account: _Level) -> None:
        """Refuse an account that undoes what this file tells of its day: both would count."""
        group = self.levels["02"].values
        told = (group["originator"], group["as_of"], account.values["account"], account.currency)
        if group["status"] in _UNDOING and told in self.told:
            line, status = self.told[told], group["status"]
            problem = (
                f"expected account {told[2]} of {told[1]} once, found it at line {line}, and a "
                f"group of status {status} that {_UNDOING[status]} it"
            )
            raise self.refused(problem, record, "deliver the group that counts without the other")
        self.told[told] = record.first.number

    def summary_total(self, record: _Record, sides: Sides) -> int:
        """Return the sum of the amounts of an account record, signs as written; note them."""
        values = [text.strip() for chunk in record.chunks for text in chunk][2:]
        total = 0
        for code, amount in amounts_by_code(values):
            minor = whole_number(amount) if amount else 0
            if minor is None:
                raise self.refused(f"summary amount {amount!r} is not a whole number", record)
            sides.stated[code] = minor
            total += minor
        return total

    def take_transaction(self, record: _Record) -> None:
        """Take a 16 record: a row, or a reject with every reason."""
        account, group = self.levels["03"], self.levels["02"]
        fixed, words = _split_transaction(record.chunks)
        type_code, amount, value_date, bank_reference, customer_reference = fixed
        self.record_no = max(record.first.number, self.record_no + 1)
        place = (self.record_no, record.start, record.end)
        reasons = []
        direction = _direction(type_code)
        minor = whole_number(amount or ("0" if direction == "O" else ""))
        if minor is None:
            reasons.append(f"amount {amount!r} is not a whole number of minor units")
        else:
            account.total += minor
            account.sides.add(direction, minor)
        if minor and (minor < 0 or direction == "O"):
            reasons.append(
                f"amount {amount} does not go with type code {type_code}, which signs it"
            )
        if not direction:
            reasons.append(f"type code {type_code!r} is neither a credit nor a debit")
        day = read_day(value_date or group.values["as_of"]) if _is_day(value_date, group) else None
        if day is None:
            reasons.append(
                f"value date {value_date or group.values['as_of']!r} is not a day (YYMMDD)"
            )
        if reasons or minor is None or day is None:
            text = " ".join(",".join(chunk) for chunk in record.chunks)
            refuse_row(self.reading, place, f"16,{text}", reasons)
            return
        parts = [words, f"//{bank_reference}" if bank_reference and customer_reference else ""]
        self.rows.add(
            place,
            (
                account.values["account"],
                group.values["status"],
                group.values["as_of"],
                type_code,
                direction,
                str(-minor if direction == "D" else minor),
                account.currency,
                day.isoformat(),
                bank_reference or None,
                customer_reference or bank_reference or None,
                " ".join(part for part in parts if part) or None,
            ),
        )

    def close(self, record: _Record, level: _Level) -> None:
        """Close a level: compare its trailer, and add it to the level above."""
        values = [text.strip() for text in record.chunks[0]]
        names = {
            "49": ("account", "", "records"),
            "98": ("group", "accounts", "records"),
            "99": ("file", "groups", "records"),
        }[record.code]
        found: list[tuple[str, int, str]] = [("total", level.total, level.currency)]
        if names[1]:
            found.append((names[1], level.children, ""))
        found.append((names[2], level.records, ""))
        label = f"line {record.first.number} {names[0]} {level.values.get('account', '')}".strip()
        for (what, computed, currency), text in zip(found, values, strict=False):
            if text:
                declared = whole_number(text)
                if declared is None:
                    raise self.refused(f"trailer {what} {text!r} is not a whole number", record)
                self.reading.controls.append(
                    ControlTotal(f"{label}: {what}", declared, computed, currency)
                )
        self.reading.controls += level.sides.controls(label, level.currency)
        above = self.levels.get(_PARENT[level.record.code]) if level.record.code != "01" else None
        if above is None:
            self.ended = True
        else:
            above.total += level.total
            above.children += 1


def _is_day(value_date: str, group: _Level) -> bool:
    """Return whether the day to read has six digits."""
    return re.fullmatch(r"[0-9]{6}", value_date or group.values["as_of"]) is not None


def _direction(type_code: str) -> str:
    """Return C for a credit type code, D for a debit, O for mere information, '' for others."""
    if _CREDIT.fullmatch(type_code):
        return "C"
    if _DEBIT.fullmatch(type_code):
        return "D"
    return "O" if type_code == _INFORMATION else ""


def _split_transaction(chunks: list[list[str]]) -> tuple[tuple[str, str, str, str, str], str]:
    """Return type, amount, value date, bank and customer reference of a 16 record, and its text.

    The fixed fields may go on in a continuation; what is left of each record is text.
    """
    waiting = [list(chunk) for chunk in chunks]

    def take() -> str:
        while waiting and not waiting[0]:
            waiting.pop(0)
        return waiting[0].pop(0).strip() if waiting else ""

    type_code, amount, funds = take(), take(), take()
    ahead = [text for chunk in waiting for text in chunk]
    extra = [take() for _ in range(extra_fields(funds, ahead))]
    value_date = extra[0] if funds == "V" and extra else ""
    bank_reference, customer_reference = take(), take()
    words = " ".join(text for chunk in waiting if (text := ",".join(chunk).strip(" ,")))
    return (type_code, amount, value_date, bank_reference, customer_reference), words


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a BAI2 file into rows; raises InputError when its records are not whole."""
    reader = _Reader(staged.name, reading)
    for record in _cut_records(file_lines(staged, options, reading), reading, staged.name):
        reader.take(record)
        if reader.rows.is_ripe:
            yield from reader.rows.ripe()
    if not reader.ended:
        raise reader.refused("the file does not end with its 99 record: it is cut or not BAI2")
    reading.facts["account"] = ", ".join(dict.fromkeys(reader.accounts))
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the head begins with a file record and a group record."""
    return _RECOGNISED.match(probe.text()) is not None


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("direction", {"C": Kind.CREDIT, "D": Kind.DEBIT, "O": Kind.OTHER}),
        "state": Choice("group_status", {"2": State.CLOSED}, State.SUCCESS),
        "merchant_id": Account("account"),
        "bank_ref": Text("reference"),
        "product": Text("type_code"),
        "amount_minor": Money("amount", unit="minor"),
        "currency": Text("currency"),
        "value_date": Day("value_date", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="bai2",
    title_en="BAI2 cash management report",
    title_zh="BAI2 现金管理报告",
    side=Side.BANK,
    recognise=recognise,
    read=read,
    fields=fields,
)
