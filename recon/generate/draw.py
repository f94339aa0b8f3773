"""Draws the sales of a world: time, channel, amount, terminal, card and every number they carry.

All draws are integers of one seeded generator, so a seed gives the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.generate.files import Party
from recon.generate.pricing import with_price
from recon.generate.profile import ALIPAY, CHANNELS, PPM, UNIONPAY, WECHAT, Profile
from recon.generate.text import DAY_SECONDS, local_time, padded

Ints = NDArray[np.int64]
CUT_SECONDS: Final = 23 * 3_600  # UnionPay's clearing day ends at 23:00
_TERMINALS: Final = 12  # tills of one merchant; counter terminals are numbered from 90
_TAGGED: Final = 200  # fen: least price that carries a tag
_MOST_PARTS: Final = 4  # payments of one bill
_REF_STEP: Final = 7_368_787_301  # prime to ten: scrambles a counter into 13 digits, one to one
_REF_RANGE: Final = 10**13


def draw_sales(
    profile: Profile,
    party: Party,
    rng: np.random.Generator,
    *,
    rows: int,
    first: int,
    nights: int,
) -> pl.DataFrame:
    """Return `rows` paid sales in order of time; `first` is the first night's day number.

    Columns: i, order_id, t, night, channel, amount, ppm (fee rate), fee, merchant, terminal, stan,
    card, card_type, channel_ref, tc (the channel's clock), day (the channel's clearing day).
    """
    t = np.sort(_times(profile, rng, rows, first, nights))
    channel = _weighted(rng, profile.channel_ppm, rows)
    merchant = _merchants(profile, rng, rows)
    terminal = rng.integers(1, _TERMINALS + 1, rows)
    card = rng.integers(0, 10**10, rows)
    amount = _amounts(profile, rng, rows)
    columns_of_sale = (t, channel, merchant, terminal, card, amount)
    _repeat(rng, profile, columns_of_sale, first + nights)
    if profile.limit:
        _split_bills(rng, profile, columns_of_sale, first + nights)
    order = np.argsort(t, kind="stable")
    columns = {
        "i": np.arange(rows, dtype=np.int64),
        "t": t[order],
        "channel_no": channel[order],
        "merchant_no": merchant[order],
        "terminal_no": terminal[order],
        "card_no": card[order],
        "amount": amount[order],
        "lag": rng.integers(0, 4, rows),
    }
    return named(pl.DataFrame(columns), profile, party)


def _times(profile: Profile, rng: np.random.Generator, rows: int, first: int, nights: int) -> Ints:
    """Return times: nights by their weekday's weight, hours by the hour curve."""
    weekday = (first + 3 + np.arange(nights)) % 7  # 1970-01-01 was a Thursday
    night = _weighted(rng, [profile.weekday_weights[day] for day in weekday.tolist()], rows)
    hour = _weighted(rng, profile.hours, rows)
    seconds = hour * 3_600 + rng.integers(0, 3_600, rows)
    return np.asarray((first + night) * DAY_SECONDS + seconds, np.int64)


def _weighted(rng: np.random.Generator, weights: Sequence[int], rows: int) -> Ints:
    """Return positions drawn with integer weights."""
    edges = np.cumsum(np.asarray(weights, np.int64))
    draws = rng.integers(0, int(edges[-1]), rows)
    return np.searchsorted(edges, draws, side="right").astype(np.int64)


def _merchants(profile: Profile, rng: np.random.Generator, rows: int) -> Ints:
    """Return merchants; a few sell most: the product of two equal draws."""
    draws = rng.integers(0, profile.merchants, (2, rows))
    skewed: Ints = ((draws[0] + 1) * (draws[1] + 1) - 1) // profile.merchants
    return skewed


