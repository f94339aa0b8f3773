"""Why a row was refused, in Chinese: every reason that the parsers can give."""

from __future__ import annotations

import re

import pytest

from recon.core import money, times
from recon.core.kernels import parse_money, parse_time
from recon.core.money import Grammar
from recon.io.loading import fields
from recon.io.reading import cutting
from recon.rules.words.causes import in_chinese
from recon.rules.words.rejects import reason_in_chinese

MAJOR = Grammar()
STATUSES = (
    parse_money.EMPTY, parse_money.TOO_LARGE, parse_money.BAD_GROUPING, parse_money.NO_DIGITS,
    parse_money.PADDED, parse_money.BAD_CHARACTER, parse_money.EXCESS_DECIMALS,
)  # fmt: skip
REASONS = (
    *(f"amount {money.reason(status, '1.2345', MAJOR, 'CNY')}" for status in STATUSES),
    f"amount {money.reason(parse_money.BAD_CHARACTER, '２', MAJOR, 'CNY')}",
    f"amount {money.reason(parse_money.EXCESS_DECIMALS, '1.000', MAJOR, 'CNY')}",
    *(
        f"paid_at '2026-02-30' {why}" + (" 'YYYY'" if status == parse_time.NO_PATTERN else "")
        + (" (Europe/Berlin)" if status in (parse_time.NONEXISTENT, parse_time.AMBIGUOUS) else "")
        for status, why in times.REASONS.items()
    ),
    *(words.format(arity=5, found=3) for words in cutting._REASONS.values()),
    f"amount {money.reason(parse_money.BAD_CHARACTER, '￥2', MAJOR, 'CNY')}{fields._AS_WRITTEN}",
    "day '10.3.26' does not fit 'YYYY-MM-DD'; declare in date_patterns how the sender writes it",
    "status 'DONE' is not a known word; expected one of 'PAID', 'CLOSED'",
    "status 'DONE' is not a known word; expected words in [source.states], which has none",
    "currency 'XXZ' is not an active ISO 4217 code; expected one such as CNY",
    "base is filled and its currency is empty",
    "total is text; it was a number at line 2",
    "credit and debit are both filled; expected one of them",
    "credit is below zero; expected an unsigned amount in its own column",
    "amount is empty; expected an amount",
    "amount 5 less fee 2 is 3, the stated net is 4",
    "amount 5 less fee 2 is not the settled amount 4 (minor units)",
)  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_reads_in_chinese(reason: str) -> None:
    """No English words stand in a row, and the cell that is refused is still quoted."""
    told = reason_in_chinese(reason)
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", told), told
    quoted = re.search(r"'[^']+'", reason)
    assert quoted is None or quoted[0] in told
    assert in_chinese(reason) == told


def test_a_reason_that_no_pattern_knows_stays_whole() -> None:
    """Nothing is lost of what a new format says."""
    assert reason_in_chinese("seven eggs are broken") == "seven eggs are broken"
