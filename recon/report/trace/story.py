"""What the nights say about one family of rows: who belongs to it, and everything told of them.

The family of a row is what its references reach: equal order, channel and retrieval references,
originals and what refers to them, and what the engine linked. A batch is a place where many
families meet, so it is never followed to its other members: they are counted.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from recon.core.codes import SUM_KINDS
from recon.core.schema import OWN_REFERENCES
from recon.report.explain.identify import Fetch, rows_of
from recon.report.facts import Facts

_ROUNDS = 4
HUB_ROWS = 60  # a reference that more rows share names no single payment


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
        if grown.height == rows.height or reached.height > HUB_ROWS:
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
