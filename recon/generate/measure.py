"""Measures a world: which code and which pair of codes one merchant sees."""

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
    """How often codes, and pairs of codes at one merchant, stand in a truth."""

    codes: dict[Code, int]  # planted, all merchants
    pairs: dict[tuple[Code, Code], int]  # merchants that see both; of codes in order of number

    @property
    def apart(self) -> list[tuple[Code, Code]]:
        """Return the pairs that no merchant sees, of codes that occur and can stand together."""
        return [
            pair
            for pair in combinations(sorted(self.codes), 2)
            if pair not in self.pairs and not set(pair) <= ONE_AT_A_TIME
        ]


def measure(truth: pl.DataFrame) -> Measure:
    """Measure a truth; a break of no merchant (a file, a stranger's credit) is every merchant's."""
    named = truth.select(
        pl.col("code").replace_strict(_numbers(), return_dtype=pl.Int64), "merchant"
    )
    codes = {Code(code): count for code, count in named.group_by("code").len().iter_rows()}
    merchants = named["merchant"].drop_nulls().unique().sort()
    shared = named.filter(pl.col("merchant").is_null()).select("code").unique()
    own = named.drop_nulls("merchant").unique()
    seen = pl.concat([own, shared.join(merchants.to_frame(), how="cross")]).unique()
    both = seen.join(seen, on="merchant", suffix="_other")
    both = both.filter(pl.col("code") < pl.col("code_other")).group_by("code", "code_other").len()
    pairs = {(Code(one), Code(two)): count for one, two, count in both.sort("code").iter_rows()}
    return Measure(codes, pairs)


def _numbers() -> dict[str, int]:
    return {code.name: int(code) for code in Code}


def measure_lines(found: Measure) -> list[str]:
    """Return the measure as lines: codes, the triangle of pairs, what is missing and why.

    A figure says how many merchants see both codes (`+` for ten and more), a dot that none does.
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
    rebates = [code.name for code in codes if code in ONE_AT_A_TIME]
    if len(rebates) > 1:
        names = ", ".join(rebates)
        lines.append(f"exclude each other (a merchant has one rebate a month): {names}")
    lines += [f"never at one merchant: {one.name} with {two.name}" for one, two in found.apart]
    return lines


def _cell(found: Measure, one: Code, two: Code) -> str:
    count = found.pairs.get((one, two), 0)
    if count >= 10:  # noqa: PLR2004 - two digits do not fit
        return "+"
    return str(count or ".")


def _why(code: Code) -> str:
    return f" ({NOT_PLANTED[code]})" if code in NOT_PLANTED else ""
