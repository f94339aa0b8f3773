# ruff: noqa: E501  a line of a sample is a line of a file, in the sender's own signs
"""Layouts that a payment company kept beside its readers; each line below is of our own making."""

from __future__ import annotations

import pytest

from recon.io.formats import format_named
from tests.io.formats.reading import load_bytes

RULE = "-" * 40
FILES: dict[str, tuple[str, ...]] = {
    "settlement_citic_b2b": (
        "商户编号:10000068",
        "结算账户:7342610182400003610",
        "清算日期:2026-11-20",
        "支付总笔数:2",
        "支付总金额:1,100.01",
        "退款总笔数:1",
        "退款总金额:1.00",
        "=" * 40,
        "交易时间|交易类型|交易流水号|对方账号|对方账户名称|发生额|订单号",
        RULE,
        "20261119135030|ZF|00100000000000252858|734101******3841|甲|0.01|O1",
        "20261120135349|ZF|00100000000000252859|733171******8962|乙|1,100.00|O2",
        "20261120145349|TK|00100000000000252860|733171******8962|乙|1.00|O2",
    ),
    "settlement_citic_pos": (
        "清算日期|交易时间  |处理码|交易流水号|卡号               |交易金额  |手续费   |结算金额  |参考扣率|授权码|参考号      |原参考号    |终端号  |商户号         |商户名称      ",
        RULE,
        "20270101|1231234102|003000|000311    |622690******2801   |200.00    |1.44     |198.56    |0.72%   |498792|010200010496|            |50010001|010290048161024|甲            ",
        "20270101|0101104424|200000|000318    |622690******2801   |100.00    |0.72     |99.28     |0.72%   |500607|010200010506|010200010496|50010001|010290048161024|甲            ",
        RULE,
        "                              总计|100.00    |0.72      |99.28     |",
    ),
    "settlement_cgb": (
        "银行流水号|订单号|支付时间|支付金额|支付状态|商户处理状态|付款人名称",
        "200010910758|O1|2026-11-20 10:24:42|1,450.00|成功||",
        "200010786842|O2|2026-11-20 19:39:54|920.00|失败||",
    ),
    "settlement_qilu": (
        "订单号,商户流水号,网银流水号,订单日期,订单金额,手续费金额,已退款金额,交易类型,入账日期,订单状态",
        '"O1\t","20261119102628556485\t","30000000019790\t","20261119\t","42.00\t","0.10\t","\t","消费\t","20261120\t","成功\t"',
        '"O2\t","20261119103512512453\t","30000000019791\t","20261119\t","2220.00\t","0.00\t","\t","消费\t","\t","失败\t"',
    ),
    "settlement_zheshang": (
        "清算日期,流水号,商户号,订单号,交易日期,交易类型,交易金额(元),币种,原订单号,原订单日期,处理状态,失败原因",
        '2026-11-20,PAY000000006325,570766761,O1,2026-11-19 3:54,1,"3,450.00",01,,,Y,',
        '2026-11-20,REJ000000002880\t,570766761\t,R1\t,2026-11-20 15:54:04,2\t,"100.00",01\t,O9\t,2026-11-09,Y\t,',
    ),
    "settlement_jiangsu": (
        "对账日期:\t2026/11/20\t至\t2026/11/20\t总笔数:\t2",
        "订单编号\t交易类型\t商户名称\t商户订单号\t订单日期\t订单交易币种\t订单交易金额\t订单手续费\t付款方账号\t付款方户名\t收款方账号\t收款方户名\t清算对账日期\t清算对账状态\t清算对帐结果\t本金结算日期\t本金结算标志\t订单状态",
        "J1\t支付\t甲\tO1\t202611191113\t人民币\t50.00\t0.10\t622173******5067\t李*\t990*\t甲\t20261120\t已对账\t正常\t20261120\t已结算\t已支付\t\t",
        "J2\t退款\t甲\tR1\t202611180000\t人民币\t100.00\t0.00\t182*\t甲\t622876******2932\t黄*\t20261120\t已对账\t正常\t--\t未结算\t全额退款\t\t",
    ),
    "settlement_yeepay": (
        "商户订单号,       银行订单号,易宝订单号,          订单金额,支付时间,                商品名称,扩展信息,支付银行  ,分账明细",
        'O1,40191399,112413324066801H,150.00,2026-11-20 14:28:09,"茶",""  ,ABC-NET,',
        'O2,00000040191408,319700412375857G,1200.00,2026-11-20 14:28:10,"茶","",GDB-NET,p1:p1@example.com:20',
    ),
    "settlement_kuaiqian": (
        "交易编号\t商家名称\t终端票据编号\t终端名称\t缩略卡号\t发卡机构编号\t交易金额\t手续费\t交易时间\t终端交易时间\t外部跟踪编号\t卡类型\t交易状态\t交易类型\t输入模式",
        "000038084478,甲,000002,甲,6225884444,招商银行,1.00,,2026-11-20 17:39:42,2026-11-20 17:39:41,20261120173941,借记卡,交易成功,消费,手输卡号+无PIN,",
        "000038084479,甲,000003,甲,6225884444,招商银行,1.00,,2026-11-20 18:39:42,2026-11-20 18:39:41,20261120183941,借记卡,交易成功,退货,手输卡号+无PIN,",
    ),
    "settlement_cmb_clearing": (
        " 清算系统交易流水号         清算系统交易日期     定单号            交易类型    交易金额     回扣    入账日期 ",
        "12282973300000000240 20261119        0001627657    结账                  630  3.15  20261120",
        "12282973300000000241 20261119        0001627702    结账             1,330.5  6.65  20261120",
    ),
    "settlement_chinapnr": (
        "881223   甲页面版 20261120    0000003628981 P      9460.00 S N S T1 20261120 679710 000600                                         ryt ",
        "881223   甲页面版 20261119 0020261119117418 R       545.00 S N I Th 20261120 719885 092633                                         ryt ",
    ),
    "statement_boc_corporate": (
        "查询账号[ Inquirer account number ],345678901234",
        "借方发生总笔数[ Total Numbers of Debited Payments ],1,借方发生总额[ Total Debit Amount of Payments ],1000.50",
        '贷方发生总笔数[ Total Numbers of Credited Payments ],2,贷方发生总额[ Total Credit Amount of Payments ],"2,500.00"',
        "交易类型[ Transaction Type ],业务类型[ Business type ],付款人账号[ Debit Account No. ],付款人名称[ Payer's Name ],收款人账号[ Payee's Account Number ],收款人名称[ Payee's Name ],交易日期[ Transaction Date ],交易时间[ Transaction time ],交易货币[ Trade Currency ],交易金额[ Trade Amount ],交易后余额[ After-transaction balance ],交易流水号[ Transaction reference number ],摘要[ Reference ],用途[ Purpose ],交易附言[ Remark ],备注[ Remarks ]",
        '来账,转账,621700******1234,甲,345678901234,本公司,20261120,09:10:11,CNY,"2,000.00",5000.00,S1,货款,,,',
        "往账,转账,345678901234,本公司,621700******9999,乙,20261120,10:10:11,CNY,1000.50,3999.50,S2,运费,,,",
        "来账,转账,621700******1234,甲,345678901234,本公司,20261120,11:10:11,CNY,500.00,4499.50,S3,货款,尾款,,",
    ),
    "statement_hsbc_hk": (
        "Date,Description,Billing amount,Billing currency,Balance,Balance currency",
        '24/11/2026,TRANSFER                 22NOV,"-1.00"\t,HKD,"3,612.17"\t,HKD',
        '20/11/2026,FUND TRANSFER FROM       JOHN,"1,500.00"\t,HKD,"3,613.17"\t,HKD',
    ),
    "statement_shengjing": (
        ";账户明细",
        ";交易日期;\t交易时间;\t收入;\t支出;\t手续费总额;对方帐号;\t\t对方名称;\t账户余额;\t\t交易行所;\t\t摘要;\t流水号;备注",
        ";20261120;170407;\t0.00;\t1704.07;0.00;\t0331410102000000023;*;\t33967.69;\t盛京银行;\t转账;\t706;",
        ";20261120;163948;\t1639.48;\t0.00;0.00;\t621244******3293;\t潘*;\t35671.76;\t盛京银行;\t转账;\t697;",
    ),
}
AMOUNTS = {
    "settlement_citic_b2b": [1, 110000, -100],
    "settlement_citic_pos": [20000, -10000],
    "settlement_cgb": [145000, 92000],
    "settlement_qilu": [4200, 222000],
    "settlement_zheshang": [345000, -10000],
    "settlement_jiangsu": [5000, -10000],
    "settlement_yeepay": [15000, 120000],
    "settlement_kuaiqian": [100, -100],
    "settlement_cmb_clearing": [63000, 133050],
    "settlement_chinapnr": [946000, -54500],
    "statement_boc_corporate": [200000, -100050, 50000],
    "statement_hsbc_hk": [-100, 150000],
    "statement_shengjing": [-170407, 163948],
}


