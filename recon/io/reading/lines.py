"""From bytes to blocks of whole lines, decoded strictly, in bounded memory.

A newline byte is never part of a character in any encoding listed in `ENCODINGS`, so lines are cut
on the raw bytes first; each block of lines is then decoded strictly, and only then split into
fields. Byte ranges always refer to the raw bytes. A line that does not decode is one reject.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.kernels import tokenise as kernel
from recon.core.texts.text import read_only
from recon.errors import InputError

BLOCK_BYTES: Final = 4 << 20
LINE_LIMIT: Final = 1 << 20
ENCODINGS: Final = (
    "utf-8",
    "ascii",
    "gb18030",
    "big5",
    "big5hkscs",
    "iso8859-1",
    "iso8859-2",
    "iso8859-9",
    "iso8859-15",
    "cp1250",
    "cp1251",
    "cp1252",
    "cp1254",
    "cp1257",
    "shift_jis",
    "cp932",
    "euc_jp",
    "euc_kr",
)
_SUPERSET: Final = {
    **dict.fromkeys(("gb2312", "gbk", "cp936"), "gb18030"),
    **dict.fromkeys(("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"), "utf-8"),  # unpacked before
}
_SHOWN_ITEMS: Final = 20
_SHOWN_CHARACTERS: Final = 120
_LF: Final = 10
_LAST_ASCII: Final = 127
_UTF8_MARK: Final = codecs.BOM_UTF8
_GB18030_MARK: Final = b"\x84\x31\x95\x33"
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def encoding_named(name: str, where: str) -> str:
    """Return the canonical name of a declared encoding, or refuse it with the known ones."""
    try:
        canonical = codecs.lookup(name).name
    except LookupError:
        canonical = ""
    canonical = _SUPERSET.get(canonical, canonical)
    if canonical not in ENCODINGS:
        raise InputError(
            f"expected an encoding that keeps line breaks apart, found {name!r}",
            where=where,
            fix=f"write one of {', '.join(ENCODINGS)}; convert other files before delivery",
            code="FILE_SCHEMA",
        )
    return canonical


def listed(items: Sequence[str], separator: str = ", ") -> str:
    """Return the items in one line, all but the first twenty of them counted only."""
    shown = [item[:_SHOWN_CHARACTERS] for item in items[:_SHOWN_ITEMS]]
    if len(items) > _SHOWN_ITEMS:
        shown.append(f"and {len(items) - _SHOWN_ITEMS} more")
    return separator.join(shown)


@dataclass(slots=True)
class Block:
    """A run of whole physical lines: as received, and as UTF-8."""

    raw: NDArray[np.uint8]  # cannot be written: one type for every kernel
    raw_start: int  # offset of `raw` in the file
    first_line: int  # 1-based number of the first line
    final: bool  # the file ends with this block
    encoding: str
    data: NDArray[np.uint8]  # UTF-8, the same lines
    lines: int
    is_raw: bool  # `data` are the bytes of `raw`
    undecodable: dict[int, str] = field(default_factory=dict)  # line in the block -> why
    _held: dict[int, bool] = field(default_factory=dict, init=False)  # of `raw`

    def raw_line_offsets(self) -> NDArray[np.int64]:
        """Return where each line begins in `raw`, and the end."""
        return line_offsets(self.raw)

    def holds(self, byte: int) -> bool:
        """Return whether a byte stands anywhere in `raw`; looked for once."""
        if byte not in self._held:
            self._held[byte] = bool(kernel.holds_byte(self.raw, byte))
        return self._held[byte]

    def find(self, text: bytes) -> int:
        """Return where a text of three bytes or more begins in `data`, -1 where it does not."""
        if not kernel.may_hold(self.data, np.frombuffer(text, np.uint8)):
            return -1  # nearly always, and without Python's lock
        return self.data.tobytes().find(text)

    def line_texts(self, limit: int = 0) -> list[str]:
        """Return the lines as text without their ends, at most `limit` of them when given."""
        pieces = self.data.tobytes().split(b"\n", limit or -1)
        if len(pieces) > limit > 0 or not pieces[-1]:
            pieces.pop()  # what follows the last line that is wanted, or the last line end
        return [piece.decode().removesuffix("\r") for piece in pieces]

    def after(self, lines: int) -> Block:
        """Return the block without its first `lines` lines."""
        raw_at = int(self.raw_line_offsets()[lines])
        data_at = int(line_offsets(self.data)[lines])
        return Block(
            self.raw[raw_at:],
            self.raw_start + raw_at,
            self.first_line + lines,
            self.final,
            self.encoding,
            self.data[data_at:],
            self.lines - lines,
            self.is_raw,
            {line - lines: why for line, why in self.undecodable.items() if line >= lines},
        )

    def before(self, lines: int) -> Block:
        """Return the block's first `lines` lines, as the end of the records."""
        raw_end = int(self.raw_line_offsets()[lines])
        data_end = int(line_offsets(self.data)[lines])
        return Block(
            self.raw[:raw_end],
            self.raw_start,
            self.first_line,
            final=True,
            encoding=self.encoding,
            data=self.data[:data_end],
            lines=lines,
            is_raw=self.is_raw,
            undecodable={line: why for line, why in self.undecodable.items() if line < lines},
        )


