from __future__ import annotations

import codecs
import zipfile
from datetime import date

import pytest

from recon.core.codes import Kind
from recon.errors import InputError
from recon.io.formats.china_acquirers.unionpay_zm import ERRORS, FORMAT, LENGTH, WIDTHS, is_line
from recon.io.one_file import formats_of, read_alone
from recon.io.reading.contract import Options, Probe
from tests.io.formats.reading import corpus_file, load_bytes, load_path, probe_of, read_bytes

NAME = "INN26112088ZM_898319849000018"
CELLS = {
    1: "S22",
    2: "48022901",
    3: "00040000",
    4: "005607",
    5: "1120101112",
    6: "622280*********0000",
    7: "000000010000",
    8: "4900",
    9: "07",
    10: "202611201011120056078",
    11: "05",
    12: "ORD1",
    13: "01",
    16: "D000000000060",
    17: "C000000009940",
    20: "01",
    28: "898319849000018",
    33: "C000000009940",
    34: "01080209",
    35: "账户充值",
}
REFUND = {
    4: "005608",
    10: "202611201111120056088",
    12: "REF1",
    16: "C000000000060",
    17: "D000000009940",
    20: "04",
    27: "202611201011120056078",
}


def line(**changes):
    """Return one line; keys are `f7` for field 7."""
    cells = CELLS | {int(key[1:]): value for key, value in changes.items()}
    fields = []
    for number, width in enumerate(WIDTHS, start=1):
        raw = cells.get(number, "").encode("gb18030")
        fields.append(raw.ljust(width))
    return b" ".join(fields)


def refund():
    return line(**{f"f{number}": value for number, value in REFUND.items()})


def read(tmp_path, *lines, end=b"\r\n", name=NAME):
    return read_bytes(FORMAT, tmp_path, end.join(lines) + end, name=name)


def test_every_field_is_cut_by_bytes(tmp_path):
    """Chinese text before a field moves nothing, because widths count bytes."""
    result = read(tmp_path, line(), refund())
    names = ("商户订单号", "查询流水号", "original_ref", "amount", "商户自定义域", "系统跟踪号")
    assert result.frame.select(names).rows() == [
        ("ORD1", "202611201011120056078", "", "000000010000", "账户充值", "005607"),
        (
            "REF1",
            "202611201111120056088",
            "202611201011120056078",
            "-000000010000",
            "账户充值",
            "005608",
        ),
    ]
    assert result.frame["clearing_date"].unique().to_list() == ["20261120"]
    assert result.frame["occurred_at"].to_list() == ["20261120101112"] * 2
    assert [end - start for start, end in result.spans] == [LENGTH, LENGTH]


@pytest.mark.parametrize(
    ("time", "query", "name", "wanted"),
    [
        ("1231235959", "20261231235959000001", "INN27010188ZM_1", "20261231235959"),
        ("0101000001", "20261231235959000001", "INN27010188ZM_1", "20270101000001"),
        ("1231235959", "20270101000001000001", "INN27010188ZM_1", "20261231235959"),
        ("1231235959", "ABC", "INN27010188ZM_1", "20261231235959"),
        ("0101000001", "ABC", "INN27010188ZM_1", "20270101000001"),
        ("0718215916", "20170718215916", "INN17071888ZM_1", "20170718215916"),
    ],
)
def test_the_year_comes_from_the_query_number_or_the_clearing_day(
    tmp_path, time, query, name, wanted
):
    """New Year lies between the two when one is in December and the other in January."""
    result = read(tmp_path, line(f5=time, f10=query), name=name)
    assert result.frame["occurred_at"].to_list() == [wanted]


def test_a_row_that_does_not_prove_itself_is_a_reject(tmp_path):
    """Amount less fee must be the settled amount, sign included."""
    rows = (
        line(f17="C000000009939"),
        line(f16="C000000000060"),
        line(f16=" 000000000000", f17="C000000010000"),
        refund(),
    )
    result = load_bytes(FORMAT, tmp_path, b"\n".join(rows), name=NAME)
    assert result.refused_lines == [1, 2]
    assert "settled amount 9939" in result.rejects[0].reasons[0]
    assert result.column("amount_minor") == [10000, -10000]
    assert result.column("fee_minor") == [0, -60]
    assert result.column("net_minor") == [10000, -9940]


