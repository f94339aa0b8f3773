"""What a file says about itself, compared with what its accepted rows add up to."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import polars as pl

from recon.core import money
from recon.core.kernels import parse_money
from recon.errors import InputError
from recon.io.loading.fields import money_grammar
from recon.io.reading.contract import Control, ControlTotal, Proof, Reading
from recon.io.reading.mask import mask_text

_COUNT = re.compile(r"[0-9]{1,18}")
_SHOWN = 60  # characters of a cell that an error repeats
_HELD_FIX = "ask the sender for a whole file; it is held and none of its rows is matched"


class ControlSums:
    """The running sums of a file's controls, batch after batch, in exact integers."""

    def __init__(self, controls: Sequence[Control], proofs: Sequence[Proof] = ()) -> None:
        """Start every control at zero, and every proof with nothing."""
        self._controls = tuple(controls)
        self._sums = [0] * len(self._controls)
        self._others = [0] * len(self._controls)
        self._proofs = tuple(proofs)
        self._gathered: list[list[pl.DataFrame]] = [[] for _ in self._proofs]

    def add(self, frame: pl.DataFrame) -> None:
        """Add the accepted rows of a batch, helper columns included, 128 bits wide."""
        if not frame.height:
            return
        for proof, kept in zip(self._proofs, self._gathered, strict=True):
            kept.append(proof.gather(frame))
        if not self._controls:
            return
        wide = frame.with_columns(pl.col(pl.Int64).cast(pl.Int128))
        meant = [control.compute for control in self._controls]
        others = [
            control.compute if control.also is None else control.also for control in self._controls
        ]
        self._sums = _added(self._sums, wide, meant)
        self._others = _added(self._others, wide, others)

    def compare(self, reading: Reading, currency: str, name: str) -> list[ControlTotal]:
        """Return the declared totals beside ours; InputError when one is unreadable."""
        declared = []
        for control, meant, other in zip(self._controls, self._sums, self._others, strict=True):
            if control.declared in reading.declared:
                cell = reading.declared[control.declared]
                stated = _declared(control, cell, currency, name)
                computed = other if stated == other else meant
                unit = (control.currency or currency) if control.money else ""
                declared.append(ControlTotal(control.name, stated, computed, unit))
        proved = [
            total
            for proof, kept in zip(self._proofs, self._gathered, strict=True)
            if kept
            for total in proof.totals(pl.concat(kept))
        ]
        return declared + proved


def _added(sums: Sequence[int], wide: pl.DataFrame, exprs: Sequence[pl.Expr]) -> list[int]:
    """Return the sums with what the expressions make of a batch."""
    parts = wide.select(expr.alias(str(position)) for position, expr in enumerate(exprs)).row(0)
    return [total + int(part or 0) for total, part in zip(sums, parts, strict=True)]


def controls_json(totals: Sequence[ControlTotal]) -> str:
    """Return the `controls` cell of the table `inputs`; an account may be a card's number."""
    return json.dumps(
        [
            {
                "name": mask_text(total.name),
                "declared": total.declared,
                "computed": total.computed,
                "currency": total.currency,
                "agrees": total.agrees,
            }
            for total in totals
        ],
        ensure_ascii=False,
    )


def disagreement(totals: Sequence[ControlTotal], rejected: int) -> str:
    """Return why a file that declares totals does not prove its accepted rows; empty when it does.

    rejected: rows that were refused after the reader had counted them in its own totals.
    """
    wrong = [total for total in totals if not total.agrees]
    if not wrong:
        return _incomplete(rejected) if totals and rejected else ""
    sentences = "; ".join(
        f"{total.name}: declared {shown_total(total.declared, total.currency)}, "
        f"computed {shown_total(total.computed, total.currency)}, "
        f"difference {shown_total(total.computed - total.declared, total.currency)}"
        for total in wrong
    )
    refused = f" {rejected} refused rows count in what the file declares." if rejected else ""
    return f"FILE_TOTAL: {sentences}.{refused}\n  fix: {_HELD_FIX}"


def _incomplete(rejected: int) -> str:
    """Return the sentence about a file whose totals agree only with its refused rows."""
    return (
        f"FILE_TOTAL: the declared totals agree, but {rejected} of the rows that they count were "
        f"refused, so the accepted rows do not add up to them.\n  fix: see the rejects; {_HELD_FIX}"
    )


def _declared(control: Control, cell: str, currency: str, name: str) -> int:
    """Return a declared cell as minor units or as a count."""
    if control.money is None:
        text = cell.strip(" \t`")
        if _COUNT.fullmatch(text):
            return int(text)
        raise _unreadable(control, f"{cell[:_SHOWN]!r}; expected at most 18 digits", name)
    grammar = money_grammar(control.money, padded=True)
    code = control.currency or currency
    value, status = money.parse_total(cell.strip(" \t`"), grammar, money.exponent(code))
    if status != parse_money.OK:
        raise _unreadable(control, money.reason(status, cell, grammar, code), name)
    return value


def _unreadable(control: Control, found: str, name: str) -> InputError:
    """Return the error about a declared total that cannot be read."""
    return InputError(
        f"expected the control total {control.name!r}, found {found}",
        where=name,
        fix="ask the sender for the file again",
        code="FILE_TOTAL",
    )


def shown_total(value: int, currency: str) -> str:
    """Return a count as it stands, and money with its currency."""
    if currency in money.CURRENCY_NUMBER:
        return f"{money.format_minor(value, currency)} {currency}"
    return f"{value} minor units of {currency}" if currency else str(value)
