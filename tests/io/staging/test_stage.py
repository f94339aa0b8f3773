from __future__ import annotations

import errno
import gzip
import hashlib
import os
import resource
import signal
import stat
from datetime import date
from pathlib import Path

import pytest

from recon.errors import InputError, ResourceError
from recon.io.staging import stage as module
from recon.io.staging import unpack
from recon.io.staging.stage import make_durable, stage, verify

NIGHT = date(2026, 3, 4)
TEXT = b"order,amount\nA1,12.50\n" * 200


@pytest.fixture
def deliver(tmp_path):
    """Return a function that writes an input and stages it."""

    def run(content, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return stage(path, tmp_path / "staging", NIGHT)

    return run


def test_copy_is_private_named_by_content_and_whole(deliver, tmp_path):
    """The staged copy is the same bytes under their SHA-256, closed to others and read-only."""
    previous = os.umask(0)
    try:
        staged = deliver(TEXT)
    finally:
        os.umask(previous)
    assert staged.path.read_bytes() == TEXT
    assert staged.path.name == staged.sha256 == hashlib.sha256(TEXT).hexdigest()
    assert (staged.name, staged.size, staged.business_date) == ("a.csv", len(TEXT), NIGHT)
    assert stat.S_IMODE(staged.path.stat().st_mode) == 0o400
    assert stat.S_IMODE((tmp_path / "staging").stat().st_mode) == 0o700
    assert verify(staged)
    assert [path.name for path in (tmp_path / "staging").iterdir()] == [staged.sha256]


def test_same_content_is_staged_once_and_a_damaged_copy_is_replaced(deliver):
    """An existing copy is verified before it is reused."""
    first = deliver(TEXT)
    inode = first.path.stat().st_ino
    assert deliver(TEXT, "b.csv").path == first.path
    assert first.path.stat().st_ino == inode
    first.path.chmod(0o600)
    first.path.write_bytes(TEXT[:-1] + b"X")
    assert not verify(first)
    assert deliver(TEXT).path.read_bytes() == TEXT


def test_an_input_at_rest_is_copied_once_by_a_run(deliver, tmp_path, monkeypatch):
    """Asking again for an untouched input costs nothing; touching either file copies it again."""
    monkeypatch.setattr(module, "_AT_REST_NS", -1)
    staged = deliver(TEXT)
    copies = []
    monkeypatch.setattr(module, "_copied", lambda *given: copies.append(given))
    path = tmp_path / "a.csv"
    assert stage(path, tmp_path / "staging", NIGHT) == staged
    assert copies == []
    for touched in (path, staged.path):
        os.utime(touched, (5, 5))
        with pytest.raises(TypeError):  # because the copying is taken away
            stage(path, tmp_path / "staging", NIGHT)
    assert len(copies) == 2


def test_sender_cannot_reach_the_copy(deliver, tmp_path):
    """Cutting the input after staging changes nothing."""
    staged = deliver(TEXT)
    (tmp_path / "a.csv").write_bytes(b"")
    assert staged.path.read_bytes() == TEXT


def test_empty_file_is_refused(deliver):
    """A file of no bytes is FILE_EMPTY, plain or packed."""
    for content in (b"", gzip.compress(b"")):
        with pytest.raises(InputError, match="empty") as error:
            deliver(content)
        assert error.value.code == "FILE_EMPTY"


def test_only_regular_files(tmp_path):
    """A link, a folder, a pipe and a missing path are refused at once, without reading."""
    (tmp_path / "real").write_bytes(TEXT)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "folder", "pipe", "missing"):
        with pytest.raises(InputError, match="regular file") as error:
            stage(tmp_path / name, tmp_path / "staging", NIGHT)
        assert error.value.code == "FILE_SCHEMA"


