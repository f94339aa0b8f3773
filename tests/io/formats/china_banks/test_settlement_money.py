# ruff: noqa: E501  a line of a sample is a line of a file, in the sender's own signs
"""Whose money, in which currency, with which sign: what the settlement files of banks say of it."""

from __future__ import annotations

import pytest

from recon.io.formats import format_named
from tests.io.formats.china_banks.test_cn_regional_settlement import FILES
from tests.io.formats.reading import load_bytes

ABC = (
    "商户号|交易类型|订单编号|交易时间|交易金额|商户账号|商户动账金额|客户账号|账户类型|商户回佣手续费"
    "|商户分期手续费|会计日期|主机流水号|9014流水号|原订单号\n"
    "103|{}|A1|20260114095147|1,000.00|34|{}|622848*********1517|401|6.00|20.00|20260114|336|901|\n"
)
CIB = (
    "网银交易流水号|商户代号|商户订单号|交易帐号|订单金额|退款金额|手续费|交易日期|结算日期|银行流水号\n"
    "201|110004|T1|*8241|10.01||0.06|20260114184348|20260114|9A\n"
    "202|110004|T2|*8241|0.00|5.00|0.03|20260114184348|20260114|9B\n"
)
BOC = "1|0|1|10.00|0.00|10.00|\n104330153000054|64|11|33|20260114070000|{}|10.00|BOCD|PCEP|0|\n"
SHANGHAI = "订单号|卡标志|币种|交易金额|交易类型|交易状态|交易日期|交易时间|清算日期|清算结果|备注\nO1|卡|{}|10|支付|成功|2026-01-14|14:35:24|2026-01-14|已清算|\n"
ZHESHANG = "清算日期,流水号,商户号,订单号,交易日期,交易类型,交易金额(元),币种,原订单号,处理状态\n2026-01-14,P1,570,O1,2026-01-14 3:54,1,{},{},,Y\n"
BOC_SZ = (
    "公司[104480845111514]\n结算日期[20260114]-[20260114]交易明细\n结算货币：{}\n终端号 批次号 参考号\n"
    "48015846 060131 4096-70XX-XXXX-4827 20260114 20260113 84.00 0.34 83.66 682528 PCEP 0000 BOCC 203111424953\n"
)
B2C = (
    "商城代码:1001\n商城账号  订单号   交易流水号  订单金额  交易时间  交易状态 累计退还转付金额\n"
    "1001281219006888425   91     HFK1      {}   2026-01-14 16:56  支付成功已清算     0.00\n"
)
VAS = "IPER|20260707|20260707171911|O{0}|G{0}|M1|T1|{1}|0.36|99.64|00000000|||"


def load(folder, name, text):
    """Return a sample as the engine takes it."""
    return load_bytes(format_named(name), folder, text.encode("gb18030"))


def test_a_fee_for_instalments_is_a_fee(tmp_path):
    """ABC has a commission and a fee for instalments, taken off what moved or billed later."""
    sold = load(tmp_path, "settlement_abc", ABC.format("Sale", "974.00"))
    assert [sold.column(name) for name in ("fee_minor", "net_minor")] == [[2600], [97400]]
    returned = load(tmp_path, "settlement_abc", ABC.format("Refund", "974.00"))
    assert [returned.column(name) for name in ("fee_minor", "net_minor")] == [[-2600], [-97400]]
    billed = load(tmp_path, "settlement_abc", ABC.format("Sale", "1,000.00"))
    assert [billed.column(name) for name in ("fee_minor", "net_minor")] == [[2600], [100000]]
    assert load(tmp_path, "settlement_abc", ABC.format("Sale", "994.00")).refused_lines == [2]


def test_the_fee_of_a_refund_comes_back_where_columns_make_the_sign(tmp_path):
    """Industrial Bank has no word for a refund, only a column; its fee goes with it."""
    result = load(tmp_path, "settlement_cib", CIB)
    assert result.column("amount_minor") == [1001, -500]
    assert result.column("fee_minor") == [6, -3]


@pytest.mark.parametrize(
    ("name", "text", "word", "currency"),
    [
        ("settlement_boc", BOC, "001", "CNY"),
        ("settlement_boc", BOC, "014", ""),
        ("settlement_shanghai", SHANGHAI, "人民币", "CNY"),
        ("settlement_shanghai", SHANGHAI, "美元", "USD"),
        ("settlement_shanghai", SHANGHAI, "", "CNY"),
        ("settlement_shanghai", SHANGHAI, "比特币", ""),
        ("settlement_zheshang", ZHESHANG.replace("{}", "9.00", 1), "01", "CNY"),
        ("settlement_zheshang", ZHESHANG.replace("{}", "9.00", 1), "14", ""),
        ("settlement_boc_sz", BOC_SZ, "人民币", "CNY"),
        ("settlement_boc_sz", BOC_SZ, "港币", "HKD"),
    ],
)
def test_a_currency_is_read_and_an_unknown_one_is_a_reject(tmp_path, name, text, word, currency):
    """A row in dollars is not yuan because the bank's other rows are."""
    result = load(tmp_path, name, text.format(word))
    assert result.column("currency") == ([currency] if currency else [])
    assert bool(result.refused_lines) == (not currency)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("settlement_cgb_hz", "#交易日期|网上支付交易订单号|交易金额\n2026-01-14|L1|{}\n"),
        ("settlement_zheshang", ZHESHANG.replace("{},{}", "{},01")),
        ("settlement_icbc_b2c", B2C),
    ],
)
def test_a_payment_below_zero_is_a_reject(tmp_path, name, text):
    """Where amounts are unsigned a minus is no payment; whether it is a refund, nobody says."""
    assert load(tmp_path, name, text.format("10.50")).column("amount_minor") == [1050]
    assert len(load(tmp_path, name, text.format("-10.50")).refused_lines) == 1


