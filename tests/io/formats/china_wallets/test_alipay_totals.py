from __future__ import annotations

import zipfile
from datetime import date

from recon.io.formats.china_wallets.alipay_totals import SHOPS, TYPES
from recon.io.recognition.recognise import probe_of
from tests.io.formats.china_wallets import test_alipay_account as account
from tests.io.formats.reading import load_bytes, staged

SHOP_FORMAT, TYPE_FORMAT = SHOPS.format(), TYPES.format()
SHOP_HEAD = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,"
    "商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
)
SHOP_ROWS = (
    "S1\t,茶馆\t,2,1,160.00,160.00,0.00,0.00,0.00,-0.96,0.00,159.04",
    "S2\t,书店\t,0,1,-20.00,-20.00,0.00,0.00,0.00,0.12,0.00,-19.88",
)
SHOP_TOTAL = "合计\t,\t,2,2,140.00,140.00,0.00,0.00,0.00,-0.84,0.00,139.16"
TYPE_HEAD = "类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）"
TYPE_ROWS = (
    "在线支付\t,2,200.00,0,0.00,200.00",
    "收费\t,0,0.00,2,-1.20,-1.20",
    "提现\t,0,0.00,1,-100.00,-100.00",
)
TYPE_TOTAL = "合计\t,2,200.00,3,-101.20,98.80"


def summary(title, head, rows, until="2026年11月21日"):
    lines = (
        f"#支付宝{title}汇总查询",
        "#账号：[20880012345678900156]",
        f"#起始日期：[2026年11月20日 00:00:00]   终止日期：[{until} 00:00:00]",
        f"#----{title}汇总列表----",
        head,
        *rows,
        f"#----{title}汇总列表结束----",
        "#导出时间：[2026年11月21日 10:00:00]",
    )
    return "\r\n".join(lines).encode("gb18030")


def shops(rows=(*SHOP_ROWS, SHOP_TOTAL), until="2026年11月21日"):
    return summary("业务", SHOP_HEAD, rows, until)


def types(rows=(*TYPE_ROWS, TYPE_TOTAL)):
    return summary("账务", TYPE_HEAD, rows)


def test_a_shop_is_a_row_and_the_last_line_proves_them(tmp_path):
    """Amount, fee and net of each shop; a shop with refunds only is money out."""
    result = load_bytes(SHOP_FORMAT, tmp_path, shops())
    assert result.column("terminal_id") == ["S1", "S2"]
    assert result.column("kind") == ["PAYMENT", "REFUND"]
    assert result.column("amount_minor") == [16000, -2000]
    assert result.column("fee_minor") == [96, -12]
    assert result.column("net_minor") == [15904, -1988]
    assert set(result.column("clearing_date")) == {date(2026, 11, 20)}
    assert result.agrees
    assert result.reading.trailer_lines == 3


def test_a_longer_span_has_no_clearing_day(tmp_path):
    """A month's summary says nothing of a day."""
    result = load_bytes(SHOP_FORMAT, tmp_path, shops(until="2026年12月21日"))
    assert set(result.column("clearing_date")) == {None}


def test_a_lost_shop_is_seen(tmp_path):
    """Every column of the last line is compared."""
    result = load_bytes(SHOP_FORMAT, tmp_path, shops((SHOP_ROWS[0], SHOP_TOTAL)))
    assert [total.agrees for total in result.totals] == [True, *[False] * 5]


def test_types_have_the_kinds_of_the_details(tmp_path):
    """What came in less what went out, and a total that does not follow is a reject."""
    result = load_bytes(TYPE_FORMAT, tmp_path, types())
    assert result.column("kind") == ["PAYMENT", "FEE", "PAYOUT"]
    assert result.column("amount_minor") == [20000, -120, -10000]
    assert result.agrees
    wrong = load_bytes(
        TYPE_FORMAT, tmp_path, types((TYPE_ROWS[1].replace("-1.20,-1.20", "-1.20,1.20"),))
    )
    assert "received 0 less spent 120 is not the stated total 120" in wrong.rejects[0].reasons[0]


def test_beside_its_details_a_summary_is_no_file_of_its_own(tmp_path):
    """A zip with both is the details' format, whichever comes first."""
    path = tmp_path / "bill.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a_账务明细(汇总).csv", types())
        archive.writestr("a_账务明细.csv", account.bill())
    probe = probe_of(staged(path))
    assert account.FORMAT.recognise(probe)
    assert not TYPE_FORMAT.recognise(probe)
