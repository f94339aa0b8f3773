from __future__ import annotations

import contextlib
import io
import random
import zipfile
from datetime import date

import pytest

from recon.errors import InputError
from recon.io.formats import format_named, recognised
from recon.io.formats.china_banks import (
    cn_acquirer_settlement,
    cn_bank_settlement,
    cn_bank_statements,
    cn_bank_workbooks,
    cn_card_statements,
    cn_regional_settlement,
    cn_vas_settlement,
)
from recon.io.formats.providers import dlocal_settlement
from recon.io.reading.contract import Options, Probe
from recon.io.recognition.recognise import HEAD_BYTES, check_declared, probe_of
from recon.io.staging.stage import stage
from tests.io.formats.examine import read_bytes
from tests.io.formats.samples import samples

STATEMENT = b":20:X\n:25:1\n:28C:1/1\n:60F:C260304EUR0,\n:62F:C260304EUR0,\n-\n"


@pytest.fixture
def staged(tmp_path):
    """Return a function that stages bytes."""

    def run(content, name="x"):
        path = tmp_path / name
        path.write_bytes(content)
        return stage(path, tmp_path / "staging", date(2026, 3, 4))

    return run


def zipped(**members):
    """Return a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_probe_is_the_beginning_of_the_file(staged):
    """Recognition sees name, size and at most the first 64 KiB."""
    probe = probe_of(staged(b"a" * 100_000, "bill.csv"))
    assert (probe.name, probe.size, len(probe.head)) == ("bill.csv", 100_000, HEAD_BYTES)


def test_a_probe_of_a_zip_is_the_first_member_that_is_known(staged):
    """For an archive, recognition sees a known member's first bytes and every name."""
    probe = probe_of(staged(zipped(a=b"read me", b=STATEMENT)))
    assert (probe.head, probe.members) == (STATEMENT, ("a", "b"))
    assert probe_of(staged(zipped(a=b"read me", b=b"x"))).head == b"read me"


def test_damaged_archives_are_refused(staged):
    """An archive with any byte changed is read or refused; nothing else happens."""
    raw = zipped(a=STATEMENT * 50, b=b"x")
    dice = random.Random(7)  # noqa: S311 - a fixed sequence of changes
    for turn in range(300):
        spoiled = bytearray(raw)
        spoiled[dice.randrange(4, len(raw))] = dice.randrange(256)
        content = bytes(spoiled) if turn % 3 else raw[: dice.randrange(4, len(raw))]
        with contextlib.suppress(InputError):
            probe_of(staged(content))


def test_the_declared_format_is_checked_against_the_content(staged):
    """Another format's file is refused by both names; an unknown one is left to the reader."""
    with pytest.raises(InputError, match=r"expected camt053 .*found a file of mt940"):
        check_declared(format_named("camt053"), Options(), staged(STATEMENT))
    check_declared(format_named("mt940"), Options(), staged(STATEMENT))
    both = zipped(a=samples()["coda"].raw, b=STATEMENT)
    check_declared(format_named("mt940"), Options(), staged(both))
    check_declared(format_named("camt053"), Options(), staged(b"unknown"))


def test_a_declared_mapping_is_the_users_own_word(staged):
    """A file with a declared column mapping is not second-guessed by its looks."""
    mapping = Options(columns={"amount": "x"})
    check_declared(format_named("delimited"), mapping, staged(STATEMENT))


def test_a_twin_is_told_apart_by_its_name_only(staged):
    """A declared twin is taken at the user's word when the file's name says nothing."""
    line = samples()["unionpay_zm"].raw
    check_declared(format_named("unionpay_zme"), Options(), staged(line, "renamed.txt"))
    check_declared(format_named("unionpay_zm"), Options(), staged(line, "renamed.txt"))
    with pytest.raises(InputError, match="a file of unionpay_zme"):
        check_declared(format_named("unionpay_zm"), Options(), staged(line, "INN26112088ZME_1"))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mt940", Options(units={"amount": "minor"})),
        ("lakala_jy", Options(units={"交易金额": "major"})),
        ("delimited", Options(columns={"amount": "a", "memo": "m"}, units={"m": "minor"})),
    ],
)
def test_units_of_columns_that_are_no_amounts_are_refused(staged, name, options):
    """A unit that nothing would read is a mistake in the rule file."""
    with pytest.raises(InputError, match=r"expected units of .*, found"):
        check_declared(format_named(name), options, staged(b"any"))


def test_units_of_amounts_are_taken(staged):
    """By declared mapping, and where a format leaves the unit to its source."""
    mapped = Options(columns={"amount": "a", "fee": "f"}, units={"f": "minor"})
    check_declared(format_named("delimited"), mapped, staged(b"any"))
    check_declared(
        format_named("lakala_jy"), Options(units={"手续费(分)": "major"}), staged(b"any")
    )


