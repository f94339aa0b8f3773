"""The workbook's first sheet: the verdict, what matched, findings about files, the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from recon.report.pack import Pack, real_breaks
from recon.report.tie_out import Statement
from recon.report.workbook.cells import ROW_PIXELS, Book, Sheet
from recon.report.workbook.proof import is_closed, verdict
from recon.report.workbook.words import Say

SUMMARY_WIDTHS = (30, 32, 11, 12, 15, 18, 20, 18, 18)
_LAST = len(SUMMARY_WIDTHS) - 1
_DIGITS_SHOWN = 12
_MESSAGE = 3  # the column where a finding about a file begins; it runs to the last
_LABEL, _CURRENCY, _NEW, _OPEN, _MONEY, _RESOLVED = 1, 2, 3, 4, 5, 7
_CHARTED = 10  # reasons; with more of them nobody reads a chart
_CHART_PIXELS = 625
_BLUE, _LIGHT, _AMBER = "#175CD3", "#84CAFF", "#B54708"


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
    sheet.title(say("title", name=run["name"], date=pack.business_date))
    rules = str(run["rules_sha256"] or "")[:_DIGITS_SHOWN]
    line = say("run", run=run["run_id"], version=run["version"], rules=rules)
    sheet.text(0, line, "note_line")
    sheet.next(2)
    sentence, good = verdict(pack, proofs, say)
    look = "warn" if is_closed(proofs) else "bad"
    counted = _counted(pack.disputes)
    is_open = not counted.filter(pl.col("new") + pl.col("open") > 0).is_empty()
    is_quiet = good and not is_open and pack.tables["rejects"].is_empty()
    sheet.banner(sentence, _LAST, "good" if is_quiet else look)
    sheet.next()
    _match_rates(sheet, pack, say)
    sheet.next()
    _files(sheet, pack, say)
    if counted.is_empty():
        return
    charted = _charted(counted)
    place = sheet.row
    if charted:
        sheet.next(-(-_chart_height(charted) // ROW_PIXELS) + 1)
    first = _reasons(sheet, pack, say, reasons, counted)
    if charted:
        _charts(sheet, book, say, counted["currency"][0], place, (first, first + charted - 1))


def _match_rates(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write per source and currency how much matched tonight and the night before."""
    names = ("side", "source", "currency", "rows", "matched_rows", "waiting", "in_order", "before")
    heads = [*map(say, names), say("match_amount")]
    sheet.header(heads, filters=False, numbers=range(3, len(heads)))
    ordered = pack.days.filter(pl.col("night") < pack.business_date).sort("night").to_dicts()
    earlier = {(row["source"], row["currency"]): row for row in ordered}
    tonight = pack.days.filter(pl.col("night") == pack.business_date)
    if tonight.is_empty():
        sheet.text(0, say("none"))
        sheet.next()
    for row in tonight.iter_rows(named=True):
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


def _files(sheet: Sheet, pack: Pack, say: Say) -> None:
    """Write what was found about files: which are missing, held or refused, and why."""
    code = pl.col("code").cast(pl.String)
    found = real_breaks(pack.tables["breaks"]).filter(code.str.starts_with("FILE_"))
    if found.is_empty():
        return
    sheet.merge(_MESSAGE, _LAST, "header")
    heads = ("code", "file_finding", "source", "message")
    sheet.header([say(name) for name in heads], filters=False)
    for row in found.sort("source", "break_id").iter_rows(named=True):
        sheet.text(0, row["code"])
        sheet.text(1, pack.label(row["code"]))
        sheet.text(2, row["source"])
        message = pack.words(row["cause"]) or ""
        sheet.span(_MESSAGE, _LAST, message, sum(SUMMARY_WIDTHS[_MESSAGE:]))
    sheet.next()


def _counted(disputes: pl.DataFrame) -> pl.DataFrame:
    """Return one row a code, currency and loser: cases by state, money at risk of those open.

    The currency with most cases first, in it the most money first: amounts of two currencies
    are not compared.
    """
    status = pl.col("status").cast(pl.String)
    counts = {name.lower(): status == name for name in ("NEW", "OPEN", "RESOLVED")}
    amount = pl.col("amount_minor").cast(pl.Int128)
    return (
        disputes.group_by("code", "currency", "out_of_pocket")
        .agg(
            *(test.sum().cast(pl.Int64).alias(name) for name, test in counts.items()),
            amount.filter(status != "RESOLVED").sum(),
        )
        .with_columns(cases=(pl.col("new") + pl.col("open")).sum().over("currency"))
        .sort(
            pl.col("currency").is_null(), "cases", "currency", "amount_minor", "code",
            "out_of_pocket", descending=[False, True, False, True, False, False],
        )
    )  # fmt: skip


