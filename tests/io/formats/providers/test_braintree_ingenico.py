from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from recon.io.formats.providers import braintree, ingenico_wx
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
)

PUMP, CRM = "wikimedia__wikimedia-fundraising-SmashPig__", "wikimedia__wikimedia-fundraising-crm__"
DUMPS = {
    PUMP + "raw_batch_report_dispute.json": (7, 0, "unproved"),
    PUMP + "raw_batch_report_dispute_single_nd_json.json": (1, 0, "unproved"),
    PUMP + "raw_batch_report_gravy_refund.json": (1, 0, "unproved"),
    PUMP + "raw_batch_report_refund.json": (2, 0, "unproved"),
    PUMP + "raw_settlement_batch_report.json": (3, 0, "unproved"),
    CRM + "raw_disbursement_report_chargeback_2026-02-24_2026-02-24.json": (1, 0, "unproved"),
    CRM + "raw_disbursement_report_consolidated_2026-01-15_2026-01-15.json": (2, 0, "unproved"),
}


def money(value: str) -> dict:
    return {"value": value, "currencyCode": "USD"}


OBJECTS = [
    {
        "id": "A1",
        "legacyId": "a1",
        "orderId": "ORDER-1",
        "createdAt": "2026-01-01T10:00:00.000000Z",
        "merchantAccountId": "shop",
        "status": "SETTLED",
        "statusHistory": [{"amount": money("60.50"), "settlementBatchId": "B1"}, []],
        "disbursementDetails": {"date": "2026-01-03", "amount": money("60.50")},
        "amount": money("60.50"),
    },
    {
        "id": "R1",
        "legacyId": "r1",
        "orderId": "ORDER-1",
        "createdAt": "2026-01-02T10:00:00Z",
        "merchantAccountId": "shop",
        "status": "SETTLED",
        "statusHistory": [],
        "refundedTransaction": {"id": "A1", "legacyId": "a1", "orderId": "ORDER-1"},
        "amount": money("10.00"),
    },
    {
        "id": "D1",
        "caseNumber": "C-1",
        "createdAt": "2026-01-04T10:00:00Z",
        "status": "LOST",
        "statusHistory": [{"disbursementDate": "2026-01-05"}],
        "transaction": {"id": "A1", "legacyId": "a1", "orderId": "ORDER-1"},
        "amountDisputed": money("50.50"),
    },
]
ARRAY = json.dumps(OBJECTS, indent=1)
LINES = "\n".join(json.dumps(one) for one in OBJECTS)


@pytest.mark.parametrize("text", [ARRAY, LINES, json.dumps(OBJECTS)])
def test_braintree_sample_is_read_field_by_field(tmp_path: Path, text: str) -> None:
    """An array, one object a line, and everything on one line must give the same rows."""
    outcome = read_bytes(braintree.FORMAT, text.encode(), tmp_path)
    assert outcome.rejects == []
    assert outcome.frame.select("kind", "amount_minor", "channel_ref", "original_ref").rows() == [
        ("PAYMENT", 6050, "a1", None),
        ("REFUND", -1000, "r1", "ORDER-1"),
        ("CHARGEBACK", -5050, "D1", "a1"),
    ]
    assert outcome.frame["batch_id"][0] == "B1"
    assert outcome.reading.all_lines_accounted()
    assert len({row["record_no"] for row in outcome.rows}) == 3
    for row, value in zip(outcome.rows, OBJECTS, strict=True):
        piece = text.encode()[row["byte_start"] : row["byte_end"]]
        assert json.loads(piece) == value


@pytest.mark.parametrize(
    ("status", "events", "row"),
    [
        ("LOST", [("OPEN", None), ("LOST", "2026-01-06")], ("CHARGEBACK", "SUCCESS", -5050)),
        ("AUTO_ACCEPTED", [("AUTO_ACCEPTED", None)], ("CHARGEBACK", "SUCCESS", -5050)),
        ("OPEN", [("OPEN", "2026-01-06")], ("CHARGEBACK", "SUCCESS", -5050)),
        ("EXPIRED", [("EXPIRED", "2026-01-06")], ("CHARGEBACK", "SUCCESS", -5050)),
        ("EXPIRED", [("EXPIRED", None)], ("OTHER", "SUCCESS", 0)),
        ("WON", [("OPEN", "2026-01-05"), ("WON", "2026-01-06")], ("CHARGEBACK", "SUCCESS", -1050)),
        ("WON", [("WON", "2026-01-06")], ("ADJUSTMENT", "SUCCESS", 4000)),
        ("WON", [("WON", None), ("OPEN", "2026-01-06")], ("CHARGEBACK", "SUCCESS", -5050)),
        ("UNDER_REVIEW", [], ("OTHER", "PENDING", 0)),
    ],
)
def test_a_braintree_dispute_moves_what_its_events_disbursed(
    tmp_path: Path, status: str, events: list, row: tuple
) -> None:
    """A date of disbursement says that funds moved; the status alone says it of a lost dispute."""
    history = [{"status": name, "disbursementDate": date} for name, date in events]
    dispute = OBJECTS[2] | {"status": status, "statusHistory": history, "amountWon": money("40.00")}
    outcome = read_bytes(braintree.FORMAT, json.dumps(dispute).encode(), tmp_path)
    assert outcome.frame.select("kind", "state", "amount_minor").row(0) == row
    moved = "2026-01-06" in str(events)
    assert str(outcome.frame["clearing_date"][0]) == ("2026-01-06" if moved else "None")


