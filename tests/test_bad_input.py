"""What bad input gets, seen from the command line: the message, the exit code, nothing lost."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from recon.cli import group, main
from recon.errors import ReconError
from recon.rules.words.files import message_in_chinese
from recon.store import lock
from recon.store.workspace import Workspace
from tests.night_world import NightWorld

MONDAY = "2026-11-09"


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world with one good day."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 100.00"], psp=["A1 100.00"])
    return world


def recon(*words: str) -> Result:
    """Run the command in this process; an error for people becomes its exit code."""
    result = CliRunner().invoke(group, list(words))
    if isinstance(result.exception, ReconError):
        result.exit_code = result.exception.exit_code
        result.stdout_bytes = str(result.exception).encode()
    elif result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def run(world: NightWorld, *words: str) -> Result:
    """Run the Monday of a world."""
    return recon("run", str(world.config), "--date", MONDAY, *words)


def inputs(world: NightWorld) -> dict[str, dict[str, object]]:
    """Return the inputs of the latest run by source."""
    shown = recon("show", "--workspace", str(world.folder / "workspace"), "--json")
    return {item["source"]: item for item in json.loads(shown.stdout)["inputs"]}


def test_a_good_day_is_quiet(world: NightWorld) -> None:
    """A day in order exits 0."""
    assert run(world).exit_code == 0


def test_an_unclosed_quote_never_merges_rows(world: NightWorld) -> None:
    """Rows after an unclosed quote are not swallowed silently: the file is refused or rejected."""
    path = world.file("orders", "20261109")
    rows = [f"B{n},1.00,2026-11-09 10:00:00,PAID,sale,CNY," for n in range(5)]
    rows[1] = 'B1,"1.00,2026-11-09 10:00:00,PAID,sale,CNY,'
    path.write_text("\n".join([path.read_text("utf-8").splitlines()[0], *rows]) + "\n", "utf-8")
    run(world)
    orders = inputs(world)["orders"]
    refused = orders["state"] in ("REFUSED", "HELD")
    assert refused or orders["rows"] + orders["rejected"] >= 4
    assert orders["message"] or orders["rejected"]


def test_mixed_encodings_reject_the_row(world: NightWorld) -> None:
    """One GBK line in a UTF-8 file is one reject; its neighbours stand."""
    path = world.file("orders", "20261109")
    good = path.read_bytes()
    path.write_bytes(good + "单号,5.00,2026-11-09 11:00:00,PAID,sale,CNY,\n".encode("gb18030"))
    assert run(world).exit_code == 0
    orders = inputs(world)["orders"]
    assert (orders["rows"], orders["rejected"]) == (1, 1)


def test_long_ids_stay_text(world: NightWorld) -> None:
    """Two ids of 20 digits that differ in the last one are two orders."""
    ids = ("12345678901234567890", "12345678901234567891")
    world.day(MONDAY, orders=[f"{ids[0]} 1.00"], psp=[f"{ids[1]} 1.00"])
    result = world.run(MONDAY)
    assert world.codes(result) == ["MISSING_IN_CHANNEL", "MISSING_IN_MERCHANT"]


@pytest.mark.parametrize(
    ("joined", "found"),
    [
        (lambda head, rows: [head, *rows, head, *rows], "the header again"),
        (lambda head, rows: [head, *rows, *rows], "rows twice"),
        (lambda head, rows: [head, *rows, *rows[:3]], ""),
    ],
)
def test_a_file_joined_with_itself_is_one_finding(
    tmp_path: Path, joined: Callable[[str, list[str]], list[str]], found: str
) -> None:
    """Not a break for each of its rows; a few repeated lines stay breaks of their own."""
    world = NightWorld(tmp_path)
    orders = [f"A{n} {n}.00" for n in range(1, 11)]
    world.day(MONDAY, orders=orders, psp=orders)
    file = world.file("psp", "20261109")
    head, *rows = file.read_text("utf-8").splitlines()
    file.write_text("\n".join(joined(head, rows)) + "\n", "utf-8")
    night = world.run(MONDAY)
    assert world.codes(night) == (["FILE_SCHEMA"] if found else ["DUPLICATE_RECORD"] * 3)
    assert night.exit_code == (4 if found else 0)
    if found:
        cause = world.table(night, "breaks")["cause"].drop_nulls().item()
        words = {"the header again": "one header", "rows twice": "10 of 20 rows"}
        assert words[found] in cause
        chinese = re.sub("equal_rows|distinct", "", message_in_chinese(cause))
        assert not re.search("[a-z]{4}", chinese)


def test_a_file_of_nothing_but_refused_rows_ends_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many that nobody could look at them: the file is refused before they fill the memory."""
    monkeypatch.setattr("recon.io.reading.contract.MOST_REJECTS", 10)
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 1.00"], psp=["A1 1.00"])
    with world.file("psp", "20261109").open("a", encoding="utf-8") as file:
        file.write("x\n" * 11)
    night = world.run(MONDAY)
    assert world.codes(night) == ["FILE_SCHEMA"]
    assert "expected at most 10 refused rows" in world.table(night, "inputs")["message"].item(2)


