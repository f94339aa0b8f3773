"""Text from outside, as it may be shown: no control characters, no formulas, no hidden direction.

What a file says stays in the tables as it was sent; this is for terminals, logs and spreadsheets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
_AFTER_SEMICOLON = re.compile(r";(?=\s*[=+\-@＝＋－＠])")  # where Excel cuts cells at semicolons
_SPACES = "\xa0\u2009\u202f\u3000"  # seen, though Python calls them unprintable
_HIDDEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def one_line(text: str) -> str:
    """Return a text with a space for each character that cannot be seen, line ends included."""
    return text if text.isprintable() else _visible(text, _SPACES)


def lines(text: str) -> str:
    """Return a text of several lines with a space for each other character that cannot be seen."""
    return text if text.isprintable() else _visible(text, f"{_SPACES}\n")


def lines_within(document: Any) -> Any:  # noqa: ANN401 - plain data of any depth
    """Return plain data of any depth whose texts are as `lines` gives them."""
    if isinstance(document, str):
        return lines(document)
    if isinstance(document, dict):
        return {name: lines_within(part) for name, part in document.items()}
    if isinstance(document, (list, tuple)):
        return [lines_within(part) for part in document]
    return document


def cell(text: str) -> str:
    """Return a text as a cell of a CSV file that no spreadsheet runs as a formula."""
    shown = _AFTER_SEMICOLON.sub(";'", one_line(text))
    return f"'{shown}" if text.startswith(FORMULA_STARTS) else shown


def json_text(
    document: object, *, indent: int | None = 2, default: Callable[[object], object] | None = None
) -> str:
    """Return JSON in which every character that cannot be seen is an escape; nothing is lost."""
    text = json.dumps(document, ensure_ascii=False, indent=indent, default=default)
    return _HIDDEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _visible(text: str, kept: str) -> str:
    return "".join(part if part.isprintable() or part in kept else " " for part in text)
