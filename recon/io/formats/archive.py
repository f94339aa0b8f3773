"""One member of a zip archive as a stream, within declared limits."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import BinaryIO, Final, cast

from recon.errors import InputError
from recon.io.formats.contract import Options, StagedFile

MEMBER_LIMIT: Final = 8 << 30  # bytes, decompressed
RATIO_LIMIT: Final = 200  # decompressed : compressed, of members beyond a mebibyte
MEMBERS_LIMIT: Final = 1000
HEAD_BYTES: Final = 1 << 16
_FREE: Final = 1 << 20
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


@contextmanager
def opened(
    staged: StagedFile, options: Options, wanted: Callable[[bytes], bool]
) -> Iterator[BinaryIO]:
    """Open a file; when it is a zip, the one member whose head is `wanted`."""
    with staged.path.open("rb") as stream:
        zipped = stream.read(4) == b"PK\x03\x04"
        stream.seek(0)
        if not zipped:
            yield stream
            return
    with open_member(staged.path, staged.name, wanted, options.member) as (member, _name):
        yield member


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
def open_member(
    path: Path, where: str, wanted: Callable[[bytes], bool], pattern: str = ""
) -> Iterator[tuple[BinaryIO, str]]:
    """Open the one member whose first bytes are `wanted` (and whose name fits `pattern`).

    Exactly one member must fit. A damaged, encrypted or exploding archive is an `InputError`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            info = _choose(archive, where, wanted, pattern)
            with archive.open(info) as stream:
                yield cast("BinaryIO", stream), member_name(info)
    except _STREAM_DAMAGE as error:
        raise InputError(
            f"expected a whole zip archive, found: {error}",
            where=where,
            fix="download the archive again; it is damaged or cut",
            code="FILE_SCHEMA",
        ) from error


def _choose(
    archive: zipfile.ZipFile, where: str, wanted: Callable[[bytes], bool], pattern: str
) -> zipfile.ZipInfo:
    """Return the one member that fits."""
    members = [info for info in archive.infolist() if not info.is_dir()]
    names = [member_name(info) for info in members]
    for info in members:
        _check_limits(info, len(members), where)
    fitting = []
    for info, name in zip(members, names, strict=True):
        if pattern and not fnmatch(name, pattern):
            continue
        with archive.open(info) as stream:
            if wanted(stream.read(HEAD_BYTES)):
                fitting.append(info)
    if len(fitting) != 1:
        raise InputError(
            f"expected one fitting member in the archive, found {len(fitting)} among {names}",
            where=where,
            fix="set `member` of this source to the name (or a glob) of the file to read",
            code="FILE_SCHEMA",
        )
    return fitting[0]


def _check_limits(info: zipfile.ZipInfo, members: int, where: str) -> None:
    """Refuse encrypted members and archives that are too large or compressed beyond reason."""
    problem = ""
    if info.flag_bits & ENCRYPTED:
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
