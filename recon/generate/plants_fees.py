"""The breaks of fees: what the channel charged against what the contract of the world says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import polars as pl

from recon.generate.draw import at_rate
from recon.generate.files import REFUND, UNDO
from recon.generate.planter import CLOSED, Planter
from recon.generate.profile import ALIPAY, PPM, UNIONPAY, WECHAT

_WALLETS: Final = (WECHAT, ALIPAY)
_DEAR: Final = 2_000  # fen: above it, a wrong rate shows in the fee
_FLAT: Final = (100, 200, 300)
_SMALLEST_TERMINAL: Final = 5  # sales of a terminal and day that make a wrong rate visible


def _wrong_fee(world: Planter, code: str, picks: pl.DataFrame, fee: pl.Expr, planted: str) -> None:
    """Charge another fee for picks; what comes out equal is no break."""
    changed = picks.with_columns(wrong=fee).filter(pl.col("wrong") != pl.col("fee"))
    world.fee[changed["i"].to_numpy()] = changed["wrong"].to_numpy()
    world.truth.add(
        code,
        changed,
        column="channel_ref",
        night=world.delays.delivered(),
        amount=pl.col("wrong") - pl.col("fee"),
        planted=planted,
    )


def fee_rate(world: Planter, count: int) -> None:
    """Plant a terminal that pays half as much again on all its sales of a day."""
    groups = (
        world.sales.filter(pl.Series(world.untaken) & pl.col("channel").is_in(_WALLETS))
        .filter(pl.col("amount") >= _DEAR)
        .group_by("channel", "merchant", "terminal", "day")
        .agg(pl.col("i"))
        .with_columns(size=pl.col("i").list.len().clip(upper_bound=_SMALLEST_TERMINAL))
        .filter(pl.col("size") == pl.col("size").max())
        .sort("day", "channel", "merchant", "terminal")
    )
    chosen = np.sort(world.rng.permutation(groups.height)[:count])
    rows = np.zeros(world.rows, bool)
    rows[groups[chosen]["i"].explode().drop_nulls().to_numpy()] = True
    picks = world.take(world.rows, _WALLETS, where=rows)
    fee = at_rate(pl.col("amount"), pl.col("ppm") * 3 // 2)
    picks = picks.filter(~(fee - pl.col("fee")).is_in(_FLAT))  # it would look like a surcharge
    _wrong_fee(world, "FEE_RATE", picks, fee, "half as much again on a terminal's whole day")


def fee_rounding(world: Planter, count: int) -> None:
    """Plant fees rounded up where the contract says half up."""
    part = world.sales["amount"].to_numpy() * world.sales["ppm"].to_numpy() % PPM
    picks = world.take(count, _WALLETS, where=(part > 0) & (part < PPM // 2))
    _wrong_fee(world, "FEE_ROUNDING", picks, pl.col("fee") + 1, "rounded up instead of half up")


def fee_surcharge(world: Planter, count: int) -> None:
    """Plant a flat extra of one, two or three yuan."""
    picks = world.take(count, _WALLETS)
    extra = (pl.col("i") % 3 + 1) * 100
    _wrong_fee(world, "FEE_SURCHARGE", picks, pl.col("fee") + extra, "a flat extra on top")


def fee_cap_missed(world: Planter, count: int) -> None:
    """Plant card sales above the cap that were charged the whole rate."""
    above = (world.sales["fee"] == world.profile.card_cap).to_numpy()
    picks = world.take(count, (UNIONPAY,), where=above)
    fee = at_rate(pl.col("amount"), pl.col("ppm"))
    _wrong_fee(world, "FEE_CAP_MISSED", picks, fee, "the cap is left out")


def fee_on_failed(world: Planter, count: int) -> None:
    """Plant revoked sales whose fee the channel keeps."""
    has_fee = (world.sales["fee"] > 0).to_numpy()
    picks = world.take(count, (WECHAT, UNIONPAY), where=has_fee)
    world.status[picks["i"].to_numpy()] = CLOSED
    undo = world.undone(picks).with_columns(fee=pl.lit(0, pl.Int64))
    world.charges.append(world.charge_rows(undo, UNDO))
    world.truth.add(
        "FEE_ON_FAILED",
        picks,
        column="channel_ref",
        night=world.delays.delivered(),
        amount="fee",
        planted="revoked, the fee is kept",
    )


def fee_not_returned(world: Planter, count: int) -> None:
    """Plant refunds that return no fee."""
    _refunds(world, count, "FEE_NOT_RETURNED", pl.lit(0, pl.Int64), "the refund returns no fee")


def fee_over_returned(world: Planter, count: int) -> None:
    """Plant refunds that return half a yuan too much."""
    _refunds(
        world, count, "FEE_OVER_RETURNED", pl.col("fee") - 50, "the refund returns 0.50 too much"
    )


def _refunds(world: Planter, count: int, code: str, fee: pl.Expr, planted: str) -> None:
    dear = (world.sales["amount"] >= _DEAR).to_numpy()
    picks = world.take(count, where=dear)
    refunds = world.refunds_of(picks, np.zeros(picks.height, np.int64)).with_columns(wrong=fee)
    world.orders.append(world.order_rows(refunds, REFUND))
    world.charges.append(world.charge_rows(refunds.with_columns(fee=pl.col("wrong")), REFUND))
    world.truth.add(
        code,
        refunds,
        column="order_id",
        night=world.delays.delivered(),
        amount=pl.col("wrong") - pl.col("fee"),
        planted=planted,
    )


FEE_PLANTS: Final[Mapping[str, tuple[Callable[[Planter, int], None], int]]] = {
    "FEE_RATE": (fee_rate, 5),  # terminals and days, each with all its sales
    "FEE_ROUNDING": (fee_rounding, 500),
    "FEE_SURCHARGE": (fee_surcharge, 50),
    "FEE_CAP_MISSED": (fee_cap_missed, 20),
    "FEE_ON_FAILED": (fee_on_failed, 10),
    "FEE_NOT_RETURNED": (fee_not_returned, 20),
    "FEE_OVER_RETURNED": (fee_over_returned, 5),
}


def plant_fees(world: Planter, rates: Mapping[str, int]) -> None:
    """Plant every fee break at its rate, at least one where it is above 0."""
    for name, (plant, default) in FEE_PLANTS.items():
        ppm = rates.get(name, default)
        if ppm:
            plant(world, max(1, world.rows * ppm // PPM))
