"""The workbook's queue: every case in order of work, with the columns that a person fills in."""

from __future__ import annotations

import polars as pl

from recon.report.pack import Pack
from recon.report.workbook.cells import Sheet
from recon.report.workbook.fields import Field, filled, write_fields
from recon.report.workbook.reasons import currencies_of, labelled
from recon.report.workbook.words import Say

DECISION_COLUMNS = ("dispute", "decision", "note", "decided_by")
_DECISION = DECISION_COLUMNS.index("decision")


def write_queue(sheet: Sheet, disputes: pl.DataFrame, pack: Pack, say: Say, shown: int) -> None:
    """Write the first `shown` cases in order of work."""
    sheet.title(say("queue"))
    sheet.text(0, say("queue_note"), "note_line")
    sheet.next()
    if shown < disputes.height:
        text = say("capped", shown=f"{shown:,}", all=f"{disputes.height:,}", folder=pack.folder)
        sheet.text(0, text, "note_line")
    sheet.next()
    first = sheet.row + 1
    cases = disputes.head(shown)
    write_fields(sheet, filled(_fields(cases, pack, say), cases), cases, currencies_of(pack))
    sheet.worksheet.data_validation(
        first, _DECISION, max(first + shown - 1, first), _DECISION,
        {"validate": "list", "source": say.decisions(), "ignore_blank": True},
    )  # fmt: skip


def _fields(cases: pl.DataFrame, pack: Pack, say: Say) -> list[Field]:
    """Return the columns; those that a person fills in are empty and marked."""
    labels = {name: pack.label(name) for name in cases["code"].cast(pl.String).unique()}
    language = "zh" if say.language == "zh" else "en"
    action = "suggested_action_zh" if say.language == "zh" else "suggested_action"
    known = pl.coalesce("order_id", "channel_ref", "bank_ref")
    several = cases["merchant_id"].n_unique() > 1
    merchant = pl.col("merchant_id") if several else pl.lit(None, pl.String)
    code = pl.col("code").cast(pl.String)
    empty = pl.lit(None, pl.String)
    earlier = labelled("decision", "decision", say.language)
    noted = pl.concat_str(earlier, "decision_note", separator=": ", ignore_nulls=True)
    so_far = pl.when(pl.col("decision").is_not_null()).then(noted)
    currency = pl.col("currency")
    is_late = (pl.col("days_left") < 0) & (pl.col("status").cast(pl.String) != "RESOLVED")

    def word(name: str) -> pl.Expr:
        return labelled(name, name, say.language)

    return [
        Field(say("dispute"), 20, pl.col("dispute_id"), always=True),
        *(
            Field(say(name), width, empty, "input", always=True)
            for name, width in zip(DECISION_COLUMNS[1:], (12, 24, 14), strict=True)
        ),
        Field(say("so_far"), 24, so_far, "wrapped"),
        Field(say("at_risk"), 16, pl.col("amount_minor"), "money", currency, always=True),
        Field(say("currency"), 10, currency, always=True),
        Field(say("days_left"), 10, pl.col("days_left"), "whole", differs=is_late, always=True),
        Field(say("due"), 12, pl.col("due_at"), "day", always=True),
        Field(say("scheme_limit"), 12, pl.col("scheme_limit_at"), "day"),
        Field(say("status"), 10, word("status"), always=True),
        Field(say("label"), 28, code.replace(labels), "wrapped", always=True),
        Field(say("explanation"), 70, pl.col(f"explanation_{language}"), "wrapped", paper=True,
              always=True),
        Field(say("action"), 60, pl.col(action), "wrapped", always=True),
        Field(say("code"), 28, code, always=True),
        Field(say("reference"), 30, known),
        Field(say("merchant"), 20, merchant),
        Field(say("severity"), 11, word("severity"), always=True),
        Field(say("pocket"), 12, word("out_of_pocket")),
        Field(say("age"), 11, pl.col("age_days"), "whole"),
        Field(say("first_seen"), 12, pl.col("first_seen"), "day"),
    ]  # fmt: skip
