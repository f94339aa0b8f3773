"""Laws of whole runs whose passes judge by likeness: `score`, `band`, `window`, `subset`.

Rows in another order, or in files cut otherwise, have other identities; every published table
says the same once the identities are replaced by what the rows contain. With other threads, or
under a memory limit, the published files are the same byte by byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import polars as pl
import pytest

from recon.core.arrays import room as room_module
from recon.core.passes import key_slices
from tests.night_world import NightWorld
from tests.test_laws import MONDAY, Week, cut, rewrite, shuffled, week_of

pytestmark = pytest.mark.thorough

SCORE = """[[leg.pass]]
name = "texts"
method = "score"
text = "channel_ref"
right_text = "memo"
tolerance_percent = 3
days_after = 2
"""
BANK = {
    "score": SCORE,
    "subset, then score": '[[leg.pass]]\nname = "sums"\nmethod = "subset"\ndays_after = 1\n'
    + SCORE,
    "band": '[[leg.pass]]\nname = "near"\nmethod = "band"\ntolerance_minor = 100\ndays_after = 2\n',
}
ORDERS = {
    "score": 'name = "texts"\nmethod = "score"\ntext = "order_id"\nright_text = "channel_ref"\n'
    "tolerance_percent = 2\nconfidence_ppm = 900_000",
    "keyed score": 'name = "keyed"\nmethod = "score"\nkeys = ["amount_minor"]\n'
    'text = "order_id"\nconfidence_ppm = 999_000',
    "window": 'name = "amounts"\nmethod = "window"\ndays_after = 1',
}
CASES = [("score", "score"), ("keyed score", "subset, then score"), ("window", "band")]
IDENTITIES = ("left_txn_id", "right_txn_id", "txn_id", "nearest_txn_id")
PLACES = {
    "run_id", "evidence", "group_id", "file_id", "record_no", "byte_start", "byte_end",
}  # fmt: skip
COMPARED = (
    "links", "groups", "outcomes", "breaks", "disputes", "open_items", "balances", "payouts",
    "searches", "doubts",
)  # fmt: skip


def made(folder: Path, case: tuple[str, str], week: Week) -> NightWorld:
    """Write a week whose orders and credits are told apart by likeness."""
    orders, bank = case
    world = NightWorld(folder, opening=MONDAY.isoformat(), bank_passes=BANK[bank])
    text = world.config.read_text("utf-8").replace('.csv"', '*.csv"')
    key = 'name = "order number"\nkeys = ["order_id"]'
    assert text.count(key) == 1
    world.config.write_text(text.replace(key, ORDERS[orders]), "utf-8")
    for day, files in week:
        world.day(day.isoformat(), **files)
    return world


def told(world: NightWorld, week: Week) -> list[dict[str, pl.DataFrame]]:
    """Run the week; return every night's tables with rows named by what they contain."""
    content: dict[int, int] = {}
    nights = []
    for day, _ in week:
        result = world.run(day.isoformat())
        rows = world.table(result, "transactions").select("txn_id", "fingerprint")
        content |= dict(rows.rows())
        tables = {name: world.table(result, name) for name in COMPARED}
        nights.append({name: named(table, content) for name, table in tables.items()})
    return nights


def named(table: pl.DataFrame, content: dict[int, int]) -> pl.DataFrame:
    """Return a table without places, its rows' identities replaced, in the order of its columns."""
    name = pl.element().replace_strict(content)
    if "hours" in table.columns:  # a payout bears the identity of the first of its rows
        table = table.drop("txn_id")
    frame = table.drop(PLACES, strict=False).with_columns(
        pl.col(column).replace_strict(content) for column in IDENTITIES if column in table.columns
    )
    if "txn_ids" in frame.columns:
        frame = frame.with_columns(pl.col("txn_ids").list.eval(name).list.sort())
    return frame.sort(pl.all())


@pytest.mark.parametrize("change", [shuffled, cut])
@pytest.mark.parametrize("case", CASES, ids=" and ".join)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_and_files_changes_no_figure(
    tmp_path: Path, seed: int, case: tuple[str, str], change: Callable[[list[str]], list[list[str]]]
) -> None:
    """All tables of three nights, scores, reasons and candidates included."""
    week = week_of(seed)
    first, second = (made(tmp_path / name, case, week) for name in ("told", "again"))
    rewrite(second, change)
    for night, (one, other) in enumerate(zip(told(first, week), told(second, week), strict=True)):
        for name in COMPARED:
            same = one[name].equals(other[name])
            assert same, differing(night, name, one[name], other[name])


def test_the_worlds_hold_links_and_doubts_of_scores(tmp_path: Path) -> None:
    """The weeks that the laws run show links by score, and pairs that are not probable enough."""
    week = week_of(1)
    nights = told(made(tmp_path, ("score", "score"), week), week)
    links = pl.concat(night["links"] for night in nights)
    assert links.filter(pl.col("match_kind") == "SCORE").height > 5
    assert sum(night["doubts"].height for night in nights) > 5


def differing(night: int, name: str, one: pl.DataFrame, other: pl.DataFrame) -> str:
    """Return the lines that only one of two tables has."""
    left, right = ([str(row) for row in frame.iter_rows(named=True)] for frame in (one, other))
    only = [[line for line in a if line not in b] for a, b in ((left, right), (right, left))]
    return f"night {night}, {name}:\n" + "\n\n".join("\n".join(lines[:3]) for lines in only)


def digests(world: NightWorld, week: Week, **options: int) -> dict[str, str]:
    """Run the week; return the digest of every published table file."""
    for day, _ in week:
        world.run(day.isoformat(), **options)
    root = world.folder / "workspace"
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((root / "runs").glob("2*/*/**/*.parquet"))
    }


@pytest.mark.parametrize("case", CASES, ids=" and ".join)
def test_threads_and_memory_change_no_byte(tmp_path: Path, case: tuple[str, str]) -> None:
    """Other thread counts, everything paged, keys in slices: the same files byte by byte."""
    week = week_of(3)
    whole = digests(made(tmp_path / "whole", case, week), week, threads=1)
    assert len(whole) > 30
    assert digests(made(tmp_path / "threads", case, week), week, threads=3) == whole
    with (
        mock.patch.object(key_slices, "SMALL", 0),
        mock.patch.object(room_module, "_PAGED_BYTES", 0),
    ):
        limited = digests(made(tmp_path / "limited", case, week), week, memory_bytes=1 << 20)
    assert limited == whole
