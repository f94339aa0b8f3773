"""Members of a zip archive, within declared limits; what a Mac or Windows adds is none."""

from __future__ import annotations

import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import BinaryIO, Final, cast

from recon.errors import InputError
from recon.io.reading.contract import Options, StagedFile

ZIP_MAGIC: Final = b"PK\x03\x04"
MEMBER_LIMIT: Final = 8 << 30  # bytes, decompressed
RATIO_LIMIT: Final = 200  # decompressed : compressed, of members beyond a mebibyte
MEMBERS_LIMIT: Final = 1000
HEAD_BYTES: Final = 1 << 16
_BLOCK: Final = 1 << 18
_FREE: Final = 1 << 20
_OF_A_SYSTEM: Final = re.compile(r"(?:^|/)(?:__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")
_LEADS_AWAY: Final = re.compile(r"^(?:[/\\]|[A-Za-z]:)|(?:^|[/\\])\.\.(?:[/\\]|$)")
_UNIX_MODE: Final = 16  # bits of the attributes below the mode of the file
_UTF8_FLAG: Final = 0x800
ENCRYPTED: Final = 0x1


# What `zipfile` raises for damaged, encrypted or unknown archives, found by changing bytes.
DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


_STREAM_DAMAGE: Final = (  # of these, what no reader of an opened member raises by itself
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    UnicodeError,
)


Wanted = Callable[[str, bytes], bool]  # by name and first bytes


def is_zip(path: Path) -> bool:
    """Return whether a file begins as a zip archive does."""
    with path.open("rb") as stream:
        return stream.read(len(ZIP_MAGIC)) == ZIP_MAGIC


def real_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files that somebody packed: no folders, none of a system's own."""
    return [
        info
        for info in archive.infolist()
        if not info.is_dir() and not _OF_A_SYSTEM.search(info.filename)
    ]


def member_blocks(path: Path, info: zipfile.ZipInfo, where: str) -> Iterator[bytes]:
    """Yield the bytes of one member; a damaged or exploding one is an `InputError`."""
    _check_limits(info, 1, where)
    with _whole(where), zipfile.ZipFile(path) as archive, archive.open(info) as stream:
        while block := stream.read(_BLOCK):
            yield block


@contextmanager
def opened(staged: StagedFile, options: Options, wanted: Wanted) -> Iterator[BinaryIO]:
    """Open a file; when it is a zip, the one member that is `wanted`."""
    if not is_zip(staged.path):
        with staged.path.open("rb") as stream:
            yield stream
        return
    info = one_member(staged.path, staged.name, wanted, options.member)
    with _whole(staged.name), zipfile.ZipFile(staged.path) as archive, archive.open(info) as member:
        yield cast("BinaryIO", member)


def member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; names without the UTF-8 flag are GBK in Chinese archives."""
    return info.filename if info.flag_bits & _UTF8_FLAG else decoded_name(info.filename)


def decoded_name(name: str) -> str:
    """Return a name that was read as code page 437 as the GBK text it is, if it is."""
    try:
        return name.encode("cp437").decode("gb18030")
    except UnicodeError:
        return name


@contextmanager
def _whole(where: str) -> Iterator[None]:
    """Refuse an archive that turns out to be damaged."""
    try:
        yield
    except _STREAM_DAMAGE as error:
        raise InputError(
            f"expected a whole zip archive, found: {error}",
            where=where,
            fix="download the archive again; it is damaged or cut",
            code="FILE_SCHEMA",
        ) from error


def one_member(path: Path, where: str, wanted: Wanted, pattern: str = "") -> zipfile.ZipInfo:
    """Return the one member that is `wanted` (and whose name fits `pattern`).

    Exactly one member must fit. A damaged, encrypted or exploding archive is an `InputError`.
    """
    with _whole(where), zipfile.ZipFile(path) as archive:
        members = real_members(archive)
        for info in members:
            _check_limits(info, len(members), where)
        fitting = []
        for info in members:
            if pattern and not fnmatch(member_name(info), pattern):
                continue
            with archive.open(info) as stream:
                if wanted(member_name(info), stream.read(HEAD_BYTES)):
                    fitting.append(info)
    if len(fitting) != 1:
        names = [member_name(info) for info in members]
        raise InputError(
            f"expected one fitting member in the archive, found {len(fitting)} among {names}",
            where=where,
            fix="set `member` of this source to the name (or a glob) of the file to read,"
            " or deliver one file each",
            code="FILE_SCHEMA",
        )
    return fitting[0]


def _check_limits(info: zipfile.ZipInfo, members: int, where: str) -> None:
    """Refuse encrypted members and archives that are too large or compressed beyond reason."""
    problem = ""
    if _LEADS_AWAY.search(info.filename) or stat.S_ISLNK(info.external_attr >> _UNIX_MODE):
        problem = f"member {member_name(info)!r} that leads out of it"
    elif info.flag_bits & ENCRYPTED:
        problem = f"member {member_name(info)!r} is encrypted"
    elif members > MEMBERS_LIMIT:
        problem = f"{members} members; at most {MEMBERS_LIMIT} are read"
    elif info.file_size > MEMBER_LIMIT:
        problem = f"member {member_name(info)!r} holds {info.file_size} bytes"
    elif info.file_size > _FREE and info.file_size > RATIO_LIMIT * max(1, info.compress_size):
        problem = f"member {member_name(info)!r} expands more than {RATIO_LIMIT} times"
    if problem:
        raise InputError(
            f"expected a plain archive of bills, found {problem}",
            where=where,
            fix="unpack the archive, look at it, and deliver the bill itself",
            code="FILE_SCHEMA",
        )
