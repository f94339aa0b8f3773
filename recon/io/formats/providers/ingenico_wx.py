"""Ingenico (GlobalCollect) WX report: XML, usually gzipped (staging unpacks it).

A DataRecord is a row. Its category is X (processed, nothing collected yet: PENDING), + (received)
or - (given back, charged back, refused after all); its type says what it is. A payment that is
collected comes twice: as X, and later as +; a source that wants the second telling alone declares
`include = { memo = "category [+-]" }`. AmountDelivered is in hundredths, of yen too; what the
category or the kind says is money out is negative. `order_id` is the merchant's
AdditionalReference. Times are in the source's zone. Proof: NumberOfRecords.

| type                     | X, +                         | -          |
|--------------------------|------------------------------|------------|
| ON, OF, IP, DD, CC, AP   | PAYMENT                      | REVERSAL   |
| RS, RN, AB, AG (refused) | PAYMENT, FAILED              | as X       |
| CR, RF                   | X: REFUND; +: ADJUSTMENT     | REFUND     |
| CB, AR (debit undone)    | X: CHARGEBACK; +: ADJUSTMENT | CHARGEBACK |
| others                   | ADJUSTMENT                   | ADJUSTMENT |
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.reading.contract import (
    Choice,
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
from recon.io.reading.records import (
    RowBuilder,
    account_for_spans,
    compare_count,
    refuse_row,
    whole_number,
)
from recon.io.reading.statement import plain_text
from recon.io.reading.xml_tree import Element, closing_end, parse

COLUMNS = (
    "merchant",
    "order",
    "transaction",
    "original",
    "kind",
    "state",
    "amount",
    "currency",
    "moment",
    "authorisation",
    "product",
    "memo",
)
_KINDS = {  # of what came or is processed, and of what went
    **dict.fromkeys(("ON", "OF", "IP", "DD", "CC", "AP"), ("PAYMENT", "REVERSAL")),
    **dict.fromkeys(("RS", "RN", "AB", "AG"), ("PAYMENT", "PAYMENT")),
    **dict.fromkeys(("CR", "RF"), ("ADJUSTMENT", "REFUND")),
    **dict.fromkeys(("CB", "AR"), ("ADJUSTMENT", "CHARGEBACK")),
}
_REFUSED = ("RS", "RN", "AB", "AG")
_STATES = {"X": "PENDING", "+": "SUCCESS", "-": "SUCCESS"}
_NAMESPACE = re.compile(r"wx\.v[0-9_]+\.globalcollect\.com")


class _Reader:
    """Takes the records as the parser closes them."""

    def __init__(self, data: bytes, reading: Reading) -> None:
        self.data = data
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.spans: list[tuple[int, int]] = []
        self.record_no = 0
        self.declared: list[str] = []

    def take_record(self, path: list[Element]) -> None:
        """Take a closed DataRecord."""
        record = path[-1]
        payment = record.find("PaymentData") or record
        self.spans.append((record.line, record.last_line))
        self.record_no = max(record.line, self.record_no + 1)
        number = record.value("OrderID").strip("0") and record.value("OrderID")
        reference = payment.value("PaymentReference")
        kind, state, amount = _meaning(payment)
        undoes = kind in {"REFUND", "REVERSAL", "CHARGEBACK"}
        own = reference if undoes and reference.strip("0") else number or reference
        words = [
            f"{payment.value('Recordcategory')} {payment.value('Recordtype')}",
            payment.value("PaymentStatus"),
            record.value("MerchantID"),
        ]
        original = payment.value("ReferenceOriginalPayment", "AdditionalReference")
        place = (self.record_no, record.start, closing_end(self.data, record))
        if not amount:
            found = payment.value("AmountDelivered")
            text = self.data[place[1] : place[2]].decode(errors="replace")
            reason = f"AmountDelivered {found[:40]!r} is not whole hundredths"
            refuse_row(self.reading, place, text, [reason])
            return
        self.rows.add(
            place,
            (
                payment.value("MID") or record.value("MerchantID"),
                payment.value("AdditionalReference") or None,
                own or None,
                original if undoes else None,
                kind,
                state,
                amount,
                payment.value("CurrencyDelivered"),
                payment.value("TransactionDateTime", "DateDue"),
                payment.value("AuthorizationCode", "AuthorizationCodePayment") or None,
                payment.value("CreditCardCompany", "PaymentProductId") or None,
                f"category {words[0]}, status {words[1]}, merchant {words[2]}",
            ),
        )

    def take_count(self, path: list[Element]) -> None:
        """Take a declared number of records."""
        self.declared.append(path[-1].text.strip())


def _meaning(payment: Element) -> tuple[str, str, str]:
    """Return kind, state and signed amount of a record; a category that is not known is the state.

    A refund or chargeback that is only processed is one already, and money out. An amount that is
    no whole number is ''.
    """
    category, code = payment.value("Recordcategory"), payment.value("Recordtype")
    came, went = _KINDS.get(code, ("ADJUSTMENT", "ADJUSTMENT"))
    kind = went if category == "-" or (category == "X" and came == "ADJUSTMENT") else came
    state = "FAILED" if code in _REFUSED else _STATES.get(category, category)
    hundredths = whole_number(payment.value("AmountDelivered").removeprefix("-"))
    leaves = category == "-" or kind in {"REFUND", "CHARGEBACK"}
    if hundredths is None:
        return kind, state, ""
    leaves |= payment.value("AmountDelivered").startswith("-")
    return kind, state, plain_text(-hundredths if leaves else hundredths, 2)


def read(staged: StagedFile, _options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a report into rows; raises InputError for damaged or other XML."""
    data = staged.path.read_bytes()
    reader = _Reader(data, reading)
    wanted = {"DataRecord": reader.take_record, "NumberOfRecords": reader.take_count}
    root = parse(data, staged.name, wanted)
    if root.name != "report" or not _NAMESPACE.search(root.namespace):
        raise InputError(
            f"expected a WX report, found {root.name} in {root.namespace or 'no namespace'}",
            where=staged.name,
            fix="declare the file's own format",
            code="FILE_SCHEMA",
        )
    account_for_spans(data, reader.spans, reading)
    for text in reader.declared:
        compare_count(reading, "NumberOfRecords", text, len(reader.spans))
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the head is XML in the report's namespace."""
    text = probe.text()
    return (
        text.lstrip("\ufeff \t\r\n").startswith("<") and _NAMESPACE.search(text[:4000]) is not None
    )


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Choice("state", {state.name: state for state in State}),
        "merchant_id": Text("merchant"),
        "order_id": Text("order"),
        "channel_ref": Text("transaction"),
        "original_ref": Text("original"),
        "auth_code": Text("authorisation"),
        "product": Text("product"),
        "amount_minor": Money("amount", extra_zero_decimals=True),
        "currency": Text("currency"),
        "occurred_at": Time(("moment",), ("YYYY-MM-DDThh:mm:ss", "YYYY-MM-DD")),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="ingenico_wx",
    title_en="Ingenico (GlobalCollect) WX report",
    title_zh="Ingenico（GlobalCollect）WX 报表",
    side=Side.CHANNEL,
    recognise=recognise,
    read=read,
    fields=fields,
)
