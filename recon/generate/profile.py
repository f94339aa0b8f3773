"""What a synthetic world looks like: who sells, through which channels, how much, at what hour.

Shares are parts per million, money is fen. The hour curve and the repeat shares are those of a
real merchant day; retail amounts follow a log-normal shape, written as integer quantiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from recon.errors import UsageError

PPM: Final = 1_000_000
WECHAT: Final = "WECHAT"
ALIPAY: Final = "ALIPAY"
UNIONPAY: Final = "UNIONPAY"
CHANNELS: Final = (WECHAT, ALIPAY, UNIONPAY)

_DAY_HOURS: Final = (
    *(20, 12, 8, 6, 10, 30, 50, 160, 350, 600, 680, 720, 780, 700, 640, 640, 660, 700, 760, 780),
    *(700, 620, 370, 190),
)
_LOG_NORMAL: Final = (
    (0, 100),
    (10_000, 800),
    (100_000, 2_200),
    (250_000, 4_080),
    (500_000, 8_000),
    (750_000, 15_700),
    (900_000, 28_800),
    (990_000, 82_000),
    (PPM, 300_000),
)
_DINNERS: Final = (  # two kinds of guests: lunches about 35 yuan, dinners about 260
    (0, 800),
    (50_000, 1_800),
    (350_000, 3_300),
    (550_000, 4_900),
    (620_000, 9_000),
    (700_000, 16_800),
    (850_000, 26_000),
    (970_000, 60_000),
    (PPM, 280_000),
)
_MEAL_HOURS: Final = (
    *(30, 12, 4, 2, 2, 4, 30, 120, 160, 140, 300, 900, 1_500, 900, 300, 220, 260, 800, 1_500),
    *(1_400, 800, 400, 200, 90),
)


FIRST_DAY: Final = date(2026, 11, 4)  # a Wednesday: seven nights hold a weekend and its Monday


CHEAP_TILL: Final = 3  # of merchants in focus: credit cards are agreed below their cost there
CHEAP_PPM: Final = 4_500
PREFERRED_CREDIT: Final = 1_000  # ppm: what preferential merchants pay more for credit cards


_AGREED: Final = (("DUPLICATE_CHARGE", 1), ("AMOUNT_MISMATCH", 7), ("MISSING_SETTLEMENT", 0))


@dataclass(frozen=True, slots=True)
class Rebate:
    """What the acquirer gives back of a month's card volume."""

    tiers: tuple[tuple[int, int], ...]  # (from fen, ppm), each rate for the part inside its tier
    due_days: int


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of business."""

    name: str
    channel_ppm: tuple[int, int, int]  # WeChat, Alipay, UnionPay
    merchants: int
    amounts: tuple[tuple[int, int], ...]  # (quantile ppm, fen), from 0 to a million
    whole_yuan_ppm: int
    repeat_ppm: int  # rows that repeat card, terminal and amount of the row before, minutes later
    refund_ppm: int
    undo_ppm: int  # paid and revoked on the same day
    unpaid_ppm: int  # orders that nobody paid
    counter_ppm: int  # card sales on counter terminals, booked without an order number
    fee_ppm: tuple[int, int, int] = (3_800, 3_800, 5_500)  # of cards: debit cards
    card_cap: int = 200  # most that a UnionPay sale costs, fen
    card_floor: int = 0  # least that a UnionPay sale costs, fen
    credit_ppm: int = 0  # rate of credit cards, without floor and cap; 0: all cards are debit cards
    cheap_tills: bool = True  # some tills take credit cards below their cost
    preferred_every: int = 5  # each so many merchants have the preferential class (优惠类)
    preferred_ppm: int = 3_000  # its rate for debit cards
    refund_days: int = 2  # until the payer must have a wallet refund; 0: nothing is agreed
    refunds_apart: tuple[str, ...] = ()  # channels that pay refunds from the merchant's balance
    dollars_ppm: int = 0  # orders booked in USD, paid in CNY at the rate of the day
    requests: bool = True  # the books say what payers asked back
    act_within: tuple[tuple[str, int], ...] = _AGREED  # days of codes that the rule file states
    acquirer: bool = True  # the card acquirer sends notices: chargebacks, deductions, rebates
    rebate: Rebate | None = None
    focus: int = 1  # merchants that see every break
    price_endings: tuple[tuple[int, int], ...] = ()  # (fen of the last yuan, ppm of the prices)
    limit: int = 0  # fen: most that one payment may be; larger bills are paid in several
    split_ppm: int = 0  # bills that are
    first_day: date = FIRST_DAY
    hours: tuple[int, ...] = _DAY_HOURS
    weekday_weights: tuple[int, ...] = (90, 90, 92, 95, 110, 130, 120)


PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile(
            name="retail",
            channel_ppm=(520_000, 280_000, 200_000),
            merchants=20,
            amounts=_LOG_NORMAL,
            whole_yuan_ppm=300_000,
            repeat_ppm=2_000,
            refund_ppm=8_000,
            undo_ppm=3_000,
            unpaid_ppm=30_000,
            counter_ppm=2_000,
            card_floor=10,
            credit_ppm=6_000,
            price_endings=((90, 120_000), (80, 60_000), (50, 90_000), (99, 40_000)),
        ),
        Profile(
            name="utility",
            channel_ppm=(250_000, 150_000, 600_000),
            merchants=6,
            amounts=(
                (0, 314),
                (10_000, 31_400),
                (100_000, 60_000),
                (250_000, 180_000),
                (500_000, 697_300),
                (750_000, 1_400_000),
                (900_000, 1_965_800),
                (PPM, 2_000_000),
            ),
            whole_yuan_ppm=600_000,
            repeat_ppm=43_000,
            refund_ppm=2_000,
            undo_ppm=3_000,
            unpaid_ppm=20_000,
            counter_ppm=1_000,
            fee_ppm=(2_000, 2_000, 1_800),
            card_cap=2_000,
            card_floor=50,
            credit_ppm=5_200,
            preferred_ppm=1_200,
            limit=2_000_000,
            split_ppm=8_000,
        ),
        Profile(
            name="marketplace",
            channel_ppm=(450_000, 450_000, 100_000),
            merchants=120,
            amounts=_LOG_NORMAL,
            whole_yuan_ppm=150_000,
            repeat_ppm=1_000,
            refund_ppm=40_000,
            undo_ppm=1_000,
            unpaid_ppm=120_000,
            counter_ppm=500,
            fee_ppm=(6_000, 5_500, 6_000),
            card_cap=100,
            card_floor=20,
            credit_ppm=6_500,
            preferred_ppm=4_800,
            refunds_apart=(ALIPAY,),
            dollars_ppm=20_000,
            price_endings=((90, 300_000), (99, 150_000), (0, 150_000)),
        ),
        Profile(
            name="shops",
            channel_ppm=(500_000, 300_000, 200_000),
            merchants=1,
            amounts=_LOG_NORMAL,
            whole_yuan_ppm=400_000,
            repeat_ppm=4_000,
            refund_ppm=12_000,
            undo_ppm=4_000,
            unpaid_ppm=25_000,
            counter_ppm=4_000,
            requests=False,
            act_within=(),
            acquirer=False,
            refund_days=0,
        ),
        Profile(
            name="restaurants",
            channel_ppm=(400_000, 200_000, 400_000),
            merchants=7,
            amounts=_DINNERS,
            whole_yuan_ppm=600_000,
            repeat_ppm=1_500,
            refund_ppm=5_000,
            undo_ppm=3_000,
            unpaid_ppm=15_000,
            counter_ppm=1_000,
            card_cap=100,
            card_floor=10,
            credit_ppm=6_000,
            preferred_every=1,
            dollars_ppm=15_000,
            rebate=Rebate(tiers=((0, 500), (100_000, 1_000)), due_days=2),
            focus=7,
            hours=_MEAL_HOURS,
            first_day=date(2026, 10, 28),
        ),
    )
}


def profile_named(name: str) -> Profile:
    """Return the profile of that name, or refuse it with the names there are."""
    if name in PROFILES:
        return PROFILES[name]
    raise UsageError(
        f"expected a profile, found {name!r}", fix=f"write one of {', '.join(PROFILES)}"
    )
