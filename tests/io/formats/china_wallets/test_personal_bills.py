from __future__ import annotations

import csv
import io

import pytest
import xlsxwriter

from recon.errors import InputError
from recon.io.formats import recognised
from recon.io.formats.china_wallets.personal_bills import FORMATS
from tests.io.formats.reading import corpus_file, load_bytes, load_path, probe_of

ALIPAY, WECHAT, JD, MEITUAN, PINDUODUO = FORMATS
ALIPAY_TEXT = """--------
导出信息：
共4笔记录
收入：1笔 5.00元
支出：1笔 49.74元
不计收支：2笔 115.37元
----------------支付宝（中国）网络技术有限公司  电子客户回单----------------
交易时间 ,交易分类 ,交易对方 ,对方账号 ,商品说明 ,收/支 ,金额 ,收/付款方式 ,交易状态 ,交易订单号 ,商家订单号 ,备注,
2026-11-20 10:00:00 ,日用 ,甲 ,/ ,茶 ,支出 ,49.74 ,余额 ,交易成功 ,T1\t,O1\t, ,
2026-11-20 11:00:00 ,退款 ,甲 ,/ ,退款-茶 ,不计收支 ,16.03 ,余额 ,退款成功 ,T1_R\t,O1\t, ,
2026-11-20 12:00:00 ,理财 ,乙 ,/ ,转入 ,不计收支 ,99.34 ,余额宝 ,交易成功 ,T3\t,\t, ,
2026-11-20 13:00:00 ,转账 ,丙 ,/ ,转账 ,收入 ,5.00 ,余额 ,神秘 ,T4\t,/\t, ,
"""  # noqa: E501 (an export's own lines)
WECHAT_TEXT = """微信支付账单明细,,,,,,,,,,
共2笔记录,,,,,,,,,,
收入：0笔 0.00元,,,,,,,,,,
支出：1笔 28.16元,,,,,,,,,,
中性交易：1笔 100.10元,,,,,,,,,,
----------------------微信支付账单明细列表--------------------,,,,,,,,,,
交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注
2026-11-20 12:45:27,"商户消费","店","茶,壶","支出",¥28.16,"银行(1234)","已退款(￥8.16)","398"\t,"129"\t,"/"
2026-11-20 13:45:27,零钱提现,银行,"/",/,¥100.10,银行,提现已到账,207\t,/\t,"服务费¥0.10"
"""  # noqa: E501 (an export's own lines)

JD_TEXT = """导出信息：
京东账号名：甲
共：1笔记录
交易时间,商户名称,交易说明,金额,收/付款方式,交易状态,收/支,交易分类,交易订单号,商家订单号,备注
2026-11-20 10:00:00\t,店,茶,49.74,白条,交易成功,支出,日用,T1\t,O1\t,,
"""


def test_direction_makes_sign_and_kind(tmp_path):
    """Out, refund, neither and in; an unknown state is unknown, not a success."""
    result = load_bytes(ALIPAY, tmp_path, ALIPAY_TEXT.encode("gb18030"))
    assert result.column("amount_minor") == [-4974, 1603, 9934, 500]
    assert result.column("kind") == ["DEBIT", "CREDIT", "OTHER", "CREDIT"]
    assert result.column("state") == ["SUCCESS", "SUCCESS", "SUCCESS", "UNKNOWN"]
    assert result.column("order_id") == ["O1", "O1", None, None]
    assert result.agrees


def test_quotes_with_tabs_behind_them_and_refund_notes(tmp_path):
    """`"398"<tab>,` is one cell, and a refund note leaves the payment whole."""
    result = load_bytes(WECHAT, tmp_path, WECHAT_TEXT.encode())
    assert result.column("channel_ref") == ["398", "207"]
    assert result.column("amount_minor") == [-2816, 10010]
    assert result.column("kind") == ["DEBIT", "OTHER"]
    assert result.column("memo") == ["茶,壶", None]
    assert result.agrees


def test_a_lost_row_does_not_agree(tmp_path):
    """The number of records is declared."""
    lines = WECHAT_TEXT.splitlines()[:-1]
    assert not load_bytes(WECHAT, tmp_path, "\n".join(lines).encode()).agrees


