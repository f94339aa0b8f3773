# ruff: noqa: E501  a line of a sample is a line of a file
from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.io.formats.china_acquirers import allinpay
from recon.io.formats.providers import (
    checkout_breakdown,
    checkout_payouts,
    gravy_transactions,
    mollie_settlement,
    paypal_activity,
    razorpay_settlement,
    square_transactions,
    venmo,
)
from recon.io.reading.contract import Options
from recon.io.reading.table import negated, utc_text
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    probe_of,
    read_bytes,
)

PUMP = "wikimedia__wikimedia-fundraising-SmashPig__"
ORCHESTRATOR = {
    PUMP + "all_transactions_report.csv": (4, 0, "unproved"),
    PUMP + "all_transactions_report_no_captured_trnxs.csv": (2, 0, "unproved"),
    PUMP + "all_transactions_report_refund.csv": (3, 0, "unproved"),
}
PAYOUTS = {
    PUMP + "payouts_ent_testcheckoutfixture_20260701_20260702_1(1)-1.csv": (1, 0, "unproved")
}
VENMO = {"jbms__beancount-import__transactions.csv": (50, 0, "unproved")}
ACTIVITY = {
    "OCA__bank-statement-import__activity_en.csv": (76, 0, "unproved"),
    "OCA__bank-statement-import__statement_en.csv": (19, 0, "unproved"),
    "simonmichael__hledger__paypal-custom.csv": (7, 0, "unproved"),
}
COLUMNS = ("kind", "state", "amount_minor", "fee_minor", "net_minor")

