import os
import signal
import subprocess
import sys
import time

import pytest

from recon.errors import LockedError, ResourceError
from recon.store import lock
from recon.store.workspace import Workspace

HOLDER = """
import sys, time
from recon.store import lock
from recon.store.workspace import Workspace
with lock.hold(Workspace(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the workspace."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_writer_is_told_who_holds_it_at_once(tmp_path, holder):
    """The second writer gets exit code 75 and the holder's process id in well under two seconds."""
    started = time.monotonic()
    with (
        pytest.raises(LockedError, match=str(holder.pid)) as caught,
        lock.hold(Workspace(tmp_path)),
    ):
        pass
    assert time.monotonic() - started < 1
    assert caught.value.exit_code == 75


def test_a_killed_holder_frees_the_workspace(tmp_path, holder):
    """After kill -9 of the holder the next writer starts at once, and clears its work area."""
    workspace = Workspace(tmp_path)
    left = workspace.work / "dead" / "half"
    left.mkdir(parents=True)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with lock.hold(workspace):
        assert list(workspace.work.iterdir()) == []


def test_a_refused_writer_does_not_clear_the_work_area(tmp_path, holder):
    """The work area of a live run is never touched."""
    left = Workspace(tmp_path).work / "alive"
    left.mkdir()
    with pytest.raises(LockedError), lock.hold(Workspace(tmp_path)):
        pass
    assert holder.poll() is None
    assert left.exists()


def test_a_stale_process_id_does_not_matter(tmp_path):
    """A number left in the lock file locks nothing: the kernel's lock does."""
    workspace = Workspace(tmp_path)
    workspace.prepare()
    workspace.lock_file.write_text("1\n")
    with lock.hold(workspace):
        assert workspace.lock_file.read_text() == f"{os.getpid()}\n"


def test_everything_made_is_private(tmp_path):
    """Folders are 0700 and files made under the lock 0600, whatever the umask was."""
    before = os.umask(0o000)
    try:
        workspace = Workspace(tmp_path / "w")
        with lock.hold(workspace):
            (workspace.work / "file").touch()
            assert (workspace.work / "file").stat().st_mode & 0o777 == 0o600
        assert os.umask(0o000) == 0o000
    finally:
        os.umask(before)
    for folder in (workspace.root, workspace.staging, workspace.work, workspace.runs):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert workspace.lock_file.stat().st_mode & 0o777 == 0o600


def test_a_workspace_that_cannot_be_made_is_a_resource_error(tmp_path):
    """A file where the folder should be is reported with the fix, before any work."""
    (tmp_path / "w").write_text("a file")
    with pytest.raises(ResourceError, match="fix:"), lock.hold(Workspace(tmp_path / "w")):
        pass
