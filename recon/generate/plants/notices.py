"""The breaks that an acquirer tells: chargebacks, frozen funds, fees that nobody agreed."""

from __future__ import annotations

from functools import partial
from typing import Final

import polars as pl

from recon.generate.notices import (
    CHARGEBACK,
    DEDUCTION,
    FREEZE,
    LISTED_FEE,
    NOTICES,
    RELEASE,
    RETRIEVAL,
    UNLISTED_FEE,
)
from recon.generate.plants.plant import Effect, Plant, own_night
from recon.generate.plants.planter import Planter
from recon.generate.profile import UNIONPAY
from recon.generate.text import padded

_CARD: Final = (UNIONPAY,)
_SIM_CARD: Final = -3_600  # fen
_ANSWER_DAYS: Final = 20  # in which the acquirer must answer a retrieval
_SERVICE: Final = -2_000


def notices_of(
    world: Planter, picks: pl.DataFrame, kind: str, amount: pl.Expr, product: str = ""
) -> pl.DataFrame:
    """Return notices about sales, a clearing day after them, with their own numbers."""
    frame = picks.with_columns(
        pl.lit(kind).alias("kind"),
        pl.lit(product).alias("product"),
        original=pl.col("channel_ref"),
        day=pl.col("day") + 1,
        answer_by=pl.col("day") + 1 + _ANSWER_DAYS if kind == RETRIEVAL else pl.lit(None, pl.Int32),
        amount=amount,
        n=world.numbers(picks.height),
    )
    number = pl.concat_str(pl.lit("N"), padded(pl.col("n"), 9))
    return frame.with_columns(told=pl.col("day"), number=number)


def tell(world: Planter, notices: pl.DataFrame) -> None:
    """Write notices into the acquirer's file."""
    world.notices.append(
        notices.select(pl.col(name).cast(dtype) for name, dtype in NOTICES.items())
    )


def noticed(kind: str, amount: pl.Expr, product: str = "") -> Effect:
    """Return the effect that tells one notice a sale."""

    def effect(world: Planter, picks: pl.DataFrame) -> pl.DataFrame:
        notices = notices_of(world, picks, kind, amount, product)
        tell(world, notices)
        return notices if kind == RETRIEVAL else notices.drop("answer_by")

    return effect


def everyday_notices(world: Planter, count: int) -> None:
    """Tell what is agreed: a listed fee, and funds frozen and released on one day."""
    listed = notices_of(world, world.take(count, _CARD), DEDUCTION, pl.lit(_SERVICE), LISTED_FEE)
    tell(world, listed)
    world.truth.normal("LISTED_FEE", listed, "channel_ref", "number")
    frozen = notices_of(world, world.take(count, _CARD), FREEZE, -pl.col("amount"))
    tell(world, frozen)
    released = frozen.with_columns(
        pl.lit(RELEASE).alias("kind"),
        -pl.col("amount"),
        original=pl.col("number"),
        number=pl.concat_str(pl.lit("R"), pl.col("number").str.slice(1)),
    )
    tell(world, released)
    world.truth.normal("FROZEN_AND_RELEASED", frozen, "channel_ref", "number")


_notice = partial(
    Plant,
    channels=_CARD,
    days_left=1,
    column="channel_ref",
    reference="number",
    night=own_night,
)
CHARGED_BACK: Final = _notice(
    "CHARGEBACK",
    100,
    "the issuer takes the money back (退单)",
    noticed(CHARGEBACK, -pl.col("amount")),
)
NOTICE_PLANTS: Final = (
    CHARGED_BACK,
    _notice(
        "FUNDS_FROZEN",
        20,
        "the acquirer holds the money of a sale (冻结)",
        noticed(FREEZE, -pl.col("amount")),
    ),
    _notice(
        "RETRIEVAL_DUE",
        50,
        "the issuer asks for the slip (调单)",
        noticed(RETRIEVAL, pl.col("amount")),
    ),
    _notice(
        "FEE_UNLISTED",
        30,
        "a fee for a data card that no contract lists (流量卡费)",
        noticed(DEDUCTION, pl.lit(_SIM_CARD), UNLISTED_FEE),
        cause=f"no contract line for {UNLISTED_FEE}",
    ),
)
