from __future__ import annotations

import pytest

from recon.io.formats import recognised
from recon.io.formats.china_banks.cn_card_statements import FORMATS
from recon.io.recognition.recognise import probe_of
from tests.io.formats.old_workbook_file import old_workbook
from tests.io.formats.reading import load_bytes, staged

CITIC, BOC, BOCOM, CIB = FORMATS
CITIC_ROWS = [
    ["本期账单明细(人民币)"],
    [
        *("交易日期", "入账日期", "交易描述", "卡末四位", "交易币种", "结算币种", "交易金额"),
        "结算金额",
    ],
    [*("2024-02-29", "2024-03-01", "店, 甲", "1234", "人民币", "人民币"), "15.90", 15.9],
    [*("2024-02-28", "2024-02-28", "还款", "1234", "人民币", "人民币"), "-1,000.00", "-1,000.00"],
    [*("2024-02-28", "2024-02-28", "JP", "1234", "日元", "人民币"), "1000.00", "48.50"],
]
BOC_TEXT = """中国银行信用卡交易明细单
交易日,银行记账日,卡号后四位,交易描述,存入,支出,币种
2024-02-29,2024-03-01,1234,"店,CHN",,"1,015.90",人民币
2024-02-28,2024-02-28,1234,还款,20.00,,人民币
"""
BOCOM_TEXT = """交易日期,记账日期,交易说明,交易币种/金额,清算币种/金额
2024-02-29,2024-03-01,"消费 店,A",CNY 123.18,CNY 123.18
2024-02-28,2024-02-28,信用卡还款,CNY13.50,CNY13.50
2024-02-28,2024-02-28,退货 京东,JPY 1000.00,"CNY 1,048.50"
"""
CIB_ROWS = [
    ["兴业银行交易明细"],
    ["账户账号", "622908000000001234"],
    ["卡内账户", "人民币 活期"],
    [
        *("交易时间", "记账日", "支出", "收入", "账户余额", "摘要", "对方户名", "对方银行"),
        *("对方账号", "用途", "交易渠道", "备注"),
    ],
    [
        "2024-02-29 00:00:00",
        "2024-02-29",
        "15.90",
        "",
        "984.10",
        "消费",
        "店",
        "",
        "",
        "货",
        "",
        "",
    ],
    ["2024-02-28 10:00:00", "2024-02-28", "", "1,000.00", "1,000.00", "转入", *[""] * 6],
    ["说明：本明细仅供参考"],
]
FILES = {
    CITIC.name: old_workbook(CITIC_ROWS),
    BOC.name: BOC_TEXT.encode("gb18030"),
    BOCOM.name: BOCOM_TEXT.encode(),
    CIB.name: old_workbook(CIB_ROWS),
}


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_each_is_known_by_its_content(form, tmp_path):
    """One format and no other, whatever the file is called."""
    path = tmp_path / "file"
    path.write_bytes(FILES[form.name])
    assert [known.name for known in recognised(probe_of(staged(path)))] == [form.name]


def test_citic_is_turned_to_the_customers_side(tmp_path):
    """Spending is money out; the amount in another currency stands beside it."""
    result = load_bytes(CITIC, tmp_path, FILES[CITIC.name])
    assert result.column("amount_minor") == [-1590, 100000, -4850]
    assert result.column("kind") == ["DEBIT", "CREDIT", "DEBIT"]
    assert result.column("base_minor") == [None, None, -1000]
    assert result.column("base_currency") == [None, None, "JPY"]
    assert str(result.column("value_date")[0]) == "2024-03-01"
    assert result.rejects == []


def test_bank_of_china_has_a_column_for_each_direction(tmp_path):
    """存入 is money in, 支出 money out, and a description may hold a comma."""
    result = load_bytes(BOC, tmp_path, FILES[BOC.name])
    assert result.column("amount_minor") == [-101590, 2000]
    assert result.column("memo") == ["店,CHN", "还款"]
    assert result.column("currency") == ["CNY", "CNY"]


def test_bank_of_communications_says_the_direction_in_words(tmp_path):
    """The first word makes the sign; a word that is not known is a reject."""
    raw = BOCOM_TEXT + "2024-02-28,2024-02-28,神秘 店,CNY 1.00,CNY 1.00\n"
    result = load_bytes(BOCOM, tmp_path, raw.encode())
    assert result.column("amount_minor") == [-12318, 1350, 104850]
    assert result.column("base_minor") == [None, None, 1000]
    assert result.column("base_currency") == [None, None, "JPY"]
    assert result.column("memo")[0] == "消费 店,A"
    assert result.refused_lines == [5]
    assert "first word of 交易说明 '神秘' is not a known word" in result.rejects[0].reasons[0]


def test_industrial_bank_proves_itself_by_its_balances(tmp_path):
    """Account, currency and chain; a spending taken back stands with a minus."""
    result = load_bytes(CIB, tmp_path, FILES[CIB.name])
    assert result.column("amount_minor") == [-1590, 100000]
    assert set(result.column("merchant_id")) == {"622908******1234"}
    assert result.agrees
    back = [*CIB_ROWS[:4], ["2024-02-29 01:00:00", "2024-02-29", "-15.90", "", "1.00", *[""] * 7]]
    assert load_bytes(CIB, tmp_path, old_workbook(back)).column("amount_minor") == [1590]