def test_what_is_collected_by_agreement_is_money_in_and_instalments_have_their_fee(tmp_path):
    """The settled amount says whether the fee of instalments is taken from it."""
    fee = "D00000000100"
    rows = (line(f20="11"), line(f38=fee, f17="C000000009840"), line(f38=fee))
    result = load_bytes(FORMAT, tmp_path, b"\n".join(rows), name=NAME)
    assert result.column("amount_minor") == [10000] * 3
    assert result.column("fee_minor") == [60, 160, 60]
    assert result.column("net_minor") == [9940, 9840, 9940]


def test_a_line_of_another_length_is_a_reject(tmp_path):
    """A line that lost or gained one byte is refused alone; blank lines are counted."""
    result = read(tmp_path, line()[:-1], line(), b"", line() + b"x", end=b"\n")
    assert [reject.record_no for reject in result.reading.rejects] == [1, 4]
    assert f"{LENGTH} bytes, found {LENGTH - 1}" in result.reading.rejects[0].reasons[0]
    assert (result.frame.height, result.reading.blank_lines) == (1, 1)


def test_a_converted_file_is_refused(tmp_path):
    """When no line has the length of the layout, the file is another one."""
    with pytest.raises(InputError, match="607"):
        read(tmp_path, b"hello", b"world")


def test_a_file_made_utf_8_is_read_and_its_bytes_are_those_of_the_file(tmp_path):
    """Fields are counted in GBK bytes, byte ranges in the file's own."""
    raw = codecs.BOM_UTF8 + b"\n".join([line(), refund(), line()[:-1]]).decode("gb18030").encode()
    result = read_bytes(FORMAT, tmp_path, raw, name=NAME)
    assert result.frame["商户自定义域"].to_list() == ["账户充值", "账户充值"]
    assert result.frame["商户订单号"].to_list() == ["ORD1", "REF1"]
    assert [raw[start:end].count(b"\n") for start, end in result.spans] == [0, 0]
    assert raw[slice(*result.spans[1])].decode().encode("gb18030") == refund()
    (reject,) = result.reading.rejects
    assert raw[reject.byte_start : reject.byte_end].decode() == reject.text


def test_a_file_whose_lines_lost_their_blanks_is_known_and_refused(tmp_path):
    """What was trimmed may also have been cut: it is named, not read."""
    raw = line().rstrip() + b"\n"
    assert FORMAT.recognise(Probe("x", len(raw), raw))
    with pytest.raises(InputError, match="expected lines of 607 bytes, found none"):
        read_bytes(FORMAT, tmp_path, raw, name=NAME)


def test_bytes_that_do_not_decode_are_a_reject(tmp_path):
    """A damaged customer field costs its row."""
    bad = line().replace("账户".encode("gb18030"), b"\xff\xff\xff\xff")
    result = read(tmp_path, bad, line())
    assert result.frame.height == 1
    assert "gb18030" in result.reading.rejects[0].reasons[0]


def test_kinds_follow_the_transaction_type():
    """Sales and completions come in, refunds and voids go out."""
    words = FORMAT.fields(Options())["kind"].words
    assert words["01"] is words["03"] is words["11"] is words["13"] is Kind.PAYMENT
    assert words["04"] is Kind.REFUND
    assert words["31"] is words["33"] is Kind.VOID


def test_recognition_needs_length_spaces_and_digits():
    """One byte more, or a letter among the digits, is another format."""
    good = line()
    assert FORMAT.recognise(Probe("x", len(good), good + b"\r\n" + good))
    assert not is_line(good + b" ")
    assert not is_line(good.replace(b"1120101112", b"11201X1112"))
    assert not is_line(good.replace(b" 005607 ", b"x005607 "))


def test_the_real_day_adds_up():
    """724 rows of a real day: all accepted, and the sums of the file seen by eye."""
    path = corpus_file("unionpay_zm/*part1")
    assert FORMAT.recognise(probe_of(path))
    result = load_path(FORMAT, path)
    assert (result.frame.height, result.rejects) == (724, [])
    assert (result.frame["amount_minor"] - 24 == result.frame["net_minor"]).all()
    assert result.frame["fee_minor"].unique().to_list() == [24]
    assert str(result.frame["occurred_at"].min()) >= "2017-07-17 15:00:00"
    assert str(result.frame["occurred_at"].max()) < "2017-07-18 15:02:00"
    assert set(result.column("kind")) == {"PAYMENT"}


