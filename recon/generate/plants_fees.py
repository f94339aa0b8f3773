"""The breaks of fees: what the channel charged against what the contract of the world says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.generate.draw import at_rate
from recon.generate.files import REFUND, UNDO
from recon.generate.plant import Effect, Plant
from recon.generate.planter import CLOSED, Planter
from recon.generate.plants_refunds import book, refunded
from recon.generate.profile import ALIPAY, PPM, UNIONPAY, WECHAT

_WALLETS: Final = (WECHAT, ALIPAY)
_DEAR: Final = 2_000  # fen: above it, a wrong rate shows in the fee
_FLAT: Final = (100, 200, 300)
_SMALLEST_TERMINAL: Final = 5  # sales of a terminal and day that make a wrong rate visible
_BARE: Final = at_rate(pl.col("amount"), pl.col("ppm"))
_RAISED: Final = at_rate(pl.col("amount"), pl.col("ppm") * 3 // 2)


def charged(fee: pl.Expr) -> Effect:
    """Return the effect that charges another fee; what comes out equal is no break."""

    def effect(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
        changed = picks.with_columns(wrong=fee).filter(pl.col("wrong") != pl.col("fee"))
        world.fee[changed["i"].to_numpy()] = changed["wrong"].to_numpy()
        return changed.with_columns(difference=pl.col("wrong") - pl.col("fee"))

    return effect


def returned(fee: pl.Expr) -> Effect:
    """Return the effect that refunds the sale and gives back another fee than agreed."""

    def effect(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
        refunds = refunded(world, picks).with_columns(wrong=fee)
        book(world, refunds)
        given = refunds.with_columns(fee=pl.col("wrong"))
        world.charges.append(world.charge_rows(given, REFUND))
        return refunds.with_columns(difference=pl.col("wrong") - pl.col("fee"))

    return effect


def whole_terminals(world: Planter, count: int) -> pl.DataFrame:
    """Take every dear wallet sale of a day at some busy terminals."""
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
    return picks.filter(~(_RAISED - pl.col("fee")).is_in(_FLAT))  # it would look like a surcharge


def on_failed(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Revoke sales whose fee the channel keeps."""
    world.status[picks["i"].to_numpy()] = CLOSED
    undo = world.undone(picks).with_columns(fee=pl.lit(0, pl.Int64))
    world.charges.append(world.charge_rows(undo, UNDO))
    return picks


def rounds_down(world: Planter) -> NDArray[np.bool_]:
    """Return which fees half-up rounding makes smaller."""
    part = world.sales["amount"].to_numpy() * world.sales["ppm"].to_numpy() % PPM
    found: NDArray[np.bool_] = (part > 0) & (part < PPM // 2)
    return found


def fee_at(limit: Callable[[Planter], int], world: Planter) -> NDArray[np.bool_]:
    """Return which sales pay exactly a limit of the card contract."""
    return (world.sales["fee"] == limit(world)).to_numpy() & (limit(world) > 0)


def priced(world: Planter) -> NDArray[np.bool_]:
    """Return which sales have a fee."""
    return (world.sales["fee"] > 0).to_numpy()


def dear(world: Planter) -> NDArray[np.bool_]:
    """Return which sales are large enough for a wrong refund fee to show."""
    return (world.sales["amount"] >= _DEAR).to_numpy()


SURCHARGE: Final = Plant(
    "FEE_SURCHARGE",
    50,
    "a flat extra on top",
    charged(pl.col("fee") + (pl.col("i") % 3 + 1) * 100),
    channels=_WALLETS,
    column="channel_ref",
    amount="difference",
)
ROUNDING: Final = Plant(
    "FEE_ROUNDING",
    500,
    "rounded up instead of half up",
    charged(pl.col("fee") + 1),
    channels=_WALLETS,
    where=rounds_down,
    column="channel_ref",
    amount="difference",
)
FEES: Final = (
    Plant(
        "FEE_RATE",  # its rate counts terminals and days, each with all its sales
        5,
        "half as much again on a terminal's whole day",
        charged(_RAISED),
        choose=whole_terminals,
        column="channel_ref",
        amount="difference",
    ),
    ROUNDING,
    SURCHARGE,
    Plant(
        "FEE_CAP_MISSED",
        20,
        "the cap is left out",
        charged(_BARE),
        channels=(UNIONPAY,),
        where=partial(fee_at, lambda world: world.profile.card_cap),
        column="channel_ref",
        amount="difference",
    ),
    Plant(
        "FEE_ON_FAILED",
        10,
        "revoked, the fee is kept",
        on_failed,
        channels=(WECHAT, UNIONPAY),
        where=priced,
        column="channel_ref",
        amount="fee",
    ),
    Plant(
        "FEE_NOT_RETURNED",
        20,
        "the refund returns no fee",
        returned(pl.lit(0, pl.Int64)),
        where=dear,
        amount="difference",
    ),
    Plant(
        "FEE_OVER_RETURNED",
        5,
        "the refund returns 0.50 too much",
        returned(pl.col("fee") - 50),
        where=dear,
        amount="difference",
    ),
    Plant(
        "FEE_FLOOR_MISSED",
        20,
        "the floor is left out",
        charged(_BARE),
        channels=(UNIONPAY,),
        where=partial(fee_at, lambda world: world.profile.card_floor),
        column="channel_ref",
        amount="difference",
    ),
)
