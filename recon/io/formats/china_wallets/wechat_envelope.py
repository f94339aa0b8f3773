"""The envelope of WeChat Pay bills: one header line, rows, and a summary pair at the end.

The platform marks every value with one leading back-tick and quotes nothing. Bills that went
through a spreadsheet have lost the marks and are ordinary CSV; the portal also writes GB18030.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from recon.errors import InputError
from recon.io.reading.contract import Options, Probe, RawRows, Reading, StagedFile
from recon.io.reading.cutting import Dialect, Layout, cut_rows
from recon.io.reading.lines import Block, Lines, listed
from recon.io.reading.marks import CLOCK
from recon.io.reading.sheet import TITLE_LINES, sniffed_encoding

CLOCKS: Final = (
    *CLOCK,
    "YYYY-MM-DD hh：mm：ss",  # the vendor's first examples
    "YYYY-MM-DDhh：mm：ss",
)
_NO_BILL: Final = re.compile(
    r"no bill exist|no_bill_exist|no_statement_exist|账单(?:文件)?不存在", re.IGNORECASE
)
_ANSWER: Final = 2_000  # characters; an answer of the platform is shorter, a bill's head is not
_TICKED: Final = Dialect(b",`", trim=True)
_PLAIN: Final = Dialect(b",", ord('"'), trim=True)


@dataclass(frozen=True, slots=True)
class Bill:
    """One kind of bill: its columns, under the names that `column_name` gives."""

    title: str
    count: str  # the first cell of the summary: the number of rows
    marks: frozenset[str]  # columns that tell this kind from others
    required: tuple[str, ...]
    optional: tuple[str, ...]
    unread: tuple[str, ...]
    column_name: Callable[[str], str]

    def is_header(self, line: str) -> bool:
        """Return whether a line is the header of this kind of bill."""
        return self.marks <= {self.column_name(cell) for cell in line.strip().split(",")}

    def recognise(self, probe: Probe) -> bool:
        """Return whether the head is such a bill's, or the answer that there is none."""
        text = probe.text().lstrip("\ufeff")
        return says_no_bill(text) or self.is_header(text.split("\n", 1)[0])

    def read(self, staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
        """Yield the bill's rows; fill the summary cells."""
        with staged.path.open("rb") as stream:
            blocks = Lines(stream, staged.name, options.encoding, sniffed_encoding)
            first = blocks.take()
            assert first is not None, "Lines refuses an empty file"
            if _is_no_bill(first, self.count, reading):
                return
            header, first = self._header(first, options, reading, staged.name)
            dialect = _TICKED if _is_ticked(first) else _PLAIN
            wanted = tuple(name for name in (*self.required, *self.optional) if name in header)
            yield from cut_rows(
                _until_summary(first, blocks, self, reading, staged.name),
                dialect,
                Layout(header, wanted),
                reading,
                give_back=blocks.give_back,
            )

    def _header(
        self, block: Block, options: Options, reading: Reading, where: str
    ) -> tuple[tuple[str, ...], Block]:
        """Check the header line and return its names and what follows."""
        lines = block.line_texts(TITLE_LINES)
        at = next((number for number, line in enumerate(lines) if line.strip()), 0)
        line = lines[at] if lines else ""
        names = tuple(self.column_name(cell) for cell in line.split(","))
        known = {*self.required, *self.optional, *self.unread, *options.ignore_columns}
        problems = [f"column {name!r} is missing" for name in self.required if name not in names]
        problems += [f"column {name!r} is unknown" for name in names if name not in known]
        problems += [f"column {name!r} stands twice" for name in {*names} if names.count(name) > 1]
        if problems:
            raise InputError(
                f"expected the header of {self.title}, found {line[:200]!r}: "
                + listed(sorted(problems), "; "),
                where=f"{where}, line {at + 1}",
                fix=f"check that this is {self.title}; list new columns that you do not need in"
                " ignore_columns of this source",
                code="FILE_SCHEMA",
            )
        reading.lines += at + 1
        reading.blank_lines += at
        reading.header_lines += 1
        return names, block.after(at + 1)


def says_no_bill(text: str) -> bool:
    """Return whether a file is the platform's answer that there is no bill of that day."""
    return text[:1] in ("<", "{") and len(text) < _ANSWER and _NO_BILL.search(text) is not None


def _is_no_bill(block: Block, count: str, reading: Reading) -> bool:
    """Return whether the file says that nothing happened on that day; if so, account for it."""
    lines = block.line_texts(20)
    if not lines or not says_no_bill("\n".join(lines)):
        return False
    reading.lines = reading.comment_lines = block.lines
    reading.notes.append("the platform answers that no bill exists: nothing happened on that day")
    reading.declared[count] = "0"
    return True


def present_name(cell: str) -> str:
    """Return a header cell without wrapping marks, its parentheses half-width."""
    return cell.strip(' \t`"\ufeff').replace("（", "(").replace("）", ")")


def _is_ticked(block: Block) -> bool:
    """Return whether values have their back-tick: seen in the first row, or in the summary."""
    filled = [line for line in block.line_texts(10) if line.strip()]
    return any(line.lstrip().startswith("`") for line in filled[:2])


def _until_summary(
    first: Block, blocks: Lines, bill: Bill, reading: Reading, where: str
) -> Iterator[Block]:
    """Yield the blocks of data rows; take the summary pair off the end.

    The summary's cells go to `reading.declared` under the names that `column_name` gives.
    """
    block: Block | None = first
    tail: list[str] | None = None
    while block is not None:
        if tail is not None:
            tail += block.line_texts()
        else:
            at = _summary_line(block, bill.count.encode())
            if at is None:
                yield block
            else:
                tail = block.after(at).line_texts()
                yield block.before(at)
        block = blocks.take()
    _take_summary(tail or [], bill, reading, where)


def _summary_line(block: Block, count: bytes) -> int | None:
    """Return the number of the line that begins the summary, if the block has it."""
    if block.find(count) < 0:
        return None
    data = block.data.tobytes()
    for mark in (count, b'"' + count):
        if data.startswith(mark):
            return 0
        at = data.find(b"\n" + mark)
        if at >= 0:
            return data.count(b"\n", 0, at + 1)
    return None


def _take_summary(lines: list[str], bill: Bill, reading: Reading, where: str) -> None:
    """Read the two summary lines into `reading.declared` and account for them."""
    filled = [line for line in lines if line.strip(" \t,")]
    reading.lines += len(lines)
    reading.blank_lines += len(lines) - len(filled)
    reading.trailer_lines += len(filled)
    pair = 2
    names = [bill.column_name(cell) for cell in _cells(filled[0])] if filled else []
    cells = _cells(filled[1]) if len(filled) >= pair else []
    values = [
        _plain_count(name, cell.strip(" \t`")) for name, cell in zip(names, cells, strict=False)
    ]
    is_whole = len(filled) == pair and len(names) == len(cells) and "" not in values
    if not is_whole or not re.fullmatch("[0-9]{1,15}", values[0]):
        raise InputError(
            f"expected one summary heading and one summary line at the end, found {filled!r:.300}",
            where=where,
            fix="download the bill again: it is cut, or several bills were joined",
            code="FILE_TOTAL",
        )
    reading.declared.update(zip(names, values, strict=True))


def _cells(line: str) -> list[str]:
    """Return the cells of a summary line; a spreadsheet fills it up to the width of the rows."""
    text = line.strip().rstrip(",")
    if text.startswith("`"):
        return text.split(",`")
    return next(csv.reader([text]))


def _plain_count(name: str, cell: str) -> str:
    """Return a count without the `.0` that some exports print, or the commas between thousands."""
    return re.sub(r"\.0+$", "", cell).replace(",", "") if name.endswith("数") else cell