def test_a_psbc_file_whose_rows_add_up_tells_the_one_that_does_not(tmp_path):
    """Its example does not add up, so that only a file's other rows prove what is settled."""
    rows = [VAS.format(number, "1,00.00") for number in range(3)]
    good = "\n".join(("TotalCount=3", *rows))
    assert load(tmp_path, "settlement_vas", good).agrees
    damaged = load(tmp_path, "settlement_vas", good.replace("|1,00.00", "|1,01.00", 1))
    assert [total.name for total in damaged.totals if not total.agrees] == [
        "settled amount at record 2"
    ]


def test_whose_account_it_is_says_the_direction(tmp_path):
    """Bank of China writes no sign; where the account is neither payer nor payee, nobody knows."""
    whole = "\n".join(FILES["statement_boc_corporate"])
    assert load(tmp_path, "statement_boc_corporate", whole).agrees
    for unnamed in (whole.replace("],345678901234", "],3456****1234"), whole.split("\n", 3)[3]):
        result = load(tmp_path, "statement_boc_corporate", unnamed)
        assert (result.column("amount_minor"), len(result.refused_lines)) == ([], 3)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "statement_spdb",
            (
                "顺序号,交易日期,交易类型,存入金额,取出金额,余额,附言\n"
                "1,20260113  14:06:51,a,100.00,,1100.00,x\n2,20260114  14:06:51,b,{},{},1100.00,y\n"
            ),
        ),
        (
            "statement_ccb",
            (
                "记账日,交易日期,交易时间,支出,收入,账户余额,币种,摘要\n"
                "20260113,20260112,10:00:00,,100.5,1100.5,人民币元,a\n20260114,20260114,,{},{},1100.5,人民币元,b\n"
            ),
        ),
    ],
)
def test_a_zero_is_an_amount_and_no_amount_is_none(tmp_path, name, text):
    """Interest of 0.00 is a row of a statement; a row that lost its amount is a reject."""
    for zero in (("0.00", "0.00"), ("", "0"), ("0.00", "")):
        result = load(tmp_path, name, text.format(*zero))
        assert result.column("amount_minor")[1:] == [0]
        assert result.agrees
    assert load(tmp_path, name, text.format("", "")).refused_lines == [3]


CCB_TYPED = (
    "交易类型 交易时间 定单号 付款方账号 支付金额 退款金额 柜台号 订单状态 记账日期\n"
    "{}\t2026-01-14 11:09:52\t7979\t***7974\t{}\t552799318\t成功\t2026-01-14\t\n"
)


@pytest.mark.parametrize(
    ("word", "cells", "amount"),
    [
        ("支付", "0.10\t0.00", 10),
        ("退款", "0.00\t0.10", -10),
        ("退款", "0.10\t0.00", None),
        ("支付", "0.00\t0.10", None),
        ("撤销", "0.00\t0.10", None),
    ],
)
def test_the_type_and_the_column_of_an_amount_say_one_thing(tmp_path, word, cells, amount):
    """CCB's files for consumers have both; where they differ, nobody says which is true."""
    result = load(tmp_path, "settlement_ccb", CCB_TYPED.format(word, cells))
    assert result.column("amount_minor") == ([] if amount is None else [amount])
    assert result.refused_lines == ([2] if amount is None else [])


def test_cmbc_counts_refunds_and_chargebacks_together(tmp_path):
    """Its title says 退单 or 退货, and its rows say either."""
    rows = "".join(
        f"'{n},{n}.00,20260114,140709,{word},\n" for n, word in enumerate(("退单", "退货"), 1)
    )
    text = (
        "消费笔数,0,消费金额,0,\n撤销笔数,0,撤销金额,0,\n退单笔数,2,退单金额,3.00,\n"
        f"累计笔数,2,累计金额,-3.00,\n订单号,交易金额,交易日期,交易时间,交易类型\n{rows}"
    )
    result = load(tmp_path, "settlement_cmbc", text)
    assert result.column("kind") == ["CHARGEBACK", "REFUND"]
    assert result.agrees


def test_the_card_of_a_refund_is_the_customers(tmp_path):
    """Bank of Jiangsu names payer and payee; of a refund the payer is the merchant."""
    result = load(tmp_path, "settlement_jiangsu", "\n".join(FILES["settlement_jiangsu"]))
    assert result.column("kind") == ["PAYMENT", "REFUND"]
    assert result.column("card") == ["622173******5067", "622876******2932"]
