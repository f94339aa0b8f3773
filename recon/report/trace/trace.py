"""Follow one order, refund, reference or batch across every file, side and night."""

from __future__ import annotations

from typing import Any

import polars as pl

from recon.core.codes import Kind
from recon.errors import UsageError
from recon.report.code_words import CodeWordsByName
from recon.report.explain.explanation import brief
from recon.report.explain.identify import Fetch, Found, find
from recon.report.facts import Facts, plain
from recon.report.trace import words
from recon.report.trace.now import where_now
from recon.report.trace.refund_times import compared
from recon.report.trace.story import HUB_ROWS, Story, family

_SIDE_ORDER = {"MERCHANT": 0, "CHANNEL": 1, "BANK": 2}


def trace(fetch: Fetch, ident: str, codes: CodeWordsByName) -> Facts:
    """Return the timeline of what `ident` names and where its money is now, in both languages.

    Raises UsageError when no published night holds the id.
    """
    found = find(fetch, ident)
    seeds = found.rows
    if seeds.height == 0:
        raise _no_money(found)
    story = Story(fetch, seeds if seeds.height > HUB_ROWS else family(fetch, seeds))
    events = [*_row_events(story), *_link_events(story), *_wait_events(story)]
    events += _break_events(story, codes)
    events.sort(key=lambda event: (event["at"][:10], event["rank"], event["at"], event["order"]))
    return {
        "schema_version": 1,
        "id": ident,
        "read_as": list(found.read_as),
        "as_of": plain(story.last_night),
        "rows": [brief(row) for row in story.rows.head(HUB_ROWS).iter_rows(named=True)],
        "rows_found": story.rows.height,
        "timeline": [
            {key: value for key, value in event.items() if key not in {"rank", "order"}}
            for event in events
        ],
        "now": where_now(story, codes),
        "stages": compared(fetch, story.rows) if story.rows.height <= HUB_ROWS else [],
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


def _row_events(story: Story) -> list[Facts]:
    """Return one event a row, or one a file and kind where there are many rows."""
    if story.rows.height > HUB_ROWS:
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
    """Return the events of a batch: a line for each day, source and kind, not for each row."""
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
    if story.rows.height > HUB_ROWS:
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
