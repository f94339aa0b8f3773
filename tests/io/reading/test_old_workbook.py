from __future__ import annotations

import random

import pytest

from recon.errors import InputError
from recon.io.formats import recognised
from recon.io.formats.declared.xlsx import FORMAT as WORKBOOK
from recon.io.reading.contract import Options
from recon.io.recognition.recognise import probe_of
from tests.io.formats.examine import read_path as read_outcome
from tests.io.formats.examine import registered
from tests.io.formats.old_workbook_file import old_workbook
from tests.io.formats.reading import corpus_file, load_path, read_path, staged

CCB = [
    ["中国建设银行个人活期账户全部交易明细"],
    ["账号", "6217000012341234"],
    [],
    ["记账日", "交易日期", "交易时间", "支出", "收入", "账户余额", "币种", "摘要"],
    ["20260102", "20260102", "10:00:01", 0.0, 1000.1, 1500.1, "人民币", "转存"],
    ["20260103", "20260103", "11:00:01", 19.99, 0.0, 1480.11, "人民币", "消费"],
    ["以上数据仅供参考，具体内容请以柜台为准"],
]
CCB_CURRENT = [
    ["账号：6217000012341234"],
    ["总支出：19.99 总收入：1,000.10"],
    ["序号", "摘要", "币别", "钞汇", "交易日期", "交易金额", "账户余额", "对方账号与户名"],
    ["1", "转存", "人民币元", "钞", "20260102", "+1,000.10", "1,500.10", "622/甲"],
    ["2", "消费", "人民币元", "钞", "20260103", "-19.99", "1,480.11", "622/乙"],
]
MAPPED = Options(columns={"order_id": "id", "amount": "amt"})


@pytest.fixture
def written(tmp_path):
    """Return a function that writes rows as an old workbook."""

    def write(rows):
        path = tmp_path / "statement"
        path.write_bytes(old_workbook(rows))
        return path

    return write


@pytest.mark.parametrize(
    ("name", "rows"), [("statement_ccb", CCB), ("statement_ccb_current", CCB_CURRENT)]
)
def test_statements_in_old_workbooks(written, name, rows):
    """Numbers of the sheet are exact amounts; the account and the balances are taken."""
    path = written(rows)
    assert [form.name for form in recognised(probe_of(staged(path)))] == [name]
    result = load_path(registered(name), path)
    assert result.column("amount_minor") == [100010, -1999]
    assert result.column("_balance_minor") == [150010, 148011]
    assert result.column("merchant_id") == ["6217000012341234"] * 2
    assert [str(day) for day in result.column("value_date")] == ["2026-01-02", "2026-01-03"]
    assert result.rejects == []


def test_the_public_export_gives_the_numbers_seen_in_it():
    """Rows, amounts, time and balance of an export of SPDB."""
    path = corpus_file("cn_bank_statement/*spdb*.xls")
    assert [form.name for form in recognised(probe_of(staged(path)))] == ["statement_spdb"]
    result = load_path(registered("statement_spdb"), path)
    assert result.column("amount_minor") == [-388, 1000, -388, -388]
    assert result.column("_balance_minor")[-1] == 198357
    assert str(result.column("occurred_at")[0]) == "2025-12-03 06:06:51"


def test_a_declared_mapping_reads_an_old_workbook(written):
    """Text stays text, numbers are their shortest decimal text."""
    path = written([["id", "amt"], ["0012", 0.1], ["20260101000000000001", "-2.30"]])
    result = load_path(WORKBOOK, path, MAPPED)
    assert result.column("order_id") == ["0012", "20260101000000000001"]
    assert result.column("amount_minor") == [10, -230]


def test_a_number_that_lost_digits_is_refused(written):
    """An id that was kept as a number of fifteen digits and more is not what was sent."""
    with pytest.raises(InputError, match="digits are all there"):
        read_path(WORKBOOK, written([["id", "amt"], [4814769000000000.0, "1"]]), MAPPED)


def test_damaged_old_workbooks_are_refused_by_name(tmp_path):
    """Any change of bytes gives rows, rejects or a named error, and the process lives on."""
    raw = old_workbook(CCB)
    chance = random.Random(3)  # noqa: S311 - a fixed sequence of changes
    path = tmp_path / "statement"
    for turn in range(150):
        spoiled = bytearray(raw)
        for _ in range(chance.randint(1, 6)):
            spoiled[chance.randrange(len(raw))] = chance.randrange(256)
        path.write_bytes(spoiled[: chance.randrange(len(raw))] if turn % 5 == 0 else spoiled)
        refusal = read_outcome(registered("statement_ccb"), path).refusal
        assert refusal is None or (refusal.code.startswith("FILE_") and refusal.fix), turn


def test_a_directory_that_runs_in_a_circle_is_refused(tmp_path):
    """Bytes pushed between the parts of the container must be a named error, not a crash."""
    raw = old_workbook(CCB)
    path = tmp_path / "statement"
    path.write_bytes(raw[:800] + bytes(1_000) + raw[800:])
    refusal = read_outcome(registered("statement_ccb"), path).refusal
    assert refusal is not None
    assert "expected a whole workbook" in refusal.problem
