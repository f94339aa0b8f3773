"""`recon init --from FILE`: proposals are valid TOML, mark every guess, and read their file."""

from __future__ import annotations

import os
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from click.testing import CliRunner

from recon.commands.init import command
from recon.commands.peek import peek
from recon.commands.propose import propose
from recon.commands.survey import day_of
from recon.errors import InputError, UsageError
from recon.generate.samples import samples_folder
from recon.io.one_file import read_alone
from recon.io.reading.contract import Options
from recon.rules.rule_file.models import Source

CORPUS = Path(os.environ.get("RECON_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
_READING = ("encoding", "delimiter", "header", "skip_lines", "ignore_columns", "columns")
_READING += (
    "symbols",
    "padded",
    "comment",
    "amount_unit",
    "decimal_mark",
    "thousands",
    "time_patterns",
    "date_patterns",
)


def proposed(path: Path) -> Source:
    """Return the proposed source, checked as a rule file's is."""
    return Source.model_validate(tomllib.loads(propose(path))["source"][0])


def read_as_proposed(path: Path, folder: Path) -> tuple[pl.DataFrame, int]:
    """Return the rows that the proposal reads of its own file, and how many it refuses."""
    source = proposed(path)
    options = Options(
        kinds={word: kind.upper() for word, kind in source.kinds.items()},
        kind=source.kind.upper(),
        states={word: state.upper() for word, state in source.states.items()},
        **{name: getattr(source, name) for name in _READING},
    )
    loaded = read_alone(path, source.format, options, day_of(path), folder)
    assert loaded.inputs["message"].to_list() == [""], loaded.inputs["message"].to_list()
    return pl.concat(pl.read_parquet(part) for part in loaded.parts), loaded.rejects.height


@pytest.mark.parametrize("name", ["orders.csv", "bank.csv"])
def test_a_proposal_reads_its_own_file(name, tmp_path):
    """The mapping of a generic sample takes every row, and no guess is unmarked."""
    path = samples_folder() / "overlap_resend" / "inbox" / "2026-03-11" / name
    rows, refused = read_as_proposed(path, tmp_path)
    assert rows.height == len(path.read_text(encoding="utf-8").splitlines()) - 1
    assert refused == 0
    table = propose(path).split("[source.columns]\n")[1].split("\n\n")[0]
    assert all("confirm" in line for line in table.splitlines())


def test_the_amount_unit_stands_both_ways(tmp_path):
    """Whole numbers may be either unit: both are written, and one is a comment."""
    path = tmp_path / "orders.csv"
    path.write_text("订单号,交易金额,支付时间\nA1,1250,2026-03-10 08:00:00\n", encoding="gb18030")
    text = propose(path)
    assert 'amount_unit = "major"  # confirm: the samples have no decimals: either fits' in text
    assert '\n# amount_unit = "minor"' in text
    assert 'encoding = "gb18030"  # confirm' in text
    path.write_text("订单号,金额(分)\nA1,1250\n", encoding="utf-8")
    assert '\namount_unit = "minor"  # confirm: the header says 分' in propose(path)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            '订单编号,支付时间,支付金额（元）\nD1,2026/11/9 9:05,"1,234.5"\nD2,2026/11/9 10:05,8\n',
            'time_patterns = ["YYYY/M/D h:mm"]  # confirm\n',
        ),
        (
            "order_no,pay_time,total_fee,trade_type\n1,20261109100000,1250,PAY\n",
            'time_patterns = ["YYYYMMDDhhmmss"]  # confirm\n',
        ),
        (
            "Order ID,Paid at,Gross\nA1,2026-11-09T10:00:00Z,12.50\n",
            'time_patterns = ["YYYY-MM-DDThh:mm:ssZ"]  # confirm\ntime_zone = "UTC"  # confirm',
        ),
        ("单号,下单时间,总金额\nE1,2026-11-09 10:00:00,12.50\n", 'order_id = "单号"'),
    ],
)
def test_everyday_headers_and_clocks_are_known(cells, expected, tmp_path):
    """Amount, order and time of a usual export are mapped, and the proposal reads the file."""
    path = tmp_path / "orders.csv"
    path.write_text(cells, encoding="gb18030")
    text = propose(path)
    assert expected in text
    assert all(f"\n{name} = " in text for name in ("order_id", "amount", "occurred_at"))
    rows, refused = read_as_proposed(path, tmp_path)
    assert (rows.height, refused) == (cells.count("\n") - 1, 0)


