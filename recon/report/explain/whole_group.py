"""The match group of a row over all nights: what was matched earlier belongs to it as well.

`groups` of a night holds the rows that were open on that night. Where orders met the channel on
one night and the bank paid on another, neither night's table shows the whole; the links do.
"""

from __future__ import annotations

import polars as pl

from recon.report.explain.identify import Fetch, rows_of
from recon.report.facts import Facts

_MEMBERS = 200_000  # beyond it the group is told as incomplete


class WholeGroups:
    """Finds groups, each read once however many of its rows ask."""

    def __init__(self, fetch: Fetch) -> None:
        """Look rows and links up with `fetch`."""
        self._fetch = fetch
        self._known: dict[int, Facts] = {}

    def of(self, txn_id: int) -> Facts:
        """Return a row's group: rows and money of each side and currency.

        `sides` lists side, currency, rows, amount_minor and net_minor (null where no row tells a
        net); `complete` is false when the group is larger than what is looked at.
        """
        if txn_id not in self._known:
            members, complete = self._members(txn_id)
            facts = {"complete": complete, "sides": self._sums(members)}
            self._known |= dict.fromkeys(members, facts)
        return self._known[txn_id]

    def _members(self, txn_id: int) -> tuple[list[int], bool]:
        members = {txn_id}
        fresh = [txn_id]
        while fresh and len(members) <= _MEMBERS:
            touching = pl.col("left_txn_id").is_in(fresh) | pl.col("right_txn_id").is_in(fresh)
            links = self._fetch("links", touching)
            ends = {*links["left_txn_id"].to_list(), *links["right_txn_id"].to_list()}
            fresh = sorted(ends - members)
            members |= ends
        return sorted(members), not fresh

    def _sums(self, members: list[int]) -> list[Facts]:
        """Return rows and money of a group by side and currency."""
        by = ["side", "currency"]
        rows = rows_of(self._fetch, members).with_columns(pl.col("side").cast(pl.String))
        sums = rows.group_by(by).agg(
            pl.len().alias("rows"),
            pl.col("amount_minor").cast(pl.Int128).sum(),
            pl.when(pl.col("net_minor").count() > 0)
            .then(pl.col("net_minor").cast(pl.Int128).sum())
            .alias("net_minor"),
        )
        return [
            {
                **{name: row[name] for name in (*by, "rows")},
                "amount_minor": int(row["amount_minor"]),
                "net_minor": None if row["net_minor"] is None else int(row["net_minor"]),
            }
            for row in sums.sort(by).iter_rows(named=True)
        ]
