import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from recon import cli
from recon.commands.attempt import recorded, watched
from recon.errors import InputError, LockedError
from recon.store import results
from recon.store.workspace import Workspace
from tests.night_world import NightWorld

NIGHT = date(2026, 3, 2)
START = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
END = datetime(2026, 3, 3, 2, 1, tzinfo=UTC)
SUMMARY = {
    "run_id": "20260302-abc",
    "inputs": [
        {"source": "shop", "rows": 5, "rejected": 1, "state": "ACCEPTED"},
        {"source": "shop", "rows": 7, "rejected": None, "state": "ACCEPTED"},
        {"source": 'b"ank\n', "rows": None, "rejected": 0, "state": "MISSING"},
    ],
    "roll_forward": {"opening": 1, "new": 12, "closed": 9, "closing": 4},
    "breaks": [
        {"code": "AMOUNT_MISMATCH", "status": "NEW", "currency": "CNY", "count": 2,
         "amount_minor": 2**70},
    ],
    "disputes": [],
}  # fmt: skip


@dataclass
class Finished:
    """A night as the pipeline returns it."""

    folder: Path = Path("runs/2026-03-02/20260302-abc")
    repeated: bool = False
    summary: dict[str, Any] = field(default_factory=lambda: SUMMARY)
    seconds: dict[str, float] = field(default_factory=lambda: {"load": 1.23456})


def document(**changes):
    """Return the results of a published night."""
    attempt = results.Attempt("pos", NIGHT, START)
    attempt.done(Finished(**changes), 10)
    return attempt.document(END)


def test_a_published_night_is_told_whole():
    """Status, exit code, run, folder, times and the summary are in the results."""
    told = document()
    assert told["status"] == "published"
    assert told["exit_code"] == 10
    assert told["run_id"] == "20260302-abc"
    assert told["seconds"] == {"load": 1.235}
    assert told["error"] is None
    assert document(repeated=True)["status"] == "repeated"


def test_metrics_follow_the_text_format():
    """Each metric has help, type and one line a label set; labels are escaped; money is exact."""
    lines = list(results.metric_lines(document()))
    assert 'recon_run_success{name="pos"} 1' in lines
    assert 'recon_rows_loaded{name="pos",source="shop"} 12' in lines
    assert 'recon_rows_loaded{name="pos",source="b\\"ank\\n"} 0' in lines
    assert 'recon_inputs{name="pos",state="MISSING"} 1' in lines
    money = 'recon_breaks_amount_minor{name="pos",code="AMOUNT_MISMATCH",status="NEW",'
    assert f'{money}currency="CNY"}} {2**70}' in lines
    helped = [line.split()[2] for line in lines if line.startswith("# HELP")]
    assert len(helped) == len(set(helped))
    assert not [line for line in lines if "\n" in line]


def refuse(attempt):
    """Fail in the stage `load`."""
    watched(attempt, lambda _stage: None)("load")
    raise InputError("found 3 rows", where="a.csv", fix="ask again", code="FILE_TOTAL")


def test_a_refused_night_leaves_results_and_metrics(tmp_path):
    """When the night fails, its stage, problem, place and fix are written, and success is 0."""
    metrics = tmp_path / "recon.prom"
    with pytest.raises(InputError), recorded(tmp_path, "pos", NIGHT, metrics=metrics) as attempt:
        refuse(attempt)
    told = json.loads((tmp_path / "run_results.json").read_text(encoding="utf-8"))
    assert told["status"] == "failed"
    assert told["exit_code"] == 4
    assert told["failed_stage"] == "load"
    assert told["error"] == {
        "kind": "InputError", "problem": "found 3 rows", "where": "a.csv", "fix": "ask again"
    }  # fmt: skip
    assert 'recon_run_success{name="pos"} 0' in metrics.read_text()
    assert (tmp_path / "run_results.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("error", "exit_code"), [(ZeroDivisionError, 1), (MemoryError, 5), (OSError, 5)]
)
def test_a_crash_is_recorded_and_still_crashes(tmp_path, error, exit_code):
    """The results hold the exit code of the command, and nothing is swallowed."""
    with pytest.raises(error), recorded(tmp_path, "pos", NIGHT):
        raise error
    told = json.loads((tmp_path / "run_results.json").read_text(encoding="utf-8"))
    assert told["exit_code"] == exit_code
    assert told["error"]["kind"] == error.__name__


def test_a_night_that_the_system_ends_leaves_its_results(tmp_path):
    """SIGTERM ends the process as it would, after a line in the results; the reader may leave."""
    code = (
        "import os, signal, sys\nfrom datetime import date\nfrom pathlib import Path\n"
        "from recon.commands.attempt import recorded, told\n"
        "with told():\n    raise BrokenPipeError\n"
        "print('unheard', flush=True)\n"
        "with recorded(Path(sys.argv[1]), 'pos', date(2026, 3, 2)):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (-signal.SIGTERM, "")
    told = json.loads((tmp_path / "run_results.json").read_text(encoding="utf-8"))
    assert (told["status"], told["exit_code"]) == ("failed", 128 + signal.SIGTERM)


def test_a_locked_workspace_keeps_the_results_of_its_holder(tmp_path):
    """A run that found the workspace locked writes nothing into it."""
    with pytest.raises(LockedError), recorded(tmp_path, "pos", NIGHT):
        raise LockedError("held")
    assert list(tmp_path.iterdir()) == []


def test_results_that_cannot_be_written_do_not_hide_the_night(tmp_path, capsys):
    """A folder that is gone is a line in the log; the night itself stands."""
    with recorded(tmp_path, "pos", NIGHT, metrics=tmp_path / "absent" / "m.prom") as attempt:
        attempt.done(Finished(), 0)
    events = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert events == ["results not written", "published"]


def test_an_interrupt_ends_with_its_code_and_is_recorded(tmp_path, monkeypatch, capsys):
    """Ctrl-C in the middle of a stage: 130, results with the stage and the fix, no run."""
    world = NightWorld(tmp_path)
    world.day("2026-11-09", orders=["A1 10.00"], psp=["A1 10.00"])

    def struck(*_arguments, **_options):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("recon.pipeline.match", struck)
    monkeypatch.setattr("sys.argv", ["recon", "run", str(world.config), "--date", "2026-11-09"])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        with pytest.raises(SystemExit) as ended:
            cli.main()
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.value.code == results.INTERRUPTED
    assert "interrupted" in capsys.readouterr().err
    told = json.loads((tmp_path / "workspace" / "run_results.json").read_text("utf-8"))
    assert (told["status"], told["exit_code"], told["failed_stage"]) == ("failed", 130, "match")
    assert told["error"]["fix"].startswith("run again")
    assert Workspace(tmp_path / "workspace").published() == []
    monkeypatch.undo()
    world.run("2026-11-09")
    assert [path.name for path in (tmp_path / "workspace" / "work").iterdir()] == []
