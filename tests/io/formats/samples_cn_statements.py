# ruff: noqa: E501  a line of a sample is a line of a file, in the sender's own signs
"""Samples of statements of Chinese banks, and of bills of wallets for their customers."""

from __future__ import annotations

from tests.io.formats.china_banks import test_cn_bank_statements, test_cn_card_statements
from tests.io.formats.china_wallets import test_personal_bills
from tests.io.formats.old_workbook_file import old_workbook
from tests.io.formats.sample_file import AT, Sample, chinese, text
from tests.io.reading import test_old_workbook


def cn_statements() -> dict[str, Sample]:
    """Return the samples of statements of Chinese banks; balances of accounts chain."""
    blank = "20261120"
    return {
        "statement_icbc": Sample(chinese(test_cn_bank_statements.ICBC.rstrip("\n")), 2),
        "statement_boc": Sample(
            text(
                "中国银行交易流水明细单",
                "记账日期,记账时间,币别,金额,余额,交易名称,渠道,网点名称,附言,对方账户名,对方卡号/账号,对方开户行,借记卡号",
                '2026-11-20,10:00:03,人民币,-71.89,"3,240.28",支付,网上,-----,茶,甲,6226******5669,-----,3167',
                '2026-11-20,10:00:02,人民币,50.00,"3,312.17",退款,网上,-----,----,乙,6226******5669,-----,3167',
                '2026-11-20,10:00:01,人民币,"-2,600.00","3,262.17",转账,手机,-----,房,丙,6226******5669,-----,3167',
            ),
            3,
        ),
        "statement_bocom": Sample(
            text(
                "序号,交易日期,交易时间,交易类型,借贷,交易金额,余额,对方账号,对方户名,交易地点,摘要",
                "1,2026-11-20,10:00:00,利息,贷 Cr,1.23,101.23,a,b,c,",
                "2,2026-11-20,10:00:01,还款,借 Dr,3.21,98.02,a,b,c,",
                "3,2026-11-20,10:00:02,利息,贷 Cr,0.02,98.04,a,b,c,",
            ),
            3,
        ),
        "statement_abc": Sample(
            text(
                "交易日期,交易时间,交易摘要,交易金额,本次余额,对手信息,日 志 号,交易渠道,交易附言",
                f"{blank},123456,转存,+1000.00,1100.00,甲,369396693,超级网银,转账",
                f"{blank},123457,财付通,-10.00,1090.00,微信,369396694,电子商务,茶",
                f"{blank},,结息,+0.01,1090.01,--,0000000000,,利息",
            ),
            3,
        ),
        "statement_cmb": Sample(
            text(
                "记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要",
                '2026-11-20,CNY,"1,234.00","1,271.66",代发,单位,提取',
                '2026-11-20,CNY,"-1,000.00",271.66,转账,张三,转账',
                "2026-11-20,CNY,-3.00,268.66,支付,国网,供电",
            ),
            3,
        ),
        "statement_cmb_credit": Sample(text(test_cn_bank_statements.CMB_CREDIT.rstrip("\n")), 2),
        "statement_cgb_credit": Sample(
            text(
                "交易日期,入账日期,交易摘要,交易金额,交易货币,入账金额,入账货币",
                "2026/11/19,2026/11/20,茶,15.90,人民币,15.90,人民币",
                "2026/11/19,2026/11/20,还款,-97.20,人民币,-97.20,人民币",
            ),
            2,
        ),
        "statement_hsbc_hk_credit": Sample(
            text(
                "Transaction date,Post date,Description,Billing amount,Billing currency,Transaction status,Merchant name,Country / region,Area / district,Credit / Debit",
                '20/11/2026,21/11/2026,SHOP,"-1,015.90",HKD,POSTED,SHOP,HK,HK,DEBIT',
                "20/11/2026,21/11/2026,PAYMENT,97.20,HKD,POSTED,,,,CREDIT",
            ),
            2,
        ),
        "statement_spdb": Sample(
            old_workbook(
                [
                    ["账号", "6200000000001230", "账户类型", "借记卡"],
                    [
                        "顺序号",
                        "交易日期",
                        "交易类型",
                        "存入金额",
                        "取出金额",
                        "余额",
                        "交易对手名称",
                        "交易对手账号",
                        "附言",
                    ],
                    ["1", "2026/11/20  14:06:51", "支付", "", "3.88", "1981.33", "甲", "123", ""],
                    ["2", "2026/11/20  15:22:32", "汇入", "10.00", "", "1991.33", "甲", "123", ""],
                    ["3", "2026/11/20  19:03:07", "支付", "", "3.88", "1987.45", "甲", "123", ""],
                ]
            ),
            3,
        ),
        "statement_ccb": Sample(old_workbook(test_old_workbook.CCB), 2),
        "statement_ccb_current": Sample(old_workbook(test_old_workbook.CCB_CURRENT), 2),
        "statement_citic_credit": Sample(
            test_cn_card_statements.FILES["statement_citic_credit"], 3
        ),
        "statement_boc_credit": Sample(test_cn_card_statements.FILES["statement_boc_credit"], 2),
        "statement_bocom_credit": Sample(
            test_cn_card_statements.FILES["statement_bocom_credit"], 3
        ),
        "statement_cib": Sample(test_cn_card_statements.FILES["statement_cib"], 2),
    }


def personal_bills() -> dict[str, Sample]:
    """Return the samples of bills of wallets and shops for their customers."""
    return {
        "personal_alipay": Sample(chinese(test_personal_bills.ALIPAY_TEXT), 4),
        "personal_wechat": Sample(text(test_personal_bills.WECHAT_TEXT), 2),
        "personal_jd": Sample(
            text(
                "导出信息：",
                "京东账号名：甲",
                "共：2笔记录",
                "交易时间,商户名称,交易说明,金额,收/付款方式,交易状态,收/支,交易分类,交易订单号,商家订单号,备注",
                f"{AT}\t,店,茶,131.77(已退款89.84),白条,交易成功,支出,日用,T1\t,O1\t,,",
                f"{AT}\t,店,茶,89.84,白条,退款成功,不计收支,日用,T2\t,O1\t,,",
            ),
            2,
        ),
        "personal_meituan": Sample(
            text(
                "美团交易账单明细",
                "共1笔记录",
                "支出：1笔 28.10元",
                "收入：0笔 0.00元",
                "交易创建时间,交易成功时间,交易类型,订单标题,收/支,支付方式,订单金额,实付金额,交易单号,商家单号,备注",
                f"{AT},{AT},支付,饭,支出,余额,¥30.00,¥28.10,T1,O1,/",
            ),
            1,
        ),
        "personal_pdd": Sample(
            text(
                "订单编号,订单金额,店铺,商品,订单状态,支付方式,下单时间",
                f"P1,12.30,店,茶,交易成功,余额,{AT}",
            ),
            1,
        ),
    }
