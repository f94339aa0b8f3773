"""The pictures of the HTML report, from the night's tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from recon.report.html import chart_svg as draw
from recon.report.html.flow import flow_picture
from recon.report.html.words import PageWords
from recon.report.pack import Pack, real_breaks
from recon.report.priority import age_band, bands
from recon.report.tie_out import Statement
from recon.report.words import money

_AGE_COLOURS = ("#b2ddff", "#53b1fd", "#175cd3", "#7a5af8", "#f79009", "#f04438", "#7a271a")
_DAY_COLOURS = ("#6ce9a6", "#12b76a", "#087443", "#2e90fa", "#f79009", "#f04438")
_LEAGUE_ROWS = 20  # merchants with fewer rows have no rate worth a rank
_LEAGUE_SHOWN = 10
_MIX_SHOWN = 12
_MOST_CURRENCIES = 3


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its title; `wide` ones take the whole page."""

    title: str
    svg: str
    wide: bool = False
    note: str = ""


def pictures(pack: Pack, proofs: Sequence[Statement], say: PageWords) -> list[Picture]:
    """Return every picture that has something to show."""
    made = [
        *_flows(pack, proofs, say),
        Picture(say("mix"), _mix(pack, say)),
        Picture(say("ageing"), _ageing(pack, say)),
        *_mix_of_money(pack, say),
        Picture(say("match"), _match(pack)),
        Picture(say("league"), _league(pack)),
        _settle(pack, say),
    ]
    return [picture for picture in made if picture.svg]


def _flows(pack: Pack, proofs: Sequence[Statement], say: PageWords) -> Iterator[Picture]:
    """Yield a flow a currency, the ones with most rows first."""
    shown = _currencies(pack.ledger)
    others = sorted({proof.currency for proof in proofs} - set(shown))
    for currency in shown:
        note = say("flow_note")
        if others and currency == shown[-1]:
            note += say("other_currencies", names=", ".join(others))
        svg = flow_picture(pack, proofs, currency, say)
        yield Picture(f"{say('where')} · {currency}", svg, wide=True, note=note)


def _currencies(rows: pl.DataFrame) -> list[str]:
    """Return the currencies of most rows, the most frequent first."""
    counted = rows.drop_nulls("currency").group_by("currency").len()
    ranked: list[str] = counted.sort("len", "currency", descending=[True, False])[
        "currency"
    ].to_list()
    return ranked[:_MOST_CURRENCIES]


def _open(pack: Pack) -> pl.DataFrame:
    return pack.disputes.filter(pl.col("status").cast(pl.String) != "RESOLVED")


def _most(counted: pl.DataFrame, size: str) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    """Return the largest reasons, and the others; a single other is shown like the rest."""
    ranked = counted.sort(size, "code", descending=[True, False])
    shown = _MIX_SHOWN + (ranked.height == _MIX_SHOWN + 1)
    return ranked.head(shown).to_dicts(), ranked.slice(shown)


def _ageing(pack: Pack, say: PageWords) -> str:
    """Draw open rows by code and age band; rare codes are one bar."""
    names = bands()
    aged = _open(pack).with_columns(band=age_band(pl.col("age_days").fill_null(0)))
    counted = aged.group_by("code").agg(
        pl.len().alias("rows"),
        *((pl.col("band") == name).sum().cast(pl.Int64).alias(name) for name in names),
    )
    most, others = _most(counted, "rows")
    rows = [
        draw.Stack(pack.label(row["code"]), [row[name] for name in names], f"{row['rows']:,}")
        for row in most
    ]
    if others.height:
        parts = [int(others[name].sum()) for name in names]
        rows.append(draw.Stack(say("rest", n=others.height), parts, f"{sum(parts):,}"))
    return draw.stacked(rows, [f"{name} {say('days')}" for name in names], _AGE_COLOURS)


def _mix(pack: Pack, say: PageWords) -> str:
    most, others = _most(_open(pack).group_by("code").agg(rows=pl.len().cast(pl.Int64)), "rows")
    items = [draw.Bar(pack.label(row["code"]), row["rows"], f"{row['rows']:,}") for row in most]
    if others.height:
        total = int(others["rows"].sum())
        rest = say("rest", n=others.height)
        items.append(draw.Bar(rest, total, f"{total:,}", draw.QUIET))
    return draw.bars(items)


