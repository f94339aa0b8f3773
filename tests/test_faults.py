"""Faults that no other test tries: each as a hostile sender, disk or hand would bring it about.

docs/faults.md lists every fault with the test that proves what becomes of it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from recon.errors import ResourceError
from recon.io.one_file import read_alone
from recon.io.reading.contract import Options
from recon.store.query import answer
from recon.verify import verify
from tests.night_world import NightWorld
from tests.test_bad_input import MONDAY, recon

CARD = "6225880137645280"  # passes the Luhn check; nobody's


@pytest.fixture
def world(tmp_path: Path) -> NightWorld:
    """Return a world with one good day."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 100.00"], psp=["A1 100.00"])
    return world


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        (["A1 1.00 merchant=9999", "A2 2.00 merchant=7777"], ["FILE_SCHEMA"]),
        (["A1 1.00 merchant=9999", "A2 2.00 merchant=8001"], []),
        (["A1 1.00 merchant=", "A2 2.00 merchant="], []),
        ([], ["MISSING_IN_CHANNEL", "MISSING_IN_CHANNEL"]),
    ],
)
def test_a_file_of_another_merchant_is_one_finding(
    tmp_path: Path, rows: list[str], codes: list[str]
) -> None:
    """The right name, and every row names somebody else: it is held, and nothing is missing."""
    world = NightWorld(tmp_path, psp='merchant_id = "8001"')
    world.day(MONDAY, orders=["A1 1.00", "A2 2.00"], psp=rows)
    night = world.run(MONDAY)
    assert world.codes(night) == codes
    if codes == ["FILE_SCHEMA"]:
        message = world.table(night, "inputs").filter(pl.col("source") == "psp")["message"].item()
        assert "merchant '8001', found 2 rows, all of others ('9999', '7777')" in message


def test_what_a_killed_run_had_copied_is_removed(world: NightWorld) -> None:
    """Half of an input in the staging folder goes with the next start, copies stay."""
    assert recon("run", str(world.config), "--date", MONDAY).exit_code == 0
    staging = world.folder / "workspace" / "staging"
    copies = set(staging.iterdir())
    (staging / ".incoming-dead").write_bytes(b"half of a bill")
    assert recon("run", str(world.config), "--date", MONDAY).exit_code == 0
    assert set(staging.iterdir()) == copies


def test_a_workspace_behind_a_link_proves_itself(world: NightWorld) -> None:
    """A mounted or linked folder is the folder that it leads to."""
    world.run(MONDAY)
    link = world.folder / "link"
    link.symlink_to(world.folder / "workspace", target_is_directory=True)
    assert verify(link).ok


def _linked(name: str) -> zipfile.ZipInfo:
    """Return a member that a Unix archiver wrote as a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


LEADING_AWAY = ["../a.csv", "a/../../b.csv", "/etc/a.csv", "..\\a.csv", "C:\\a.csv", _linked("a")]


@pytest.mark.parametrize("member", LEADING_AWAY, ids=str)
def test_a_member_that_leads_out_of_its_zip_is_refused(
    tmp_path: Path, member: str | zipfile.ZipInfo
) -> None:
    """Climbing and absolute names and links: no bill is packed like that."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, b"order,amount\nA1,1.00\n")
    path = tmp_path / "bill.zip"
    path.write_bytes(buffer.getvalue())
    options = Options(columns={"order_id": "order", "amount": "amount"})
    loaded = read_alone(path, "delimited", options, date(2026, 11, 9), tmp_path)
    assert loaded.inputs["state"].to_list() == ["REFUSED"]
    assert "leads out of it" in loaded.inputs["message"][0]


def test_no_command_that_looks_at_a_file_shows_a_card(world: NightWorld) -> None:
    """Words of kinds and names of files are shown with the card number cut."""
    head = "order,amount,time,state,kind\n"
    text = head + f"A1,1.00,{MONDAY} 10:00:00,{CARD},{CARD}\n"
    named = world.folder / "inbox" / f"day_{CARD}.csv"
    named.write_text(text, encoding="utf-8")
    for words in (["init", "--from", named], ["inspect", world.folder / "inbox"]):
        shown = recon(*map(str, words)).output
        assert "622588******5280" in shown
        assert CARD not in shown


def digest_lines(name: str, content: bytes) -> dict[str, str]:
    """Return what senders write into a digest: bare, as tools print it, one line of many."""
    right, other = (hashlib.sha256(text).hexdigest() for text in (content, b"another"))
    return {
        "bare": right,
        "of a tool": f"{right.upper()} *{name}\r\n",
        "one of many": f"{other}  other.csv\n{right}  {name}\n",
    }


