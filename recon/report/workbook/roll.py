"""The workbook's roll-forward: opening to closing, where every row ended, the channels' flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from recon.report.flows import channel_flows, conservation, roll_forward
from recon.report.pack import Pack
from recon.report.workbook.cells import Sheet
from recon.report.workbook.words import Say

_WIDTHS = (10, 16, 10, 12, *(14 for _ in range(15)))
_STEPS = ("opening", "new", "closed", "closing")
_OUTCOMES = ("MATCHED", "BREAK", "CARRIED", "RESENT", "NOT_NEEDED", "QUARANTINED")
_CAME = ("opening", "sales", "refunds", "undone", "chargebacks", "adjustments", "other")
_ENDS = ("settled", "disputed", "in_transit", "overdue", "idle")
_PARTS = ("gross", "refunds", "undone", "chargebacks", "adjustments", "other", "fees")
_PLACES = ("settled", "waiting", "broken", "idle")
_BALANCE_WORDS = {name: f"bl_{name}" for name in ("sales", "refunds", "settled", "idle")}
Facts = Mapping[str, Any]


def write_roll_forward(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write opening + new - closed = closing, where every row ended, flows, the daily balance."""
    sheet.title(say("roll"))
    sheet.next()
    sheet.widths(_WIDTHS)
    tables = (_roll, _conservation, _flows, _balances)
    sheet.widths(_WIDTHS[: max(write(sheet, pack, say) for write in tables)])


def _section(sheet: Sheet, text: str, heads: Sequence[str], first: int) -> None:
    """Write the name of a table above its head; numbers begin at column `first`."""
    sheet.text(0, text, "bold")
    sheet.next()
    sheet.header(heads, filters=False, numbers=range(first, len(heads)))


def _place(sheet: Sheet, row: Facts, say: Say) -> None:
    sheet.text(0, say.label("side", row["side"]))
    sheet.text(1, row["source"])
    sheet.text(2, row["currency"])


def _roll(sheet: Sheet, pack: Pack, say: Say) -> int:
    """Write opening + new - closed = closing; return the number of columns, as all of these do."""
    heads = [say(name) for name in ("side", "source", "currency")]
    for unit in ("rows", "amount"):
        heads += [f"{say(name)}\n{say(unit)}" for name in _STEPS] + [say("proved")]
    _section(sheet, say("roll_line"), heads, 3)
    for row in roll_forward(pack).iter_rows(named=True):
        _place(sheet, row, say)
        for column, name in enumerate(_STEPS, start=3):
            sheet.whole(column, row[f"{name}_rows"], dash=True)
            sheet.money(column + 5, int(row[f"{name}_minor"]), row["currency"], dash=True)
        for first, unit in ((3, "rows"), (8, "minor")):
            opening, new, closed, closing = (int(row[f"{name}_{unit}"]) for name in _STEPS)
            cells = [sheet.cell(column) for column in range(first, first + 4)]
            rest = opening + new - closed - closing
            formula = "{}+{}-{}-{}".format(*cells)
            _proof(sheet, first + 4, formula, rest, row["currency"] if unit == "minor" else None)
        sheet.next()
    sheet.next()
    return len(heads)


def _proof(sheet: Sheet, column: int, formula: str, rest: int, currency: str | None) -> None:
    """Write a difference that must be zero: of money, or of rows where no currency is given."""
    look = "bad" if rest else "good"
    if currency is None:
        sheet.count_formula(column, formula, rest, look)
    else:
        sheet.sum_formula(column, formula, rest, currency, look)