def _mix_of_money(pack: Pack, say: PageWords) -> Iterator[Picture]:
    """Yield a picture a currency: bars of two currencies have no common length."""
    open_ = _open(pack)
    for currency in _currencies(open_):
        mine = open_.filter(pl.col("currency") == currency)
        amount = pl.col("amount_minor").cast(pl.Int128).sum()
        most, others = _most(mine.group_by("code").agg(minor=amount), "minor")
        items = [
            draw.Bar(pack.label(row["code"]), row["minor"], money(row["minor"], currency), draw.RED)
            for row in most
        ]
        if others.height:
            total = int(others["minor"].sum())
            rest = say("rest", n=others.height)
            items.append(draw.Bar(rest, total, money(total, currency), draw.QUIET))
        yield Picture(f"{say('mix_money')} · {currency}", draw.bars(items))


def _match(pack: Pack) -> str:
    """Return the share of new rows matched or in time, a line a source, the last one in figures."""
    days = pack.days["night"].unique().sort().to_list()
    summed = pack.days.group_by("night", "source").agg(pl.col("rows", "matched", "waiting").sum())
    found = {
        (row["night"], row["source"]): (row["matched"] + row["waiting"]) * draw.SHARE // row["rows"]
        for row in summed.to_dicts()
        if row["rows"]
    }
    sources = pack.days["source"].unique().sort().to_list()
    series = [
        (_with_last(name, found.get((days[-1], name))), [found.get((day, name)) for day in days])
        for name in sources
    ]
    return draw.lines([f"{day:%m-%d}" for day in days], series) if days else ""


def _with_last(name: str, share: int | None) -> str:
    return name if share is None else f"{name} {draw.percent(share)}"


def _settle(pack: Pack, say: PageWords) -> Picture:
    """Return how many days rows took to reach the bank, a bar of shares a source."""
    last = len(_DAY_COLOURS) - 1
    summed = (
        pack.settled.group_by("source", "days").agg(pl.col("rows").sum()).sort("source", "days")
        if pack.settled.height
        else pack.settled
    )
    rows = []
    for (source,), mine in summed.group_by("source", maintain_order=True):
        total = int(mine["rows"].sum())
        upto = [
            int(mine.filter(pl.col("days") <= day)["rows"].sum()) * draw.SHARE // total
            for day in range(last)
        ] + [draw.SHARE]
        parts = [share - before for share, before in zip(upto, [0, *upto], strict=False)]
        within = {f"p{part}": _days(percentile(mine, part), say) for part in (50, 90, 99)}
        shown = say("within", **within) + say.comma + say.rows(total)
        rows.append(draw.Stack(str(source), parts, shown))
    names = [_days(day, say) for day in range(last)] + [f"≥ {_days(last, say)}"]
    return Picture(say("settle"), draw.stacked(rows, names, _DAY_COLOURS, 1120), wide=True)


def _days(count: int, say: PageWords) -> str:
    return f"{count} {say('day' if count == 1 else 'days')}"


def percentile(counted: pl.DataFrame, part: int) -> int:
    """Return the least number of days within which `part` percent of the rows settled."""
    wanted = counted["rows"].sum() * part
    seen = 0
    for days, rows in counted.select("days", "rows").iter_rows():
        seen += rows * 100
        if seen >= wanted:
            return int(days)
    return 0


def merchant_league(pack: Pack) -> pl.DataFrame:
    """Return merchants by their cases for each hundred rows.

    Columns merchant_id, rows, broken, share (hundredths of a percent). A case counts once, whatever
    number of rows it names: a payout that is missing is one, and not its whole batch.
    """
    own = pack.ledger.filter(pl.col("side").cast(pl.String) != "BANK").drop_nulls("merchant_id")
    cases = (
        real_breaks(pack.tables["breaks"])
        .select("break_id", txn_id=pl.col("txn_ids"))
        .explode("txn_id")
        .join(own.select("txn_id", "merchant_id"), on="txn_id", maintain_order="left")
        .unique("break_id", keep="first", maintain_order=True)
        .group_by("merchant_id")
        .agg(broken=pl.len().cast(pl.Int64))
    )
    return (
        own.group_by("merchant_id")
        .agg(rows=pl.len().cast(pl.Int64))
        .join(cases, on="merchant_id")
        .filter(pl.col("rows") >= _LEAGUE_ROWS)
        .with_columns(share=pl.col("broken") * draw.SHARE // pl.col("rows"))
        .sort("share", "merchant_id", descending=[True, False])
    )


def _league(pack: Pack) -> str:
    counted = merchant_league(pack).head(_LEAGUE_SHOWN)
    return draw.bars(
        [
            draw.Bar(
                row["merchant_id"],
                row["share"],
                f"{draw.percent(row['share'])}  ({row['broken']:,}/{row['rows']:,})",
                draw.AMBER,
            )
            for row in counted.to_dicts()
        ]
    )
