"""The workbook's proof: verdict and figures, tie-out with live formulas, roll-forward."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from recon.core.money import total
from recon.report.pack import Pack, real_breaks
from recon.report.tie_out import (
    Line,
    Statement,
    channel_flows,
    conservation,
    roll_forward,
)
from recon.report.words import money
from recon.report.workbook_cells import Book, Sheet, exact
from recon.report.workbook_words import Say

_DIGITS_SHOWN = 12
_FLOW_PARTS = ("gross", "refunds", "undone", "chargebacks", "adjustments", "other", "fees")
_FLOW_PLACES = ("settled", "waiting", "broken", "idle")
_OUTCOMES = ("MATCHED", "BREAK", "CARRIED", "RESENT", "NOT_NEEDED", "QUARANTINED")


def verdict(pack: Pack, proofs: Sequence[Statement], say: Say) -> tuple[str, bool]:
    """Return the one sentence that says how the night stands, and whether it is proved."""
    open_ = open_disputes(pack)
    amount = at_risk(open_)
    files = real_breaks(pack.tables["breaks"])["code"].cast(pl.String).str.starts_with("FILE_")
    missing = say("verdict_files", files=int(files.sum())) if files.any() else ""
    residual = sum(proof.unexplained_rows for proof in proofs)
    if any(proof.unexplained_minor for proof in proofs) or residual:
        residual = max(residual, 1)
        bad = say("verdict_bad", residual=residual, count=open_.height, amount=amount)
        return missing + bad, False
    if open_.height == 0:
        return missing or say("verdict_good"), not missing
    return missing + say("verdict_open", count=open_.height, amount=amount), not missing


def open_disputes(pack: Pack) -> pl.DataFrame:
    """Return the disputes that are not resolved."""
    return pack.disputes.filter(pl.col("status").cast(pl.String) != "RESOLVED")


def at_risk(disputes: pl.DataFrame) -> str:
    """Return the money at risk, one amount a currency."""
    sums = [
        money(total(mine["amount_minor"]), str(currency))
        for (currency,), mine in disputes.drop_nulls("currency")
        .sort("currency")
        .group_by("currency", maintain_order=True)
    ]
    return " + ".join(sums) or "0"


def write_summary(
    sheet: Sheet,
    book: Book,
    pack: Pack,
    proofs: Sequence[Statement],
    say: Say,
    reasons: Mapping[str, str],
) -> None:
    """Write verdict, key figures and the list of reasons with links to their sheets."""
    run = pack.run
    sheet.text(0, say("title", name=run["name"], date=pack.business_date), "title")
    sheet.next()
    rules = str(run["rules_sha256"] or "")[:_DIGITS_SHOWN]
    line = say("run", run=run["run_id"], version=run["version"], rules=rules)
    sheet.text(0, line, "note_line")
    sheet.next(2)
    sentence, good = verdict(pack, proofs, say)
    sheet.worksheet.merge_range(
        sheet.row, 0, sheet.row, 7, "", book.look("good" if good else "bad")
    )
    sheet.worksheet.set_row(sheet.row, 44)
    look = book.look("good" if good else "bad")
    look.set_text_wrap()
    look.set_align("vcenter")
    sheet.worksheet.write_string(sheet.row, 0, sentence, look)
    sheet.next(2)
    _match_rates(sheet, pack, say)
    sheet.next()
    first, last = _reasons(sheet, pack, say, reasons)
    if last >= first:
        _reason_chart(sheet, book, say, first, last)


def _match_rates(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write per source and currency how much matched tonight and the night before."""
    names = ("side", "source", "currency", "rows", "matched_rows", "waiting", "in_order", "before")
    heads = [*map(say, names), say("match_amount")]
    sheet.header(heads, filters=False, numbers=range(3, len(heads)))
    ordered = pack.days.filter(pl.col("night") < pack.business_date).sort("night").to_dicts()
    earlier = {(row["source"], row["currency"]): row for row in ordered}
    for row in pack.days.filter(pl.col("night") == pack.business_date).iter_rows(named=True):
        before = earlier.get((row["source"], row["currency"]))
        sheet.text(0, say.label("side", row["side"]))
        sheet.text(1, row["source"])
        sheet.text(2, row["currency"])
        sheet.whole(3, row["rows"])
        sheet.whole(4, row["matched"])
        sheet.whole(5, row["waiting"])
        sheet.percent(6, row["matched"] + row["waiting"], row["rows"])
        if before is not None:
            sheet.percent(7, before["matched"] + before["waiting"], before["rows"])
        settled = int(row["matched_amount"]) + int(row["waiting_amount"])
        sheet.percent(8, settled, int(row["amount"]))
        sheet.next()


