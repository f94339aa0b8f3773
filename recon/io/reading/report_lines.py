"""Reports printed for people: rows are the lines that fit one pattern, all others are counted.

For small files with columns aligned by blanks, titles on every page and totals in sentences. What
stands before the column headings is title; behind them, a line that fits neither the row, nor a
title or total, is a reject. A row has the facts of the titles above it, and a total is compared
with the rows since the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import polars as pl
import pyarrow as pa

from recon.core.codes import Side
from recon.errors import InputError
from recon.io.reading.contract import (
    ControlTotal,
    Field,
    Fields,
    Format,
    Options,
    Probe,
    RawRows,
    Reading,
    Reject,
    StagedFile,
)
from recon.io.reading.cutting import frame_of, raw_text, rows_of
from recon.io.reading.fixed import line_spans
from recon.io.reading.lines import Block, Lines
from recon.io.reading.sheet import TITLE_LINES, sniffed_encoding
from recon.io.reading.statement import exact_minor
from recon.io.reading.table import refuse_negative_payments


@dataclass(frozen=True, slots=True)
class Report:
    """One layout; the named groups of `row` and `facts` are the columns."""

    name: str
    title_en: str
    title_zh: str
    title: str  # a pattern that the lines before the first row must contain
    row: str  # a pattern for a whole line
    passed: str  # a pattern for the begin of titles, rules and totals
    fields: Mapping[str, Field]
    heading: str = ""  # a pattern of the column headings; by it a day without rows is known
    own_titles: str = ""  # a pattern of first lines of no other layout, the rest cut off or not
    totals: str = ""  # a pattern: `count` of the rows since the total before, `sum` of `summed`
    summed: str = "amount"
    facts: str = ""  # a pattern, of what holds for the rows below
    derive: Mapping[str, pl.Expr] = field(default_factory=dict)

    def format(self) -> Format:
        """Return the format that this declaration makes."""
        return Format(
            name=self.name,
            title_en=self.title_en,
            title_zh=self.title_zh,
            side=Side.CHANNEL,
            recognise=partial(_recognise, self),
            read=partial(_read, self),
            fields=partial(_fields, self),
            has_controls=bool(self.totals),
            refine=refuse_negative_payments,
            net_is_exact=True,
        )


@dataclass(slots=True)
class _Part:
    """The rows since the last total, in fen."""

    rows: int = 0
    sum: int = 0

    def add(self, amount: str) -> None:
        """Take a row; an amount finer than a fen refuses its row later."""
        self.rows += 1
        self.sum += _fen(amount) or 0

    def compared(self, total: re.Match[str], line: int) -> list[ControlTotal]:
        """Return what a total says beside what its rows come to, and begin the next part."""
        count, declared = total["count"].replace(",", ""), _fen(total["sum"])
        name = f"rows up to the total of line {line}"
        controls = [
            ControlTotal(name, int(count), self.rows),
            ControlTotal(f"{name}, sum", declared, self.sum, "CNY")
            if declared is not None
            else ControlTotal(f"{name}, sum {total['sum']} is an amount", 1, 0),
        ]
        self.rows = self.sum = 0
        return controls


def _fen(text: str) -> int | None:
    """Return a signed amount in fen, None when it is finer."""
    plain = text.replace(",", "")
    minor = exact_minor(plain.removeprefix("-"), 2)
    return -minor if minor is not None and plain.startswith("-") else minor


def _fields(report: Report, _options: Options) -> Fields:
    """Return the declared fields."""
    return report.fields


def _recognise(report: Report, probe: Probe) -> bool:
    """Return whether the head has the title and then a row, or headings or own titles and none."""
    lines = probe.text().lstrip("\ufeff").splitlines()[:TITLE_LINES]
    at = next((i for i, line in enumerate(lines) if re.fullmatch(report.row, line)), None)
    if at is None:
        text = "\n".join(lines)
        is_empty_day = bool(report.heading) and bool(
            re.search(report.title, text) and re.search(f"(?m){report.heading}", text)
        )
        is_cut = bool(report.own_titles) and re.match(report.own_titles, text) is not None
        return len(probe.head) == probe.size and (is_empty_day or is_cut)
    return re.search(report.title, "\n".join(lines[:at])) is not None


def _read(
    report: Report, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the rows; fill facts and declared totals."""
    others: list[str] = []
    found, part = 0, _Part()
    with staged.path.open("rb") as stream:
        for block in Lines(stream, staged.name, options.encoding, sniffed_encoding):
            rows = _read_block(report, block, reading, others, part)
            found += rows.record_no.size
            yield rows_of(frame_of(rows).with_columns(**report.derive), rows)
    _check_titles(report, "\n".join(others), found, staged.name)
    if report.totals and part.rows:
        reading.controls.append(ControlTotal("rows behind the last total", 0, part.rows))