def _charted(counted: pl.DataFrame) -> int:
    """Return how many reasons are charted: the largest that are open, in the first currency."""
    is_first = pl.col("currency") == counted["currency"][0]
    shown = counted.filter(is_first & (pl.col("new") + pl.col("open") > 0))
    return min(shown.height, _CHARTED)


def _reasons(
    sheet: Sheet, pack: Pack, say: Say, reasons: Mapping[str, str], counted: pl.DataFrame
) -> int:
    """Write one row a code, currency and loser, and the totals; return the first row."""
    names = ("code", "label", "currency", "new_cases", "open_cases", "at_risk", "pocket")
    heads = [*map(say, names), say("resolved_cases")]
    numbers = (_NEW, _OPEN, _MONEY, _RESOLVED)
    sheet.header(heads, filters=False, numbers=numbers)
    sheet.worksheet.repeat_rows(sheet.row - 1)
    first = sheet.row
    for row in counted.iter_rows(named=True):
        code = row["code"]
        if code in reasons:
            sheet.link(0, reasons[code], code)
        else:
            sheet.text(0, code)
        sheet.text(_LABEL, pack.label(code))
        sheet.text(_CURRENCY, row["currency"])
        sheet.whole(_NEW, row["new"], dash=True)
        sheet.whole(_OPEN, row["open"], dash=True)
        sheet.money(_MONEY, int(row["amount_minor"]), row["currency"])
        sheet.text(_MONEY + 1, say.label("out_of_pocket", row["out_of_pocket"]))
        sheet.whole(_RESOLVED, row["resolved"], dash=True)
        sheet.next()
    _totals(sheet, say, counted, first)
    return first


def _totals(sheet: Sheet, say: Say, counted: pl.DataFrame, first: int) -> None:
    """Write the sum of each currency; they are those of the verdict."""
    last = sheet.row - 1
    for (currency,), mine in counted.group_by("currency", maintain_order=True):
        if currency is None:
            continue
        for column in range(len(SUMMARY_WIDTHS) - 1):
            sheet.text(column, None, "section")
        sheet.text(0, say("of_all"), "section")
        sheet.text(_CURRENCY, currency, "section")
        places = {"new": _NEW, "open": _OPEN, "resolved": _RESOLVED}
        for name, column in places.items():
            formula = sheet.sum_where(_CURRENCY, str(currency), column, (first, last))
            sheet.count_formula(column, formula, int(mine[name].sum()), "section")
        formula = sheet.sum_where(_CURRENCY, str(currency), _MONEY, (first, last))
        amount = sum(int(value) for value in mine["amount_minor"].to_list())
        sheet.sum_formula(_MONEY, formula, amount, str(currency), "section")
        sheet.next()


def _chart_height(bars: int) -> int:
    return 90 + 26 * bars


def _charts(
    sheet: Sheet, book: Book, say: Say, currency: str | None, place: int, rows: tuple[int, int]
) -> None:
    """Place the charts of the largest reasons side by side: money, and cases."""
    height = _chart_height(rows[1] - rows[0] + 1)
    title = f"{say('at_risk')}, {currency}"
    series = ((_MONEY, say("at_risk"), _AMBER),)
    cases = ((_NEW, say("new_cases"), _BLUE), (_OPEN, say("open_cases"), _LIGHT))
    for number, (name, bars) in enumerate(((title, series), (say("cases"), cases))):
        chart = _bars(sheet, book, name, bars, rows)
        chart.set_size({"width": _CHART_PIXELS, "height": height})
        sheet.worksheet.insert_chart(place, 0, chart, {"x_offset": number * _CHART_PIXELS})


def _bars(
    sheet: Sheet,
    book: Book,
    title: str,
    series: Sequence[tuple[int, str, str]],
    rows: tuple[int, int],
) -> Any:  # noqa: ANN401 - the library has no types
    """Return a bar chart over the given rows; each of `series` is column, name and colour."""
    chart = book.chart("bar", stacked=len(series) > 1)
    first, last = rows
    for column, name, shade in series:
        chart.add_series(
            {
                "name": name,
                "categories": [sheet.name, first, _LABEL, last, _LABEL],
                "values": [sheet.name, first, column, last, column],
                "fill": {"color": shade},
                "gap": 60,
                "data_labels": {"value": True} if len(series) == 1 else {},
            }
        )
    chart.set_title({"name": title, "name_font": {"size": 11}})
    chart.set_legend({"none": True} if len(series) == 1 else {"position": "bottom"})
    chart.set_y_axis({"reverse": True, "interval_unit": 1, "num_font": {"size": 9}})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    return chart
