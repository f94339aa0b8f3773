"""Measures a world: which code and which pair of codes one merchant sees.

A file, a stranger's credit or a batch of many merchants is no merchant's: such a break meets no
other one at a merchant. What it may meet is the night, and those are counted instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import polars as pl

from recon.core.codes import BENIGN, Code

# Why a code is planted in no world; every other one is.
NOT_PLANTED = dict.fromkeys(BENIGN, "benign: it may be told, it is never a dispute")
# A merchant has one rebate a month, so that two of these need two months.
ONE_AT_A_TIME = frozenset(
    {
        Code.REBATE_MISSING,
        Code.REBATE_INELIGIBLE,
        Code.REBATE_TIER,
        Code.REBATE_AMOUNT,
        Code.REBATE_LATE,
    }
)


@dataclass(frozen=True, slots=True)
class Measure:
    """How often codes, and pairs of codes at one merchant, stand in a truth; pairs in order."""

    codes: dict[Code, int]  # planted, all merchants
    pairs: dict[tuple[Code, Code], int]  # merchants that see both
    nights: dict[tuple[Code, Code], int]  # that tell both first, where one is no merchant's
    nobodys: frozenset[Code]  # whose breaks are no merchant's, all of them

    @property
    def apart(self) -> list[tuple[Code, Code]]:
        """Return the pairs that no merchant sees, of codes that occur and can stand together."""
        return [
            pair
            for pair in combinations(sorted(set(self.codes) - self.nobodys), 2)
            if pair not in self.pairs and not set(pair) <= ONE_AT_A_TIME
        ]


def measure(truth: pl.DataFrame) -> Measure:
    """Measure a truth."""
    named = truth.select(
        pl.col("code").replace_strict(_numbers(), return_dtype=pl.Int64), "merchant", "night"
    )
    codes = {Code(code): count for code, count in named.group_by("code").len().iter_rows()}
    owned = set(named.drop_nulls("merchant")["code"])
    nobodys = frozenset(code for code in codes if code not in owned)
    by_night = _together(named, "night")
    return Measure(
        codes,
        pairs=_together(named, "merchant"),
        nights={pair: count for pair, count in by_night.items() if set(pair) & nobodys},
        nobodys=nobodys,
    )


def _together(named: pl.DataFrame, place: str) -> dict[tuple[Code, Code], int]:
    """Return in how many places, merchants or nights, each two codes stand both."""
    seen = named.select("code", place).drop_nulls().unique()
    both = seen.join(seen, on=place, suffix="_other")
    both = both.filter(pl.col("code") < pl.col("code_other")).group_by("code", "code_other").len()
    ordered = both.sort("code", "code_other").iter_rows()
    return {(Code(one), Code(two)): count for one, two, count in ordered}


def _numbers() -> dict[str, int]:
    return {code.name: int(code) for code in Code}


def measure_lines(found: Measure) -> list[str]:
    """Return the measure as lines: codes, the triangle of pairs, what is missing and why.

    A figure says how many merchants see both codes (`+` for ten and more), a dot that none does.
    Where a code is no merchant's, it says on how many nights both are told first (`2n`).
    """
    codes = sorted(found.codes)
    lines = ["code" + " " * 30 + "planted  merchants with this code and the code above the column"]
    head = "".join(f"{int(code):>4}" for code in codes)
    lines.append(" " * 41 + head)
    for row, code in enumerate(codes):
        cells = "".join(f"{_cell(found, other, code):>4}" for other in codes[:row])
        lines.append(f"{int(code):>3} {code.name:28}{found.codes[code]:>9,}{cells}")
    absent = [code for code in sorted(Code) if code not in found.codes]
    lines += [f"not in this world: {code.name}{_why(code)}" for code in absent]
    if found.nobodys:
        names = ", ".join(code.name for code in sorted(found.nobodys))
        lines.append(f"no merchant's (nights with both are counted instead): {names}")
    rebates = [code.name for code in codes if code in ONE_AT_A_TIME]
    if len(rebates) > 1:
        names = ", ".join(rebates)
        lines.append(f"exclude each other (a merchant has one rebate a month): {names}")
    lines += [f"never at one merchant: {one.name} with {two.name}" for one, two in found.apart]
    return lines


def _cell(found: Measure, one: Code, two: Code) -> str:
    by_night = bool({one, two} & found.nobodys)
    count = (found.nights if by_night else found.pairs).get((one, two), 0)
    figure = "+" if count >= 10 else str(count)  # noqa: PLR2004 - two digits do not fit
    return figure + "n" * by_night if count else "."


def _why(code: Code) -> str:
    return f" ({NOT_PLANTED[code]})" if code in NOT_PLANTED else ""
