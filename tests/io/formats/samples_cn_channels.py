"""Samples of Chinese wallets, UnionPay and acquirers."""

from __future__ import annotations

from tests.io.formats.china_acquirers import test_acquirer_clearing as acquirer
from tests.io.formats.china_acquirers import (
    test_lakala,
    test_ums_export,
    test_unionpay_acom,
    test_unionpay_zm,
)
from tests.io.formats.china_wallets import (
    test_alipay_account,
    test_alipay_totals,
    test_alipay_trade,
    test_wechat_fund,
    test_wechat_trade,
)
from tests.io.formats.sample_file import Sample, text


def cn_channels() -> dict[str, Sample]:
    """Return the samples of Chinese wallets, UnionPay and acquirers."""
    ums, zm = test_ums_export, test_unionpay_zm
    cells = ums.SALE.split("\t")
    page = "\t".join(
        [*cells[:3], cells[4], cells[3], *cells[5:14], "", "", "", cells[4], *[""] * 3]
    )
    error = zm.line(f1="E32", f20="01")
    files = {
        "js": "M1|20261120|103000|T1|L1|10000|60|9940|20261121|1",
        "jz": "M1|20261120|微信|10000|60|9940",
        "acc": "M1|A1|20261120|10000|60|9940",
        "dw": "M1|20261120|W1|9940|0|1",
        "d0": "M1|20261120|L1|10000|60|20",
        "sep": "M1|20261120|L1|10000|3000|30%",
        "jy_fq": "M1|20261120|L1|12000|12|1000",
    }
    columns = {file.code.lower(): "|".join(file.columns) for file in test_lakala.FILES}
    clearing = "20270101,1231235959,M1,9,300,.54,.3,000000,622848*********3877,R1,,"
    return {
        "wechat_trade": Sample(test_wechat_trade.bill(), 3),
        "wechat_fund": Sample(test_wechat_fund.bill(), 6),
        "alipay_trade": Sample(test_alipay_trade.bill(), 2),
        "alipay_account": Sample(test_alipay_account.bill(), 5),
        "alipay_trade_summary": Sample(test_alipay_totals.shops(), 2),
        "alipay_account_summary": Sample(test_alipay_totals.types(), 3),
        "unionpay_zm": Sample(zm.line() + b"\r\n" + zm.refund() + b"\r\n", 2),
        "unionpay_zme": Sample(error + b"\r\n", 1),
        "unionpay_acom": Sample(test_unionpay_acom.line() + b"\n", 1),
        "acquirer_clearing": Sample(text(acquirer.HEAD, clearing), 1),
        "lakala_jy": Sample(text(test_lakala.JY, test_lakala.SALE, test_lakala.REFUND), 2),
        **{f"lakala_{code}": Sample(text(columns[code], row), 1) for code, row in files.items()},
        "ums_detail": Sample(ums.export(ums.SALE, ums.REFUND), 2),
        "ums_pages": Sample(text("\t" * 20, page, page), 2),
    }
