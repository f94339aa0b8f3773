"""The independent checker of published runs: does a run prove itself.

It shares no code with the engine. It reads the files as published, with the standard library and
DuckDB only, recomputes what the manifest and the certificate state, and lists every difference.

1. Files: the manifest is canonical and carries its own digest; every artefact has the stated
   SHA-256 and size; nothing is missing and nothing was added.
2. Chain: every manifest repeats the SHA-256 of the one published before it; CURRENT is the last.
3. Content, only when the files are sound, in a DuckDB instance that is thrown away: each row has
   exactly one outcome, rows and money are conserved per file and roll forward from night to night,
   links, groups, breaks and disputes refer to rows that exist, group sums are right.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from recon.errors import UsageError

CHUNK = 1 << 20
SHOWN = 5  # examples in one finding
LONGEST = 400  # characters of a value in a finding
UNLISTED = {"manifest.json", "recon.duckdb", "recon.duckdb.sha256"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is not as it must be."""

    check: str
    where: str
    expected: str
    found: str


@dataclass(slots=True)
class Report:
    """What was checked of one run, and everything that failed."""

    run_id: str
    folder: str
    checks: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Return whether the run proves itself."""
        return not self.failures

    def compare_each(
        self, check: str, where: str, *, expected: dict[Any, Any], found: dict[Any, Any]
    ) -> None:
        """Record a failure for each key on which two mappings differ: the first few, a count."""
        keys = [key for key in {**expected, **found} if expected.get(key) != found.get(key)]
        for key in keys[:SHOWN]:
            self.compare(check, f"{where} {key}", expected=expected.get(key), found=found.get(key))
        if len(keys) > SHOWN:
            self.compare(check, where, expected="no difference", found=f"{len(keys)} differences")

    def compare(self, check: str, where: str, *, expected: object, found: object) -> None:
        """Record a failure unless the two are equal."""
        if expected != found:
            self.failures.append(Failure(check, where, _short(expected), _short(found)))


def verify(workspace: Path, selector: str | None = None) -> Report:
    """Check one run: the one CURRENT names, or that of a run id, its beginning, or a date.

    Raises:
        UsageError: there is no such run.
    """
    root = workspace.resolve()
    return _verify(root, _choose(root, selector), with_chain=True)


def verify_all(workspace: Path) -> Iterator[Report]:
    """Check every published run, one report each; the chain of all is checked with the first.

    Raises:
        UsageError: nothing is published.
    """
    root = workspace.resolve()
    folders = run_folders(root) or [_choose(root, None)]  # the latter refuses an empty workspace
    for number, folder in enumerate(folders):
        yield _verify(root, folder, with_chain=number == 0)


def _verify(root: Path, folder: Path, *, with_chain: bool) -> Report:
    report = Report(folder.name, str(folder))
    manifest = _files(report, folder)
    if with_chain:
        _chain(report, root, folder)
    if report.ok and manifest is not None:
        _content(report, root, folder, manifest)
    return report


def run_folders(root: Path) -> list[Path]:
    """Return the folder of every published run, in the order of their paths."""
    return sorted(path.parent for path in (root / "runs").glob("[0-9]*/*/manifest.json"))


# --- which run ----------------------------------------------------------------------------------


def _choose(root: Path, selector: str | None) -> Path:
    """Return the folder of the one run that a selector means: id, beginning of an id, or date."""
    if selector is None:
        current = (root / "CURRENT").resolve()
        fits = [current] if current.is_dir() and current.parent.name != "_schema" else []
    else:
        every = sorted((root / "runs").glob("[0-9]*/*"), key=_sequence)
        fits = [path for path in every if path.parent.name == selector][-1:]
        fits = fits or [path for path in every if path.name.startswith(selector)]
        fits = [path for path in fits if path.name == selector] or fits
    if len(fits) != 1:
        wanted = f"a published run named {selector!r}" if selector else "a run named by CURRENT"
        raise UsageError(
            f"expected {wanted}, found {len(fits)}",
            where=str(root),
            fix="`recon runs` lists every run; --workspace names the folder that holds them",
        )
    return fits[0]


def _sequence(folder: Path) -> int:
    """Return the place of a run in the order of publication, 0 when its manifest is unreadable."""
    manifest = _json(folder / "manifest.json")
    place = manifest.get("sequence") if manifest else 0
    return place if isinstance(place, int) else 0


# --- files --------------------------------------------------------------------------------------


def _files(report: Report, folder: Path) -> Json | None:
    """Check every byte of the run's folder; return the manifest when it can be trusted."""
    report.checks.append("files")
    manifest = _manifest(report, folder / "manifest.json")
    if manifest is None:
        return None
    report.compare("run id", str(folder), expected=folder.name, found=manifest.get("run_id"))
    night = folder.parent.name
    report.compare(
        "business date", str(folder), expected=night, found=manifest.get("business_date")
    )
    listed = {str(entry.get("path")): entry for entry in manifest.get("artefacts", [])}
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if _is_file(path)}
    for name in sorted(set(listed) - present):
        report.compare("artefact", name, expected="the file as published", found="no file")
    for name in sorted(present - set(listed) - UNLISTED):
        report.compare("artefact", name, expected="no file of this name", found="a file")
    for name in sorted(set(listed) & present):
        entry, path = listed[name], folder / name
        report.compare("size", name, expected=entry.get("bytes"), found=path.stat().st_size)
        report.compare("sha256", name, expected=entry.get("sha256"), found=_sha256(path))
    _snapshot(report, folder)
    return manifest