def _amounts(profile: Profile, rng: np.random.Generator, rows: int) -> Ints:
    """Return amounts in fen by the profile's quantiles, straight lines between them."""
    knots = np.asarray(profile.amounts, np.int64)
    draws = rng.integers(0, PPM, rows)
    at = np.searchsorted(knots[:, 0], draws, side="right") - 1
    low, high = knots[at], knots[at + 1]
    amount = low[:, 1] + (high[:, 1] - low[:, 1]) * (draws - low[:, 0]) // (high[:, 0] - low[:, 0])
    whole = rng.integers(0, PPM, rows) < profile.whole_yuan_ppm
    rounded: Ints = np.where(whole, np.maximum(amount // 100, 1) * 100, amount)
    if profile.price_endings:
        rounded = _with_endings(profile, rng, rounded)
    if profile.limit:
        rounded = np.minimum(rounded, profile.limit)
    return rounded


def _with_endings(profile: Profile, rng: np.random.Generator, amount: Ints) -> Ints:
    """Return amounts of which a share ends in the usual fen of price tags (.90, .99)."""
    draws = rng.integers(0, PPM, amount.size)
    edge = 0
    for ending, share in profile.price_endings:
        chosen = (draws >= edge) & (draws < edge + share) & (amount >= _TAGGED)
        amount = np.where(chosen, amount // 100 * 100 - 100 + ending, amount)
        edge += share
    return amount


def _split_bills(
    rng: np.random.Generator, profile: Profile, columns: tuple[Ints, ...], end: int
) -> None:
    """Make some bills exceed the limit of one payment: equal parts at the limit, minutes apart."""
    t, amount = columns[0], columns[-1]
    heads = np.flatnonzero(rng.integers(0, PPM, t.size) < profile.split_ppm)
    heads = heads[(heads > 0) & (heads < t.size - _MOST_PARTS)]
    parts = rng.integers(1, _MOST_PARTS, heads.size)
    amount[heads] = profile.limit
    last = end * DAY_SECONDS - 1
    for part in range(1, _MOST_PARTS):
        chosen = heads[parts >= part]
        gap = rng.integers(40, 150, chosen.size)
        t[chosen + part] = np.minimum(t[chosen + part - 1] + gap, last)
        for column in columns[1:]:
            column[chosen + part] = column[chosen + part - 1]


def _repeat(
    rng: np.random.Generator, profile: Profile, columns: tuple[Ints, ...], end: int
) -> None:
    """Make some sales repeat the one before them, one to five minutes later: two equal coffees."""
    t = columns[0]
    again = np.flatnonzero(rng.integers(0, PPM, t.size) < profile.repeat_ppm)
    again = again[again > 0]
    last = end * DAY_SECONDS - 1
    t[again] = np.minimum(t[again - 1] + rng.integers(60, 300, again.size), last)
    for column in columns[1:]:
        column[again] = column[again - 1]


def named(sales: pl.DataFrame, profile: Profile, party: Party) -> pl.DataFrame:
    """Return sales with every text and number that follows from the draws."""
    number = pl.col("channel_no")
    frame = sales.with_columns(
        channel=number.replace_strict(dict(enumerate(CHANNELS)), return_dtype=pl.String),
        tc=_not_midnight(pl.col("t") + pl.col("lag")),
        stan=pl.col("i") % PPM,
        night=(pl.col("t") // DAY_SECONDS).cast(pl.Int32),
        terminal=padded(pl.col("merchant_no") * 100 + pl.col("terminal_no"), 8),
        card=pl.concat_str(
            pl.lit("62"),
            padded(pl.col("card_no") // 1_000_000 % 10_000, 4),
            pl.lit("******"),
            padded(pl.col("card_no") % 10_000, 4),
        ),
    )
    frame = with_price(frame, profile).with_columns(
        merchant=merchant_name(party),
        day=clearing_day("channel", "tc"),
        order_id=pl.concat_str(
            pl.lit("S"), local_time("t", "%y%m%d"), pl.lit("-"), padded(pl.col("i"), 7)
        ),
    )
    return frame.with_columns(channel_ref=channel_reference("i", "tc")).drop(
        "channel_no", "terminal_no", "card_no", "lag"
    )


def _not_midnight(time: pl.Expr) -> pl.Expr:
    """Return times, a second later where they are midnight sharp, which reads as a bare date."""
    return time + (time % DAY_SECONDS == 0).cast(pl.Int64)


def merchant_name(party: Party) -> pl.Expr:
    """Return the merchant number that each channel knows a merchant by."""
    number = pl.col("merchant_no")
    return (
        pl.when(pl.col("channel") == WECHAT)
        .then(pl.concat_str(pl.lit("16"), padded(number + 1, 8)))
        .when(pl.col("channel") == UNIONPAY)
        .then(pl.concat_str(pl.lit(party.unionpay_id), padded(number + 1, 3)))
        .otherwise(pl.concat_str(pl.lit("M"), padded(number + 1, 4)))
    )


def clearing_day(channel: str, time: str) -> pl.Expr:
    """Return the clearing day of local times: UnionPay cuts at 23:00, the wallets at midnight."""
    shift = pl.when(pl.col(channel) == UNIONPAY).then(DAY_SECONDS - CUT_SECONDS).otherwise(0)
    return ((pl.col(time) + shift) // DAY_SECONDS).cast(pl.Int32)


def channel_reference(counter: str, time: str) -> pl.Expr:
    """Return the channel's own number of a sale: 28 digits of a wallet, 21 of UnionPay."""
    scrambled = padded(pl.col(counter) * _REF_STEP % _REF_RANGE, 13)
    day, clock = local_time(time, "%Y%m%d"), local_time(time, "%Y%m%d%H%M%S")
    tail = (pl.col(counter) // PPM % 10).cast(pl.String)
    return (
        pl.when(pl.col("channel") == WECHAT)
        .then(pl.concat_str(pl.lit("4200002"), day, scrambled))
        .when(pl.col("channel") == ALIPAY)
        .then(pl.concat_str(day, pl.lit("2200114"), scrambled))
        .otherwise(pl.concat_str(clock, padded(pl.col("stan"), 6), tail))
    )
