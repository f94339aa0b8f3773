"""What the rule file adds to rows as they load: derived ids, clearing day, due date, scope."""

from __future__ import annotations

import re
from typing import get_args

import polars as pl

from recon.core.attributes import value
from recon.core.codes import Kind
from recon.core.schema import words
from recon.rules.days.calendar import Calendar
from recon.rules.days.cycles import clearing_day, parse_cycle
from recon.rules.rule_file.models import PAYOUT, Extract, Funds, Rules, Source

_LEAVING = (Kind.REFUND, Kind.REVERSAL, Kind.VOID, Kind.CHARGEBACK, Kind.DEBIT, Kind.PAYOUT)
_ELSEWHERE = [words for words in get_args(Funds) if words != PAYOUT]
HOLE = re.compile(r"\{([a-z_]+)(?::([^}]+))?\}")


def enrich(frame: pl.DataFrame, source: Source, rules: Rules, calendar: Calendar) -> pl.DataFrame:
    """Return canonical rows with everything that the source's rules say about them.

    Order: signs by kind, constant merchant number, extracted columns, what refunds are paid from,
    clearing day, due date, derived columns, scope. A value that the file gives is only overwritten
    by `extract`, and the net of a refund that is paid from elsewhere by nothing.
    """
    frame = _with_base_signs(_with_signs(frame, source))
    if source.merchant_id is not None:
        frame = frame.with_columns(pl.col("merchant_id").fill_null(source.merchant_id))
    for target, extract in source.extract.items():
        frame = frame.with_columns(extracted(extract).alias(target))
    frame = _with_days(_with_funding(frame, source), source, rules, calendar)
    for target, template in source.derive.items():
        frame = frame.with_columns(
            pl.coalesce(pl.col(target), _filled(template, frame)).alias(target)
        )
    return _with_scope(frame, source)


