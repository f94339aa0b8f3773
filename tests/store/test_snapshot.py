import dataclasses
import json
import shutil
import subprocess
import sys
import venv

import duckdb
import polars as pl
import pytest

from recon.core import schema
from recon.core.money import CURRENCIES, exponent
from recon.core.table import Column
from recon.store import read, snapshot
from recon.store.workspace import Workspace
from tests.store.fake_nights import FIRST, publish_night, publish_nights

MACROS = (
    "breaks_on(date '2026-03-02')",
    "disputes_on(date '2026-03-02')",
    "breaks_as_of(date '2026-03-02')",
    "disputes_as_of(date '2026-03-02')",
    "open_items_on(date '2026-03-02')",
    "ageing(date '2026-03-02')",
    "tie_out(date '2026-03-02')",
    "trace_order('03020000')",
)
OLDER_CLIENT = """
import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    def ask(query):
        return connection.execute(query).fetchall()
    views = [row[0] for row in ask("select view_name from duckdb_views() where not internal")]
    counts = {view: ask(f'select count(*) from "{view}"')[0][0] for view in views}
    macros = {call: len(ask(f"from {call}")) for call in json.loads(sys.argv[2])}
    comments = ask("select count(*) from duckdb_views() where not internal and comment is null")
    told = ask('''select attribute('{"reason":"why"}', 'reason')''')[0][0]
    assert told == "why", told
    money = ask("select sum(money(amount_minor, currency))::varchar from transactions")[0][0]
    print(json.dumps([duckdb.__version__, counts, macros, comments[0][0], money]))
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Two nights and a re-run of the first, which is the last published."""
    space = Workspace(tmp_path_factory.mktemp("snapshot") / "w")
    publish_nights(space, 2)
    publish_night(space, FIRST, salt="late file", orders=20)
    return space


@pytest.fixture
def connection(workspace):
    """Open the published file as an analyst does."""
    with duckdb.connect(workspace.current / "recon.duckdb", read_only=True) as opened:
        yield opened


def ask(connection, query):
    """Return all rows of a query."""
    return connection.execute(query).fetchall()


def test_a_superseded_run_is_not_counted_twice(connection):
    """The plain view shows one run a night; _all shows both; _latest only the newest run."""
    by_view = {
        view: ask(connection, f"from {view} select count(*), count(distinct run_id)")[0]
        for view in ("transactions", "transactions_all", "transactions_latest", "runs", "runs_all")
    }
    first, again, second = 12 + 10, 20 + 18, 12 + 12
    assert by_view["transactions"] == (again + second, 2)
    assert by_view["transactions_all"] == (first + again + second, 3)
    assert by_view["transactions_latest"] == (again, 1)
    assert by_view["runs"] == (2, 2)
    assert by_view["runs_all"] == (3, 3)


def test_every_table_has_its_three_views_with_run_and_night(connection):
    """Every view knows its run and night, and has the columns of its table in order."""
    for table in schema.PUBLISHED:
        own = [column.name for column in table.columns]
        wanted = [name for name in ("run_id", "business_date") if name not in own] + own
        for view in (table.name, f"{table.name}_all", f"{table.name}_latest"):
            assert [row[0] for row in ask(connection, f"describe {view}")] == wanted


def test_every_view_and_every_column_of_a_table_is_explained(connection):
    """Comments come from the schema, so an analyst's client shows what each column means."""
    assert ask(connection, "select view_name from duckdb_views() where not internal "
               "and comment is null") == []  # fmt: skip
    silent = ask(connection, "select table_name, column_name from duckdb_columns() "
                 "where not internal and comment is null")  # fmt: skip
    assert silent == []
    meaning = ask(connection, "select comment from duckdb_columns() "
                  "where table_name = 'breaks' and column_name = 'failed_gate'")  # fmt: skip
    assert "nearest candidate" in meaning[0][0]
    assert ask(connection, "select function_name from duckdb_functions() where not internal "
               "and function_type like '%macro' and comment is null") == []  # fmt: skip
    assert ask(connection, "select count(*) > 10 from duckdb_functions() where not internal "
               "and comment is not null") == [(True,)]  # fmt: skip


