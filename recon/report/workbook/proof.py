"""The workbook's proof: the verdict, and the tie-out with live formulas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from recon.core.money import total
from recon.report.control_words import control_words
from recon.report.pack import Pack, real_breaks
from recon.report.tie_out import Line, Statement
from recon.report.words import money
from recon.report.workbook.cells import Sheet, exact
from recon.report.workbook.words import Say

TIE_OUT_WIDTHS = (76, 18, 20, 24)


def verdict(pack: Pack, proofs: Sequence[Statement], say: Say) -> tuple[str, bool]:
    """Return the one sentence that says how the night stands, and whether it is proved."""
    open_ = open_disputes(pack)
    amount = at_risk(open_)
    files = real_breaks(pack.tables["breaks"])["code"].cast(pl.String).str.starts_with("FILE_")
    missing = say("verdict_files", files=int(files.sum())) if files.any() else ""
    refused = pack.tables["rejects"].height
    missing += say("verdict_rejects", rows=f"{refused:,}") if refused else ""
    residual = sum(proof.unexplained_rows for proof in proofs)
    if not is_closed(proofs):
        residual = max(residual, 1)
        bad = say("verdict_bad", residual=residual, count=open_.height, amount=amount)
        return missing + bad, False
    if open_.height == 0:
        return missing + say("verdict_rest" if missing else "verdict_good"), not files.any()
    return missing + say("verdict_open", count=open_.height, amount=amount), not files.any()


def is_closed(proofs: Sequence[Statement]) -> bool:
    """Return whether the proof holds: no row and no amount is without an explanation."""
    return not any(proof.unexplained_minor or proof.unexplained_rows for proof in proofs)


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


def write_tie_out(sheet: Sheet, pack: Pack, proofs: Sequence[Statement], say: Say) -> None:
    """Write the statements, and the files' control totals."""
    sheet.title(say("tie_out"))
    sheet.banner(say("proof_note"), len(TIE_OUT_WIDTHS) - 1, "note_line")
    sheet.next()
    for proof in proofs:
        _statement(sheet, proof, pack, say)
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


def _controls(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write every control total of every file: declared, computed, and the difference."""
    names = ("controls", "declared", "computed", "difference")
    sheet.header([say(name) for name in names], filters=False, numbers=(1, 2, 3))
    top = sheet.row
    for file in pack.tables["inputs"].iter_rows(named=True):
        controls = json.loads(file["controls"] or "[]")
        if controls:
            sheet.text(0, file["path"], "section")
            sheet.next()
        for control in controls:
            _control(sheet, control, say)
    if sheet.row == top:
        sheet.text(0, say("no_controls"))
        sheet.next()


def _control(sheet: Sheet, control: Mapping[str, Any], say: Say) -> None:
    """Write one control total: declared, computed, and their difference as a formula."""
    currency = control["currency"]
    declared, computed = int(control["declared"]), int(control["computed"])
    look = "good" if declared == computed else "bad"
    sheet.text(0, f"   {control_words(control['name'], say.language)}")
    difference = f"{sheet.cell(2)}-{sheet.cell(1)}"
    if currency:
        sheet.money(1, declared, currency)
        sheet.money(2, computed, currency)
        sheet.sum_formula(3, difference, computed - declared, currency, look)
    else:
        sheet.whole(1, declared)
        sheet.whole(2, computed)
        sheet.count_formula(3, difference, computed - declared, look)
    sheet.next()