def test_an_empty_file_is_refused(world: NightWorld) -> None:
    """A file of no bytes is FILE_EMPTY, exit 4, and no order becomes a break."""
    world.file("psp", "20261109").write_bytes(b"")
    result = run(world)
    assert result.exit_code == 4
    assert "FILE_EMPTY" in result.stdout
    assert "MISSING_IN_CHANNEL" not in result.stdout


def test_a_missing_file_exits_3(world: NightWorld) -> None:
    """A file that is not there: exit 3 and what to do."""
    world.file("psp", "20261109").unlink()
    result = run(world)
    assert result.exit_code == 3
    assert "deliver it" in result.stdout


def test_an_unknown_column_is_named(world: NightWorld) -> None:
    """A new column holds the file; the message names it and the fix."""
    path = world.file("orders", "20261109")
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([lines[0] + ",colour", lines[1] + ",red"]) + "\n", "utf-8")
    result = run(world)
    assert result.exit_code == 4
    assert "colour" in result.stdout
    assert "ignore_columns" in result.stdout


def test_an_unknown_key_in_the_rule_file_is_named(world: NightWorld) -> None:
    """An unknown key exits 2 with its line and the nearest known key."""
    text = world.config.read_text("utf-8").replace("cut_off", "cutoff")
    world.config.write_text(text, "utf-8")
    result = run(world)
    assert result.exit_code == 2
    line = text.splitlines().index('cutoff = "23:00"') + 1
    assert f":{line}:" in result.stdout
    assert "did you mean 'cut_off'?" in result.stdout


def test_a_gate_that_breaks_exits_10(world: NightWorld) -> None:
    """A --fail-on gate publishes and exits 10; a wrong gate is a usage error."""
    world.day(MONDAY, orders=["A1 1.00"], psp=["A1 1.00 ref=R1", "A1 1.00 ref=R2 11:00"])
    assert run(world, "--fail-on", "DUPLICATE_CHARGE > 0").exit_code == 10
    assert run(world, "--fail-on", "DUPLICATE_CHARGE > 1").exit_code == 0
    assert run(world, "--fail-on", "DUPLICATES > 1").exit_code == 2


def test_a_second_run_at_the_same_time_is_locked_out(world: NightWorld) -> None:
    """While one run holds the workspace, another exits 75."""
    with lock.hold(Workspace(world.folder / "workspace")):
        assert run(world).exit_code == 75


def test_card_numbers_never_reach_the_disk(world: NightWorld) -> None:
    """A card number in a memo is nowhere in what a run publishes."""
    pan = "6225880137645280"  # passes the Luhn check; nobody's
    world.day(MONDAY, orders=["A1 1.00"], psp=["A1 1.00"], bank=[f"1.00 memo=card_{pan}"])
    result = world.run(MONDAY)
    for path in result.folder.rglob("*"):
        if path.is_file():
            assert pan.encode() not in path.read_bytes(), path.name


