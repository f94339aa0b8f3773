"""The finance team's workbook: the proof, the queue, a sheet a reason, and what they stand on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from recon.report.pack import Pack
from recon.report.priority import by_priority
from recon.report.root_causes import root_causes
from recon.report.tie_out import statements
from recon.report.workbook.ageing import AGEING_WIDTHS, write_ageing
from recon.report.workbook.cells import Book, Sheet
from recon.report.workbook.proof import TIE_OUT_WIDTHS, verdict, write_tie_out
from recon.report.workbook.queue import write_queue
from recon.report.workbook.reasons import write_reason
from recon.report.workbook.rest import (
    CAUSES_WIDTHS,
    GLOSSARY_WIDTHS,
    INPUTS_WIDTHS,
    REJECTS_WIDTHS,
    SIGN_OFF_WIDTHS,
    write_causes,
    write_glossary,
    write_inputs,
    write_rejects,
    write_sign_off,
)
from recon.report.workbook.roll import write_roll_forward
from recon.report.workbook.summary import SUMMARY_WIDTHS, write_summary
from recon.report.workbook.words import Say

MOST_CASES = 200_000  # of a queue; a spreadsheet itself ends at 1,048,576 rows


def write_workbook(pack: Pack, path: Path) -> None:
    """Write the workbook of one night. The same night gives the same bytes.

    Memory does not grow with the number of cases beyond the rows they point at: every sheet is
    written downwards, and rows of cases go to its file some thousands at a time.
    """
    say = Say(pack.language)
    title = say("title", name=pack.run["name"], date=pack.business_date)
    book = Book(path, pack.business_date, title=title)
    footer = f"{say('prepared')} ______  {say('reviewed')} ______  {say('approved')} ______"
    proofs = statements(pack)
    ranked = by_priority(pack.disputes, pack.business_date)
    shown = ranked.head(MOST_CASES)
    by_code = {code: shown.filter(pl.col("code").cast(pl.String) == code) for code in _codes(shown)}

    def sheet(name: str, widths: Sequence[int] = ()) -> Sheet:
        return book.sheet(name, widths, footer=footer)

    summary = sheet(say("summary"), SUMMARY_WIDTHS)
    tie_out = sheet(say("tie_out"), TIE_OUT_WIDTHS)
    roll = sheet(say("roll"))
    ageing = sheet(say("ageing"), AGEING_WIDTHS)
    queue = sheet(say("queue"))
    reasons = {code: sheet(code) for code in by_code}
    names = {code: item.name for code, item in reasons.items()}
    write_summary(summary, book, pack, proofs, say, names)
    write_tie_out(tie_out, pack, proofs, say)
    write_roll_forward(roll, pack, say)
    write_ageing(ageing, book, ranked, pack, say)
    write_queue(queue, ranked, pack, say, shown.height)
    for code, reason in reasons.items():
        write_reason(reason, code, by_code[code], pack, say)
    write_causes(sheet(say("causes"), CAUSES_WIDTHS), root_causes(pack), pack, say)
    write_rejects(sheet(say("rejects"), REJECTS_WIDTHS), pack, say)
    write_inputs(sheet(say("inputs"), INPUTS_WIDTHS), pack, say)
    write_glossary(sheet(say("glossary"), GLOSSARY_WIDTHS), pack, say)
    sentence, _ = verdict(pack, proofs, say)
    write_sign_off(sheet(say("sign_off"), SIGN_OFF_WIDTHS), pack, say, sentence)
    book.close()


def _codes(disputes: pl.DataFrame) -> list[str]:
    """Return the codes that have cases, in order of precedence."""
    return disputes["code"].unique().sort().cast(pl.String).to_list()