def test_a_braintree_dispute_that_is_won_whole_moves_nothing(tmp_path: Path) -> None:
    """What was taken came back; how much came back must be told."""
    history = [{"status": name, "disbursementDate": "2026-01-06"} for name in ("OPEN", "WON")]
    dispute = OBJECTS[2] | {"status": "WON", "statusHistory": history}
    whole = json.dumps(dispute | {"amountWon": dispute["amountDisputed"]}).encode()
    frame = read_bytes(braintree.FORMAT, whole, tmp_path).frame
    assert frame.select("kind", "state", "amount_minor").rows() == [("OTHER", "SUCCESS", 0)]
    untold = read_bytes(braintree.FORMAT, json.dumps(dispute).encode(), tmp_path)
    assert (untold.frame.height, len(untold.rejects)) == (0, 1)


def test_braintree_statuses_are_those_of_the_vendor(tmp_path: Path) -> None:
    """Every documented status is known; another one, of a dispute too, is a reject."""
    told = [("SETTLEMENT_CONFIRMED", 0), ("AUTHORIZING", 0), ("MELTED", 0), ("MELTED", 2)]
    lines = [json.dumps(OBJECTS[place] | {"status": status}) for status, place in told]
    outcome = read_bytes(braintree.FORMAT, "\n".join(lines).encode(), tmp_path)
    assert outcome.frame["state"].to_list() == ["PENDING", "PENDING"]
    assert ["MELTED" in reject.reasons[0] for reject in outcome.rejects] == [True, True]


def test_braintree_money_that_is_disbursed_otherwise_is_told(tmp_path: Path) -> None:
    """Another currency, another amount and held funds stand in the memo."""
    euros = {"date": "2026-01-03", "amount": {"value": "65.10", "currencyCode": "EUR"}}
    held = OBJECTS[0]["disbursementDetails"] | {"fundsHeld": True}
    told = [OBJECTS[0] | {"disbursementDetails": details} for details in (euros, held)]
    outcome = read_bytes(braintree.FORMAT, json.dumps([*told, OBJECTS[0]]).encode(), tmp_path)
    ends = ["SETTLED id A1 disbursed EUR 65.10", "SETTLED id A1 funds held", "SETTLED id A1"]
    assert outcome.frame["memo"].to_list() == ends


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (ARRAY[:-2], "the file is cut"),
        (LINES[:-5], "the JSON is damaged"),
        ('{"id": "1", "id": "2", "statusHistory": []}', "a key stands twice"),
        ('{"id": NaN}', "is no number of money"),
        ("[1]", "expected objects"),
        ('{"a":' * 100000, "the JSON is damaged"),
        ('{"id":' + '{"a":' * 70 + "1" + "}" * 71, "64 levels"),
        ("", "holds no object"),
        ("[", "cut"),
    ],
)
def test_braintree_damage_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    """Cut, doubled, deep and foreign JSON must be refused, each with its own reason."""
    assert problem in read_bytes(braintree.FORMAT, text.encode(), tmp_path).verdict


@pytest.mark.parametrize("text", ["[]", "[]\n", "\ufeff[\n]\n"])
def test_braintree_day_without_transactions_is_an_empty_array(tmp_path: Path, text: str) -> None:
    """Nothing was settled: the report is whole and has no row."""
    outcome = read_bytes(braintree.FORMAT, text.encode(), tmp_path)
    assert (outcome.verdict, outcome.rows) == ("unproved", [])
    assert outcome.reading.all_lines_accounted()


def test_braintree_text_without_bytes_is_a_reject(tmp_path: Path) -> None:
    """Half a character, which JSON can escape and no file can hold, costs its own object."""
    text = ARRAY.replace('"a1"', '"\\ud800"', 1)
    assert text != ARRAY
    outcome = read_bytes(braintree.FORMAT, text.encode(), tmp_path)
    assert outcome.frame.height == 2
    assert "half a character" in outcome.rejects[0].reasons[0]


def test_braintree_cuts_of_an_array_are_refused(tmp_path: Path) -> None:
    """An array cut at any byte must be refused."""
    data = ARRAY.encode()
    for cut in range(len(data)):
        assert read_bytes(braintree.FORMAT, data[:cut], tmp_path).refusal is not None, cut


