"""The rest of the workbook: root causes, rejected rows, inputs and rules, glossary, sign-off."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from recon.core.codes import Code
from recon.report.pack import Pack
from recon.report.places import NETTING
from recon.report.root_causes import FALSE_DISCOVERY_RATE, Cause
from recon.report.workbook.cells import Sheet
from recon.report.workbook.fields import Field, Kind, write_fields
from recon.report.workbook.words import TERMS, Say
from recon.rules.words.files import message_in_chinese
from recon.rules.words.rejects import reason_in_chinese

CAUSES_WIDTHS = (28, 24, 14, 24, *(10 for _ in range(7)), 26, 42)
REJECTS_WIDTHS = (14, 40, 10, 60, 76)
INPUTS_WIDTHS = (24, 24, 24, 44, 9, 9, 26, 67)
GLOSSARY_WIDTHS = (28, 30, 64, 64, 12)
SIGN_OFF_WIDTHS = (24, 32, 40, 24)
REJECTS_SHOWN = 50_000
_HUNDREDTHS = 10_000
_CASES_SHOWN = 20
_FACTS = ("run_id", "name", "business_date", "previous_run_id", "version", "rules_sha256", "folder")


def write_causes(sheet: Sheet, causes: Sequence[Cause], pack: Pack, say: Say) -> None:
    """Write what breaks of one code share beyond chance."""
    sheet.title(say("causes"))
    rate = f"{FALSE_DISCOVERY_RATE:.0%}".rstrip("%")
    sheet.text(0, say("cause_note", rate=rate), "note_line")
    sheet.next(2)
    names = (
        "code", "label", "dimension", "shared_value", "breaks_there", "breaks_all", "rows_there",
        "rows_all", "chance",
    )  # fmt: skip
    heads = [*map(say, names), say("probability"), say("nights"), say("also"), say("dispute")]
    if not causes:
        sheet.header(heads, filters=False)
        sheet.text(0, say("none"))
        return
    sheet.header(heads, last_row=sheet.row + len(causes), numbers=range(4, 11))
    for cause in causes:
        sheet.text(0, cause.code, "wrapped")
        sheet.text(1, pack.label(cause.code), "wrapped")
        sheet.text(2, say.label("column", cause.attribute), "wrapped")
        sheet.text(3, _shared(cause.attribute, cause.value, pack), "wrapped")
        counts = (cause.breaks_there, cause.breaks_all, cause.rows_there, cause.rows_all)
        for column, count in enumerate(counts, start=4):
            sheet.whole(column, count)
        hundredths = cause.expected_ppm // _HUNDREDTHS
        sheet.text(8, f"{hundredths // 100}.{hundredths % 100:02d}", "figure")
        sheet.text(9, f"{cause.probability:.1e}", "figure")
        sheet.whole(10, cause.nights)
        others = [item.partition("=") for item in cause.also]
        also = [
            f"{say.label('column', name)} {_shared(name, value, pack)}" for name, _, value in others
        ]
        sheet.text(11, ", ".join(also), "wrapped")
        named = [f"D{name[1:]}" for name in cause.break_ids[:_CASES_SHOWN]]
        more = len(cause.break_ids) - len(named)
        sheet.text(12, ", ".join(named) + (f" +{more}" if more else ""), "wrapped")
        sheet.tall(", ".join(named), CAUSES_WIDTHS[12])
        sheet.next()


def _shared(attribute: str, value: str, pack: Pack) -> str:
    """Return the value that breaks share; of a file its path."""
    return pack.paths.get(value, value) if attribute == "file_id" else value


def write_rejects(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write every refused row with file, line and every reason."""
    rejects = pack.tables["rejects"]
    sheet.title(say("rejects"))
    shown = min(rejects.height, REJECTS_SHOWN)
    if shown < rejects.height:
        text = say("capped", shown=f"{shown:,}", all=f"{rejects.height:,}", folder=pack.folder)
        sheet.text(0, text, "note_line")
    sheet.next()
    chinese = say.language == "zh"
    told = [
        "；".join(map(reason_in_chinese, reasons)) if chinese else "; ".join(reasons)
        for reasons in rejects.head(shown)["reasons"].to_list()
    ]
    rows = rejects.head(shown).with_columns(
        file=pl.col("file_id").replace(pack.paths), told=pl.Series("told", told, pl.String)
    )
    values = ("source", "file", "record_no", "told", "text")
    kinds: tuple[Kind, ...] = ("text", "text", "whole", "wrapped", "wrapped")
    names = ("source", "file", "record", "reasons", "line_text")
    fields = [
        Field(say(name), width, pl.col(value), kind, always=True)
        for name, width, value, kind in zip(names, REJECTS_WIDTHS, values, kinds, strict=True)
    ]
    write_fields(sheet, fields, rows, ())
    if not shown:
        sheet.text(0, say("none"))


