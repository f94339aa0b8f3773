from __future__ import annotations

import pytest

from recon.errors import InputError
from recon.io.formats import format_named
from recon.io.one_file import format_of
from recon.io.reading.contract import Options, Reading
from recon.io.recognition.near_miss import near_miss
from recon.io.recognition.recognise import probe_of
from tests.io.formats.china_wallets import test_personal_bills, test_wechat_trade
from tests.io.formats.providers import test_adyen, test_paypal_report
from tests.io.formats.reading import staged

TRADE = test_wechat_trade.bill().decode()
WALLET = test_personal_bills.ALIPAY_TEXT
ALLINPAY = (
    "商户号,终端号,交易时间,交易类型,参考号,卡号,交易金额,手续费,交易日期,订单号\n"  # cmbc's too
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TRADE.replace("微信订单号,", "微信单号,", 1), "most like wechat_trade (WeChat Pay"),
        (TRADE.replace("微信订单号,", "微信单号,", 1), "without 微信订单号"),
        (
            WALLET.replace("收/支 ", "收支 ", 1),
            "personal_alipay (Alipay personal bill), without 收/支",
        ),
        (WALLET.split("回单----------------\n")[1], "all of its columns, but not its titles"),
        (ALLINPAY, "most like allinpay (Allinpay transaction detail), without 交易单号"),
        (
            test_adyen.BATCH.replace("Net Credit (NC)", "Net Credit"),
            "like adyen_settlement (Adyen settlement",
        ),
        (
            test_paypal_report.REPORT.replace("Transaction Event Code", "Event"),
            "without Transaction Event Code",
        ),
        (":20:X\n:25:1\n:28C:1/1\n", "cut before its opening balance (:60F:, mt940) or floor"),
        (":20:X\n", "it begins as a SWIFT statement"),
        ("\x01\r\n:20:X\r\n:25:1\r\n", "it begins as a SWIFT statement"),
        ("bank\n:20:X\nwrapped\n:25:1\n", "it begins as a SWIFT statement"),
        ("{1:F01BANKDEFFAXXX0000000000}\n{4:\n", "it begins as a SWIFT statement"),
        ('"RH",2026/01/07 02:05:05 -0800,"A","X",008,\n"FH",01\n', "begins as a PayPal report"),
        (
            "<m>\n<AppHdr xmlns='urn:iso:std:iso:20022:tech:xsd:head.001.001.01'>\n",
            "begins as an ISO 20022 message",
        ),
        (
            "<?xml version='1.0'?>\n<Document\n  xmlns:xsi=\"http://www.w3.org/x\"\n",
            "begins as an ISO 20022 message",
        ),
        (
            "商城代码:1001EC13459193\n商城公司名称:甲\n从2026-01-14至2026-01-14的交易明细如下：\n",
            "settlement_icbc_b2b and settlement_icbc_b2c are told apart",
        ),
    ],
)
def test_a_file_with_a_lost_column_or_title_is_told_by_what_it_lacks(tmp_path, text, says):
    """Not just an unknown file: the format that it is most like, and what is missing."""
    path = tmp_path / "file"
    path.write_text(text, encoding="gb18030")
    with pytest.raises(InputError, match="no known format") as refused:
        format_of(path, tmp_path, "declare it")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        ":20:X\n:25:1\n:28C:1/1\n:60F:rest\n",
        "see :20:X\n:25:1\n",
        "订单号,交易时间,金额,状态,商户号\n1,2,3,4,5\n",
        "prose\n",
        "\x00",
    ],
)
def test_a_file_that_is_like_none_or_like_several_is_not_guessed(tmp_path, text):
    """A few everyday columns are no likeness."""
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    assert near_miss(probe_of(staged(path))) == ""


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (":20:STARTUMS\n:25:1/2\n:28C:0\n", "mt940"),
        (":20:STARTUMSE\r\n:25:1/2\r\n:28C:00000/001", "mt940"),
        (":20:940A160901\n:25:NL30ABNA000000000000\n", "mt940"),
        ("{4:\n:20:MT940/78374\n:25:1\n", "mt940"),
        (":20:STARTDISP\n:25:1/2\n:28C:0\n", "mt942"),
    ],
)
def test_a_swift_head_is_known_by_a_reference_that_names_its_type(tmp_path, head, name):
    """A file cut behind such a head is refused as that format, not as an unknown file."""
    path = tmp_path / "file"
    path.write_bytes(head.encode())
    assert format_of(path, tmp_path, "declare it") == name
    with pytest.raises(InputError, match="it is cut or no"):
        [*format_named(name).read(staged(path), Options(), Reading())]


@pytest.mark.parametrize("reference", ["STARTUMSATZ", "940A1609", "MT9401"])
def test_a_reference_that_is_like_such_a_one_says_nothing(tmp_path, reference):
    """Nothing is guessed of a part of a word."""
    path = tmp_path / "file"
    path.write_text(f":20:{reference}\n:25:1/2\n:28C:0\n")
    with pytest.raises(InputError, match="no known format; it begins as a SWIFT statement"):
        format_of(path, tmp_path, "declare it")