SAMPLES = [
    (
        gravy_transactions.FORMAT,
        Options(),
        """\
id,external_identifier,status,created_at,updated_at,captured_at,amount,currency,captured_amount,refunded_amount,payment_service_transaction_id
g1,ORDER-1,capture_succeeded,2026-01-01T00:30:00.5+01:00,x,2026-01-01T00:31:00.5+01:00,1000,USD,900,0,P1
g2,ORDER-2,authorization_declined,2026-01-01T00:30:00Z,x,,500,JPY,0,0,P2
""",
        [("PAYMENT", "SUCCESS", 900, None, 900), ("PAYMENT", "FAILED", 500, None, 500)],
        ["2025-12-31 23:31:00", "2026-01-01 00:30:00"],
    ),
    (
        checkout_breakdown.FORMAT,
        Options(),
        """\
Type,Payment ID,Action ID,Reference,Processed On,Available On,Payout ID,Holding Currency,Gross In Holding Currency,Deduction In Holding Currency,Net In Holding Currency
Charge,pay_1,act_1,ORDER-1,2026-01-01T10:00:00.123,2026-01-03T00:00:00.000,P1,EUR,60.50,-1.5,59.00
Refund,pay_1,act_2,ORDER-1,2026-01-02T10:00:00.123,2026-01-03T00:00:00.000,P1,EUR,-10,0.10,-9.9
""",
        [("PAYMENT", "SUCCESS", 6050, 150, 5900), ("REFUND", "SUCCESS", -1000, -10, -990)],
        ["2026-01-01 10:00:00", "2026-01-02 10:00:00"],
    ),
    (
        checkout_payouts.FORMAT,
        Options(),
        """\
Client Entity ID,Currency Account ID,Holding Currency,Payout ID,Payout Date,Payout Amount,Merchant Payout Fees
ent_1,ca_1,EUR,P1,2026-01-03T02:00:00.000,49.1,-2
""",
        [("PAYOUT", "SUCCESS", -4910, None, -4910)],
        ["2026-01-03 02:00:00"],
    ),
    (
        venmo.FORMAT,
        Options(zone="UTC"),
        """\
Account Statement - (@shop)
ID,Datetime,Type,Status,Note,From,To,Amount (total),Amount (fee),Destination
1,2026-01-01T10:00:00,Payment,Complete,Order 1,Ann,Shop,"+ $1,150.00",$1.15,
2,2026-01-02T10:00:00,Standard Transfer,Issued,,,,"- $1,148.85",,Bank
""",
        [
            ("PAYMENT", "SUCCESS", 115000, 115, 114885),
            ("PAYOUT", "SUCCESS", -114885, None, -114885),
        ],
        ["2026-01-01 10:00:00", "2026-01-02 10:00:00"],
    ),
    (
        paypal_activity.FORMAT,
        Options(date_patterns=("M/D/YYYY",)),
        """\
"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","Transaction ID","Reference Txn ID","Invoice Number"
"1/2/2026","07:00:00","PST","Ann","Website Payment","Completed","USD","1,060.50","-1.50","1,059.00","T1","","ORDER-1"
"7/3/2026","07:00:00","America/Los_Angeles","","General Withdrawal - Bank Account","Completed","USD","-50.00","0.00","-50.00","T2","",""
"1/4/2026","07:00:00","PST","Ann","Payment Refund","Pending","USD","-10.00","0.30","-9.70","T3","T1","ORDER-1"
""",
        [
            ("PAYMENT", "SUCCESS", 106050, 150, 105900),
            ("PAYOUT", "SUCCESS", -5000, 0, -5000),
            ("REFUND", "PENDING", -1000, -30, -970),
        ],
        ["2026-01-02 15:00:00", "2026-07-03 14:00:00", "2026-01-04 15:00:00"],
    ),
    (
        square_transactions.FORMAT,
        Options(zone="Asia/Shanghai"),
        """\
Date,Time,Time Zone,Total Collected,Fees,Net Total,Transaction ID,Payment ID,Event Type,Deposit ID,Card Brand
2026-01-01,10:00:00,Eastern Time,"$1,060.50",-$1.50,"$1,059.00",T1,P1,Payment,D1,Visa
2026-01-02,07:00:00,Pacific Time (US & Canada),($10.00),$0.00,($10.00),T2,P2,Refund,D1,Visa
""",
        [("PAYMENT", "SUCCESS", 106050, 150, 105900), ("REFUND", "SUCCESS", -1000, 0, -1000)],
        ["2026-01-01 15:00:00", "2026-01-02 15:00:00"],
    ),
    (
        razorpay_settlement.FORMAT,
        Options(),
        """\
entity_id,type,debit,credit,amount,currency,fee (exclusive tax),tax,on_hold,settled,created_at,settlement_id,settlement_utr,payment_id,order_id
pay_1,payment,0.00,97.64,100.00,INR,2.00,0.36,0,1,02/01/2026 00:10:00,setl_1,UTR1,,order_1
rfnd_1,refund,10.00,0.00,10.00,INR,0.00,0.00,0,1,02/01/2026 00:10:00,setl_1,UTR1,pay_1,order_1
""",
        [("PAYMENT", "SUCCESS", 10000, 236, 9764), ("REFUND", "SUCCESS", -1000, 0, -1000)],
        ["2026-01-01 18:40:00", "2026-01-01 18:40:00"],
    ),
    (
        allinpay.FORMAT,
        Options(),
        """\
商户号,门店名称,终端号,交易时间,交易类型,交易批次号,凭证号,参考号,卡号,交易金额,手续费,交易日期,交易单号,订单号,结算金额,原交易单
M1,一店,T1,10:00:00,消费,B1,000001,R1,6222020000001234,60.50,0.36,2026-01-02,A1,ORDER-1,60.14,
M1,一店,T1,11:00:00,退货,B1,000002,R2,6222020000001234,10.00,0.06,2026-01-02,A2,ORDER-1,9.94,A1
""",
        [("PAYMENT", "SUCCESS", 6050, 36, 6014), ("REFUND", "SUCCESS", -1000, -6, -994)],
        ["2026-01-02 02:00:00", "2026-01-02 03:00:00"],
    ),
    (
        mollie_settlement.FORMAT,
        Options(zone="Europe/Amsterdam"),
        """\
Date,Payment method,Currency,Amount,Status,ID,Description,Settlement currency,Settlement amount,Settlement reference
2026-01-01 10:00:00,ideal,EUR,60.50,paid,tr_1,ORDER-1,EUR,60.50,123.2601.01
2026-01-02 10:00:00,creditcard,USD,-10.00,refunded,re_1,ORDER-1,EUR,-9.10,123.2601.01
""",
        [("PAYMENT", "SUCCESS", 6050, None, 6050), ("REFUND", "SUCCESS", -910, None, -910)],
        ["2026-01-01 09:00:00", "2026-01-02 09:00:00"],
    ),
]