@pytest.mark.parametrize(
    ("pattern", "form", "rows", "declared", "total"),
    [
        ("cn_personal_alipay/deb*", ALIPAY, 10, 66, None),
        ("cn_personal_jd/deb*", JD, 26, 26, None),
        ("cn_personal_jd/pypi*", JD, 28, 26, None),
        ("cn_personal_meituan/*", MEITUAN, 29, 29, -122380 + 20973),
        ("cn_personal_wechat/*.csv", WECHAT, 27, 43, None),
        ("cn_personal_pdd/*", PINDUODUO, 3, None, 27470),
    ],
)
def test_public_exports_give_the_numbers_seen_in_them(pattern, form, rows, declared, total):
    """Rows, declared records and, where the export states it, the sum of its amounts."""
    path = corpus_file(pattern)
    assert recognised(probe_of(path)) == (form,)
    result = load_path(form, path)
    assert (result.frame.height, result.rejects) == (rows, [])
    assert [one.declared for one in result.totals[:1]] == ([] if declared is None else [declared])
    if total is not None:
        assert result.frame["amount_minor"].sum() == total


def test_a_whole_public_bill_of_jd_agrees_with_its_counts_and_sums():
    """What was spent is declared less what was given back in part."""
    result = load_path(JD, corpus_file("cn_personal_jd/deb*"))
    declared = {one.name: one.declared for one in result.totals}
    assert (declared["支出笔数"], declared["支出金额"], declared["中性笔数"]) == (16, 164843, 10)
    assert result.agrees


def test_a_whole_public_bill_of_meituan_agrees_with_its_counts_and_sums():
    """What was spent is declared without the repayment of the bill's own credit."""
    result = load_path(MEITUAN, corpus_file("cn_personal_meituan/*"))
    assert {one.name: one.declared for one in result.totals} == {
        "记录数": 29,
        "收入笔数": 6,
        "收入金额": 20973,
        "支出笔数": 23,
        "支出金额": 117568,
        "中性笔数": 0,
    }
    assert result.agrees


@pytest.mark.parametrize(
    ("spent", "agrees"), [("21.17", True), ("1069.29", True), ("21.18", False), ("1048.12", False)]
)
def test_meituan_spends_with_its_repayments_or_without(tmp_path, spent, agrees):
    """The rule of the public bill, or the plain sum; nothing else."""
    text = (
        f"美团交易账单明细\n共：2笔记录\n支出：2笔 {spent}元\n收入：0笔 0.00元\n"
        "4. 因统计逻辑不同，明细的实付金额累加后可能与统计金额不一致\n"
        "交易创建时间,交易成功时间,交易类型,订单标题,收/支,支付方式,订单金额,实付金额,交易单号,商家单号,备注\n"
        "2026-01-13 20:35:13,2026-01-13 20:35:25,支付,茶,支出,美团月付,¥22.30,¥21.17,25,2,/\n"
        '2026-01-13 07:05:17,2026-01-13 07:05:18,还款,月付,支出,卡,"¥1,048.14","¥1,048.12",27,5,/\n'
    )
    assert load_bytes(MEITUAN, tmp_path, text.encode()).agrees is agrees


def test_what_alipay_closed_after_it_was_spent_is_money_out(tmp_path):
    """Its refund is a row of its own; what was never paid stands under neither direction."""
    closed = ALIPAY_TEXT.replace("交易成功 ,T", "交易关闭 ,T")
    result = load_bytes(ALIPAY, tmp_path, closed.encode("gb18030"))
    assert result.column("kind") == ["DEBIT", "CREDIT", "OTHER", "CREDIT"]
    assert result.column("state") == ["SUCCESS", "SUCCESS", "CLOSED", "UNKNOWN"]


@pytest.mark.parametrize(
    ("form", "text", "encoding"),
    [(ALIPAY, ALIPAY_TEXT, "gb18030"), (WECHAT, WECHAT_TEXT, "utf-8")],
)
@pytest.mark.parametrize(
    ("old", "new"),
    [("49.74 ,余额", "49.47 ,余额"), ("¥28.16", "¥28.61"), ("¥100.10", "¥100.01")],
)
def test_a_changed_amount_does_not_agree(tmp_path, form, text, encoding, old, new):
    """The head declares what came in, what was spent and, in WeChat's bills, the rest."""
    changed = text.replace(old, new)
    result = load_bytes(form, tmp_path, changed.encode(encoding))
    assert result.agrees == (changed == text)


def test_a_changed_direction_does_not_agree_where_sums_are_disclaimed(tmp_path):
    """Alipay's newer bills say that their sums may differ; the counts still hold."""
    note = "6.因统计逻辑不同，明细金额直接累加后，可能会和下方统计金额不一致\n--------支"
    text = ALIPAY_TEXT.replace("--------支", note).replace("支出：1笔 49.74", "支出：1笔 40.00")
    assert load_bytes(ALIPAY, tmp_path, text.encode("gb18030")).agrees
    turned = text.replace(",支出 ,49.74", ",收入 ,49.74")
    assert not load_bytes(ALIPAY, tmp_path, turned.encode("gb18030")).agrees


