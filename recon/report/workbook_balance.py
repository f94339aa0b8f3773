"""The daily balance as a block of the workbook: one line an account, proved by formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recon.report.pack import Pack
from recon.report.workbook_cells import Sheet
from recon.report.workbook_words import Say

_CAME = ("opening", "sales", "refunds", "undone", "chargebacks", "adjustments", "other")
_ENDS = ("settled", "disputed", "in_transit", "overdue", "idle")
_FIRST = 4  # columns before the first amount


def write_balance(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write each account: what came into it, where it is tonight, and the residual of both."""
    sheet.next()
    sheet.text(0, say("balance"), "section")
    sheet.next()
    heads = [say(name) for name in ("side", "source", "against", "currency")]
    heads += [say(_word(name)) for name in (*_CAME, "fees", *_ENDS, "residual")]
    sheet.header(heads, filters=False, numbers=range(_FIRST, len(heads)))
    for row in pack.tables["balances"].iter_rows(named=True):
        _account(sheet, row, say)


def _word(name: str) -> str:
    """Return the name of a column's words; those of the channel flow say something else."""
    return {"settled": "bl_settled", "idle": "bl_idle"}.get(name, name)


def _account(sheet: Sheet, row: Mapping[str, Any], say: Say) -> None:
    currency = row["currency"]
    sheet.text(0, say.label("side", str(row["side"])))
    sheet.text(1, row["source"])
    sheet.text(2, say.label("side", str(row["against"])))
    sheet.text(3, currency)
    names = (*_CAME, "fees", *_ENDS)
    for column, name in enumerate(names, start=_FIRST):
        sheet.money(column, int(row[f"{name}_minor"]), currency)
    fees = _FIRST + len(_CAME)
    last = fees + len(_ENDS)
    came = f"SUM({sheet.cell(_FIRST)}:{sheet.cell(fees - 1)})-{sheet.cell(fees)}"
    ends = f"SUM({sheet.cell(fees + 1)}:{sheet.cell(last)})"
    rest = int(row["residual_minor"])
    look = "bad" if rest else "good"
    sheet.sum_formula(last + 1, f"{came}-{ends}", rest, currency, look)
    sheet.next()