def lines_of(raw: NDArray[np.uint8]) -> int:
    """Return how many lines some bytes have; a last one without LF counts."""
    ends = int(kernel.count_byte(raw, _LF))
    return ends + (raw.size > 0 and raw[-1] != _LF)


def line_offsets(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the offset of each line's first byte, and the end."""
    out = np.empty(int(kernel.count_byte(data, 10)) + 2, dtype=np.int64)
    lines = int(kernel.line_offsets(data, out))
    return out[: lines + 1]


def decode_lines(raw: NDArray[np.uint8], encoding: str) -> tuple[NDArray[np.uint8], dict[int, str]]:
    """Return the same lines as UTF-8, and why each undecodable line does not decode."""
    if (encoding == "utf-8" and _is_utf8(raw)) or is_ascii(raw):
        return raw, {}
    bad: dict[int, str] = {}
    try:
        text = str(raw.data, encoding).encode()
    except UnicodeDecodeError:
        text, bad = _decode_each_line(raw.tobytes(), encoding)
    return read_only(np.frombuffer(text, dtype=np.uint8)), bad


def is_ascii(raw: NDArray[np.uint8]) -> bool:
    """Return whether all bytes are ASCII."""
    return not raw.size or int(raw.max()) <= _LAST_ASCII


def _is_utf8(raw: NDArray[np.uint8]) -> bool:
    """Return whether bytes are UTF-8, without making text of them."""
    ends = np.array([0, raw.size], dtype=np.int64)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(raw)]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, buffers).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _decode_each_line(raw: bytes, encoding: str) -> tuple[bytes, dict[int, str]]:
    """Decode line by line; a bad line keeps its delimiters, so that its neighbours stay whole."""
    pieces: list[bytes] = []
    bad: dict[int, str] = {}
    for number, line in enumerate(raw.split(b"\n")):
        try:
            pieces.append(line.decode(encoding).encode())
        except UnicodeDecodeError as error:
            found = line[error.start : error.start + 4].hex(" ")
            bad[number] = f"bytes {found} at column {error.start + 1} are not {encoding}"
            pieces.append(line.decode(encoding, "replace").encode())
    return b"\n".join(pieces), bad


