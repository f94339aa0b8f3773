"""The summary that an Alipay bill's zip holds beside the details: what it states of the whole.

Columns as public readers of these bills describe them. The last row is 合计 (all shops, all types);
without one, the rows add up. Only the totals are taken, and compared with the details.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from recon.io.reading.archive import DAMAGE, is_zip, real_members
from recon.io.reading.contract import Reading, StagedFile

PREFIX: Final = "汇总"
_PLAIN: Final = re.compile(r"-?[0-9,]{0,15}(?:\.[0-9]{0,6})?", re.ASCII)
_TOTAL: Final = "合计"
_LIMIT: Final = 1 << 24  # bytes; a summary has a line for each shop


def take_summary(
    staged: StagedFile, titles: Sequence[str], columns: Sequence[str], reading: Reading
) -> None:
    """Fill what the summary member of a zip declares under `汇总` and the column's name.

    titles: how its first line may begin. columns: those that are compared; all must be there. A zip
    without such a member, or a file that is no zip, declares nothing.
    """
    for text in _members(staged.path):
        if text.lstrip("\ufeff").startswith(tuple(titles)):
            totals = _totals(text, columns)
            reading.declared.update({PREFIX + name: cell for name, cell in totals.items()})


def _members(path: Path) -> list[str]:
    """Return the texts of the small members of a zip."""
    if not is_zip(path):
        return []
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in real_members(archive) if info.file_size <= _LIMIT]
            return [_text(archive.read(info)) for info in infos]
    except DAMAGE:
        return []  # the reader of the details refuses the archive


def _text(data: bytes) -> str:
    """Return a member as text: UTF-8 if it decodes, else GB18030."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def _totals(text: str, columns: Sequence[str]) -> dict[str, str]:
    """Return the totals of a summary by column, nothing when it has other columns."""
    rows = [
        [cell.strip(" \t`\"'") for cell in line.split(",")]
        for line in text.lstrip("\ufeff").splitlines()
        if line.strip(" \t,") and not line.startswith("#")
    ]
    names = [cell.replace("（", "(").replace("）", ")") for cell in rows[0]] if rows else []
    if not set(columns) <= set(names) or len(rows) == 1:
        return {}
    places = {name: names.index(name) for name in columns}
    body = [row for row in rows[1:] if len(row) > max(places.values())]
    closing = [row for row in body if _TOTAL in row]
    if closing:
        return {name: closing[-1][place] or "0" for name, place in places.items()}
    return {name: _added(row[place] for row in body) for name, place in places.items()}


def _added(cells: Iterable[str]) -> str:
    """Return the sum of amounts or counts as text."""
    total = Decimal(0)
    for cell in cells:
        if not _PLAIN.fullmatch(cell):
            return cell  # the comparison refuses it by name
        total += Decimal(cell.replace(",", "") or "0")
    return str(total)
