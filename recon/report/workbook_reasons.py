"""The workbook's sheet a reason: each case with both sides side by side and what it stands on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from recon.report.pack import Pack
from recon.report.words import LABELS
from recon.report.workbook_cells import Sheet
from recon.report.workbook_rows import Block, line_points
from recon.report.workbook_words import Say

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
    ("dispute", 20), ("status", 11), ("severity", 10), ("at_risk", 15), ("currency", 10),
    ("expected", 14), ("actual", 14), ("difference", 14),
)  # fmt: skip
_AFTER = (
    ("rows_in_case", 10), ("nearest", 40), ("gate", 46), ("cause", 26), ("evidence", 44),
    ("due", 12), ("days_left", 11), ("explanation", 70), ("action", 60),
)  # fmt: skip
_WRAPPED = ("nearest", "gate", "cause", "evidence", "explanation", "action")
_COUNTS = ("at_risk", "expected", "actual", "difference", "rows_in_case", "days_left")
_SIDE_WIDTH = 14
_WIDER = {
    "order_id": 24,
    "channel_ref": 32,
    "bank_ref": 20,
    "batch_id": 26,
    "occurred_at": 19,
    "kind": 12,
    "state": 12,
    "currency": 12,
    "terminal_id": 12,
    "fee_minor": 12,
}
_POINTERS = 3


def reason_widths(sides: Sequence[str]) -> list[int]:
    """Return the widths of the columns of a reason's sheet that shows these sides."""
    middle = [_WIDER.get(name, _SIDE_WIDTH) for side in sides for name in _SIDES[side]]
    return [width for _, width in _BEFORE] + middle + [width for _, width in _AFTER]


def sides_of(disputes: pl.DataFrame) -> list[str]:
    """Return the sides that the evidence of these disputes comes from, in order."""
    evidence = disputes["evidence"].explode().drop_nulls()
    found = set(evidence.struct.field("side").unique().to_list()) if len(evidence) else set()
    return [side for side in _SIDES if side in found]


def currencies_of(pack: Pack) -> set[str]:
    """Return every currency that an amount of the cases may have."""
    both = (pack.disputes["currency"], pack.rows["currency"])
    return {str(name) for column in both for name in column.drop_nulls().unique()}


def write_reason(sheet: Sheet, code: str, mine: pl.DataFrame, pack: Pack, say: Say) -> None:
    """Write one reason: its words, then each case with both sides side by side."""
    _words(sheet, code, pack, say)
    shown = sides_of(mine)
    heads: list[str] = []
    numbers: set[int] = set()
    for name, _ in _BEFORE:
        numbers |= {len(heads)} if name in _COUNTS else set()
        heads.append(say(name))
    for side in shown:
        for name in _SIDES[side]:
            numbers |= {len(heads)} if name.endswith("_minor") else set()
            heads.append(f"{say.label('side', side)}\n{say.label('column', name)}")
    for name, _ in _AFTER:
        numbers |= {len(heads)} if name in _COUNTS else set()
        heads.append(say(name))
    sheet.header(heads, last_row=sheet.row + mine.height, numbers=numbers)
    block = Block(sheet.book, currencies_of(pack))
    _before(block, say)
    for side in shown:
        _side(block, side, shown, say)
    _after(block)
    widths = {name: width for name, width in _AFTER if name in _WRAPPED}
    block.write(sheet, case_rows(mine, pack, shown, say.language), line_points(widths))


def _words(sheet: Sheet, code: str, pack: Pack, say: Say) -> None:
    """Write the reason's label, definition and action above its table."""
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


def case_rows(mine: pl.DataFrame, pack: Pack, sides: Sequence[str], language: str) -> pl.DataFrame:
    """Return the cases with what their sheet shows.

    Beside the columns of `mine`: for each side of `sides` its first row, columns `SIDE.name`;
    `evidence` as text, `rows_in_case`, `nearest`, `gate`, `cause`, `explanation`, `action`.
    """
    pointers = (
        mine.select("dispute_id", "evidence")
        .explode("evidence")
        .drop_nulls("evidence")
        .unnest("evidence")
    )
    chinese = language == "zh"
    frame = (
        mine.rename({"evidence": "evidence_"})
        .join(_where(pointers, pack), on="dispute_id", how="left", maintain_order="left")
        .join(_near(pack), on="dispute_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("cause").replace(_translated(mine["cause"], pack, language)),
            pl.col("gate").replace(_translated(_near(pack)["gate"], pack, language)),
            rows_in_case=pl.col("evidence_").list.len().fill_null(0),
            explanation="explanation_zh" if chinese else "explanation_en",
            action="suggested_action_zh" if chinese else "suggested_action",
        )
    )
    for side in sides:
        first = _first_rows(pointers, side, pack)
        frame = frame.join(first, on="dispute_id", how="left", maintain_order="left")
    return frame