class Lines:
    """A file as blocks of whole lines, of any size, in bounded memory."""

    def __init__(
        self,
        stream: BinaryIO,
        where: str,
        encoding: str,
        sniff: Callable[[bytes], str] = lambda _head: "utf-8",
    ) -> None:
        """Take an open binary stream; refuse it when it is empty or not text of lines.

        An empty `encoding` is what `sniff` makes of the first block.
        """
        self.where = where
        self.encoding = encoding and encoding_named(encoding, where)
        self._sniff = sniff
        self._stream = stream
        self._rest = np.zeros(0, np.uint8)
        self._offset = 0
        self._line = 1
        self._ended = False
        self._grow = False
        self._begin()

    def _begin(self) -> None:
        """Read the first bytes, strip one byte order mark and refuse what is not lines of text."""
        self._fill()
        head = self._rest.tobytes()
        if not head:
            raise InputError(
                "expected rows, found a file of zero bytes",
                where=self.where,
                fix="ask the sender for the file again; an empty day still has a header",
                code="FILE_EMPTY",
            )
        self.encoding = self.encoding or self._sniff(head)
        if head[:2] in _UTF16_MARKS:
            raise self._not_text("UTF-16 text")
        if head.startswith(_UTF8_MARK):
            if self.encoding not in ("utf-8", "ascii"):
                raise InputError(
                    f"expected {self.encoding}, found a UTF-8 byte order mark",
                    where=self.where,
                    fix='set encoding = "utf-8" for this source',
                    code="FILE_SCHEMA",
                )
            self._skip(len(_UTF8_MARK))
        elif self.encoding == "gb18030" and head.startswith(_GB18030_MARK):
            self._skip(len(_GB18030_MARK))
        if b"\r" in head[:-1] and b"\n" not in head:
            raise InputError(
                "expected lines that end in LF or CRLF, found CR alone (old Mac line ends)",
                where=self.where,
                fix="convert the line ends before delivery, for instance with `tr '\\r' '\\n'`",
                code="FILE_SCHEMA",
            )

    def _not_text(self, found: str) -> InputError:
        return InputError(
            f"expected text{f' in {self.encoding}' if self.encoding else ''}, found {found}",
            where=self.where,
            fix="ask for the file as UTF-8 or GB18030 text, or name the right format",
            code="FILE_SCHEMA",
        )

    def _skip(self, count: int) -> None:
        self._rest = self._rest[count:]
        self._offset += count

    def _fill(self) -> None:
        """Read up to a block more behind what is held, straight to where it stays."""
        held = self._rest.size
        buffer = np.empty(held + BLOCK_BYTES, np.uint8)
        buffer[:held] = self._rest
        at = held
        while at < buffer.size:
            more = self._stream.readinto(buffer[at:].data)  # type: ignore[attr-defined]  # BinaryIO lacks it, every stream of ours has it
            if not more:
                self._ended = True
                break
            at += more
        if at > held and not buffer[held:at].min():
            raise self._not_text("a NUL byte (binary or UTF-16)")
        self._rest = read_only(buffer[:at])

    def take(self) -> Block | None:
        """Return the next whole lines, or None at the end of the file."""
        if not self._ended and (self._grow or self._rest.size < BLOCK_BYTES):
            self._fill()
        self._grow = False
        size = self._rest.size
        cut = int(kernel.after_last(self._rest, _LF))
        if not self._ended:
            if size - cut > LINE_LIMIT:
                raise self._not_text(f"a line of more than {LINE_LIMIT} bytes")
        else:
            cut = size
        if not cut:
            return None
        raw, self._rest = self._rest[:cut], self._rest[cut:]
        data, bad = decode_lines(raw, self.encoding)
        block = Block(
            raw,
            self._offset,
            self._line,
            self._ended and not self._rest.size,
            self.encoding,
            data,
            lines_of(raw),
            data is raw,
            bad,
        )
        self._offset += cut
        self._line += block.lines
        return block

    def give_back(self, block: Block, lines: int) -> None:
        """Put back what follows the first `lines` lines of the block that was taken last."""
        if lines == block.lines:
            return
        rest = block.after(lines)
        self._grow = True
        self._rest = read_only(np.concatenate([rest.raw, self._rest]))
        self._offset = rest.raw_start
        self._line = rest.first_line

    def __iter__(self) -> Iterator[Block]:
        """Yield the blocks that are left."""
        while (block := self.take()) is not None:
            yield block
