"""`recon report --to xlsx`: the workbook proves itself, is inert, and is the same twice."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import zipfile
from datetime import timedelta
from decimal import Decimal

import fastexcel
import openpyxl
import polars as pl
import pytest

from recon.commands.packing import read_pack
from recon.core.schema import DISPUTES
from recon.report.flows import channel_flows, conservation, roll_forward
from recon.report.priority import by_priority
from recon.report.tie_out import statements
from recon.report.workbook.cells import EXACT_LIMIT, Book, decimal, money_format
from recon.report.workbook.proof import verdict
from recon.report.workbook.words import Say
from recon.store.workspace import Workspace
from tests.night_world import NightWorld
from tests.report.shop_week import FIRST, LINK, with_tables


@pytest.fixture(scope="module")
def pack(workspace):
    space = Workspace(workspace)
    return read_pack(space, space.resolve(None), "en")


@pytest.fixture(scope="module")
def book(recon, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "night.xlsx"
    assert recon("report", "--to", "xlsx", "--output", str(path), "--lang", "en").exit_code == 0
    return path


def sheet_text(path, name):
    """Return every cell of a sheet as text, cached values included."""
    frame = fastexcel.read_excel(path).load_sheet(name, header_row=None, dtypes="string")
    return [[cell or "" for cell in row] for row in frame.to_polars().rows()]


def test_workbook_has_its_parts(book, pack):
    """Summary, tie-out, roll-forward, ageing, queue, a sheet a reason, and what they stand on."""
    names = fastexcel.read_excel(book).sheet_names
    reasons = set(pack.disputes["code"].cast(pl.String).to_list())
    assert names[:5] == ["Summary", "Tie-out", "Roll-forward", "Ageing", "Queue"]
    assert reasons <= set(names)
    assert names[-5:] == [
        "Root causes",
        "Rejected rows",
        "Inputs and rules",
        "Glossary",
        "Sign-off",
    ]


def test_nothing_is_unexplained(pack):
    """Every statement's residual is zero, every identity of rows and money holds."""
    proofs = statements(pack)
    assert {(proof.left, proof.right) for proof in proofs} == {
        ("MERCHANT", "CHANNEL"),
        ("CHANNEL", "BANK"),
    }
    assert [(proof.unexplained_minor, proof.unexplained_rows) for proof in proofs] == [(0, 0)] * 2
    for row in roll_forward(pack).to_dicts():
        for unit in ("rows", "minor"):
            step = {name: row[f"{name}_{unit}"] for name in ("opening", "new", "closed", "closing")}
            assert step["opening"] + step["new"] - step["closed"] == step["closing"]
    for row in channel_flows(pack).to_dicts():
        parts = ("gross", "refunds", "undone", "chargebacks", "adjustments", "other", "fees")
        assert sum(row[name] for name in parts) == row["net"]
        assert sum(row[name] for name in ("settled", "waiting", "broken", "idle")) == row["net"]
    for row in conservation(pack).to_dicts():
        counts = [value for name, value in row.items() if name.endswith("_rows")]
        assert sum(counts) == row["rows"]


def test_a_lost_row_or_a_silent_difference_breaks_the_proof(pack):
    """Without its open item a waiting row is unexplained; without its break a difference is."""
    tables = dict(pack.tables)
    tables["open_items"] = tables["open_items"].head(0)
    tables["breaks"] = tables["breaks"].head(0)
    bare = with_tables(pack, tables)
    proofs = statements(bare)
    assert sum(proof.unexplained_rows for proof in proofs) > 0
    assert sum(proof.unexplained_minor for proof in proofs) > 0


