"""Decisions go out in the workbook and come back to the next night."""

from __future__ import annotations

import json

import openpyxl
import pytest
from click.testing import CliRunner

from recon.cli import group
from recon.core.schema import DECISIONS, check
from recon.errors import InputError
from recon.store.decisions import in_force, read_all
from recon.store.workspace import Workspace
from tests.report.shop_week import reconcile_week


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Return a workspace of one night that these tests may write decisions to."""
    return reconcile_week(tmp_path_factory.mktemp("own"), nights=1, orders=15)


def run(own, *arguments):
    options = ["--workspace", str(own)]
    return CliRunner().invoke(group, [*arguments, *options], catch_exceptions=False)


def filled(own, path, decisions, language="en"):
    """Write the workbook, fill in the queue's first rows as a person would, and save it."""
    run(own, "report", "--output", str(path), "--lang", language)
    book = openpyxl.load_workbook(path)
    sheet = book["Queue" if language == "en" else "待办队列"]
    head = next(row[0].row for row in sheet.iter_rows() if row[0].value in {"Dispute", "争议编号"})
    idents = []
    for offset, (decision, note, person) in enumerate(decisions, start=1):
        row = head + offset
        idents.append(sheet.cell(row, 1).value)
        for column, value in enumerate((decision, note, person), start=2):
            sheet.cell(row, column).value = value
    book.save(path)
    return idents


@pytest.mark.parametrize(("language", "word"), [("en", "confirm"), ("zh", "驳回")])
def test_round_trip(own, tmp_path, language, word):
    """What is filled in comes back whole; rows left empty do not."""
    path = tmp_path / "filled.xlsx"
    (ident,) = filled(own, path, [(word, f"seen {language}", "Li")], language)
    before = read_all(Workspace(own)).height
    assert run(own, "decisions", "import", str(path)).exit_code == 0
    kept = check(read_all(Workspace(own)), DECISIONS)
    assert kept.height == before + 1
    last = kept.row(-1, named=True)
    assert (last["dispute_id"], last["note"], last["decided_by"]) == (
        ident,
        f"seen {language}",
        "Li",
    )
    assert last["decision"] == {"confirm": "CONFIRMED", "驳回": "REJECTED"}[word]
    again = json.loads(run(own, "decisions", "import", str(path), "--json").output)
    assert again["imported"] is False
    assert read_all(Workspace(own)).height == before + 1


def test_the_last_decision_counts(own, tmp_path):
    """Of two imports about one dispute the later one is in force, the earlier one is kept."""
    for number, word in enumerate(("reject", "look into it")):
        path = tmp_path / f"{number}.xlsx"
        (ident,) = filled(own, path, [(word, f"turn {number}", "Wang")])
        run(own, "decisions", "import", str(path))
    counted = in_force(Workspace(own)).filter(dispute_id=ident)
    assert counted["decision"].to_list() == ["PENDING"]
    assert read_all(Workspace(own)).filter(dispute_id=ident).height >= 2


def test_bad_cells_are_refused_all_at_once(own, tmp_path):
    """An unknown word and a foreign dispute are both named, with their rows; nothing is kept."""
    path = tmp_path / "bad.xlsx"
    filled(own, path, [("maybe", "", "Li"), ("confirm", "", "Li")])
    book = openpyxl.load_workbook(path)
    sheet = book["Queue"]
    head = next(row[0].row for row in sheet.iter_rows() if row[0].value == "Dispute")
    sheet.cell(head + 2, 1).value = "D0000000000000000"
    book.save(path)
    before = read_all(Workspace(own)).height
    with pytest.raises(InputError) as error:
        run(own, "decisions", "import", str(path))
    message = str(error.value)
    assert f"row {head + 1}" in message
    assert "maybe" in message
    assert "D0000000000000000" in message
    assert read_all(Workspace(own)).height == before


def test_two_rows_of_one_dispute_are_refused(own, tmp_path):
    """A copied row with another word would leave it to chance which one counts."""
    path = tmp_path / "copied.xlsx"
    ident, _ = filled(own, path, [("confirm", "", "Li"), ("reject", "", "Li")])
    book = openpyxl.load_workbook(path)
    sheet = book["Queue"]
    head = next(row[0].row for row in sheet.iter_rows() if row[0].value == "Dispute")
    sheet.cell(head + 2, 1).value = ident
    book.save(path)
    with pytest.raises(InputError, match=f"one row for {ident}, found another one in row"):
        run(own, "decisions", "import", str(path))


def test_the_list_reads_in_both_languages(own, tmp_path):
    """The decision in force for each dispute, with words for it; none is said in words too."""
    (ident,) = filled(own, tmp_path / "listed.xlsx", [("confirm", "as told", "Zhao")])
    run(own, "decisions", "import", str(tmp_path / "listed.xlsx"))
    english = run(own, "decisions", "list", "--lang", "en").output
    chinese = run(own, "decisions", "list", "--lang", "zh").output
    assert all(word in english for word in ("Dispute", ident, "confirmed", "as told", "Zhao"))
    assert all(word in chinese for word in ("争议编号", ident, "确认", "as told", "条结论"))
    empty = CliRunner().invoke(group, ["decisions", "list", "--workspace", str(tmp_path)])
    assert "no decision was imported" in empty.output


def test_a_file_that_is_no_workbook_is_refused(own, tmp_path):
    """A text file or a workbook without the queue is named as such, with the fix."""
    path = tmp_path / "no.xlsx"
    path.write_text("hello")
    with pytest.raises(InputError, match="does not open"):
        run(own, "decisions", "import", str(path))
    openpyxl.Workbook().save(path)
    with pytest.raises(InputError, match="Queue"):
        run(own, "decisions", "import", str(path))