@pytest.mark.parametrize("change", ["append", "cut", "replace", "touch"])
def test_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, change):
    """Growing, cutting, replacing or touching the input during the copy is noticed."""
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)
    read = module._blocks

    def meddle(source, name):
        yield from read(source, name)
        if change == "append":
            with path.open("ab") as file:
                file.write(b"more")
        elif change == "cut":
            os.truncate(path, 10)
        elif change == "replace":
            (tmp_path / "new").write_bytes(TEXT)
            (tmp_path / "new").replace(path)
        else:
            os.utime(path, (1, 1))

    monkeypatch.setattr(module, "_blocks", meddle)
    with pytest.raises(InputError, match="holds still"):
        stage(path, tmp_path / "staging", NIGHT)


def test_gzip_is_unpacked_by_us(deliver):
    """Packed content is staged plain, one member or several, and keeps the received SHA-256."""
    for packed in (gzip.compress(TEXT), gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:])):
        staged = deliver(packed, "a.csv")
        assert staged.path.read_bytes() == TEXT
        assert staged.sha256 == hashlib.sha256(packed).hexdigest()
        assert staged.size == len(TEXT)
        assert verify(staged)


def test_large_gzip_that_packs_well_is_read_to_the_end(deliver):
    """Output pending inside the decompressor when the input is used up is not lost."""
    content = b"0123456789abcdef\n" * (1 << 18)
    assert deliver(gzip.compress(content)).path.read_bytes() == content


def test_damaged_gzip_is_refused(deliver):
    """A gzip file cut anywhere, with a wrong checksum or with rubbish behind it is refused."""
    packed = gzip.compress(TEXT)
    wrong = bytearray(packed)
    wrong[-8] ^= 1
    spoiled = [packed[:cut] for cut in range(2, len(packed))]
    for content in (*spoiled, bytes(wrong), packed + b"rubbish"):
        with pytest.raises(InputError) as error:
            deliver(content)
        assert error.value.code in ("FILE_SCHEMA", "FILE_EMPTY")


def test_gzip_bomb_is_refused(deliver, tmp_path, monkeypatch):
    """A file that unpacks beyond all measure is refused before it fills the disk."""
    monkeypatch.setattr(unpack, "RATIO_FREE_BYTES", 1 << 20)
    with pytest.raises(InputError, match="200 times"):
        deliver(gzip.compress(bytes(64 << 20)))
    assert sum(path.stat().st_size for path in (tmp_path / "staging").iterdir()) < 1 << 20


def test_hostile_names_stay_data(deliver, tmp_path):
    """A name with quotes, spaces or newlines is kept as data and is never a path of ours."""
    for name in ("a';DROP.csv", "we*ird", "a\nb", "-rf", "n" * 250):
        staged = deliver(TEXT, name)
        assert staged.name == name
        assert staged.path.parent == tmp_path / "staging"
        assert len(staged.path.name) == 64


def test_a_disk_that_refuses_is_a_resource_error(tmp_path):
    """When the copy cannot be written whole, nothing is left behind under its final name."""
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(TEXT) - 1, limits[1]))
    try:
        with pytest.raises(ResourceError, match="expected to write while files are loaded"):
            stage(path, tmp_path / "staging", NIGHT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert not list((tmp_path / "staging").iterdir())


def test_an_input_that_cannot_be_read_to_its_end_is_refused(deliver, monkeypatch):
    """A read error is about the input, not about our disk."""

    def broken(_descriptor, _buffers):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(module.os, "readv", broken)
    with pytest.raises(InputError, match="Input/output error"):
        deliver(TEXT)


def test_what_is_staged_reaches_the_disk_before_anything_names_it(deliver, tmp_path, monkeypatch):
    """Every copy is waited for once, the folder's names after it; a refusal is told."""
    staged, folder = deliver(TEXT), tmp_path / "staging"
    waited = []

    def note(descriptor):
        waited.append(Path(f"/proc/self/fd/{descriptor}").resolve())

    monkeypatch.setattr(module.os, "fsync", note)
    make_durable(folder)
    make_durable(folder)
    assert waited == [staged.path, folder]

    def refuse(_descriptor):
        raise OSError(errno.EIO, "Input/output error")

    deliver(TEXT + b"x")
    monkeypatch.setattr(module.os, "fsync", refuse)
    with pytest.raises(ResourceError, match="expected to write while files are loaded"):
        make_durable(folder)
