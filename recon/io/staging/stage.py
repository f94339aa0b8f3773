"""A private, content-addressed copy of every input, made while it is hashed.

Readers only ever see the copy: a sender who goes on writing, replaces or cuts the file cannot reach
it. Names of inputs are data and never become paths of ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from recon.errors import InputError
from recon.io.reading.contract import StagedFile
from recon.io.staging.disk import writing
from recon.io.staging.sidecar import check_digests
from recon.io.staging.unpack import LAYERS, unpacked

_BLOCK = 1 << 19
_UNFINISHED = ".incoming-"  # how a copy is called until it is whole

_AT_REST_NS = 1_000_000_000  # clocks of file systems are coarse: younger files are copied again

_Stamp = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A file written to staging under its digest, and when, by the clock of the file system."""

    path: Path
    size: int
    written_ns: int


@dataclass(frozen=True, slots=True)
class _Copy:
    """The copies of one input made by this process, and what they looked like."""

    received: Path
    content: Path
    name: str
    size: int
    stamps: tuple[_Stamp, ...]

    def is_untouched(self) -> bool:
        """Return whether nobody has changed or removed the copies."""
        try:
            return _stamps(self.received, self.content) == self.stamps
        except FileNotFoundError:
            return False


_COPIES: dict[tuple[str, _Stamp], _Copy] = {}
_UNWRITTEN: set[Path] = set()  # copies of this process that the disk may not have yet


def stage(path: Path, staging_dir: Path, business_date: date) -> StagedFile:
    """Copy an input into `staging_dir` under the SHA-256 of its bytes and return the copy.

    Packings are undone (`recon.io.staging.unpack`); `StagedFile.path` is then the plain content,
    `name` ends with that of the file in the zip, and `sha256` is still that of the bytes as
    received.
    Raises InputError for anything but a regular file that holds still while it is read and has the
    digest that lies beside it, if one does; ResourceError when the disk refuses.

    A run asks twice for each input, first for its digest and then for its content: the second time
    the copy of the first is given back, as long as neither file has been touched in between.

    The copy may still be on its way to the disk: see `make_durable`.
    """
    with writing(staging_dir):
        staging_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _opened(path) as source:
        asked = (str(staging_dir), _stamp(os.fstat(source)))
        if asked not in _COPIES or not _COPIES[asked].is_untouched():
            _COPIES.pop(asked, None)
            copy, is_settled = _copied(source, path, staging_dir)
            if is_settled:
                _COPIES[asked] = copy
        else:
            copy = _COPIES[asked]
    check_digests(path, copy.received, copy.content)
    return StagedFile(copy.content, copy.name, copy.received.name, copy.size, business_date)


def _copied(source: int, path: Path, staging_dir: Path) -> tuple[_Copy, bool]:
    """Copy and unpack an open file; also return whether it had been at rest for a while."""
    placed = _copy(source, path, staging_dir)
    is_settled = placed.written_ns - os.fstat(source).st_ctime_ns > _AT_REST_NS
    content, size, name = content_of(placed.path, path.name, staging_dir)
    if not size:
        raise InputError(
            "expected at least one byte, found an empty file",
            where=path.name,
            fix="ask the sender for the file again; an empty day still has a header or a trailer",
            code="FILE_EMPTY",
        )
    copy = _Copy(placed.path, content, name, size, _stamps(placed.path, content))
    return copy, is_settled


def content_of(path: Path, name: str, folder: Path) -> tuple[Path, int, str]:
    """Undo the packings of a staged file; return its content in `folder`, the size and the name."""
    for _layer in range(LAYERS):
        content = unpacked(path, name)
        if content is None:
            break
        path, name = place(content.blocks, folder), content.name
    return path, path.stat().st_size, name


def place(blocks: Iterator[bytes], folder: Path) -> Path:
    """Write blocks into a staging folder under the name of their SHA-256 and return where."""
    return _place(blocks, folder).path


def discard_unfinished(staging_dir: Path) -> None:
    """Remove what a killed run had copied. Call only while nobody else stages here."""
    with writing(staging_dir):
        for part in staging_dir.glob(f"{_UNFINISHED}*"):
            part.unlink()


