"""Ingenico (GlobalCollect) WX report: XML, usually gzipped (staging unpacks it).

A DataRecord is a row. Its category is X (processed), + (received) or - (refunded, charged back);
its type says what it is. AmountDelivered is signed minor units. `order_id` is the merchant's
AdditionalReference. Times are in the source's zone. Proof: NumberOfRecords.

| type               | kind       |
|--------------------|------------|
| ON, OF, IP, DD, CC | PAYMENT    |
| CR, RF             | REFUND     |
| CB                 | CHARGEBACK |
| others             | ADJUSTMENT |
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
from recon.io.reading.records import RowBuilder, account_for_spans, compare_count
from recon.io.reading.xml_tree import Element, closing_end, parse

COLUMNS = (
    "merchant",
    "order",
    "transaction",
    "original",
    "type",
    "amount",
    "currency",
    "moment",
    "authorisation",
    "product",
    "memo",
)
_KINDS = {
    "ON": Kind.PAYMENT,
    "OF": Kind.PAYMENT,
    "IP": Kind.PAYMENT,
    "DD": Kind.PAYMENT,
    "CC": Kind.PAYMENT,
    "CR": Kind.REFUND,
    "RF": Kind.REFUND,
    "CB": Kind.CHARGEBACK,
}
_NAMESPACE = re.compile(r"wx\.v[0-9_]+\.globalcollect\.com")


class _Reader:
    """Takes the records as the parser closes them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
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
        refund = payment.value("Recordcategory") == "-"
        own = reference if refund and reference.strip("0") else number or reference
        words = [
            payment.value("Recordcategory"),
            payment.value("PaymentStatus"),
            record.value("MerchantID"),
        ]
        original = payment.value("ReferenceOriginalPayment", "AdditionalReference")
        self.rows.add(
            (self.record_no, record.start, closing_end(self.data, record)),
            (
                payment.value("MID") or record.value("MerchantID"),
                payment.value("AdditionalReference") or None,
                own or None,
                original if refund else None,
                payment.value("Recordtype"),
                payment.value("AmountDelivered"),
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


def read(staged: StagedFile, _options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a report into rows; raises InputError for damaged or other XML."""
    data = staged.path.read_bytes()
    reader = _Reader(data)
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
        "kind": Choice("type", _KINDS, Kind.ADJUSTMENT),
        "state": Constant(State.SUCCESS),
        "merchant_id": Text("merchant"),
        "order_id": Text("order"),
        "channel_ref": Text("transaction"),
        "original_ref": Text("original"),
        "auth_code": Text("authorisation"),
        "product": Text("product"),
        "amount_minor": Money("amount", unit="minor"),
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
