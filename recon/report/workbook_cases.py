"""The workbook's cases: breaks by reason and age, the queue with decisions, a sheet a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from recon.report.pack import Pack
from recon.report.priority import age_band, bands
from recon.report.workbook_cells import Book, Sheet
from recon.report.workbook_words import Say

Facts = dict[str, Any]
DECISION_COLUMNS = ("dispute", "decision", "note", "decided_by")
_QUEUE = (
    ("dispute", 20), ("decision", 12), ("note", 24), ("decided_by", 14), ("at_risk", 16),
    ("currency", 9), ("days_left", 9), ("due", 12), ("severity", 10), ("status", 10),
    ("code", 28), ("label", 26), ("pocket", 12), ("age", 8), ("first_seen", 12),
    ("explanation", 60), ("action", 60),
)  # fmt: skip
_SIDES: dict[str, tuple[str, ...]] = {
    "MERCHANT": ("source", "order_id", "kind", "state", "amount_minor", "currency", "occurred_at",
                 "terminal_id"),
    "CHANNEL": ("source", "order_id", "channel_ref", "kind", "state", "amount_minor", "fee_minor",
                "net_minor", "currency", "occurred_at", "clearing_date", "batch_id", "terminal_id"),
    "BANK": ("source", "bank_ref", "batch_id", "kind", "amount_minor", "currency", "value_date"),
}  # fmt: skip
_COMPARED = {
    "MERCHANT": ("order_id", "kind", "state", "amount_minor", "currency", "terminal_id"),
    "BANK": ("batch_id", "currency"),  # one credit pays many rows: amounts are not compared
}
_BEFORE = (
    ("dispute", 20), ("status", 9), ("severity", 9), ("at_risk", 14), ("currency", 8),
    ("expected", 14), ("actual", 14), ("difference", 14),
)  # fmt: skip
_AFTER = (
    ("rows_in_case", 8), ("nearest", 40), ("gate", 46), ("cause", 26), ("evidence", 44),
    ("due", 12), ("days_left", 9), ("explanation", 60), ("action", 60),
)  # fmt: skip
_SIDE_WIDTH = 14
_WIDER = {
    "order_id": 24,
    "channel_ref": 32,
    "bank_ref": 20,
    "occurred_at": 19,
    "kind": 9,
    "state": 9,
    "currency": 8,
    "terminal_id": 11,
    "fee_minor": 10,
}
_POINTERS = 3


def write_ageing(sheet: Sheet, book: Book, disputes: pl.DataFrame, pack: Pack, say: Say) -> None:
    """Write count and money by reason, currency and age band, with a stacked chart."""
    sheet.text(0, f"{say('ageing')} ({say('days')})", "title")
    sheet.next(2)
    names = bands()
    heads = [say("code"), say("label"), say("currency")]
    heads += [f"{name} {say('count')}" for name in names] + [say("of_all")]
    heads += [f"{name} {say('amount')}" for name in names] + [say("of_all")]
    sheet.header(heads, filters=False)
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
    sheet.header([say(name) for name, _ in _QUEUE], last_row=last)
    sheet.worksheet.data_validation(
        head + 1, 1, max(last, head + 1), 1,
        {"validate": "list", "source": say.decisions(), "ignore_blank": True},
    )  # fmt: skip
    for row in disputes.head(shown).iter_rows(named=True):
        _queue_row(sheet, row, pack, say)
        sheet.next()


def _queue_row(sheet: Sheet, row: Facts, pack: Pack, say: Say) -> None:
    late = row["days_left"] is not None and row["days_left"] < 0
    sheet.text(0, row["dispute_id"])
    for column in (1, 2, 3):
        sheet.text(column, None, "input")
    sheet.money(4, row["amount_minor"], row["currency"])
    sheet.text(5, row["currency"])
    sheet.whole(6, row["days_left"], "differs" if late else "plain")
    sheet.day(7, row["due_at"])
    sheet.text(8, say.label("severity", row["severity"]))
    sheet.text(9, say.label("status", row["status"]))
    sheet.text(10, row["code"])
    sheet.text(11, pack.label(row["code"]))
    sheet.text(12, say.label("out_of_pocket", row["out_of_pocket"]))
    sheet.whole(13, row["age_days"])
    sheet.day(14, row["first_seen"])
    sheet.text(15, row[f"explanation_{say.language}"])
    sheet.text(16, row["suggested_action_zh" if say.language == "zh" else "suggested_action"])


def reason_widths(sides: Sequence[str]) -> list[int]:
    """Return the widths of the columns of a reason's sheet that shows these sides."""
    middle = [_WIDER.get(name, _SIDE_WIDTH) for side in sides for name in _SIDES[side]]
    return [width for _, width in _BEFORE] + middle + [width for _, width in _AFTER]


def sides_of(disputes: pl.DataFrame) -> list[str]:
    """Return the sides that the evidence of these disputes comes from, in order."""
    evidence = disputes["evidence"].explode().drop_nulls()
    found = set(evidence.struct.field("side").unique().to_list()) if len(evidence) else set()
    return [side for side in _SIDES if side in found]


