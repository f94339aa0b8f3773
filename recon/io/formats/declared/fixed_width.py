"""Fixed-width text by declared mapping: each column is a range of bytes of the line.

The rule file maps canonical names to ranges that count bytes from 1, both ends included, as
specifications do: `amount = "21-32"`; `occurred_at = "1-8 + 9-14"` joins two. A line that is
shorter than the last range is a reject; a longer one is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from recon.core.codes import Side
from recon.errors import InputError
from recon.io.formats.declared.delimited import fields, source_columns
from recon.io.reading.contract import Format, Options, Probe, RawRows, Reading, StagedFile
from recon.io.reading.fixed import Slice, cut_fixed
from recon.io.reading.lines import Lines

_RANGE: Final = re.compile(r"([1-9][0-9]{0,5})-([1-9][0-9]{0,5})")


def slices(options: Options, where: str) -> list[Slice]:
    """Return the byte ranges that the mapping names; refuse a range that cannot be read."""
    found, problems = [], []
    for column in source_columns(options):
        match = _RANGE.fullmatch(column)
        if match is None or int(match[1]) > int(match[2]):
            problems.append(f"{column!r} is not a range of bytes")
        else:
            found.append(Slice(column, int(match[1]) - 1, int(match[2])))
    if problems or not found:
        raise InputError(
            f"expected ranges such as 21-32 in the column mapping, found {'; '.join(problems)}",
            where=where,
            fix="write each column as first-last, counted in bytes from 1, both included",
            code="FILE_SCHEMA",
        )
    return found


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the mapped ranges of every line."""
    wanted = slices(options, staged.name)
    with staged.path.open("rb") as stream:
        blocks = Lines(stream, staged.name, options.encoding or "utf-8")
        first = blocks.take()
        assert first is not None, "Lines refuses an empty file"
        skipped = min(options.skip_lines, first.lines)
        reading.lines += skipped
        reading.header_lines += skipped
        length = max(piece.end for piece in wanted)
        lines = chain((first.after(skipped),), blocks)
        yield from cut_fixed(lines, length, wanted, reading, longer=True)


def _recognise(_probe: Probe) -> bool:
    """Return False: ranges of bytes are declared, never guessed."""
    return False


FORMAT: Final = Format(
    name="fixed_width",
    title_en="Fixed-width text, by declared mapping",
    title_zh="定长文本（按声明的字节范围）",
    side=Side.MERCHANT,
    recognise=_recognise,
    read=read,
    fields=fields,
)