def test_the_last_name_of_a_nested_record_tells_what_no_whole_name_does(tmp_path):
    """`txn.amt` is the amount where no column is called so; a whole name goes first."""
    row = (
        '{"order_id":"A1","txn":{"id":"T1","amt":1250,"cur":"USD"},"paid_at":"2026-11-09T10:00:00Z"'
    )
    path = tmp_path / "orders.jsonl"
    path.write_text(row + "}\n", encoding="utf-8")
    text = propose(path)
    assert '\namount = "txn.amt"' in text
    assert '\ncurrency = "txn.cur"' in text
    path.write_text(row + ',"amount":1300}\n', encoding="utf-8")
    assert '\namount = "amount"' in propose(path)


def test_equal_readings_are_all_shown(tmp_path):
    """Day or month first, and two headers of one meaning: nothing is picked in silence."""
    path = tmp_path / "bank.csv"
    path.write_text(
        "Date;Amount;Total;Memo;Card\n03/04/2026;1.250,00;1.250,00;rent;4111111111111111\n"
    )
    text = propose(path)
    assert 'date_patterns = ["MM/DD/YYYY"]  # confirm: the lines below fit' in text
    assert '\n# date_patterns = ["DD/MM/YYYY"]' in text
    assert '# amount = "Amount"  # confirm: one of 2 that fit' in text
    assert '# amount = "Total"  # confirm: one of 2 that fit' in text
    assert 'delimiter = ";"  # confirm' in text
    assert "4111111111111111" not in text
    tomllib.loads(text)


def test_a_known_format_is_named():
    """A bill that its content shows needs no mapping."""
    source = proposed(samples_folder() / "overlap_resend" / "inbox" / "2026-03-11" / "wechat.csv")
    assert (source.format, source.side, source.columns) == ("wechat_trade", "channel", {})


def test_parquet_and_workbooks_are_read_too(tmp_path):
    """Header words are the same in columnar files and spreadsheets."""
    frame = pl.DataFrame(
        {
            "Order No.": ["A1", "A2"],
            "Amount": [Decimal("1.20"), Decimal("3.00")],
            "Paid at": ["2026-03-10 08:00:00", "2026-03-10 09:00:00"],
            "shop": ["x", "y"],
        }
    )
    frame.write_parquet(tmp_path / "orders.parquet")
    frame.write_ipc(tmp_path / "orders.arrow")
    frame.cast(pl.String).write_excel(tmp_path / "orders.xlsx")
    for name in ("orders.parquet", "orders.arrow", "orders.xlsx"):
        source = proposed(tmp_path / name)
        assert source.columns == {
            "order_id": "Order No.",
            "amount": "Amount",
            "occurred_at": "Paid at",
        }
        assert source.ignore_columns == ("shop",)
        rows, refused = read_as_proposed(tmp_path / name, tmp_path / f"of_{name}")
        assert (rows["amount_minor"].to_list(), refused) == ([120, 300], 0)


def test_a_file_without_a_table_is_refused(tmp_path):
    """Bytes, prose and emptiness are named errors; a header may stand below a title."""
    for content in (b"\x00\x01\x02\xff" * 9, b"one line of prose", b""):
        path = tmp_path / "file.csv"
        path.write_bytes(content)
        with pytest.raises(InputError):
            propose(path)
    path.write_text("Statement of March\n\norder no,amount\nA1,2.00\n")
    head = peek(path, tmp_path)
    assert (head.skip_lines, head.columns, head.has_header) == (2, ("order no", "amount"), True)
    path.write_text("20260310,A1,2.00\n20260310,A2,3.00\n")
    assert peek(path, tmp_path).columns == ("1", "2", "3")


def test_init_writes_or_prints_and_never_overwrites(tmp_path):
    """Without DIR the proposal is printed; in DIR it is a new rule file."""
    sample = samples_folder() / "overlap_resend" / "inbox" / "2026-03-11" / "bank.csv"
    run = CliRunner().invoke
    assert run(command, ["--from", str(sample)]).output == propose(sample)
    target = tmp_path / "new"
    assert run(command, [str(target), "--from", str(sample)]).exit_code == 0
    assert (target / "recon.toml").read_text(encoding="utf-8") == propose(sample)
    again = run(command, [str(target), "--from", str(sample)])
    assert isinstance(again.exception, UsageError)
    assert run(command, []).exit_code == 2


