"""All wanted members of a zip, or the file itself: bounded, checked, in name order.

Refused: encrypted or nested members, links, absolute or climbing names, duplicate names, more than
1000 members, more than 2 GiB unpacked, a ratio over 200, a wrong checksum.
"""

from __future__ import annotations

import fnmatch
import stat
import zipfile
import zlib
from collections.abc import Iterator

from recon.errors import InputError
from recon.io.reading.archive import is_zip, real_members
from recon.io.reading.contract import StagedFile

MEMBER_LIMIT = 1000
SIZE_LIMIT = 2 << 30
RATIO_LIMIT = 200
SMALL = 1 << 20  # a member up to this size may have any ratio
_FIX = "ask the sender for the file again, or unpack it and deliver the one file that matters"


def members(
    staged: StagedFile, pattern: str, endings: tuple[str, ...]
) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes: of the file itself, or of each wanted member of the zip it is.

    `pattern` is a glob over member names; without one, the members with one of `endings` count.
    """
    if not is_zip(staged.path):
        yield staged.name, staged.path.read_bytes()
        return
    try:
        with zipfile.ZipFile(staged.path) as archive:
            infos = real_members(archive)
            _check(staged.name, infos)
            wanted = sorted(
                (info for info in infos if _wanted(info.filename, pattern, endings)),
                key=lambda info: info.filename,
            )
            if not wanted:
                raise _refused(staged.name, f"no member matches {pattern or ' or '.join(endings)}")
            for info in wanted:
                yield info.filename, archive.read(info)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise _refused(staged.name, f"the zip is damaged: {error}") from error


def _wanted(name: str, pattern: str, endings: tuple[str, ...]) -> bool:
    """Return whether a member is one to read."""
    if pattern:
        return fnmatch.fnmatchcase(name, pattern)
    return name.lower().endswith(endings)


def _check(name: str, infos: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive that could do harm."""
    if len(infos) > MEMBER_LIMIT:
        raise _refused(name, f"{len(infos)} members; the most is {MEMBER_LIMIT}")
    if sum(info.file_size for info in infos) > SIZE_LIMIT:
        raise _refused(name, f"unpacked it is larger than {SIZE_LIMIT} bytes")
    names = [info.filename for info in infos]
    if len(set(names)) != len(names):
        raise _refused(name, "two members have one name")
    for info in infos:
        problem = _problem(info)
        if problem:
            raise _refused(name, f"member {info.filename!r} {problem}")


def _problem(info: zipfile.ZipInfo) -> str:
    """Return what is wrong with a member, '' when nothing is."""
    parts = info.filename.replace("\\", "/").split("/")
    if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        return "has a name that leaves its folder"
    if info.flag_bits & 1:
        return "is encrypted"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    if info.file_size > SMALL and info.file_size > RATIO_LIMIT * max(info.compress_size, 1):
        return f"unpacks to more than {RATIO_LIMIT} times its size"
    return ""


def _refused(name: str, problem: str) -> InputError:
    """Return the refusal of an archive."""
    return InputError(problem, where=name, fix=_FIX, code="FILE_SCHEMA")