@pytest.mark.parametrize(
    ("form", "options", "text", "rows", "times"),
    SAMPLES,
    ids=[sample[0].name for sample in SAMPLES],
)
def test_samples_are_read_field_by_field(
    tmp_path: Path, form, options: Options, text: str, rows: list, times: list
) -> None:
    """Kind, state, amount, fee, net and time of each provider's sample must be exactly these."""
    outcome = read_bytes(form, text.encode(), tmp_path, options)
    assert outcome.rejects == []
    assert outcome.frame.select(COLUMNS).rows() == rows
    assert [str(time)[:19] for time in outcome.frame["occurred_at"]] == times
    assert outcome.reading.all_lines_accounted()
    assert [
        other.name for other, *_ in SAMPLES if other is not form and other.recognise(_probe(text))
    ] == []
    assert form.recognise(_probe(text))


def _probe(text: str):
    from recon.io.reading.contract import Probe  # noqa: PLC0415  one use

    return Probe("sample.csv", len(text), text.encode())


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample[0].name for sample in SAMPLES])
def test_a_missing_column_refuses_the_file(tmp_path: Path, sample: tuple) -> None:
    """Each required column that is renamed must refuse the file and be named."""
    form, options, text = sample[:3]
    header = next(line for line in text.splitlines() if "," in line)
    name = header.split(",")[-1].strip('"') if form is mollie_settlement.FORMAT else None
    name = name or {"allinpay": "交易单号"}.get(form.name)
    name = name or {"venmo": "Datetime", "paypal_activity": "Gross"}.get(form.name)
    name = name or next(
        cell for cell in header.split(",") if cell in {"amount", "Payout ID", "Fees"}
    )
    changed = text.replace(header, header.replace(name, "Other"), 1)
    outcome = read_bytes(form, changed.encode(), tmp_path, options)
    assert name in outcome.verdict
    assert outcome.refusal is not None


def test_corpus_outcomes() -> None:
    """Every file of these providers in the corpus must come out as it was judged by eye."""
    check_expectations(gravy_transactions.FORMAT, corpus_folder("gravy"), ORCHESTRATOR)
    check_expectations(checkout_payouts.FORMAT, corpus_folder("checkoutcom"), PAYOUTS)
    check_expectations(venmo.FORMAT, corpus_folder("venmo_csv"), VENMO)
    for day, name in (("D/M/YYYY", "activity_en"), ("M/D/YYYY", "statement_en")):
        wanted = {key: value for key, value in ACTIVITY.items() if name in key}
        wanted |= {key: (0, 0, "") for key in ACTIVITY if name not in key}
        _check_some(wanted, Options(date_patterns=(day,)))
    _check_some(ACTIVITY, Options(date_patterns=("MM/DD/YYYY",)), only="custom")


def _check_some(expected: dict, options: Options, only: str = "") -> None:
    from tests.io.formats.examine import read_path  # noqa: PLC0415  one use

    for path in sorted(corpus_folder("paypal_activity_csv").iterdir()):
        rows, rejects, verdict = expected[path.name]
        if verdict and only in path.name:
            outcome = read_path(paypal_activity.FORMAT, path, options)
            assert (outcome.frame.height, len(outcome.rejects), outcome.verdict) == (
                rows,
                rejects,
                verdict,
            )


