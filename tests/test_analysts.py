import json
import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from recon.io.formats import FORMATS
from recon.pipeline import run_night
from recon.rules.rule_file.rule_file import read_rules
from recon.store import snapshot
from recon.store.query import answer
from recon.store.read import open_snapshot, read_nights
from recon.store.workspace import Workspace
from tests.night_world import GROUP, LEGS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "analysts.md"
SECTIONS = re.findall(
    r"(?ms)^## (\d+)\. (.+?)$.*?^```sql\n(.*?)^```", PAGE.read_text(encoding="utf-8")
)
QUESTIONS = {int(number): statement for number, _, statement in SECTIONS}
NIGHTS = [date(2026, 11, 9), date(2026, 11, 10), date(2026, 11, 11)]
RULES = """
version = 1
name = "shop"
time_zone = "Asia/Shanghai"

[[source]]
name = "orders"
side = "merchant"
format = "delimited"
path = "orders_{date:%Y%m%d}.csv"
[source.columns]
order_id = "order"
amount = "amount"
occurred_at = "time"

[[source]]
name = "wallet"
side = "channel"
format = "delimited"
path = "wallet_{date:%Y%m%d}.csv"
[source.columns]
order_id = "order"
channel_ref = "ref"
amount = "amount"
fee = "fee"
occurred_at = "time"
merchant_id = "shop"
[source.derive]
batch_id = "{merchant_id}-{clearing_date:%Y%m%d}"

[[source]]
name = "bank"
side = "bank"
format = "delimited"
path = "bank_{date:%Y%m%d}.csv"
[source.columns]
amount = "amount"
value_date = "day"
memo = "memo"
[source.extract.batch_id]
column = "memo"
pattern = "PAYOUT (\\\\d+) (\\\\d{8})"
template = "{1}-{2}"

"""
FILES = {
    "orders_20261109.csv": """order,amount,time
A1001,100.00,2026-11-09 10:00:00
A1002,50.00,2026-11-09 11:00:00
A1003,30.00,2026-11-09 12:00:00
""",
    "wallet_20261109.csv": """order,ref,amount,fee,time,shop
A1001,W1,100.00,0.60,2026-11-09 10:00:05,88
A1002,W2,50.00,0.30,2026-11-09 11:00:05,88
A1002,W3,50.00,0.30,2026-11-09 11:00:45,88
""",
    "bank_20261109.csv": "day,amount,memo\n",
    "orders_20261110.csv": "order,amount,time\nA1004,20.00,2026-11-10 09:00:00\n",
    "wallet_20261110.csv": """order,ref,amount,fee,time,shop
A1004,W4,20.00,0.12,2026-11-10 09:00:05,88
""",
    "bank_20261110.csv": "day,amount,memo\n2026-11-10,198.80,PAYOUT 88 20261109\n",
    "orders_20261111.csv": "order,amount,time\nA1005,5.00,2026-11-11 09:00:00\n",
    "wallet_20261111.csv": """order,ref,amount,fee,time,shop
A1005,W5,5.00,0.03,2026-11-11 09:00:05,88
""",
    "bank_20261111.csv": "day,amount,memo\n2026-11-11,19.88,PAYOUT 88 20261110\n",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Reconcile three nights of a small shop."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "recon.toml").write_text(RULES + LEGS.format(bank_passes=GROUP), encoding="utf-8")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    rules = read_rules(folder / "recon.toml", tuple(item.name for item in FORMATS))
    for night in NIGHTS:
        assert run_night(rules, night).exit_code == 0
    return Workspace(rules.workspace)


@pytest.fixture(scope="module")
def connection(workspace):
    """Open the nights as an analyst."""
    with open_snapshot(workspace) as opened:
        yield opened


@pytest.fixture
def ask(connection):
    """Return a function that answers one of the page's questions as rows of dictionaries."""
    return lambda number: answer(connection, QUESTIONS[number]).to_dicts()


def test_the_page_asks_eleven_questions():
    """Eleven questions, numbered, each with one query."""
    assert sorted(QUESTIONS) == list(range(1, 12))


@pytest.mark.parametrize("number", sorted(QUESTIONS))
def test_every_query_of_the_page_answers(ask, number):
    """Each query runs as printed and finds something on three ordinary nights."""
    assert ask(number)


def test_the_double_charge_is_found_and_proved(ask):
    """Order A1002 was charged twice; both rows of the wallet's file are named."""
    assert {row["order_id"] for row in ask(2)} == {"A1002"}
    assert {str(row["charged_too_much"]) for row in ask(2)} == {"50.0000"}
    assert {"wallet record 3", "wallet record 4"} <= {row["seen_in"] for row in ask(2)}


def test_the_disputed_money_is_the_planted_money(ask):
    """A1002 was charged once too often and A1003 never reached the channel: 50.00 and 30.00."""
    assert [str(row["at_risk"]) for row in ask(1)] == ["50.0000", "30.0000"]


def test_the_trace_finds_every_row_of_an_order(ask):
    """One row of the shop and two of the wallet carry A1002."""
    assert sorted(row["side"] for row in ask(5)) == ["CHANNEL", "CHANNEL", "MERCHANT"]


def test_fees_and_days_are_right(ask):
    """The wallet charges 0.6 % and pays on the next day."""
    assert [row["fee_ppm"] for row in ask(8)] == [6000]
    assert {(row["median_days"], row["longest"]) for row in ask(9)} == {(1, 1)}


def test_every_night_ties_out(ask):
    """Nothing is unexplained, and each night opens with what the last one closed with."""
    assert {row["unexplained"] for row in ask(10)} == {0}
    assert {row["gap_to_last_night"] for row in ask(10)} == {0}


def test_every_macro_of_the_page_exists(connection):
    """The table of macros names real ones, and no macro is left out."""
    told = set(re.findall(r"`(\w+)\(", PAGE.read_text(encoding="utf-8")))
    known = answer(
        connection,
        "select distinct function_name as name from duckdb_functions() "
        "where function_type in ('macro', 'table_macro') and not internal",
    )["name"].to_list()
    assert set(known) - {"minor_digits", *snapshot.PLACES} <= told


def test_the_python_of_the_page_runs(tmp_path, monkeypatch):
    """The example runs as it stands, beside the sample week."""
    (code,) = re.findall(r"(?ms)^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"))
    week = PAGE.parents[1] / "data" / "samples" / "pos_week"
    shutil.copy(week / "recon.toml", tmp_path)
    shutil.copytree(week / "inbox" / "2026-11-04", tmp_path / "inbox" / "2026-11-04")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(code, "the page", "exec"), names)  # noqa: S102 - our own example
    assert names["disputes"].height == names["evidence"].num_rows == 6
    assert names["bill"].transactions.height > 100
    assert names["ageing"].height > 0


def test_the_notebook_runs(workspace, monkeypatch):
    """Every code cell of the notebook runs, in order, on a real workspace."""
    monkeypatch.setenv("RECON_WORKSPACE", str(workspace.root))
    notebook = json.loads((PAGE.parent / "analyst.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    names: dict[str, object] = {}
    for number, cell in enumerate(cells):
        exec(compile(cell, f"cell {number}", "exec"), names)  # noqa: S102 - our own notebook
    assert names["nights"].height == 3
    assert names["trace"]
    assert names["ageing"]


def test_the_notebook_is_kept_without_outputs():
    """Outputs are not kept, so that the file changes only when its code does."""
    notebook = json.loads((PAGE.parent / "analyst.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_tables_of_many_nights_are_one_frame(workspace):
    """`read_nights` gives every night in force, or one, with run and date; none gives no rows."""
    breaks = read_nights(workspace, "breaks")
    assert sorted(set(breaks["business_date"])) == NIGHTS
    one = read_nights(workspace, "transactions", NIGHTS[1])
    assert set(one["business_date"]) == {NIGHTS[1]}
    assert one.height == 3
    assert read_nights(workspace, "transactions", date(2020, 1, 1)).height == 0