def test_a_workbook_is_read_as_its_text_export(tmp_path):
    """The same rows and totals come out of a workbook; its rows are the record numbers."""
    path = tmp_path / "bill.xlsx"
    workbook = xlsxwriter.Workbook(str(path))
    sheet = workbook.add_worksheet()
    for number, cells in enumerate(csv.reader(io.StringIO(WECHAT_TEXT.replace('"\t', '"')))):
        sheet.write_row(number, 0, cells)
    workbook.close()
    text = load_bytes(WECHAT, tmp_path, WECHAT_TEXT.encode())
    book = load_path(WECHAT, path)
    places = ["byte_start", "byte_end"]
    assert book.frame.drop(places).equals(text.frame.drop(places))
    assert book.agrees


def test_the_public_workbook_gives_the_numbers_seen_in_it():
    """Rows, first amounts and the declared number of records of a public export."""
    result = load_path(WECHAT, corpus_file("cn_personal_wechat/*.xlsx"))
    assert result.column("amount_minor")[:4] == [-2816, 35, -1200, -50000]
    assert result.totals[0].declared == 10
    assert result.rejects == []


def test_a_purchase_given_back_whole_is_money_out_and_its_refunds_are_money_in(tmp_path):
    """JD puts both under neither direction: together they come to nothing."""
    text = (
        "导出信息：\n京东账号名：jd_1\n共：3笔记录\n\n"
        "交易时间,商户名称,交易说明,金额,收/付款方式,交易状态,收/支,交易分类,交易订单号,商家订单号,备注\n"
        "2024-12-24 22:33:07\t,京东,裤,468.32(已全额退款),银行,交易成功,不计收支,服饰,1\t,1\t, ,\n"
        "2024-12-24 22:33:54\t,京东,退款-裤,397.84,银行,退款成功,不计收支,网购,1\t,1\t, ,\n"
        "2024-12-24 22:43:31\t,京东,退款-裤,70.48,银行,退款成功,不计收支,网购,1\t,1\t, ,\n"
    )
    result = load_bytes(JD, tmp_path, text.encode("utf-8-sig"))
    assert result.column("kind") == ["DEBIT", "CREDIT", "CREDIT"]
    assert sum(result.column("amount_minor")) == 0
    assert result.agrees


def test_thousands_in_an_amount_with_a_sign_of_currency(tmp_path):
    """`¥1,234,567.89` is read exactly."""
    text = WECHAT_TEXT.replace("¥28.16", '"¥1,234,567.89"')
    assert load_bytes(WECHAT, tmp_path, text.encode()).column("amount_minor")[0] == -123456789


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("交易成功", "SUCCESS"),
        ("已签收，待确认收货", "PENDING"),
        ("待付款", "PENDING"),
        ("交易已取消", "CLOSED"),
        ("已发货，退款成功", "REVERSED"),
        ("神秘", "UNKNOWN"),
    ],
)
def test_what_became_of_an_order(tmp_path, told, state):
    """The last word of an order's state decides."""
    text = (
        "订单编号,订单金额,店铺,商品,订单状态,支付方式,下单时间\n"
        f'26-1,"1,015.80",店,"鞋,43",{told},微信支付,2026-08-12 19:14:22\n'
    )
    result = load_bytes(PINDUODUO, tmp_path, text.encode("utf-8-sig"))
    assert result.column("state") == [state]
    assert result.column("amount_minor") == [101580]


def test_a_lost_column_is_named(tmp_path):
    """A declared bill whose header lacks a column is refused with the line and the column."""
    raw = ALIPAY_TEXT.replace("收/支 ,", "", 1).encode("gb18030")
    with pytest.raises(InputError, match="found line 8 without 收/支"):
        load_bytes(ALIPAY, tmp_path, raw)


def test_neither_direction_as_older_exports_call_it(tmp_path):
    """其他 is what 不计收支 was called: a refund by its state, else a movement of one's own."""
    text = ALIPAY_TEXT.replace("不计收支", "其他")
    result = load_bytes(ALIPAY, tmp_path, text.encode("gb18030"))
    assert result.column("kind") == ["DEBIT", "CREDIT", "OTHER", "CREDIT"]
    assert result.agrees


@pytest.mark.parametrize("quoted", ["49.74", '"1,049.74"'])
def test_one_quoted_amount_in_rows_with_a_cell_too_many(tmp_path, quoted):
    """The empty cell behind each row does not hide that a quote holds a comma."""
    result = load_bytes(JD, tmp_path, JD_TEXT.replace("49.74", quoted).encode())
    assert result.column("amount_minor")[0] == (-104974 if "," in quoted else -4974)
    assert result.agrees
