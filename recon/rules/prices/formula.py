"""The formula language of acquirers' fee contracts, read exactly.

    AMT*0.006, 0.6% or 60bp    rate                     MAX(0.2,AMT*0.005)   with a floor
    MIN(20,AMT*0.005)          with a cap               MTM(0.8,500,AMT*0.006)  floor and cap
    SGL(2.5)                   flat                     INC(2.5,20000)  for every started 20,000
    FIX(20000,2,50000,3,5)     flat by amount band      INCF(2.5,20000) for every full 20,000
    FLO(500,0.08,5000,0.06,0.05)  rate by amount band   IFBIG(5000,AMT*0.008)  nothing up to 5,000
    IPSMAX(0.2,AMT*0.005)      floor, rounded up        BKFEE(0.8,500,0.006,5)  digit 5 rounds up
    ... + 3                    surcharge, added last

Amounts are major units; the upper bound of a band is exclusive. Names may be written small, and a
floor or a cap after its rate. The documented meaning of BKFEE's
last argument (the third decimal from which to round up) is taken; a production system was seen to
pass it to Java as a rounding mode instead, so such a contract states `rounding` and uses MTM.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from recon.core.pricing import (
    FINE,
    FLAT_BANDS,
    FULL_STEPS,
    MAX_AMOUNT,
    RATE_BANDS,
    RATE_SCALE,
    STARTED_STEPS,
)

FORMS = (
    "AMT*R, R%, MAX(floor,AMT*R), MIN(cap,AMT*R), MTM(floor,cap,AMT*R), SGL(flat), FIX, FLO, INC, "
    "INCF, IFBIG, IPSMAX, BKFEE, each with + surcharge"
)
_TOKEN = re.compile(r"\s*([A-Za-z]+|[0-9]+(?:\.[0-9]+)?(?:%|bp)?|[(),*+])\s*", re.ASCII)
_PARTS = {"%": 100, "bp": 10_000}  # what a rate is a part of
_LAST_DIGIT = 9


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula in integers: minor units, fine units (thousandths of one) and billionths."""

    shape: int
    below: tuple[int, ...]  # upper bounds of the bands but the last, minor units
    values: tuple[int, ...]  # one a band: billionths, or fine units
    step: int = 1  # minor units
    floor: int = -1  # fine units, -1 none
    cap: int = -1
    threshold: int = -1  # minor units, -1 none
    surcharge: int = 0  # fine units
    rounding: str | None = None  # a mode that the formula itself names


def parse_formula(text: str, decimals: int = 2) -> Formula:
    """Return the formula; `ValueError` says what is wrong and which forms exist."""
    return _Parser(text, decimals).whole()


class _Parser:
    """Reads one formula from left to right."""

    def __init__(self, text: str, decimals: int) -> None:
        self.text = text
        self.minor = Decimal(10) ** decimals
        self.tokens = _tokens(text)
        self.position = 0

    def whole(self) -> Formula:
        """Return the formula with its surcharges; nothing may follow."""
        formula = self.expression()
        while self.peek() == "+":
            self.take("+")
            added = self.fine(self.number())
            formula = replace(formula, surcharge=formula.surcharge + added)
        if self.peek():
            raise self.wrong(f"the end of the formula or a surcharge, found {self.peek()!r}")
        return formula

    def expression(self) -> Formula:
        """Return a rate or a named form."""
        name = self.peek()
        if name in _FORMS:
            self.take(name)
            self.take("(")
            formula = _FORMS[name](self)
            self.take(")")
            return formula
        return self.rate()

    def rate(self) -> Formula:
        """Return `AMT*R`, `R*AMT`, `R%` or `Rbp`."""
        if self.peek() == "AMT":
            self.take("AMT")
            self.take("*")
            return self.flat_rate(self.number())
        value = self.number()
        if self.tokens[self.position - 1].endswith(tuple(_PARTS)):
            return self.flat_rate(value)
        self.take("*")
        self.take("AMT")
        return self.flat_rate(value)

    def flat_rate(self, value: Decimal) -> Formula:
        """Return a rate for every amount."""
        return Formula(RATE_BANDS, (), (self.billionths(value),))

    def bands(self, shape: int, value: Callable[[Decimal], int]) -> Formula:
        """Return `x1,v1,x2,v2,...,vn`: bounds and values in turn, one value last."""
        numbers = [self.number()]
        while self.peek() == ",":
            self.take(",")
            numbers.append(self.number())
        if len(numbers) % 2 == 0:
            raise self.wrong(f"bounds and values in turn and one value last, found {len(numbers)}")
        below = tuple(self.amount(bound) for bound in numbers[:-1:2])
        if any(first >= second for first, second in pairwise((0, *below))):
            raise self.wrong("bounds that rise")
        return Formula(shape, below, tuple(value(item) for item in (*numbers[1::2], numbers[-1])))

    def steps(self, shape: int) -> Formula:
        """Return `X,N`: X for every N."""
        value = self.fine(self.number())
        self.take(",")
        step = self.amount(self.number())
        if step == 0 or value > step * FINE:
            raise self.wrong("a fee per step that is at most the step, and a step above 0")
        return Formula(shape, (), (value,), step=step)

    def number_then(self) -> Decimal:
        """Return a number and the comma after it."""
        value = self.number()
        self.take(",")
        return value

    def number(self) -> Decimal:
        """Return the number here; a percent sign divides it by 100, basis points by 10,000."""
        token = self.peek()
        if not token or not token[0].isdigit():
            raise self.wrong(f"a number, found {token or 'the end'!r}")
        self.take(token)
        digits = token.rstrip("%bp")
        return Decimal(digits) / _PARTS.get(token.removeprefix(digits), 1)

    def billionths(self, rate: Decimal) -> int:
        """Return a rate in billionths."""
        return self.exact(rate * RATE_SCALE, RATE_SCALE, "a rate of at most 1 with 9 decimals")

    def fine(self, money: Decimal) -> int:
        """Return money in fine units."""
        return self.exact(money * self.minor * FINE, MAX_AMOUNT, "money of at most 5 decimals")

    def amount(self, money: Decimal) -> int:
        """Return money in minor units."""
        return self.exact(money * self.minor, MAX_AMOUNT, "an amount in whole minor units")

    def exact(self, value: Decimal, limit: int, what: str) -> int:
        """Return a value that must be whole and in range."""
        if value != value.to_integral_value() or value > limit:
            raise self.wrong(f"{what}, found {self.tokens[self.position - 1]}")
        return int(value)

    def peek(self) -> str:
        """Return the token here, empty at the end."""
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, token: str) -> None:
        """Step over a token that must be here."""
        if self.peek() != token:
            raise self.wrong(f"{token!r}, found {self.peek() or 'the end'!r}")
        self.position += 1

    def wrong(self, expected: str) -> ValueError:
        """Return the error for this place."""
        return ValueError(f"formula {self.text!r}: expected {expected}; forms: {FORMS}")


