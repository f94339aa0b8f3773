"""What a report needs to know of a code's words; the catalogue of `recon.rules` fills it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recon.report.words import Pair, pick


@dataclass(frozen=True, slots=True)
class CodeWords:
    """One code's words, English first."""

    label: Pair
    definition: Pair
    action: Pair
    act_within_days: int
    scheme_codes: tuple[str, ...] = ()  # what card schemes call such a dispute: "Visa 12.6"


CodeWordsByName = Mapping[str, CodeWords]


def code_label(codes: CodeWordsByName, name: str, language: str) -> str:
    """Return the label of a code; a code without words stands for itself."""
    return pick(codes[name].label, language) if name in codes else name
