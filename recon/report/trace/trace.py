"""Follow one order, refund, reference or batch across every file, side and night.

The family of a row is what its references reach: equal order, channel and retrieval references,
originals and what refers to them, and what the engine linked. A batch is a place where many
families meet, so it is never followed to its other members: they are counted.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from recon.core.codes import SUM_KINDS, Kind
from recon.core.schema import OWN_REFERENCES
from recon.errors import UsageError
from recon.report.code_words import CodeWordsByName
from recon.report.explain.explanation import brief, plain
from recon.report.explain.identify import Fetch, Found, find, rows_of
from recon.report.trace import words
from recon.report.trace.now import where_now
from recon.report.trace.refund_times import compared

Facts = dict[str, Any]
_ROUNDS = 4
_HUB_ROWS = 60  # a reference that more rows share names no single payment
_SIDE_ORDER = {"MERCHANT": 0, "CHANNEL": 1, "BANK": 2}


def trace(fetch: Fetch, ident: str, codes: CodeWordsByName) -> Facts:
    """Return the timeline of what `ident` names and where its money is now, in both languages.

    Raises UsageError when no published night holds the id.
    """
    found = find(fetch, ident)
    seeds = found.rows
    if seeds.height == 0:
        raise _no_money(found)
    story = Story(fetch, seeds if seeds.height > _HUB_ROWS else family(fetch, seeds))
    events = [*_row_events(story), *_link_events(story), *_wait_events(story)]
    events += _break_events(story, codes)
    events.sort(key=lambda event: (event["at"][:10], event["rank"], event["at"], event["order"]))
    return {
        "schema_version": 1,
        "id": ident,
        "read_as": list(found.read_as),
        "as_of": plain(story.last_night),
        "rows": [brief(row) for row in story.rows.head(_HUB_ROWS).iter_rows(named=True)],
        "rows_found": story.rows.height,
        "timeline": [
            {key: value for key, value in event.items() if key not in {"rank", "order"}}
            for event in events
        ],
        "now": where_now(story, codes),
        "stages": compared(fetch, story.rows) if story.rows.height <= _HUB_ROWS else [],
    }


def _no_money(found: Found) -> UsageError:
    """Return that a case is about a file: no row of it, and so no money, can be followed."""
    last = found.breaks.row(-1, named=True)
    return UsageError(
        f"expected a case of rows, found {found.ident} ({last['code']}), which is about a file of "
        f"source {last['source']}: {last['cause']}",
        where=f"breaks of the night of {last['night']}",
        fix="see `recon show`, or trace a reference of a row",
    )


def family(fetch: Fetch, seeds: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that references and links reach from `seeds`, bank rows left out.

    On one side a reference counts only inside the merchant numbers already met, because two
    merchants may well use one order number.
    """
    rows = seeds
    for _ in range(_ROUNDS):
        nearer = rows.filter(pl.col("side").cast(pl.String) != "BANK")
        own = _values(nearer, OWN_REFERENCES)
        wanted = own | _values(nearer, ("original_ref",))
        reached = fetch(
            "transactions",
            pl.any_horizontal(
                *(pl.col(name).is_in(sorted(wanted)) for name in OWN_REFERENCES),
                pl.col("original_ref").is_in(sorted(own)),
            ),
        )
        linked = rows_of(fetch, _linked_ids(fetch, nearer["txn_id"].to_list(), to_bank=False))
        grown = pl.concat([rows, _same_merchant(reached, rows), linked]).unique(
            "txn_id", keep="first", maintain_order=True
        )
        if grown.height == rows.height or reached.height > _HUB_ROWS:
            break
        rows = grown
    return rows


def _values(rows: pl.DataFrame, columns: tuple[str, ...]) -> set[str]:
    return {value for name in columns for value in rows[name].drop_nulls().to_list()}


def _same_merchant(reached: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    met = known.select("side", "merchant_id").drop_nulls().unique()
    sides = met["side"].unique().cast(pl.String).to_list()
    inside = reached.join(met, on=["side", "merchant_id"], how="semi")
    free = reached.filter(
        pl.col("merchant_id").is_null() | ~pl.col("side").cast(pl.String).is_in(sides)
    )
    return pl.concat([inside, free])


def _linked_ids(fetch: Fetch, ids: list[int], *, to_bank: bool) -> list[int]:
    """Return the partners of rows: one to one and netted ones, or those at the bank."""
    group = pl.col("match_kind").cast(pl.String).is_in([kind.name for kind in SUM_KINDS])
    touching = pl.col("left_txn_id").is_in(ids) | pl.col("right_txn_id").is_in(ids)
    links = fetch("links", touching & (group if to_bank else ~group))
    ends = {*links["left_txn_id"].to_list(), *links["right_txn_id"].to_list()}
    return sorted(ends - set(ids))


def _bounces(fetch: Fetch, rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, date]]:
    """Return the debits that took payouts of these rows' batches back, and the open ones' days.

    A bounce names a batch and is linked with no row; it is closed when the batch is paid again.
    """
    channel = rows.filter(pl.col("side").cast(pl.String) == "CHANNEL")
    batches = channel["batch_id"].drop_nulls().unique().sort().to_list()
    inside = (pl.col("side").cast(pl.String) == "BANK") & pl.col("batch_id").is_in(batches)
    debits = fetch("transactions", inside & (pl.col("amount_minor") < 0))
    bounced = pl.col("code").cast(pl.String) == "PAYOUT_BOUNCED"
    told = fetch("breaks", bounced).sort("night").unique("break_id", keep="last")
    named = told.select(txn_id=pl.col("txn_ids").list.first(), status=pl.col("status"))
    found = debits.join(named.select("txn_id"), on="txn_id", how="semi")
    open_ = named.filter(pl.col("status").cast(pl.String) != "RESOLVED")
    days = found.join(open_, on="txn_id", how="semi").select("batch_id", "value_date")
    return found, dict(days.drop_nulls().sort("value_date").iter_rows())


