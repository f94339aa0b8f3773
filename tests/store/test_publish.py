import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from recon.core import schema
from recon.core.arrays.pieces import Pieces
from recon.errors import ResourceError
from recon.store import lock, publish, read, snapshot, table_file
from recon.store.workspace import Workspace
from recon.verify import verify
from tests.store.fake_nights import FIRST, build, publish_night, publish_nights

SECOND = FIRST + timedelta(days=1)
KILLS = 20
MANY = 4000
PUBLISH_FOR_EVER = """
import sys
from datetime import date
from pathlib import Path
from recon.store.workspace import Workspace
from tests.store.fake_nights import publish_night
import duckdb, pyarrow
print("ready", flush=True)
sys.stdin.readline()
publish_night(Workspace(sys.argv[1]), date.fromisoformat(sys.argv[2]), orders=4000)
"""


def hashes(folder: Path) -> dict[str, str]:
    """Return the digest of every hashed artefact of a run."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("recon.duckdb")
    }


def strays(workspace: Workspace) -> list[str]:
    """Return what lies in the workspace and belongs to no published run."""
    known = {"CURRENT", "lock", "runs", "staging", "work"}
    loose = [path.name for path in workspace.root.iterdir() if path.name not in known]
    return loose + [str(path) for path in workspace.work.rglob("*")]


def test_a_run_is_published_whole(tmp_path):
    """Every table, the manifest, certificate, summary and snapshot lie in the run's folder."""
    workspace = Workspace(tmp_path / "w")
    folder = publish_night(workspace, FIRST)
    names = {path.name for path in folder.iterdir()}
    single = {f"{table.name}.parquet" for table in schema.PUBLISHED} - {"transactions.parquet"}
    documents = {"manifest.json", "certificate.json", "summary.json"}
    assert names == {
        *single, *documents, "transactions", "recon.duckdb", "recon.duckdb.sha256"
    }  # fmt: skip
    assert workspace.current.resolve() == folder.resolve()
    assert strays(workspace) == []
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_tables_come_back_as_they_were(tmp_path):
    """Each table reads back with the schema's types and the same rows, 128-bit sums included."""
    workspace = Workspace(tmp_path / "w")
    with lock.hold(workspace):
        run_id, arguments = build(workspace, FIRST)
        groups = arguments["tables"]["groups"].with_columns(
            bank_minor=pl.lit(10**30, dtype=pl.Int128)
        )
        arguments["tables"]["groups"] = groups
        folder = publish.publish(workspace, run_id, FIRST, **arguments)
    for name, frame in arguments["tables"].items():
        found = schema.check(read.read_table(folder, name), table_file.table_of(name))
        if name != "runs":
            assert found.equals(frame.sort(table_file.table_of(name).key)), name
    assert read.read_table(folder, "transactions").height == 22


def test_a_table_whose_key_repeats_is_refused(tmp_path):
    """A published table is sorted by a total key; two equal keys are our bug."""
    table = schema.OUTCOMES
    frame = schema.conform(pl.DataFrame({"txn_id": [1, 2, 1]}), table)
    with pytest.raises(AssertionError, match="repeats"):
        table_file.write_table(frame, table, tmp_path / "outcomes.parquet")


def test_a_piece_is_made_once_and_written_as_it_stands(tmp_path):
    """A large table is made while it is written: each piece once, the first one too."""
    made = []

    def piece(number):
        made.append(number)
        ends = {"outcome": ["MATCHED"], "opening": [False], "closing": [False], "reason": [None]}
        row = pl.DataFrame({"txn_id": [number], "group_id": [number], **ends})
        return schema.conform(row, schema.OUTCOMES)

    path = tmp_path / "outcomes.parquet"
    pieces = Pieces(lambda: map(piece, range(3)))
    assert table_file.write_table(pieces, schema.OUTCOMES, path) == (3, {})
    assert made == [0, 1, 2]
    assert pl.read_parquet(path)["txn_id"].to_list() == made


def test_a_published_run_id_is_refused(tmp_path):
    """Publishing the same run twice is refused: the caller asks first and says it is a no-op."""
    workspace = Workspace(tmp_path / "w")
    publish_night(workspace, FIRST)
    with lock.hold(workspace):
        run_id, arguments = build(workspace, FIRST)
        with pytest.raises(AssertionError, match="published already"):
            publish.publish(workspace, run_id, FIRST, **arguments)


