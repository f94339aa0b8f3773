import json
import subprocess
import sys
import threading

import polars as pl
import pytest
from click.testing import CliRunner

from recon.commands.query import command as query_command
from recon.commands.runs import command as runs_command
from recon.commands.sql import command as sql_command
from recon.errors import UsageError
from recon.store import query, read
from recon.store.workspace import Workspace
from tests.store.fake_nights import publish_nights

READING = (
    "select 1",
    "from runs",
    "with x as (select 1) select * from x",
    "values (1)",
    "describe breaks",
    "summarize runs",
    "show tables",
    "explain select 1",
    "explain analyze select count(*) from runs",
    "select * from runs;",
    "-- a comment\nselect 1",
)
REFUSED = (
    "",
    "select 1; select 2",
    "copy (select 1) to '{runs}/x.csv'",
    "explain analyze copy (select 1) to '{runs}/x.csv'",
    "explain (analyze) copy (select 1) to '{runs}/x.csv'",
    "export database '{runs}/x'",
    "attach '{runs}/x.db'",
    "create table x (a int)",
    "create view breaks as select 1",
    "set threads = 1",
    "reset memory_limit",
    "install httpfs",
    "load httpfs",
    "pragma database_list",
    "call pragma_version()",
    "use memory",
    "begin",
    "select * from read_text('/etc/passwd')",
    "select * from read_csv('{root}/staging/secret.csv')",
    "select * from read_text('{runs}/../staging/secret.csv')",
    "select * from glob('/etc/*')",
    "select * from '/etc/passwd'",
    "select * from read_csv('https://example.com/a.csv')",
    "select * from frame",
    "select * from query('copy (select 1) to ''{runs}/x.csv''')",
    "select getenv('HOME')",
    "select",
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Two nights, and a raw input in staging that no query may read."""
    space = Workspace(tmp_path_factory.mktemp("query") / "w")
    publish_nights(space, 2)
    (space.staging / "secret.csv").write_text("card\n6222021234567890018\n")
    return space


@pytest.fixture(scope="module")
def connection(workspace):
    """Open a sandboxed connection."""
    with read.open_snapshot(workspace) as opened:
        yield opened


@pytest.mark.parametrize("statement", READING)
def test_reading_statements_answer(connection, statement):
    """SELECT in every spelling, and looking around, are allowed."""
    assert query.answer(connection, statement).height > 0


def test_an_interrupted_statement_is_no_crash(workspace):
    """Ctrl-C in an endless query ends as it does everywhere; the connection answers again."""
    with read.open_snapshot(workspace) as opened:
        timer = threading.Timer(0.3, opened.interrupt)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            query.answer(
                opened, "select sum(a.range * b.range) from range(9999999) a, range(999999) b"
            )
        timer.join()
        assert query.answer(opened, "select 1").height == 1


@pytest.mark.parametrize("statement", REFUSED)
def test_everything_else_is_refused_and_leaves_no_file(workspace, connection, statement):
    """Writing, changing settings, other files, the network and Python variables are refused."""
    before = sorted(workspace.root.rglob("*"))
    frame = pl.DataFrame({"stolen": [1]})
    text = statement.format(runs=workspace.runs, root=workspace.root)
    with pytest.raises(UsageError, match="fix:"):
        query.answer(connection, text)
    assert frame.height == 1
    assert sorted(workspace.root.rglob("*")) == before


def test_a_symlink_out_of_the_runs_is_not_followed(tmp_path):
    """A link placed among the runs does not open a door to other files."""
    space = Workspace(tmp_path / "w")
    publish_nights(space, 1)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (space.runs / "link.csv").symlink_to(tmp_path / "secret.csv")
    with read.open_snapshot(space) as opened, pytest.raises(UsageError):
        query.answer(opened, f"from read_csv('{space.runs}/link.csv')")


def test_the_memory_limit_is_kept_and_nothing_spills(workspace):
    """A query that needs more than --memory ends with an error and writes no file."""
    hungry = "select count(*) from (select a from range(50000000) t(a) order by hash(a))"
    with read.open_snapshot(workspace, memory_bytes=50_000_000) as opened:
        with pytest.raises(UsageError, match="Out of Memory"):
            query.answer(opened, hungry)
        settings = "select value from duckdb_settings() where name = 'temp_directory'"
        assert query.answer(opened, settings).rows() == [("",)]
    assert not list(workspace.root.rglob("*tmp*"))


def test_sums_beyond_64_bits_stay_exact(connection):
    """A 128-bit sum arrives as an exact decimal, never as a float."""
    frame = query.answer(connection, "select sum(9223372036854775807) as s from range(3)")
    assert frame.dtypes[0].is_decimal()
    assert int(frame.item()) == 3 * (2**63 - 1)


def run(command, workspace, *arguments, **options):
    """Run a command on the workspace."""
    return CliRunner().invoke(command, [*arguments, "--workspace", str(workspace.root)], **options)


def test_query_prints_every_format(workspace, tmp_path):
    """The formats agree on the rows; Parquet goes to a file."""
    sql = "select code, sum(difference_minor) as total from breaks group by all"
    assert "AMOUNT_MISMATCH" in run(query_command, workspace, sql).stdout
    assert run(query_command, workspace, sql, "--format", "csv").stdout == (
        "code,total\nAMOUNT_MISMATCH,-2\n"
    )
    document = json.loads(run(query_command, workspace, sql, "--json").stdout)
    assert document["rows"] == [{"code": "AMOUNT_MISMATCH", "total": -2}]
    assert run(query_command, workspace, sql, "--format", "md").stdout.startswith(
        "| code | total |"
    )
    target = tmp_path / "out.parquet"
    arguments = ("--format", "parquet", "--output", str(target))
    assert run(query_command, workspace, sql, *arguments).exit_code == 0
    assert pl.read_parquet(target)["total"].to_list() == [-2]
    refused = run(query_command, workspace, sql, "--format", "parquet")
    assert isinstance(refused.exception, UsageError)


def test_runs_lists_what_was_published(workspace):
    """One line a run, and JSON with every column and the folder."""
    assert "20260302-" in run(runs_command, workspace).stdout
    rows = json.loads(run(runs_command, workspace, "--json").stdout)["rows"]
    assert [row["sequence"] for row in rows] == [1, 2]
    assert all(row["in_force"] for row in rows)


def test_runs_of_an_empty_workspace_is_an_empty_list(tmp_path):
    """A workspace without runs is not an error for a list."""
    result = run(runs_command, Workspace(tmp_path / "none"), "--json")
    assert json.loads(result.stdout)["rows"] == []


def test_sql_reads_statements_from_a_pipe(workspace):
    """Statements end with a semicolon, may span lines, and the format can be changed."""
    piped = ".format csv\nselect count(*) as n\nfrom runs;\n.tables\nselect 1 as one"
    result = run(sql_command, workspace, input=piped)
    assert result.exit_code == 0
    assert result.stdout.startswith("n\n2\n")
    assert "transactions_latest" in result.stdout
    assert result.stdout.endswith("one\n1\n")


def test_sql_in_a_pipe_stops_at_the_first_refusal(workspace):
    """A script must not go on after an error."""
    result = run(sql_command, workspace, input="select nope;\nselect 1 as one;\n")
    assert isinstance(result.exception, UsageError)
    assert "one" not in result.stdout


def test_help_loads_no_engine():
    """`--help` answers at once because the engines are imported inside the commands."""
    script = (
        "import sys\n"
        "import recon.commands.query, recon.commands.sql, recon.commands.runs, "
        "recon.commands.verify\n"
        "assert not {'polars', 'duckdb', 'numba', 'pyarrow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
