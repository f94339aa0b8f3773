from __future__ import annotations

import pytest

from recon.errors import InputError
from recon.io.formats import recognised
from recon.io.formats.china_banks.cn_bank_statements import FORMATS
from tests.io.formats.reading import corpus_file, load_bytes, load_path, probe_of

BY_NAME = {form.name.removeprefix("statement_"): form for form in FORMATS}
ICBC = """明细查询文件下载

卡号: 1234****9876,"卡别名: x"

交易日期,摘要,交易场所,交易国家或地区简称,钞/汇,交易金额(收入),交易金额(支出),交易币种,记账金额(收入),记账金额(支出),记账币种,余额,对方户名
2026-11-20     \t,"消费   \t","店  \t","CHN \t",钞  \t,"- \t","- \t",- \t,"   \t","1,013.40  \t",人民币  \t,"xx,yyyy.zz \t","甲 \t",
2026-11-21     \t,"汇入   \t","店  \t","CHN \t",钞  \t,"- \t","- \t",- \t,"2,000.00 \t","  \t",人民币  \t,"xx,yyyy.zz \t","乙 \t",
{space}
人民币合计,,,,,,,,"2,000.00          \t","1,013.40          \t",
""".replace("{space}", " ")  # noqa: E501 (an export's own lines)
CMB_CREDIT = """招商银行信用卡对账单（个人消费卡账户 2026年01月）
交易日,记账日,交易摘要,人民币金额,卡号末四位,交易地金额
,12/29,还款,-1.23,1234,-1.23
01/05,01/07,通信,"8,000.00",1234,"8,000.00(CN)"
"""


def test_padded_cells_two_amount_columns_and_totals(tmp_path):
    """Cells are padded with spaces and tabs, the footer declares both sums."""
    result = load_bytes(BY_NAME["icbc"], tmp_path, ICBC.encode("gb18030"))
    assert result.column("amount_minor") == [-101340, 200000]
    assert result.column("merchant_id") == ["1234****9876"] * 2
    assert result.column("counterparty") == ["甲", "乙"]
    assert str(result.column("value_date")[0]) == "2026-11-20"
    assert result.agrees
    dashes = ICBC.replace('"   \t"', '"-  \t"').replace("人民币合计,,", '"人民币合计","","",')
    assert load_bytes(BY_NAME["icbc"], tmp_path, dashes.encode()).agrees
    with pytest.raises(InputError):
        load_bytes(BY_NAME["icbc"], tmp_path, "\n".join(ICBC.splitlines()[:-1]).encode())


ICBC_CARD = """明细查询文件下载

卡号: 1234****5678,"卡别名: "

子账户类别:

交易日期,记账日期,摘要,交易场所,交易国家或地区简称,交易金额(收入),交易金额(支出),交易币种,记账金额(收入),记账金额(支出),记账币种,余额,对方户名
2026-11-20     \t,2026-11-21     \t,"消费   \t",店   \t,"CHN   \t","      \t","2.60    \t",美元  \t,"     \t","18.01   \t",人民币  \t,"-18.01  \t","      \t",
2026-11-25     \t,2026-11-25     \t,"还款   \t",行   \t,"CHN   \t","4,621.01 \t","     \t",人民币  \t,"4,621.01  \t","   \t",人民币  \t,"4,603.00 \t","    \t",
{space}
合计金额,,,,,"4,621.01   \t","2.60       \t",\t,"4,621.01   \t","18.01      \t",
""".replace("{space}", " ")  # noqa: E501 (an export's own lines)


def test_a_card_statement_of_icbc_has_two_days_and_two_pairs_of_totals(tmp_path):
    """What was booked counts, by its own totals; a total of another currency is no row."""
    result = load_bytes(BY_NAME["icbc"], tmp_path, ICBC_CARD.encode("gb18030"))
    assert result.column("amount_minor") == [-1801, 462101]
    assert [str(day) for day in result.column("value_date")] == ["2026-11-21", "2026-11-25"]
    assert [str(day) for day in result.column("clearing_date")] == ["2026-11-20", "2026-11-25"]
    assert len(result.totals) == 3
    assert result.agrees
    dollars = ICBC + '美元合计,,,,,,,,"5.00          \t","1.40          \t",\n'
    assert load_bytes(BY_NAME["icbc"], tmp_path, dollars.encode("gb18030")).agrees


def test_a_card_statement_is_turned_round_and_dated(tmp_path):
    """Spending is money out; December in a January statement is last year."""
    result = load_bytes(BY_NAME["cmb_credit"], tmp_path, CMB_CREDIT.encode())
    assert result.column("amount_minor") == [123, -800000]
    assert [str(day) for day in result.column("value_date")] == ["2025-12-29", "2026-01-07"]
    assert [str(day) for day in result.column("clearing_date")] == ["None", "2026-01-05"]


def test_a_sign_that_contradicts_the_column_is_a_reject(tmp_path):
    """Grouping that is not by three is refused, and so is an unknown mark of direction."""
    raw = (
        "序号,交易日期,交易时间,交易类型,借贷,交易金额,余额,对方账号,对方户名,交易地点,摘要\n"
        '1,2026-11-20,00:00:00,利息,贷 Cr,"1,00.00",1.00,a,b,c,\n'
        "2,2026-11-20,00:00:00,利息,无,1.00,1.00,a,b,c,\n"
        "3,2026-11-20,00:00:00,利息,借 Dr,1.00,1.00,a,b,c,\n"
    )
    result = load_bytes(BY_NAME["bocom"], tmp_path, raw.encode())
    assert result.refused_lines == [2, 3]
    assert result.column("amount_minor") == [-100]


