"""Reports printed for people: rows are the lines that fit one pattern, all others are counted.

For small files with columns aligned by blanks, titles on every page and totals in sentences. What
stands before the column headings is title; behind them, a line that fits neither the row, nor a
title or total, is a reject.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import numpy as np
import polars as pl
import pyarrow as pa

from recon.core.codes import Side
from recon.errors import InputError
from recon.io.formats.contract import (
    Control,
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
from recon.io.formats.cutting import frame_of, raw_text, rows_of
from recon.io.formats.fixed import line_spans
from recon.io.formats.lines import Block, Lines
from recon.io.formats.sheet import TITLE_LINES, sniffed_encoding


@dataclass(frozen=True, slots=True)
class Report:
    """One layout; the named groups of `row` are the columns, those of `totals` add up by name."""

    name: str
    title_en: str
    title_zh: str
    title: str  # a pattern that the lines before the first row must contain
    row: str  # a pattern for a whole line
    passed: str  # a pattern for the begin of titles, rules and totals
    fields: Mapping[str, Field]
    heading: str = ""  # a pattern of the column headings; by it a day without rows is known
    totals: str = ""
    facts: str = ""
    derive: Callable[[Mapping[str, str]], Mapping[str, pl.Expr]] = lambda _facts: {}
    controls: tuple[Control, ...] = ()

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
            controls=lambda _options: self.controls,
            has_controls=bool(self.totals),
            net_is_exact=True,
        )


def _fields(report: Report, _options: Options) -> Fields:
    """Return the declared fields."""
    return report.fields


def _recognise(report: Report, probe: Probe) -> bool:
    """Return whether the head has the title and then a row, or its headings and no row."""
    lines = probe.text().lstrip("\ufeff").splitlines()[:TITLE_LINES]
    at = next((i for i, line in enumerate(lines) if re.fullmatch(report.row, line)), None)
    if at is None:
        text = "\n".join(lines)
        is_whole = len(probe.head) == probe.size and bool(report.heading)
        return is_whole and bool(
            re.search(report.title, text) and re.search(f"(?m){report.heading}", text)
        )
    return re.search(report.title, "\n".join(lines[:at])) is not None


def _read(
    report: Report, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the rows; fill facts and declared totals."""
    others: list[str] = []
    found = 0
    with staged.path.open("rb") as stream:
        for block in Lines(stream, staged.name, options.encoding, sniffed_encoding):
            rows = _read_block(report, block, reading, others)
            found += rows.record_no.size
            for match in re.finditer(report.facts, "\n".join(others)) if report.facts else ():
                reading.facts.update({k: v for k, v in match.groupdict().items() if v})
            frame = frame_of(rows)
            yield rows_of(frame.with_columns(**report.derive(reading.facts)), rows)
    if not re.search(report.title, "\n".join(others)):
        raise InputError(
            f"expected a title that fits {report.title!r}, found {others[:3]!r:.300}",
            where=staged.name,
            fix="check that this is the report that was meant",
            code="FILE_SCHEMA",
        )
    _take_totals(report, "\n".join(others), reading)


def _read_block(report: Report, block: Block, reading: Reading, others: list[str]) -> RawRows:
    """Return the rows of one block and account for its other lines."""
    begin, end = line_spans(block)
    row, passed = re.compile(report.row), re.compile(report.passed)
    columns: dict[str, list[str]] = {name: [] for name in row.groupindex}
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
            for name, cell in match.groupdict().items():
                columns[name].append((cell or "").strip())
        elif line < titles or (line not in block.undecodable and passed.match(text)):
            others.append(text)
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


def _take_totals(report: Report, text: str, reading: Reading) -> None:
    """Fill what the report declares, the totals of its parts added up."""
    sums: dict[str, Decimal] = {}
    for match in re.finditer(report.totals, text) if report.totals else ():
        for name, cell in match.groupdict().items():
            if cell is not None:
                sums[name] = sums.get(name, Decimal(0)) + Decimal(cell.replace(",", ""))
    reading.declared.update({name: str(value) for name, value in sums.items()})
