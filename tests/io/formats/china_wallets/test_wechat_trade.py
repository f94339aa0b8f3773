from __future__ import annotations

import csv
import io

import pytest

from recon.core.codes import Kind
from recon.errors import InputError
from recon.io.formats.china_wallets.wechat_trade import FORMAT
from recon.io.reading.contract import Options, Probe
from tests.io.formats.reading import corpus_file, load_bytes, probe_of, read_bytes, read_path

HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
CELLS = [
    (
        "2026-11-20 10:00:01|wx1|1900000001|0|T1|4200001|ORD1|u|JSAPI|SUCCESS|CFT|CNY|90.00|10.00"
        '|0|0|0.00|0.00|||茶, 一壶|{"a":1, "b":2}|0.54000|0.60%|100.00|0.00|'
    ),
    (
        "2026-11-20 11:00:01|wx1|1900000001|1600000002|T1|4200001|ORD1|u|JSAPI|REFUND|CFT|CNY|0.00"
        "|0.00|5030001|REF1|45.00|5.00|ORIGINAL|PROCESSING|茶|x|-0.27000|0.60%|0.00|50.00|"
    ),
    (
        "2026-11-20 12:00:01|wx1|1900000001|0|T1|4200002|ORD2|u|MICROPAY|REVOKED|CFT|CNY|0.00|0.00"
        "|0|0|8.00|0.00|||水||-0.05000|0.60%|0.00|8.00|"
    ),
]
TOTALS_HEAD = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
TOTALS = "3|90.00|53.00|5.00|0.22000|100.00|58.00"


def ticked(cells):
    return ",".join("`" + cell for cell in cells.split("|"))


def bill(rows=CELLS, totals=TOTALS, end="\n"):
    lines = [HEAD, *map(ticked, rows), TOTALS_HEAD, ticked(totals)]
    return (end.join(lines)).encode()


def read(tmp_path, raw):
    return read_bytes(FORMAT, tmp_path, raw)


def test_each_state_becomes_its_own_kind_of_row(tmp_path):
    """Payments, refunds and revocations carry their own numbers, amounts and states."""
    result = read(tmp_path, bill())
    names = ("order_id", "channel_ref", "original_ref", "amount", "funds", "state", "merchant_id")
    assert result.frame.select(names).rows() == [
        ("ORD1", "4200001", "", "100.00", "90.00", "SUCCESS", "1900000001"),
        ("REF1", "5030001", "ORD1", "50.00", "45.00", "PROCESSING", "1600000002"),
        ("ORD2", "4200002", "ORD2", "8.00", "8.00", "REVOKED", "1900000001"),
    ]
    assert result.frame["商品名称"][0] == "茶, 一壶"
    assert result.record_no == [2, 3, 4]
    assert result.reading.trailer_lines == 2


def test_line_ends_mark_and_missing_last_newline_change_nothing(tmp_path):
    """CRLF, a byte order mark and a final newline give the same rows and totals."""
    plain = read(tmp_path, bill())
    for raw in (bill(end="\r\n"), b"\xef\xbb\xbf" + bill(), bill() + b"\n", bill() + b"\r\n\n"):
        other = read(tmp_path, raw)
        assert other.frame.equals(plain.frame)
        assert other.reading.declared == plain.reading.declared


def test_totals_mean_what_the_summary_says(tmp_path):
    """Every summary cell equals its sum over the canonical rows."""
    result = load_bytes(FORMAT, tmp_path, bill())
    assert result.column("amount_minor") == [10000, -5000, -800]
    assert result.column("state") == ["SUCCESS", "PENDING", "SUCCESS"]
    assert result.column("fee_minor") == [54, -27, -5]
    assert result.column("net_minor") == [8946, -4473, -795]
    assert result.column("state") == ["SUCCESS", "PENDING", "SUCCESS"]
    assert len(result.totals) == 7
    assert result.agrees
    for cell in range(7):
        values = TOTALS.split("|")
        values[cell] = values[cell].replace("0", "1", 1) if "." in values[cell] else "4"
        changed = load_bytes(FORMAT, tmp_path, bill(totals="|".join(values)))
        assert [total.agrees for total in changed.totals].count(False) == 1


def test_old_names_are_read_as_the_present_ones(tmp_path):
    """The layout of API v2 with 24 columns and five totals."""
    head = (
        "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
        "货币种类,总金额,企业红包金额,微信退款单号,商户退款单号,退款金额,企业红包退款金额,退款类型,退款状态,商品名称,"
        "商户数据包,手续费,费率"
    )
    row = (
        "2026-11-20 10：00：01|wx1|19|0|T1|42|O1|u|NATIVE|SUCCESS|CFT|CNY|0.01|0.0"
        "|0|0|0|0|||a|b|0|0.60%"
    )
    tail = "总交易单数,总交易额,总退款金额,总企业红包退款金额,手续费总金额"
    raw = "\n".join((head, ticked(row), tail, ticked("1|0.01|0.0|0.0|0"))).encode()
    result = read(tmp_path, raw)
    assert result.frame.select("amount", "funds", "order_id").rows() == [("0.01", "0.01", "O1")]
    assert result.reading.declared["应结订单总金额"] == "0.01"