def _conservation(sheet: Sheet, pack: Pack, say: Say) -> int:
    """Write where every row ended: once in rows, once in money."""
    heads: list[str] = []
    ends = conservation(pack).rename({"amount": "all_minor", "rows": "all_rows"})
    for unit, word in (("rows", "rows"), ("minor", "amount")):
        heads = [say(name) for name in ("side", "source", "currency", word)]
        heads += [say.label("outcome", name) for name in _OUTCOMES] + [say("proved")]
        _section(sheet, f"{say('conservation')} ({say(word)})", heads, 3)
        for row in ends.iter_rows(named=True):
            _place(sheet, row, say)
            figures = [int(row[f"{name}_{unit}"]) for name in ("all", *_OUTCOMES)]
            currency = row["currency"] if unit == "minor" else None
            for column, figure in enumerate(figures, start=3):
                if currency is None:
                    sheet.whole(column, figure, dash=True)
                else:
                    sheet.money(column, figure, currency, dash=True)
            formula = f"{sheet.cell(3)}-SUM({sheet.cell(4)}:{sheet.cell(9)})"
            _proof(sheet, 10, formula, figures[0] - sum(figures[1:]), currency)
            sheet.next()
        sheet.next()
    return len(heads)


def _flows(sheet: Sheet, pack: Pack, say: Say) -> int:
    """Write a line a channel source and currency: gross to net, and where the net is."""
    flows = channel_flows(pack)
    came, ends = (_filled(flows, names) for names in (_PARTS, _PLACES))
    heads = [say(name) for name in ("side", "source", "currency", *came, "net", *ends, "residual")]
    _section(sheet, say("flow"), heads, 3)
    for row in flows.with_columns(side=pl.lit("CHANNEL")).iter_rows(named=True):
        currency = row["currency"]
        _place(sheet, row, say)
        net = 3 + len(came)
        for column, name in enumerate(came, start=3):
            sheet.money(column, int(row[name]), currency, dash=True)
        formula = f"SUM({sheet.cell(3)}:{sheet.cell(net - 1)})"
        sheet.sum_formula(net, formula, int(row["net"]), currency)
        for column, name in enumerate(ends, start=net + 1):
            sheet.money(column, int(row[name]), currency, dash=True)
        last = net + len(ends)
        formula = f"{sheet.cell(net)}-SUM({sheet.cell(net + 1)}:{sheet.cell(last)})"
        rest = int(row["net"]) - sum(int(row[name]) for name in ends)
        _proof(sheet, last + 1, formula, rest, currency)
        sheet.next()
    sheet.next()
    return len(heads)


def _balances(sheet: Sheet, pack: Pack, say: Say) -> int:
    """Write each account: what came into it, where it is tonight, and the residual of both."""
    accounts = pack.tables["balances"]
    came, ends = (_filled(accounts, names, "_minor") for names in (_CAME, _ENDS))
    names = [_BALANCE_WORDS.get(name, name) for name in (*came, "fees", *ends)]
    heads = [say(name) for name in ("side", "source", "against", "currency", *names)]
    heads.append(say("residual"))
    _section(sheet, say("balance"), heads, 4)
    for row in accounts.iter_rows(named=True):
        currency = row["currency"]
        sheet.text(0, say.label("side", str(row["side"])))
        sheet.text(1, row["source"])
        sheet.text(2, say.label("side", str(row["against"])))
        sheet.text(3, currency)
        for column, name in enumerate((*came, "fees", *ends), start=4):
            sheet.money(column, int(row[f"{name}_minor"]), currency, dash=True)
        fees = 4 + len(came)
        last = fees + len(ends)
        taken_in = f"SUM({sheet.cell(4)}:{sheet.cell(fees - 1)})-{sheet.cell(fees)}"
        placed = f"SUM({sheet.cell(fees + 1)}:{sheet.cell(last)})"
        _proof(sheet, last + 1, f"{taken_in}-{placed}", int(row["residual_minor"]), currency)
        sheet.next()
    return len(heads)


def _filled(frame: pl.DataFrame, names: Sequence[str], suffix: str = "") -> list[str]:
    """Return the columns that hold any money tonight, the first of them always."""
    return [name for name in names if name == names[0] or (frame[f"{name}{suffix}"] != 0).any()]
