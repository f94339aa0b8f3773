"""Every plant of sales, in the order in which they are planted, and the pairings on one order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from recon.generate.bank import RATES as BANK_RATES
from recon.generate.plants.amounts import OTHER_AMOUNT
from recon.generate.plants.fees import BELOW_COST, CARD_FEES, FEES, ROUNDING, SURCHARGE
from recon.generate.plants.notices import CHARGED_BACK, NOTICE_PLANTS
from recon.generate.plants.orders import (
    AMBIGUOUS,
    BLIND_RETRY,
    DROPPED,
    NO_ORDER,
    ORDERS,
    OTHER_RATE,
    OTHER_TERMINAL,
    SECOND_CHARGE,
)
from recon.generate.plants.plant import Pairing, Plant, plant_pairings, plant_table
from recon.generate.plants.planter import Planter
from recon.generate.plants.rebates import REBATES
from recon.generate.plants.refunds import ASKED, OVERDUE, REFUNDS
from recon.generate.profile import ALIPAY, WECHAT, Profile

PLANTS: Final[tuple[Plant, ...]] = (*ORDERS, *REFUNDS, AMBIGUOUS, *FEES)
PAIRINGS: Final = (
    Pairing("SURCHARGE_AND_AMOUNT", 5, (SURCHARGE, OTHER_AMOUNT)),
    Pairing("SURCHARGE_AND_TERMINAL", 3, (SURCHARGE, OTHER_TERMINAL)),
    Pairing("SURCHARGE_AND_DUPLICATE", 1, (SURCHARGE, SECOND_CHARGE)),
    Pairing("SURCHARGE_AND_NO_ORDER", 3, (replace(NO_ORDER, channels=(WECHAT, ALIPAY)), SURCHARGE)),
    Pairing("ROUNDING_AND_DROPPED", 5, (ROUNDING, DROPPED)),
    Pairing("DUPLICATE_AND_AMOUNT", 1, (SECOND_CHARGE, OTHER_AMOUNT)),
    Pairing("DUPLICATE_AND_DROPPED", 1, (SECOND_CHARGE, DROPPED)),
)
ACQUIRER_PAIRINGS: Final = (
    Pairing("CHARGEBACK_AND_DUPLICATE", 1, (CHARGED_BACK, SECOND_CHARGE)),
    Pairing("CHARGEBACK_AND_DROPPED", 3, (CHARGED_BACK, DROPPED)),
)

LIKELY: Final = (BLIND_RETRY,)  # `all` is not for them: what is likely hangs on the other rates


def plant_names(profile: Profile | None = None) -> tuple[str, ...]:
    """Return every plant that a rate may be given for; of a profile, those that it can hold."""
    names = [item.name for item in PLANTS]
    names += [item.name for item in PAIRINGS]
    if profile is None or profile.acquirer:
        names += [item.name for item in NOTICE_PLANTS]
        names += [item.name for item in ACQUIRER_PAIRINGS]
    if profile is None or profile.credit_ppm:
        names += [*(item.name for item in CARD_FEES if item not in PLANTS), BELOW_COST]
    if profile is None or profile.requests:
        names += [item.name for item in ASKED]
    if profile is None or profile.refund_days:
        names.append(OVERDUE.name)
    if profile is None or profile.dollars_ppm:
        names.append(OTHER_RATE.name)
    if profile is None or profile.rebate is not None:
        names += REBATES
    return (*names, *BANK_RATES)


def plant_sales(world: Planter, rates: Mapping[str, int]) -> None:
    """Plant every break of sales at its rate; those that few sales are fit for come first."""
    first = CARD_FEES if world.profile.credit_ppm else ()
    plant_table(world, first, rates)
    plant_table(world, (item for item in PLANTS if item not in first), rates)
    plant_pairings(world, PAIRINGS, rates)
    plant_table(world, LIKELY, rates, least=0)
    if world.profile.acquirer:
        plant_table(world, NOTICE_PLANTS, rates)
        plant_pairings(world, ACQUIRER_PAIRINGS, rates)
    plant_table(world, ASKED if world.profile.requests else (), rates)
    plant_table(world, (OVERDUE,) if world.profile.refund_days else (), rates)
    plant_table(world, (OTHER_RATE,) if world.profile.dollars_ppm else (), rates)
