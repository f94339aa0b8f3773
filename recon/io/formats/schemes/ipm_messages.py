"""The records of IPM files: blocks or none, lengths, messages of data elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from recon.errors import InputError
from recon.io.reading.contract import StagedFile

BLOCK, PAYLOAD = 1014, 1012
_BLOCK_END = b"\x40\x40"
_LOOKED_AT, _READ = 16, 64  # blocks
RECORD_LIMIT = 1 << 16
FIXED = {
    3: 6,
    4: 12,
    5: 12,
    6: 12,
    9: 8,
    10: 8,
    12: 12,
    14: 4,
    22: 12,
    23: 3,
    24: 3,
    25: 4,
    26: 4,
    30: 24,
    37: 12,
    38: 6,
    40: 3,
    41: 8,
    42: 15,
    49: 3,
    50: 3,
    51: 3,
    71: 8,
    73: 6,
}
_TWO_DIGITS = frozenset({2, 31, 32, 33, 43, 93, 94, 95, 97, 100})
THREE_DIGITS = frozenset({48, 54, 55, 62, 63, 72, 111, 123, 124, 125, 127})
_BINARY = 55
_PRIVATE = (48, 62, 123, 124, 125)
FIX = "transfer the file again, in binary"


@dataclass(slots=True)
class Message:
    """A decoded record: message type, data elements, private subelements."""

    mti: str
    elements: dict[int, str] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)
    fault: str = ""


class Records:
    """The records of a file, read some blocks at a time; where each stands in the file."""

    def __init__(self, staged: StagedFile, stream: BinaryIO) -> None:
        """Look at the first blocks of a file, if blocks they are."""
        self.name = staged.name
        self.stream = stream
        self.blocked = _is_blocked(stream.read(BLOCK * _LOOKED_AT), staged.size)
        stream.seek(0)
        self.waiting = b""  # unblocked bytes; those before `at` are taken
        self.at = 0
        self.position = 0  # of the next byte in the unblocked file

    def __iter__(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield begin, end and bytes of each record; the file must end with length 0."""
        while True:
            begin = self.position
            size = self.take(4)
            length = int.from_bytes(size, "big")
            if len(size) < 4:  # noqa: PLR2004  a record length
                raise refused("the file does not end with a length of 0: it is cut", self.name)
            if not length:
                break
            if length > RECORD_LIMIT:
                problem = (
                    f"at byte {begin} stands no length of a record but {length}: a block is cut"
                )
                raise refused(problem, self.name)
            raw = self.take(length)
            if len(raw) < length:
                problem = (
                    f"the file is cut: a record of {length} bytes begins at byte {begin},"
                    f" {len(raw)} of them are here"
                )
                raise refused(problem, self.name)
            yield self.place(begin + 4), self.place(self.position - 1) + 1, raw
        while piece := self.take(BLOCK):
            if piece.strip(b"\x40\x00"):
                problem = f"more records stand behind the end of the file at byte {begin}"
                raise refused(problem, self.name)

    def take(self, count: int) -> bytes:
        """Return the next bytes, fewer at the end of the file."""
        while len(self.waiting) - self.at < count and (piece := self.stream.read(BLOCK * _READ)):
            if self.blocked:
                ends = [piece[at : at + 2] for at in range(PAYLOAD, len(piece), BLOCK)]
                if len(piece) % BLOCK or any(end != _BLOCK_END for end in ends):
                    raise refused("a block of 1014 bytes does not end as others do", self.name)
                piece = b"".join(piece[at : at + PAYLOAD] for at in range(0, len(piece), BLOCK))
            self.waiting, self.at = self.waiting[self.at :] + piece, 0
        taken = self.waiting[self.at : self.at + count]
        self.at += len(taken)
        self.position += len(taken)
        return taken

    def place(self, position: int) -> int:
        """Return where an unblocked byte stands in the file."""
        return position + 2 * (position // PAYLOAD) if self.blocked else position


def _is_blocked(head: bytes, size: int) -> bool:
    """Return whether the file is of whole blocks and each of the first ends as a block does.

    The end of a block is two blanks in EBCDIC, which stand in messages too.
    """
    ends = {head[at : at + 2] for at in range(PAYLOAD, len(head), BLOCK)}
    return size > 0 and size % BLOCK == 0 and ends == {_BLOCK_END}


def refused(problem: str, name: str) -> InputError:
    """Return the refusal of the file."""
    return InputError(problem, where=name, fix=FIX, code="FILE_SCHEMA")


def decoded(raw: bytes) -> Message:
    """Return the message of a record; what cannot be read is its fault."""
    encoding = "cp500" if raw[:1] == b"\xf1" else "latin-1"
    message = Message(raw[:4].decode(encoding))
    bits = int.from_bytes(raw[4:20], "big")
    at = 20
    for number in range(2, 129):
        if not bits >> (128 - number) & 1:
            continue
        width = FIXED.get(number)
        digits = 2 if number in _TWO_DIGITS else 3 if number in THREE_DIGITS else 0
        if width is None:
            text = raw[at : at + digits].decode(encoding)
            if not digits or not (text.isascii() and text.isdigit()):
                message.fault = f"DE {number} cannot be read at byte {at} of the record"
                return message
            width, at = int(text), at + digits
        piece = raw[at : at + width]
        if len(piece) < width:
            message.fault = f"DE {number} needs {width} bytes, the record has {len(piece)}"
            return message
        message.elements[number] = piece.hex() if number == _BINARY else piece.decode(encoding)
        at += width
    if at != len(raw):
        message.fault = f"{len(raw) - at} bytes stand behind the last data element"
    _take_private(message)
    return message


def _take_private(message: Message) -> None:
    """Cut the private subelements: tag of 4, length of 3, data; what is none of them is a fault."""
    for number in _PRIVATE:
        text, at = message.elements.get(number, ""), 0
        while at + 7 <= len(text) and re.fullmatch("[0-9]{7}", text[at : at + 7]):
            width = int(text[at + 4 : at + 7])
            message.private.setdefault(text[at : at + 4], text[at + 7 : at + 7 + width])
            at += 7 + width
        if (at > len(text) or text[at:].strip()) and not message.fault:
            message.fault = f"DE {number} does not come apart into private subelements"
