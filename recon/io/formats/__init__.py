"""Every file format, in the order in which they are listed."""

from __future__ import annotations

from typing import Final

from recon.errors import UsageError
from recon.io.formats import (
    acquirer_clearing,
    adyen_accounting,
    adyen_settlement,
    alipay_account,
    alipay_trade,
    allinpay,
    arrow,
    bai2,
    braintree,
    camt052,
    camt053,
    camt054,
    checkout_breakdown,
    checkout_payouts,
    cn_acquirer_settlement,
    cn_bank_settlement,
    cn_bank_statements,
    cn_bank_workbooks,
    cn_reports,
    coda,
    delimited,
    dlocal_settlement,
    dlocal_transactions,
    fixed_width,
    gravy_transactions,
    ingenico_wx,
    iso8583_log,
    json_lines,
    lakala,
    mastercard_ipm,
    mollie_settlement,
    mt940,
    mt942,
    norma43,
    ofx,
    parquet,
    paypal_activity,
    paypal_report,
    paypal_subscriptions,
    personal_bills,
    qif,
    query,
    razorpay_settlement,
    square_transactions,
    stripe_report,
    trustly,
    ums_export,
    unionpay_acom,
    unionpay_zm,
    venmo,
    visa_ctf,
    wechat_fund,
    wechat_trade,
    xlsx,
)
from recon.io.formats.contract import Format, Probe

FORMATS: Final[tuple[Format, ...]] = (
    delimited.FORMAT,
    parquet.FORMAT,
    arrow.FORMAT,
    query.FORMAT,
    fixed_width.FORMAT,
    json_lines.FORMAT,
    xlsx.FORMAT,
    wechat_trade.FORMAT,
    alipay_trade.FORMAT,
    unionpay_zm.FORMAT,
    unionpay_zm.ERRORS,
    unionpay_acom.FORMAT,
    acquirer_clearing.FORMAT,
    wechat_fund.FORMAT,
    alipay_account.FORMAT,
    *lakala.FORMATS,
    *ums_export.FORMATS,
    *personal_bills.FORMATS,
    *cn_bank_statements.FORMATS,
    *cn_bank_workbooks.FORMATS,
    *cn_bank_settlement.FORMATS,
    *cn_acquirer_settlement.FORMATS,
    *cn_reports.FORMATS,
    mt940.FORMAT,
    camt053.FORMAT,
    mt942.FORMAT,
    camt052.FORMAT,
    camt054.FORMAT,
    bai2.FORMAT,
    ofx.FORMAT,
    adyen_settlement.FORMAT,
    adyen_accounting.FORMAT,
    stripe_report.FORMAT,
    paypal_report.FORMAT,
    paypal_subscriptions.FORMAT,
    coda.FORMAT,
    norma43.FORMAT,
    qif.FORMAT,
    gravy_transactions.FORMAT,
    checkout_breakdown.FORMAT,
    checkout_payouts.FORMAT,
    venmo.FORMAT,
    paypal_activity.FORMAT,
    square_transactions.FORMAT,
    razorpay_settlement.FORMAT,
    mollie_settlement.FORMAT,
    trustly.FORMAT,
    dlocal_transactions.FORMAT,
    dlocal_settlement.FORMAT,
    mastercard_ipm.FORMAT,
    braintree.FORMAT,
    ingenico_wx.FORMAT,
    allinpay.FORMAT,
    iso8583_log.FORMAT,
    visa_ctf.FORMAT,
)


def format_named(name: str) -> Format:
    """Return the format of that name, or refuse it with the names there are."""
    for known in FORMATS:
        if known.name == name:
            return known
    raise UsageError(
        f"expected the name of a format, found {name!r}",
        fix=f"write one of {', '.join(known.name for known in FORMATS)}",
    )


def recognised(probe: Probe) -> tuple[Format, ...]:
    """Return the formats that this file's content fits: one, or none that we know."""
    return tuple(known for known in FORMATS if known.recognise(probe))
