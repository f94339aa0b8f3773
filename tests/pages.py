"""Tables of the documents, as tests read them."""

from __future__ import annotations


def rows_of(page: str) -> list[list[str]]:
    """Return the cells of every line of every table of a Markdown page, heads and rules left in."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("| ")
    ]
