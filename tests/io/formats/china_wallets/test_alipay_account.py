from __future__ import annotations

import io
import zipfile

import pytest

from recon.errors import InputError
from recon.io.formats.china_wallets.alipay_account import FORMAT
from recon.io.reading.contract import Probe
from tests.io.formats.reading import load_bytes

HEAD = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,"
    "账户余额（元）,交易渠道,业务类型,备注"
)
ROWS = (
    "F1\t,T1\t,ORD1\t,茶,2026-11-20 10:00:01,*客\t,100.00,0.00,100.00,支付宝,在线支付,",
    "F2\t,T1\t,ORD1\t,服务费,2026-11-20 10:00:01,\t,,-0.60,99.40,支付宝,收费,",
    "F3\t,T1\t,ORD1\t,退款,2026-11-20 12:00:01,\t,0,40.00,59.40,支付宝,交易退款,",
    "F4\t,T9\t,\t,提现,2026-11-20 13:00:01,\t, ,-50.00,9.40,支付宝,提现,",
    "F5\t,T8\t,\t,入账,2026-11-20 14:00:01,\t,1.00,,10.40,支付宝,转账,",
)
TOTALS = ("#支出合计：3笔，共90.60元,,,", "#收入合计：2笔，共101.00元,,,")


def bill(rows=ROWS, totals=TOTALS, title="#支付宝账务明细查询", listed=("#----账务明细列表----",)):
    lines = (
        title,
        "#账号：[20880012345678900156],,,,",
        "#起始日期：[2026年11月20日 00:00:00]   终止日期：[2026年11月21日 00:00:00]",
        *listed,
        HEAD,
        *rows,
        "#----账务明细列表结束----",
        *totals,
        "#导出时间：[2026年11月21日 10:00:00]",
    )
    return "\r\n".join(lines).encode("gb18030")


def test_inflow_less_outflow_whatever_sign_the_outflow_has(tmp_path):
    """Both spellings of the outflow give the same amount; kinds follow the business type."""
    result = load_bytes(FORMAT, tmp_path, bill())
    assert result.column("amount_minor") == [10000, -60, -4000, -5000, 100]
    assert result.column("kind") == ["PAYMENT", "FEE", "REFUND", "PAYOUT", "ADJUSTMENT"]
    assert result.column("bank_ref") == ["F1", "F2", "F3", "F4", "F5"]
    assert set(result.column("merchant_id")) == {"2088001234567890"}
    assert result.agrees
    assert len(result.totals) == 5


def test_signed_totals_and_variant_titles(tmp_path):
    """Some exports declare the outflow below zero, call themselves a summary, or lack a line."""
    raw = bill(title="#支付宝账务汇总查询", listed=())
    assert FORMAT.recognise(Probe("x", len(raw), raw))
    assert load_bytes(FORMAT, tmp_path, raw).agrees


def test_a_bill_that_ends_with_a_row_is_cut(tmp_path):
    """The balances of what is left follow; the end of the list and the totals are not there."""
    with pytest.raises(InputError, match="the end of the list or its totals"):
        load_bytes(FORMAT, tmp_path, bill().partition("#----账务明细列表结束".encode("gb18030"))[0])


def test_both_sides_filled_is_a_reject(tmp_path):
    """A row cannot be money in and money out."""
    result = load_bytes(FORMAT, tmp_path, bill((ROWS[0].replace(",0.00,", ",1.00,"), ROWS[1])))
    assert result.refused_lines == [6]


def test_commas_in_a_subject_or_a_remark_are_put_back_in_their_place(tmp_path):
    """Nothing is quoted: times and amounts show where the columns are; else the row is refused."""
    rows = (ROWS[0].replace("茶", "茶,壶,盘"), ROWS[1] + "服务费,T1", *ROWS[2:])
    result = load_bytes(FORMAT, tmp_path, bill(rows))
    assert result.column("memo")[:2] == ["茶,壶,盘", "服务费"]
    assert result.column("amount_minor") == [10000, -60, -4000, -5000, 100]
    assert result.agrees
    thousands = ROWS[0].replace("100.00,0.00,100.00", "1,100.00,0.00,1,100.00")
    assert load_bytes(FORMAT, tmp_path, bill((thousands, *ROWS[1:]))).refused_lines == [6]


def test_a_zip_with_the_detail_inside(tmp_path):
    """The detail is found by its columns."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("sum.csv", "#支付宝账务汇总查询\n类型,笔数\n".encode("gb18030"))
        archive.writestr("detail.csv", bill())
    assert load_bytes(FORMAT, tmp_path, out.getvalue()).frame.height == 5


def test_doubled_totals_are_refused(tmp_path):
    """Two bills in one file are not one bill."""
    with pytest.raises(InputError):
        load_bytes(FORMAT, tmp_path, bill(totals=(*TOTALS, *TOTALS)))


@pytest.mark.parametrize(("spent", "agrees"), [("-90.60", True), ("90.60", True), ("90.61", False)])
def test_the_summary_in_the_zip_is_compared_with_the_details(tmp_path, spent, agrees):
    """The last row of the summary by type must be the details' sums, whatever the sign."""
    summary = (
        "#支付宝账务汇总查询\n类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）\n"
        f"在线支付,1,100.00,0,0.00,100.00\n合计,2,101.00,3,{spent},10.40\n"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", summary.encode("gb18030"))
        archive.writestr("b.csv", bill())
    result = load_bytes(FORMAT, tmp_path, out.getvalue())
    assert result.agrees == agrees
    assert len(result.totals) == 9


def test_a_taobao_order_has_the_number_that_its_seller_knows(tmp_path):
    """`T200P` and the order's number; a merchant's own number is left as it is."""
    rows = [ROWS[0].replace("ORD1", "T200P1234567890123456789"), ROWS[1].replace("ORD1", "T200PX")]
    result = load_bytes(FORMAT, tmp_path, bill(rows))
    assert result.column("order_id") == ["1234567890123456789", "T200PX"]


def test_utf8_and_thousands_are_read(tmp_path):
    """A converted export, and amounts with commas between thousands in the totals."""
    text = bill(ROWS[:1], ("#支出合计：0笔，共0.00元", "#收入合计：1笔，共1,000.00元"))
    raw = text.decode("gb18030").replace(",100.00,0.00,100.00,", ",1000.00,0.00,1000.00,")
    assert load_bytes(FORMAT, tmp_path, raw.encode("utf-8-sig")).agrees


def test_money_against_its_word_is_an_adjustment(tmp_path):
    """A merchant who buys pays with 在线支付 and gets refunds: no sale and no refund of his."""
    paid = ROWS[0].replace(",100.00,0.00,", ",0.00,-100.00,")
    back = ROWS[2].replace(",0,40.00,", ",40.00,0,")
    result = load_bytes(FORMAT, tmp_path, bill([paid, back]))
    assert result.column("kind") == ["ADJUSTMENT", "ADJUSTMENT"]
    assert result.column("amount_minor") == [-10000, 4000]