def test_a_refund_bill_takes_the_time_of_success(tmp_path):
    """The refund layout repeats the payment's time first; the refund's own time counts."""
    head = HEAD.replace("微信退款单号,", "退款申请时间,退款成功时间,微信退款单号,")
    row = CELLS[1].replace("|5030001|", "|2026-11-21 01:00:00|2026-11-21 01:00:09|5030001|")
    raw = "\n".join((head, ticked(row), TOTALS_HEAD, ticked(TOTALS))).encode()
    assert read(tmp_path, raw).frame["occurred_at"].to_list() == ["2026-11-21 01:00:09"]


@pytest.mark.parametrize("told", ["2026-11-21 01:00:09", ""])
def test_a_refund_bill_says_when_the_payer_had_the_money(tmp_path, told):
    """The success time is the arrival; a refund under way has none, nor has a payment.

    Where it went is told beside it.
    """
    head = HEAD.replace("微信退款单号,", "退款申请时间,退款成功时间,微信退款单号,")
    row = CELLS[1].replace("|5030001|", f"|2026-11-21 01:00:00|{told}|5030001|")
    raw = "\n".join((head, ticked(row), TOTALS_HEAD, ticked("1|0|45|5|-0.27|0|50"))).encode()
    found = load_bytes(FORMAT, tmp_path, raw)
    arrived = found.column("arrived_at")
    told_so = '{"refund_route":"ORIGINAL","requested_at":"2026-11-20T17:00:00Z"}'
    assert found.column("attributes") == [told_so]
    assert [str(moment) for moment in arrived] == ["2026-11-20 17:00:09" if told else "None"]
    paid = load_bytes(FORMAT, tmp_path, bill())
    assert paid.column("arrived_at") == [None, None, None]
    assert paid.column("attributes") == [None, '{"refund_route":"ORIGINAL"}', None]


def test_an_empty_bill_is_an_empty_day(tmp_path):
    """A header and a summary of zeros, or the answer that there is no bill, is no failure."""
    empty = read(tmp_path, bill((), "0|0.00|0.00|0.00|0.00000|0.00|0.00"))
    assert empty.frame.height == 0
    assert empty.reading.declared["总交易单数"] == "0"
    answer = read(tmp_path, b"<xml>\n<return_msg>No Bill Exist</return_msg>\n</xml>\n")
    assert answer.frame.height == 0
    assert answer.reading.declared["总交易单数"] == "0"
    assert answer.reading.notes


def test_every_cut_is_refused_or_leaves_a_wrong_total(tmp_path):
    """A bill cut at any byte is refused, or its last total is not the one that was declared."""
    raw = bill()
    for size in range(len(raw) - 1):
        try:
            result = read(tmp_path, raw[:size])
        except InputError:
            continue
        assert result.reading.declared["申请退款总金额"] in ("5", "58", "58.", "58.0")


@pytest.mark.parametrize(
    "raw",
    [
        bill() + b"\n" + ticked(CELLS[0]).encode(),
        bill() + b"\n" + bill(),
        bill(totals="a3|90.00|53.00|5.00|0.22000|100.00|58.00"),
        bill(totals="3|90.00"),
        HEAD.encode() + b"\n" + ticked(CELLS[0]).encode(),
        "错误,行\n".encode(),
        HEAD.replace("商户数据包", "新的列").encode(),
        HEAD.replace("订单金额", "手续费").encode(),
    ],
)
def test_joined_cut_or_changed_bills_are_refused(tmp_path, raw):
    """Rows after the totals, two bills, bad totals and unknown columns are never half read."""
    with pytest.raises(InputError):
        read(tmp_path, raw)


def test_a_row_with_another_number_of_cells_is_one_reject(tmp_path):
    """A damaged row is refused alone."""
    rows = [CELLS[0], CELLS[1].rsplit("|", 3)[0], CELLS[2]]
    result = read(tmp_path, bill(rows))
    assert result.frame.height == 2
    assert result.reading.rejects[0].reasons == ("expected 27 fields, found 24",)


def test_kinds_are_the_words_of_the_bill():
    """Every state of the bill has a kind, and no other word has."""
    kinds = FORMAT.fields(Options())["kind"].words
    assert kinds == {"SUCCESS": Kind.PAYMENT, "REFUND": Kind.REFUND, "REVOKED": Kind.REVERSAL}


