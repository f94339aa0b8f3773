"""Read the decision columns of a workbook that a person has filled in."""

from __future__ import annotations

from pathlib import Path

import fastexcel
import polars as pl

from recon.core.codes import Decision
from recon.core.schema import DECISIONS, conform
from recon.errors import InputError
from recon.report.words import Pair
from recon.report.workbook.queue import DECISION_COLUMNS
from recon.report.workbook.words import DECISIONS as CHOICES
from recon.report.workbook.words import WORDS

LIST_HEADS: dict[str, Pair] = {
    "dispute_id": WORDS["dispute"],
    "decision": WORDS["decision"],
    "note": WORDS["note"],
    "decided_by": WORDS["decided_by"],
    "source_name": WORDS["file"],
    "sequence": ("Import", "导入序号"),
}
LIST_WORDS: tuple[Pair, ...] = (  # for none, one and more decisions
    ("no decision was imported", "尚未导入任何结论"),
    ("{} decision", "共 {} 条结论"),
    ("{} decisions", "共 {} 条结论"),
)
_HEAD_ROWS = 10  # the head of the queue stands within the first rows
_TEXT_LIMIT = 4_000


def read_decisions(path: Path, sha256: str, known: frozenset[str]) -> pl.DataFrame:
    """Return the filled-in decisions (DECISIONS, `sequence` null), one a row of the queue.

    known: the dispute ids that exist. Rows without a decision are passed over.
    Raises InputError with every bad cell at once.
    """
    cells, head = _queue(path)
    columns = _columns(cells[head], path)
    words = {word: name for name, pair in CHOICES.items() for word in (*pair, name.lower())}
    rows: list[dict[str, object]] = []
    problems, places = [], dict[str, int]()
    for number, cell in enumerate(cells[head + 1 :], start=head + 2):
        ident, decision, note, person = (cell[columns[name]] for name in DECISION_COLUMNS)
        if not decision and not note and not person:
            continue
        problem = _problem(ident, decision, words, known)
        first = places.setdefault(ident, number)
        if not problem and first != number:
            problem = f"expected one row for {ident}, found another one in row {first}"
        if problem:
            problems.append(f"row {number}: {problem}")
        else:
            rows.append(
                {
                    "row_no": number,
                    "dispute_id": ident,
                    "decision": words[decision.lower()],
                    "note": note[:_TEXT_LIMIT] or None,
                    "decided_by": person[:_TEXT_LIMIT] or None,
                    "source_name": path.name,
                    "source_sha256": sha256,
                }
            )
    if problems:
        raise InputError(
            "; ".join(problems),
            where=path.name,
            fix=f"write one of {', '.join(_choices())} beside each dispute and import again",
            code="FILE_SCHEMA",
        )
    return conform(pl.DataFrame(rows) if rows else DECISIONS.empty(), DECISIONS)


def _problem(ident: str, decision: str, words: dict[str, str], known: frozenset[str]) -> str:
    """Return what is wrong with one row, empty when nothing is."""
    if ident not in known:
        return f"expected a dispute of this workspace, found {ident!r}"
    if decision.lower() not in words:
        return f"expected a decision for {ident}, found {decision!r}"
    return ""


def _choices() -> list[str]:
    return [" / ".join(CHOICES[item.name]) for item in Decision]


def _queue(path: Path) -> tuple[list[list[str]], int]:
    """Return the cells of the queue's sheet as text, and the position of its head."""
    try:
        book = fastexcel.read_excel(path)
        names = [name for name in book.sheet_names if name in WORDS["queue"]]
        frames = [
            book.load_sheet(name, header_row=None, dtypes="string").to_polars() for name in names
        ]
    except (fastexcel.FastExcelError, OSError) as error:
        raise InputError(
            f"expected a workbook, found a file that does not open: {error}",
            where=path.name,
            fix="save it as .xlsx and import that file",
            code="FILE_SCHEMA",
        ) from error
    for frame in frames:
        cells = [[(value or "").strip() for value in row] for row in frame.rows()]
        for position, row in enumerate(cells[:_HEAD_ROWS]):
            if set(WORDS["dispute"]) & set(row) and set(WORDS["decision"]) & set(row):
                return cells, position
    raise _no_queue(path)


def _columns(head: list[str], path: Path) -> dict[str, int]:
    """Return where the columns to read stand, in whatever order."""
    found = {
        name: head.index(word) for name in DECISION_COLUMNS for word in WORDS[name] if word in head
    }
    if len(found) < len(DECISION_COLUMNS):
        raise _no_queue(path)
    return found


def _no_queue(path: Path) -> InputError:
    sheets = " or ".join(f"{name!r}" for name in WORDS["queue"])
    heads = ", ".join(" / ".join(WORDS[name]) for name in DECISION_COLUMNS)
    return InputError(
        f"expected a sheet {sheets} with the columns {heads}, found none",
        where=path.name,
        fix="import the workbook that `recon report --to xlsx` wrote; keep its sheet and heads",
        code="FILE_SCHEMA",
    )