def test_braintree_corpus() -> None:
    """Every Braintree file of the corpus must come out as it was judged by eye."""
    check_expectations(braintree.FORMAT, corpus_folder("braintree"), DUMPS)
    assert claimed_elsewhere(braintree.FORMAT, {"braintree"}) == []


def _wx(*records: tuple[str, str, str, str]) -> bytes:
    """Return a WX report of records: category, type, amount, currency."""
    made = "".join(
        f"<DataRecord><OrderID>{number}</OrderID><PaymentData><Recordcategory>{category}"
        f"</Recordcategory><Recordtype>{code}</Recordtype><PaymentReference>9</PaymentReference>"
        f"<AdditionalReference>O-1</AdditionalReference><CurrencyDelivered>{currency}"
        f"</CurrencyDelivered><AmountDelivered>{amount}</AmountDelivered>"
        "<TransactionDateTime>2026-01-02T10:00:00</TransactionDateTime></PaymentData></DataRecord>"
        for number, (category, code, amount, currency) in enumerate(records, start=1)
    )
    return f'<report xmlns="http://wx.v2_6.globalcollect.com/">{made}</report>'.encode()


@pytest.mark.parametrize(
    ("record", "row"),
    [
        (("X", "ON", "1250"), ("PAYMENT", "PENDING", 1250, "1", None)),
        (("+", "ON", "1250"), ("PAYMENT", "SUCCESS", 1250, "1", None)),
        (("+", "AP", "1250"), ("PAYMENT", "SUCCESS", 1250, "1", None)),
        (("-", "ON", "-1250"), ("REVERSAL", "SUCCESS", -1250, "9", "O-1")),
        (("-", "AR", "1250"), ("CHARGEBACK", "SUCCESS", -1250, "9", "O-1")),
        (("X", "RN", "1250"), ("PAYMENT", "FAILED", 1250, "1", None)),
        (("X", "CR", "1250"), ("REFUND", "PENDING", -1250, "9", "O-1")),
        (("-", "CB", "-1250"), ("CHARGEBACK", "SUCCESS", -1250, "9", "O-1")),
        (("+", "CB", "1250"), ("ADJUSTMENT", "SUCCESS", 1250, "1", None)),
        (("-", "QQ", "1250"), ("ADJUSTMENT", "SUCCESS", -1250, "1", None)),
    ],
)
def test_an_ingenico_record_is_what_category_and_type_say(
    tmp_path: Path, record: tuple[str, str, str], row: tuple
) -> None:
    """A direct debit is a payment, one undone no negative payment, a refused one has failed."""
    outcome = read_bytes(ingenico_wx.FORMAT, _wx((*record, "EUR")), tmp_path)
    columns = ("kind", "state", "amount_minor", "channel_ref", "original_ref")
    assert outcome.frame.select(columns).row(0) == row


def test_ingenico_amounts_are_hundredths_of_every_currency(tmp_path: Path) -> None:
    """500 yen are written 50000; what is no whole number, and an unknown category, are rejects."""
    records = [("+", "ON", "50000", "JPY"), ("+", "ON", "1234", "KWD"), ("+", "ON", "12.50", "EUR")]
    data = _wx(*records, ("?", "ON", "1", "EUR"), ("+", "ON", "50", "JPY"))
    outcome = read_bytes(ingenico_wx.FORMAT, data, tmp_path)
    assert outcome.frame["amount_minor"].to_list() == [500, 12340]
    told = " ".join(reject.reasons[0] for reject in outcome.rejects)
    assert all(word in told for word in ("not whole hundredths", "state '?'", "JPY has 0 decimals"))


def test_ingenico_corpus(tmp_path: Path) -> None:
    """Each WX report of the corpus must give one proved row; a wrong count or cut is noticed."""
    for path in sorted(corpus_folder("ingenico_wx1").iterdir()):
        data = gzip.decompress(path.read_bytes())
        outcome = read_bytes(ingenico_wx.FORMAT, data, tmp_path)
        assert (outcome.frame.height, outcome.verdict) == (1, "agreed"), path.name
        assert outcome.frame["order_id"][0]
        refund = "refund" in path.name
        assert outcome.frame["kind"][0] == ("REFUND" if refund else "PAYMENT")
        assert (outcome.frame["amount_minor"][0] < 0) == refund
        wrong = data.replace(b"NumberOfRecords>1<", b"NumberOfRecords>2<")
        assert read_bytes(ingenico_wx.FORMAT, wrong, tmp_path).verdict == "held"
        cut = read_bytes(ingenico_wx.FORMAT, data[: len(data) // 2], tmp_path)
        assert cut.refusal is not None
    foreign = read_bytes(ingenico_wx.FORMAT, b"<report/>", tmp_path)
    assert "expected a WX report" in foreign.verdict
    assert claimed_elsewhere(ingenico_wx.FORMAT, {"ingenico_wx1"}) == []
