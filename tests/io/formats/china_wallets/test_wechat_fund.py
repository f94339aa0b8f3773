from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from recon.errors import InputError
from recon.io.formats.china_wallets.wechat_fund import FORMAT
from recon.io.reading.contract import Options, Probe
from tests.io.formats.reading import corpus_file, load_bytes, load_path, probe_of

HEAD = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,"
    "账户结余（元）,资金变更提交申请人,备注,业务凭证号"
)
ROWS = (
    "2026-11-20 10:00:01|42001|F1|交易|交易|收入|100.00|100.00|sys|茶, 壶|ORD1",
    "2026-11-20 10:00:01|42001|F2|交易|扣除交易手续费|支出|0.60|99.40|sys||ORD1",
    "2026-11-20 12:00:01|50301|F3|退款|退款|支出|40.00|59.40|api|退款总金额40.00元|REF1",
    "2026-11-20 13:00:01|50301|F4|退款|退还交易手续费|收入|0.24|59.64|api||REF1",
    "2026-11-20 14:00:01|W1|F5|充值/提现|提现|支出|50.00|9.64|api||",
    "2026-11-20 15:00:01|X1|F6|新业务|新业务|收入|1.00|10.64|api||",
)
TOTALS_HEAD = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


def bill(rows=ROWS, totals="6.0|3.0|101.24|3.0|90.60", head=HEAD):
    def ticked(cells):
        return ",".join("`" + cell for cell in cells.split("|"))

    return "\n".join((head, *map(ticked, rows), "", TOTALS_HEAD, ticked(totals))).encode()


def test_every_movement_has_a_sign_and_a_kind(tmp_path):
    """Direction makes the sign; business and sub-type make the kind; the totals agree."""
    result = load_bytes(FORMAT, tmp_path, bill())
    assert result.column("kind") == ["PAYMENT", "FEE", "REFUND", "FEE", "PAYOUT", "ADJUSTMENT"]
    assert result.column("amount_minor") == [10000, -60, -4000, 24, -5000, 100]
    assert result.column("net_minor") == result.column("amount_minor")
    assert result.column("bank_ref") == ["F1", "F2", "F3", "F4", "F5", "F6"]
    assert result.column("memo")[0] == "茶, 壶"
    assert result.agrees
    assert len(result.totals) == 6
    assert result.reading.blank_lines == 1


def test_a_wrong_total_or_a_lost_row_does_not_agree(tmp_path):
    """One fen or one row is seen."""
    assert not load_bytes(FORMAT, tmp_path, bill(totals="6|3|101.24|3|90.61")).agrees
    assert not load_bytes(FORMAT, tmp_path, bill(ROWS[1:])).agrees


def test_a_movement_of_nothing_counts_in_its_direction(tmp_path):
    """A fee of nothing is one of the movements that went out, as the summary counts them."""
    free = "2026-11-20 16:00:01|42009|F7|交易|扣除交易手续费|支出|0.00|10.64|sys||ORD9"
    assert load_bytes(FORMAT, tmp_path, bill((*ROWS, free), "7|3|101.24|4|90.60")).agrees
    turned = free.replace("支出", "收入")
    assert not load_bytes(FORMAT, tmp_path, bill((*ROWS, turned), "7|3|101.24|4|90.60")).agrees


def test_a_direction_that_is_unknown_or_a_signed_amount_is_a_reject(tmp_path):
    """The sign comes from one place only."""
    rows = (ROWS[0].replace("收入", "其他"), ROWS[1].replace("0.60", "-0.60"))
    result = load_bytes(FORMAT, tmp_path, bill(rows))
    assert result.refused_lines == [2, 3]


@pytest.mark.parametrize(
    "raw",
    [
        bill().replace("备注".encode(), "注意".encode()),
        bill(totals="6|3|101.24|3"),
        bill()[:-60],
        bill() + b"\n" + bill(),
    ],
)
def test_cut_joined_or_changed_bills_are_refused(tmp_path, raw):
    """A bill that is not whole is never half read."""
    with pytest.raises(InputError):
        load_bytes(FORMAT, tmp_path, raw)


