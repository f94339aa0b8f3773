"""JSON lines by declared mapping: one object a line, numbers kept as the text they are.

`a.b` in the mapping reaches into nested objects. A number is never made a float: its characters
are the cell. A key that stands twice, NaN, a value that is an object or a list where a cell is
wanted, text that is not JSON, or a value of another type than the first of its key (text, a number,
true or false) is a reject: a sender who begins to write `1250` for `"12.50"` may mean another unit.
A mapped key that no row has refuses the file, and so
does a key that is neither mapped nor in `ignore_columns`. An array, or an object over several
lines, is refused with the command that rewrites it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.codes import Side
from recon.core.kernels.json_objects import MOST_KEYS, cut_objects
from recon.core.texts.text import TextBuffers, read_only
from recon.errors import InputError
from recon.io.formats.declared.delimited import fields, source_columns
from recon.io.reading.contract import Format, Options, Probe, RawRows, Reading, Reject, StagedFile
from recon.io.reading.cut_text import cut_text, viewed
from recon.io.reading.cutting import raw_text
from recon.io.reading.fixed import line_spans
from recon.io.reading.lines import Block, Lines, line_offsets
from recon.io.reading.records import is_writable


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


class _Number(str):
    """The characters of a number."""

    __slots__ = ()


_HEAD: Final = 1 << 10
_TYPES: Final = ("null", "text", "a number", "true or false")
_NULL, _TEXT, _NUMBER, _TRUTH = range(len(_TYPES))
_WHOLE: Final = ("[", "{")  # what opens a text of JSON that is not cut into lines
_DECODER: Final = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_constant, object_pairs_hook=_object
)


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the mapped values of every line."""
    wanted = source_columns(options)
    seen: set[str] = set()
    types = _Types(wanted, [_NULL] * len(wanted), [0] * len(wanted))
    keys = _Keys.of(wanted, options.ignore_columns, staged.name)
    opening = ""
    with staged.path.open("rb") as stream:
        for block in Lines(stream, staged.name, options.encoding or "utf-8"):
            opening = opening or _opening(block)
            yield _read_block(block, keys, seen, types, reading)
    if opening in _WHOLE and reading.record_lines == len(reading.rejects):
        raise InputError(
            f"expected one object a line, found one JSON text that opens with {opening!r} and has "
            "no line that is a row",
            where=staged.name,
            fix="have the sender write JSON lines, or rewrite it: jq -c '.[]' FILE for an array, "
            "jq -c . FILE for objects over several lines",
            code="FILE_SCHEMA",
        )
    lost = [name for name in wanted if name not in seen]
    if lost and reading.record_lines > len(reading.rejects):
        raise InputError(
            f"expected the keys {', '.join(wanted)}; no row has {', '.join(lost)}",
            where=staged.name,
            fix="correct [source.columns], or ask the sender for the key",
            code="FILE_SCHEMA",
        )