def write_inputs(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write the files, the rules that made links, and the facts that identify the run."""
    sheet.title(say("inputs"))
    sheet.next()
    names = ("source", "side", "format", "file", "rows", "rejected", "state")
    sheet.header([*map(say, names), "SHA-256"], filters=False, numbers=(4, 5))
    for row in pack.tables["inputs"].iter_rows(named=True):
        sheet.text(0, row["source"])
        sheet.text(1, say.label("side", row["side"]))
        sheet.text(2, row["format"])
        sheet.text(3, row["path"])
        sheet.whole(4, row["rows"])
        sheet.whole(5, row["rejected"])
        sheet.text(6, say.label("input_state", row["state"]))
        sheet.text(7, row["sha256"])
        sheet.next()
        message = row["message"]
        if message:
            told = message_in_chinese(message) if pack.language == "zh" else message
            sheet.span(3, len(INPUTS_WIDTHS) - 1, told, sum(INPUTS_WIDTHS[3:]))
    sheet.next()
    _passes(sheet, pack, say)
    sheet.next()
    _identity(sheet, pack, say)


def _passes(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write how many links each pass made, by kind."""
    counted = (
        pack.tables["links"]
        .group_by("leg", "pass", "match_kind")
        .agg(pl.len().alias("links"))
        .sort("leg", "pass", "match_kind")
    )
    heads = [say("leg"), say("pass"), "", say("kind"), say("links")]
    sheet.header(heads, filters=False, numbers=(4,))
    for row in counted.iter_rows(named=True):
        ours = row["leg"] == NETTING  # a step of the engine, not a leg of the rule file
        sheet.text(0, say("netting") if ours else row["leg"])
        sheet.text(1, say("original_reference") if ours else row["pass"])
        sheet.text(3, say.label("match_kind", row["match_kind"]))
        sheet.whole(4, row["links"])
        sheet.next()


def _identity(sheet: Sheet, pack: Pack, say: Say) -> None:
    sheet.header([say("fact"), say("value"), "", ""], filters=False)
    facts = {**pack.run, "folder": pack.folder}
    for name in _FACTS:
        sheet.text(0, say(f"fact_{name}"))
        sheet.text(1, "—" if facts[name] is None else facts[name])
        sheet.next()


def write_glossary(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write what the terms of this workbook mean, and the codes of tonight with what to do."""
    sheet.title(say("glossary"))
    sheet.next()
    sheet.header([say("term"), "", say("definition")], filters=False)
    for term, definition in TERMS:
        sheet.text(0, say.pick(term))
        sheet.text(2, say.pick(definition), "wrapped")
        sheet.tall(say.pick(definition), GLOSSARY_WIDTHS[2])
        sheet.next()
    sheet.next()
    told = {str(name) for table in ("breaks", "disputes") for name in pack.tables[table]["code"]}
    used = [code.name for code in Code if code.name in pack.codes and code.name in told]
    names = ("code", "label", "definition", "action", "act_within")
    sheet.header([say(name) for name in names], filters=False, numbers=(4,))
    for name in used:
        words = pack.codes[name]
        texts = [say.pick(pair) for pair in (words.label, words.definition, words.action)]
        for column, text in enumerate([name, *texts]):
            sheet.text(column, text, "wrapped")
        sheet.whole(4, words.act_within_days, "number")
        sheet.tall(max(texts[1:], key=len), GLOSSARY_WIDTHS[3])
        sheet.next()


def write_sign_off(sheet: Sheet, pack: Pack, say: Say, verdict: str) -> None:
    """Write the block that three people sign."""
    sheet.title(say("sign_off"))
    sheet.next()
    sheet.banner(verdict, len(SIGN_OFF_WIDTHS) - 1, "bold")
    sheet.text(0, say("statement", date=pack.business_date))
    sheet.next(2)
    sheet.header(["", say("name_"), say("signature"), say("date")], filters=False)
    for role in ("prepared", "reviewed", "approved"):
        sheet.worksheet.set_row(sheet.row, 36)
        sheet.text(0, say(role), "bold")
        for column in (1, 2, 3):
            sheet.text(column, None, "line")
        sheet.next()
