"""The envelope of WeChat Pay bills: back-ticked values, and a summary pair at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from recon.errors import InputError
from recon.io.formats.contract import Reading
from recon.io.formats.lines import Block, Lines

_NO_BILL: Final = re.compile(
    r"no bill exist|no_bill_exist|no_statement_exist|账单不存在", re.IGNORECASE
)
_ANSWER: Final = 2_000  # characters; an answer of the platform is shorter, a bill's head is not


def says_no_bill(text: str) -> bool:
    """Return whether a file is the platform's answer that there is no bill of that day."""
    return text[:1] in ("<", "{") and len(text) < _ANSWER and _NO_BILL.search(text) is not None


def is_no_bill(block: Block, count: str, reading: Reading) -> bool:
    """Return whether the file says that nothing happened on that day; if so, account for it.

    count: the summary's number of rows, declared as 0.
    """
    lines = block.line_texts(20)
    if not lines or not says_no_bill("\n".join(lines)):
        return False
    reading.lines = reading.comment_lines = block.lines
    reading.notes.append("the platform answers that no bill exists: nothing happened on that day")
    reading.declared[count] = "0"
    return True


def present_name(cell: str) -> str:
    """Return a header cell without wrapping marks, its parentheses half-width."""
    return cell.strip(" \t`\ufeff").replace("（", "(").replace("）", ")")


def until_summary(
    first: Block,
    blocks: Lines,
    mark: str,
    name_of: Callable[[str], str],
    reading: Reading,
    where: str,
) -> Iterator[Block]:
    """Yield the blocks of data rows; take the summary pair, which begins with `mark`, off the end.

    The summary's cells go to `reading.declared` under the names that `name_of` gives.
    """
    block: Block | None = first
    tail: list[str] | None = None
    while block is not None:
        if tail is not None:
            tail += block.line_texts()
        else:
            at = _summary_line(block, mark.encode())
            if at is None:
                yield block
            else:
                tail = block.after(at).line_texts()
                yield block.before(at)
        block = blocks.take()
    _take_summary(tail or [], name_of, reading, where)


def _summary_line(block: Block, mark: bytes) -> int | None:
    """Return the number of the line that begins the summary, if the block has it."""
    data = block.data.tobytes()
    if data.startswith(mark):
        return 0
    at = data.find(b"\n" + mark)
    return None if at < 0 else data.count(b"\n", 0, at + 1)


def _take_summary(
    lines: list[str], name_of: Callable[[str], str], reading: Reading, where: str
) -> None:
    """Read the two summary lines into `reading.declared` and account for them."""
    filled = [line for line in lines if line.strip()]
    reading.lines += len(lines)
    reading.blank_lines += len(lines) - len(filled)
    reading.trailer_lines += len(filled)
    names = [name_of(cell) for cell in filled[0].split(",")] if filled else []
    cells = filled[1].split(",`") if len(filled) > 1 else []
    values = [
        _plain_count(name, cell.strip(" \t`")) for name, cell in zip(names, cells, strict=False)
    ]
    pair = 2
    is_whole = len(filled) == pair and len(names) == len(cells) and "" not in values
    if not is_whole or not re.fullmatch("[0-9]{1,15}", values[0]):
        raise InputError(
            f"expected one summary heading and one summary line at the end, found {filled!r:.300}",
            where=where,
            fix="download the bill again: it is cut, or several bills were joined",
            code="FILE_TOTAL",
        )
    reading.declared.update(zip(names, values, strict=True))


def _plain_count(name: str, cell: str) -> str:
    """Return a count without the `.0` that some exports print."""
    return re.sub(r"\.0+$", "", cell) if name.endswith(("数", "笔数")) else cell