def test_an_unbalanced_night_is_never_published(tmp_path):
    """A certificate with a failure stops the run before anything is written."""
    workspace = Workspace(tmp_path / "w")
    with lock.hold(workspace):
        run_id, arguments = build(workspace, FIRST)
        arguments["certificate"] = {"balanced": False, "failures": ["a fen is gone"]}
        with pytest.raises(AssertionError, match="a fen is gone"):
            publish.publish(workspace, run_id, FIRST, **arguments)
    assert workspace.published() == []


def test_a_published_run_is_never_modified(tmp_path):
    """A re-run of a night and later nights change no byte of what was published."""
    workspace = Workspace(tmp_path / "w")
    first = publish_night(workspace, FIRST)
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    publish_night(workspace, SECOND)
    publish_night(workspace, FIRST, salt="late file")
    after = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    assert before == after


def test_run_ids_depend_on_everything_and_on_no_order():
    """The id changes with date, any input, rules, version or previous state; not with order."""
    facts = {
        "inputs": [("shop", "a" * 64), ("bank", "b" * 64)],
        "rules_sha256": "c" * 64,
        "version": "1",
        "previous_run_id": None,
    }
    one = publish.run_id(FIRST, **facts)
    assert one.startswith("20260302-")
    assert len(one) == 8 + 1 + 12
    assert publish.run_id(FIRST, **{**facts, "inputs": facts["inputs"][::-1]}) == one
    others = [
        publish.run_id(SECOND, **facts),
        publish.run_id(FIRST, **{**facts, "inputs": [("shop", "a" * 64), ("bank", "a" * 64)]}),
        publish.run_id(FIRST, **{**facts, "rules_sha256": "d" * 64}),
        publish.run_id(FIRST, **{**facts, "version": "2"}),
        publish.run_id(FIRST, **{**facts, "previous_run_id": "x"}),
    ]
    assert len({one, *others}) == 6


def test_bytes_do_not_depend_on_the_surroundings(tmp_path):
    """Hash seed, zone, umask, working folder and threads change no hashed byte."""
    results = []
    for number, (seed, zone, mask, threads) in enumerate(
        [("1", "UTC", 0o022, "1"), ("77", "Asia/Shanghai", 0o077, "2")]
    ):
        root = tmp_path / str(number) / "w"
        subprocess.run(
            [sys.executable, "-m", "tests.store.fake_nights", str(root), "2", "3000"],
            env={
                **os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "POLARS_MAX_THREADS": threads
            },
            umask=mask,
            check=True,
        )  # fmt: skip
        results.append([hashes(run.folder) for run in Workspace(root).published()])
    assert results[0] == results[1]


class Killed(BaseException):
    """Stands for the end of the process: no handler in the code may catch it."""


@pytest.mark.slow
def test_an_end_at_every_step_leaves_the_old_or_the_new_run(tmp_path, monkeypatch, thorough):
    """Stopped before any one rename, symlink, fsync or mkdir, the next start publishes the same.

    Only a thorough run stops before every step, another before each third.
    """
    clean = Workspace(tmp_path / "clean")
    publish_night(clean, FIRST)
    shutil.copytree(clean.root, tmp_path / "base", symlinks=True)
    publish_night(clean, SECOND)
    expected = [hashes(run.folder) for run in clean.published()]
    ready_made = clean.current / "recon.duckdb"
    monkeypatch.setattr(snapshot, "build", lambda path, *_: shutil.copy(ready_made, path))
    counted, limit = 0, 0

    def ending(real):
        def call(*arguments, **options):
            nonlocal counted
            counted += 1
            if counted == limit:
                raise Killed
            return real(*arguments, **options)

        return call

    for name in ("rename", "replace", "symlink", "fsync", "mkdir"):
        monkeypatch.setattr(os, name, ending(getattr(os, name)))
    while True:
        counted = -(10**9)
        workspace = Workspace(tmp_path / f"w{limit}")
        shutil.copytree(tmp_path / "base", workspace.root, symlinks=True)
        counted, limit = 0, limit + (1 if thorough else 3)
        try:
            publish_night(workspace, SECOND)
        except Killed:
            old_or_new = verify(workspace.root)
            assert old_or_new.ok or _between_rename_and_swap(old_or_new), old_or_new.failures
        else:
            break
        counted = -(10**9)
        publish_night(workspace, SECOND)
        assert [hashes(run.folder) for run in workspace.published()] == expected
        assert strays(workspace) == []
        shutil.rmtree(workspace.root)
    assert limit > 20