@pytest.mark.parametrize("call", MACROS)
def test_macros_answer(connection, call):
    """Each documented macro runs and finds something on the first night."""
    assert ask(connection, f"from {call}")


def test_money_is_exact_in_every_currency(connection):
    """money() prints minor units with the currency's own decimals, and nothing for an unknown."""
    for currency in CURRENCIES:
        text = ask(connection, f"select money(9007199254740993, '{currency}')")[0][0]
        assert text * 10 ** exponent(currency) == 9007199254740993
    assert ask(connection, "select money(1, 'ZZZ')") == [(None,)]


def test_attribute_tells_one_name_and_nothing_where_there_is_none(connection):
    """Of a row without attributes, or without that name, it is null."""
    assert ask(
        connection, """select attribute('{"a":"b"}', 'a'), attribute('{"a":"b"}', 'c')"""
    ) == [("b", None)]
    assert ask(connection, "select count(attribute(attributes, 'reason')) from transactions") == [
        (0,)
    ]


def test_a_night_reads_only_its_own_files(connection):
    """A filter on business_date prunes the files of other nights."""
    plan = ask(
        connection,
        "explain select count(*) from transactions_all where business_date = date '2026-03-03'",
    )[0][1]
    assert "Scanning Files" in plan
    files = plan.split("Scanning Files: ")[1].split()[0]
    scanned, known = map(int, files.split("/"))
    assert scanned < known


def test_an_open_file_sees_the_nights_published_after_it(tmp_path):
    """A client that opened the file yesterday sees tonight's run; _latest stays its own run."""
    space = Workspace(tmp_path / "w")
    folder = publish_night(space, FIRST)
    with duckdb.connect(folder / "recon.duckdb", read_only=True) as opened:
        publish_nights(space, 2)
        assert ask(opened, "select count(*) from runs") == [(2,)]
        assert ask(opened, "select business_date::varchar from runs_latest") == [("2026-03-02",)]


def test_a_moved_workspace_is_still_queried(workspace, tmp_path):
    """`open_snapshot` makes the views anew, so a workspace may be moved or restored elsewhere."""
    shutil.copytree(workspace.root, tmp_path / "moved", symlinks=True)
    with read.open_snapshot(Workspace(tmp_path / "moved")) as opened:
        files = ask(opened, "select count(*) from transactions")
        assert files == [(20 + 18 + 12 + 12,)]


def test_a_column_that_runs_of_before_do_not_have_is_null(workspace, monkeypatch):
    """After an upgrade that adds columns a workspace is queried before its next night has run."""
    new = (Column("later", pl.Int128, "text"), Column("word", pl.String, "x"))
    grown = [
        dataclasses.replace(table, columns=(*table.columns, *new))
        if table.name in {"transactions", "breaks"}
        else table
        for table in schema.PUBLISHED
    ]
    monkeypatch.setattr(schema, "PUBLISHED", tuple(grown))
    with read.open_snapshot(workspace) as opened:
        assert ask(opened, "select distinct later, word from transactions") == [(None, None)]
        assert ask(opened, "select count(*) from breaks_latest where word is null") == [(1,)]


def test_a_table_that_runs_of_before_do_not_have_is_empty(workspace, monkeypatch):
    """After an upgrade that adds a table its three views answer, with no rows, by their columns."""
    columns = (Column("word", pl.String, "x"), Column("later", pl.Int128, "x"))
    new = dataclasses.replace(schema.PUBLISHED[0], name="novelties", columns=columns)
    monkeypatch.setattr(schema, "PUBLISHED", (*schema.PUBLISHED, new))
    with read.open_snapshot(workspace) as opened:
        for view in ("novelties", "novelties_all", "novelties_latest"):
            found = opened.table(view)
            assert found.columns == ["run_id", "business_date", "word", "later"]
            assert found.fetchall() == []
        assert ask(opened, "select count(*) from breaks") == [(2,)]


def test_the_published_file_is_used_where_it_fits(workspace):
    """Reading opens the ready-made views: making them anew reads every file of every night."""
    with read.open_snapshot(workspace) as opened:
        assert ask(opened, "select count(*) from duckdb_databases() where database_name = "
                   "'published'") == [(1,)]  # fmt: skip
        assert ask(opened, "select count(*) from breaks") == [(2,)]


