"""QIF: the Quicken interchange format of banks and cards.

Dates in QIF do not say which number is the day, so the source must declare them (`date_patterns`,
for instance `M/D/YY`); a date that does not fit is a reject. Amounts are signed, with thousands
marks. QIF declares no totals and no currency: the source's currency counts, and nothing proves that
the file is whole but the `^` that ends each entry. Rows are of the account that the last !Account
list before them names. The first entry of an account may be its opening balance (payee "Opening
Balance", with an account in brackets for a category): it moves no money and is no row. Lists of
categories, classes or securities are passed over; an investment account is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from recon.core.codes import Side, State
from recon.errors import InputError
from recon.io.reading.contract import (
    Account,
    Constant,
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

COLUMNS = ("account", "date", "amount", "number", "memo")
_KINDS = ("bank", "cash", "ccard", "oth a", "oth l")
_LISTS = ("cat", "class", "tag", "memorized", "security", "prices")  # of no account's movements
_ACCOUNTS = "account"
_RECOGNISED = re.compile(
    rf"\s*(!Option:[^\n]*\n|!Clear:[^\n]*\n)*"
    rf"!(Type:(?:{'|'.join((*_KINDS, *_LISTS, 'invst', 'invoice'))})|Account)\s*\n",
    re.IGNORECASE,
)
_TRANSFER = re.compile(r"[Ll]\s*\[\s*(\S.*?)\s*\](?:/.*)?")  # from or to an account of one's own
_KNOWN = frozenset("DTUCNPMALSE$%F")
_ONCE = frozenset("DTUCNPL")  # lines of a memo, of an address and of a split may be several


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a QIF file into rows; raises InputError when it ends inside an entry."""
    rows = RowBuilder(COLUMNS)
    section, account, entry = "", "", list[Line]()
    begins = False  # the next entry is the first of its account
    is_told = False  # an account's entries have begun
    for line in file_lines(staged, options, reading):
        text = line.text.strip()
        if not text:
            reading.blank_lines += 1
        elif text.startswith("!"):
            if entry:
                raise _refused("the entry before it is not ended by ^", staged.name, line)
            section, begins = _section(text, section, staged.name, line), True
            is_told = is_told or section in _KINDS
            reading.header_lines += 1
        elif section not in _KINDS:  # a list; of accounts it says which one follows
            reading.header_lines += 1
            account = text[1:].strip() if section == _ACCOUNTS and text[0] in "Nn" else account
        elif text == "^" and begins and (opened := _opened(entry)):
            reading.header_lines += 1 + len(entry)
            account, begins, entry = account or opened, False, []
        elif text == "^":
            begins = False
            reading.record_lines += 1 + len(entry)
            _take(entry, line, account, rows, reading)
            entry = []
            yield from rows.ripe()
        else:
            entry.append(line)
    if entry:
        raise _refused("the last entry is not ended by ^: the file is cut", staged.name, entry[0])
    if section == _ACCOUNTS or not is_told:
        raise _refused("expected entries of an account, found none at its end", staged.name, None)
    yield from rows.batches()


def _section(text: str, section: str, name: str, line: Line) -> str:
    """Return which section a line with a mark begins; options and the like begin none."""
    word = text[1:].strip().lower()
    if word.startswith(("option:", "clear:")):
        return section
    kind = word.removeprefix("type:").strip()
    if word != _ACCOUNTS and (not word.startswith("type:") or kind not in (*_KINDS, *_LISTS)):
        raise _refused(f"{text} is not a bank or card account", name, line)
    return kind


def _refused(problem: str, name: str, line: Line | None) -> InputError:
    """Return the refusal of the file."""
    where = f"{name}, line {line.number}" if line else name
    return InputError(problem, where=where, fix="export the account again", code="FILE_SCHEMA")


def _opened(entry: list[Line]) -> str:
    """Return the account whose opening balance an entry is; '' where it is a movement."""
    lines = [line.text.strip() for line in entry]
    payees = [text[1:].strip().lower() for text in lines if text[0] in "Pp"]
    accounts = [match[1] for text in lines if (match := _TRANSFER.fullmatch(text))]
    return accounts[0] if accounts and payees == ["opening balance"] else ""


def _take(entry: list[Line], end: Line, account: str, rows: RowBuilder, reading: Reading) -> None:
    """Take an entry: a row, or a reject with every reason."""
    values: dict[str, str] = {}
    reasons = []
    for line in entry:
        code, text = line.text.strip()[0].upper(), line.text.strip()[1:].strip()
        if code not in _KNOWN:
            reasons.append(f"line {line.number} begins with {code!r}, which QIF does not know")
        if code in _ONCE and code in values:
            reasons.append(
                f"expected one {code} in an entry, found another at line {line.number}: "
                "the ^ between two entries is lost"
            )
        if code == "M" and text:
            text = f"{values.pop(code, '')} {text}".strip()
        values.setdefault(code, text)
    first = entry[0] if entry else end
    place = (first.number, first.start, end.end)
    amount = values.get("T", values.get("U", ""))
    if not amount:
        reasons.append("the entry has no amount (T)")
    if not values.get("D"):
        reasons.append("the entry has no date (D)")
    if reasons:
        refuse_row(reading, place, "\n".join(line.text for line in entry), reasons)
        return
    words = [values.get(code, "") for code in "PML"]
    memo = " ".join(word for word in dict.fromkeys(words) if word)
    date = re.sub(r"\s", "", values["D"])
    rows.add(place, (account or None, date, amount, values.get("N") or None, memo or None))


def recognise(probe: Probe) -> bool:
    """Return whether the head begins with a QIF section."""
    return _RECOGNISED.match(probe.text().lstrip("\ufeff").replace("\r\n", "\n")) is not None


def fields(options: Options) -> Fields:
    """Return how the columns become the canonical table; kinds go by the sign."""
    thousands = options.thousands or ("," if options.decimal_mark == "." else ".")
    return {
        "state": Constant(State.SUCCESS),
        "merchant_id": Account("account"),
        "bank_ref": Text("number"),
        "amount_minor": Money("amount", decimal_mark=options.decimal_mark, thousands=thousands),
        "value_date": Day("date", options.date_patterns, declared="date_patterns"),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="qif",
    title_en="QIF export",
    title_zh="QIF 导出文件",
    side=Side.BANK,
    recognise=recognise,
    read=read,
    fields=fields,
)