def test_a_declared_new_column_is_passed_over(tmp_path):
    """A column that the platform adds is read past once the user says so."""
    raw = bill([row + "|n" for row in ROWS], head=HEAD + ",新")
    with pytest.raises(InputError, match="新"):
        load_bytes(FORMAT, tmp_path, raw)
    assert load_bytes(FORMAT, tmp_path, raw, Options(ignore_columns=("新",))).agrees


def test_the_real_bill_is_read_and_its_summary_disagrees():
    """The publisher kept two of three rows: right numbers, and the totals say so."""
    path = corpus_file("wechat_merchant_fund/*fund_0.csv")
    assert FORMAT.recognise(probe_of(path))
    result = load_path(FORMAT, path)
    assert result.column("amount_minor") == [-1, -1]
    assert [(total.declared, total.computed) for total in result.totals] == [
        (3, 2),
        (1, 0),
        (1, 0),
        (2, 2),
        (2, 2),
        (1, 1),  # the second balance follows from the first
    ]


def test_the_damaged_sample_is_refused():
    """`a0.02` is not an amount."""
    with pytest.raises(InputError, match=r"a0\.02"):
        load_path(FORMAT, corpus_file("wechat_merchant_fund/*malformed.csv"))


def test_a_changed_digit_of_a_balance_is_found(tmp_path):
    """A balance that does not follow from the row above is told with its record and both sums."""
    rows = (*ROWS[:2], ROWS[2].replace("59.40", "59.46"), *ROWS[3:])
    result = load_bytes(FORMAT, tmp_path, bill(rows))
    wrong = [(one.name, one.declared, one.computed) for one in result.totals if not one.agrees]
    assert wrong == [("balance at record 4", 5946, 5940), ("balance at record 5", 5964, 5970)]


def test_rows_in_another_order_prove_themselves_too(tmp_path):
    """Rows of one second stand in any order; newest first is a chain as well."""
    swapped = (ROWS[0], ROWS[2], ROWS[1], *ROWS[3:])
    for rows in (swapped, ROWS[::-1]):
        assert load_bytes(FORMAT, tmp_path, bill(rows)).agrees


def test_the_answer_that_there_is_no_bill_is_an_empty_day(tmp_path):
    """A day without movements is no failure, in the words of either interface."""
    for answer in (
        b"<xml>\n<return_msg>No Bill Exist</return_msg>\n</xml>\n",
        b'{"code":"NO_STATEMENT_EXIST","message":"..."}',
    ):
        assert FORMAT.recognise(Probe("fund.csv", len(answer), answer))
        result = load_bytes(FORMAT, tmp_path, answer)
        assert (result.column("amount_minor"), result.agrees) == ([], True)


def test_a_bill_without_back_ticks_and_with_thousands_is_the_same_bill(tmp_path):
    """As a spreadsheet saves it, in GB18030."""
    saved = io.StringIO()
    write = csv.writer(saved)
    write.writerow(HEAD.split(","))
    for place, row in enumerate(ROWS):
        cells = row.split("|")
        cells[6] = cells[6] if place else "1,100.00"
        cells[7] = f"{Decimal(cells[7]) + 1000:,}"
        write.writerow(cells)
    write.writerows((TOTALS_HEAD.split(","), ["6", "3", "1,101.24", "3", "90.60"]))
    result = load_bytes(FORMAT, tmp_path, saved.getvalue().encode("gb18030"))
    assert result.column("amount_minor") == [110000, -60, -4000, 24, -5000, 100]
    assert result.column("memo")[0] == "茶, 壶"
    assert result.agrees


def test_a_closed_refund_comes_back_as_an_adjustment(tmp_path):
    """退款关闭 is money in under the refund's name: not another refund."""
    row = "2026-11-20 12:30:00|50301|F9|退款|退款关闭|收入|40.00|140.00|api||REF1"
    result = load_bytes(FORMAT, tmp_path, bill([ROWS[0], row], "2|2|140.00|0|0.00"))
    assert result.column("kind") == ["PAYMENT", "ADJUSTMENT"]
    assert result.column("amount_minor") == [10000, 4000]
    assert result.agrees