def _reasons(sheet: Sheet, pack: Pack, say: Say, reasons: Mapping[str, str]) -> tuple[int, int]:
    """Write one row a code, currency and status with count and money; return its row range."""
    names = ("code", "label", "status", "currency", "count", "at_risk", "exact", "pocket")
    sheet.header([say(name) for name in names], filters=False, numbers=(4, 5))
    counted = (
        pack.disputes.group_by("code", "status", "currency")
        .agg(
            pl.len().alias("count"),
            pl.col("amount_minor").cast(pl.Int128).sum(),
            pl.col("out_of_pocket").first(),
        )
        .sort("status", "amount_minor", "code", descending=[False, True, False])
    )
    first = sheet.row
    for row in counted.iter_rows(named=True):
        code = row["code"]
        if code in reasons:
            sheet.link(0, reasons[code], code)
        else:
            sheet.text(0, code)
        sheet.text(1, pack.label(code))
        sheet.text(2, say.label("status", row["status"]))
        sheet.text(3, row["currency"])
        sheet.whole(4, row["count"])
        sheet.money(5, int(row["amount_minor"]), row["currency"])
        sheet.text(6, exact(int(row["amount_minor"]), row["currency"]), "exact")
        sheet.text(7, say.label("out_of_pocket", row["out_of_pocket"]))
        sheet.next()
    return first, sheet.row - 1