def _translated(causes: pl.Series, pack: Pack, language: str) -> dict[str, str]:
    """Return causes or gates and how they read in the document's language."""
    if language != "zh":
        return {}
    return {text: pack.in_chinese(text) for text in causes.drop_nulls().unique().to_list()}


def _first_rows(pointers: pl.DataFrame, side: str, pack: Pack) -> pl.DataFrame:
    """Return the first row of a side among the rows of each case, columns `SIDE.name`."""
    rows = pack.rows.select("txn_id", *_SIDES[side])
    return (
        pointers.filter(pl.col("side") == side)
        .select("dispute_id", "txn_id")
        .join(rows, on="txn_id", maintain_order="left")
        .unique("dispute_id", keep="first", maintain_order=True)
        .drop("txn_id")
        .rename({name: f"{side}.{name}" for name in _SIDES[side]})
    )


def _where(pointers: pl.DataFrame, pack: Pack) -> pl.DataFrame:
    """Return where the first rows of each case stand: file and record."""
    path = pl.col("file_id").replace(pack.paths)
    shown = pl.concat_str(path, pl.lit("#"), "record_no")
    more = pl.len().cast(pl.Int64) - _POINTERS
    rest = pl.when(more > 0).then(pl.format("; +{}", more)).otherwise(pl.lit(""))
    return pointers.group_by("dispute_id", maintain_order=True).agg(
        evidence=pl.concat_str(shown.head(_POINTERS).str.join("; "), rest)
    )


def _near(pack: Pack) -> pl.DataFrame:
    """Return the nearest candidate of each case in words, and the gate that it fails."""
    known = pl.coalesce("order_id", "channel_ref", "bank_ref", pl.lit(""))
    rows = pack.rows.select("txn_id", named=pl.format("{} {}", "source", known))
    return (
        pack.tables["breaks"]
        .join(rows, left_on="nearest_txn_id", right_on="txn_id", how="left")
        .select(
            dispute_id=pl.format("D{}", pl.col("break_id").str.slice(1)),
            nearest=pl.format("{} [{}]", "named", "nearest_txn_id"),
            gate="failed_gate",
        )
    )


def labelled(vocabulary: str, column: str, language: str) -> pl.Expr:
    """Return the words of a vocabulary's members."""
    index = 1 if language == "zh" else 0
    words: Mapping[str, str] = {name: pair[index] for name, pair in LABELS[vocabulary].items()}
    return pl.col(column).cast(pl.String).replace(words)


def _before(block: Block, say: Say) -> None:
    block.text(pl.col("dispute_id"))
    block.text(labelled("status", "status", say.language))
    block.text(labelled("severity", "severity", say.language))
    block.money(pl.col("amount_minor"), pl.col("currency"))
    block.text(pl.col("currency"))
    for name in ("expected_minor", "actual_minor", "difference_minor"):
        block.money(pl.col(name), pl.col("currency"))


def _side(block: Block, side: str, shown: Sequence[str], say: Say) -> None:
    """Add the columns of one side; a cell that differs from the other side is marked."""
    for name in _SIDES[side]:
        value = pl.col(f"{side}.{name}")
        differs = _differs(side, name, shown)
        if name.endswith("_minor"):
            block.money(value, pl.col(f"{side}.currency"), differs=differs)
        elif name == "occurred_at":
            block.moment(value, differs=differs)
        elif name.endswith("_date"):
            block.day(value, differs=differs)
        elif name in {"kind", "state"}:
            block.text(labelled(name, f"{side}.{name}", say.language), differs=differs)
        else:
            block.text(value, differs=differs)


def _differs(side: str, name: str, shown: Sequence[str]) -> pl.Expr | None:
    """Return where a cell differs from its counterpart: the channel's, or of the channel any."""
    pairs = list(_counterparts(side, name, shown))
    if not pairs:
        return None
    return pl.any_horizontal(
        (pl.col(f"{one}.{name}") != pl.col(f"{other}.{name}")).fill_null(value=False)
        for one, other in pairs
    )


def _counterparts(side: str, name: str, shown: Sequence[str]) -> Iterator[tuple[str, str]]:
    for other, names in _COMPARED.items():
        if name in names and {other, "CHANNEL"} <= set(shown) and side in {other, "CHANNEL"}:
            yield other, "CHANNEL"


def _after(block: Block) -> None:
    block.whole(pl.col("rows_in_case"))
    for name in ("nearest", "gate", "cause", "evidence"):
        block.text(pl.col(name), "wrapped")
    block.day(pl.col("due_at"))
    block.whole(pl.col("days_left"))
    for name in ("explanation", "action"):
        block.text(pl.col(name), "wrapped")
