"""Every file format, in the order in which they are listed."""

from __future__ import annotations

from typing import Final

from recon.errors import UsageError
from recon.io.formats.banks import (
    bai2,
    camt052,
    camt053,
    camt054,
    coda,
    mt940,
    mt942,
    norma43,
    ofx,
    qif,
)
from recon.io.formats.china_acquirers import (
    acquirer_clearing,
    allinpay,
    lakala,
    ums_export,
    unionpay_acom,
    unionpay_zm,
)
from recon.io.formats.china_banks import (
    cn_acquirer_settlement,
    cn_bank_settlement,
    cn_bank_statements,
    cn_bank_workbooks,
    cn_card_statements,
    cn_regional_settlement,
    cn_reports,
    cn_vas_settlement,
    settlement_bob,
)
from recon.io.formats.china_wallets import (
    alipay_account,
    alipay_totals,
    alipay_trade,
    personal_bills,
    wechat_fund,
    wechat_trade,
)
from recon.io.formats.declared import (
    arrow,
    delimited,
    fixed_width,
    json_lines,
    parquet,
    query,
    sqlite,
    xlsx,
)
from recon.io.formats.providers import (
    adyen_accounting,
    adyen_settlement,
    braintree,
    checkout_breakdown,
    checkout_payouts,
    dlocal_settlement,
    dlocal_transactions,
    gravy_transactions,
    ingenico_wx,
    mollie_settlement,
    paypal_activity,
    paypal_report,
    paypal_subscriptions,
    razorpay_settlement,
    square_transactions,
    stripe_report,
    trustly,
    venmo,
)
from recon.io.formats.schemes import iso8583_log, mastercard_ipm, visa_ctf
from recon.io.reading.contract import Format, Probe

FORMATS: Final[tuple[Format, ...]] = (
    delimited.FORMAT,
    parquet.FORMAT,
    arrow.FORMAT,
    query.FORMAT,
    sqlite.FORMAT,
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
    *alipay_totals.FORMATS,
    *lakala.FORMATS,
    *ums_export.FORMATS,
    *personal_bills.FORMATS,
    *cn_bank_statements.FORMATS,
    *cn_bank_workbooks.FORMATS,
    *cn_card_statements.FORMATS,
    *cn_bank_settlement.FORMATS,
    *cn_vas_settlement.FORMATS,
    *cn_regional_settlement.FORMATS,
    *cn_acquirer_settlement.FORMATS,
    *cn_reports.FORMATS,
    settlement_bob.FORMAT,
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
