"""The rest of the workbook: root causes, rejected rows, inputs and rules, glossary, sign-off."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from recon.core.codes import Code
from recon.report.pack import Pack
from recon.report.root_causes import FALSE_DISCOVERY_RATE, Cause
from recon.report.workbook_cells import Sheet
from recon.report.workbook_words import Say
from recon.rules.file_words import message_in_chinese

REJECTS_SHOWN = 50_000
_HUNDREDTHS = 10_000


def write_causes(sheet: Sheet, causes: Sequence[Cause], pack: Pack, say: Say) -> None:
    """Write what breaks of one code share beyond chance."""
    sheet.text(0, say("causes"), "title")
    sheet.next()
    rate = f"{FALSE_DISCOVERY_RATE:.0%}".rstrip("%")
    sheet.text(0, say("cause_note", rate=rate), "note_line")
    sheet.next(2)
    names = (
        "code", "label", "dimension", "shared_value", "breaks_there", "breaks_all", "rows_there",
        "rows_all", "chance",
    )  # fmt: skip
    heads = [*map(say, names), "p", say("nights"), say("also"), say("dispute")]
    if not causes:
        sheet.header(heads, filters=False)
        sheet.text(0, say("none"))
        return
    sheet.header(heads, last_row=sheet.row + len(causes), numbers=range(4, 11))
    for cause in causes:
        sheet.text(0, cause.code)
        sheet.text(1, pack.label(cause.code))
        sheet.text(2, say.label("column", cause.attribute))
        sheet.text(3, cause.value)
        counts = (cause.breaks_there, cause.breaks_all, cause.rows_there, cause.rows_all)
        for column, count in enumerate(counts, start=4):
            sheet.whole(column, count)
        hundredths = cause.expected_ppm // _HUNDREDTHS
        sheet.text(8, f"{hundredths // 100}.{hundredths % 100:02d}", "figure")
        sheet.text(9, f"{cause.probability:.1e}", "figure")
        sheet.whole(10, cause.nights)
        sheet.text(11, ", ".join(cause.also))
        sheet.text(12, ", ".join(f"D{name[1:]}" for name in cause.break_ids[:20]))
        sheet.next()


def write_rejects(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write every refused row with file, line and every reason."""
    rejects = pack.tables["rejects"]
    sheet.text(0, say("rejects"), "title")
    sheet.next()
    shown = min(rejects.height, REJECTS_SHOWN)
    if shown < rejects.height:
        text = say("capped", shown=f"{shown:,}", all=f"{rejects.height:,}", folder=pack.folder)
        sheet.text(0, text, "note_line")
    sheet.next()
    paths = dict(pack.tables["inputs"].drop_nulls("file_id").select("file_id", "path").iter_rows())
    names = ("source", "file", "record", "reasons", "line_text")
    sheet.header([say(name) for name in names], last_row=sheet.row + max(shown, 1))
    if not shown:
        sheet.text(0, say("none"))
    for row in rejects.head(shown).iter_rows(named=True):
        sheet.text(0, row["source"])
        sheet.text(1, paths.get(row["file_id"], row["file_id"]))
        sheet.whole(2, row["record_no"])
        sheet.text(3, "; ".join(row["reasons"] or []))
        sheet.text(4, row["text"])
        sheet.next()


def write_inputs(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write the files, the rules that made links, and the facts that identify the run."""
    sheet.text(0, say("inputs"), "title")
    sheet.next(2)
    names = ("source", "side", "format", "file", "rows", "rejected", "state", "message")
    sheet.header([*map(say, names), "SHA-256"], filters=False, numbers=(4, 5))
    for row in pack.tables["inputs"].iter_rows(named=True):
        sheet.text(0, row["source"])
        sheet.text(1, say.label("side", row["side"]))
        sheet.text(2, row["format"])
        sheet.text(3, row["path"])
        sheet.whole(4, row["rows"])
        sheet.whole(5, row["rejected"])
        sheet.text(6, say.label("input_state", row["state"]))
        chinese = pack.language == "zh" and row["message"]
        sheet.text(7, message_in_chinese(row["message"]) if chinese else row["message"])
        sheet.text(8, row["sha256"])
        sheet.next()
    sheet.next()
    _passes(sheet, pack, say)
    sheet.next()
    _identity(sheet, pack, say)


def _passes(sheet: Sheet, pack: Pack, say: Say) -> None:
    counted = (
        pack.tables["links"]
        .group_by("leg", "pass", "match_kind")
        .agg(pl.len().alias("links"))
        .sort("leg", "pass", "match_kind")
    )
    sheet.header(
        [say(name) for name in ("leg", "pass", "kind", "links")], filters=False, numbers=(3,)
    )
    for row in counted.iter_rows(named=True):
        sheet.text(0, row["leg"])
        sheet.text(1, row["pass"])
        sheet.text(2, say.label("match_kind", row["match_kind"]))
        sheet.whole(3, row["links"])
        sheet.next()


def _identity(sheet: Sheet, pack: Pack, say: Say) -> None:
    sheet.header([say("fact"), say("value")], filters=False)
    run = pack.run
    names = ("run_id", "name", "business_date", "previous_run_id", "version", "rules_sha256")
    facts = {name: run[name] for name in names}
    facts["folder"] = pack.folder
    for name, value in facts.items():
        sheet.text(0, name)
        sheet.text(1, "—" if value is None else value)
        sheet.next()


def write_glossary(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write what every code means and what to do about it."""
    sheet.text(0, say("glossary"), "title")
    sheet.next(2)
    names = ("code", "label", "definition", "action", "act_within")
    listed = [code.name for code in Code if code.name in pack.codes]
    heads = [say(name) for name in names]
    sheet.header(heads, last_row=sheet.row + len(listed), numbers=(4,))
    index = 1 if say.language == "zh" else 0
    for name in listed:
        words = pack.codes[name]
        sheet.text(0, name, "wrapped")
        sheet.text(1, words.label[index], "wrapped")
        sheet.text(2, words.definition[index], "wrapped")
        sheet.text(3, words.action[index], "wrapped")
        sheet.whole(4, words.act_within_days, "wrapped")
        sheet.next()


def write_sign_off(sheet: Sheet, pack: Pack, say: Say, verdict: str) -> None:
    """Write the block that three people sign."""
    sheet.text(0, say("sign_off"), "title")
    sheet.next(2)
    sheet.worksheet.set_row(sheet.row, 44)
    sheet.worksheet.merge_range(sheet.row, 0, sheet.row, 3, "", sheet.book.look("verdict"))
    sheet.worksheet.write_string(sheet.row, 0, verdict, sheet.book.look("verdict"))
    sheet.next()
    sheet.text(0, say("statement", date=pack.business_date))
    sheet.next(2)
    sheet.header(["", say("name_"), say("signature"), say("date")], filters=False)
    for role in ("prepared", "reviewed", "approved"):
        sheet.worksheet.set_row(sheet.row, 36)
        sheet.text(0, say(role), "bold")
        for column in (1, 2, 3):
            sheet.text(column, None, "line")
        sheet.next()
