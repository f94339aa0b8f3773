"""`--fail-on`: conditions on the counts or the money of a night, for instance `AMBIGUOUS > 0`.

Money is added up by currency: a condition on it breaks where one of the currencies breaks it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from recon.core.codes import Code
from recon.errors import UsageError

_GATE = re.compile(r"^\s*([A-Za-z_]+)(\.minor)?\s*(>=|<=|==|!=|>|<)\s*(\d+)\s*$")
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition that must not hold."""

    text: str
    code: str  # a code name, `disputes`, `breaks` or `rejects`
    of_money: bool
    compare: str
    limit: int


def parse_gates(texts: Sequence[str]) -> list[Gate]:
    """Return the gates, or raise `UsageError` naming what is wrong."""
    return [_parse(text) for text in texts]


def _parse(text: str) -> Gate:
    found = _GATE.match(text)
    names = {*Code.__members__, "disputes", "breaks", "rejects"}
    if not found or found.group(1) not in names:
        raise UsageError(
            f"expected CODE > NUMBER, found {text!r}",
            where="--fail-on",
            fix="for instance 'DUPLICATE_CHARGE > 0', 'disputes > 10', 'NET_MISMATCH.minor > 100'",
        )
    return Gate(text, found.group(1), bool(found.group(2)), found.group(3), int(found.group(4)))


def broken_gates(gates: Sequence[Gate], summary: dict[str, Any]) -> list[str]:
    """Return the gates whose condition holds tonight, with the figure found."""
    broken = []
    for gate in gates:
        compare = _COMPARE[gate.compare]
        found = [
            f"{value} {currency or ''}".strip()
            for currency, value in _values(gate, summary).items()
            if compare(value, gate.limit)
        ]
        if found:
            broken.append(f"{gate.text} (found {', '.join(found)})")
    return broken


def _values(gate: Gate, summary: dict[str, Any]) -> dict[str | None, int]:
    """Return what a gate is about: minor units by currency, or one count, under no currency."""
    if gate.code == "rejects":
        return {None: int(summary["rejected_rows"])}
    rows = summary["disputes"] if gate.code == "disputes" else summary["breaks"]
    everything = gate.code in ("disputes", "breaks")
    chosen = [
        row
        for row in [*rows, *([] if everything else summary["benign"])]
        if (everything or row["code"] == gate.code) and row["status"] != "RESOLVED"
    ]
    if not gate.of_money:
        return {None: sum(int(row["count"]) for row in chosen)}
    sums: dict[str | None, int] = {}
    for row in chosen:
        sums[row["currency"]] = sums.get(row["currency"], 0) + int(row["amount_minor"])
    return dict(sorted(sums.items(), key=str)) or {None: 0}
