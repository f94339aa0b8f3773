from __future__ import annotations

import pytest

from recon.errors import InputError
from recon.io.formats import recognised
from recon.io.formats.china_banks import (
    cn_acquirer_settlement,
    cn_bank_settlement,
    cn_regional_settlement,
    cn_vas_settlement,
)
from tests.io.formats.reading import corpus_file, load_bytes, load_path, probe_of

FORMATS = (
    *cn_bank_settlement.FORMATS,
    *cn_regional_settlement.FORMATS,
    *cn_vas_settlement.FORMATS,
    *cn_acquirer_settlement.FORMATS,
)
BY_NAME = {form.name.removeprefix("settlement_"): form for form in FORMATS}
ABC = (
    "商户号|交易类型|订单编号|交易时间|交易金额|商户账号|商户动账金额|客户账号|账户类型|商户回佣手续费"
    "|商户分期手续费|会计日期|主机流水号|9014流水号|原订单号"
)
CMBC = """民生银行网上支付商户对帐文件 ,,,,
商户名称,甲,对帐日期,20261120,
消费笔数,1,消费金额,2.50,
撤销笔数,0,撤销金额,0,
退单笔数,1,退单金额,1,
累计笔数,2,汇总金额,1.50,
交易明细 ,,,,
订单号,交易金额,交易日期,交易时间,交易类型
'0099,2.50,20261120,101112,消费,
'0099,1,20261120,101113,退货,
"""


BOC = "104330153000054|O1|1|33015683|20260720055959|001|1,015.00|BOCQ|PCEP|x|"
GAOYANG_END = "COUNT\t1\tSUMMONEY\t1,015.00"
RECHARGE = (
    "第三方支付对账文件-充值对账文件",
    "交易总笔数：1 交易总金额:1,015.0",
    "订单号|订单日期|交易日期-时间|支付流水号|卡类型|结算金额|",
)


def load(tmp_path, name, *lines, encoding="gb18030"):
    return load_bytes(BY_NAME[name], tmp_path, "\n".join(lines).encode(encoding))


def test_words_make_signs_and_a_lost_last_cell_is_a_cut(tmp_path):
    """A refund and its fee are money out; a row without its last mark was cut."""
    result = load(
        tmp_path,
        "abc",
        ABC,
        "M1|Sale|O1|20261120095147|19.80|a|19.80|622848*********1517|401|0.10|0.00|20261120|1|9|",
        "M1|Refund|O2|20261120095148|9.80|a|9.80|622848*********1517|401|0.05|0|20261120|2|8|O1",
        "M1|Other|O3|20261120095148|9.80|a|9.80|6228|401|0.05|0|20261120|2|8|O1",
        "M1|Sale|O4|20261120095147|19.80|a|19.80|6228|401|0.10|0.00|20261120|1|9",
    )
    assert result.column("amount_minor") == [1980, -980]
    assert result.column("fee_minor") == [10, -5]
    assert result.column("original_ref") == [None, "O1"]
    assert result.refused_lines == [4, 5]


def test_declared_totals_of_titles_and_footers(tmp_path):
    """Counts and sums by kind, before or behind the rows, agree or say that they do not."""
    result = load(tmp_path, "cmbc", CMBC)
    assert result.column("amount_minor") == [250, -100]
    assert result.column("order_id") == ["0099", "0099"]
    assert result.agrees
    assert len(result.totals) == 8
    assert not load(tmp_path, "cmbc", CMBC.replace("2.50,20261120", "2.51,20261120")).agrees
    noted = load(tmp_path, "cmbc", CMBC, "注：系统支持两年以内订单流水查询。")
    assert (noted.rejects, noted.agrees) == ([], True)
    with pytest.raises(InputError):
        load(tmp_path, "cmbc", *CMBC.splitlines()[6:])


def test_a_cell_more_in_the_middle_is_never_shifted_away(tmp_path):
    """A row that is wider is refused even when it ends in empty cells."""
    row = "ZF01|20261120|20261120182025|O1|G1|M1||0.11|0|0.11|0000||"
    moved = "ZF02|20261120|20261120182025|R1|O1|G1|M1||0.11|0|0.11|0000||"
    result = load(tmp_path, "vas_rural", "2", row, moved)
    assert result.refused_lines == [3]
    assert result.column("amount_minor") == [11]