def make_durable(staging_dir: Path) -> None:
    """Wait until the disk has all copies in `staging_dir`; nothing that names them stands before.

    A run does it while it reads them, rates and all. After a crash in between, a lost copy is seen
    by its digest and made again. Raises ResourceError when the disk refuses.
    """
    mine = [path for path in _UNWRITTEN if path.parent == staging_dir]
    with writing(staging_dir):
        for path in mine:
            _sync(path, os.O_RDONLY)
        if mine:
            _sync(staging_dir, os.O_RDONLY | os.O_DIRECTORY)
    _UNWRITTEN.difference_update(mine)


def verify(staged: StagedFile) -> bool:
    """Return whether the staged copy still holds what was staged; its name is its digest."""
    return _sha256(staged.path) == staged.path.name


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open a regular file by descriptor; a link, a pipe, a device or a folder is refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _refused(path, f"found one that does not open ({error.strerror})") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _refused(path, "found a folder, a pipe or a device")
        yield descriptor
    finally:
        os.close(descriptor)


def _refused(path: Path, found: str) -> InputError:
    """Return the error about something that is not a readable regular file."""
    return InputError(
        f"expected a regular file, {found}",
        where=path.name,
        fix="deliver the file itself: links, folders and pipes are not read",
        code="FILE_SCHEMA",
    )


def _stamp(found: os.stat_result) -> _Stamp:
    """Return what changes when a file is written, replaced or cut."""
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _stamps(*paths: Path) -> tuple[_Stamp, ...]:
    """Return the stamps of files of ours."""
    return tuple(_stamp(path.lstat()) for path in paths)


def _copy(source: int, path: Path, staging_dir: Path) -> _Placed:
    """Copy an open file into staging; refuse one that changed while it was read."""
    before = os.fstat(source)
    placed = _place(_blocks(source, path.name), staging_dir)
    after = os.fstat(source)
    try:
        named = path.lstat().st_ino
    except OSError:
        named = -1
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or (
        placed.size != before.st_size or named != before.st_ino
    ):
        raise InputError(
            f"expected a file that holds still, found {before.st_size} bytes before and "
            f"{after.st_size} after {placed.size} were read",
            where=path.name,
            fix="run again once the sender has finished; have it renamed into place when complete",
            code="FILE_SCHEMA",
        )
    return placed


def _blocks(source: int, name: str) -> Iterator[memoryview]:
    """Yield the bytes of an open file, each block in the same memory, which stays in cache."""
    buffer = memoryview(bytearray(_BLOCK))
    try:
        while size := os.readv(source, [buffer]):
            yield buffer[:size]
    except OSError as error:
        raise InputError(
            f"expected a file that can be read to its end, found {error.strerror}",
            where=name,
            fix="check the disk or share that the file lies on, and deliver it again",
            code="FILE_SCHEMA",
        ) from error


def _place(blocks: Iterator[bytes | memoryview], staging_dir: Path) -> _Placed:
    """Write blocks under the name of their SHA-256, read-only."""
    digest = hashlib.sha256()
    size = 0
    with contextlib.ExitStack() as cleanup, writing(staging_dir):
        descriptor, temporary = tempfile.mkstemp(prefix=_UNFINISHED, dir=staging_dir)
        cleanup.callback(Path(temporary).unlink, missing_ok=True)
        with io.FileIO(descriptor, "wb") as file:
            for block in blocks:
                digest.update(block)
                _write_all(file, block)
                size += len(block)
            os.fchmod(file.fileno(), 0o400)
            written_ns = os.fstat(file.fileno()).st_mtime_ns
        target = staging_dir / digest.hexdigest()
        if not _holds(target, size, digest.hexdigest()):
            Path(temporary).rename(target)
        _UNWRITTEN.add(target)  # an earlier copy too: a killed run may not have waited for the disk
    return _Placed(target, size, written_ns)


def _write_all(file: io.FileIO, block: bytes | memoryview) -> None:
    """Write a whole block; the system may take a part of it at a time."""
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


def _holds(target: Path, size: int, sha256: str) -> bool:
    """Return whether an earlier copy is there and still whole."""
    try:
        found = target.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size and _sha256(target) == sha256


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file of ours."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path, how: int) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    descriptor = os.open(path, how)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