@pytest.mark.parametrize(
    ("pattern", "name", "amounts"),
    [
        ("*abc_debit*", "abc", [1000000, -1000, -1234589, 1, 0]),
        ("*bocom_debit*", "bocom", [123, -321, 2, 1000, -1000, -10079]),
        ("*cgb_credit*", "cgb_credit", [-1590, 9720, -38742, 113068]),
        ("*cmb_credit*", "cmb_credit", [123, 34567, 3000, -5678, 390, -800000]),
        ("*cmb_debit*", "cmb", [123400, -100000, -300, -100000, -1014]),
    ],
)
def test_public_exports_give_the_amounts_seen_in_them(pattern, name, amounts):
    """Every amount of a small export, signed from the customer's side."""
    path = corpus_file(f"cn_bank_statement/{pattern}")
    assert recognised(probe_of(path)) == (BY_NAME[name],)
    result = load_path(BY_NAME[name], path)
    assert result.column("amount_minor") == amounts
    assert result.rejects == []


@pytest.mark.parametrize(
    ("pattern", "name", "rows", "balance"),
    [
        ("*boc_debit*", "boc", 17, 324028),
        ("*hsbchk*", "hsbc_hk_credit", 11, None),
        ("*icbc-debit-v1*", "icbc", 11, None),
        ("*icbc-debit-v2*", "icbc", 11, None),
    ],
)
def test_longer_public_exports_are_read_whole(pattern, name, rows, balance):
    """Every row is accepted; the publisher's edited totals of ICBC are seen to disagree."""
    path = corpus_file(f"cn_bank_statement/{pattern}")
    assert recognised(probe_of(path)) == (BY_NAME[name],)
    result = load_path(BY_NAME[name], path)
    assert (result.frame.height, result.rejects) == (rows, [])
    if balance is not None:
        assert result.column("_balance_minor")[0] == balance
    if name == "icbc":
        assert [one.agrees for one in result.totals] == [False, False]


def test_currencies_and_sides_in_words(tmp_path):
    """人民币 is CNY and 借 is money out, with or without the English beside it."""
    cmb = "记账日期,货币,交易金额,联机余额,交易摘要,对手信息\n2026-11-20,人民币,-1.00,9.00,a,b\n"
    result = load_bytes(BY_NAME["cmb"], tmp_path, cmb.encode())
    assert (result.column("amount_minor"), result.column("currency")) == ([-100], ["CNY"])
    bocom = (
        "序号,交易日期,交易时间,交易类型,借贷,交易金额,余额,摘要\n"
        "1,2026-11-20,10:00:00,a,贷,5.00,5.00,b\n2,2026-11-20,10:00:01,a,借,1.00,4.00,b\n"
    )
    result = load_bytes(BY_NAME["bocom"], tmp_path, bocom.encode())
    assert result.column("amount_minor") == [500, -100]
    assert result.agrees


def test_a_last_row_without_a_line_end_may_not_lack_cells(tmp_path):
    """ABC leaves out empty cells at the end of a row; where the file ends there, it is cut."""
    path = corpus_file("cn_bank_statement/*abc_debit*")
    form = next(form for form in FORMATS if form.name == "statement_abc")
    short = path.read_bytes().rstrip().rpartition(b",")[0]
    assert load_bytes(form, tmp_path, short + b"\n").refused_lines == []
    assert load_bytes(form, tmp_path, short).refused_lines == [6]


def test_a_charge_abroad_keeps_its_amount_before_exchange(tmp_path):
    """CGB books in yuan what was bought in dollars; spending in yuan has no other amount."""
    raw = """交易日期,入账日期,交易摘要,交易金额,交易货币,入账金额,入账货币
2026/11/05,2026/11/06,（消费）甲,15.90,美元,"1,113.20",人民币
2026/11/04,2026/11/04,（退款）乙,-97.20,人民币,-97.20,人民币
"""
    result = load_bytes(BY_NAME["cgb_credit"], tmp_path, raw.encode())
    assert result.column("amount_minor") == [-111320, 9720]
    assert result.column("base_minor") == [-1590, None]
    assert result.column("base_currency") == ["USD", None]


HSBC_CARD = (
    "Transaction date,Post date,Description,Billing amount,Billing currency,Transaction status,"
    "Credit / Debit\n"
    "13/01/2026,14/01/2026,QR,{},HKD,POSTED,{}\n"
)
BOCOM = (
    "序号,交易日期,交易时间,交易类型,借贷,交易金额,余额,摘要\n"
    "1,2026-01-13,00:00:00,利息,{1},{0},34.63,a\n"
)


@pytest.mark.parametrize(
    ("name", "text", "amount", "word", "expected"),
    [
        ("hsbc_hk_credit", HSBC_CARD, "-10.00", "DEBIT", -1000),
        ("hsbc_hk_credit", HSBC_CARD, "10.00", "CREDIT", 1000),
        ("hsbc_hk_credit", HSBC_CARD, "10.00", "DEBIT", None),
        ("hsbc_hk_credit", HSBC_CARD, "-10.00", "CREDIT", None),
        ("bocom", BOCOM, "1.23", "借 Dr", -123),
        ("bocom", BOCOM, "-1.23", "贷 Cr", None),
    ],
)
def test_a_word_and_a_sign_that_differ_are_a_reject(tmp_path, name, text, amount, word, expected):
    """Money out by its word and in by its sign: nobody says which is true."""
    result = load_bytes(BY_NAME[name], tmp_path, text.format(amount, word).encode())
    assert result.column("amount_minor") == ([] if expected is None else [expected])
    assert result.refused_lines == ([2] if expected is None else [])