def test_credit_and_debit_columns_make_the_sign(tmp_path):
    """Payment and refund columns; a blank cell at the end of a row is allowed."""
    result = load(
        tmp_path,
        "ccb",
        "交易流水明细",
        "交易时间 定单号 付款方账号 支付金额 退款金额 柜台号 备注1 备注2 付款方式 订单状态"
        " 记账日期",
        "2026-11-20 11:09:52\t1\t***7974\t0.10\t0.00\t55\t*\t*\t本地\t成功\t2026-11-20\t",
        "2026-11-20 11:09:53\t1\t***7974\t0.00\t0.04\t55\t*\t*\t本地\t成功\t20261120",
        "",
        "支付总金额/总笔数：0.10/1",
        "退款总金额/总笔数：0.04/1",
    )
    assert result.column("amount_minor") == [10, -4]
    assert result.column("kind") == ["PAYMENT", "REFUND"]
    assert result.agrees
    assert len(result.totals) == 4


EXCERPTS = {  # file -> format, amounts, refused lines, do the declared totals agree
    "abc_new_interface": ("abc", [1980, 1980], [], None),
    "abc_quickpay_credit": ("abc_quickpay", [32000, 100000, 34400], [], None),
    "bank_of_shanghai": ("shanghai", [1, 1], [], None),
    "__boc.txt": ("boc", [-51400, -51400, 10400, 9900], [], False),
    "ccb_b2c": ("ccb", [10, 10, 20, 10, 1, 10, 21, 10, 10], [], True),
    "ccb_web": ("ccb", [1, 1, 100, 10], [], None),
    "ceb_rural": ("vas", [163000], [], True),
    "ceb_vas": ("vas", [5000, 20000], [], True),
    "cgb_hz_wap": ("cgb_hz", [2000, 9950], [], None),
    "cib_vas": ("cib", [1, 5], [], None),
    "citic_b2c_recharge": ("citic_recharge", [1200], [], True),
    "cmb_b2c_wap": ("cmb", [10, 16, 10], [], None),
    "cmb_web": ("cmb_trace", [116000], [], None),
    "cmbc_web": ("cmbc", [-200, -100, -99, 1, 1], [], True),
    "dianyin": ("dianyin", [1000, 399600], [], False),
    "gaoyang": ("gaoyang", [1], [], True),
    "hebei_bank": ("hebei", [100, 100, 100, 100, 5000], [], None),
    "hengfeng": ("hengfeng", [10000, 5000, 5000], [], None),
    "ips_huanxun": ("ips", [2], [], True),
    "psbc_vas": ("vas", [10000, 1], [], False),
    "qingdao": ("qingdao", [10000, 5000, -5000, -10000, 10000], [], None),
    "rcu_rural": ("vas_rural", [11, 11], [4], False),
    "spdb": ("vas", [1], [], True),
}


@pytest.mark.parametrize("part", EXCERPTS)
def test_real_excerpts_give_the_numbers_seen_in_them(part):
    """Amounts, refused lines and totals of every excerpt; cut excerpts keep their old totals."""
    name, amounts, refused, agrees = EXCERPTS[part]
    path = corpus_file(f"cn_bank_settlement/*{part}*")
    assert recognised(probe_of(path)) == (BY_NAME[name],)
    result = load_path(BY_NAME[name], path)
    assert result.column("amount_minor") == amounts
    assert result.refused_lines == refused
    assert (result.agrees if result.totals else None) == agrees


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("vas", "共有 0        条记录"),
        ("vas", "TotalCount=0"),
        ("boc", "0|0|0|0.00|0.00|0.00|"),
        ("gaoyang", "COUNT\t0\t\tSUMMONEY\t0.00"),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_a_day_without_rows_is_its_count_alone(tmp_path, name, line, end):
    """A file without a header says that nothing happened; it is known, and it agrees."""
    result = load(tmp_path, name, line + end)
    assert result.frame.height == 0
    assert result.agrees
    path = tmp_path / "file"
    path.write_bytes((line + end).encode("gb18030"))
    assert [form.name for form in recognised(probe_of(path))] == [f"settlement_{name}"]