def test_a_report_of_a_day_without_sales_is_its_banner(tmp_path):
    """Titles alone are a file of no rows; a cut line behind them is still refused."""
    raw = "=====\r\n对账文件\r\n清算日期：20261120\r\n=====\r\n".encode("gb18030")
    result = read_bytes(FORMAT, tmp_path, raw, name=NAME)
    assert not result.reading.rejects
    assert result.reading.lines == result.reading.header_lines == 4
    with pytest.raises(InputError, match="607 bytes"):
        read_bytes(FORMAT, tmp_path, raw + line()[:300] + b"\r\n", name=NAME)


def test_the_wap_report_is_a_banner_before_the_same_lines(tmp_path):
    """Titles are header lines, and the clearing day stands in them."""
    banner = (
        "=====",
        "",
        "中国银联wap支付商户清算交易明细表",
        "清算日期：20261119   生成",
        "=====",
    )
    raw = "\n".join(banner).encode("gb18030") + b"\n" + line() + b"\n"
    result = load_bytes(FORMAT, tmp_path, raw, name="wap.txt")
    assert result.column("amount_minor") == [10000]
    assert str(result.column("clearing_date")[0]) == "2026-11-19"
    assert (result.reading.header_lines, result.reading.blank_lines) == (4, 1)
    assert FORMAT.recognise(Probe("wap.txt", len(raw), raw))


def test_error_handling_files_are_adjustments(tmp_path):
    """The ZME file has the same lines; its rows are signed as their settled amount."""
    name = NAME.replace("ZM_", "ZME_")
    back = line(f16="C000000000060", f17="D000000009940", f33="D000000009940")
    result = load_bytes(ERRORS, tmp_path, line() + b"\n" + back, name=name)
    assert result.column("kind") == ["ADJUSTMENT"] * 2
    assert result.column("amount_minor") == [10000, -10000]
    probe = Probe(name, LENGTH, line())
    assert ERRORS.recognise(probe)
    assert not FORMAT.recognise(probe)


def test_the_real_wap_report_is_read():
    """Five rows of one fen behind a banner."""
    path = corpus_file("unionpay_other/*wap*")
    assert FORMAT.recognise(probe_of(path))
    result = load_path(FORMAT, path)
    assert (result.column("amount_minor"), result.rejects) == ([1] * 5, [])


def test_the_wap_report_of_a_quiet_day_is_known_by_its_title(tmp_path):
    """A banner and no row."""
    title = "中国银联wap支付商户清算交易明细表"
    text = f"====\n\n   {title}\n商户编号：8723\n清算日期：20140618\n\n====\n"
    for encoding in ("gb18030", "utf-8"):
        raw = text.encode(encoding)
        assert FORMAT.recognise(Probe("x", len(raw), raw))
    result = load_bytes(FORMAT, tmp_path, text.encode("gb18030"))
    assert result.frame.height == 0
    assert result.rejects == []


def test_a_report_converted_to_utf8_keeps_its_clearing_day(tmp_path):
    """The banner is read in whichever encoding it has."""
    title = "====\n  中国银联wap支付商户清算交易明细表\n清算日期：20261121\n====\n"
    for encoding in ("gb18030", "utf-8"):
        raw = title.encode(encoding) + line(f35="") + b"\n"
        loaded = load_bytes(FORMAT, tmp_path, raw)
        assert [str(day) for day in loaded.column("clearing_date")] == ["2026-11-21"]


@pytest.mark.parametrize(("name", "rows"), [("unionpay_zm", 2), ("unionpay_zme", 0)])
def test_an_empty_member_of_the_days_zip_is_a_day_without_rows(tmp_path, name, rows):
    """Most days have no errors; which member is meant, its name says."""
    path = tmp_path / "898319849000018_20261120.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("INN26112088ZME_898319849000018", b"")
        archive.writestr(NAME, line() + b"\r\n" + refund() + b"\r\n")
    assert formats_of(path, tmp_path) == ("unionpay_zm",)
    loaded = read_alone(path, name, Options(), date(2026, 11, 20), tmp_path)
    assert loaded.inputs.select("state", "rows").rows() == [("UNVERIFIED", rows)]
