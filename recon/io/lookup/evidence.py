"""The line of a staged file that a row came from: read back by byte range, card numbers masked.

A packed input is staged as received, and the byte range is one of its unpacked content
(`recon.io.staging.unpack`). Where an archive has several members, the line shown is the one that
holds a reference of the row; where that is not one, no line is shown, because a wrong line would be
worse than none.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from recon.errors import InputError
from recon.io.reading.archive import DAMAGE, ZIP_MAGIC, real_members
from recon.io.reading.mask import mask_text, not_shown, secret_columns
from recon.io.staging.stage import content_of

SHOWN_BYTES = 2_000
_PARQUET_MAGIC = b"PAR1"
_MASKED = re.compile(r"^(\d{6})\*+(\d{4})$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line as evidence, or why it cannot be shown."""

    text: str
    note: str = ""


def read_line(
    staged: Path,
    byte_start: int,
    byte_end: int,
    *,
    card: str = "",
    own: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> Line:
    """Return the masked text of a byte range of a staged file.

    card: the row's masked card number; the same number written whole in the line is cut too.
    own: the row's own references, which are not cut though they may look like card numbers.
    columns: of the file; where one holds what nobody may keep, its lines are not shown.
    """
    if secrets := secret_columns(columns):
        return Line("", not_shown(secrets))
    if not staged.is_file():
        return Line("", "the staged copy is no longer there")
    if byte_end <= byte_start:
        return Line("", "the format has no lines; the record number is the pointer")
    length = min(byte_end - byte_start, SHOWN_BYTES)
    try:
        with tempfile.TemporaryDirectory(prefix="recon-") as folder:
            content, _size, _name = content_of(staged, staged.name, Path(folder))
            texts = [_decoded(data) for data in _ranges(content, byte_start, byte_end, length)]
    except (InputError, *DAMAGE) as error:
        return Line("", f"the staged copy does not open: {error}")
    if len(texts) > 1:
        texts = [text for text in texts if any(value in text for value in own)]
    if len(texts) != 1:
        return Line("", "the format has no lines; the record number is the pointer")
    return Line(_masked(texts[0].strip("\r\n"), card, own))


def _ranges(content: Path, byte_start: int, byte_end: int, length: int) -> Iterator[bytes]:
    """Yield the bytes of the range from the unpacked content: one text, or one a zip member."""
    with content.open("rb") as file:
        magic = file.read(4)
        if magic == _PARQUET_MAGIC:
            return
        if magic == ZIP_MAGIC:
            with zipfile.ZipFile(content) as archive:
                for info in real_members(archive):
                    if info.file_size >= byte_end:
                        with archive.open(info) as member:
                            yield _cut(cast("BinaryIO", member), byte_start, length)
        else:
            yield _cut(file, byte_start, length)


def _cut(stream: BinaryIO, byte_start: int, length: int) -> bytes:
    stream.seek(byte_start)
    return stream.read(length)


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _masked(text: str, card: str, own: Sequence[str]) -> str:
    """Return a line with every card number cut, the row's own one even where it fails Luhn."""
    known = _MASKED.match(card)
    if known is not None:
        whole = re.compile(rf"{known.group(1)}\d{{2,9}}{known.group(2)}")
        text = whole.sub(lambda found: f"{found.group()[:6]}******{found.group()[-4:]}", text)
    return mask_text(text, [value for value in own if value])