@pytest.mark.thorough
def test_every_real_file_gives_a_source_or_a_named_error():
    """Over the corpus: valid TOML that the rule file's own model accepts, else an InputError."""
    if not CORPUS.is_dir():
        pytest.skip("no corpus; set RECON_CORPUS to the folder of real samples")
    files = sorted(path for path in CORPUS.rglob("*") if path.is_file())
    refused = 0
    for path in files:
        try:
            proposed(path)
        except InputError:
            refused += 1
    assert refused * 4 < len(files)


EXPORTS = {
    "shop": (
        (
            "订单号,订单状态,买家昵称,商品名称,实付金额,支付方式,下单时间,付款时间\n"
            'E1,交易完成,张三,"茶叶,500g",118.00,微信支付,2024-02-29 00:00:00,2024-02-29 00:01:05\n'
            "E2,交易关闭,李四,水,8.00,支付宝,2024-02-29 10:00:00,\n"
        ),
        [("E1", 11800, "PAYMENT", "SUCCESS"), ("E2", 800, "PAYMENT", "CLOSED")],
    ),
    "till": (
        (
            "门店,收银机号,流水号,交易时间,交易类型,支付方式,应收金额(元),实收金额(元)\n"
            '一店,01,7001,2024/2/29 8:05:01,销售,微信,"1,234.50","1,200.00"\n'
            "一店,01,7002,2024/2/29 9:15:01,退货,现金,-8.00,-8.00\n"
        ),
        [("7001", 120000, "PAYMENT", "SUCCESS"), ("7002", -800, "REFUND", "SUCCESS")],
    ),
    "system": (
        (
            "订单编号,商户订单号,支付流水号,订单金额(元),手续费(元),实收金额(元),支付状态,支付时间\n"
            "S1,M1,4200001,100.50,0.60,99.90,已支付,2024-02-29 00:00:00\n"
            "S2,M2,4200002,8.00,0.05,7.95,支付失败,2024-02-29 10:00:00\n"
        ),
        [("M1", 10050, "PAYMENT", "SUCCESS"), ("M2", 800, "PAYMENT", "FAILED")],
    ),
    "refunds": (
        (
            "退款单号,原订单号,订单号,退款金额,退款状态,申请时间,退款完成时间,退款方式\n"
            "R1,O1,O1,40.00,退款成功,2024-02-29 10:00:00,2024-02-29 10:00:05,原路退回\n"
            "R2,O2,O2,8.00,退款中,2024-02-29 11:00:00,,原路退回\n"
        ),
        [("R1", 4000, "REFUND", "SUCCESS"), ("R2", 800, "REFUND", "PENDING")],
    ),
    "fen": (
        (
            "商户号|终端号|订单号|交易日期|交易时间|交易类型|交易金额(分)|手续费(分)|状态\n"
            "8220001|T1|O1|20240229|000000|消费|123456789|60|成功\n"
            "8220001|T1|O2|20240229|101010|消费|100|0|失败\n"
        ),
        [("O1", 123456789, "PAYMENT", "SUCCESS"), ("O2", 100, "PAYMENT", "FAILED")],
    ),
    "titled": (
        (
            "门店销售明细表\n统计时间：2024-02-29 至 2024-02-29\n\n"
            "序号,订单号,交易时间,支付金额,交易状态\n"
            "1,O1,2024-02-29 00:00:00,12.50,支付成功\n2,O2,2024-02-29 01:00:00,8.00,支付失败\n"
            "合计,,,20.50,\n"
        ),
        [("O1", 1250, "PAYMENT", "SUCCESS"), ("O2", 800, "PAYMENT", "FAILED")],
    ),
    "ticked": (
        (
            "订单号\t商品\t金额\t支付时间\t状态\n"
            "`2024022901\t茶\t¥12.50\t2024-02-29 00:00:00\t已支付\n"
            "`2024022902\t水\t¥8.00\t2024-02-29 01:00:00\t待支付\n"
        ),
        [("2024022901", 1250, "PAYMENT", "SUCCESS"), ("2024022902", 800, "PAYMENT", "PENDING")],
    ),
    "wrapped": (
        (
            "订单编号,支付单号,买家实际支付金额,订单状态,订单创建时间,订单付款时间,打款商家金额\n"
            '"=""3729""",\'2024022922,100.00元,交易成功,2024-02-28,2024-02-29 00:00:10,100.00元\n'
            '"=""3730""",\'2024022923,8.00元,交易关闭,2024-02-28 23:59:59,,0.00元\n'
        ),
        [("3729", 10000, "PAYMENT", "SUCCESS"), ("3730", 800, "PAYMENT", "CLOSED")],
    ),
    "takeaway": (
        (
            "门店ID,门店名称,订单编号,下单时间,订单金额,平台服务费,商家应收款,订单状态\n"
            "100,一店,26000001,2024-02-29 12:00:00,45.80,4.58,41.22,已完成\n"
            "100,一店,26000002,2024-02-29 13:00:00,30.00,0.00,0.00,已取消\n"
        ),
        [("26000001", 4580, "PAYMENT", "SUCCESS"), ("26000002", 3000, "PAYMENT", "CLOSED")],
    ),
    "discounts": (
        (
            "小票号,时间,订单金额,优惠金额,实收金额,收款方式\n"
            "X1,2024-02-29 12:00:00,45.80,5.80,40.00,微信\n"
            "X2,2024-02-29 13:00:00,30.00,0.00,30.00,现金\n"
        ),
        [("X1", 4000, "PAYMENT", "SUCCESS"), ("X2", 3000, "PAYMENT", "SUCCESS")],
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_exports_of_chinese_shops_are_read_as_proposed(name, encoding, tmp_path):
    """Order, amount, kind and state of each row, with nothing to correct in the proposal."""
    text, expected = EXPORTS[name]
    path = tmp_path / "orders.csv"
    path.write_text(text, encoding=encoding)
    rows, refused = read_as_proposed(path, tmp_path)
    assert rows.select("order_id", "amount_minor", "kind", "state").rows() == expected
    assert rows["occurred_at"].null_count() <= 1
    assert refused == 0


def test_a_day_and_a_clock_in_two_columns_are_one_time(tmp_path):
    """And both keep their zeros: midnight of a leap day."""
    path = tmp_path / "orders.csv"
    path.write_text(EXPORTS["fen"][0], encoding="utf-8")
    assert 'occurred_at = "交易日期 + 交易时间"' in propose(path)
    rows, _ = read_as_proposed(path, tmp_path)
    assert str(rows["occurred_at"][0]) == "2024-02-28 16:00:00"


def test_what_fits_less_clearly_is_shown_and_ignored(tmp_path):
    """The order's time stands beside the payment's, as a comment."""
    path = tmp_path / "orders.csv"
    path.write_text(EXPORTS["shop"][0], encoding="utf-8")
    assert '# occurred_at = "下单时间"  # fits less clearly; it is in ignore_columns' in propose(
        path
    )


def test_totals_of_a_workbook_are_no_rows(tmp_path):
    """The last row of a sheet says what the others add up to."""
    cells = [line.split(",") for line in EXPORTS["titled"][0].splitlines()]
    path = tmp_path / "orders.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, line in enumerate(cells):
            sheet.write_row(row, 0, line)
    rows, refused = read_as_proposed(path, tmp_path)
    assert (rows["amount_minor"].to_list(), refused) == ([1250, 800], 0)


OTHERS = {
    "nested JSON lines": (
        """{"order_no": "A1", "amount": 12.50, "paid": {"at": "2026-01-15 10:00:00"}, "x": {"y": 1}}
{"order_no": "A2", "amount": 3, "paid": {"at": "2026-01-15 11:00:00"}, "x": {"y": []}}
""",
        "utf-8",
        [1250, 300],
    ),
    "German bank": (
        """Buchungstag;Verwendungszweck;Betrag;Währung
15.01.2026;Zahlung für 1;1.234,56;EUR
16.01.2026;Zahlung 2;-12,00;EUR
""",
        "cp1252",
        [123456, -1200],
    ),
    "cents in the header": (
        """order_no;created_at;amount_cents
A1;2026-01-15T10:00:00Z;1250
A2;2026-01-15T11:00:00Z;3
""",
        "utf-8",
        [1250, 3],
    ),
    "signs of both kinds": (
        """order_no,paid_at,amount
A1,2026-01-15 10:00:00,+12.50
A2,2026-01-15 11:00:00,-3.00
""",
        "utf-8",
        [1250, -300],
    ),
    "padded with zeros": (
        """ORDERNO|TXNDATE|AMT
000001|20260115|000000001250
000002|20260115|000000000300
""",
        "utf-8",
        [1250, 300],
    ),
    "German shop": (
        "Auftragsnummer;Datum;Betrag;Gebühr\nA1;15.01.2026;12,50;0,25\nA2;15.01.2026;3,00;0,05\n",
        "utf-8",
        [1250, 300],
    ),
    "German bank with two columns": (
        "Buchungstag;Soll;Haben\n15.01.2026;;1.234,56\n16.01.2026;12,00;\n",
        "utf-8",
        [123456, -1200],
    ),
    "French bank": (
        "Date;Libellé;Débit;Crédit\n15/01/2026;PAIEMENT;;1 234,56\n16/01/2026;FRAIS;12,00;\n",
        "cp1252",
        [123456, -1200],
    ),
    "Spanish shop with a clock": (
        "Nº pedido;Fecha;Importe;Estado\nA1;15/01/2026 10:00;12,50;pagado\n",
        "utf-8",
        [1250],
    ),
    "header in line five of seven": (
        """Shop
Report

Prepared
order_id,paid_at,amount
A1,2026-01-15 10:00:00,12.50
A2,2026-01-15 11:00:00,3.00
""",
        "utf-8",
        [1250, 300],
    ),
}


ALIGNED = """\
ORDERNO    TXNDATE  TXNTIME    AMOUNT  REMARK
A000000001 20260115 100000      12.50  PAID
A000000002 20260115 110000       3.00  PAID
"""


def test_aligned_columns_are_proposed_as_ranges_of_bytes(tmp_path):
    """Spaces that part every line show the columns; a longer amount still lies in its range."""
    path = tmp_path / "orders.txt"
    path.write_text(ALIGNED)
    source = proposed(path)
    assert (source.format, source.skip_lines) == ("fixed_width", 1)
    assert source.columns["amount"] == "28-39"
    path.write_text(ALIGNED.replace("      12.50", "  345678.50"))
    rows, refused = read_as_proposed(path, tmp_path)
    assert (rows["amount_minor"].to_list(), refused) == ([34567850, 300], 0)


def test_prose_is_no_aligned_table(tmp_path):
    """Words that stand below each other by chance are no columns."""
    path = tmp_path / "letter.txt"
    path.write_text("we ask you all\nto pay us now.\nto get us paid\n")
    with pytest.raises(InputError, match="no spaces part"):
        propose(path)


@pytest.mark.parametrize(("mark", "into", "out"), [("D/C", "C", "D"), ("借贷标志", "贷", "借")])
def test_a_column_that_signs_the_amounts_is_the_kind(mark, into, out, tmp_path):
    """Debits without a minus are told by their word, never left out as a needless column."""
    path = tmp_path / "bank.csv"
    path.write_text(
        f"date,reference,amount,{mark}\n2026-01-15,R1,9.00,{into}\n2026-01-16,R2,5.00,{out}\n"
    )
    source = proposed(path)
    assert (source.side, source.columns["kind"]) == ("bank", mark)
    assert source.kinds == {into: "credit", out: "debit"}
    assert source.columns["bank_ref"] == "reference"


def test_columns_without_a_header_are_shown_with_their_values(tmp_path):
    """Nothing tells what they mean, so a person sees what stands in each."""
    path = tmp_path / "orders.csv"
    path.write_text("A1,2026-01-15 10:00:00,12.50\nA2,2026-01-15 11:00:00,3.00\n")
    assert '# column "3": for instance 12.50 | 3.00' in propose(path)


@pytest.mark.parametrize("name", OTHERS)
def test_unlike_files_are_read_as_proposed(name, tmp_path):
    """Objects inside objects, another language, and amounts whose unit the file shows."""
    text, encoding, expected = OTHERS[name]
    path = tmp_path / "orders.txt"
    path.write_text(text, encoding=encoding)
    rows, refused = read_as_proposed(path, tmp_path)
    assert (rows["amount_minor"].to_list(), refused) == (expected, 0)


def test_damaged_json_lines_are_named(tmp_path):
    """A line that is no object is told with the parser's own words."""
    path = tmp_path / "orders.txt"
    path.write_text('{"a": 1}\n{"a": \n')
    with pytest.raises(InputError, match="no whole JSON objects"):
        propose(path)


def test_an_acquirers_own_words_for_order_time_and_day_are_known(tmp_path):
    """A file of pipes and fen is keyed by the order, by its moment and its clearing day."""
    path = tmp_path / "acquirer_20261109.txt"
    path.write_text(
        "merchant_order|type|amount_fen|txn_time|clear_date|card_type\n"
        "S1|SALE|8850|20261109091502|20261109|debit\n",
        encoding="utf-8",
    )
    frame, refused = read_as_proposed(path, tmp_path)
    names = ["order_id", "amount_minor", "clearing_date", "product"]
    assert refused == 0
    assert frame.select(names).rows() == [("S1", 8850, date(2026, 11, 9), "debit")]
    assert frame["occurred_at"].null_count() == 0