def test_the_summary_adds_up_to_the_verdict(book, pack):
    """The total of each currency is the sum of its open cases; a refused row is told first."""
    rows = sheet_text(book, "Summary")
    total = next(row for row in rows if row[0] == "all")
    open_ = pack.disputes.filter(pl.col("status").cast(pl.String) != "RESOLVED")
    assert total[2] == "CNY"
    assert int(total[3]) + int(total[4]) == open_.height
    assert Decimal(total[5]) == Decimal(open_["amount_minor"].sum()) / 100
    sentence, good = verdict(pack, statements(pack), Say("en"))
    assert f"{open_.height}, with {Decimal(total[5]):,.2f} CNY at risk" in sentence
    assert good
    refused = pack.tables["rejects"].clear(2)
    more = with_tables(pack, {**pack.tables, "rejects": refused})
    assert (
        verdict(more, statements(more), Say("en"))[0] == f"Refused rows: 2 (left out). {sentence}"
    )


def test_a_reason_shows_only_columns_that_say_something(book, pack):
    """No column of a reason is empty in every case; on paper it ends with the evidence."""
    for code in pack.disputes["code"].cast(pl.String).unique():
        sheet = openpyxl.load_workbook(book)[code]
        head = next(row for row in sheet.iter_rows() if row[0].value == "Dispute")
        columns = [[cell.value for cell in column][head[0].row :] for column in sheet.columns]
        assert all(any(value is not None for value in column) for column in columns), code
        last = head[0].parent.print_area.rpartition("$")[0].rpartition(":")[2].strip("$")
        assert sheet[f"{last}{head[0].row}"].value == "Evidence"


def test_formulas_carry_their_cached_values(book):
    """The residuals are live formulas whose cached value is zero, so previews show it too."""
    live = openpyxl.load_workbook(book)["Tie-out"]
    cached = openpyxl.load_workbook(book, data_only=True)["Tie-out"]
    residuals = [row[0].row for row in live.iter_rows() if "must be 0" in str(row[0].value)]
    assert len(residuals) >= 6
    for row in residuals:
        columns = [cell.column for cell in live[row] if str(cell.value).startswith("=ROUND(")]
        assert columns
        assert all(cached.cell(row, column).value == 0 for column in columns)


