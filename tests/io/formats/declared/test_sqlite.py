"""An SQLite database as a source: text and integers as they stand, floats are refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from recon.commands.peek import peek
from recon.io.formats import recognised
from recon.io.formats.declared.sqlite import FORMAT
from recon.io.reading.contract import Options
from tests.io.formats.examine import probe_of, read_bytes, read_path

COLUMNS = {"order_id": "no", "amount": "amount", "occurred_at": "paid_at"}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Return a database with a table of texts and integers, one of floats, and views of both."""
    path = tmp_path_factory.mktemp("sqlite") / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "create table paid (no text collate nocase, amount text, paid_at text, fen integer);"
            "insert into paid values ('b', '3.05', '2026-03-10 09:00:00', 305),"
            "('A', '1.20', '2026-03-10 08:00:00', 120), ('a', '-0.20', '2026-03-10 08:00:00', -20),"
            "('C', null, null, null);"
            "create table kept (no text, amount decimal(18, 2), paid_at text);"
            "insert into kept values ('A', 0.1, '2026-03-10 08:00:00');"
            "create view today as select * from paid where paid_at > date('now');"
        )
        connection.commit()
    return path


def read(path, member):
    """Return the outcome of one query."""
    return read_path(FORMAT, path, Options(member=member, columns=COLUMNS))


def test_a_table_is_read_as_exact_text(database):
    """Rows stand in one order, by bytes whatever the column's collation; integers are digits."""
    assert recognised(probe_of(database)) == (FORMAT,)
    found = read(database, "select no, amount, paid_at from paid")
    assert [(row["no"], row["amount"], row["record_no"]) for row in found.rows] == [
        ("A", "1.20", 1),
        ("C", None, 2),
        ("a", "-0.20", 3),
        ("b", "3.05", 4),
    ]
    assert found.reading.all_lines_accounted()
    assert found.frame["amount_minor"].to_list() == [120, -20, 305]
    assert [reject.record_no for reject in found.rejects] == [2]
    summed = read(database, "select no, fen as amount, paid_at from paid where fen > 0")
    assert [row["amount"] for row in summed.rows] == ["120", "305"]


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        ("kept", "column 'amount' has a floating-point number: 0.1"),
        ("today", "answers the same each time"),
        ("select no, amount, random() as paid_at from paid", "answers the same each time"),
        ("delete from paid", "a table, a view or one SELECT"),
        ("with x as (select 1) delete from paid", "that SQLite answers"),
        ("select * from paid; drop table paid", "that SQLite answers"),
        ("select no, amount, load_extension('x') as paid_at from paid", "not authorized"),
        ("nowhere", "a table, a view or one SELECT"),
    ],
)
def test_what_is_not_exact_or_not_reading_is_refused(database, member, problem):
    """The error says why; floats are read where the source itself rounds them to cents."""
    assert problem in read(database, member).verdict
    kept = read(database, "select no, printf('%.2f', amount) as amount, paid_at from kept")
    assert [row["amount"] for row in kept.rows] == ["0.10"]


def test_a_cut_or_damaged_database_is_refused(database, tmp_path):
    """It is checked whole before it is asked."""
    raw = database.read_bytes()
    options = Options(member="paid", columns=COLUMNS, ignore_columns=("fen",))
    assert read_bytes(FORMAT, raw, tmp_path, options).whole
    for damaged in (raw[: len(raw) - 4096], raw[:4096] + b"\xff" * 4096 + raw[8192:], raw[:50]):
        assert "SQLite" in read_bytes(FORMAT, damaged, tmp_path, options).verdict
    assert "found another file" in read_bytes(FORMAT, b"no database", tmp_path, options).verdict


def test_a_proposal_is_made_from_its_first_table(database, tmp_path):
    """`recon init --from` sees tables, columns and rows."""
    head = peek(database, tmp_path)
    assert (head.format, head.columns, head.members[:1]) == (
        "sqlite",
        ("no", "amount", "paid_at"),
        ("kept",),
    )
