from __future__ import annotations

import io
import zipfile

import pytest

from recon.errors import InputError
from recon.io.formats import recognised
from recon.io.formats.china_wallets.alipay_trade import FORMAT
from recon.io.reading.contract import Options, Probe
from tests.io.formats.reading import corpus_file, load_bytes, probe_of, read_bytes, read_path

COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
PAID = (
    "20261120220014\t,ORD1\t,交易,茶壶,2026-11-20 10:00:00,2026-11-20 10:00:05,\t,,\t,T1\t,*客(1)\t"
    ",100.00,95.00,0.00,0.00,0.00,5.00,0.00,,0.00,0.00,\t,-0.57,-1.00,备"
)
REFUND = (
    "20261120220014\t,ORD1\t,退款,茶壶,2026-11-20 10:00:00,2026-11-20 12:00:05,\t,,\t,T1\t,*客(1)\t"
    ",-40.00,-38.00,0.00,0.00,0.00,-2.00,0.00,,0.00,0.00,RR-1\t,0.23,0.00,"
)
TOTALS = (
    "#交易合计：1笔，商家实收共95.00元，商家优惠共5.00元",
    "#退款合计：1笔，商家实收退款共-38.00元，商家优惠退款共-2.00元",
)


def bill(rows=(PAID, REFUND), totals=TOTALS, end="\n"):
    lines = (
        "#支付宝业务明细查询",
        "#账号：[20880012345678900156]",
        "#起始日期：[2026年11月20日 00:00:00]   终止日期：[2026年11月21日 00:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------",
        COLUMNS,
        *rows,
        "#-----------------------------------------业务明细列表结束------------------------------",
        *totals,
        "#导出时间：[2026年11月21日 10:00:00]",
    )
    return (end.join(lines) + end).encode("gb18030")


class GbkInfo(zipfile.ZipInfo):
    """A member whose name is GBK bytes without the UTF-8 flag, as the platform writes it."""

    def _encodeFilenameFlags(self):  # noqa: N802 (the library's name)
        return self.filename.encode("gb18030"), self.flag_bits


def zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, raw in members:
            archive.writestr(GbkInfo(name), raw)
    return out.getvalue()


def read(tmp_path, raw):
    return read_bytes(FORMAT, tmp_path, raw)


def test_payments_and_refunds_have_their_own_numbers(tmp_path):
    """A refund is named by its request number and points at the order."""
    result = read(tmp_path, bill())
    names = ("order_id", "channel_ref", "original_ref", "订单金额(元)", "merchant_id", "终端号")
    assert result.frame.select(names).rows() == [
        ("ORD1", "20261120220014", "", "100.00", "2088001234567890", "T1"),
        ("RR-1", "RR-1", "ORD1", "-40.00", "2088001234567890", "T1"),
    ]
    assert result.record_no == [6, 7]
    assert (result.reading.header_lines, result.reading.trailer_lines) == (5, 4)


def test_totals_and_net_mean_what_the_footer_says(tmp_path):
    """Fees become costs, the net is what moves the account, and the four totals agree."""
    result = load_bytes(FORMAT, tmp_path, bill())
    assert result.column("amount_minor") == [10000, -4000]
    assert result.column("fee_minor") == [57, -23]
    assert result.column("net_minor") == [9343, -3777]
    assert [total.computed for total in result.totals] == [1, 9500, 1, -3800]
    assert result.agrees
    off = TOTALS[0].replace("95.00", "95.01")
    assert not load_bytes(FORMAT, tmp_path, bill(totals=(off, TOTALS[1]))).agrees


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_detail_is_found_inside_the_zip_by_its_content(tmp_path, order):
    """Names are GBK without a flag and the summary may come first."""
    summary = "#支付宝业务汇总查询\n".encode("gb18030")
    members = [("2088_业务明细.csv", bill()), ("2088_业务明细(汇总).csv", summary)]
    raw = zipped([members[i] for i in order])
    result = read(tmp_path, raw)
    assert result.frame.height == 2
    plain = bill()
    assert plain[slice(*result.spans[0])] == PAID.encode("gb18030")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = tuple(archive.namelist())
    assert FORMAT.recognise(Probe("a.zip", len(raw), summary, names))


