"""The breaks of fees: what the channel charged against what the contract of the world says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.pricing import RATE_SCALE
from recon.generate.files import PAY, REFUND, UNDO
from recon.generate.plants.plant import Effect, Plant
from recon.generate.plants.planter import CLOSED, TILL_DAY, Planter
from recon.generate.plants.refunds import book, refunded
from recon.generate.pricing import (
    CREDIT,
    at_rate,
    card_fee,
    card_ppm,
    is_cheap,
    is_credit,
    is_preferred,
)
from recon.generate.profile import ALIPAY, CHEAP_PPM, CHEAP_TILL, PPM, UNIONPAY, WECHAT, Profile
from recon.generate.text import padded
from recon.rules.prices.lint import CREDIT_COST

_WALLETS: Final = (WECHAT, ALIPAY)
BELOW_COST: Final = "FEE_BELOW_COST"  # its rate says whether there are tills with such a price
_DEAR: Final = 2_000  # fen: above it, a wrong rate shows in the fee
_FLAT: Final = (100, 200, 300)
_FEWEST_ALIKE: Final = 3  # fees of one price
_SMALLEST_TERMINAL: Final = 5  # sales of a terminal and day that make a wrong rate visible
_BARE: Final = at_rate(pl.col("amount"), pl.col("ppm"))
_HALF_MORE: Final = pl.col("ppm") * 3 // 200 * 100  # hundredths of a per cent: few fees tell
_RAISED: Final = at_rate(pl.col("amount"), _HALF_MORE)


def charged(
    fee: pl.Expr | Callable[[Profile], pl.Expr], cause: pl.Expr | str | None = None
) -> Effect:
    """Return the effect that charges another fee; what comes out equal is no break."""

    def effect(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
        other = fee if isinstance(fee, pl.Expr) else fee(world.profile)
        changed = picks.with_columns(wrong=other, told=world.delays.delivered())
        changed = changed.filter(pl.col("wrong") != pl.col("fee"))
        world.fee[changed["i"].to_numpy()] = changed["wrong"].to_numpy()
        difference = pl.col("wrong") - pl.col("fee")
        loser = pl.when(difference > 0).then(pl.lit("MERCHANT")).otherwise(pl.lit("ACQUIRER"))
        named = cause if isinstance(cause, pl.Expr) else pl.lit(cause, pl.String)
        return changed.with_columns(difference=difference, loser=loser, cause=named)

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
    """Take every dear wallet sale of a day at some busy terminals, of merchants in focus first.

    What is cheap there has another fee too, as far as anybody can tell: no other fee is planted.
    """
    groups = (
        world.sales.filter(pl.Series(world.untaken) & pl.col("channel").is_in(_WALLETS))
        .filter(pl.col("amount") >= _DEAR)
        .group_by(TILL_DAY)
        .agg(pl.col("i"))
        .with_columns(
            size=pl.col("i").list.len().clip(upper_bound=_SMALLEST_TERMINAL),
            merchant_no=pl.col("terminal").str.slice(0, 6).cast(pl.Int64),
        )
        .sort("day", "channel", "merchant", "terminal")
    )
    focus = pl.col("merchant_no") < world.profile.focus
    groups = groups.with_columns(most=pl.col("size").max().over("merchant_no"))
    busiest = pl.col("size") == pl.when(focus).then("most").otherwise(pl.col("size").max())
    groups = groups.filter(busiest)
    order = world.rng.permutation(groups.height)
    merchant = groups["merchant_no"].to_numpy()[order]
    first = [order[merchant == number][:1] for number in range(world.profile.focus)]
    ahead = np.concatenate(first)
    chosen = np.sort(np.concatenate([ahead, order[~np.isin(order, ahead)]])[:count])
    rows = np.zeros(world.rows, bool)
    rows[groups[chosen]["i"].explode().drop_nulls().to_numpy()] = True
    picks = world.take(world.rows, _WALLETS, where=rows)
    world.keep_alike(groups[chosen], TILL_DAY)
    return picks.filter(~(_RAISED - pl.col("fee")).is_in(_FLAT))  # it would look like a surcharge


def _as_raised() -> pl.Expr:
    """Return the price that a night's raised fees of a terminal agree on; of few, that of each."""
    implied = (pl.col("wrong") * 10_000_000 + pl.col("amount") // 2) // pl.col("amount")
    many = pl.len().over("channel", "merchant", "terminal", "told") >= _FEWEST_ALIKE
    return (
        pl.when(many)
        .then(pl.format("charged as {} %", _percent(_HALF_MORE * 1_000)))
        .otherwise(pl.format("implied rate {} %", _percent(implied * 100)))
    )


def _percent(billionths: pl.Expr) -> pl.Expr:
    """Return a rate in per cent, with two decimals at least."""
    rest = padded(billionths % 10_000_000, 7)
    tail = rest.str.slice(2).str.strip_chars_end("0")
    return pl.concat_str(
        (billionths // 10_000_000).cast(pl.String), pl.lit("."), rest.str.head(2), tail
    )


def on_failed(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
    """Revoke sales whose fee the channel keeps."""
    world.status[picks["i"].to_numpy()] = CLOSED
    undo = world.undone(picks).with_columns(fee=pl.lit(0, pl.Int64))
    world.charges.append(world.charge_rows(undo, UNDO))
    return picks


def rounds_down(world: Planter) -> NDArray[np.bool_]:
    """Return which fees half-up rounding makes smaller, and a raised rate not by one fen larger."""
    part = world.sales["amount"].to_numpy() * world.sales["ppm"].to_numpy() % PPM
    told_apart = world.sales.select(pl.col("fee") + 1 != _RAISED).to_series().to_numpy()
    found: NDArray[np.bool_] = (part > 0) & (part < PPM // 2) & told_apart
    return found


def fee_at(limit: Callable[[Planter], int], world: Planter) -> NDArray[np.bool_]:
    """Return which sales pay exactly a limit of the card contract."""
    fee, bare = world.sales.select("fee", bare=_BARE).get_columns()
    return ((fee == limit(world)) & (bare != fee)).to_numpy() & (limit(world) > 0)


def floor_shows(world: Planter) -> NDArray[np.bool_]:
    """Return which sales pay the floor, and without it something else than as a credit card."""
    same = pl.lit(value=False)
    if world.profile.credit_ppm:
        same = as_credit(world.profile) == _BARE
    told_apart: NDArray[np.bool_] = world.sales.select(~same).to_series().to_numpy()
    return fee_at(lambda one: one.profile.card_floor, world) & told_apart


def priced(world: Planter) -> NDArray[np.bool_]:
    """Return which sales have a fee."""
    return (world.sales["fee"] > 0).to_numpy()


def dear(world: Planter) -> NDArray[np.bool_]:
    """Return which sales are large enough for a wrong refund fee to show."""
    return (world.sales["amount"] >= _DEAR).to_numpy()


def as_credit(profile: Profile) -> pl.Expr:
    """Return what debit cards cost at the price of credit cards."""
    preferred = is_preferred(profile)
    ppm = card_ppm(profile, credit=pl.lit(value=True), preferred=preferred)
    return card_fee(profile, ppm, credit=pl.lit(value=True))


def as_other_type(profile: Profile) -> pl.Expr:
    """Return what cards cost at the price of the other card type of their merchant's class."""
    debit = pl.lit(value=False)
    ppm = card_ppm(profile, credit=debit, preferred=is_preferred(profile))
    as_debit = card_fee(profile, ppm, credit=debit)
    return pl.when(is_credit()).then(as_debit).otherwise(as_credit(profile))


def as_standard(profile: Profile) -> pl.Expr:
    """Return what cards cost at the price of the standard class (标准类)."""
    ppm = card_ppm(profile, credit=is_credit(), preferred=pl.lit(value=False))
    return card_fee(profile, ppm, credit=is_credit())


def _chosen(world: Planter, wanted: pl.Expr) -> NDArray[np.bool_]:
    """Return dear card sales that fulfil a condition, but for tills with a price of their own.

    Another type must not cost what another class does: nobody could tell which of them it was.
    """
    till = pl.col("terminal").str.slice(-2).cast(pl.Int64)
    told_apart = as_other_type(world.profile) != as_standard(world.profile)
    condition = wanted & (pl.col("amount") >= _DEAR) & (till != CHEAP_TILL) & told_apart
    found: NDArray[np.bool_] = world.sales.select(condition).to_series().to_numpy()
    return found


def debit_cards(world: Planter) -> NDArray[np.bool_]:
    """Return dear sales of debit cards."""
    return _chosen(world, ~is_credit())


def preferred_merchants(world: Planter) -> NDArray[np.bool_]:
    """Return dear sales of merchants of the preferential class (优惠类)."""
    return _chosen(world, is_preferred(world.profile))


def tell_below_cost(world: Planter, charges: pl.DataFrame) -> None:
    """Write down where the agreed price of credit cards is below their cost: one a till and night.

    What was charged otherwise than agreed, or undone that night, is not part of it.
    """
    profile = world.profile
    undone = charges.filter(pl.col("kind") == UNDO).select(pl.col("original_ref"), "night")
    frame = charges.filter(
        (pl.col("channel") == UNIONPAY) & (pl.col("kind") == PAY) & ~pl.col("repeated")
    ).with_columns(merchant_no=pl.col("merchant").str.slice(-3).cast(pl.Int64) - 1)
    agreed = at_rate(pl.col("amount"), pl.lit(CHEAP_PPM))
    cost = pl.col("amount") * CREDIT_COST // RATE_SCALE
    cheap = (
        frame.filter(is_cheap(profile) & (pl.col("fee") == agreed) & (pl.col("fee") > 0))
        .join(
            undone, left_on=["channel_ref", "night"], right_on=["original_ref", "night"], how="anti"
        )
        .with_columns(short=cost - pl.col("fee"))
        .filter(pl.col("short") > 0)
    )
    found = cheap.group_by("merchant_no", "terminal", "night", maintain_order=True).agg(
        pl.col("channel_ref").first(), pl.col("short").sum()
    )
    cause = pl.format("credit cards priced below the cost of {} %", _percent(pl.lit(CREDIT_COST)))
    world.truth.add(
        BELOW_COST,
        found.with_columns(cause=cause),
        column="channel_ref",
        night="night",
        amount="short",
        planted="credit cards of this till are agreed below their cost",
    )


_charge = partial(Plant, column="channel_ref", amount="difference")  # one with a wrong fee
SURCHARGE: Final = _charge(
    "FEE_SURCHARGE",
    50,
    "a flat extra on top",
    charged(
        pl.col("fee") + (pl.col("i") % 3 + 1) * 100,
        pl.format("surcharge of {}.00", pl.col("i") % 3 + 1),
    ),
    channels=_WALLETS,
)
ROUNDING: Final = _charge(
    "FEE_ROUNDING",
    500,
    "rounded up instead of half up",
    charged(pl.col("fee") + 1),
    cause="rounded ceiling",
    channels=_WALLETS,
    where=rounds_down,
)
CAP: Final = _charge(
    "FEE_CAP_MISSED",
    20,
    "the cap is left out",
    charged(_BARE),
    cause="cap not applied",
    channels=(UNIONPAY,),
    where=partial(fee_at, lambda world: world.profile.card_cap),
)
FLOOR: Final = _charge(
    "FEE_FLOOR_MISSED",
    20,
    "the floor is left out",
    charged(_BARE),
    cause="floor not applied",
    channels=(UNIONPAY,),
    where=floor_shows,
)
FEES: Final = (
    _charge(
        "FEE_RATE",  # its rate counts terminals and days, each with all its sales
        5,
        "half as much again on a terminal's whole day",
        charged(_RAISED, _as_raised()),
        choose=whole_terminals,
    ),
    ROUNDING,
    SURCHARGE,
    CAP,
    Plant(
        "FEE_ON_FAILED",
        10,
        "revoked, the fee is kept",
        on_failed,
        cause="fee on a payment that is reversed",
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
        cause="no fee returned",
        where=dear,
        amount="difference",
    ),
    Plant(
        "FEE_OVER_RETURNED",
        5,
        "the refund returns 0.50 too much",
        returned(pl.col("fee") - 50),
        cause="more than the fee returned",
        where=dear,
        amount="difference",
    ),
)
CARD_FEES: Final = (  # where cards are priced by type and class; few sales are fit for them
    CAP,
    FLOOR,
    _charge(
        "FEE_CARD_TYPE",
        30,
        "a debit card at the price of credit cards",
        charged(as_credit),
        cause=f"charged as card type {CREDIT}",
        channels=(UNIONPAY,),
        where=debit_cards,
    ),
    _charge(
        "FEE_CLASS",
        30,
        "a preferential merchant at the standard price",
        charged(as_standard),
        cause="charged as merchant class standard",
        channels=(UNIONPAY,),
        where=preferred_merchants,
    ),
)