def _check_titles(report: Report, text: str, rows: int, where: str) -> None:
    """Refuse another report, and one that ends before its column headings: no day without rows."""
    if not re.search(report.title, text):
        raise InputError(
            f"expected a title that fits {report.title!r}, found {text.splitlines()[:3]!r:.300}",
            where=where,
            fix="check that this is the report that was meant",
            code="FILE_SCHEMA",
        )
    if not rows and report.heading and not re.search(f"(?m){report.heading}", text):
        raise InputError(
            "expected column headings and rows behind the titles, found the end of the file",
            where=where,
            fix="ask the sender for the whole file: it is cut",
            code="FILE_SCHEMA",
        )


def _read_block(
    report: Report, block: Block, reading: Reading, others: list[str], part: _Part
) -> RawRows:
    """Return the rows of one block and account for its other lines."""
    begin, end = line_spans(block)
    row, passed = re.compile(report.row), re.compile(report.passed)
    facts = tuple(re.compile(report.facts).groupindex)
    columns: dict[str, list[str]] = {name: [] for name in (*row.groupindex, *facts)}
    kept: list[int] = []
    texts = block.line_texts()
    titles = _titles_end(report, texts, others)
    for line, text in enumerate(texts):
        match = row.fullmatch(text) if line not in block.undecodable else None
        if not text.strip():
            reading.blank_lines += 1
        elif match is not None:
            reading.record_lines += 1
            kept.append(line)
            cells = {name: (cell or "").strip() for name, cell in match.groupdict().items()}
            for name, cell in (
                cells | {name: reading.facts.get(name, "") for name in facts}
            ).items():
                columns[name].append(cell)
            part.add(cells[report.summed])
        elif line < titles or (line not in block.undecodable and passed.match(text)):
            others.append(text)
            if report.facts:
                for fact in re.finditer(report.facts, text):
                    reading.facts.update({k: v for k, v in fact.groupdict().items() if v})
            if report.totals and (total := re.search(report.totals, text)) is not None:
                reading.controls += part.compared(total, block.first_line + line)
            if reading.record_lines:
                reading.trailer_lines += 1
            else:
                reading.header_lines += 1
        else:
            reading.record_lines += 1
            first, last = int(begin[line]), int(end[line])
            why = block.undecodable.get(line, "expected a row, a title or a total of the report")
            place = (block.first_line + line, block.raw_start + first, block.raw_start + last)
            reading.refuse(Reject(*place, raw_text(block, first, last), (why,)))
    reading.lines += begin.size
    lines = np.array(kept, dtype=np.int64)
    return RawRows(
        {name: pa.array(cells, type=pa.string()) for name, cells in columns.items()},
        lines + block.first_line,
        begin[lines] + block.raw_start,
        end[lines] + block.raw_start,
    )


def _titles_end(report: Report, texts: Sequence[str], others: Sequence[str]) -> int:
    """Return how many of a block's lines stand before the file's first column headings."""
    if not report.heading or any(re.search(report.heading, text) for text in others):
        return 0
    return next((at for at, text in enumerate(texts) if re.search(report.heading, text)), 0)
