"""The workbook's sheet a reason: each case with both sides side by side and what it stands on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from recon.report.pack import Pack
from recon.report.words import LABELS
from recon.report.workbook.cells import Sheet
from recon.report.workbook.fields import Field, Kind, filled, write_fields
from recon.report.workbook.words import Say
from recon.rules.batch_keys import EVIDENCE_ROWS

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
_REFERENCES = ("order_id", "channel_ref", "bank_ref", "batch_id")
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
_KINDS: dict[str, Kind] = {
    "occurred_at": "moment",
    "clearing_date": "day",
    "value_date": "day",
    "amount_minor": "money",
    "fee_minor": "money",
    "net_minor": "money",
}
_POINTERS = 3


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
    """Write one reason: its words, then each case with both sides side by side.

    Columns that are empty in every case, and those that only repeat another, are left out.
    """
    shown = sides_of(mine)
    cases = case_rows(mine, pack, shown, say.language)
    fields = _case(say)
    for side in shown:
        fields += _side(side, shown, cases, say)
    fields += _grounds(say)
    if cases["action"].n_unique() > 1:  # else it stands above the table
        fields.append(Field(say("action"), 60, pl.col("action"), "wrapped"))
    _words(sheet, code, cases, pack, say)
    write_fields(sheet, filled(fields, cases), cases, currencies_of(pack))


def _words(sheet: Sheet, code: str, cases: pl.DataFrame, pack: Pack, say: Say) -> None:
    """Write the reason's label, definition and action above its table."""
    words = pack.codes.get(code)
    sheet.title(f"{pack.label(code)} ({code})")
    if words is not None:
        index = 1 if say.language == "zh" else 0
        sheet.text(0, words.definition[index], "note_line")
        sheet.next()
    actions = cases["action"].unique()
    action = actions[0] if len(actions) == 1 else None
    if action is not None:
        sheet.text(0, say("what_to_do", action=action), "note_line")
        sheet.next()
    severities = [say.label("severity", str(name)) for name in cases["severity"].unique().sort()]
    sheet.text(0, say("how_severe", severity=", ".join(severities)), "note_line")
    sheet.next(2)


def case_rows(mine: pl.DataFrame, pack: Pack, sides: Sequence[str], language: str) -> pl.DataFrame:
    """Return the cases with what their sheet shows.

    Beside the columns of `mine`: for each side of `sides` what its rows of the case say, columns
    `SIDE.name`, `SIDE.name.shown` of references and `SIDE.rows`; `evidence` as text,
    `rows_in_case`, `nearest`, `gate`, `cause`, `explanation`, `action`.
    """
    pointers = (
        mine.select("dispute_id", "evidence")
        .explode("evidence")
        .drop_nulls("evidence")
        .unnest("evidence")
    )
    chinese = language == "zh"
    count = pl.col("evidence_").list.len().fill_null(0)
    frame = (
        mine.rename({"evidence": "evidence_"})
        .join(_where(pointers, pack), on="dispute_id", how="left", maintain_order="left")
        .join(_near(pack), on="dispute_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("cause").replace(_in_words(mine["cause"], pack)),
            pl.col("gate").replace(_in_words(_near(pack)["gate"], pack)),
            rows_in_case=pl.when(count < EVIDENCE_ROWS)
            .then(count.cast(pl.String))
            .otherwise(pl.format("{}+", count)),
            explanation="explanation_zh" if chinese else "explanation_en",
            action="suggested_action_zh" if chinese else "suggested_action",
        )
    )
    for side in sides:
        told = _told(pointers, side, pack)
        frame = frame.join(told, on="dispute_id", how="left", maintain_order="left")
    return frame


def _in_words(causes: pl.Series, pack: Pack) -> dict[str, str | None]:
    """Return causes or gates and how they read in the document's language."""
    return {text: pack.words(text) for text in causes.drop_nulls().unique().to_list()}


def _told(pointers: pl.DataFrame, side: str, pack: Pack) -> pl.DataFrame:
    """Return what the rows of a side say in each case: dispute_id, `SIDE.rows`, `SIDE.name`.

    Of several rows it is what they agree on, and the time of the first. `SIDE.name.shown` is a
    reference for people: the first, with the number of other ones.
    """
    names = _SIDES[side]
    rows = (
        pointers.filter(pl.col("side") == side)
        .select("dispute_id", "txn_id")
        .join(pack.rows.select("txn_id", *names), on="txn_id", maintain_order="left")
    )
    alone = pl.col("dispute_id").is_unique()
    one = rows.filter(alone).with_columns(pl.lit(1, pl.UInt32).alias("rows"))
    many = rows.filter(~alone).group_by("dispute_id", maintain_order=True).agg(
        *(
            pl.col(name).first()
            if name == "occurred_at"
            else pl.when(pl.col(name).n_unique() == 1).then(pl.col(name).first()).alias(name)
            for name in names
        ),
        *(_and_others(name).alias(f"{name}.shown") for name in names if name in _REFERENCES),
        pl.len().alias("rows"),
    )  # fmt: skip
    one = one.drop("txn_id").with_columns(
        pl.col(name).alias(f"{name}.shown") for name in names if name in _REFERENCES
    )
    told = pl.concat([one, many.select(one.columns)])
    return told.rename({name: f"{side}.{name}" for name in told.columns if name != "dispute_id"})


