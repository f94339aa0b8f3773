from __future__ import annotations

import pytest

from recon.errors import InputError
from recon.io.formats import recognised
from recon.io.formats.china_banks.cn_reports import FORMATS
from recon.io.reading.contract import Probe
from tests.io.formats.reading import corpus_file, load_bytes, load_path, probe_of

BY_NAME = {form.name: form for form in FORMATS}
UNIONPAY = """==========================
        中国银联商户清算交易明细表
商户编号： 898319849000018  商户名称：甲  收单机构：乙
清算日期：20270101     生成日期：20270101
终端编号 交易日期时间 主账号 发卡行 交易金额 商户费用 结算金额 系统参考号 系统跟踪号 交易渠道 交易类型 订单号
--------------------------
01080209 1231231512 622280*********0000 01020000 100.00 0.60 99.40 512645316965 316965 07 消费 O1

01080209 0101001512 622280*********0000 01020000 40.00 0.24 39.76 512645316966 316966 07 退货
01080209 0101001512 622280*********0000 01020000 xx 0.24 39.76 512645316966 316966 07 退货
合计 2
"""  # noqa: E501 (a report's own lines)
CITIC = """ Merchant Batch All-Process Report
 Merchant:  099900000998800     Batch:  000001
 CardNbr/OrderNbr    TrxType TranDate TranTime AuthNbr TraceNbr RefNbr  TransAmt Curr
 51821280****0805    RFD     20261120 11192990 537717  949899   101119296259   -2.00  156 000000   00     00    A
 Batch Trx Cnt:    1     Batch Amt Sum:      -2.00
 ----------------------------
 Merchant:  099900000998801     Batch:  000002
 CardNbr/OrderNbr    TrxType TranDate TranTime AuthNbr TraceNbr RefNbr  TransAmt Curr
 62268000****6507    PER     20261120 23004790 321954  945387   092300479914   1,000.50  156 000000   00     00    A
 Batch Trx Cnt:    1     Batch Amt Sum:   1,000.50
"""  # noqa: E501 (a report's own lines)


def test_rows_titles_and_lines_that_are_neither(tmp_path):
    """Rows get year and sign, titles are counted, and a line that is neither is a reject."""
    form = BY_NAME["unionpay_clearing_report"]
    raw = UNIONPAY.encode("gb18030")
    assert recognised(Probe("x", len(raw), raw)) == (form,)
    result = load_bytes(form, tmp_path, raw)
    assert result.column("amount_minor") == [10000, -4000]
    assert result.column("net_minor") == [9940, -3976]
    assert result.column("order_id") == ["O1", None]
    assert [str(time) for time in result.column("occurred_at")] == [
        "2026-12-31 15:15:12",
        "2026-12-31 16:15:12",
    ]
    assert str(result.column("clearing_date")[0]) == "2027-01-01"
    assert result.refused_lines == [10]
    assert (result.reading.header_lines, result.reading.trailer_lines) == (6, 1)


def test_each_batch_proves_itself(tmp_path):
    """A batch has its own merchant, count and sum; what one lacks no other makes good."""
    form = BY_NAME["settlement_citic_card"]
    result = load_bytes(form, tmp_path, CITIC.encode())
    assert result.column("amount_minor") == [-200, 100050]
    assert result.column("merchant_id") == ["099900000998800", "099900000998801"]
    assert result.column("batch_id") == ["000001", "000002"]
    assert [one.declared for one in result.totals] == [1, -200, 1, 100050]
    assert result.agrees
    shifted = CITIC.replace("   -2.00  156", "   -3.00  156").replace(
        "1,000.50  156", "1,001.50  156"
    )
    assert not load_bytes(form, tmp_path, shifted.encode()).agrees
    declined = CITIC.replace("00     00    A", "00     51    A", 1)
    assert load_bytes(form, tmp_path, declined.encode()).column("state") == ["UNKNOWN", "SUCCESS"]
    cut = CITIC[: CITIC.rindex(" Batch Trx")]
    assert not load_bytes(form, tmp_path, cut.encode()).agrees