@pytest.mark.many_cases
@pytest.mark.parametrize("written", ["bare", "of a tool", "one of many"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_held_to_the_digest_beside_it(
    world: NightWorld, written: str, *, packed: bool
) -> None:
    """The digest of what was sent, or of what was packed in it: one changed byte is refused."""
    path = world.file("psp", "20261109")
    content = path.read_bytes()
    sidecar = path.with_name(f"{path.name}.sha256")
    sidecar.write_text(digest_lines(path.name, content)[written], encoding="utf-8")
    path.write_bytes(gzip.compress(content) if packed else content)
    assert world.codes(world.run(MONDAY)) == []
    path.write_bytes(content.replace(b"100.00", b"100.01"))
    night = world.run(MONDAY)
    assert (world.codes(night), night.exit_code) == (["FILE_TOTAL"], 4)
    sidecar.write_text("soon\n", encoding="utf-8")
    assert "expected one digest" in world.table(world.run(MONDAY), "inputs")["message"].item(2)


def test_a_digest_beside_a_file_is_no_input(world: NightWorld) -> None:
    """A path with a wildcard takes the bill and not its digest."""
    text = world.config.read_text("utf-8")
    world.config.write_text(text.replace("psp_{date:%Y%m%d}.csv", "psp_{date:%Y%m%d}*"), "utf-8")
    path = world.file("psp", "20261109")
    sidecar = path.with_name(f"{path.name}.md5")
    sidecar.write_text(hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest())
    assert world.table(world.run(MONDAY), "inputs").height == 3


def test_a_night_refuses_rules_that_nobody_approved(world: NightWorld) -> None:
    """The digest that `recon check` prints is asked for; another one ends the night at once."""
    digest = recon("check", str(world.config)).output.split()[-1]
    night = ("run", str(world.config), "--date", MONDAY)
    assert recon(*night, "--expect-rules", digest).exit_code == 0
    with world.config.open("a", encoding="utf-8") as file:
        file.write("# a change\n")
    refused = recon(*night, "--expect-rules", digest)
    assert refused.exit_code == 2
    assert "expected the approved rules" in refused.stdout
    span = ("--from", MONDAY, "--to", MONDAY, "--expect-rules", digest)
    assert recon("backfill", str(world.config), *span).exit_code == 2


ENDLESS = "select sum(a.range * b.range) from range(9999999) a, range(999999) b"


@pytest.mark.parametrize(
    ("statement", "limits", "told"),
    [
        (ENDLESS, {"seconds": 0.05}, "within 0.05 seconds"),
        ("from range(9999999)", {"most_bytes": 1 << 20}, "at most 1 MiB"),
    ],
)
def test_a_query_without_end_ends(statement: str, limits: dict[str, float], told: str) -> None:
    """Time and memory of an answer are bounded, and the connection answers again."""
    with duckdb.connect() as connection:
        with pytest.raises(ResourceError, match=told):
            answer(connection, statement, **limits)  # type: ignore[arg-type]  # a table of cases
        assert answer(connection, "select 1 as one").rows() == [(1,)]


STATEMENTS = (
    "'; drop table breaks; --",
    "' or 1=1 --",
    'x" y',
    "{date}",
    "read_text('/etc/passwd')",
)


def test_ids_that_are_statements_are_only_ids(tmp_path: Path) -> None:
    """Whatever an id says, its order meets its charge, and it is found by its own words."""
    world = NightWorld(tmp_path)
    world.day(MONDAY, orders=["A1 1.00"], psp=["A1 1.00"])
    for source in ("orders", "psp"):
        path = world.file(source, "20261109")
        head, row = path.read_text("utf-8").splitlines()
        doubled = [statement.replace('"', '""') for statement in STATEMENTS]
        rows = [row.replace("A1", f'"{text}"', 1) for text in doubled]
        rows = [text.replace("RA1", f"R{number}") for number, text in enumerate(rows)]
        path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    assert world.codes(world.run(MONDAY)) == []
    for statement in STATEMENTS:
        place = str(world.folder / "workspace")
        assert recon("explain", "--workspace", place, "--", statement).exit_code == 0


def test_compiled_code_that_others_may_write_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel cache open to all ends every command but the one that tells what is wrong."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    tmp_path.chmod(0o777)
    refused = recon("formats")
    assert refused.exit_code == 2
    assert "found one that is writable by all" in refused.stdout
    assert "found writable by all" in recon("doctor").stdout
    tmp_path.chmod(0o700)
    assert recon("formats").exit_code == 0
