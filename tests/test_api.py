"""The Python interface gives frames, Arrow tables and a sandboxed connection."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

import recon
from recon.io.reading.contract import Options
from recon.store.query import answer
from tests.night_world import NightWorld

MONDAY = "2026-11-09"


def test_a_night_as_frames(tmp_path: Path) -> None:
    """`recon.reconcile` publishes a night and gives its tables; the snapshot answers SQL."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 11.00"])
    night = recon.reconcile(world.config, date.fromisoformat(MONDAY))
    assert night.table("disputes")["code"].to_list() == ["AMOUNT_MISMATCH"]
    assert night.arrow("disputes").num_rows == 1
    with recon.open_snapshot(tmp_path / "workspace") as connection:
        rows = connection.execute("select code, amount_minor from disputes").fetchall()
        assert rows == [("AMOUNT_MISMATCH", 100)]
        with pytest.raises(duckdb.Error):
            connection.execute("select * from read_text('/etc/hostname')").fetchall()


def test_one_file_as_frames(tmp_path: Path) -> None:
    """`recon.load` reads one file with a declared mapping."""
    path = tmp_path / "orders.csv"
    path.write_text("no,yuan\nA1,1.25\nA2,1.255\n", "utf-8")
    options = Options(columns={"order_id": "no", "amount": "yuan"})
    loaded = recon.load(
        path, business_date=date(2026, 11, 9), format_name="delimited", options=options
    )
    assert loaded.transactions["amount_minor"].to_list() == [125]
    assert loaded.rejects.height == 1


def test_importing_recon_is_cheap() -> None:
    """`import recon` loads no engine."""
    code = (
        "import sys, recon; print([m for m in ('polars', 'numba', 'duckdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_are_exact() -> None:
    """Everything in `__all__` is there, and a name that is not is an AttributeError."""
    for name in recon.__all__:
        assert getattr(recon, name) is not None
    assert not hasattr(recon, "nothing")


def test_a_column_that_no_frame_holds_is_a_named_error(tmp_path: Path) -> None:
    """An interval in a query's answer is refused with the fix, not a traceback."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 10.00"], psp=["A1 10.00"])
    recon.reconcile(world.config, date.fromisoformat(MONDAY))
    with (
        recon.open_snapshot(tmp_path / "workspace") as connection,
        pytest.raises(recon.ReconError, match="cast the column to text"),
    ):
        answer(connection, "select interval 1 day as span")
