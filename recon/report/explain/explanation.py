"""Why a row matched, or did not: facts of the published tables about one id, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from recon.core.codes import BENIGN
from recon.core.schema import BREAKS, TRANSACTIONS
from recon.errors import UsageError
from recon.report.explain.identify import REFERENCES, Fetch, Found, find, rows_of
from recon.report.explain.refusals import refused_rows
from recon.report.explain.whole_group import WholeGroups
from recon.report.facts import Facts, plain

ReadLine = Callable[
    [Mapping[str, Any], Mapping[str, Any]], Facts
]  # row, its input -> staged, line, note
SHOWN_ROWS = 12
SHOWN_PARTNERS = 5
SHOWN_OTHERS = 2  # further candidates beside the nearest one
_MINUTE = timedelta(minutes=1)
_AROUND = 400  # candidates nearest in amount that are looked at
_CIRCLES = (1_000, 20, 2)  # an amount is looked at when it is off by no more than one in so many
_GATES = ("order_id", "channel_ref", "rrn", "bank_ref", "batch_id", "merchant_id", "terminal_id")
_BRIEF = (
    "txn_id", "side", "source", "kind", "state", "order_id", "channel_ref", "bank_ref", "rrn",
    "batch_id", "amount_minor", "fee_minor", "net_minor", "currency", "occurred_at",
    "clearing_date", "value_date", "due_date", "file_id", "record_no",
)  # fmt: skip


def explain(fetch: Fetch, ident: str, read_line: ReadLine) -> Facts:
    """Return everything the published nights say about the rows that `ident` names.

    Raises UsageError when no night holds the id.
    """
    found = _find(fetch, ident)
    shown = found.rows.head(SHOWN_ROWS)
    known = _Known(fetch, shown)
    return {
        "schema_version": 1,
        "id": ident,
        "read_as": list(found.read_as),
        "case": _case(fetch, found.breaks) if found.breaks.height else None,
        "rows_found": found.rows.height,
        "rows": [_row(known, row, read_line) for row in shown.iter_rows(named=True)],
        "refused": [] if shown.height else refused_rows(fetch, [ident])[ident],
    }


def _find(fetch: Fetch, ident: str) -> Found:
    """Return what an id names; no row where only refused lines hold it."""
    try:
        return find(fetch, ident)
    except UsageError:
        if not refused_rows(fetch, [ident])[ident]:
            raise
        return Found(ident, ("refused",), TRANSACTIONS.empty(), BREAKS.empty())


class _Known:
    """What the nights say about a few rows, read once."""

    def __init__(self, fetch: Fetch, rows: pl.DataFrame) -> None:
        """Fetch everything of the published nights that touches the rows."""
        ids = rows["txn_id"].to_list()
        self.fetch = fetch
        self.outcomes = fetch("outcomes", pl.col("txn_id").is_in(ids)).sort("night")
        touching = pl.col("left_txn_id").is_in(ids) | pl.col("right_txn_id").is_in(ids)
        self.links = fetch("links", touching).sort("night", "leg", "left_txn_id", "right_txn_id")
        self.searches = fetch("searches", pl.col("txn_id").is_in(ids)).sort("night", "leg", "pass")
        by_score = ("score", "left_txn_id", "right_txn_id")
        self.doubts = fetch("doubts", touching).sort(by_score, descending=[True, False, False])
        self.waits = fetch("open_items", pl.col("txn_id").is_in(ids)).sort("night", "leg")
        self.inputs = fetch("inputs", pl.col("file_id").is_in(rows["file_id"].to_list()))
        self.groups = fetch("groups", pl.col("group_id").is_in(self.outcomes["group_id"].to_list()))
        names = self.waits["break_id"].drop_nulls().to_list()
        in_list = pl.col("txn_ids").list.set_intersection(pl.lit(ids, pl.List(pl.Int64)))
        self.breaks = fetch(
            "breaks", (in_list.list.len() > 0) | pl.col("break_id").is_in(names)
        ).sort("night", "code")
        self.whole = WholeGroups(fetch)
        named = {text for name in REFERENCES for text in rows[name].drop_nulls()}
        self.refused = refused_rows(fetch, sorted(named))
        self.partners = _by_id(fetch, self._partner_ids(ids))
        self.nearest = _by_id(fetch, self.breaks["nearest_txn_id"].drop_nulls().to_list())

    def _partner_ids(self, ids: list[int]) -> list[int]:
        pairs = pl.concat(
            one.select("left_txn_id", "right_txn_id") for one in (self.links, self.doubts)
        )
        ends = [*pairs["left_txn_id"].to_list(), *pairs["right_txn_id"].to_list()]
        return sorted(set(ends) - set(ids))[: SHOWN_ROWS * SHOWN_PARTNERS] + ids


def _by_id(fetch: Fetch, ids: list[int]) -> dict[int, Facts]:
    rows = rows_of(fetch, ids) if ids else pl.DataFrame()
    return {row["txn_id"]: row for row in rows.iter_rows(named=True)} if rows.height else {}


def _row(known: _Known, row: Facts, read_line: ReadLine) -> Facts:
    """Return one row: what it is, where it ended each night, why, and the line it came from."""
    mine = pl.col("txn_id") == row["txn_id"]
    outcomes = known.outcomes.filter(mine)
    last = outcomes.row(-1, named=True) if outcomes.height else None
    breaks = _breaks_of(known, row)
    return {
        **plain({name: row[name] for name in TRANSACTIONS.schema}),
        "outcome": last and str(last["outcome"]),
        "outcome_reason": last and last["reason"],
        "outcome_night": plain(last and last["night"]),
        "nights": plain(outcomes.select("night", "outcome", "reason").to_dicts()),
        "links": _links(known, row),
        "doubts": _doubts(known, row, last),
        "waits": plain(
            known.waits.filter(mine)
            .select("night", "leg", "waiting_for", "wait_until", "age", "break_code")
            .to_dicts()
        ),
        "searches": plain(known.searches.filter(mine).drop("txn_id").to_dicts()),
        "breaks": [_break(known, row, item) for item in breaks.iter_rows(named=True)],
        "group": _group(known, row, last),
        "refused": _refused(known, row),
        "evidence": _evidence(known, row, read_line),
    }


def _breaks_of(known: _Known, row: Facts) -> pl.DataFrame:
    """Return each break of a row once, as its newest night tells it.

    A benign fact (in transit) is dropped once the row has moved on.
    """
    waiting = known.waits.filter(pl.col("txn_id") == row["txn_id"])["break_id"].drop_nulls()
    mine = pl.col("txn_ids").list.contains(row["txn_id"]) | pl.col("break_id").is_in(
        waiting.to_list()
    )
    newest = known.breaks.filter(mine).unique("break_id", keep="last", maintain_order=True)
    last = known.outcomes.filter(pl.col("txn_id") == row["txn_id"])["night"].max()
    lasting = ~pl.col("code").cast(pl.String).is_in([code.name for code in BENIGN])
    return newest.filter(lasting | (pl.col("night") == last))


def _links(known: _Known, row: Facts) -> list[Facts]:
    """Return the links of a row by leg and pass: the evidence, the first partners, how many."""
    own = row["txn_id"]
    touching = known.links.filter(
        (pl.col("left_txn_id") == own) | (pl.col("right_txn_id") == own)
    ).with_columns(
        partner=pl.when(pl.col("left_txn_id") == own).then("right_txn_id").otherwise("left_txn_id")
    )
    by = ["night", "leg", "pass", "match_kind", "score", "reasons"]
    grouped = touching.group_by(by, maintain_order=True).agg("partner")
    return [
        {
            **plain({name: link[name] for name in by}),
            "partners": len(link["partner"]),
            "shown": [
                brief(known.partners[other])
                for other in link["partner"][:SHOWN_PARTNERS]
                if other in known.partners
            ],
        }
        for link in grouped.iter_rows(named=True)
    ]


def _doubts(known: _Known, row: Facts, last: Facts | None) -> list[Facts]:
    """Return the pairs of a row that were not probable enough on its newest night, best first."""
    own = row["txn_id"]
    mine = (pl.col("left_txn_id") == own) | (pl.col("right_txn_id") == own)
    found = known.doubts.filter(mine & (pl.col("night") == (last and last["night"])))
    names = ("night", "leg", "pass", "score", "confidence", "reasons")
    told = []
    for pair in found.head(SHOWN_PARTNERS).iter_rows(named=True):
        left = pair["left_txn_id"] == own
        other = known.partners.get(pair["right_txn_id" if left else "left_txn_id"])
        short = max(pair["confidence"] - pair["score"], 0)
        partner = brief(other) if other else None
        told.append({**plain({n: pair[n] for n in names}), "short": short, "partner": partner})
    return told


def _break(known: _Known, row: Facts, item: Facts) -> Facts:
    """Return a break with its nearest candidate, gate by gate."""
    nearest = known.nearest.get(item["nearest_txn_id"])
    searched, total = "recon run", item["expected_minor"] + item["actual_minor"]
    others = _search(known, row, item) if item["status"] != "RESOLVED" else []
    if nearest is None and item["failed_gate"] is None and others:
        nearest, searched = others[0], "recon explain"
    others = [other for other in others if nearest and other["txn_id"] != nearest["txn_id"]]
    facts = {
        name: item[name]
        for name in (
            "break_id", "night", "code", "status", "leg", "expected_minor", "actual_minor",
            "difference_minor", "currency", "cause", "first_seen", "due_date", "failed_gate",
        )
    }  # fmt: skip
    return {
        **plain(facts),
        "rows": len(item["txn_ids"]),
        "nearest": None
        if nearest is None
        else {
            **brief(nearest),
            "found_by": searched,
            "gates": gates(row, nearest, total),
        },
        "others": [
            {**brief(other), "gates": gates(row, other, total)} for other in others[:SHOWN_OTHERS]
        ],
    }


_SOUGHT_ON = {
    "MISSING_IN_CHANNEL": "CHANNEL",
    "REFUND_NOT_SETTLED": "CHANNEL",
    "MISSING_IN_MERCHANT": "MERCHANT",
    "REFUND_UNBOOKED": "MERCHANT",
    "MISSING_SETTLEMENT": "BANK",
    "UNKNOWN_CREDIT": "CHANNEL",
    "UNAUTHORISED_DEBIT": "CHANNEL",
}


def _search(known: _Known, row: Facts, item: Facts) -> list[Facts]:
    """Return rows that no link of the leg has taken, those nearest in amount first.

    Only amounts less than half off are near; the narrowest circle around the amount that holds
    enough of them is searched.
    """
    if item["code"] not in _SOUGHT_ON or item["group_id"] is None:
        return []
    total = item["expected_minor"] + item["actual_minor"]
    amount = pl.col("net_minor" if row["side"] == "BANK" else "amount_minor")
    other_side = pl.col("side").cast(pl.String) == _SOUGHT_ON[item["code"]]
    free: list[Facts] = []
    for share in _CIRCLES:
        near = known.fetch(
            "transactions",
            other_side
            & (pl.col("currency") == row["currency"])
            & amount.is_between(total - abs(total) // share, total + abs(total) // share),
        ).with_columns(off=(amount - total).abs())
        near = near.sort("off", "txn_id").head(_AROUND)
        ids = near["txn_id"].to_list()
        touching = pl.col("left_txn_id").is_in(ids) | pl.col("right_txn_id").is_in(ids)
        taken = known.fetch("links", touching & (pl.col("leg") == item["leg"]))
        used = {*taken["left_txn_id"].to_list(), *taken["right_txn_id"].to_list()}
        free = near.filter(~pl.col("txn_id").is_in(sorted(used))).drop("off").to_dicts()
        if len(free) > SHOWN_OTHERS or near.height == _AROUND:
            break
    return free


def gates(row: Facts, candidate: Facts, total_minor: int) -> list[Facts]:
    """Return each condition that can be compared between a row and a candidate: does it hold.

    total_minor: the amount that the candidate is compared with (a batch's sum for a batch).
    """
    at_bank = "BANK" in {row["side"], candidate["side"]}  # whose number there is the account's
    found = [
        {
            "gate": name,
            "mine": row[name],
            "other": candidate[name],
            "holds": row[name] == candidate[name],
            "by": differing_characters(row[name], candidate[name]),
            "unit": "characters",
        }
        for name in _GATES
        if row[name] is not None
        and candidate[name] is not None
        and not (at_bank and name == "merchant_id")
    ]
    settles = row["side"] == "BANK" and candidate["net_minor"] is not None
    other = candidate["net_minor" if settles else "amount_minor"]
    amount = {
        "gate": "amount_minor",
        "mine": total_minor,
        "other": other,
        "holds": other == total_minor,
        "by": other - total_minor,
        "unit": "minor",
    }
    return [*found, amount, *_time_gate(row, candidate)]


def _time_gate(row: Facts, candidate: Facts) -> list[Facts]:
    """Return how far a candidate is off in time: in minutes where both tell one, else in days."""
    mine, other = row["occurred_at"], candidate["occurred_at"]
    if mine is not None and other is not None:
        by, unit = (other - mine) // _MINUTE, "minutes"
    else:
        mine = row["due_date"] or row["value_date"] or row["clearing_date"]
        other = candidate["value_date"] or candidate["due_date"] or candidate["clearing_date"]
        if mine is None or other is None:
            return []
        by, unit = (other - mine).days, "days"
    return [
        {
            "gate": "time",
            "mine": plain(mine),
            "other": plain(other),
            "holds": by == 0,
            "by": by,
            "unit": unit,
        }
    ]


def differing_characters(one: str, other: str) -> int:
    """Return the edit distance of two references: insertions, removals and replacements."""
    previous = list(range(len(other) + 1))
    for row, mine in enumerate(one, start=1):
        current = [row]
        for column, theirs in enumerate(other, start=1):
            current.append(
                min(
                    previous[column] + 1,
                    current[-1] + 1,
                    previous[column - 1] + (mine != theirs),
                )
            )
        previous = current
    return previous[-1]


def _group(known: _Known, row: Facts, last: Facts | None) -> Facts | None:
    """Return the group as its newest night has it, and `whole`: with the rows of earlier nights."""
    if last is None:
        return None
    group = known.groups.filter(
        (pl.col("group_id") == last["group_id"])
        & (pl.col("night") == last["night"])
        & (pl.col("currency") == row["currency"])
    )
    if group.height == 0:
        return None
    night: Facts = plain(group.row(0, named=True))
    return {**night, "whole": known.whole.of(row["txn_id"])}


def _refused(known: _Known, row: Facts) -> list[Facts]:
    """Return the refused rows that name one of the row's references, each once."""
    named = [known.refused.get(row[name] or "", []) for name in REFERENCES]
    once = {
        (line["night"], line["path"], line["record_no"]): line for each in named for line in each
    }
    return list(once.values())


def _evidence(known: _Known, row: Facts, read_line: ReadLine) -> Facts:
    """Return where the row stands: file, record, byte range, and the line itself, masked."""
    pointer = {name: row[name] for name in ("file_id", "record_no", "byte_start", "byte_end")}
    files = known.inputs.filter(
        (pl.col("file_id") == row["file_id"]) & (pl.col("source") == row["source"])
    )
    if files.height == 0:
        return {**pointer, "path": None, "sha256": None, "line": None, "note": "no such input"}
    file = files.row(0, named=True)
    line = read_line(row, file)
    return {**pointer, "path": file["path"], "sha256": file["sha256"], **line}


def _case(fetch: Fetch, breaks: pl.DataFrame) -> Facts:
    """Return the break or dispute as its newest night tells it, and the nights it stood."""
    newest = breaks.row(-1, named=True)
    cases = fetch("disputes", pl.col("dispute_id") == f"D{newest['break_id'][1:]}").sort("night")
    dispute = plain(cases.drop("evidence").row(-1, named=True)) if cases.height else None
    facts = {name: newest[name] for name in newest if name != "txn_ids"}
    return {
        **plain(facts),
        "rows": len(newest["txn_ids"]),
        "nights": plain(breaks.select("night", "status").to_dicts()),
        "dispute": dispute,
    }


def brief(row: Facts) -> Facts:
    """Return the columns of a row that tell people which it is."""
    shown: Facts = plain({name: row[name] for name in _BRIEF})
    return shown