def test_described_layouts_of_abc_and_bocom(tmp_path):
    """Unpadded times, `^` between cells, and columns aligned by blanks."""
    raw = (
        b"SALE^O1^1.50^V1^2026-5-6 0:14:02^B1^1^R1\n"
        b"REFUND^O2^0.50^V2^2026-11-16 10:14:02^B1^2^R2\n"
        b"REFUND^O3^0.50^V3\n"
    )
    abc = load_bytes(BY_NAME["settlement_abc_caret"], tmp_path, raw)
    assert recognised(Probe("x", len(raw), raw)) == (BY_NAME["settlement_abc_caret"],)
    assert abc.column("amount_minor") == [150, -50]
    assert str(abc.column("occurred_at")[0]) == "2026-05-05 16:14:02"
    assert abc.refused_lines == [3]
    raw = (
        "订单号 订单日期 交易日期-时间 支付流水号 卡类型 交易金额 手续费 实际结算金额 批次号\n"
        "O1  20261120  20261120-215006  T1  借记卡  1,100.00  5.50  1,094.50  B1\n"
        "O2  20261120  20261120-215006  T1  借记卡  xx  5.50  1,094.50  B1\n"
    ).encode("gb18030")
    bocom = load_bytes(BY_NAME["settlement_bocom"], tmp_path, raw)
    assert bocom.column("net_minor") == [109450]
    assert bocom.refused_lines == [3]
    assert recognised(Probe("x", len(raw), raw)) == (BY_NAME["settlement_bocom"],)


def test_another_report_is_refused(tmp_path):
    """Without its title a file is not this report, whatever its lines look like."""
    with pytest.raises(InputError, match="title"):
        load_bytes(BY_NAME["settlement_citic_card"], tmp_path, b"hello\nworld\n")


@pytest.mark.parametrize(
    ("pattern", "name", "amounts", "agrees"),
    [
        ("*icbc_b2b*", "settlement_icbc_b2b", [1000], None),
        ("*boc_sz*", "settlement_boc_sz", [8400, 18650, 15700], None),
        (
            "*citic_creditcard*",
            "settlement_citic_card",
            [-223200, -106000, -52000, -1406400, 214000, 95000, 15700, 24050, 36000, 52000],
            False,
        ),
    ],
)
def test_real_excerpts_give_the_numbers_seen_in_them(pattern, name, amounts, agrees):
    """Amounts of every line; the cut CITIC report keeps the totals of its whole batch."""
    path = corpus_file(f"cn_bank_settlement/{pattern}")
    assert recognised(probe_of(path)) == (BY_NAME[name],)
    result = load_path(BY_NAME[name], path)
    assert result.column("amount_minor") == amounts
    assert result.rejects == []
    assert (result.agrees if result.totals else None) == agrees


def test_a_day_without_rows_is_known_by_its_headings(tmp_path):
    """Titles, headings and no row: the report of a quiet day, not an unknown file."""
    form = BY_NAME["unionpay_clearing_report"]
    head, _, _ = UNIONPAY.partition("01080209")
    raw = (head + "合计 0\n").encode("gb18030")
    assert form.recognise(Probe("x", len(raw), raw))
    assert not form.recognise(Probe("x", len(raw) + 1, raw)), "more may follow"
    result = load_bytes(form, tmp_path, raw)
    assert result.column("amount_minor") == []
    assert result.rejects == []


def test_titles_before_the_headings_may_say_anything(tmp_path):
    """A report's own titles differ from bank to bank; behind the headings all count."""
    lines = (
        "第 1 页  对账日期 2011-05-03  共 1 笔",
        "订单号  订单日期  交易日期-时间  支付流水号  卡类型  交易金额  手续费 实际结算金额 批次号",
        "O1 20110503 20110503-215006 P1 借记卡 1,100.00 5.50 1,094.50 B1",
        "第 2 页  对账日期 2011-05-03",
    )
    raw = "\n".join(lines).encode("gb18030")
    result = load_bytes(BY_NAME["settlement_bocom"], tmp_path, raw)
    assert result.column("amount_minor") == [110000]
    assert result.reading.header_lines == 2
    assert result.refused_lines == [4]


def test_titles_of_icbc_come_again_on_each_page(tmp_path):
    """The block of titles stands on every page; account numbers are short or long."""
    page = """商城代码：1234EC567
公司名：甲
从2026-11-20至2026-11-20的交易明细如下：
商城账号 订单号 交易流水号 订单金额 交易时间 交易状态 退货状态 累计退还转付金额
1234567 {} HEZ1 1,100.00 2026-11-20 10:00 支付成功已清算 未退货 0.00
"""
    raw = (page.format("O1") + page.format("O2")).encode("gb18030")
    result = load_bytes(BY_NAME["settlement_icbc_b2c"], tmp_path, raw)
    assert result.column("order_id") == ["O1", "O2"]
    assert not result.rejects
