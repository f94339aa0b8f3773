"""Rows of files without quotes in which a free text holds the mark: its cells are joined again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recon.core.kernels.tokenise import FAULT_MANY, FAULT_NONE
from recon.io.reading.cutting import Layout, Tokens
from recon.io.reading.lines import Block, line_offsets

Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class FreeText:
    """Which columns may hold the mark, and what cells look like that show where the others are."""

    columns: tuple[str, ...]
    shapes: tuple[tuple[str, str], ...]  # a pattern in names of columns, and one of whole cells

    def rejoin(self, mark: bytes, block: Block, tokens: Tokens, layout: Layout) -> None:
        """Find the free text that holds the mark in rows with too many cells.

        The surplus belongs to the one free text that makes every cell of a known shape fall in
        place; when none or several do, the row stays a reject.
        """
        faulty = np.flatnonzero(tokens.row_fault == FAULT_MANY).tolist()
        if not faulty:
            return
        raw = block.data.tobytes()
        offsets = line_offsets(block.data)
        for row in faulty:
            begin = int(offsets[tokens.row_line[row]])
            end = int(offsets[tokens.row_line[row] + 1])
            line = raw[begin:end].rstrip(b"\r\n")
            found = list(self._joined(line, mark, layout.header))
            if len(found) != 1:
                continue
            tokens.row_fault[row] = FAULT_NONE
            for slot, name in enumerate(layout.wanted):
                start, stop = found[0][layout.header.index(name)]
                tokens.starts[slot, row] = begin + start
                tokens.ends[slot, row] = begin + stop

    def _joined(self, line: bytes, mark: bytes, header: tuple[str, ...]) -> Iterator[Spans]:
        """Yield the spans of the columns for each free text that can take the surplus."""
        cells: Spans = []
        at = 0
        for cell in line.split(mark):
            cells.append((at, at + len(cell)))
            at += len(cell) + len(mark)
        surplus = len(cells) - len(header)
        for place, name in enumerate(header):
            if name in self.columns:
                taken = (cells[place][0], cells[place + surplus][1])
                spans = [*cells[:place], taken, *cells[place + surplus + 1 :]]
                if self._are_in_place(line, spans, header):
                    yield spans

    def _are_in_place(self, line: bytes, spans: Spans, header: tuple[str, ...]) -> bool:
        """Return whether every cell of a known shape has it."""
        for name, (start, end) in zip(header, spans, strict=True):
            cell = line[start:end].decode(errors="replace").strip(" \t")
            for names, shape in self.shapes:
                if re.search(names, name) and not re.fullmatch(shape, cell):
                    return False
        return True
