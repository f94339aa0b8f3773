"""The workbook's ageing: open cases by reason and age, in cases and in money, with a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from recon.report.pack import Pack
from recon.report.priority import age_band, bands
from recon.report.workbook.cells import ROW_PIXELS, Book, Sheet
from recon.report.workbook.words import Say

AGEING_WIDTHS = (28, 30, 10, *(15 for _ in range(8)))
_CURRENCY, _FIRST = 2, 3  # columns
_CHART_PIXELS = (1250, 260)
_SHADES = ("#84CAFF", "#53B1FD", "#2E90FA", "#1570EF", "#B54708", "#B42318", "#7A271A")


def write_ageing(sheet: Sheet, book: Book, disputes: pl.DataFrame, pack: Pack, say: Say) -> None:
    """Write how many cases are how old, what money that is, and a chart of the cases."""
    sheet.title(f"{say('ageing')} ({say('days')})")
    sheet.next()
    aged = _aged(disputes)
    if aged.is_empty():
        sheet.text(0, say("none"))
        return
    place = sheet.row
    sheet.next(-(-_CHART_PIXELS[1] // ROW_PIXELS) + 1)
    head = sheet.row + 1
    totals = _cases(sheet, aged, pack, say)
    sheet.next()
    _money(sheet, aged, pack, say)
    _chart(sheet, book, say, place, (head, totals))


def _aged(disputes: pl.DataFrame) -> pl.DataFrame:
    """Return one row a currency and code: cases and money (128-bit) of each band."""
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
            pl.len().cast(pl.Int64).alias("cases"),
        )
        .with_columns(pl.col("cases").sum().over("currency"))
        .sort("cases", "currency", "code", descending=[True, False, False], nulls_last=True)
    )


def _head(sheet: Sheet, say: Say, unit: str) -> None:
    heads = [say("code"), say("label"), say("currency")]
    heads += [f"{name} {say('days')}" for name in bands()] + [say("of_all")]
    sheet.text(0, say(unit), "bold")
    sheet.next()
    sheet.header(heads, filters=False, numbers=range(_FIRST, len(heads)))


def _reason(sheet: Sheet, row: dict[str, Any], pack: Pack) -> None:
    sheet.text(0, row["code"])
    sheet.text(1, pack.label(row["code"]))
    sheet.text(_CURRENCY, row["currency"])


def _across(sheet: Sheet) -> str:
    """Return the sum of the bands of the row being written."""
    last = _FIRST + len(bands()) - 1
    return f"SUM({sheet.cell(_FIRST)}:{sheet.cell(last)})"


def _cases(sheet: Sheet, aged: pl.DataFrame, pack: Pack, say: Say) -> int:
    """Write the cases; return the row of their totals."""
    _head(sheet, say, "cases")
    first, names = sheet.row, bands()
    for row in aged.iter_rows(named=True):
        _reason(sheet, row, pack)
        counts = [row[f"{name}_rows"] for name in names]
        for column, count in enumerate(counts, start=_FIRST):
            sheet.whole(column, count, dash=True)
        sheet.count_formula(_FIRST + len(names), _across(sheet), sum(counts))
        sheet.next()
    totals = sheet.row
    for column in range(_FIRST):
        sheet.text(column, say("of_all") if column == 0 else None, "section")
    sums = [int(aged[f"{name}_rows"].sum()) for name in names]
    for column, count in enumerate([*sums, sum(sums)], start=_FIRST):
        formula = f"SUM({sheet.column(column, first, totals - 1)})"
        sheet.count_formula(column, formula, count, "section")
    sheet.next()
    return totals


def _money(sheet: Sheet, aged: pl.DataFrame, pack: Pack, say: Say) -> None:
    """Write the money at risk; every currency has its total."""
    _head(sheet, say, "at_risk")
    for (currency,), mine in aged.drop_nulls("currency").group_by("currency", maintain_order=True):
        rows = mine.to_dicts()
        first = sheet.row
        for row in rows:
            _reason(sheet, row, pack)
            _amounts(sheet, [int(row[f"{name}_minor"]) for name in bands()], str(currency))
        for column in range(_FIRST):
            words = (say("of_all"), None, currency)
            sheet.text(column, words[column], "section")
        sums = [sum(int(row[f"{name}_minor"]) for row in rows) for name in bands()]
        span = (first, sheet.row - 1)
        for column, amount in enumerate([*sums, sum(sums)], start=_FIRST):
            formula = f"SUM({sheet.column(column, *span)})"
            sheet.sum_formula(column, formula, amount, str(currency), "section")
        sheet.next()


def _amounts(sheet: Sheet, amounts: Sequence[int], currency: str) -> None:
    for column, amount in enumerate(amounts, start=_FIRST):
        sheet.money(column, amount, currency, dash=True)
    sheet.sum_formula(_FIRST + len(amounts), _across(sheet), sum(amounts), currency)
    sheet.next()


def _chart(sheet: Sheet, book: Book, say: Say, place: int, rows: tuple[int, int]) -> None:
    """Chart how many cases are how old, all reasons together: rows of the head and the totals."""
    head, totals = rows
    last = _FIRST + len(bands()) - 1
    chart = book.chart("column")
    chart.add_series(
        {
            "name": say("cases"),
            "categories": [sheet.name, head, _FIRST, head, last],
            "values": [sheet.name, totals, _FIRST, totals, last],
            "points": [{"fill": {"color": shade}} for shade in _SHADES],
            "gap": 60,
            "data_labels": {"value": True},
        }
    )
    chart.set_title({"name": say("ageing"), "name_font": {"size": 11}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"visible": False, "major_gridlines": {"visible": False}})
    width, height = _CHART_PIXELS
    chart.set_size({"width": width, "height": height})
    sheet.worksheet.insert_chart(place, 0, chart)
