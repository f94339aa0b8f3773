"""What a sale costs by the contract of the world: by channel, card type and merchant class."""

from __future__ import annotations

from typing import Final

import polars as pl

from recon.generate.profile import (
    ALIPAY,
    CHEAP_PPM,
    CHEAP_TILL,
    PPM,
    PREFERRED_CREDIT,
    UNIONPAY,
    WECHAT,
    Profile,
)
from recon.generate.text import padded

DEBIT: Final = "01"  # 借记卡, as the card file writes it
CREDIT: Final = "02"  # 贷记卡
_CREDIT_DIGITS: Final = 7  # last digits of cards, of ten, that are credit cards


def at_rate(amount: pl.Expr, ppm: pl.Expr) -> pl.Expr:
    """Return an amount's fee at a rate, rounded half up to the fen; amounts are not negative."""
    return (amount * ppm + PPM // 2) // PPM


def is_credit() -> pl.Expr:
    """Return which rows are of credit cards."""
    return pl.col("card_type") == CREDIT


def is_preferred(profile: Profile) -> pl.Expr:
    """Return which rows are of merchants of the preferential class."""
    return (pl.col("merchant_no") % profile.preferred_every == 0) & bool(profile.credit_ppm)


def is_cheap(profile: Profile) -> pl.Expr:
    """Return which rows are of tills where credit cards are agreed below their cost."""
    tills = padded(pl.col("merchant_no") * 100 + CHEAP_TILL, 8)
    focus = (pl.col("merchant_no") < profile.focus) & profile.cheap_tills
    return is_credit() & focus & (pl.col("terminal") == tills)


def card_ppm(profile: Profile, *, credit: pl.Expr, preferred: pl.Expr) -> pl.Expr:
    """Return the rate of cards by type and class."""
    usual = pl.when(credit).then(profile.credit_ppm).otherwise(profile.fee_ppm[2])
    lower = profile.preferred_ppm + credit.cast(pl.Int64) * PREFERRED_CREDIT
    return pl.when(preferred).then(lower).otherwise(usual)


def card_fee(profile: Profile, ppm: pl.Expr, *, credit: pl.Expr) -> pl.Expr:
    """Return what a card sale costs at a rate: debit cards have a floor and a cap."""
    bare = at_rate(pl.col("amount"), ppm)
    limited = bare.clip(profile.card_floor, profile.card_cap)
    return pl.when(credit).then(bare).otherwise(limited)


def with_price(sales: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """Return sales with `card_type`, `ppm` (the rate) and `fee`; other columns as they were."""
    last_digit = pl.col("card").str.slice(-1).cast(pl.Int64)
    credit = (last_digit < _CREDIT_DIGITS) & bool(profile.credit_ppm)
    frame = sales.with_columns(
        card_type=pl.when(credit).then(pl.lit(CREDIT)).otherwise(pl.lit(DEBIT))
    )
    cards = card_ppm(profile, credit=is_credit(), preferred=is_preferred(profile))
    cards = pl.when(is_cheap(profile)).then(CHEAP_PPM).otherwise(cards)
    wallets = {WECHAT: profile.fee_ppm[0], ALIPAY: profile.fee_ppm[1], UNIONPAY: 0}
    wallet_ppm = pl.col("channel").replace_strict(wallets, return_dtype=pl.Int64)
    is_card = pl.col("channel") == UNIONPAY
    ppm = pl.when(is_card).then(cards).otherwise(wallet_ppm).cast(pl.Int64)
    frame = frame.with_columns(ppm=ppm)
    fee = card_fee(profile, pl.col("ppm"), credit=is_credit())
    plain = at_rate(pl.col("amount"), pl.col("ppm"))
    return frame.with_columns(fee=pl.when(is_card).then(fee).otherwise(plain))
