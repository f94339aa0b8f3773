import ast
import json
import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from recon import verify as checker
from recon.commands.verify import command
from recon.core import schema
from recon.errors import UsageError
from recon.store import publish, read, table_file
from recon.store.workspace import Workspace
from tests.store.fake_nights import FIRST, publish_night, publish_nights

FLIPS = 60


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Three nights and a re-run of the first."""
    workspace = Workspace(tmp_path_factory.mktemp("verify") / "w")
    publish_nights(workspace, 3)
    publish_night(workspace, FIRST, salt="late file")
    return workspace.root


@pytest.fixture
def workspace(published, tmp_path):
    """Copy the published nights that a test may harm."""
    shutil.copytree(published, tmp_path / "w", symlinks=True)
    return Workspace(tmp_path / "w")


def test_what_was_published_proves_itself(published):
    """Every run passes every check, superseded ones too, also after the folder has moved."""
    for folder in checker.run_folders(published):
        report = checker.verify(published, folder.name)
        assert report.failures == []
        assert report.checks == [
            "files", "chain", "laws", "conservation by file", "roll-forward", "totals", "run"
        ]  # fmt: skip


def test_all_runs_are_checked_with_one_walk_along_the_chain(published, workspace):
    """`--all` gives one report a run; the chain is checked once, with the first."""
    reports = list(checker.verify_all(published))
    assert [report.ok for report in reports] == [True] * 4
    assert sum("chain" in report.checks for report in reports) == 1
    folder = workspace.published()[2].folder
    (folder / "links.parquet").write_bytes(b"")
    assert [report.ok for report in checker.verify_all(workspace.root)].count(False) == 1


def test_the_checker_shares_no_code_with_the_engine():
    """It imports the errors of recon, DuckDB and the standard library, nothing else."""
    tree = ast.parse(Path(checker.__file__).read_text(encoding="utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
    assert {name for name in imported if name.startswith("recon")} == {"recon.errors"}
    assert not imported & {"polars", "numpy", "numba"}


def test_every_law_is_asked():
    """The queries file is read whole: each heading has a query."""
    queries = checker._queries()
    assert sum(heading.startswith("law: ") for heading in queries) >= 17
    assert all(query.startswith(("select", "with", "create")) for query in queries.values())


def test_one_flipped_bit_anywhere_is_found(workspace):
    """A single changed bit in any file of a run makes verification fail."""
    folder = workspace.resolve("2026-03-03").folder
    chance = random.Random(1)  # noqa: S311 - places to harm, not secrets
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for number in range(FLIPS):
        path = files[number % len(files)]
        whole = path.read_bytes()
        place = chance.randrange(len(whole) * 8)
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << (place % 8)
        path.write_bytes(changed)
        report = checker.verify(workspace.root, folder.name)
        assert not report.ok, f"bit {place} of {path.name}"
        path.write_bytes(whole)
    assert checker.verify(workspace.root, folder.name).ok


def test_a_missing_an_added_and_a_swapped_file_are_named(workspace):
    """A file that is gone, one that was added, and one from another night are each named."""
    folder = workspace.resolve("2026-03-03").folder
    (folder / "links.parquet").rename(workspace.root / "links.parquet")
    (folder / "notes.txt").write_text("added by hand")
    other = workspace.resolve("2026-03-04").folder / "breaks.parquet"
    shutil.copy(other, folder / "breaks.parquet")
    report = checker.verify(workspace.root, folder.name)
    named = {failure.where for failure in report.failures}
    assert named >= {"links.parquet", "notes.txt", "breaks.parquet"}


def test_a_run_taken_out_of_the_chain_is_noticed(workspace):
    """Removing or replacing a published run breaks the chain for every other run."""
    shutil.rmtree(workspace.resolve("2026-03-03").folder)
    report = checker.verify(workspace.root, "2026-03-04")
    assert any(failure.check.startswith("chain") for failure in report.failures)


def test_current_must_name_the_last_run(workspace):
    """CURRENT turned back to an older run is a failure."""
    workspace.point_current_at(workspace.published()[0].folder)
    report = checker.verify(workspace.root)
    assert [failure.check for failure in report.failures] == ["chain: CURRENT"]


def test_garbage_is_reported_and_never_a_crash(workspace):
    """A manifest that is no JSON, an empty one and one that is a list are failures, not crashes."""
    folder = workspace.resolve("2026-03-04").folder
    for text in ("{", "", "[]", "{}"):
        (folder / "manifest.json").write_text(text)
        assert not checker.verify(workspace.root, folder.name).ok


def forge(workspace: Workspace, name: str, change) -> checker.Report:
    """Change a table of the last run and repair all hashes, as a clever forger would; verify."""
    run = workspace.published()[-1]
    table = table_file.table_of(name)
    if name == "transactions":
        path = min((run.folder / name).iterdir())
        frame = table_file.scan_table(path, table).collect()
    else:
        path = run.folder / f"{name}.parquet"
        frame = read.read_table(run.folder, name)
    table_file.write_table(schema.conform(change(frame), table), table, path)
    manifest = {key: value for key, value in run.manifest.items() if key != "self_sha256"}
    facts = table_file.totals(path, table)
    changed = publish._entry(path, path.relative_to(run.folder).as_posix(), *facts)
    others = [entry for entry in manifest["artefacts"] if entry["path"] != changed["path"]]
    manifest["artefacts"] = sorted([*others, changed], key=lambda entry: entry["path"])
    publish.write_manifest(run.folder / "manifest.json", manifest)
    return checker.verify(workspace.root)


def plus_one(column: str):
    """Return a change of one row: a number raised by one."""
    return lambda frame: frame.with_columns(
        pl.when(pl.int_range(pl.len()) == 0)
        .then(pl.col(column) + 1)
        .otherwise(pl.col(column))
        .cast(frame.schema[column])
        .alias(column)
    )


def drop_last(frame):
    """Take the last row away."""
    return frame.head(frame.height - 1)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("transactions", drop_last),
        ("transactions", plus_one("amount_minor")),
        ("transactions", plus_one("fee_minor")),
        ("transactions", plus_one("record_no")),
        ("outcomes", drop_last),
        ("outcomes", plus_one("group_id")),
        ("outcomes", lambda frame: frame.with_columns(opening=pl.lit(value=True))),
        ("outcomes", lambda frame: frame.with_columns(closing=pl.lit(value=False))),
        ("outcomes", lambda frame: frame.with_columns(outcome=pl.lit("MATCHED"))),
        ("groups", drop_last),
        ("groups", plus_one("merchant_minor")),
        ("groups", plus_one("channel_rows")),
        ("links", plus_one("left_txn_id")),
        ("links", plus_one("right_txn_id")),
        ("open_items", drop_last),
        ("open_items", plus_one("amount_minor")),
        ("inputs", plus_one("rows")),
        ("inputs", plus_one("rejected")),
        ("inputs", lambda frame: frame.with_columns(state=pl.lit("HELD"))),
        ("breaks", lambda frame: frame.with_columns(txn_ids=pl.lit([1]))),
        ("runs", drop_last),
        ("runs", plus_one("sequence")),
        ("disputes", lambda frame: frame.with_columns(amount_minor=pl.lit(-1))),
    ],
)
def test_a_forged_row_with_repaired_hashes_is_found(workspace, name, change):
    """Content is checked too: a changed row is found even when every hash was made to fit."""
    report = forge(workspace, name, change)
    assert not report.ok
    assert all(failure.expected != failure.found for failure in report.failures)


def test_an_unknown_run_is_a_usage_error(published, tmp_path):
    """A name that fits no run, and a folder without runs, are refused with the fix."""
    for root, selector in ((published, "2031-01-01"), (tmp_path, None), (published, "2026030")):
        with pytest.raises(UsageError, match="recon runs"):
            checker.verify(root, selector)
    with pytest.raises(UsageError, match="recon runs"):
        list(checker.verify_all(tmp_path))


def test_the_command_exits_4_and_says_what_differs(workspace):
    """A damaged run: exit code 4, expected and found, in words and as JSON; else 0."""
    arguments = ["--workspace", str(workspace.root)]
    good = CliRunner().invoke(command, [*arguments, "--all", "--json"])
    assert good.exit_code == 0
    assert len(json.loads(good.stdout)["runs"]) == 4
    head = json.loads(good.stdout)["head"]
    assert head == workspace.published()[-1].manifest_sha256()
    held = [*arguments, "--expect-head", head]
    assert CliRunner().invoke(command, held).exit_code == 0
    last = workspace.published()[-1].folder
    last.rename(kept := workspace.root / "kept")
    workspace.point_current_at(workspace.published()[-1].folder)
    assert CliRunner().invoke(command, arguments).exit_code == 0  # nothing else shows it
    rolled_back = CliRunner().invoke(command, held)
    assert (rolled_back.exit_code, head in rolled_back.stdout) == (4, True)
    kept.rename(last)
    workspace.point_current_at(last)
    (workspace.current / "summary.json").write_text("{}")
    bad = CliRunner().invoke(command, arguments)
    assert bad.exit_code == 4
    assert "summary.json" in bad.stdout
    assert "expected" in bad.stdout
    told = CliRunner().invoke(command, [*arguments, "--json"])
    assert told.exit_code == 4
    assert json.loads(told.stdout)["runs"][0]["failures"][0]["where"] == "summary.json"
