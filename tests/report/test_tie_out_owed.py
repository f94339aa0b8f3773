"""A negative batch taken from a later payout has its place in the proof, if the sums agree."""

from __future__ import annotations

import polars as pl
import pytest

from recon.report.tie_out import _with_owed

ROWS = pl.DataFrame(
    {"txn_id": [1, 2, 3], "amount": [13906, -18800, 500], "place": ["owed", "owed", "linked"]}
)


@pytest.mark.parametrize(("short", "place"), [(-4894, "netted"), (-4893, "residual")])
def test_a_batch_is_netted_only_where_both_sums_agree(short: int, place: str) -> None:
    """The credit is short by what the batch owed, to the fen; else both stay unexplained."""
    apart = pl.DataFrame(
        {
            "difference": [short, -100],
            "mixed": [False, False],
            "undecided": [False, False],
            "code": pl.Series([None, "NET_MISMATCH"], dtype=pl.String),
        }
    )
    rows, told = _with_owed(ROWS, apart)
    assert rows["place"].to_list() == [place, place, "linked"]
    assert told["code"].to_list() == ["NETTED" if place == "netted" else None, "NET_MISMATCH"]