def test_no_other_file_is_taken() -> None:
    """No file of another sender may be taken for one of these."""
    own = {"gravy", "checkoutcom", "venmo_csv", "paypal_activity_csv"}
    for form, *_ in SAMPLES:
        assert claimed_elsewhere(form, own) == [], form.name


def test_other_encodings_and_unknown_types(tmp_path: Path) -> None:
    """GBK must be read where it is the sender's habit; an unknown type is a reject, not a guess."""
    text = next(sample[2] for sample in SAMPLES if sample[0] is allinpay.FORMAT)
    outcome = read_bytes(allinpay.FORMAT, text.encode("gb18030"), tmp_path)
    assert outcome.frame["amount_minor"].to_list() == [6050, -1000]
    odd = read_bytes(allinpay.FORMAT, text.replace("退货", "查询").encode(), tmp_path)
    assert [reject.record_no for reject in odd.rejects] == [3]
    below = text.replace(",60.50,0.36,", ",-60.50,-0.36,").replace(",60.14,", ",-60.14,")
    negative = read_bytes(allinpay.FORMAT, below.encode(), tmp_path)
    assert [reject.record_no for reject in negative.rejects] == [2]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("微信支付撤销", "VOID"),
        ("预授权完成撤销", "VOID"),
        ("消费冲正", "REVERSAL"),
        ("支付宝退款", "REFUND"),
        ("预授权完成", "PAYMENT"),
        ("消费撤销冲正", ""),
        ("退货撤销", ""),
        ("退款冲正", ""),
        ("预授权", ""),
        ("预授权撤销", ""),
        ("预授权冲正", ""),
    ],
)
def test_what_allinpay_does_not_define_is_no_money_out(tmp_path: Path, word: str, kind: str):
    """Undoing an undoing, or an authorisation, takes no money from the merchant: it is a reject."""
    text = next(sample[2] for sample in SAMPLES if sample[0] is allinpay.FORMAT)
    outcome = read_bytes(allinpay.FORMAT, text.replace("退货", word).encode(), tmp_path)
    assert outcome.frame["kind"].to_list() == ["PAYMENT", kind][: 1 + bool(kind)]
    assert [reject.record_no for reject in outcome.rejects] == ([] if kind else [3])
    assert all(word in reject.reasons[0] for reject in outcome.rejects)


def test_every_status_of_an_orchestrator_is_known(tmp_path: Path) -> None:
    """An approval that was declined or ran out is no payment; one below zero is a reject."""
    form, options, text = SAMPLES[0][:3]
    told = {
        "buyer_approval_succeeded": "PENDING",
        "buyer_approval_declined": "FAILED",
        "buyer_approval_timedout": "CLOSED",
        "authorization_expired": "CLOSED",
        "authorization_void_failed": "PENDING",
    }
    row = text.splitlines()[2]
    rows = [row.replace("authorization_declined", status) for status in told]
    lines = [text.splitlines()[0], *rows, row.replace(",500,", ",-500,"), ""]
    outcome = read_bytes(form, "\n".join(lines).encode(), tmp_path, options)
    assert outcome.frame["state"].to_list() == list(told.values())
    assert ["below zero" in reject.reasons[0] for reject in outcome.rejects] == [True]


def test_a_payment_that_mollie_has_only_authorised_is_pending(tmp_path: Path) -> None:
    """What is paid later by invoice is authorised until it is captured."""
    options, text = next(one[1:3] for one in SAMPLES if one[0] is mollie_settlement.FORMAT)
    held = text.replace("60.50,paid", "60.50,authorized")
    outcome = read_bytes(mollie_settlement.FORMAT, held.encode(), tmp_path, options)
    assert outcome.frame["state"].to_list() == ["PENDING", "SUCCESS"]


