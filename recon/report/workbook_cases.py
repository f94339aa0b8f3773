"""The workbook's cases: breaks by reason and age, and the queue with its decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from recon.report.pack import Pack
from recon.report.priority import age_band, bands
from recon.report.workbook_cells import Book, Sheet
from recon.report.workbook_reasons import currencies_of, labelled
from recon.report.workbook_rows import Block, line_points
from recon.report.workbook_words import Say

Facts = dict[str, Any]
DECISION_COLUMNS = ("dispute", "decision", "note", "decided_by")
_QUEUE = (
    ("dispute", 20), ("decision", 12), ("note", 24), ("decided_by", 14), ("at_risk", 16),
    ("currency", 11), ("days_left", 11), ("due", 12), ("severity", 11), ("status", 11),
    ("code", 28), ("label", 26), ("pocket", 12), ("age", 11), ("first_seen", 12),
    ("explanation", 70), ("action", 60),
)  # fmt: skip
_AMOUNTS = ("at_risk", "days_left", "age")
_WRAPPED = {"explanation": 70, "action": 60}


def write_ageing(sheet: Sheet, book: Book, disputes: pl.DataFrame, pack: Pack, say: Say) -> None:
    """Write count and money by reason, currency and age band, with a stacked chart."""
    sheet.text(0, f"{say('ageing')} ({say('days')})", "title")
    sheet.next(2)
    names = bands()
    heads = [say("code"), say("label"), say("currency")]
    heads += [f"{name} {say('count')}" for name in names] + [say("of_all")]
    heads += [f"{name} {say('amount')}" for name in names] + [say("of_all")]
    sheet.header(heads, filters=False, numbers=range(3, len(heads)))
    first = sheet.row
    for row in _aged(disputes).iter_rows(named=True):
        _aged_row(sheet, row, names, pack)
    if sheet.row > first:
        _ageing_chart(sheet, book, names, first, say)


def _aged(disputes: pl.DataFrame) -> pl.DataFrame:
    open_ = disputes.filter(pl.col("status").cast(pl.String) != "RESOLVED").with_columns(
        band=age_band(pl.col("age_days").fill_null(0))
    )
    inside = {name: pl.col("band") == name for name in bands()}
    amount = pl.col("amount_minor").cast(pl.Int128)
    return (
        open_.group_by("code", "currency")
        .agg(
            *(test.sum().cast(pl.Int64).alias(f"{name}_rows") for name, test in inside.items()),
            *(amount.filter(test).sum().alias(f"{name}_minor") for name, test in inside.items()),
            amount.sum().alias("amount"),
        )
        .sort("code", "currency")
    )


def _aged_row(sheet: Sheet, row: Facts, names: Sequence[str], pack: Pack) -> None:
    sheet.text(0, row["code"])
    sheet.text(1, pack.label(row["code"]))
    sheet.text(2, row["currency"])
    for column, name in enumerate(names, start=3):
        sheet.whole(column, row[f"{name}_rows"])
        sheet.money(column + len(names) + 1, int(row[f"{name}_minor"]), row["currency"])
    last = 2 + len(names)
    rows = sum(row[f"{name}_rows"] for name in names)
    sheet.count_formula(last + 1, f"SUM({sheet.cell(3)}:{sheet.cell(last)})", rows)
    if row["currency"] is not None:
        span = f"SUM({sheet.cell(last + 2)}:{sheet.cell(last + 1 + len(names))})"
        sheet.sum_formula(last + 2 + len(names), span, int(row["amount"]), row["currency"])
    sheet.next()


def _ageing_chart(sheet: Sheet, book: Book, names: Sequence[str], first: int, say: Say) -> None:
    chart = book.chart("bar", stacked=True)
    shades = ("#84CAFF", "#53B1FD", "#2E90FA", "#1570EF", "#B54708", "#B42318", "#7A271A")
    for column, (name, shade) in enumerate(zip(names, shades, strict=True), start=3):
        chart.add_series(
            {
                "name": f"{name} {say('days')}",
                "categories": [sheet.name, first, 1, sheet.row - 1, 1],
                "values": [sheet.name, first, column, sheet.row - 1, column],
                "fill": {"color": shade},
                "gap": 60,
            }
        )
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_legend({"position": "bottom"})
    chart.set_title({"name": say("ageing"), "name_font": {"size": 11}})
    chart.set_size({"width": 900, "height": 140 + 28 * (sheet.row - first)})
    sheet.worksheet.insert_chart(sheet.row + 1, 0, chart)


def queue_widths() -> list[int]:
    """Return the widths of the queue's columns."""
    return [width for _, width in _QUEUE]


def write_queue(sheet: Sheet, disputes: pl.DataFrame, pack: Pack, say: Say, shown: int) -> None:
    """Write the cases in order of work, with the columns that a person fills in."""
    sheet.text(0, say("queue"), "title")
    sheet.next()
    sheet.text(0, say("queue_note"), "note_line")
    sheet.next()
    if shown < disputes.height:
        text = say("capped", shown=f"{shown:,}", all=f"{disputes.height:,}", folder=pack.folder)
        sheet.text(0, text, "note_line")
    sheet.next()
    head = sheet.row
    last = head + shown
    numbers = {place for place, (name, _) in enumerate(_QUEUE) if name in _AMOUNTS}
    sheet.header([say(name) for name, _ in _QUEUE], last_row=last, numbers=numbers)
    sheet.worksheet.data_validation(
        head + 1, 1, max(last, head + 1), 1,
        {"validate": "list", "source": say.decisions(), "ignore_blank": True},
    )  # fmt: skip
    _queue_rows(sheet, disputes.head(shown), pack, say)


def _queue_rows(sheet: Sheet, disputes: pl.DataFrame, pack: Pack, say: Say) -> None:
    """Write the cases; the columns that a person fills in are empty and marked."""
    chinese = say.language == "zh"
    labels = {name: pack.label(name) for name in disputes["code"].cast(pl.String).unique()}
    frame = disputes.with_columns(
        label=pl.col("code").cast(pl.String).replace(labels),
        explanation="explanation_zh" if chinese else "explanation_en",
        action="suggested_action_zh" if chinese else "suggested_action",
    )
    block = Block(sheet.book, currencies_of(pack))
    block.text(pl.col("dispute_id"))
    for _ in DECISION_COLUMNS[1:]:
        block.blank("input")
    block.money(pl.col("amount_minor"), pl.col("currency"))
    block.text(pl.col("currency"))
    block.whole(pl.col("days_left"), differs=pl.col("days_left") < 0)
    block.day(pl.col("due_at"))
    for name in ("severity", "status"):
        block.text(labelled(name, name, say.language))
    block.text(pl.col("code"))
    block.text(pl.col("label"))
    block.text(labelled("out_of_pocket", "out_of_pocket", say.language))
    block.whole(pl.col("age_days"))
    block.day(pl.col("first_seen"))
    for name in _WRAPPED:
        block.text(pl.col(name), "wrapped")
    block.write(sheet, frame, line_points(_WRAPPED))