def _with_signs(frame: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Make money that leaves the merchant negative, where the file's own words name the kind.

    Senders write a refund as 30.00 or as -30.00; the kind decides. Fixed formats know their signs.
    """
    if not (source.kinds or source.kind) or source.signs == "as_given":
        return frame
    leaving = pl.col("kind").cast(pl.String).is_in([kind.name for kind in _LEAVING])
    wrong = leaving & (pl.col("amount_minor") > 0)
    if "net" in source.columns:
        net = -pl.col("net_minor").abs()
    else:
        net = -pl.col("amount_minor") - pl.col("fee_minor").fill_null(0)
    return frame.with_columns(
        amount_minor=pl.when(wrong).then(-pl.col("amount_minor")).otherwise("amount_minor"),
        net_minor=pl.when(wrong).then(net).otherwise("net_minor"),
    )


def _with_funding(frame: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Take refunds that are paid from elsewhere than the payout out of its net."""
    usual, words_of = source.settlement.refunds_from, source.settlement.funding
    if source.side != "channel" or (usual == PAYOUT and "funded_by" not in source.attributes):
        return frame
    told = value("funded_by").replace(words_of).fill_null(usual)
    refund = pl.col("kind").cast(pl.String) == Kind.REFUND.name
    net = pl.when(refund & told.is_in(_ELSEWHERE)).then(0).otherwise("net_minor")
    return frame.with_columns(net_minor=net.cast(pl.Int64))


def _with_base_signs(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the amount before exchange the sign of the amount: it is the same money."""
    if frame["base_minor"].null_count() == frame.height:
        return frame
    size = pl.col("base_minor").abs()
    signed = pl.when(pl.col("amount_minor") < 0).then(-size).otherwise(size)
    return frame.with_columns(signed.alias("base_minor"))


def extracted(extract: Extract) -> pl.Expr:
    """Return the template filled with the pattern's groups; null where it does not match."""
    parts: list[pl.Expr] = []
    rest = 0
    for hole in re.finditer(r"\{(\d+)\}", extract.template):
        if hole.start() > rest:
            parts.append(pl.lit(extract.template[rest : hole.start()]))
        parts.append(pl.col(extract.column).str.extract(extract.pattern, int(hole.group(1))))
        rest = hole.end()
    if rest < len(extract.template):
        parts.append(pl.lit(extract.template[rest:]))
    return pl.concat_str(parts)


def _filled(template: str, frame: pl.DataFrame) -> pl.Expr:
    """Return a template such as `{merchant_id}-{clearing_date:%Y%m%d}`, null if any hole is."""
    parts: list[pl.Expr] = []
    rest = 0
    for hole in HOLE.finditer(template):
        if hole.start() > rest:
            parts.append(pl.lit(template[rest : hole.start()]))
        column = pl.col(hole.group(1))
        if frame.schema[hole.group(1)].is_temporal():
            column = column.dt.strftime(hole.group(2) or "%Y-%m-%d")
        parts.append(column.cast(pl.String))
        rest = hole.end()
    if rest < len(template):
        parts.append(pl.lit(template[rest:]))
    return pl.concat_str(parts)


def _with_days(
    frame: pl.DataFrame, source: Source, rules: Rules, calendar: Calendar
) -> pl.DataFrame:
    """Fill `clearing_date` of channel rows and `due_date` of every row."""
    if source.side == "bank":
        return frame.with_columns(pl.coalesce("due_date", "value_date").alias("due_date"))
    if source.side == "merchant" and any(item.side == "channel" for item in rules.sources):
        return frame.with_columns(pl.coalesce(pl.col("due_date"), _channel_day(frame, rules)))
    zone = source.time_zone or rules.time_zone
    cleared = clearing_day(frame["occurred_at"], zone, source.cut_off)
    frame = frame.with_columns(pl.coalesce(pl.col("clearing_date"), cleared.alias("c")))
    cycle = parse_cycle(source.settlement.cycle)
    due = calendar.due_dates(frame["clearing_date"], cycle)
    if source.settlement.grace_days:
        due = due.dt.offset_by(f"{source.settlement.grace_days}d")
    answered = pl.col("kind").cast(pl.String) == Kind.RETRIEVAL.name  # its day is its deadline
    filled = pl.when(answered).then("due_date").otherwise(pl.coalesce("due_date", pl.lit(due)))
    return frame.with_columns(filled.alias("due_date"))


def _channel_day(frame: pl.DataFrame, rules: Rules) -> pl.Expr:
    """Return the clearing day on which the channel should show a merchant's row.

    Each channel source has its own cut-off, by the clock of its own zone; the one that serves the
    row's product decides, and where none is named the latest day of all. A row in the grey zone
    gets the later day.
    """
    channels = [item for item in rules.sources if item.side == "channel"]
    chosen: list[pl.Expr] = []
    latest: list[pl.Expr] = []
    for position, channel in enumerate(channels):
        name = f"__day{position}"
        minutes = channel.cut_off_tolerance_minutes
        latest_moment = frame["occurred_at"].dt.offset_by(f"{minutes}m")
        zone = channel.time_zone or rules.time_zone
        day = clearing_day(latest_moment, zone, channel.cut_off).alias(name)
        latest.append(pl.lit(day))
        if channel.serves:
            chosen.append(pl.when(pl.col("product").is_in(channel.serves)).then(pl.lit(day)))
    return pl.coalesce(*chosen, pl.max_horizontal(latest)).alias("due_date")


def _with_scope(frame: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Mark rows that the rule file declares out of scope: kind OTHER, which no leg accepts."""
    if not source.include:
        return frame
    inside = pl.all_horizontal(
        pl.col(column).fill_null("").str.contains(pattern)
        for column, pattern in source.include.items()
    )
    other = pl.lit(Kind.OTHER.name).cast(words(Kind))
    return frame.with_columns(pl.when(inside).then(pl.col("kind")).otherwise(other).alias("kind"))
