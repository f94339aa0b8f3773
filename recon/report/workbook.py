"""The finance team's workbook: the proof, the queue, a sheet a reason, and what they stand on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from recon.report.pack import Pack
from recon.report.priority import by_priority
from recon.report.root_causes import root_causes
from recon.report.tie_out import statements
from recon.report.workbook_balance import write_balance
from recon.report.workbook_cases import queue_widths, write_ageing, write_queue
from recon.report.workbook_cells import Book, Sheet
from recon.report.workbook_proof import verdict, write_roll_forward, write_summary, write_tie_out
from recon.report.workbook_reasons import reason_widths, sides_of, write_reason
from recon.report.workbook_rest import (
    write_causes,
    write_glossary,
    write_inputs,
    write_rejects,
    write_sign_off,
)
from recon.report.workbook_words import Say

MOST_CASES = 200_000  # of a queue; a spreadsheet itself ends at 1,048,576 rows
_SUMMARY = (30, 32, 12, 12, 15, 18, 20, 16, 18)
_TIE_OUT = (68, 16, 20, 24, 18, 18, 18, 18)
_ROLL = (10, 14, 9, *(14 for _ in range(16)))
_AGEING = (28, 28, 9, *(11 for _ in range(8)), *(14 for _ in range(8)))
_CAUSES = (28, 26, 16, 24, 12, 12, 12, 12, 12, 10, 11, 30, 60)


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

    def sheet(name: str, widths: Sequence[int], pages: int = 1) -> Sheet:
        return book.sheet(name, widths, footer=footer, pages=pages)

    summary = sheet(say("summary"), _SUMMARY)
    tie_out = sheet(say("tie_out"), _TIE_OUT)
    roll = sheet(say("roll"), _ROLL)
    ageing = sheet(say("ageing"), _AGEING)
    queue = sheet(say("queue"), queue_widths(), 2)
    reasons = {
        code: sheet(code, reason_widths(sides_of(mine)), 3) for code, mine in by_code.items()
    }
    summary.worksheet.fit_to_pages(1, 1)
    write_summary(
        summary, book, pack, proofs, say, {code: item.name for code, item in reasons.items()}
    )
    write_tie_out(tie_out, pack, proofs, say)
    write_roll_forward(roll, pack, say)
    write_balance(roll, pack, say)
    write_ageing(ageing, book, ranked, pack, say)
    write_queue(queue, ranked, pack, say, shown.height)
    for code, reason in reasons.items():
        write_reason(reason, code, by_code[code], pack, say)
    write_causes(sheet(say("causes"), _CAUSES), root_causes(pack), pack, say)
    write_rejects(sheet(say("rejects"), (14, 40, 10, 70, 90)), pack, say)
    write_inputs(sheet(say("inputs"), (24, 24, 26, 40, 10, 10, 20, 40, 68)), pack, say)
    write_glossary(sheet(say("glossary"), (28, 30, 70, 70, 12)), pack, say)
    sentence, _ = verdict(pack, proofs, say)
    write_sign_off(sheet(say("sign_off"), (20, 24, 30, 18)), pack, say, sentence)
    book.close()


def _codes(disputes: pl.DataFrame) -> list[str]:
    """Return the codes that have cases, in order of precedence."""
    return disputes["code"].unique().sort().cast(pl.String).to_list()