def _and_others(name: str) -> pl.Expr:
    """Return the first reference of a group, and how many other ones there are."""
    known = pl.col(name).drop_nulls()
    others = known.n_unique().cast(pl.Int64) - 1
    return pl.when(others > 0).then(pl.format("{} +{}", known.first(), others)).otherwise(
        known.first()
    )  # fmt: skip


def _where(pointers: pl.DataFrame, pack: Pack) -> pl.DataFrame:
    """Return where the first rows of each case stand: file and record."""
    path = pl.col("file_id").replace(pack.paths)
    shown = pl.concat_str(path, pl.lit("#"), "record_no")
    more = pl.len().cast(pl.Int64) - _POINTERS
    rest = pl.when(more > 0).then(pl.format("\n+{}", more)).otherwise(pl.lit(""))
    return pointers.group_by("dispute_id", maintain_order=True).agg(
        evidence=pl.concat_str(shown.head(_POINTERS).str.join("\n"), rest)
    )


def _near(pack: Pack) -> pl.DataFrame:
    """Return the nearest candidate of each case in words, and the gate that it fails."""
    known = pl.coalesce("order_id", "channel_ref", "bank_ref", pl.lit("—"))
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


def _case(say: Say) -> list[Field]:
    """Return the columns of the case itself, what happened and where that stands."""
    currency = pl.col("currency")
    figures = {
        name: Field(say(name), 14, pl.col(f"{name}_minor"), "money", currency)
        for name in ("expected", "actual", "difference")
    }
    return [
        Field(say("dispute"), 20, pl.col("dispute_id"), always=True),
        Field(say("status"), 10, labelled("status", "status", say.language)),
        Field(say("at_risk"), 15, pl.col("amount_minor"), "money", currency),
        Field(say("currency"), 10, currency),
        *figures.values(),
        Field(say("due"), 12, pl.col("due_at"), "day"),
        Field(say("days_left"), 10, pl.col("days_left"), "whole"),
        Field(say("explanation"), 70, pl.col("explanation"), "wrapped"),
        Field(say("evidence"), 44, pl.col("evidence"), "wrapped", paper=True),
    ]


def _grounds(say: Say) -> list[Field]:
    """Return the columns of what the case stands on."""
    widths = {"nearest": 40, "gate": 46, "cause": 30}
    return [
        Field(say("rows_in_case"), 10, pl.col("rows_in_case")),
        *(Field(say(name), width, pl.col(name), "wrapped") for name, width in widths.items()),
    ]


def _side(side: str, shown: Sequence[str], cases: pl.DataFrame, say: Say) -> list[Field]:
    """Return the columns of one side; a cell that differs from the other side is marked."""
    fields = [_side_field(side, name, shown, say) for name in _SIDES[side]]
    if (cases[f"{side}.rows"] > 1).any():
        head = f"{say.label('side', side)}\n{say('rows')}"
        fields.insert(1, Field(head, 10, pl.col(f"{side}.rows"), "whole"))
    repeated = (cases[f"{side}.currency"] == cases["currency"]).fill_null(value=True).all()
    at = _SIDES[side].index("currency") - len(_SIDES[side])
    if repeated:
        del fields[at]
    return fields


def _side_field(side: str, name: str, shown: Sequence[str], say: Say) -> Field:
    """Return the field that shows one column of one side, marked where the sides differ."""
    column = f"{side}.{name}.shown" if name in _REFERENCES else f"{side}.{name}"
    value = pl.col(column)
    if name in {"kind", "state"}:
        value = labelled(name, column, say.language)
    return Field(
        head=f"{say.label('side', side)}\n{say.label('column', name)}",
        width=_WIDER.get(name, _SIDE_WIDTH),
        value=value,
        kind=_KINDS.get(name, "text"),
        currency=pl.coalesce(f"{side}.currency", "currency"),
        differs=_differs(side, name, shown),
    )


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
