"""Whether a text names a reference: as a whole token, whatever stands around it.

Used on lines that could not be read as rows, where columns are no help.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

_WORD = re.compile("[0-9A-Za-z]+")
_CELL = re.compile(r"[^,;|^\t\n\"'`= ]+")
_JOINERS = r"[._:/+-]"
_LONG = 6  # shorter references are parts of amounts, dates and times by chance
_CARDLIKE = range(13, 20)

# A refused line as the rules see it.
REFUSALS: dict[str, pl.DataType | type[pl.DataType]] = {
    "night": pl.Date,  # on which the file came
    "source": pl.String,
    "path": pl.String,
    "record_no": pl.Int64,
    "text": pl.String,
    "reasons": pl.List(pl.String),
}


@dataclass(frozen=True, slots=True)
class Mentions:
    """Texts by the words in them."""

    texts: tuple[str, ...]
    places: dict[str, list[int]] = field(repr=False)  # word -> texts that hold it, ascending

    @staticmethod
    def of(texts: Sequence[str]) -> Mentions:
        """Return the texts, full-width characters made plain, with an index of their words."""
        plain = tuple(unicodedata.normalize("NFKC", text) for text in texts)
        places: dict[str, list[int]] = {}
        for number, text in enumerate(plain):
            for word in dict.fromkeys(_WORD.findall(text)):
                places.setdefault(word, []).append(number)
        return Mentions(plain, places)

    def naming(self, reference: str) -> list[int]:
        """Return the positions of the texts that hold a reference as a whole token."""
        words = _WORD.findall(reference)
        if not words:
            return []
        found = [
            number
            for number in self.places.get(max(words, key=len), ())
            if _whole(reference).search(self.texts[number])
        ]
        masked = _as_masked(reference)
        return sorted({*found, *self.naming(masked)}) if masked else found

    def tokens(self, number: int) -> list[str]:
        """Return what may be a reference in a text: its cells and its longer words."""
        return tokens(self.texts[number])


def tokens(text: str) -> list[str]:
    """Return what may be a reference in a text: its cells and its longer words."""
    longer = [word for word in _WORD.findall(text) if len(word) >= _LONG]
    return list(dict.fromkeys([*_CELL.findall(text), *longer]))


def _whole(reference: str) -> re.Pattern[str]:
    """Return the pattern of a reference that is no part of a longer word.

    A short one is not taken from an amount, a date or a compound name either.
    """
    before, after = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
    if len(reference) < _LONG:
        before += f"(?<![0-9A-Za-z]{_JOINERS})"
        after += f"(?!{_JOINERS}[0-9A-Za-z])"
    return re.compile(before + re.escape(reference) + after)


def _as_masked(reference: str) -> str | None:
    """Return a reference as a refused line shows it when it looks like a card number."""
    if not reference.isdecimal() or len(reference) not in _CARDLIKE:
        return None
    return f"{reference[:6]}******{reference[-4:]}"
