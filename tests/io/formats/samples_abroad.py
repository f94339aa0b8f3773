# ruff: noqa: E501  a line of a sample is a line of a file, in the sender's own signs
"""Samples of banks abroad, payment providers and card schemes."""

from __future__ import annotations

import json

from tests.io.formats.banks import (
    test_bai2,
    test_camt052_camt054,
    test_camt053,
    test_coda,
    test_mt940,
    test_mt942,
    test_norma43,
    test_ofx,
)
from tests.io.formats.providers import (
    test_adyen,
    test_braintree_ingenico,
    test_paypal_report,
    test_paypal_subscriptions,
    test_provider_tables,
    test_stripe_report,
    test_trustly_dlocal,
)
from tests.io.formats.sample_file import Sample, text
from tests.io.formats.schemes import test_iso8583_log, test_mastercard_ipm, test_visa_ctf

ROWS = {"checkout_payouts": 1, "paypal_activity": 3}
INGENICO = """<?xml version="1.0"?>
<report xmlns="http://wx.v8_0.globalcollect.com/">
<DataRecord><OrderID>0000012345</OrderID><MerchantID>0000012</MerchantID>
<PaymentData><Recordcategory>X</Recordcategory><Recordtype>ON</Recordtype><AdditionalReference>O1</AdditionalReference>
<AmountDelivered>6050</AmountDelivered><CurrencyDelivered>EUR</CurrencyDelivered><TransactionDateTime>2026-01-15T10:00:00</TransactionDateTime></PaymentData></DataRecord>
<DataRecord><OrderID>0000012346</OrderID><MerchantID>0000012</MerchantID>
<PaymentData><Recordcategory>-</Recordcategory><Recordtype>CR</Recordtype><AdditionalReference>O1</AdditionalReference>
<AmountDelivered>-1000</AmountDelivered><CurrencyDelivered>EUR</CurrencyDelivered><TransactionDateTime>2026-01-15T11:00:00</TransactionDateTime></PaymentData></DataRecord>
<Trailer><NumberOfRecords>2</NumberOfRecords></Trailer>
</report>
"""


def abroad() -> dict[str, Sample]:
    """Return the samples of banks abroad, payment providers and schemes."""
    ledger = (
        "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Booking Date,TimeZone,Record Type,"
        "Modification Psp Reference,Main Currency,Main Amount,Settlement Currency,Payable (SC),Commission (SC),Markup (SC),"
        "Scheme Fees (SC),Interchange (SC)"
    )
    dlocal = (
        "Type;Creation date;Settlement date;Reference;Invoice;Net Amount (local);currency;Status"
    )
    visa = "\n".join(test_visa_ctf.PROVED).encode()
    tables = {
        form.name: Sample(raw.encode(), 0, options)
        for form, options, raw, *_ in test_provider_tables.SAMPLES
    }
    return {
        **{name: Sample(one.raw, ROWS.get(name, 2), one.options) for name, one in tables.items()},
        "mt940": Sample(test_mt940.PAGES.encode(), 4),
        "mt942": Sample(test_mt942.REPORT.encode(), 3),
        "camt053": Sample(test_camt053.STATEMENT.encode(), 5),
        "camt052": Sample(test_camt052_camt054.REPORT, 5),
        "camt054": Sample(test_camt052_camt054.NOTIFICATION, 5),
        "bai2": Sample(test_bai2.REPORT.encode(), 3),
        "ofx": Sample(test_ofx.SGML.encode(), 2),
        "coda": Sample(test_coda.TEXT.encode(), 3),
        "norma43": Sample(test_norma43.TEXT.encode(), 2),
        "qif": Sample(b"!Type:Bank\nD2026-01-02\nT1.00\nN7\n^\nD2026-01-03\nT2.00\n^\n", 2),
        "adyen_settlement": Sample(test_adyen.BATCH.encode(), 6),
        "adyen_accounting": Sample(
            text(
                ledger, "C,M,P1,O1,mc,2026-01-15 10:00:00,CET,Settled,,EUR,10.00,EUR,9.80,0.20,,,"
            ),
            1,
        ),
        "stripe_report": Sample(test_stripe_report.PAYOUT.encode(), 3),
        "paypal_report": Sample(test_paypal_report.REPORT.encode(), 4),
        "paypal_subscriptions": Sample(test_paypal_subscriptions.REPORT.encode(), 2),
        "trustly": Sample(test_trustly_dlocal.FUNDING.encode(), 3),
        "dlocal_settlement": Sample(test_trustly_dlocal.SETTLEMENT.encode(), 4),
        "dlocal_transactions": Sample(
            text(
                dlocal,
                "payment;2026-01-15 10:00:00;2026-01-15 12:00:00;D1;O1;100.50;BRL;CLEARED",
                "refund;2026-01-15 10:00:00;2026-01-15 13:00:00;D2;O2;10.00;BRL;COMPLETED",
            ),
            2,
        ),
        "braintree": Sample(json.dumps(test_braintree_ingenico.OBJECTS, indent=1).encode(), 3),
        "ingenico_wx": Sample(INGENICO.encode(), 2),
        "mastercard_ipm": Sample(test_mastercard_ipm.written(test_mastercard_ipm.sample()), 5),
        "iso8583_log": Sample(test_iso8583_log.LOG.encode(), 6),
        "visa_ctf": Sample(visa, 2),
    }
