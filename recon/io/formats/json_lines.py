"""JSON lines by declared mapping: one object a line, numbers kept as the text they are.

`a.b` in the mapping reaches into nested objects. A number is never made a float: its characters
are the cell. A key that stands twice, NaN, a value that is an object or a list where a cell is
wanted, or text that is not JSON is a reject. A mapped key that no row has refuses the file, and so
does a key that is neither mapped nor in `ignore_columns`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import numpy as np
import pyarrow as pa

from recon.core.codes import Side
from recon.errors import InputError
from recon.io.formats.contract import Format, Options, Probe, RawRows, Reading, Reject, StagedFile
from recon.io.formats.cutting import raw_text
from recon.io.formats.delimited import fields, source_columns
from recon.io.formats.fixed import line_spans
from recon.io.formats.lines import Block, Lines
from recon.io.formats.records import is_writable


class _RefusedError(ValueError):
    """A line that is JSON but not a row."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object whose keys are all different."""
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _RefusedError(f"key {twice!r} stands twice")
    return result


def _constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities."""
    raise _RefusedError(f"{name} is not a value of JSON")


_DECODER: Final = json.JSONDecoder(
    parse_float=str, parse_int=str, parse_constant=_constant, object_pairs_hook=_object
)


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the mapped values of every line."""
    wanted = source_columns(options)
    seen: set[str] = set()
    named = {*wanted, *options.ignore_columns}
    known = named | {name.split(".", 1)[0] for name in named}
    with staged.path.open("rb") as stream:
        for block in Lines(stream, staged.name, options.encoding or "utf-8"):
            yield _read_block(block, wanted, seen, known, reading, staged.name)
    lost = [name for name in wanted if name not in seen]
    if lost and reading.record_lines > len(reading.rejects):
        raise InputError(
            f"expected the keys {', '.join(wanted)}; no row has {', '.join(lost)}",
            where=staged.name,
            fix="correct [source.columns], or ask the sender for the key",
            code="FILE_SCHEMA",
        )


def _read_block(
    block: Block,
    wanted: tuple[str, ...],
    seen: set[str],
    known: set[str],
    reading: Reading,
    where: str,
) -> RawRows:
    """Return the rows of one block; put its bad lines on the list of rejects."""
    begin, end = line_spans(block)
    cells: list[tuple[str | None, ...]] = []
    kept: list[int] = []
    for line, text in enumerate(block.line_texts()):
        if not text.strip():
            reading.blank_lines += 1
            continue
        reading.record_lines += 1
        reason = block.undecodable.get(line, "")
        try:
            row = _row(text, wanted, seen, known, where) if not reason else ()
        except (ValueError, RecursionError) as error:
            reason = f"not a row of JSON: {str(error)[:200]}"
        if not reason:
            cells.append(row)
            kept.append(line)
            continue
        first, last = int(begin[line]), int(end[line])
        place = (block.first_line + line, block.raw_start + first, block.raw_start + last)
        reading.refuse(Reject(*place, raw_text(block, first, last), (reason,)))
    reading.lines += begin.size
    columns = list(zip(*cells, strict=True)) if cells else [()] * len(wanted)
    rows = np.array(kept, dtype=np.int64)
    return RawRows(
        {
            name: pa.array(values, type=pa.string())
            for name, values in zip(wanted, columns, strict=True)
        },
        rows + block.first_line,
        begin[rows] + block.raw_start,
        end[rows] + block.raw_start,
    )


def _row(
    text: str, wanted: tuple[str, ...], seen: set[str], known: set[str], where: str
) -> tuple[str | None, ...]:
    """Return the cells of one line."""
    value = _DECODER.decode(text)
    if not isinstance(value, dict):
        raise _RefusedError("expected an object")
    new = [name for name in value if name not in known]
    if new:
        raise InputError(
            f"expected known keys only, found {', '.join(map(repr, new))}",
            where=where,
            fix="map the keys, or list those that you do not need in ignore_columns",
            code="FILE_SCHEMA",
        )
    return tuple(_cell(value, name, seen) for name in wanted)


def _cell(value: dict[str, Any], name: str, seen: set[str]) -> str | None:
    """Return one value as text, null when it is absent or null."""
    found: Any = value
    for part in (name,) if name in value else name.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    seen.add(name)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, str) and not is_writable(found):
        raise _RefusedError(f"{name} holds half a character (a lone surrogate)")
    if found is None or isinstance(found, str):
        return found
    raise _RefusedError(f"{name} holds an object or a list")


def _recognise(_probe: Probe) -> bool:
    """Return False: what keys mean is declared, never guessed."""
    return False


FORMAT: Final = Format(
    name="json_lines",
    title_en="JSON lines, by declared mapping",
    title_zh="JSON 行（按声明的键映射）",
    side=Side.MERCHANT,
    recognise=_recognise,
    read=read,
    fields=fields,
)