def _payouts(fetch: Fetch, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the payouts that rows of the channel may be part of, the newest night last."""
    channel = rows.filter(pl.col("side").cast(pl.String) == "CHANNEL")
    batches = channel["batch_id"].drop_nulls().unique().sort().to_list()
    mine = pl.col("batch").is_null() | pl.col("batch").is_in(batches)
    sources = channel["source"].unique().sort().to_list()
    return fetch("payouts", pl.col("source").is_in(sources) & mine).sort("night", "leg", "txn_id")


class Story:
    """Everything that the nights say about one family of rows, read once."""

    def __init__(self, fetch: Fetch, rows: pl.DataFrame) -> None:
        """Read the nights; `rows` is the family, its bank lines are added."""
        ids = rows["txn_id"].to_list()
        lone = rows.filter(pl.col("side").cast(pl.String) != "BANK")["txn_id"].to_list()
        credits_ = rows_of(fetch, _linked_ids(fetch, lone, to_bank=True))
        taken_back, self.bounced = _bounces(fetch, rows)
        known = pl.concat([rows, credits_, taken_back])
        self.rows = known.unique("txn_id", maintain_order=True)
        self.ids = self.rows["txn_id"].to_list()
        touching = pl.col("left_txn_id").is_in(ids) | pl.col("right_txn_id").is_in(ids)
        self.links = fetch("links", touching).sort("night", "leg", "left_txn_id", "right_txn_id")
        self.outcomes = fetch("outcomes", pl.col("txn_id").is_in(self.ids)).sort("night")
        self.waits = fetch("open_items", pl.col("txn_id").is_in(ids)).sort("night", "leg")
        listed = pl.col("txn_ids").list.set_intersection(pl.lit(ids, pl.List(pl.Int64)))
        names = self.waits["break_id"].drop_nulls().unique().to_list()
        self.breaks = fetch(
            "breaks", (listed.list.len() > 0) | pl.col("break_id").is_in(names)
        ).sort("night", "break_id")
        self.groups = fetch("groups", pl.col("group_id").is_in(self.outcomes["group_id"].to_list()))
        self.inputs = fetch("inputs", pl.col("file_id").is_in(rows["file_id"].to_list()))
        self.payouts = _payouts(fetch, rows)
        nights: list[date] = fetch("runs", pl.lit(value=True))["night"].sort().to_list()
        self.last_night = nights[-1]

    def bank_days(self) -> dict[int, date]:
        """Return row -> newest value date of a bank line that it is linked with."""
        bank = self.rows.filter(pl.col("side").cast(pl.String) == "BANK")
        paid: dict[int, date] = {}
        days = dict(bank.select("txn_id", "value_date").iter_rows())
        for left, right in self.links.select("left_txn_id", "right_txn_id").iter_rows():
            for own, other in ((left, right), (right, left)):
                if days.get(other) is not None:
                    paid[own] = max(paid.get(own, days[other]), days[other])
        return paid

    def group_of(self, row: Facts) -> Facts | None:
        """Return the match group of a row, in its currency, on the newest night that judged it.

        A credit of a wrong batch is carried alone: the night that met it with its rows counts.
        """
        mine = self.outcomes.filter(pl.col("txn_id") == row["txn_id"]).select("group_id", "night")
        found = self.groups.filter(pl.col("currency") == row["currency"])
        found = mine.join(found, on=["group_id", "night"], how="inner", maintain_order="left")
        met = found.filter(pl.col("channel_rows") > 0)
        found = met if met.height else found
        return found.row(-1, named=True) if found.height else None


def _row_events(story: Story) -> list[Facts]:
    """Return one event a row, or one a file and kind where there are many rows."""
    if story.rows.height > _HUB_ROWS:
        return _many_row_events(story)
    paths = dict(story.inputs.select("file_id", "path").iter_rows())
    events = []
    for row in story.rows.iter_rows(named=True):
        group = story.group_of(row) if row["side"] == "BANK" else None
        events.append(
            {
                **_at(row, 0),
                "what": "row",
                "txn_id": row["txn_id"],
                "amount_minor": row["amount_minor"],
                "currency": row["currency"],
                "evidence": {
                    "path": paths.get(row["file_id"]),
                    "file_id": row["file_id"],
                    "record_no": row["record_no"],
                },
                **words.row_event(row, group),
            }
        )
    return events


def _at(row: Facts, rank: int) -> Facts:
    """Return when a row happened: its moment, or its day."""
    day = row["occurred_at"] or row["clearing_date"] or row["value_date"] or row["night"]
    return {
        "at": plain(day)[:19],
        "rank": rank,
        "order": int(Kind[row["kind"]]) * len(_SIDE_ORDER) + _SIDE_ORDER[row["side"]],
        "night": plain(row["night"]),
        "side": row["side"],
        "source": row["source"],
    }


def _many_row_events(story: Story) -> list[Facts]:
    counted = (
        story.rows.with_columns(
            day=pl.coalesce("clearing_date", "value_date", pl.col("occurred_at").dt.date(), "night")
        )
        .group_by("day", "night", "side", "source", "kind", "currency")
        .agg(
            pl.len().alias("rows"),
            pl.col("amount_minor").cast(pl.Int128).sum(),
            pl.col("net_minor").cast(pl.Int128).sum(),
        )
        .sort("day", "side", "source", "kind", "currency")
    )
    return [
        {
            "at": plain(row["day"]),
            "rank": 0,
            "order": _SIDE_ORDER[row["side"]],
            "night": plain(row["night"]),
            "side": row["side"],
            "source": row["source"],
            "what": "rows",
            "rows": row["rows"],
            "amount_minor": row["amount_minor"],
            "currency": row["currency"],
            **words.many_rows_event(row),
        }
        for row in counted.iter_rows(named=True)
    ]


def _night_event(night: Any, what: str, **facts: Any) -> Facts:  # noqa: ANN401 - plain facts
    return {"at": plain(night), "rank": 1, "order": 0, "night": plain(night), "what": what, **facts}


def _link_events(story: Story) -> list[Facts]:
    """Return one event a night, leg and pass on which rows of the family were linked."""
    grouped = story.links.group_by("night", "leg", "pass", "match_kind", maintain_order=True).agg(
        pl.len().alias("links"), pl.col("score").min()
    )
    return [
        _night_event(
            row["night"],
            "linked",
            leg=row["leg"],
            links=row["links"],
            match_kind=row["match_kind"],
            **words.link_event(row),
        )
        for row in grouped.iter_rows(named=True)
    ]


def _wait_events(story: Story) -> list[Facts]:
    """Return one event for the first night on which the family waits on a leg."""
    first = story.waits.unique(["leg", "waiting_for", "wait_until"], maintain_order=True)
    return [
        _night_event(
            row["night"],
            "waits",
            leg=row["leg"],
            waiting_for=row["waiting_for"],
            wait_until=plain(row["wait_until"]),
            **words.wait_event(row),
        )
        for row in first.iter_rows(named=True)
        if row["break_code"] is None
    ]


def _break_events(story: Story, codes: CodeWordsByName) -> list[Facts]:
    """Return the nights on which a break was opened or resolved; benign facts are left out."""
    if story.rows.height > _HUB_ROWS:
        return _many_break_events(story, codes)
    events = []
    seen: set[tuple[str, str]] = set()
    for row in story.breaks.filter(words.is_real_break()).iter_rows(named=True):
        step = "resolved" if row["status"] == "RESOLVED" else "break"
        if (row["break_id"], step) in seen:
            continue
        seen.add((row["break_id"], step))
        events.append(
            _night_event(
                row["night"],
                step,
                break_id=row["break_id"],
                code=row["code"],
                difference_minor=row["difference_minor"],
                currency=row["currency"],
                **words.break_event(row, step, codes),
            )
        )
    return events


def _many_break_events(story: Story, codes: CodeWordsByName) -> list[Facts]:
    """Return one event a night and code: how many breaks were opened or resolved."""
    step = pl.when(pl.col("status").cast(pl.String) == "RESOLVED").then(pl.lit("resolved"))
    counted = (
        story.breaks.filter(words.is_real_break())
        .with_columns(step=step.otherwise(pl.lit("break")), code=pl.col("code").cast(pl.String))
        .unique(["break_id", "step"], keep="first", maintain_order=True)
        .group_by("night", "step", "code", "currency")
        .agg(
            pl.len().alias("breaks"),
            pl.col("difference_minor").abs().cast(pl.Int128).sum(),
        )
        .sort("night", "step", "code", "currency")
    )
    return [
        _night_event(
            row["night"],
            row["step"],
            code=row["code"],
            breaks=row["breaks"],
            difference_minor=row["difference_minor"],
            currency=row["currency"],
            **words.many_breaks_event(row, codes),
        )
        for row in counted.iter_rows(named=True)
    ]