@pytest.mark.parametrize(
    ("pattern", "rows", "count", "amount"),
    [
        ("wechat_merchant_trade/*ResultTest_0.csv", 1, "48", "6.00"),
        ("wechat_merchant_trade/*ResultTest_1.csv", 2, "2", "0.01"),
        ("wechat_merchant_trade/*ResultTest_2.csv", 1, "31", "0.01"),
        ("wechat_merchant_trade/*ResultTest_3.csv", 1, "4", "0.01"),
        ("wechat_merchant_trade/*trade_ALL_01.csv", 3, "3", "0.01"),
        ("wechat_merchant_trade/*trade_REFUND_05.csv", 2, "2", "0.01"),
        ("wechat_merchant_trade/*trade_SUCCESS_07.csv", 1, "1", "0.01"),
        ("wechat_merchant_trade/*wxcloudrun*.csv", 1, "12", "0.01"),
    ],
)
def test_real_bills_give_the_numbers_seen_in_them(pattern, rows, count, amount):
    """Real samples: rows, declared count and first amount, checked by eye."""
    path = corpus_file(pattern)
    assert FORMAT.recognise(probe_of(path))
    result = read_path(FORMAT, path)
    assert result.frame.height == rows
    assert result.reading.declared["总交易单数"] == count
    assert result.frame["amount"][0] == amount


def test_the_sample_with_a_damaged_count_is_refused():
    """A count of `a3` is not a number of trades."""
    path = corpus_file("wechat_merchant_trade/*trade_ALL_03_malformed.csv")
    with pytest.raises(InputError, match="a3"):
        read_path(FORMAT, path)


def test_recognition_wants_the_whole_signature():
    """A fund bill or any other text is not a trade bill."""
    for text in ("记账时间,微信支付业务单号\n", "交易时间,商户号\n", "", "{}"):
        raw = text.encode()
        assert not FORMAT.recognise(Probe("x", len(raw), raw))


def spreadsheet(cells):
    """Return cells as a spreadsheet saves them: no back-ticks, quotes where they are needed."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells.split("|"))
    return out.getvalue()


def test_a_bill_that_went_through_a_spreadsheet_is_the_same_bill(tmp_path):
    """Without back-ticks, with quotes, padded at the end, in GB18030: the same rows and totals."""
    plain = load_bytes(FORMAT, tmp_path, bill())
    head = ",".join(f'"{name}"' for name in HEAD.split(","))
    filling = "," * 20
    lines = [head, *map(spreadsheet, CELLS), TOTALS_HEAD + filling, spreadsheet(TOTALS) + filling]
    saved = "\r\n".join(lines)
    assert FORMAT.recognise(Probe("x", 0, saved.encode("gb18030")))
    for raw in (saved.encode(), saved.encode("gb18030"), bill().decode().encode("gb18030")):
        other = load_bytes(FORMAT, tmp_path, raw)
        columns = [
            "kind",
            "order_id",
            "amount_minor",
            "fee_minor",
            "net_minor",
            "occurred_at",
            "memo",
        ]
        assert other.frame.select(columns).equals(plain.frame.select(columns))
        assert other.agrees


def test_totals_with_thousands_and_a_great_amount(tmp_path):
    """1,234,567.89 in the summary is the row's 1234567.89."""
    row = CELLS[0].replace("|90.00|", "|1234557.89|").replace("|100.00|", "|1234567.89|")
    totals = "1|1,234,557.89|0.00|0.00|0.54000|1,234,567.89|0.00"
    result = load_bytes(FORMAT, tmp_path, bill([row], totals))
    assert result.column("amount_minor") == [123456789]
    assert result.agrees


def test_the_vendors_first_example_lacks_the_space_in_its_times(tmp_path):
    """Full-width colons, and no space between day and clock."""
    row = CELLS[0].replace("2026-11-20 10:00:01", "2024-02-2900：00：00")
    result = load_bytes(FORMAT, tmp_path, bill([row], "1|90|0|0|0.54|100|0"))
    assert str(result.column("occurred_at")[0]) == "2024-02-28 16:00:00"


def test_a_refund_with_a_sign_is_refused_with_a_reason(tmp_path):
    """Amounts of this bill have no sign: a minus would mean something else than it says."""
    row = CELLS[1].replace("|45.00|", "|-45.00|").replace("|50.00|", "|-50.00|")
    result = load_bytes(FORMAT, tmp_path, bill([row], "1|0|45|5|-0.27|0|50"))
    assert result.rejects[0].reasons == ("退款金额 -45.00 has a sign; expected it unsigned",)


def test_a_revoked_payment_of_nothing_is_refused(tmp_path):
    """Undoing nothing would leave the payment paid; what was given back stands in the row."""
    row = CELLS[2].replace("|8.00|", "|0.00|")
    result = load_bytes(FORMAT, tmp_path, bill([row], "1|0|0|0|-0.05|0|0"))
    assert result.refused_lines == [2]
    assert "REVOKED without the amount" in result.rejects[0].reasons[0]


def test_what_is_no_text_is_said_without_an_encoding_nobody_named(tmp_path):
    """No encoding is known before the first bytes are looked at."""
    with pytest.raises(InputError, match="expected text, found"):
        load_bytes(FORMAT, tmp_path, bill() + b"\x00")