def load(tmp_path, name, change=("", "")):
    """Return a sample as the engine takes it, one text in it changed."""
    raw = "\n".join(FILES[name]).replace(*change).encode("gb18030")
    return load_bytes(format_named(name), tmp_path, raw)


@pytest.mark.parametrize("name", FILES)
def test_amounts_have_the_sign_that_the_sender_says(tmp_path, name):
    """A refund is money out, by word, by code or by column."""
    result = load(tmp_path, name)
    assert result.column("amount_minor") == AMOUNTS[name]
    assert result.rejects == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("settlement_citic_b2b", ("退款总笔数:1", "退款总笔数:2")),
        ("settlement_citic_b2b", ("|1,100.00|", "|1,100.10|")),
        ("settlement_citic_pos", ("总计|100.00", "总计|300.00")),
        ("settlement_jiangsu", ("总笔数:\t2", "总笔数:\t3")),
        ("statement_shengjing", ("35671.76", "35671.77")),
        ("statement_boc_corporate", ("],1000.50", "],1000.60")),
    ],
)
def test_what_a_file_declares_is_compared(tmp_path, name, change):
    """Counts, sums and balances that a file states agree with its rows, or they do not."""
    assert load(tmp_path, name).agrees
    assert not load(tmp_path, name, change).agrees


def test_a_time_without_a_year_takes_it_from_the_clearing_day(tmp_path):
    """A sale of New Year's Eve is cleared in January; its year is the one before."""
    times = load(tmp_path, "settlement_citic_pos").column("occurred_at")
    assert [str(time) for time in times] == ["2026-12-31 15:41:02", "2027-01-01 02:44:24"]


def test_a_word_that_is_not_known_is_a_reject(tmp_path):
    """Neither a type nor a processing code is guessed."""
    for name, change in (
        ("settlement_citic_b2b", ("|TK|", "|XX|")),
        ("settlement_citic_pos", ("|200000|", "|300000|")),
        ("settlement_zheshang", (",2\t,", ",3\t,")),
    ):
        assert len(load(tmp_path, name, change).rejects) == 1