def _tokens(text: str) -> list[str]:
    """Return the words of a formula."""
    tokens, position = [], 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise ValueError(f"formula {text!r}: {text[position:]!r} is not read; forms: {FORMS}")
        word = found[1]
        tokens.append(word.upper() if word.isalpha() else word)
        position = found.end()
    return tokens


def _floored(parser: _Parser, rounding: str | None = None) -> Formula:
    formula, floor = _rate_and_limit(parser)
    return replace(formula, floor=floor, rounding=rounding)


def _capped(parser: _Parser) -> Formula:
    formula, cap = _rate_and_limit(parser)
    return replace(formula, cap=cap)


def _rate_and_limit(parser: _Parser) -> tuple[Formula, int]:
    """Return the rate and the one limit beside it, whichever is written first."""
    word, after = [*parser.tokens[parser.position :], "", ""][:2]
    if word != "AMT" and not word.endswith(tuple(_PARTS)) and after != "*":
        limit = parser.fine(parser.number_then())
        return parser.rate(), limit
    formula = parser.rate()
    parser.take(",")
    return formula, parser.fine(parser.number())


def _limits(parser: _Parser) -> tuple[int, int]:
    floor, cap = parser.fine(parser.number_then()), parser.fine(parser.number_then())
    if floor > cap:
        raise parser.wrong("a floor that is at most the cap")
    return floor, cap


def _between(parser: _Parser) -> Formula:
    floor, cap = _limits(parser)
    return replace(parser.rate(), floor=floor, cap=cap)


def _digit_rounded(parser: _Parser) -> Formula:
    floor, cap = _limits(parser)
    formula = parser.flat_rate(parser.number_then())
    digit = parser.number()
    if digit != digit.to_integral_value() or not 1 <= digit <= _LAST_DIGIT:
        raise parser.wrong("a digit from 1 to 9 last")
    return replace(formula, floor=floor, cap=cap, rounding=f"digit_{int(digit)}")


def _above(parser: _Parser) -> Formula:
    threshold = parser.amount(parser.number_then())
    return replace(parser.expression(), threshold=threshold)


_FORMS: dict[str, Callable[[_Parser], Formula]] = {
    "MAX": _floored,
    "MIN": _capped,
    "MTM": _between,
    "SGL": lambda parser: Formula(FLAT_BANDS, (), (parser.fine(parser.number()),)),
    "FIX": lambda parser: parser.bands(FLAT_BANDS, parser.fine),
    "FLO": lambda parser: parser.bands(RATE_BANDS, parser.billionths),
    "INC": lambda parser: parser.steps(STARTED_STEPS),
    "INCF": lambda parser: parser.steps(FULL_STEPS),
    "IFBIG": _above,
    "IPSMAX": lambda parser: _floored(parser, "ceiling"),
    "BKFEE": _digit_rounded,
}
