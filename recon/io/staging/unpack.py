"""From a delivery to what readers open: packings are undone that say nothing about the content.

| packing                                     | becomes                                        |
|---------------------------------------------|------------------------------------------------|
| gzip                                        | its content, every checksum verified           |
| a zip of one file (a Mac's own files aside) | that file                                      |
| UTF-16 text                                 | UTF-8 with a byte order mark                   |
| lines that end in CR alone                  | the same bytes with LF for CR                  |
| Ctrl-Z behind the last line                 | the lines without it                           |

They may lie inside each other. A workbook is a zip and stays one; so does an archive of several
files, of which `recon.io.recognition.recognise` takes the one that is meant.
"""

from __future__ import annotations

import codecs
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recon.errors import InputError
from recon.io.reading.archive import DAMAGE, ZIP_MAGIC, member_blocks, member_name, real_members

LAYERS: Final = 6  # more packings inside each other are somebody's joke
MAX_BYTES = 64 << 30  # an input, decompressed
MAX_RATIO = 200  # decompressed to compressed; text of payments packs about 10 to 1
RATIO_FREE_BYTES = 16 << 20  # small outputs may pack better than that
_BLOCK: Final = 1 << 18
_HEAD: Final = 1 << 16
_TAIL: Final = 1 << 12
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_OFFICE_PARTS: Final = ("xl/", "word/", "[Content_Types].xml", "mimetype", "content.xml")
_UTF16_MARKS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_UNMARKED: Final = 64  # first bytes in which every second one is NUL, where UTF-16 has no mark
_NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f]")
_END_MARK: Final = re.compile(rb"\x1a[\x1a\r\n\t ]*\Z")


@dataclass(frozen=True, slots=True)
class Content:
    """What a packing holds: its bytes, and the name that goes with them."""

    blocks: Iterator[bytes]
    name: str


def unpacked(path: Path, name: str) -> Content | None:
    """Return the content of the outermost packing of a file, None when there is none.

    name: of the file, for messages; that of a zip's file is added to it. Raises InputError, some
    time while the blocks are taken, for a damaged packing or one that holds more than anyone means.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_GZIP_MAGIC):
        return Content(_gunzip(path, name), name)
    if head.startswith(ZIP_MAGIC):
        return _only_member(path, name)
    encoding = _utf16(head)
    if encoding:
        return Content(_as_utf8(path, name, encoding), name)
    if _NO_TEXT.search(head):
        return None
    if b"\r" in head and not any(b"\n" in block for block in _blocks(path)):
        return Content((block.replace(b"\r", b"\n") for block in _blocks(path)), name)
    return _without_end_mark(path, name)


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _gunzip(path: Path, name: str) -> Iterator[bytes]:
    """Yield the content of a gzip file of one or more members, every checksum verified."""
    taken = given = 0
    member = zlib.decompressobj(_GZIP_WINDOW)
    for received in _blocks(path):
        block = received
        taken += len(block)
        plain = bytes(_BLOCK)
        while block or (len(plain) == _BLOCK and not member.eof):
            if member.eof:
                member = zlib.decompressobj(_GZIP_WINDOW)
            try:
                plain = member.decompress(block, _BLOCK)
            except zlib.error as error:
                raise _damaged(name, str(error)) from error
            given += len(plain)
            _check_size(name, given, taken)
            yield plain
            block = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        raise _damaged(name, "the end is missing")


def _damaged(name: str, detail: str) -> InputError:
    """Return the error about a gzip file that does not unpack."""
    return InputError(
        f"expected a whole gzip file, found a damaged one ({detail})",
        where=name,
        fix="ask the sender for the file again",
        code="FILE_SCHEMA",
    )


def _check_size(name: str, given: int, taken: int) -> None:
    """Refuse a file that unpacks to more than any sender means."""
    if given > MAX_BYTES or given > max(RATIO_FREE_BYTES, taken * MAX_RATIO):
        raise InputError(
            f"expected at most {MAX_RATIO} times its size unpacked, found over {given} bytes "
            f"from {taken}",
            where=name,
            fix="check the file; deliver it unpacked if it is right",
            code="FILE_SCHEMA",
        )


def _only_member(path: Path, name: str) -> Content | None:
    """Return the one file of a zip; None for a workbook, several files, or one with a password."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = real_members(archive)
            is_office = any(info.filename.startswith(_OFFICE_PARTS) for info in members)
    except DAMAGE:
        return None  # who looks for the content says what is wrong
    if is_office or len(members) != 1 or members[0].flag_bits & 1:
        return None
    return Content(member_blocks(path, members[0], name), f"{name}/{member_name(members[0])}")


def _utf16(head: bytes) -> str:
    """Return which UTF-16 the head is in, empty when in none."""
    if head[:2] in _UTF16_MARKS:
        return _UTF16_MARKS[head[:2]]
    start = head[:_UNMARKED]
    if len(start) == _UNMARKED:
        for kind, first in (("utf-16-le", 1), ("utf-16-be", 0)):
            if not any(start[first::2]) and all(start[1 - first :: 2]):
                return kind
    return ""


def _as_utf8(path: Path, name: str, encoding: str) -> Iterator[bytes]:
    """Yield UTF-16 text as UTF-8 that says so; half a character is an error."""
    decoder = codecs.getincrementaldecoder(encoding)()
    yield codecs.BOM_UTF8
    is_first = True
    try:
        for block in _blocks(path):
            text = decoder.decode(block)
            yield (text.removeprefix("\ufeff") if is_first else text).encode()
            is_first = False
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise InputError(
            f"expected {encoding.upper()} text, found bytes that are none ({error})",
            where=name,
            fix="ask the sender for the file again, as UTF-8 if they can",
            code="FILE_SCHEMA",
        ) from error


def _without_end_mark(path: Path, name: str) -> Content | None:
    """Return a text without the Ctrl-Z that old systems put behind the last line."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL))
        mark = _END_MARK.search(file.read())
    if mark is None:
        return None
    return Content(_first_bytes(path, size - len(mark.group())), name)


def _first_bytes(path: Path, count: int) -> Iterator[bytes]:
    """Yield so many bytes of a file."""
    for block in _blocks(path):
        yield block[:count]
        count -= len(block)
        if count <= 0:
            return