def _between_rename_and_swap(report) -> bool:
    """Return whether the only thing to say is that CURRENT is one run behind."""
    return [failure.check for failure in report.failures] == ["chain: CURRENT"]


@pytest.mark.slow
def test_kill_at_random_instants_leaves_the_old_or_the_new_run(tmp_path, tries):
    """Killed -9 at any time: CURRENT names a whole run, and the re-run needs no hand."""
    clean = Workspace(tmp_path / "clean")
    publish_night(clean, FIRST)
    shutil.copytree(clean.root, tmp_path / "base", symlinks=True)
    started = time.monotonic()
    expected = hashes(publish_night(clean, SECOND, orders=MANY))
    took = time.monotonic() - started
    chance = random.Random(20261122)  # noqa: S311 - instants, not secrets
    outcomes = set()
    waiting = [_ready(tmp_path / "base", tmp_path / "0")]
    for number in range(tries(KILLS)):
        waiting.append(_ready(tmp_path / "base", tmp_path / str(number + 1)))
        process, workspace = waiting.pop(0)
        process.stdin.write("go\n")
        process.stdin.flush()
        time.sleep(chance.uniform(0, 1.2 * took))
        process.kill()
        process.communicate()
        report = verify(workspace.root)
        assert report.ok or _between_rename_and_swap(report), report.failures
        outcomes.add(report.run_id)
        assert hashes(publish_night(workspace, SECOND, orders=MANY)) == expected
        assert strays(workspace) == []
    process, _ = waiting.pop()
    process.kill()
    process.communicate()
    assert len(outcomes) >= 1


def _ready(base: Path, root: Path):
    """Start a process that stands ready to publish the second night."""
    shutil.copytree(base, root, symlinks=True)
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISH_FOR_EVER, str(root), SECOND.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, Workspace(root)


@pytest.mark.parametrize("limit", [0, 1_000, 3_000, 12_000, 60_000, 250_000])
def test_a_full_disk_publishes_nothing(tmp_path, limit):
    """When the disk refuses a write, the run ends with exit code 5 and CURRENT stays."""
    workspace = Workspace(tmp_path / "w")
    first = publish_night(workspace, FIRST)
    with lock.hold(workspace):
        run_id, arguments = build(workspace, SECOND, orders=3000)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            with pytest.raises(ResourceError, match="nothing was published") as caught:
                publish.publish(workspace, run_id, SECOND, **arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.exit_code == 5
    assert workspace.current.resolve() == first.resolve()
    assert verify(workspace.root).ok
    assert strays(workspace) == []


def test_what_fails_beside_the_verdict_publishes_nothing(tmp_path):
    """A disk that refuses while the night is still judged is told when its work is waited for."""
    workspace = Workspace(tmp_path / "w")
    first = publish_night(workspace, FIRST)
    with lock.hold(workspace), ThreadPoolExecutor(1) as aside:
        run_id, arguments = build(workspace, SECOND)
        gone = tmp_path / "gone.parquet"
        arguments["prepared"] = aside.submit(publish.prepare, workspace, [gone]).result
        with pytest.raises(ResourceError, match=r"gone\.parquet") as caught:
            publish.publish(workspace, run_id, SECOND, **arguments)
    assert caught.value.exit_code == 5
    assert workspace.current.resolve() == first.resolve()
    assert strays(workspace) == []


def test_a_failed_fsync_is_fatal(tmp_path, monkeypatch):
    """An fsync that fails is never tried again and nothing is published."""
    workspace = Workspace(tmp_path / "w")
    first = publish_night(workspace, FIRST)

    def refuse(_descriptor):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(ResourceError, match="Input/output error"):
            publish_night(workspace, SECOND)
    assert workspace.current.resolve() == first.resolve()
    assert verify(workspace.root).ok


def test_a_failed_swap_is_named_and_put_right_by_the_next_start(tmp_path, monkeypatch):
    """When only CURRENT cannot be swapped, the message says so and the next start swaps it."""
    workspace = Workspace(tmp_path / "w")
    first = publish_night(workspace, FIRST)

    def refuse(*_arguments, **_options):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "symlink", refuse)
        with pytest.raises(ResourceError, match="the run is whole"):
            publish_night(workspace, SECOND)
    assert workspace.current.resolve() == first.resolve()
    second = publish_night(workspace, SECOND)
    assert workspace.current.resolve() == second.resolve()
    assert verify(workspace.root).ok