def _packed(name, content, flag=0):
    """Return a zip of one member; `flag` is set in both of its headers."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr(name, content)
    data = bytearray(raw.getvalue())
    data[6] |= flag
    data[data.find(b"PK\x01\x02") + 8] |= flag
    return bytes(data)


def test_an_archive_that_a_person_must_unpack_says_so(staged):
    """A password: not an unknown file."""
    with pytest.raises(InputError, match="an archive with a password"):
        probe_of(staged(_packed("bill.csv", b"a,b\n", flag=1)))


HEADS = {  # the first lines of a file that was cut behind them
    "personal_wechat": "微信支付账单明细,,,\n微信昵称：[甲],,,\n起始时间：[2026-11-01],,,\n",
    "personal_alipay": "-----------\n导出信息：\n姓名：甲\n",
    "personal_jd": "导出信息：\n京东账号名：甲\n日期区间：2026-11-01 至 2026-11-30\n",
    "personal_meituan": "美团交易账单明细\n美团用户名：[甲]\n",
    "ums_detail": "对账明细查询结果（仅显示1000条记录）\t\n集团名称：甲\n清算日期从：\t20261120\n",
    "statement_icbc": "明细查询文件下载\n\n卡号: 1234****9876\n",
    "settlement_cmbc": "中国民生银行网上支付商户对帐文件 ,,\n商户名称,甲,对帐日期,20261120,\n",
    "settlement_ccb": "支付流水明细\n\n出单日期[20261121] 记账日期[20261120]\n",
    "settlement_ips": "商户号012677\n总笔数1\n说明:订单金额=实际金额 单位:元\n",
    "settlement_boc_sz": "深圳甲[104480845111514]\n结算日期[20261120]-[20261120]交易明细\n",
    "settlement_citic_card": " Citic Bank\n Merchant Batch All-Process Report\n",
    "dlocal_settlement": ",".join(dlocal_settlement.TOP) + "\nHEADER,USD,1,2,-1,1,2026-02-07,6\n",
    "settlement_citic_recharge": "第三方支付对账文件-充值对账文件\n第三方支付方：甲\n",
    "camt053": '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">\n',
    "camt052": "<a:Document xmlns:a='urn:iso:std:iso:20022:tech:xsd:camt.052.001.08'>\n",
    "camt054": '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02">\n',
    "mt940": "{1:F01INGBNL2ABXXX0000000000}\r\n{2:I940INGBNL2AXXXN}\r\n{4:\r\n",
    "mt942": "{1:F01INGBNL2ABXXX0000000000}{2:O942INGBNL2AXXXN}{4:\n:20:X\n:25:1\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_a_file_cut_behind_its_titles_is_known_and_refused(tmp_path, staged, name):
    """What a sender writes above the rows says whose file it was; it is never an empty day."""
    raw = HEADS[name].encode()
    assert [form.name for form in recognised(probe_of(staged(raw)))] == [name]
    outcome = read_bytes(format_named(name), raw, tmp_path)
    assert outcome.refusal is not None
    assert outcome.refusal.code in {"FILE_SCHEMA", "FILE_TOTAL"}


@pytest.mark.parametrize("name", ["unionpay_zm", "unionpay_acom"])
def test_a_damaged_first_line_leaves_a_file_known(staged, name):
    """What lost a byte is a reject; the lines below it say what file it is."""
    raw = samples()[name].raw
    assert [form.name for form in recognised(probe_of(staged(raw[1:] + raw)))] == [name]


def test_titles_of_another_file_or_of_a_longer_one_prove_nothing(staged):
    """A namespace counts where no message stands, a title where the rest is not seen either."""
    other = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrAcctRpt>'
    assert [form.name for form in recognised(probe_of(staged(other.encode())))] == ["camt052"]
    long = HEADS["personal_wechat"].encode() + b"x\n" * HEAD_BYTES
    assert recognised(probe_of(staged(long))) == ()
    assert recognised(probe_of(staged(b":20:X\n:25:1\n:28C:1/1\n"))) == ()


SHEETS = [
    *cn_bank_settlement.LAYOUTS,
    *cn_vas_settlement.LAYOUTS,
    *cn_regional_settlement.LAYOUTS,
    *cn_acquirer_settlement.LAYOUTS,
    *cn_bank_statements.STATEMENTS,
    *cn_bank_workbooks.STATEMENTS,
    *cn_card_statements.STATEMENTS,
]


@pytest.mark.parametrize("sheet", [one for one in SHEETS if one.sheet.header], ids=lambda s: s.name)
def test_the_whole_header_of_a_layout_is_no_other_layouts(sheet):
    """CCB's header with every column that it may have held all that Industrial Bank's requires."""
    layout = sheet.sheet
    mark = {"": layout.delimiter, "space": " "}.get(layout.header_delimiter, "\t")
    names = (*layout.required, *layout.optional, *layout.unread)
    for taken in (names, names[: len(layout.required) + len(layout.optional)]):
        line = mark.join(taken).encode()
        others = {known.name for known in recognised(Probe("x", len(line), line))} - {sheet.name}
        assert not others
