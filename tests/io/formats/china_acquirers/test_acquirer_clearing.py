from __future__ import annotations

from recon.io.formats import recognised
from recon.io.formats.china_acquirers.acquirer_clearing import FORMAT
from tests.io.formats.reading import corpus_file, load_bytes, load_path, probe_of

HEAD = (
    "清算日期,交易时间,结算商户编号,交易终端号,交易金额,商户手续费,收单收益,交易类型,卡号"
    ",参考号bit37,随便"
)


def test_dropped_zeros_refunds_and_the_year(tmp_path):
    """`.54` is 0.54, a refund is money out, and December before a January clearing is last year."""
    rows = (
        "20270101,1231235959,M1,9,300,.54,.3,000000,622848*********3877,R1,,",
        "20270101,101000001,M1,9,2.9,.01,-.23,200000,622848*********3877,R2,",
        "20270101,0101000001,M1,9,1,.01,0,999999,622848*********3877,R3,",
        "20270101,0101000001,M1,9,1,.01,0,000000,622848*********3877,R4,,x",
    )
    raw = "\n".join((HEAD, *rows))
    result = load_bytes(FORMAT, tmp_path, raw.encode())
    assert result.column("amount_minor") == [30000, -290]
    assert result.column("fee_minor") == [54, -1]
    assert result.column("net_minor") == [29946, -289]
    assert [str(time) for time in result.column("occurred_at")] == [
        "2026-12-31 15:59:59",
        "2026-12-31 16:00:01",
    ]
    assert result.refused_lines == [4, 5]


def test_a_refund_names_the_sale_by_its_reference_number(tmp_path):
    """Which stands as the channel's own number too, so that the sale is found."""
    row = "20240229,229093000,M1,9,1.00,.54,.3,{},622848*********3877,{},{},"
    lines = (row.format("000000", "R1", ""), row.format("200000", "R2", "R1"))
    head = HEAD.replace("随便", "原bit37")
    result = load_bytes(FORMAT, tmp_path, "\n".join((head, *lines)).encode())
    assert result.column("channel_ref") == ["R1", "R2"]
    assert result.column("original_ref") == [None, "R1"]


def test_the_real_day_adds_up():
    """2450 rows of a real day: each fee is the margin and 24 fen of channel cost."""
    path = corpus_file("acquirer_clearing_csv/*part1.csv")
    assert recognised(probe_of(path)) == (FORMAT,)
    result = load_path(FORMAT, path)
    assert (result.frame.height, result.rejects) == (2450, [])
    assert (result.frame["fee_minor"] - result.frame["_margin_minor"]).unique().to_list() == [24]
    assert result.frame["rrn"].n_unique() == 2450


def test_quoted_thousands_and_a_code_that_lost_its_zeros(tmp_path):
    """As a spreadsheet saves a day: `0` is the code 000000."""
    row = '20240229,229000000,M1,9,"1,234,567.89",.54,.3,0,622848*********3877,R1,'
    result = load_bytes(FORMAT, tmp_path, f"{HEAD}\n{row}".encode())
    assert result.column("amount_minor") == [123456789]
    assert result.column("kind") == ["PAYMENT"]
    assert str(result.column("occurred_at")[0]) == "2024-02-28 16:00:00"


def test_an_empty_code_or_time_is_none(tmp_path):
    """Dropped zeros are put back; a cell that says nothing is no sale."""
    row = "20240229,{time},M1,9,1.00,.54,.3,{code},622848*********3877,R1,"
    lines = (row.format(time="229093000", code=""), row.format(time="", code="0"))
    result = load_bytes(FORMAT, tmp_path, "\n".join((HEAD, *lines)).encode())
    assert result.refused_lines == [2, 3]
    assert "交易类型 ''" in result.rejects[0].reasons[0]