def test_damaged_ambiguous_and_exploding_archives_are_refused(tmp_path):
    """A cut zip, two details, none, and a bomb each say what is wrong."""
    good = zipped([("a.csv", bill())])
    two = zipped([("a.csv", bill()), ("b.csv", bill())])
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bill() + b" " * (4 << 20))
    for raw, word in (
        (good[:-30], "zip"),
        (good.replace(PAID.encode("gb18030")[:8], b"XXXXXXXX"), "zip"),
        (two, "found 2"),
        (zipped([("x.txt", b"hello")]), "found 0"),
        (bomb.getvalue(), "expands"),
    ):
        with pytest.raises(InputError, match=word):
            read(tmp_path, raw)
    chosen = read_bytes(FORMAT, tmp_path, two, Options(member="b*"))
    assert chosen.frame.height == 2


def test_a_sign_that_contradicts_the_kind_is_a_reject(tmp_path):
    """A positive refund or a negative payment is refused, a refund of zero is not."""
    rows = (PAID, REFUND.replace("-40.00", "40.00"), PAID.replace("100.00", "-100.00"))
    result = load_bytes(FORMAT, tmp_path, bill((*rows, REFUND.replace("-40.00", "0.00"))))
    assert result.column("kind") == ["PAYMENT", "REFUND"]
    assert result.refused_lines == [7, 8]
    assert "订单金额 40.00 has the wrong sign for a 退款; expected" in result.rejects[0].reasons[0]


def test_a_fee_that_would_be_money_in_is_a_reject(tmp_path):
    """A payment's fee is taken; only a refund's comes back."""
    given = PAID.replace(",-0.57", ",0.57")
    assert given != PAID
    result = load_bytes(FORMAT, tmp_path, bill((given, REFUND)))
    assert result.refused_lines == [6]
    assert "服务费 0.57 has the wrong sign for a 交易; expected" in result.rejects[0].reasons[0]


def test_commas_in_one_free_text_are_put_back_in_their_place(tmp_path):
    """A subject or a remark with commas is found by where times and amounts fall."""
    rows = (PAID.replace("茶壶", "茶,壶,盘"), REFUND + "备,注")
    result = read(tmp_path, bill(rows))
    assert result.frame["商品名称"].to_list() == ["茶,壶,盘", "茶壶"]
    assert result.frame["备注"].to_list() == ["备", "备,注"]
    assert result.frame["order_id"].to_list() == ["ORD1", "RR-1"]


def test_commas_that_could_stand_in_two_places_are_a_reject(tmp_path):
    """Nothing is guessed when two readings of a row are possible."""
    rows = (PAID.replace("\t,,\t,T1", "\t,a,b,\t,T1"), REFUND.rsplit(",", 3)[0])
    result = read(tmp_path, bill(rows))
    assert [reject.record_no for reject in result.reading.rejects] == [7]
    assert result.frame.height == 1


def test_an_empty_bill_is_an_empty_day(tmp_path):
    """No rows and totals of zero, or no totals at all."""
    totals = ("#交易合计：0笔，商家实收共0.00元", "#退款合计：0笔，商家实收退款共0.00元")
    assert read(tmp_path, bill((), totals)).reading.declared["交易合计笔数"] == "0"
    assert read(tmp_path, bill((), ())).frame.height == 0


def test_every_cut_before_the_totals_end_is_refused(tmp_path):
    """A bill cut at any byte before the end of its totals is refused."""
    raw = bill()
    whole = raw.index("#导出时间".encode("gb18030")) - 1
    for size in range(whole):
        with pytest.raises(InputError):
            read(tmp_path, raw[:size])
    for size in range(whole, len(raw)):
        assert read(tmp_path, raw[:size]).frame.height == 2