def test_an_allinpay_refund_is_money_out_whatever_sign_it_has(tmp_path: Path) -> None:
    """A minus stays one minus; marks of thousands and blanks around cells are read."""
    text = next(sample[2] for sample in SAMPLES if sample[0] is allinpay.FORMAT)
    signed = text.replace(",10.00,0.06,", ",-10.00 ,-0.06,").replace(",9.94,", ",-9.94\t,")
    large = signed.replace(",60.50,", ',"1,060.50",').replace(",60.14,", ',"1,060.14",')
    outcome = read_bytes(allinpay.FORMAT, large.encode(), tmp_path)
    assert outcome.frame["amount_minor"].to_list() == [106050, -1000]
    assert outcome.frame["fee_minor"].to_list() == [36, -6]
    assert outcome.frame["net_minor"].to_list() == [106014, -994]


def test_new_columns_are_told(tmp_path: Path) -> None:
    """A column that the table does not know must be told, and change nothing else."""
    form, options, text = SAMPLES[0][:3]
    more = "\n".join(
        f"{line},{'New' if place == 0 else 'x'}" for place, line in enumerate(text.splitlines())
    )
    outcome = read_bytes(form, more.encode(), tmp_path, options)
    assert outcome.frame.height == 2
    assert any("not read" in note and "New" in note for note in outcome.reading.notes)


def test_text_of_times_and_signs() -> None:
    """Only whole ISO times with an offset are turned; everything else stays for the parser."""
    texts = ["2026-01-01T00:30:00.5+01:00", "2026-01-01 24:00:00Z", "2026-02-30T00:00:00Z", "x", ""]
    frame = pl.DataFrame({"time": texts, "amount": ["1.00", "-1.00", "+1.00", " 2", ""]})
    made = frame.select(utc_text(pl.col("time")), negated(pl.col("amount")))
    assert made["time"].to_list() == ["2025-12-31 23:30:00", *texts[1:]]
    assert made["amount"].to_list() == ["-1.00", "1.00", "-1.00", "-2", ""]


