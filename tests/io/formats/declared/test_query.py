"""A DuckDB database as a source: exact text, one order, nothing else within reach."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest

from recon.io.formats import recognised
from recon.io.formats.declared.query import FORMAT
from recon.io.reading.contract import Options
from tests.io.formats.examine import probe_of, read_bytes, read_path

COLUMNS = {"order_id": "no", "amount": "amount", "occurred_at": "paid_at"}


@pytest.fixture
def database(tmp_path):
    """Return a database with a table, and views: one sums, one reads a file, one is a float."""
    path = tmp_path / "shop.db"
    with duckdb.connect(path) as connection:
        connection.execute(
            "create table paid (no varchar, amount decimal(18, 2), paid_at timestamp)"
        )
        connection.execute(
            "insert into paid values ('B', 3.05, '2026-03-10 09:00:00.5'),"
            "('A', 1.20, '2026-03-10 08:00:00'), ('A', -0.20, '2026-03-10 08:00:00'),"
            "('C', null, null)"
        )
        connection.execute(
            "create view by_order as select no, sum(amount) amount, max(paid_at) paid_at "
            "from paid group by no"
        )
        connection.execute(
            "create view rounded as select no, amount::double amount, paid_at from paid"
        )
        (tmp_path / "secret.csv").write_text("no,amount,paid_at\nX,1.00,2026-03-10 08:00:00\n")
        connection.execute(f"create view outside as from read_csv('{tmp_path}/secret.csv')")
    return path


def read(path, member):
    """Return the outcome of one query."""
    return read_path(FORMAT, path, Options(member=member, columns=COLUMNS))


def test_a_table_is_read_as_exact_text(database):
    """Decimals keep their digits, times lose no second, rows stand in one order."""
    found = read(database, "paid")
    assert [(row["no"], row["amount"], row["paid_at"]) for row in found.rows] == [
        ("A", "-0.20", "2026-03-10 08:00:00"),
        ("A", "1.20", "2026-03-10 08:00:00"),
        ("B", "3.05", "2026-03-10 09:00:00"),
        ("C", None, None),
    ]
    assert [row["record_no"] for row in found.rows] == [1, 2, 3, 4]
    assert found.reading.all_lines_accounted()
    assert found.frame["amount_minor"].to_list() == [-20, 120, 305]
    assert [reject.record_no for reject in found.rejects] == [4]


@pytest.mark.parametrize(
    "member",
    ["by_order", "select * from by_order;", "with o as (from by_order) select * from o -- all"],
)
def test_views_and_queries_are_sources_too(database, member):
    """A name and a SELECT give the same rows; a sum of decimals stays a decimal."""
    found = read(database, member)
    assert [(row["no"], row["amount"]) for row in found.rows[:2]] == [("A", "1.00"), ("B", "3.05")]


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        ("rounded", "'amount' has type DOUBLE"),
        ("outside", "Permission Error"),
        ("select * from 'secret.csv'", "secret.csv"),
        ("", "expected `member` to be a table"),
        ("nothing", "expected `member` to be a table"),
        ("select 1; drop table paid", "expected `member` to be a table"),
        ("insert into paid values ('D', 1, null)", "expected `member` to be a table"),
        ("select no, amount from paid", "'paid_at' is mapped, but the file has none"),
        ("select *, 1 as extra from paid", "'extra' is neither mapped"),
        ("select * from (", "syntax error"),
        ("select error('stop') no, 1 amount, paid_at from paid", "stop"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(database, member, problem):
    """Floats, other files, writing, several statements and bad SQL each give one named error."""
    before = database.read_bytes()
    found = read(database, member)
    assert found.refusal is not None
    assert problem in found.refusal.problem
    assert found.refusal.fix
    assert database.read_bytes() == before


def test_two_sources_read_one_database_at_once(database):
    """Several queries over one file, at the same time, do not disturb each other."""
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda member: read(database, member), ["paid", "by_order"] * 10))
    assert [outcome.refusal for outcome in found] == [None] * 20
    assert {len(outcome.rows) for outcome in found} == {3, 4}


def test_damaged_databases_are_refused(database, tmp_path):
    """A cut or changed database, and a file that is none, give a named error or the same rows."""
    data = database.read_bytes()
    options = Options(member="paid", columns=COLUMNS)
    for wrong in (b"DUCK", data[:12], data[:5000], data[: len(data) // 2], b"\xff" * 8 + data[8:]):
        assert read_bytes(FORMAT, wrong, tmp_path, options).refusal is not None
    assert FORMAT in recognised(probe_of(database))


@pytest.mark.parametrize(
    "member",
    [
        "select * from paid where random() < 0.5",
        "select no, amount, now()::timestamp paid_at from paid",
        "select no, amount, CURRENT_TIMESTAMP::timestamp paid_at from paid",
        "from paid using sample 2 rows",
        "select * from outer_view",
    ],
)
def test_a_query_that_may_answer_otherwise_is_refused(database, member):
    """The clock and chance must be refused, also two views down."""
    with duckdb.connect(database) as connection:
        connection.execute("create view by_chance as select * from paid where random() < 0.5")
        connection.execute("create view outer_view as select * from by_chance")
    assert "answers the same each time" in read(database, member).verdict


def test_words_of_the_clock_in_texts_and_names_are_no_matter(database):
    """A text, a comment and a quoted name that look like a call must be read."""
    member = """select no, amount, paid_at from paid as "now" where no <> 'random()' -- now()"""
    assert len(read(database, member).rows) == 4


def test_decimals_of_a_fine_scale_are_exact(tmp_path):
    """Zeros behind the last digit must not refuse a row; a digit there must."""
    path = tmp_path / "fine.db"
    with duckdb.connect(path) as connection:
        connection.execute(
            "create table paid as select no, amount::decimal(38, 3) amount, "
            "timestamp '2026-03-10 08:00:00' paid_at "
            "from (values ('A', '12.500'), ('B', '0'), ('C', '1.005')) t(no, amount)"
        )
    found = read(path, "paid")
    assert found.frame["amount_minor"].to_list() == [1250, 0]
    assert [reject.record_no for reject in found.rejects] == [3]