def _opening(block: Block) -> str:
    """Return the bracket of an array, the brace that stands alone, or else the first line."""
    first = block.data[:_HEAD].tobytes().lstrip().partition(b"\n")[0].rstrip()
    return "[" if first[:1] == b"[" else first.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys that a mapping knows, as the kernel that cuts plain lines takes them."""

    wanted: tuple[str, ...]
    known: frozenset[str]
    bytes: NDArray[np.uint8]
    begins: NDArray[np.int64]
    slots: NDArray[np.int32]  # the column of a key, or -1
    where: str  # the file's name

    @classmethod
    def of(cls, wanted: tuple[str, ...], ignored: tuple[str, ...], where: str) -> _Keys:
        """Return the keys of a mapping; of `a.b` the first part is a key too."""
        named = dict.fromkeys((*wanted, *ignored))
        known = list(named | dict.fromkeys(name.split(".", 1)[0] for name in named))
        texts = [_plain_name(name) for name in known]
        return cls(
            wanted,
            frozenset(known),
            read_only(np.frombuffer(b"".join(texts), np.uint8)),
            read_only(np.cumsum([0, *map(len, texts)])),
            np.array([wanted.index(name) if name in wanted else -1 for name in known], np.int32),
            where,
        )

    def cut(self, block: Block, seen: set[str]) -> _Cut:
        """Cut the lines of a block that are plain; add the wanted keys that stand in them."""
        offsets = line_offsets(block.data)
        shape = len(self.wanted), len(offsets) - 1
        cut = _Cut(
            block.data,
            offsets,
            np.full(shape, -1, np.int64),
            np.full(shape, -1, np.int64),
            np.ones(shape[1], np.uint8),
        )
        cut.is_cut[list(block.undecodable)] = 0
        if len(self.slots) > MOST_KEYS:
            cut.is_cut[:] = 0
            return cut
        found = cut_objects(
            block.data,
            offsets,
            self.bytes,
            self.begins,
            self.slots,
            cut.starts,
            cut.ends,
            cut.is_cut,
        )
        stand = [slot for key, slot in enumerate(self.slots) if int(found) >> key & 1]
        seen.update(self.wanted[slot] for slot in stand if slot >= 0)
        return cut


def _plain_name(name: str) -> bytes:
    """Return the bytes of a key as JSON writes it plainly; NUL, which no file has, if it cannot."""
    is_plain = json.dumps(name, ensure_ascii=False) == f'"{name}"' and is_writable(name)
    return name.encode() if is_plain else b"\0"


@dataclass(frozen=True, slots=True)
class _Cut:
    """The lines of a block, and the spans of the values of those that were cut."""

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    starts: NDArray[np.int64]  # (columns, lines); -1: null
    ends: NDArray[np.int64]
    is_cut: NDArray[np.uint8]

    def text(self, line: int) -> str:
        """Return a line without its end."""
        raw = self.data[self.offsets[line] : self.offsets[line + 1]].tobytes()
        return raw.decode().removesuffix("\n").removesuffix("\r")

    def types(self) -> NDArray[np.uint8]:
        """Return the type of each value of the lines that were cut, by what stands before it."""
        starts = np.maximum(self.starts, 1)
        first = self.data[np.minimum(starts, len(self.data) - 1)]
        is_truth = (first == ord("t")) | (first == ord("f"))
        types = np.where(is_truth, np.uint8(_TRUTH), np.uint8(_NUMBER))
        types[self.data[starts - 1] == ord('"')] = _TEXT
        types[(self.starts < 0) | (self.is_cut == 0)] = _NULL
        return types

    def columns(
        self, wanted: tuple[str, ...], others: Mapping[int, tuple[str | None, ...]]
    ) -> tuple[Mapping[str, pa.Array], NDArray[np.int64]]:
        """Return the columns of all rows, and their lines; others: cells of rows not cut."""
        is_row = self.is_cut.astype(np.bool_)
        is_row[list(others)] = True
        rows = np.flatnonzero(is_row)
        starts = np.ascontiguousarray(self.starts[:, rows])
        ends = np.ascontiguousarray(self.ends[:, rows])
        if not others and not (starts < 0).any():
            return cut_text(wanted, self.data, starts, ends, len(rows)), rows
        places = np.searchsorted(rows, np.array(list(others), np.int64))
        return {
            name: _column(
                self.data, starts[at], ends[at], places, [row[at] for row in others.values()]
            )
            for at, name in enumerate(wanted)
        }, rows


def _column(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    places: NDArray[np.int64],
    cells: Sequence[str | None],
) -> pa.Array:
    """Return a column of spans, a start of -1 null, with cells put in their places."""
    valid = read_only((starts >= 0).view(np.uint8))
    begin, end = (read_only(np.maximum(span, 0)) for span in (starts, ends))
    array = viewed(TextBuffers(data, begin, end, valid))
    if not cells:
        return array
    whole = pl.Series(array).scatter(places, pl.Series(cells, dtype=pl.String))
    return whole.to_arrow(compat_level=pl.CompatLevel.newest())


@dataclass(slots=True)
class _Types:
    """The type of the first value of each key, and its line; the same for the whole file."""

    wanted: tuple[str, ...]
    of: list[int]
    line: list[int]

    def faults(self, found: NDArray[np.uint8], first_line: int) -> dict[int, list[str]]:
        """Return what is wrong with lines of other types; found: types of (keys, lines)."""
        faults: dict[int, list[str]] = {}
        for at, kinds in enumerate(found):
            filled = np.flatnonzero(kinds)
            if self.of[at] == _NULL and filled.size:
                self.of[at], self.line[at] = int(kinds[filled[0]]), first_line + int(filled[0])
            for line in filled[kinds[filled] != self.of[at]].tolist():
                faults.setdefault(line, []).append(
                    f"{self.wanted[at]} is {_TYPES[kinds[line]]}; "
                    f"it was {_TYPES[self.of[at]]} at line {self.line[at]}"
                )
        return faults


def _read_block(
    block: Block, keys: _Keys, seen: set[str], types: _Types, reading: Reading
) -> RawRows:
    """Return the rows of one block; put its bad lines on the list of rejects."""
    begin, end = line_spans(block)
    cut = keys.cut(block, seen)
    found = cut.types()
    others: dict[int, tuple[str | None, ...]] = {}
    reasons: dict[int, list[str]] = {}
    for line in np.flatnonzero(cut.is_cut == 0).tolist():
        text = cut.text(line)
        if not text.strip():
            reading.blank_lines += 1
        elif line in block.undecodable:
            reasons[line] = [block.undecodable[line]]
        else:
            try:
                others[line], found[:, line] = _row(text, keys, seen)
            except (ValueError, RecursionError) as error:
                reasons[line] = [f"not a row of JSON: {str(error)[:200]}"]
    reasons |= types.faults(found, block.first_line)
    for line in sorted(reasons):
        cut.is_cut[line] = 0
        others.pop(line, None)
        first, last = int(begin[line]), int(end[line])
        place = (block.first_line + line, block.raw_start + first, block.raw_start + last)
        reading.refuse(Reject(*place, raw_text(block, first, last), tuple(reasons[line])))
    reading.lines += begin.size
    columns, rows = cut.columns(keys.wanted, others)
    reading.record_lines += len(rows) + len(reasons)
    return RawRows(
        columns, rows + block.first_line, begin[rows] + block.raw_start, end[rows] + block.raw_start
    )


def _row(text: str, keys: _Keys, seen: set[str]) -> tuple[tuple[str | None, ...], list[int]]:
    """Return the cells of one line, and their types."""
    value = _DECODER.decode(text)
    if not isinstance(value, dict):
        raise _RefusedError("expected an object")
    new = [name for name in value if name not in keys.known]
    if new:
        raise InputError(
            f"expected known keys only, found {', '.join(map(repr, new))}",
            where=keys.where,
            fix="map the keys, or list those that you do not need in ignore_columns",
            code="FILE_SCHEMA",
        )
    cells = [_cell(value, name, seen) for name in keys.wanted]
    return tuple(cell for cell, _ in cells), [kind for _, kind in cells]


def _cell(value: dict[str, Any], name: str, seen: set[str]) -> tuple[str | None, int]:
    """Return one value as text, null when it is absent or null, and its type."""
    found: Any = value
    for part in (name,) if name in value else name.split("."):
        if not isinstance(found, dict) or part not in found:
            return None, _NULL
        found = found[part]
    seen.add(name)
    if found is None:
        return None, _NULL
    if isinstance(found, bool):
        return ("true" if found else "false"), _TRUTH
    if isinstance(found, _Number):
        return str(found), _NUMBER
    if isinstance(found, str) and not is_writable(found):
        raise _RefusedError(f"{name} holds half a character (a lone surrogate)")
    if isinstance(found, str):
        return found, _TEXT
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