LANGUAGES = {  # column names as in public files of the language, two rows: a sale, and money back
    "es": (
        (
            "Fecha,Hora,Zona horaria,Descripción,Divisa,Bruto,Comisión,Neto,Id. de transacción,"
            "Id. de factura,Id. de referencia de trans."
        ),
        '2/1/2026,11:05:56,CET,Pago estándar,EUR,"1.049,37","-1,78","1.047,59",T1,O1,',
        '3/1/2026,11:05:56,CET,Reembolso de pago,EUR,"-49,37","0,00","-49,37",T2,O1,T1',
    ),
    "de": (
        (
            '"Datum","Uhrzeit","Zeitzone","Typ","Status","Währung","Brutto","Gebühr","Netto",'
            '"Transaktionscode","Zugehöriger Transaktionscode","Rechnungsnummer"'
        ),
        '2.1.2026,11:05:56,MEZ,Zahlung,Abgeschlossen,EUR,"1.049,37","-1,78","1.047,59",T1,,O1',
        '3.1.2026,11:05:56,MEZ,Rückzahlung,Abgeschlossen,EUR,"-49,37","0,00","-49,37",T2,T1,O1',
    ),
    "fr": (
        (
            "Date,Heure,Fuseau horaire,Type,État,Devise,Avant commission,Commission,Net,"
            "Numéro de transaction,Numéro de la transaction de référence,Numéro de facture"
        ),
        '2/1/2026,11:05:56,CET,Paiement,Terminé,EUR,"1.049,37","-1,78","1.047,59",T1,,O1',
        '3/1/2026,11:05:56,CET,Remboursement,Terminé,EUR,"-49,37","0,00","-49,37",T2,T1,O1',
    ),
    "it": (
        (
            '"Data","Ora","Fuso orario","Descrizione","Valuta","Lordo ","Tariffa ","Netto",'
            '"Codice transazione","N. fattura pro-forma","Codice transazione di riferimento"'
        ),
        '2/1/2026,11:05:56,CET,Pagamento,EUR,"1.049,37","-1,78","1.047,59",T1,O1,',
        '3/1/2026,11:05:56,CET,Rimborso,EUR,"-49,37","0,00","-49,37",T2,O1,T1',
    ),
    "nl": (
        (
            '"Datum","Tijd","Tijdzone","Omschrijving","Valuta","Bruto","Kosten","Net",'
            '"Transactiereferentie","Factuurreferentie","Reference Txn ID"'
        ),
        '2/1/2026,11:05:56,CET,Betaling,EUR,"1.049,37","-1,78","1.047,59",T1,O1,',
        '3/1/2026,11:05:56,CET,Terugbetaling,EUR,"-49,37","0,00","-49,37",T2,O1,T1',
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_paypal_activity_is_read_in_each_language(tmp_path: Path, language: str) -> None:
    """The same two rows in each language; without a declared comma no amount is guessed."""
    text = "\ufeff" + "\n".join(LANGUAGES[language])
    days = ("D.M.YYYY",) if language == "de" else ("D/M/YYYY",)
    options = Options(date_patterns=days, decimal_mark=",")
    outcome = read_bytes(paypal_activity.FORMAT, text.encode(), tmp_path, options)
    columns = ("kind", "state", "amount_minor", "fee_minor", "order_id", "original_ref")
    assert outcome.frame.select(columns).rows() == [
        ("PAYMENT", "SUCCESS", 104937, 178, "O1", None),
        ("REFUND", "SUCCESS", -4937, 0, "O1", "T1"),
    ]
    assert str(outcome.frame["occurred_at"][0]) == "2026-01-02 10:05:56"
    assert paypal_activity.FORMAT.recognise(probe_of(tmp_path / "input"))
    points = read_bytes(
        paypal_activity.FORMAT, text.encode(), tmp_path, Options(date_patterns=days)
    )
    assert len(points.rejects) == 2


def test_venmo_balances_are_no_rows(tmp_path: Path) -> None:
    """The lines of opening and closing balance, and a disclaimer of three lines, are comments."""
    text = """\
Account Statement - (@shop) ,,,,,,,,,
Account Activity,,,,,,,,,
,ID,Datetime,Type,Status,Note,From,To,Amount (total),Beginning Balance
,,,,,,,,,$10.00
,1,2026-01-01T10:00:00,Payment,Complete,x,Ann,Shop,"+ $1,150.00",
,,2026-01-01T10:00:00,Payment,Complete,x,Ann,Shop,+ $5.00,
,,,,,,,,,"In case of errors
write to us

soon"
"""
    outcome = read_bytes(venmo.FORMAT, text.encode(), tmp_path)
    assert outcome.frame["amount_minor"].to_list() == [115000, 500]
    assert outcome.reading.comment_lines == 5
    assert outcome.reading.all_lines_accounted()
    assert outcome.rejects == []


def test_a_razorpay_row_proves_itself(tmp_path: Path) -> None:
    """One digit changed in amount, fee or credit is a reject, because the net does not follow."""
    head = "entity_id,type,debit,credit,amount,currency,fee,tax,settlement_id,created_at,order_id"
    row = "pay_1,payment,0,97640,100000,INR,2360,360,setl_1,1567692556,order_1"
    transfer = "trf_1,transfer,100296,0,100000,INR,296,46,setl_1,1567692556,"
    text = f"{head}\n{row}\n{transfer}"
    whole = read_bytes(razorpay_settlement.FORMAT, text.encode(), tmp_path)
    assert whole.frame["net_minor"].to_list() == [97640, -100296]
    for old, new in (("97640", "97641"), ("100000", "100001"), ("2360", "2361")):
        text = "\n".join((head, row.replace(old, new)))
        broken = read_bytes(razorpay_settlement.FORMAT, text.encode(), tmp_path)
        assert (broken.frame.height, len(broken.rejects)) == (0, 1)


def test_razorpay_rows_of_the_interface_are_paise(tmp_path: Path) -> None:
    """Seconds since 1970 tell the interface, whose amounts are paise; a decimal point there lies."""
    head = "entity_id,type,debit,credit,amount,currency,fee,tax,settlement_id,created_at,order_id"
    rows = (
        "pay_1,payment,0,97640,100000,INR,2360,360,setl_1,1567692556,order_1",
        "pay_2,payment,0,976.40,1000.00,INR,23.60,3.60,setl_1,1567692556,order_2",
    )
    outcome = read_bytes(razorpay_settlement.FORMAT, "\n".join((head, *rows)).encode(), tmp_path)
    assert outcome.frame.select("amount_minor", "fee_minor", "net_minor").rows() == [
        (100000, 2360, 97640)
    ]
    assert str(outcome.frame["occurred_at"][0]) == "2019-09-05 14:09:16"
    assert [reject.record_no for reject in outcome.rejects] == [3]


def test_square_zones_are_named_by_the_row_or_the_source(tmp_path):
    """A row without a zone is in the source's; a zone that nobody knows refuses its row."""
    lines = "Date,Time,Time Zone,Total Collected,Fees,Net Total,Transaction ID,Payment ID\n"
    for zone in ("", "London", "Europe/Paris", "Atlantis"):
        lines += f"2026-07-01,10:00:00,{zone},$5.00,$0.00,$5.00,T{zone},P{zone}\n"
    form = square_transactions.FORMAT
    outcome = read_bytes(form, lines.encode(), tmp_path, Options(zone="America/New_York"))
    assert [str(moment)[11:16] for moment in outcome.frame["occurred_at"]] == [
        "14:00",
        "09:00",
        "08:00",
    ]
    (reject,) = outcome.rejects
    assert "in zone Atlantis" in reject.reasons[0]


def test_square_amounts_are_in_the_currency_of_their_sign(tmp_path):
    """Pounds, euros and yen are read as such; a dollar is the source's; two signs are no row."""
    lines = "Date,Time,Total Collected,Fees,Net Total,Transaction ID,Payment ID\n"
    for number, sign in enumerate("£€¥$"):
        lines += f'2026-07-01,10:00:00,"{sign}1,060","-{sign}60","{sign}1,000",T{number},P\n'
    lines += "2026-07-01,10:00:00,£5.00,$0.00,£5.00,T9,P9\n"
    form = square_transactions.FORMAT
    outcome = read_bytes(form, lines.encode(), tmp_path, Options(currency="CAD"))
    assert outcome.frame.select("amount_minor", "fee_minor", "net_minor", "currency").rows() == [
        (106000, 6000, 100000, "GBP"),
        (106000, 6000, 100000, "EUR"),
        (1060, 60, 1000, "JPY"),
        (106000, 6000, 100000, "CAD"),
    ]
    assert [reject.record_no for reject in outcome.rejects] == [6]
    assert read_bytes(form, lines.encode(), tmp_path).frame["currency"][3] == "USD"


def test_mollie_rows_that_no_settlement_holds_are_what_was_asked_for(tmp_path):
    """An expired payment is a row, not a reject; money charged back is a chargeback."""
    header = "Date,Payment method,Currency,Amount,Status,ID,Description,Settlement currency,"
    lines = header + "Settlement amount,Settlement reference\n"
    lines += "2026-01-01 10:00:00,ideal,USD,9.00,expired,tr_1,ORDER-1,EUR,,\n"
    lines += "2026-01-01 10:00:00,ideal,EUR,-7.00,charged back,chb_1,ORDER-2,EUR,-7.00,1.01\n"
    lines += "2026-01-01 10:00:00,ideal,EUR,8.00,paid,tr_2,ORDER-3,EUR,,1.01\n"
    outcome = read_bytes(mollie_settlement.FORMAT, lines.encode(), tmp_path)
    assert outcome.frame.select("kind", "state", "amount_minor", "currency").rows() == [
        ("PAYMENT", "CLOSED", 900, "USD"),
        ("CHARGEBACK", "SUCCESS", -700, "EUR"),
    ]
    assert [reject.record_no for reject in outcome.rejects] == [4]
