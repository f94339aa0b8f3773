"""Bank of Beijing, merchant settlement: XML in GB2312, one `Record` tag a transaction.

Layout as a public reader of these files describes it; no file was seen whole. Amounts are 12 digits
of fen, unsigned; PayType says what a record is. The parser of the standard library does not read
GB2312, so tags are cut from the bytes: `<` and `>` are no part of a Chinese character there.

| PayType | kind    | state   |
|---------|---------|---------|
| 01      | PAYMENT | SUCCESS |
| 02      | PAYMENT | FAILED  |
| 03, 04  | REFUND  | SUCCESS |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.reading.contract import (
    Choice,
    Constant,
    Fields,
    Format,
    Money,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    Text,
    Time,
)
from recon.io.reading.records import RowBuilder, account_for_spans, encodings_of, refuse_row
from recon.io.reading.table import refuse_negative_payments

COLUMNS = ("merchant", "order", "card", "type", "amount", "moment")
_ATTRIBUTES = ("MerCode", "OrderNum", "PayAcctNo", "PayType", "Amt", "TranTime")
_TAG = re.compile(rb"<Record\b([^<>]*)>")
_ATTRIBUTE = re.compile(r"""([A-Za-z_]\w*)\s*=\s*("[^"]*"|'[^']*')""")
_ROOT = re.compile(rb"<([A-Za-z_][\w.-]*)(?=[\s>])")
_REFUNDS = ("03", "04")
_LIMIT = 1 << 30  # bytes; a settlement day is far below


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut the records; raises InputError when the document does not end as it began."""
    if staged.size > _LIMIT:
        raise _refused(staged.name, f"the file has {staged.size} bytes; the most is {_LIMIT}")
    data = staged.path.read_bytes()
    _check_whole(data, staged.name)
    encoding = encodings_of(options, ("gb18030",), staged.name)[0]
    rows, spans, last = RowBuilder(COLUMNS), [], 0
    number, counted = 1, 0
    for tag in _TAG.finditer(data):
        number += data.count(b"\n", counted, tag.start())
        counted = tag.start()
        spans.append((number, number + tag[0].count(b"\n")))
        last = max(number, last + 1)
        place = (last, tag.start(), tag.end())
        try:
            text = tag[1].decode(encoding)
        except (UnicodeDecodeError, LookupError) as error:
            refuse_row(reading, place, repr(tag[0]), [f"the record does not decode: {error}"])
            continue
        cells = {name: unescape(value[1:-1]) for name, value in _ATTRIBUTE.findall(text)}
        missing = [name for name in _ATTRIBUTES if name not in cells]
        if missing:
            reason = f"the record lacks {', '.join(missing)}"
            refuse_row(reading, place, tag[0].decode(encoding), [reason])
            continue
        refund = cells["PayType"] in _REFUNDS and not cells["Amt"].startswith("-")
        cells["Amt"] = f"-{cells['Amt']}" if refund else cells["Amt"]
        rows.add(place, tuple(cells[name] for name in _ATTRIBUTES))
    account_for_spans(data, spans, reading)
    yield from rows.batches()


def _check_whole(data: bytes, where: str) -> None:
    """Refuse a document whose root element is not closed at its end, or that has a DOCTYPE."""
    body = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    root = _ROOT.search(body)
    if root is None or not body.startswith(b"<"):
        raise _refused(where, "expected XML with Record tags, found none")
    if b"<!DOCTYPE" in data or b"\x00" in data:
        raise _refused(where, "expected plain XML text, found a DOCTYPE or a NUL byte")
    if not data.rstrip().endswith(b"</" + root[1] + b">"):
        raise _refused(where, f"the document does not end with </{root[1].decode()}>: it is cut")


def _refused(where: str, problem: str) -> InputError:
    """Return the refusal of the file."""
    return InputError(
        problem, where=where, fix="ask the bank for the whole file again", code="FILE_SCHEMA"
    )


def recognise(probe: Probe) -> bool:
    """Return whether the head is XML with this bank's records."""
    tag = _TAG.search(probe.head)
    begins = probe.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    return tag is not None and begins and b"MerCode" in tag[1] and b"PayType" in tag[1]


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice(
            "type",
            {
                "01": Kind.PAYMENT,
                "02": Kind.PAYMENT,
                "03": Kind.REFUND,
                "04": Kind.REFUND,
            },
        ),
        "state": Choice("type", {"02": State.FAILED}, otherwise=State.SUCCESS),
        "merchant_id": Text("merchant"),
        "order_id": Text("order"),
        "card": Text("card"),
        "amount_minor": Money("amount", unit="minor"),
        "currency": Constant("CNY"),
        "occurred_at": Time(
            ("moment",), ("YYYYMMDDhhmmss", "YYYY-MM-DD hh:mm:ss", "YYYYMMDD", "YYYY-MM-DD")
        ),
    }


FORMAT = Format(
    name="settlement_bob",
    title_en="Bank of Beijing, merchant transactions",
    title_zh="北京银行商户交易",
    side=Side.CHANNEL,
    recognise=recognise,
    read=read,
    fields=fields,
    refine=refuse_negative_payments,
)
