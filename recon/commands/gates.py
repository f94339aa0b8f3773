"""`--fail-on`: conditions on the counts or the money of a night, for instance `AMBIGUOUS > 0`."""

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
        value = _value(gate, summary)
        if _COMPARE[gate.compare](value, gate.limit):
            broken.append(f"{gate.text} (found {value})")
    return broken


def _value(gate: Gate, summary: dict[str, Any]) -> int:
    if gate.code == "rejects":
        return int(summary["rejected_rows"])
    rows = summary["disputes"] if gate.code == "disputes" else summary["breaks"]
    everything = gate.code in ("disputes", "breaks")
    chosen = [
        row
        for row in [*rows, *([] if everything else summary["benign"])]
        if (everything or row["code"] == gate.code) and row["status"] != "RESOLVED"
    ]
    return sum(int(row["amount_minor" if gate.of_money else "count"]) for row in chosen)
