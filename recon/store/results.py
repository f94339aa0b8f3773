"""What an attempt at a night came to, for the operator: `run_results.json` and metrics.

Written for failed attempts too, outside the published runs: it holds clock times and durations,
which no published file may. The clock itself is read by the command; here times are arguments.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Protocol

from recon.errors import ReconError, ResourceError

SCHEMA_VERSION = 1
CRASHED = 1
INTERRUPTED = 130  # 128 + SIGINT, as shells tell it
Labels = Mapping[str, object]


class Outcome(Protocol):
    """What a finished night says about itself; `recon.pipeline.Result` is one."""

    @property
    def folder(self) -> Path:
        """Return the published folder."""
        ...

    @property
    def repeated(self) -> bool:
        """Return whether the night was finished before."""
        ...

    @property
    def summary(self) -> Mapping[str, Any]:
        """Return the published summary."""
        ...

    @property
    def seconds(self) -> Mapping[str, float]:
        """Return seconds by stage."""
        ...


@dataclass(slots=True)
class Attempt:
    """One attempt at one night, filled in as it goes on."""

    name: str
    business_date: date
    started_at: datetime  # UTC
    stage: str | None = None  # the stage that runs now, or that failed
    exit_code: int = 0
    result: Outcome | None = None
    error: BaseException | None = None

    def done(self, result: Outcome, exit_code: int) -> None:
        """Note what the night came to, and the exit code of the command."""
        self.result = result
        self.exit_code = exit_code

    def document(self, ended_at: datetime) -> dict[str, Any]:
        """Return `run_results.json` as plain data."""
        done = self.result
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "business_date": self.business_date.isoformat(),
            "status": self._status(),
            "exit_code": self._exit_code(),
            "run_id": done.summary["run_id"] if done else None,
            "folder": str(done.folder) if done else None,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "ended_at": ended_at.isoformat(timespec="seconds"),
            "seconds": {
                stage: round(took, 3) for stage, took in (done.seconds if done else {}).items()
            },
            "failed_stage": self.stage if self.error else None,
            "error": _told(self.error) if self.error else None,
            "summary": done.summary if done else None,
        }

    def _status(self) -> str:
        if self.error is not None:
            return "failed"
        return "repeated" if self.result and self.result.repeated else "published"

    def _exit_code(self) -> int:
        match self.error:
            case None:
                return self.exit_code
            case ReconError() as named:
                return named.exit_code
            case KeyboardInterrupt():
                return INTERRUPTED
            case SystemExit(code=int(code)):
                return code
            case MemoryError() | OSError():
                return ResourceError.exit_code
            case _:
                return CRASHED


def write_results(path: Path, document: Mapping[str, Any]) -> None:
    """Write `run_results.json`, readable by its owner only as all of the workspace."""
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    _write_whole(path, text, mode=0o600)


def write_metrics(path: Path, document: Mapping[str, Any]) -> None:
    """Write a Prometheus text file, for the node exporter's textfile collector."""
    text = "".join(f"{line}\n" for line in metric_lines(document))
    _write_whole(path, text, mode=0o644)


def _write_whole(path: Path, text: str, *, mode: int) -> None:
    """Write a small file so that a reader sees the old or the new one, never a part."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.touch(mode=mode)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def metric_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the Prometheus text format for one attempt.

    Money is in minor units of the label `currency`. A failed attempt has the first four only.
    """
    own = {"name": document["name"]}
    night = datetime.combine(date.fromisoformat(document["business_date"]), time(), UTC)
    ended = datetime.fromisoformat(document["ended_at"])
    worked = int(document["status"] != "failed")
    yield from _metric("run_success", "1 when the last attempt published", [(own, worked)])
    yield from _metric("run_exit_code", "exit code", [(own, document["exit_code"])])
    yield from _metric(
        "run_timestamp_seconds", "when the last attempt ended", [(own, int(ended.timestamp()))]
    )
    yield from _metric(
        "run_business_date_seconds", "the night, as UTC midnight", [(own, int(night.timestamp()))]
    )
    summary = document["summary"]
    if summary is not None:
        stages = [({**own, "stage": stage}, took) for stage, took in document["seconds"].items()]
        yield from _metric("stage_duration_seconds", "time by stage", stages)
        yield from _night_metrics(own, summary)


def _night_metrics(own: Labels, summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield the metrics of a finished night: rows, files, the roll-forward, breaks and disputes."""
    inputs = summary["inputs"]
    for name, column, meaning in (
        ("rows_loaded", "rows", "rows accepted"),
        ("rows_rejected", "rejected", "rows refused"),
    ):
        sums: dict[str, int] = {}
        for row in inputs:
            sums[row["source"]] = sums.get(row["source"], 0) + (row[column] or 0)
        values = [({**own, "source": source}, count) for source, count in sums.items()]
        yield from _metric(name, f"{meaning}, by source", values)
    states: dict[str, int] = {}
    for row in inputs:
        states[row["state"]] = states.get(row["state"], 0) + 1
    counted = [({**own, "state": state}, count) for state, count in sorted(states.items())]
    yield from _metric("inputs", "input files, by state", counted)
    moved = [({**own, "stage": stage}, rows) for stage, rows in summary["roll_forward"].items()]
    yield from _metric("rows", "rows carried in, new, closed and carried out", moved)
    for name in ("breaks", "disputes"):
        facts = [
            ({**own, **{key: row[key] for key in ("code", "status", "currency")}}, row)
            for row in summary[name]
        ]
        counts = [(labels, row["count"]) for labels, row in facts]
        money = [(labels, row["amount_minor"]) for labels, row in facts]
        yield from _metric(name, f"{name} by code, status and currency", counts)
        yield from _metric(f"{name}_amount_minor", f"money in {name}, minor units", money)


def _metric(name: str, meaning: str, values: Iterable[tuple[Labels, object]]) -> Iterator[str]:
    yield f"# HELP recon_{name} {meaning}"
    yield f"# TYPE recon_{name} gauge"
    for labels, value in values:
        pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"recon_{name}{{{pairs}}} {value}"


def _escaped(value: object) -> str:
    text = "" if value is None else str(value)
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _told(error: BaseException) -> dict[str, str]:
    """Return what is known of an error; a crash is named by its type and message."""
    if isinstance(error, ReconError):
        return {
            "kind": type(error).__name__,
            "problem": error.problem,
            "where": error.where,
            "fix": error.fix,
        }
    problem, fix = str(error), "this is a bug: report it with the traceback"
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        problem, fix = "ended by a signal", "run again; nothing of this attempt was published"
    return {"kind": type(error).__name__, "problem": problem, "where": "", "fix": fix}
