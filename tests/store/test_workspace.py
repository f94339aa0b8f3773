from datetime import timedelta

import pytest

from recon.errors import ResourceError, UsageError
from recon.store.workspace import Workspace
from tests.store.fake_nights import FIRST, publish_night, publish_nights


def test_a_new_workspace_has_no_runs(tmp_path):
    """An empty folder has no latest run, no previous run, and says how to get one."""
    workspace = Workspace(tmp_path)
    assert workspace.published() == []
    assert workspace.latest() is None
    assert workspace.previous(FIRST) is None
    with pytest.raises(UsageError, match="recon run"):
        workspace.resolve(None)


def test_constructing_a_workspace_touches_nothing(tmp_path):
    """A reading command must not create folders."""
    Workspace(tmp_path / "absent").published()
    assert not (tmp_path / "absent").exists()


def test_a_path_with_wildcards_is_refused(tmp_path):
    """A folder whose name DuckDB would expand is refused with the reason."""
    with pytest.raises(UsageError, match="wildcard"):
        Workspace(tmp_path / "night[1]")


def test_previous_is_the_newest_run_of_the_night_before(tmp_path):
    """After a re-run of night one, night two continues from the re-run."""
    workspace = Workspace(tmp_path / "w")
    publish_nights(workspace, 2)
    again = publish_night(workspace, FIRST, salt="late file")
    second = FIRST + timedelta(days=1)
    assert workspace.previous(FIRST) is None
    before = workspace.previous(second)
    assert before is not None
    assert before.folder == again
    assert workspace.current.resolve() == again.resolve()
    assert [run.sequence for run in workspace.published()] == [1, 2, 3]
    assert before.manifest["supersedes"] == workspace.published()[0].run_id


def test_runs_are_found_by_date_id_and_beginning(tmp_path):
    """A person may name a run by its date, its id or an unambiguous beginning."""
    workspace = Workspace(tmp_path / "w")
    publish_nights(workspace, 2)
    again = publish_night(workspace, FIRST, salt="late file")
    first = workspace.published()[0]
    assert workspace.resolve(FIRST.isoformat()).folder == again
    assert workspace.resolve(first.run_id).run_id == first.run_id
    assert workspace.resolve("20260303").sequence == 2
    for selector in ("20260302", "x"):
        with pytest.raises(UsageError, match="recon runs"):
            workspace.resolve(selector)


def test_a_damaged_manifest_is_named(tmp_path):
    """A manifest that cannot be read stops everything and is named, never skipped."""
    workspace = Workspace(tmp_path / "w")
    folder = publish_night(workspace, FIRST)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(ResourceError, match="manifest"):
        workspace.latest()


def test_a_run_published_by_another_process_is_seen(tmp_path):
    """What was read once is kept, and what is new is still found; what is gone is gone."""
    mine, other = Workspace(tmp_path / "w"), Workspace(tmp_path / "w")
    publish_nights(other, 1)
    assert len(mine.published()) == 1
    second = publish_nights(other, 2)[1]
    assert len(mine.published()) == 2
    second.rename(tmp_path / "gone")
    assert len(mine.published()) == 1
