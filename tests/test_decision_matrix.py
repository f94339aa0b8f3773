"""Every cell of the decision matrix of `docs/matching.md`, run as nights."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.night_world import NightWorld

PAGE = Path(__file__).resolve().parents[1] / "docs/matching.md"
DAYS = ("2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12")
KINDS = ("sale", "refund", "void")
BOOKS = {"success": "PAID", "failed": "FAILED", "closed": "CLOSED", "unknown": "WHO_KNOWS"}
CHANNEL = {"success": "OK", "failed": "FAILED"}
Cells = dict[tuple[str, str, str], str]


def matrix() -> Cells:
    """Return the table of the page: (books, channel, kind) -> code or `-`."""
    text = PAGE.read_text("utf-8").partition("## What two stories together are")[2]
    lines = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {(row[0], row[1], kind): row[2 + n] for row in rows for n, kind in enumerate(KINDS)}


def told(number: int, kind: str, side: str, story: str) -> list[str]:
    """Return the rows by which a side tells one cell; those of a refund or void follow a sale."""
    states = BOOKS if side == "orders" else CHANNEL
    state = f"state={states.get(story, story.upper())}"
    amount = "101.00" if story == "other amount" else "100.00"
    if story == "other amount":
        state = f"state={states['success']}"
    sale = [] if kind == "sale" else [f"S{number} 100.00"]
    if story == "absent":
        return sale
    own = {
        "sale": f"S{number} {amount} {state}",
        "refund": f"F{number} -{amount} kind=refund original=S{number} {state} 11:00",
        "void": f"V{number} -{amount} kind=void original=S{number} {state} 11:00",
    }
    return [*sale, own[kind]]


def world_of(folder: Path, undoing: str) -> NightWorld:
    """Return a world whose books tell undoings and unknown states too.

    What both sides write as `void` is a void or a reversal.
    """
    world = NightWorld(folder)
    text = world.config.read_text("utf-8")
    text = text.replace('refund = "refund"\n', 'refund = "refund"\nvoid = "void"\n', 1)
    text = text.replace('void = "void"\n', f'void = "{undoing}"\n')
    text = text.replace('FAILED = "failed"\n', 'FAILED = "failed"\nWHO_KNOWS = "unknown"\n', 1)
    world.config.write_text(text, "utf-8")
    return world


def found(world: NightWorld, last: list[str]) -> dict[int, set[str]]:
    """Run the nights; return what was told of each cell's number and not resolved since.

    What waits for the bank is left out.
    """
    codes: dict[int, set[str]] = {}
    names: dict[int, str] = {}
    for day in last:
        night = world.run(day)
        names |= dict(world.table(night, "transactions").select("txn_id", "order_id").iter_rows())
        breaks = world.table(night, "breaks").filter(pl.col("leg") != "channel-bank")
        ended = pl.col("status") == "RESOLVED"
        breaks = breaks.sort(ended, descending=True)
        for code, rows, status in breaks.select("code", "txn_ids", "status").iter_rows():
            mine = codes.setdefault(int(names[rows[0]][1:]), set())
            if status == "RESOLVED":
                mine.discard(code)
            elif code not in {"IN_TRANSIT", "NETTED", "ROUNDING"}:
                mine.add(code)
    return codes


def test_no_pair_of_stories_is_left_out() -> None:
    """The books' five states or nothing, against the channel's three or nothing; and the amount."""
    pairs = {(books, channel) for books, channel, _ in matrix()}
    stories = [(mine, theirs) for mine in (*BOOKS, "pending", "absent")
               for theirs in (*CHANNEL, "pending", "absent")]  # fmt: skip
    assert pairs == {*stories, ("other amount", "success")} - {("absent", "absent")}


@pytest.mark.parametrize(
    ("apart", "undoing"),
    [
        ("together", "void"),
        ("together", "reversal"),
        ("channel first", "void"),
        ("books first", "void"),
    ],
)
def test_every_cell(tmp_path: Path, apart: str, undoing: str) -> None:
    """What each pair of stories is: told on one night, or the later one nights after the other."""
    cells = matrix()
    world = world_of(tmp_path, undoing)
    delay = {"together": (0, 0), "channel first": (1, 0), "books first": (0, 1)}[apart]
    days: list[dict[str, list[str]]] = [{"orders": [], "psp": []} for _ in range(len(DAYS) + 1)]
    left_out = {key for key in cells if apart != "together" and key[2] != "sale"}
    for number, key in enumerate(cells):
        if key in left_out:
            continue
        books, channel, kind = key
        days[delay[0]]["orders"] += told(number, kind, "orders", books)
        days[delay[1]]["psp"] += told(number, kind, "psp", channel)
    every = [*DAYS, "2026-11-13"]
    for day, rows in zip(every, days, strict=True):
        world.day(day, **rows)
    codes = found(world, every)
    for number, (key, code) in enumerate(cells.items()):
        if key not in left_out:
            assert (key, codes.get(number, set())) == (key, set(code.replace("-", "").split()))
