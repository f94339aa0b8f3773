from __future__ import annotations

import pytest

from recon.errors import InputError
from recon.io.formats import recognised
from recon.io.formats.china_acquirers import ums_export
from recon.io.formats.china_acquirers.ums_export import FORMATS
from tests.io.formats.reading import corpus_file, load_bytes, load_path, probe_of

DETAIL, PAGES = FORMATS
TITLES = (
    "对账明细查询结果（仅显示1000条记录）\t\t",
    "集团名称：一家公司\t\t",
    "清算日期从：\t20261120\t到：\t20261120",
    (
        "清算日期\t交易日期\t交易时间\t终端号\t交易金额\t清算金额\t手续费\t流水号\t交易类型\t参考号\t卡号\t商户号"
        "\t发卡行\t卡类型\t商户订单号\t银商订单号\t支付类型"
    ),
)
SALE = (
    "20261120\t2026-11-19\t23:15:12\t01080209\t100.00\t99.40\t0.60\t316965\t消费\t512645316965"
    "\t622280*********0000\t898319849000018\t00040005\t借记卡\tO1\tU1\t有卡支付"
)
REFUND = (
    "20261120\t2026-11-20\t12:15:12\t01080209\t40.00\t39.76\t0.24\t316966\t退货\t512645316966"
    "\t622280*********0000\t898319849000018\t00040005\t借记卡\tO1\tU2\t有卡支付"
)
TOTAL = "总笔数：\t2\t交易金额：\t60.00\t\t结算金额：\t59.64\t\t手续费：\t0.36\t\t"


def export(*rows, total=TOTAL):
    return "\n".join((*TITLES, *rows, "\t" * 16, total)).encode()


def test_rows_totals_and_the_clearing_day(tmp_path):
    """A sale of the evening belongs to the next clearing day; refunds are money out."""
    result = load_bytes(DETAIL, tmp_path, export(SALE, REFUND))
    assert result.column("amount_minor") == [10000, -4000]
    assert result.column("net_minor") == [9940, -3976]
    assert result.column("rrn") == ["512645316965", "512645316966"]
    assert str(result.column("clearing_date")[0]) == "2026-11-20"
    assert str(result.column("occurred_at")[0]) == "2026-11-19 15:15:12"
    assert result.agrees
    assert result.rejects == []


@pytest.mark.parametrize("total", [TOTAL + "\n" + TOTAL, "", TOTAL.replace("手续费", "费")])
def test_missing_and_doubled_totals_are_refused(tmp_path, total):
    """A cut export, or two pasted together, is not a day."""
    with pytest.raises(InputError) as caught:
        load_bytes(DETAIL, tmp_path, export(SALE, REFUND, total=total))
    assert caught.value.code == "FILE_TOTAL"


def test_an_export_that_shows_its_first_rows_only_is_refused(tmp_path, monkeypatch):
    """The portal stops at a limit and says so in its title; such a file is no day."""
    monkeypatch.setattr(ums_export, "_LIMIT", 2)
    with pytest.raises(InputError, match="shows 2 rows only"):
        load_bytes(DETAIL, tmp_path, export(SALE, REFUND))


def test_pasted_pages_with_blank_lines_and_titles(tmp_path):
    """Bare pages have no header; titles and empty lines among them are no rows."""
    cells = SALE.split("\t")
    row = "\t".join(
        [*cells[:3], cells[4], cells[3], *cells[5:14], "", "", "", cells[4], "", "", ""]
    )
    raw = "\n".join(("\t" * 20, row, "对账明细查询结果" + "\t" * 40, row, "")).encode()
    result = load_bytes(PAGES, tmp_path, raw)
    assert result.column("amount_minor") == [10000, 10000]
    assert result.column("terminal_id") == ["01080209"] * 2


def test_the_real_exports_give_the_numbers_seen_in_them():
    """33 rows whose totals agree, and 2636 rows that each prove themselves."""
    path = corpus_file("ums_export/*netbank")
    assert recognised(probe_of(path)) == (DETAIL,)
    result = load_path(DETAIL, path)
    assert result.agrees
    assert (result.frame.height, result.rejects) == (33, [])
    assert [total.declared for total in result.totals] == [33, 794479900, 793844316, 635584]
    path = corpus_file("ums_export/*wap.part1")
    assert recognised(probe_of(path)) == (PAGES,)
    pages = load_path(PAGES, path)
    assert (pages.frame.height, pages.rejects) == (2636, [])
    assert pages.frame["rrn"].n_unique() == 2636
    assert recognised(probe_of(corpus_file("ums_export/*test.txt"))) == ()


def test_a_reversal_repeats_the_reference_number_of_its_original(tmp_path):
    """Whatever order number it bears; a refund has a number of its own."""
    undone = SALE.replace("消费", "消费冲正").replace("\tO1\t", "\tO9\t")
    total = "总笔数：\t3\t交易金额：\t-40.00\t\t结算金额：\t-39.76\t\t手续费：\t-0.24"
    result = load_bytes(DETAIL, tmp_path, export(SALE, undone, REFUND, total=total))
    assert result.column("original_ref") == [None, "512645316965", None]
    assert result.agrees