def test_a_write_that_reads_back_differently_is_fatal(tmp_path, monkeypatch):
    """Counts and sums are read back from the file and compared before anything is published."""
    workspace = Workspace(tmp_path / "w")
    real = publish.write_table

    def lossy(frame, table, path):
        real(frame.head(frame.height - 1) if table.name == "links" else frame, table, path)

    monkeypatch.setattr(publish, "write_table", lossy)
    with pytest.raises(ResourceError, match="read back"):
        publish_night(workspace, FIRST)
    assert workspace.published() == []


def test_a_log_left_beside_the_snapshot_stops_the_run(tmp_path, monkeypatch):
    """A file that belongs to no artefact is never published: DuckDB's log, left on a bad disk."""
    workspace = Workspace(tmp_path / "w")
    real = snapshot.build

    def leaves_its_log(path, *place):
        real(path, *place)
        path.with_name("recon.duckdb.wal").touch()

    monkeypatch.setattr(snapshot, "build", leaves_its_log)
    with pytest.raises(ResourceError, match=r"recon\.duckdb\.wal"):
        publish_night(workspace, FIRST)
    assert workspace.published() == []


def test_two_writers_at_once_publish_one_chain(tmp_path):
    """Of two processes that publish at the same time, one works and the other is told to wait."""
    script = (
        "import sys; from datetime import date; from recon.errors import LockedError\n"
        "from recon.store.workspace import Workspace\n"
        "from tests.store.fake_nights import publish_night\n"
        "sys.stdin.readline()\n"
        "try: publish_night(Workspace(sys.argv[1]), date(2026, 3, 2), salt=sys.argv[2])\n"
        "except LockedError as error: sys.exit(error.exit_code)\n"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "w"), salt], stdin=subprocess.PIPE
        )
        for salt in ("one", "two")
    ]
    time.sleep(2)
    for racer in racers:
        racer.stdin.write(b"go\n")
        racer.stdin.flush()
    codes = [racer.wait() for racer in racers]
    for racer in racers:
        racer.stdin.close()
    assert set(codes) <= {0, 75}
    assert 0 in codes
    workspace = Workspace(tmp_path / "w")
    assert len(workspace.published()) == codes.count(0)
    assert verify(workspace.root).ok


def test_readers_see_one_whole_run_while_nights_are_published(tmp_path):
    """A reader that resolves CURRENT once never finds a missing file or a mixed run."""
    workspace = Workspace(tmp_path / "w")
    publish_night(workspace, FIRST)
    stop = threading.Event()
    problems: list[str] = []
    reads = [0]

    def look():
        while not stop.is_set():
            folder = workspace.current.resolve()
            run_id = json.loads((folder / "manifest.json").read_bytes())["run_id"]
            with duckdb.connect(folder / "recon.duckdb", read_only=True) as connection:
                mine = connection.execute("select run_id from disputes_latest").fetchall()
                nights = connection.execute(
                    "select count(*), count(distinct business_date) from runs"
                ).fetchall()
            if set(mine) != {(run_id,)} or nights[0][0] != nights[0][1]:
                problems.append(f"{run_id} {mine} {nights}")
            reads[0] += 1

    reader = threading.Thread(target=look)
    reader.start()
    publish_nights(workspace, 4)
    for number in range(3):
        publish_night(workspace, FIRST, salt=f"late {number}")
    stop.set()
    reader.join()
    assert problems == []
    assert reads[0] > 5


def test_current_is_never_missing_during_a_thousand_swaps(tmp_path):
    """Readers that open through CURRENT during swaps always find one of the two runs."""
    workspace = Workspace(tmp_path / "w")
    folders = publish_nights(workspace, 2)
    names = {folder.name for folder in folders}
    stop = threading.Event()
    seen: set[str] = set()

    def look():
        while not stop.is_set():
            seen.add(json.loads((workspace.current / "manifest.json").read_bytes())["run_id"])

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(1_000):
        workspace.point_current_at(folders[number % 2])
    stop.set()
    reader.join()
    assert seen <= names