def test_formulas_compute_to_their_cached_values(book, tmp_path):
    """LibreOffice, recalculating every formula, comes to the values that we cached."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice (soffice) is not installed: apt-get install libreoffice-calc")
    again = tmp_path / "again"
    subprocess.run(
        [soffice, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to",
         "xlsx", "--outdir", str(again), str(book)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    computed = openpyxl.load_workbook(again / book.name, data_only=True)
    cached = openpyxl.load_workbook(book, data_only=True)
    live = openpyxl.load_workbook(book)
    checked = 0
    for name in ("Summary", "Tie-out", "Roll-forward", "Ageing"):
        for row in live[name].iter_rows():
            for cell in row:
                if str(cell.value).startswith("="):
                    place = cell.coordinate
                    found, wanted = computed[name][place].value, cached[name][place].value
                    assert abs(found - wanted) < 1e-9, (name, place)
                    checked += 1
    assert checked > 20


def test_text_from_files_never_becomes_a_formula(book, pack):
    """An order number that begins with = is text in the workbook; only our formulas are live."""
    assert any(str(value).startswith(LINK) for value in pack.disputes["order_id"].to_list())
    with zipfile.ZipFile(book) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        bodies = [archive.read(name).decode() for name in sheets]
        links = [name for name in archive.namelist() if "externalLink" in name]
    formulas = [part.split("</f>")[0] for body in bodies for part in body.split("<f>")[1:]]
    assert formulas
    named = {name for formula in formulas for name in re.findall(r"([A-Z]+)\(", formula)}
    assert named == {"ROUND", "SUM", "SUMIF"}
    ours = re.compile(r'(?:[A-Z]+\(|[A-Z]+[0-9]+|"[A-Z]{3}"|[-+:,)]|[0-4])+')
    assert all(ours.fullmatch(formula.replace("&quot;", '"')) for formula in formulas)
    assert not links
    assert any("=HYPERLINK(" in body for body in bodies)


def test_the_same_night_gives_the_same_bytes(recon, tmp_path):
    """Two workbooks of one night are equal, byte for byte."""
    digests = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.xlsx"
        recon("report", "--output", str(path))
        digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_chinese_and_english_say_the_same(recon, tmp_path):
    """Both languages have the same sheets and the same number of rows on each."""
    shapes = {}
    for language in ("zh", "en"):
        path = tmp_path / f"{language}.xlsx"
        recon("report", "--output", str(path), "--lang", language)
        book = fastexcel.read_excel(path)
        shapes[language] = [len(sheet_text(path, name)) for name in book.sheet_names]
    assert shapes["zh"] == shapes["en"]


def test_reason_sheet_marks_the_cells_that_differ(book):
    """In an amount mismatch the amounts of both sides are marked, equal cells are not."""
    sheet = openpyxl.load_workbook(book)["AMOUNT_MISMATCH"]
    head = next(row for row in sheet.iter_rows() if row[0].value == "Dispute")
    names = {cell.value.replace("\n", " "): cell.column for cell in head if cell.value}
    row = head[0].row + 1
    marked = {
        name
        for name, column in names.items()
        if sheet.cell(row, column).fill.fgColor.rgb == "FFFEE4E2"
    }
    assert {"Merchant amount", "Channel amount"} <= marked
    assert "Merchant order" not in marked


def test_money_is_exact_to_fifteen_digits_and_text_beyond(tmp_path):
    """A cell holds an amount as it was, digit by digit, or as exact text where no number could."""
    path = tmp_path / "money.xlsx"
    book = Book(path, FIRST, title="t")
    sheet = book.sheet("s", [20])
    amounts = [
        (EXACT_LIMIT - 1, "CNY"), (EXACT_LIMIT, "CNY"), (-1, "CNY"), (5, "JPY"), (12345, "BHD"),
    ]  # fmt: skip
    for minor, currency in amounts:
        sheet.money(0, minor, currency)
        sheet.next()
    book.close()
    cells = [row[0].value for row in openpyxl.load_workbook(path)["s"].iter_rows()]
    assert Decimal(repr(cells[0])) == decimal(EXACT_LIMIT - 1, "CNY")
    assert cells[1:] == ["10,000,000,000,000.00", -0.01, 5, 12.345]
    assert [money_format(name).split(";")[0] for name in ("JPY", "CNY", "BHD")] == [
        "#,##0", "#,##0.00", "#,##0.000",
    ]  # fmt: skip


def test_queue_is_ordered_by_money_and_time_left():
    """Of equal money the nearer deadline goes first, of equal deadlines the larger money."""
    rows = [("Da", 100, 9), ("Db", 100, 0), ("Dc", 500, 9), ("Dd", 900, 9)]
    frame = pl.DataFrame(
        {
            "dispute_id": [row[0] for row in rows],
            "amount_minor": [row[1] for row in rows],
            "due_at": [FIRST + timedelta(days=row[2]) for row in rows],
            "currency": ["CNY"] * 4,
            "status": ["NEW", "NEW", "NEW", "RESOLVED"],
        }
    )
    whole = pl.DataFrame(
        {name: frame[name] if name in frame.columns else [None] * 4 for name in DISPUTES.schema}
    ).with_columns(pl.col("status").cast(DISPUTES.schema["status"]))
    assert by_priority(whole, FIRST)["dispute_id"].to_list() == ["Db", "Dc", "Da", "Dd"]


def test_a_payment_undone_a_night_before_is_accounted_for(tmp_path):
    """Undone in the channel, still paid in the books: it stays a case, and the proof holds."""
    world = NightWorld(tmp_path)
    world.day(
        "2026-11-09",
        orders=["A1 10.00", "A2 20.00"],
        psp=["A1 10.00 ref=R1", "A2 20.00", "V1 -10.00 ref=R2 kind=void original=R1"],
    )
    world.run("2026-11-09")
    world.day("2026-11-10", bank=["20.00 memo=PAYOUT_8001_20261109"])
    world.run("2026-11-10")
    space = Workspace(tmp_path / "workspace")
    night = read_pack(space, space.resolve("2026-11-10"), "en")
    codes = night.disputes["code"].cast(pl.String).to_list()
    assert codes == ["MERCHANT_PAID_CHANNEL_NOT"]
    assert [proof.unexplained_rows for proof in statements(night)] == [0, 0]