class Cases:
    """The whole rows and pointers behind the disputes, looked up by id."""

    def __init__(self, pack: Pack) -> None:
        """Index what the reason sheets need."""
        self._names = ("side", *sorted({name for names in _SIDES.values() for name in names}))
        columns = pack.rows.select("txn_id", *self._names)
        self._rows = {row[0]: row[1:] for row in columns.iter_rows()}
        self._paths = pack.paths
        breaks = pack.tables["breaks"].select("break_id", "nearest_txn_id", "failed_gate")
        self._near = {row[0]: row[1:] for row in breaks.iter_rows()}

    def _row(self, txn_id: int | None) -> Facts | None:
        cells = None if txn_id is None else self._rows.get(txn_id)
        return None if cells is None else dict(zip(self._names, cells, strict=True))

    def sides(self, evidence: Sequence[Mapping[str, Any]]) -> dict[str, Facts]:
        """Return the first row of each side among the rows that a case points at."""
        found: dict[str, Facts] = {}
        for pointer in evidence:
            row = self._row(pointer["txn_id"])
            if row is not None:
                found.setdefault(row["side"], row)
        return found

    def nearest(self, dispute_id: str) -> tuple[str | None, str | None]:
        """Return the nearest candidate in words, and the gate that it fails."""
        near, gate = self._near.get(f"B{dispute_id[1:]}", (None, None))
        row = self._row(near)
        if row is None:
            return None, gate
        named = (row["order_id"], row["channel_ref"], row["bank_ref"])
        reference = next((value for value in named if value), "")
        return f"{row['source']} {reference} [{near}]", gate

    def path(self, file_id: str) -> str:
        """Return the path of a file as declared; its id where no night knows it."""
        return self._paths.get(file_id, file_id)

    def pointers(self, evidence: Sequence[Mapping[str, Any]]) -> str:
        """Return where the first rows of a case stand: file and record."""
        shown = [
            f"{self.path(item['file_id'])}#{item['record_no']}" for item in evidence[:_POINTERS]
        ]
        more = len(evidence) - len(shown)
        return "; ".join(shown) + (f"; +{more}" if more > 0 else "")


def write_reason(
    sheet: Sheet, code: str, mine: pl.DataFrame, cases: Cases, pack: Pack, say: Say
) -> None:
    """Write one reason: its words, then each case with both sides side by side."""
    words = pack.codes.get(code)
    sheet.text(0, f"{pack.label(code)} ({code})", "title")
    sheet.next()
    if words is not None:
        index = 1 if say.language == "zh" else 0
        sheet.text(0, words.definition[index], "note_line")
        sheet.next()
        sheet.text(0, words.action[index], "note_line")
        sheet.next()
    sheet.next()
    heads = [say(name) for name, _ in _BEFORE]
    shown = sides_of(mine)
    for side in shown:
        named = [say.label("column", name) for name in _SIDES[side]]
        heads += [f"{say.label('side', side)}\n{name}" for name in named]
    heads += [say(name) for name, _ in _AFTER]
    sheet.header(heads, last_row=sheet.row + mine.height)
    for row in mine.iter_rows(named=True):
        _reason_row(sheet, row, shown, cases, say)
        sheet.next()


def _reason_row(sheet: Sheet, row: Facts, shown: Sequence[str], cases: Cases, say: Say) -> None:
    evidence = row["evidence"] or []
    currency = row["currency"]
    sheet.text(0, row["dispute_id"])
    sheet.text(1, say.label("status", row["status"]))
    sheet.text(2, say.label("severity", row["severity"]))
    sheet.money(3, row["amount_minor"], currency)
    sheet.text(4, currency)
    for column, name in enumerate(("expected", "actual", "difference"), start=5):
        sheet.money(column, row[f"{name}_minor"], currency)
    column = len(_BEFORE)
    sides = cases.sides(evidence)
    for side in shown:
        if side in sides:
            differing = set(_differing(side, sides))
            for offset, name in enumerate(_SIDES[side]):
                look = "differs" if name in differing else "plain"
                _side_cell(sheet, column + offset, sides[side], name, look, say)
        column += len(_SIDES[side])
    _reason_end(sheet, column, row, evidence, cases, say)


def _reason_end(
    sheet: Sheet, column: int, row: Facts, evidence: Sequence[Facts], cases: Cases, say: Say
) -> None:
    nearest, gate = cases.nearest(row["dispute_id"])
    chinese = say.language == "zh"
    sheet.whole(column, len(evidence))
    sheet.text(column + 1, nearest)
    sheet.text(column + 2, gate)
    sheet.text(column + 3, row["cause"])
    sheet.text(column + 4, cases.pointers(evidence))
    sheet.day(column + 5, row["due_at"])
    sheet.whole(column + 6, row["days_left"])
    sheet.text(column + 7, row["explanation_zh" if chinese else "explanation_en"])
    sheet.text(column + 8, row["suggested_action_zh" if chinese else "suggested_action"])


def _differing(side: str, sides: Mapping[str, Facts]) -> Iterator[str]:
    """Yield the columns in which a side differs from the channel, or the channel from either."""
    for other, names in _COMPARED.items():
        if other not in sides or "CHANNEL" not in sides or side not in {other, "CHANNEL"}:
            continue
        for name in names:
            mine, his = sides[other][name], sides["CHANNEL"][name]
            if mine is not None and his is not None and mine != his:
                yield name


def _side_cell(sheet: Sheet, column: int, row: Facts, name: str, look: str, say: Say) -> None:
    value = row[name]
    if name.endswith("_minor"):
        sheet.money(column, value, row["currency"], look)
    elif name == "occurred_at":
        sheet.moment(column, value, look)
    elif name.endswith("_date"):
        sheet.day(column, value, look)
    elif name in {"kind", "state"}:
        sheet.text(column, say.label(name, value), look)
    else:
        sheet.text(column, value, look)