def test_card_numbers_in_file_names_never_reach_the_disk(tmp_path: Path) -> None:
    """A file named after a card is told without it; two such files stay two inputs."""
    world = NightWorld(tmp_path, opening=MONDAY)
    world.day(MONDAY, orders=["A1 1.00"], psp=["A1 1.00"])
    text = world.config.read_text("utf-8")
    world.config.write_text(text.replace("orders_{date:%Y%m%d}.csv", "orders_{date:%Y%m%d}*.csv"))
    pans = ("6225880137645280", "6225880277645280")  # pass the Luhn check; nobody's
    for order, pan in zip(("A1", "A2"), pans, strict=True):
        world.day(MONDAY, orders=[f"{order} 1.00"], psp=["A1 1.00", "A2 1.00"])
        plain = world.file("orders", "20261109")
        plain.rename(plain.with_name(f"orders_20261109_{pan}.csv"))
    result = world.run(MONDAY)
    assert world.codes(result) == []
    paths = world.table(result, "inputs").filter(pl.col("source") == "orders")["path"].to_list()
    assert paths == [
        "inbox/orders_20261109_622588******5280.csv",
        "inbox/orders_20261109_622588******5280.csv (2)",
    ]
    for path in result.folder.rglob("*"):
        if path.is_file():
            assert not any(pan.encode() in path.read_bytes() for pan in pans), path.name


@pytest.mark.parametrize("amount", ["0.125", "١٢.00", "1e5", "0x10", "1_000", "NaN", "1,000.00"])
def test_amounts_that_are_not_exact_are_rejects(world: NightWorld, amount: str) -> None:
    """An amount that is not plain and exact is a reject that quotes it."""
    path = world.file("orders", "20261109")
    cell = f'"{amount}"' if "," in amount else amount
    with path.open("a", encoding="utf-8") as file:
        file.write(f"Z1,{cell},2026-11-09 10:00:00,PAID,sale,CNY,\n")
    result = world.run(MONDAY)
    rejects = world.table(result, "rejects")
    assert rejects.height == 1
    assert amount in rejects["reasons"][0][0]


def test_backfill_gives_what_consecutive_nights_give(tmp_path: Path) -> None:
    """Nights run one by one and a backfill over them publish the same bytes."""
    days = ("2026-11-09", "2026-11-10", "2026-11-11")
    published = []
    for name in ("nights", "backfill"):
        world = NightWorld(tmp_path / name)
        world.day(days[0], orders=["A1 10.00", "A2 20.00 23:40"], psp=["A1 10.00", "B1 4.00"])
        world.day(days[1], psp=["A2 20.00 23:40 on=2026-11-09"])
        world.day(days[2], bank=["14.00 memo=PAYOUT_8001_20261109"])
        if name == "nights":
            for day in days:
                assert recon("run", str(world.config), "--date", day).exit_code == 0
        else:
            span = ("--from", days[0], "--to", days[-1])
            assert recon("backfill", str(world.config), *span).exit_code == 0
        runs = world.folder / "workspace" / "runs"
        files = sorted(runs.rglob("*.parquet"))
        published.append([(str(path.relative_to(runs)), path.read_bytes()) for path in files])
    assert published[0] == published[1]


@pytest.mark.parametrize("cut", [12, 30, 60])
def test_a_file_cut_inside_a_row_is_held(tmp_path, cut):
    """What stood after the cut is not called missing; the finding names the byte and the fix."""
    world = NightWorld(tmp_path)
    rows = ["A1 1.00", "A2 2.00", "A3 3.00"]
    world.day("2026-11-09", orders=rows, psp=rows)
    path = world.file("psp", "20261109")
    path.write_bytes(path.read_bytes()[:-cut])
    night = world.run(MONDAY)
    assert world.codes(night) == ["FILE_SCHEMA"]
    assert night.exit_code == 4
    message = world.table(night, "inputs").filter(pl.col("source") == "psp")["message"].item()
    assert f"byte {path.stat().st_size}" in message
    assert "fix: the file was cut on its way" in message


def test_a_place_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that the system refuses is one message and exit code 5, no traceback."""
    monkeypatch.setattr("sys.argv", ["recon", "init", "/dev/null/shop"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 5
    told = capsys.readouterr().err
    assert "/dev/null" in told
    assert "fix: check the path" in told


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--version"], 0, "recon, version"),
        (["run", "absent.toml", "--date", "2026-11-09"], 2, "absent.toml"),
        (["no-such-command"], 2, "No such command"),
    ],
)
def test_the_process_ends_with_its_code_and_all_that_it_said(
    arguments: list[str], code: int, told: str
) -> None:
    """Leaving at once loses neither the exit code nor a line, on a pipe that buffers."""
    done = subprocess.run(
        [sys.executable, "-m", "recon", *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, told in done.stdout + done.stderr) == (code, True)


def test_output_that_nobody_takes_is_an_error() -> None:
    """A full device under standard output is exit code 5, not silence."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "recon", "formats"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 5
    assert "the system refused" in done.stderr