def test_thousands_and_the_words_of_voids(tmp_path):
    """`1,234,567.89` is read, a void and a reversal are money out."""
    head = "订单号|卡标志|币种|交易金额|交易类型|交易状态|交易日期|交易时间|清算日期|清算结果|备注"
    day = "2024-02-29|00:00:00|2024-02-29|已清算|"
    rows = [
        f"O1|信用卡|人民币|1,234,567.89|支付|成功|{day}",
        f"O2|信用卡|人民币|1.00|消费撤销|交易成功|{day}",
        f"O3|信用卡|人民币|2.00|冲正|处理中|{day}",
        f"O4|信用卡|人民币|3.00|手工退货|退款中|{day}",
        f"O5|信用卡|人民币|4.00|预授权完成撤销|交易成功|{day}",
    ]
    result = load(tmp_path, "shanghai", head, *rows)
    assert result.column("amount_minor") == [123456789, -100, -200, -300, -400]
    assert result.column("kind") == ["PAYMENT", "VOID", "REVERSAL", "REFUND", "VOID"]
    assert result.column("state") == ["SUCCESS", "SUCCESS", "PENDING", "PENDING", "SUCCESS"]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("boc", ["1|0|1|1,015.00|0|1,015.00|", BOC]),
        ("citic_recharge", [*RECHARGE, "O1|2026-07-20|2026-07-20-14:40:58|T1|借记卡|1,015.00|"]),
        ("gaoyang", ["1.00,123456,O1,Y,20261120,1015.00,RMB,F1,20261120,ICBC", GAOYANG_END]),
    ],
)
def test_thousands_of_a_declared_total_are_read(tmp_path, name, lines):
    """A total of `1,015.00` is not one yuan."""
    assert load(tmp_path, name, *lines).agrees


VAS = "IPER|20260707|20260707171911|O1|G1|M1|T1|{}|{}|{}|{}|||"


@pytest.mark.parametrize(
    ("money", "code", "refused"),
    [
        (("100.00", "0.36", "99.64"), "00", []),
        (("100.00", "0.36", "99.46"), "00", [1]),
        (("100.00", "-0.36", "100.36"), "00", []),
        (("100.00", "0.36", "0.00"), "51", []),  # a failure settles nothing
    ],
)
def test_a_settled_amount_that_is_not_amount_less_fee_is_refused(tmp_path, money, code, refused):
    """The files of CEB, SPDB and credit unions prove each row."""
    row = VAS.format(*money, code)
    assert load(tmp_path, "vas", row, "共有 1  条记录").refused_lines == refused


def test_psbc_whose_example_does_not_add_up_is_taken_as_it_is(tmp_path):
    """A count in front is PSBC's; nothing but the count proves its rows."""
    row = VAS.format("100.00", "0.36", "99.46", "00000000")
    result = load(tmp_path, "vas", "TotalCount=1", row)
    assert (result.column("net_minor"), result.agrees) == ([9946], True)


def test_a_rural_row_proves_itself(tmp_path):
    """The file with its count first states amount, fee and what is settled too."""
    row = VAS.format("100.00", "0.36", "99.46", "0000").replace("IPER", "ZF01").removesuffix("|")
    assert load(tmp_path, "vas_rural", "1", row).refused_lines == [2]


def test_refund_of_a_rural_credit_union_is_money_out(tmp_path):
    """ZF02 is a refund in the file with its count first too."""
    rows = [f"ZF0{n}|20110611|20111101182025|O{n}|1|M1||0.11|0|0.11|0000||" for n in (1, 2)]
    result = load(tmp_path, "vas_rural", "2", *rows)
    assert result.agrees
    assert result.column("amount_minor") == [11, -11]


def test_titles_and_words_that_other_branches_write(tmp_path):
    """CCB's columns are its own whatever the title says; CMBC counts 退货 or 退单, 累计 or 汇总."""
    head = "交易时间\t定单号\t付款方账号\t支付金额\t退款金额\t柜台号\t付款方式\t订单状态\t记账日期"
    rows = "2026-11-20 10:00:00\tO1\t6227***\t{}\t001\t网上银行\t{}\t20261120"
    paid, returned = rows.format("9.00\t0.00", "成功"), rows.format("0.00\t5.00", "退款成功")
    text = f"商户流水\n\n{head}\n{paid}\n{returned}\n"
    (tmp_path / "ccb").write_bytes(text.encode("gb18030"))
    assert recognised(probe_of(tmp_path / "ccb")) == (BY_NAME["ccb"],)
    ccb = load(tmp_path, "ccb", text)
    assert ccb.column("amount_minor") == [900, -500]
    assert ccb.column("state") == ["SUCCESS", "SUCCESS"]
    otherwise = CMBC.split("\n", 1)[1].replace("退单", "退货").replace("汇总", "累计")
    (tmp_path / "cmbc").write_bytes(otherwise.encode("gb18030"))
    assert recognised(probe_of(tmp_path / "cmbc")) == (BY_NAME["cmbc"],)
    assert load(tmp_path, "cmbc", otherwise).agrees
    assert not load(tmp_path, "cmbc", otherwise.replace("退货金额,1", "退货金额,2")).agrees