def _is_file(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()


def _manifest(report: Report, path: Path) -> Json | None:
    """Return the manifest, after checking that its text and its own digest are as written."""
    manifest = _json(path)
    if manifest is None:
        report.compare("manifest", str(path), expected="a JSON object", found="something else")
        return None
    rest = {name: value for name, value in manifest.items() if name != "self_sha256"}
    digest = hashlib.sha256(_canonical(rest)).hexdigest()
    report.compare("manifest", str(path), expected=manifest.get("self_sha256"), found=digest)
    same = path.read_bytes() == _canonical(manifest)
    report.compare("manifest text", str(path), expected=True, found=same)
    return manifest


def _snapshot(report: Report, folder: Path) -> None:
    """Check the DuckDB file against the digest beside it (its bytes are outside the manifest)."""
    stated, path = folder / "recon.duckdb.sha256", folder / "recon.duckdb"
    if not (stated.is_file() and path.is_file()):
        found = "one of the two is missing"
        report.compare("snapshot", path.name, expected="recon.duckdb and its digest", found=found)
        return
    expected = f"{_sha256(path)}  recon.duckdb\n".encode()
    report.compare("snapshot", path.name, expected=expected, found=stated.read_bytes())


# --- chain --------------------------------------------------------------------------------------


def _chain(report: Report, root: Path, folder: Path) -> None:
    """Check that the manifests form one unbroken chain that ends at CURRENT and holds the run."""
    report.checks.append("chain")
    folders = sorted(run_folders(root), key=_sequence)
    before: str | None = None
    for position, link in enumerate(folders, start=1):
        manifest = _json(link / "manifest.json") or {}
        report.compare("chain: place", str(link), expected=position, found=manifest.get("sequence"))
        report.compare(
            "chain: digest of the manifest before",
            str(link),
            expected=before,
            found=manifest.get("previous_manifest_sha256"),
        )
        before = _sha256(link / "manifest.json")
    report.compare("chain: holds the run", str(folder), expected=True, found=folder in folders)
    if folders:
        current = (root / "CURRENT").resolve()
        last = folders[-1].resolve()
        report.compare("chain: CURRENT", str(root), expected=str(last), found=str(current))


# --- content ------------------------------------------------------------------------------------


def _content(report: Report, root: Path, folder: Path, manifest: Json) -> None:
    """Check what the tables say, in a DuckDB instance of its own."""
    previous = _previous(report, root, manifest)
    if not report.ok:
        return
    try:
        with _instance() as connection:
            _load(connection, folder, previous)
            for name, check in CHECKS.items():
                report.checks.append(name)
                check(report, connection, folder, manifest)
    except duckdb.Error as error:
        found = str(error).splitlines()[0]
        report.compare("tables", str(folder), expected="tables that DuckDB can read", found=found)


@contextmanager
def _instance() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a private DuckDB whose spill folder is removed afterwards."""
    spill = tempfile.mkdtemp(prefix="recon-verify-")
    settings = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    try:
        with duckdb.connect(config=dict(settings)) as connection:
            connection.execute(f"set temp_directory = {_text(spill)}")
            yield connection
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _previous(report: Report, root: Path, manifest: Json) -> Path | None:
    """Return last night's open items, after checking their bytes against last night's manifest."""
    name = manifest.get("previous_run_id")
    if not name:
        return None
    nights = sorted((root / "runs").glob("[0-9]*"))
    own = Path(str(name)).name  # a name, never a path that leads elsewhere
    found = [night / own for night in nights if (night / own).is_dir()]
    report.compare("previous run", str(name), expected=1, found=len(found))
    if len(found) != 1:
        return None
    path = found[0] / "open_items.parquet"
    stated = _json(found[0] / "manifest.json") or {}
    entries = {str(entry.get("path")): entry.get("sha256") for entry in stated.get("artefacts", [])}
    report.compare(
        "sha256 of the previous run's open items",
        str(path),
        expected=entries.get(path.name),
        found=_sha256(path) if path.is_file() else "no file",
    )
    return path


SIMPLE_TABLES = (
    "inputs", "rejects", "links", "groups", "outcomes", "breaks", "disputes", "open_items", "runs"
)  # fmt: skip


def _load(connection: duckdb.DuckDBPyConnection, folder: Path, previous: Path | None) -> None:
    """Make a view of each published table, and of what the run before left open."""
    for name in SIMPLE_TABLES:
        source = _text(str(folder / f"{name}.parquet"))
        connection.execute(f"create view {name} as from read_parquet({source})")
    told = folder / "balances.parquet"  # nights of before have none
    accounts = f"from read_parquet({_text(str(told))})"
    none = _queries()["query: no balances"]
    connection.execute(f"create view balances as {accounts if told.exists() else none}")
    parts = ", ".join(_text(str(path)) for path in sorted((folder / "transactions").iterdir()))
    connection.execute(
        f"create view transactions as from read_parquet([{parts}], union_by_name = true)"
    )
    opening = f"read_parquet({_text(str(previous))})" if previous else "open_items where false"
    connection.execute(f"create view opening_items as from {opening}")
    connection.execute(_queries()["query: placed"])


def _queries() -> dict[str, str]:
    """Return the queries of `verify.sql` by their heading."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    blocks = (block.split("\n", 1) for block in script.split("\n\n-- ")[1:])
    return {heading: query.strip().rstrip(";") for heading, query in blocks}


def _laws(
    report: Report, connection: duckdb.DuckDBPyConnection, folder: Path, _manifest: Json
) -> None:
    """Ask each law for its exceptions; the answer must be empty."""
    for heading, query in _queries().items():
        kind, _, name = heading.partition(": ")
        if kind != "law":
            continue
        rows = connection.execute(f"{query}\nlimit {SHOWN}").fetchall()
        if rows:
            found = f"exceptions, for instance {rows}"
            report.failures.append(Failure(name, str(folder), "no exception", found))


def _files_balance(
    report: Report, connection: duckdb.DuckDBPyConnection, folder: Path, _manifest: Json
) -> None:
    """Compare the certificate, `inputs` and the tables, file by file and currency by currency."""
    certificate = _json(folder / "certificate.json") or {}
    where = "certificate.json"
    report.compare("certificate", where, expected=True, found=certificate.get("balanced"))
    report.compare("certificate", where, expected=[], found=certificate.get("failures"))
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    rows_of: dict[tuple[str, str], int] = {}
    for source, file_id, currency, outcome, rows, *sums in connection.execute(
        _queries()["query: outcomes by file"]
    ).fetchall():
        found[source, file_id, currency, outcome] = tuple(str(part) for part in (rows, *sums))
        rows_of[source, file_id] = rows_of.get((source, file_id), 0) + rows
    report.compare_each(
        "certificate: rows and money by file, currency and outcome",
        where,
        expected=_stated_outcomes(certificate),
        found=found,
    )
    heads = {}
    inputs = connection.execute(_queries()["query: inputs"]).fetchall()
    for source, file_id, sha256, state, rows, rejected, refused in inputs:
        name = f"{source} {file_id}"
        heads[source, file_id] = (sha256, state, rows, rejected)
        report.compare(
            "rows of a file", name, expected=rows, found=rows_of.pop((source, file_id), 0)
        )
        report.compare("rejects of a file", name, expected=rejected, found=refused)
    report.compare_each("files that no input accepts", where, expected={}, found=rows_of)
    stated = {
        (file["source"], file["file_id"]): (
            file["sha256"], file["state"], file["rows"], file["rejected"]
        )
        for file in certificate.get("files", [])
    }  # fmt: skip
    report.compare_each("certificate: files", where, expected=stated, found=heads)
    names = ("source", "path", "sha256", "state", "rows", "rejected")
    rows = connection.execute(_queries()["query: set aside"]).fetchall()
    aside = [dict(zip(names, row, strict=True)) for row in rows]
    report.compare(
        "certificate: files set aside",
        where,
        expected=certificate.get("set_aside"),
        found=aside,
    )


def _stated_outcomes(certificate: Json) -> dict[tuple[str, ...], tuple[str, ...]]:
    units = ("rows", "amount_unknown", "amount_minor", "fee_minor")
    return {
        (file["source"], file["file_id"], part["currency"], outcome): tuple(
            str(figures[unit]) for unit in units
        )
        for file in certificate.get("files", [])
        for part in file["currencies"]
        for outcome, figures in part["outcomes"].items()
    }


STAGES = ("opening", "new", "closed", "closing")


def _roll_forward(
    report: Report, connection: duckdb.DuckDBPyConnection, folder: Path, _manifest: Json
) -> None:
    """Recompute opening + new - closed = closing and compare it with the certificate."""
    certificate = _json(folder / "certificate.json") or {}
    found: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for side, currency, stage, rows, amount in connection.execute(
        _queries()["query: roll-forward"]
    ).fetchall():
        found.setdefault((side, currency), dict.fromkeys(STAGES, (0, 0)))[stage] = (rows, amount)
    for (side, currency), sums in found.items():
        for unit, name in enumerate(("rows", "money")):
            left = sums["opening"][unit] + sums["new"][unit] - sums["closed"][unit]
            where = f"{side} {currency}"
            report.compare(
                f"roll-forward in {name}", where, expected=left, found=sums["closing"][unit]
            )
    stated = {
        (row["side"], row["currency"]): {
            stage: (row[stage]["rows"], int(row[stage]["amount_minor"])) for stage in STAGES
        }
        for row in certificate.get("roll_forward", [])
    }
    report.compare_each(
        "certificate: roll-forward", "certificate.json", expected=stated, found=found
    )


def _totals(
    report: Report, connection: duckdb.DuckDBPyConnection, folder: Path, manifest: Json
) -> None:
    """Recompute the row count and per-currency sums that the manifest states of each table."""
    for entry in manifest["artefacts"]:
        name = str(entry["path"])
        if not name.endswith(".parquet"):
            continue
        source = str(folder / name)
        counting = "select count(*) from read_parquet(?)"
        count = connection.execute(counting, [source]).fetchall()[0][0]
        report.compare("rows", name, expected=entry["rows"], found=count)
        for currency, sums in entry["totals"].items():
            columns = ", ".join(f"coalesce(sum({_name(column)}), 0)" for column in sums)
            query = f"select {columns} from read_parquet(?) where coalesce(currency, '') = ?"  # noqa: S608 - names are quoted
            row = connection.execute(query, [source, currency]).fetchall()[0]
            where = f"{name} {currency}"
            found = {column: str(int(value)) for column, value in zip(sums, row, strict=True)}
            report.compare("totals", where, expected=sums, found=found)


def _run_row(
    report: Report, connection: duckdb.DuckDBPyConnection, _folder: Path, manifest: Json
) -> None:
    """Check that the run's own row says what the manifest says."""
    query = "select run_id, cast(business_date as varchar), sequence, supersedes from runs"
    names = ("run_id", "business_date", "sequence", "supersedes")
    expected = [tuple(manifest.get(name) for name in names)]
    found = connection.execute(query).fetchall()
    report.compare("the run's own row", "runs.parquet", expected=expected, found=found)


Check = Callable[[Report, duckdb.DuckDBPyConnection, Path, Json], None]
CHECKS: dict[str, Check] = {
    "laws": _laws,
    "conservation by file": _files_balance,
    "roll-forward": _roll_forward,
    "totals": _totals,
    "run": _run_row,
}


# --- small things -------------------------------------------------------------------------------


def _json(path: Path) -> Json | None:
    """Return the JSON object in a file, or None when there is none."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _canonical(document: Json) -> bytes:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=2)
    return (text + "\n").encode()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