def test_a_client_in_the_same_process_is_not_disturbed(workspace):
    """A connection to the published file and a sandboxed one live side by side."""
    with (
        duckdb.connect(workspace.current / "recon.duckdb", read_only=True) as mine,
        read.open_snapshot(workspace) as sandboxed,
    ):
        assert ask(mine, "select count(*) from runs") == ask(sandboxed, "from runs select count(*)")
        mine.execute("set threads = 1")


def test_a_new_definition_reaches_an_old_workspace(tmp_path, monkeypatch):
    """After an upgrade that changes a view, the next run's file and `recon query` have it."""
    space = Workspace(tmp_path / "w")
    publish_night(space, FIRST)
    real = snapshot._macros
    extra = "create macro answer_to_everything() as 42"
    monkeypatch.setattr(snapshot, "_macros", lambda: [*real(), extra])
    with read.open_snapshot(space) as opened:
        assert ask(opened, "select answer_to_everything()") == [(42,)]
    publish_nights(space, 2)
    with duckdb.connect(space.current / "recon.duckdb", read_only=True) as opened:
        assert ask(opened, "select answer_to_everything()") == [(42,)]


def test_a_path_with_a_quote_works(tmp_path):
    """A workspace whose name holds an apostrophe or Chinese characters publishes and reads."""
    space = Workspace(tmp_path / "shop's 对账")
    publish_night(space, FIRST)
    with duckdb.connect(space.current / "recon.duckdb", read_only=True) as opened:
        assert ask(opened, "select count(*) from transactions") == [(22,)]


def test_definitions_are_stable():
    """The definitions' digest depends on no path, so it may stand in the manifest."""
    assert snapshot.definitions_sha256() == snapshot.definitions_sha256()


@pytest.fixture(scope="module")
def older_client(tmp_path_factory):
    """Return the Python of an environment of its own with DuckDB 1.2, fetched from the index."""
    folder = tmp_path_factory.mktemp("older")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    fetched = subprocess.run(
        [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--retries",
            "0",
            "duckdb==1.2.*",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode:
        pytest.skip(f"duckdb 1.2 cannot be fetched here: {fetched.stderr.strip()[-200:]}")
    return python


@pytest.mark.thorough
def test_a_duckdb_1_2_client_opens_the_file(workspace, older_client):
    """Analysts' clients are older: DuckDB 1.2 opens the file and every view and macro answers."""
    done = subprocess.run(
        [older_client, "-c", OLDER_CLIENT, workspace.current / "recon.duckdb", json.dumps(MACROS)],
        capture_output=True,
        text=True,
        check=True,
    )
    version, counts, macros, silent, money = json.loads(done.stdout)
    assert version.startswith("1.2.")
    assert silent == 0
    assert all(macros.values())
    with duckdb.connect(workspace.current / "recon.duckdb", read_only=True) as opened:
        for view, count in counts.items():
            assert ask(opened, f'from "{view}" select count(*)') == [(count,)]
        total = "select sum(money(amount_minor, currency))::varchar from transactions"
        assert ask(opened, total) == [(money,)]


READING = """
import duckdb, sys
for _ in range(15):
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        rows = connection.execute("select count(*) from transactions").fetchall()
        assert rows[0][0] >= 22, rows
        own = connection.execute("select count(*), count(distinct run_id) from breaks_latest")
        assert own.fetchall() == [(1, 1)]
"""


def read_while_publishing(python, root):
    """Let another process read the file of the first night while this one publishes more."""
    space = Workspace(root)
    publish_night(space, FIRST)
    reader = subprocess.Popen([python, "-c", READING, space.current / "recon.duckdb"])
    publish_nights(space, 4)
    publish_night(space, FIRST, salt="late file")
    assert reader.wait() == 0


def test_the_file_opens_while_a_night_is_being_published(tmp_path):
    """Another process reads the published file, again and again, while this one publishes."""
    read_while_publishing(sys.executable, tmp_path / "w")


def test_an_older_client_reads_while_a_night_is_being_published(tmp_path, older_client):
    """The same with DuckDB 1.2."""
    read_while_publishing(older_client, tmp_path / "w")