@pytest.mark.parametrize(
    "raw",
    [
        bill() + bill(),
        bill(totals=(*TOTALS, TOTALS[0])),
        bill(totals=TOTALS[:1]),
        bill().replace("完成时间".encode("gb18030"), b"xx"),
        bill().replace("订单金额".encode("gb18030"), b"xx"),
        "#支付宝账务明细查询\n".encode("gb18030"),
    ],
)
def test_joined_or_changed_bills_are_refused(tmp_path, raw):
    """Two bills in one, doubled or missing totals and lost columns are never half read."""
    with pytest.raises(InputError):
        read(tmp_path, raw)


def test_utf8_exports_need_their_encoding_declared(tmp_path):
    """A bill that a person re-saved as UTF-8 is recognised and read when declared so."""
    raw = bill(end="\r\n").decode("gb18030").encode()
    assert FORMAT.recognise(Probe("x", len(raw), raw))
    assert read_bytes(FORMAT, tmp_path, raw, Options(encoding="utf-8")).frame.height == 2


def test_the_real_empty_bill_is_accepted():
    """A sample with six columns and no rows is an empty day."""
    path = corpus_file("alipay_merchant_trade/*empty.csv")
    assert FORMAT.recognise(probe_of(path))
    assert read_path(FORMAT, path).frame.height == 0


SUMMARY = (
    "#支付宝业务汇总查询\n#账号：[20880012345678900156]\n"
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,"
    "商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）\n"
    "S1,店,1,1,{amount},57.00,0.00,3.00,0.00,-0.34,-1.00,55.66\n"
    ",合计,1,1,{amount},57.00,0.00,3.00,0.00,-0.34,-1.00,{net}\n"
    "#导出时间：[2026年11月21日 10:00:00]\n"
)


@pytest.mark.parametrize(("amount", "net"), [("60.00", "55.66"), ("100.00", "55.66")])
def test_the_summary_in_the_zip_is_compared_with_the_details(tmp_path, amount, net):
    """Counts and sums of the summary agree, refunds taken off the order amount or not."""
    summary = SUMMARY.format(amount=amount, net=net).encode("gb18030")
    result = load_bytes(FORMAT, tmp_path, zipped([("汇总.csv", summary), ("明细.csv", bill())]))
    assert result.agrees
    assert [total.name for total in result.totals][-1] == "汇总实收净额(元)"


def test_a_summary_that_says_otherwise_is_found(tmp_path):
    """One wrong digit in the summary, and the bill does not prove itself."""
    summary = SUMMARY.format(amount="60.00", net="55.67").encode("gb18030")
    result = load_bytes(FORMAT, tmp_path, zipped([("明细.csv", bill()), ("汇总.csv", summary)]))
    wrong = [(one.name, one.declared, one.computed) for one in result.totals if not one.agrees]
    assert wrong == [("汇总实收净额(元)", 5567, 5566)]


def test_utf8_and_thousands_are_read(tmp_path):
    """A converted export, and totals with commas between thousands."""
    totals = (TOTALS[0].replace("共95.00元", "共1,234,567.89元", 1), TOTALS[1])
    raw = bill((PAID.replace(",95.00,", ",1234567.89,"), REFUND), totals).decode("gb18030")
    for encoding in ("utf-8", "utf-8-sig"):
        assert load_bytes(FORMAT, tmp_path, raw.encode(encoding)).agrees


def test_an_empty_bill_behind_blank_lines_is_known(tmp_path):
    """A day without trades has no totals; blank lines before it change nothing."""
    edge = "#--业务明细列表--", "#--业务明细列表结束--"
    names = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间"
    raw = "\n".join(["\ufeff\r", " ", "#支付宝业务明细查询", edge[0], names, edge[1]]).encode()
    assert [form.name for form in recognised(Probe("x", len(raw), raw))] == ["alipay_trade"]
    result = load_bytes(FORMAT, tmp_path, raw)
    assert (result.frame.height, result.rejects, result.reading.blank_lines) == (0, [], 2)