def _reason_chart(sheet: Sheet, book: Book, say: Say, first: int, last: int) -> None:
    chart = book.chart("bar")
    chart.add_series(
        {
            "name": say("count"),
            "categories": [sheet.name, first, 1, last, 1],
            "values": [sheet.name, first, 4, last, 4],
            "fill": {"color": "#175CD3"},
            "data_labels": {"value": True},
        }
    )
    chart.set_title({"name": say("count"), "name_font": {"size": 11}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": 760, "height": 120 + 26 * (last - first + 1)})
    sheet.worksheet.insert_chart(sheet.row + 1, 0, chart)


def write_tie_out(sheet: Sheet, pack: Pack, proofs: Sequence[Statement], say: Say) -> None:
    """Write the statements, the channel flows and the files' control totals."""
    sheet.text(0, say("tie_out"), "title")
    sheet.next()
    sheet.worksheet.set_row(sheet.row, 32)
    sheet.worksheet.merge_range(sheet.row, 0, sheet.row, 7, "", sheet.book.look("note"))
    sheet.worksheet.write_string(sheet.row, 0, say("proof_note"), sheet.book.look("note"))
    sheet.next(2)
    for proof in proofs:
        _statement(sheet, proof, pack, say)
        sheet.next()
    _flows(sheet, pack, say)
    sheet.next()
    _controls(sheet, pack, say)


def _statement(sheet: Sheet, proof: Statement, pack: Pack, say: Say) -> None:
    """Write the reconciliation of two sides in one currency, both residuals at the end."""
    left, right = (say.label("side", side) for side in (proof.left, proof.right))
    title = f"{left} — {right}   {proof.currency}"
    sheet.header([title, say("rows"), say("amount"), say("exact")], filters=False, numbers=(1, 2))
    linked: dict[str, tuple[int, Line]] = {}
    for side in (proof.left, proof.right):
        linked[side] = _side_block(sheet, proof, side, pack, say)
    _difference_block(sheet, proof, linked, pack, say)


def _side_block(
    sheet: Sheet, proof: Statement, side: str, pack: Pack, say: Say
) -> tuple[int, Line]:
    """Write one side's lines; return the row of its linked total and that line."""
    currency = proof.currency
    top = sheet.row
    (all_rows,) = proof.of("total", side)
    _line(sheet, say("st_total", side=say.label("side", side)), all_rows, currency, "section")
    for role in ("not_needed", "before_books", "netted", "other_kind", "waiting", "missing"):
        for line in proof.of(role, side):
            text = say(f"st_{role}", label=pack.label(line.code), code=line.code)
            _line(sheet, f"   {text}", line, currency)
    (joined,) = proof.of("linked", side)
    linked_row = sheet.row
    _line(sheet, f"   {say('st_linked')}", joined, currency, "line")
    (left_over,) = proof.of("residual", side)
    look = "bad" if left_over.rows else "good"
    sheet.text(0, f"   {say('st_residual')}", look)
    taken = sheet.column(1, top + 1, sheet.row - 1)
    sheet.count_formula(1, f"{sheet.cell(1, top)}-SUM({taken})", left_over.rows, look)
    taken = sheet.column(2, top + 1, sheet.row - 1)
    formula = f"{sheet.cell(2, top)}-SUM({taken})"
    sheet.sum_formula(2, formula, left_over.amount_minor, currency, look)
    sheet.text(3, exact(left_over.amount_minor, currency), "exact")
    sheet.next()
    return linked_row, joined


def _line(sheet: Sheet, text: str, line: Line, currency: str, look: str = "plain") -> None:
    sheet.text(0, text, look)
    sheet.whole(1, line.rows, look)
    sheet.money(2, line.amount_minor, currency, look)
    sheet.text(3, exact(line.amount_minor, currency), "exact")
    sheet.next()


def _difference_block(
    sheet: Sheet, proof: Statement, linked: Mapping[str, tuple[int, Line]], pack: Pack, say: Say
) -> None:
    """Write what linked rows differ by, what explains it, and what nothing explains."""
    currency = proof.currency
    (left_row, left), (right_row, right) = linked[proof.left], linked[proof.right]
    sides = {"left": say.label("side", proof.left), "right": say.label("side", proof.right)}
    difference = right.amount_minor - left.amount_minor
    top = sheet.row
    sheet.text(0, say("st_difference", **sides), "section")
    sheet.text(1, None, "section")
    formula = f"{sheet.cell(2, right_row)}-{sheet.cell(2, left_row)}"
    sheet.sum_formula(2, formula, difference, currency, "section")
    sheet.text(3, exact(difference, currency), "exact")
    sheet.next()
    for line in proof.of("difference"):
        text = say("st_explained", label=pack.label(line.code), code=line.code)
        _line(sheet, f"   {text}", line, currency)
    for role in ("undecided", "exchanged"):
        for line in proof.of(role):
            _line(sheet, f"   {say(f'st_{role}')}", line, currency)
    (silent,) = proof.of("unexplained")
    explained = sum(line.amount_minor for line in proof.explained)
    look = "bad" if silent.amount_minor else "good"
    sheet.text(0, f"   {say('st_unexplained')}", look)
    sheet.whole(1, silent.rows, look)
    taken = sheet.column(2, top + 1, sheet.row - 1)
    formula = sheet.cell(2, top) + (f"-SUM({taken})" if sheet.row > top + 1 else "")
    sheet.sum_formula(2, formula, difference - explained, currency, look)
    sheet.text(3, exact(difference - explained, currency), "exact")
    sheet.next()


def _flows(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write one column a channel source and currency: gross to net, and where the net is."""
    flows = channel_flows(pack).to_dicts()
    named = [f"{flow['source']} {flow['currency']}" for flow in flows]
    sheet.header([say("flow"), *named], filters=False, numbers=range(1, len(named) + 1))
    top = sheet.row
    for name in _FLOW_PARTS:
        _flow_line(sheet, flows, name, say(name))
    sheet.text(0, say("net"), "section")
    for column, flow in enumerate(flows, start=1):
        formula = f"SUM({sheet.column(column, top, sheet.row - 1)})"
        sheet.sum_formula(column, formula, int(flow["net"]), flow["currency"], "section")
    net_row = sheet.row
    sheet.next()
    for name in _FLOW_PLACES:
        _flow_line(sheet, flows, name, f"   {say(name)}")
    sheet.text(0, say("st_residual"), "good")
    for column, flow in enumerate(flows, start=1):
        placed = sum(int(flow[name]) for name in _FLOW_PLACES)
        rest = int(flow["net"]) - placed
        inside = sheet.column(column, net_row + 1, sheet.row - 1)
        formula = f"{sheet.cell(column, net_row)}-SUM({inside})"
        sheet.sum_formula(column, formula, rest, flow["currency"], "bad" if rest else "good")
    sheet.next()


def _flow_line(sheet: Sheet, flows: list[dict[str, Any]], name: str, text: str) -> None:
    sheet.text(0, text)
    for column, flow in enumerate(flows, start=1):
        sheet.money(column, int(flow[name]), flow["currency"])
    sheet.next()


def _controls(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write every control total of every file: declared, computed, and the difference."""
    names = ("controls", "control", "declared", "computed", "difference")
    sheet.header([say(name) for name in names], filters=False, numbers=(2, 3, 4))
    for file in pack.tables["inputs"].iter_rows(named=True):
        for control in json.loads(file["controls"] or "[]"):
            _control(sheet, file["path"], control)


def _control(sheet: Sheet, path: str, control: Mapping[str, Any]) -> None:
    currency = control["currency"]
    declared, computed = int(control["declared"]), int(control["computed"])
    look = "good" if declared == computed else "bad"
    sheet.text(0, path)
    sheet.text(1, control["name"])
    difference = f"{sheet.cell(3)}-{sheet.cell(2)}"
    if currency:
        sheet.money(2, declared, currency)
        sheet.money(3, computed, currency)
        sheet.sum_formula(4, difference, computed - declared, currency, look)
    else:
        sheet.whole(2, declared)
        sheet.whole(3, computed)
        sheet.count_formula(4, difference, computed - declared, look)
    sheet.next()


def write_roll_forward(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write opening + new - closed = closing, in rows and money, and where every row ended."""
    sheet.text(0, say("roll"), "title")
    sheet.next(2)
    steps = ("opening", "new", "closed", "closing")
    heads = [say(name) for name in ("side", "source", "currency")]
    heads += [f"{say(name)} {say('rows')}" for name in steps] + [say("proved")]
    heads += [f"{say(name)} {say('amount')}" for name in steps] + [say("proved")]
    sheet.header(heads, filters=False, numbers=range(3, len(heads)))
    for row in roll_forward(pack).iter_rows(named=True):
        _roll(sheet, row, steps, say)
    sheet.next()
    sheet.text(0, say("conservation"), "section")
    sheet.next()
    heads = [say(name) for name in ("side", "source", "currency", "rows")]
    heads += [say.label("outcome", name) for name in _OUTCOMES] + [say("proved"), say("amount")]
    heads += [say.label("outcome", name) for name in _OUTCOMES] + [say("proved")]
    sheet.header(heads, filters=False, numbers=range(3, len(heads)))
    for row in conservation(pack).iter_rows(named=True):
        _conserved(sheet, row, say)


def _roll(sheet: Sheet, row: Mapping[str, Any], steps: Sequence[str], say: Say) -> None:
    _place(sheet, row, say)
    for column, name in enumerate(steps, start=3):
        sheet.whole(column, row[f"{name}_rows"])
        sheet.money(column + 5, int(row[f"{name}_minor"]), row["currency"])
    left = [row[f"{name}_rows"] for name in steps]
    rest = left[0] + left[1] - left[2] - left[3]
    formula = "{}+{}-{}-{}"
    cells = [sheet.cell(column) for column in range(3, 7)]
    sheet.count_formula(7, formula.format(*cells), rest, "bad" if rest else "good")
    money_left = [int(row[f"{name}_minor"]) for name in steps]
    rest = money_left[0] + money_left[1] - money_left[2] - money_left[3]
    cells = [sheet.cell(column) for column in range(8, 12)]
    sheet.sum_formula(12, formula.format(*cells), rest, row["currency"], "bad" if rest else "good")
    sheet.next()


def _conserved(sheet: Sheet, row: Mapping[str, Any], say: Say) -> None:
    _place(sheet, row, say)
    sheet.whole(3, row["rows"])
    for column, name in enumerate(_OUTCOMES, start=4):
        sheet.whole(column, row[f"{name}_rows"])
    rest = row["rows"] - sum(row[f"{name}_rows"] for name in _OUTCOMES)
    span = f"{sheet.cell(4)}:{sheet.cell(9)}"
    sheet.count_formula(10, f"{sheet.cell(3)}-SUM({span})", rest, "bad" if rest else "good")
    currency = row["currency"]
    sheet.money(11, int(row["amount"]), currency)
    for column, name in enumerate(_OUTCOMES, start=12):
        sheet.money(column, int(row[f"{name}_minor"]), currency)
    rest = int(row["amount"]) - sum(int(row[f"{name}_minor"]) for name in _OUTCOMES)
    span = f"{sheet.cell(12)}:{sheet.cell(17)}"
    formula = f"{sheet.cell(11)}-SUM({span})"
    sheet.sum_formula(18, formula, rest, currency, "bad" if rest else "good")
    sheet.next()


def _place(sheet: Sheet, row: Mapping[str, Any], say: Say) -> None:
    sheet.text(0, say.label("side", row["side"]))
    sheet.text(1, row["source"])
    sheet.text(2, row["currency"])
