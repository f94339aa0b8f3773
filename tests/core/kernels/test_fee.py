"""The fee kernel: interpreted, compiled and the exact-fraction oracle agree."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import fee as kernel
from recon.core.pricing import (
    ALL_DAYS,
    MAX_AMOUNT,
    NO_DAY,
    ROUNDINGS,
    Line,
    Profiles,
    compile_lines,
    price,
    price_lines,
)
from tests.oracle import fees as oracle


@st.composite
def forms(draw):
    """Draw a line and the same formula for the oracle."""
    kind = draw(st.sampled_from(["rate", "flat", "started", "full"]))
    bounds = sorted(draw(st.sets(st.integers(1, 10**7), max_size=3)))
    unit = draw(st.sampled_from(["minor", "fine"]))
    grain = kernel.FINE if unit == "minor" else 1
    form = {"bounds": [Fraction(bound, 100) for bound in bounds]}
    step, shape = 1, kernel.RATE_BANDS
    if kind == "rate":
        values = draw(st.lists(st.integers(0, 10**9), min_size=len(bounds) + 1, max_size=4))
        values = (values + [10**7] * 4)[: len(bounds) + 1]
        form["rates"] = [Fraction(value, 10**9) for value in values]
    elif kind == "flat":
        shape = kernel.FLAT_BANDS
        values = [draw(st.integers(0, 10**7)) * grain for _ in range(len(bounds) + 1)]
        form["flats"] = [Fraction(value, 100_000) for value in values]
    else:
        shape = kernel.STARTED_STEPS if kind == "started" else kernel.FULL_STEPS
        bounds, step = [], draw(st.integers(100, 10**7))
        values = [draw(st.integers(0, 100)) * grain]
        form |= {"bounds": [], "step": Fraction(step, 100), "full": kind == "full"}
        form["flats"] = [Fraction(values[0], 100_000)]
    limits = {"floor": -1, "cap": -1, "threshold": -1}
    if draw(st.booleans()):
        limits["floor"] = draw(st.integers(0, 10**5)) * grain
        form["floor"] = Fraction(limits["floor"], 100_000)
    if draw(st.booleans()):
        limits["cap"] = max(limits["floor"], 0) + draw(st.integers(0, 10**5)) * grain
        form["cap"] = Fraction(limits["cap"], 100_000)
    if draw(st.booleans()):
        limits["threshold"] = draw(st.integers(0, 10**6))
        form["above"] = Fraction(limits["threshold"], 100)
    surcharge = draw(st.sampled_from([0, 100, 200, 300])) * kernel.FINE
    form["plus"] = Fraction(surcharge, 100_000)
    mode = draw(st.sampled_from(sorted(ROUNDINGS)))
    line = Line(
        shape=shape,
        step=step,
        surcharge=surcharge,
        rounding=ROUNDINGS[mode],
        unit_fine=unit == "fine",
        band_below=tuple(bounds),
        band_value=tuple(values),
        **limits,
    )
    return line, form, mode, unit


AMOUNTS = st.one_of(st.integers(0, 10**7), st.integers(0, MAX_AMOUNT), st.just(MAX_AMOUNT))


@settings(max_examples=300, deadline=None)
@given(drawn=forms(), amounts=st.lists(AMOUNTS, min_size=1, max_size=8))
def test_compiled_fee_is_the_exact_one(drawn, amounts):
    """Every formula, rounding and unit gives what exact fractions give."""
    line, form, mode, unit = drawn
    tariff = compile_lines([line])
    amount = np.array(amounts, np.int64)
    found = price_lines(tariff, amount, np.zeros(amount.size, np.int32))
    assert found.tolist() == [oracle.fee_minor(value, form, mode, unit) for value in amounts]


@settings(max_examples=60, deadline=None)
@given(drawn=forms(), amounts=st.lists(st.integers(0, 10**9), min_size=1, max_size=4))
def test_interpreted_kernel_agrees(drawn, amounts):
    """The kernel run as plain Python gives the same fees."""
    tariff = compile_lines([drawn[0]])
    amount = np.array(amounts, np.int64)
    compiled = price_lines(tariff, amount, np.zeros(amount.size, np.int32))
    plain = np.empty(amount.size, np.int64)
    kernel.price_lines.py_func(
        amount,
        np.zeros(amount.size, np.int32),
        tariff.lines,
        tariff.band_below,
        tariff.band_value,
        plain,
    )
    assert plain.tolist() == compiled.tolist()


@st.composite
def priced(draw):
    """Draw lines of bands and validities under a few ranks, and rows to price."""
    lines = []
    for number in range(draw(st.integers(1, 5))):
        low = draw(st.integers(0, 50))
        first = draw(st.integers(0, 20))
        line = {
            "low": low,
            "high": low + draw(st.integers(1, 60)),
            "first": first,
            "last": first + draw(st.integers(0, 20)),
        }
        if draw(st.booleans()):  # a line for every amount and day, or nearly
            always = {"low": 0, "high": MAX_AMOUNT + 1, "first": NO_DAY, "last": ALL_DAYS}
            line = always | draw(st.sampled_from([{}, *({key: line[key]} for key in line)]))
        lines.append(line | {"name": number, "rank": draw(st.integers(0, 2)), "when": {}})
    lines.sort(key=lambda line: -line["rank"])
    rows = draw(st.lists(st.tuples(st.integers(-1, 110), st.integers(0, 40)), max_size=20))
    return lines, rows


@settings(max_examples=200, deadline=None)
@given(drawn=priced(), interpreted=st.booleans())
def test_the_most_specific_line_wins_and_a_tie_is_told(drawn, interpreted):
    """The winner is the oracle's; a tie has a status and no fee; signs do not count."""
    lines, rows = drawn
    tariff = compile_lines(
        [
            Line(
                specificity=line["rank"],
                amount_from=line["low"],
                amount_below=line["high"],
                day_from=line["first"],
                day_until=line["last"],
                shape=kernel.FLAT_BANDS,
                rounding=0,
                band_value=(line["name"] * kernel.FINE,),
            )
            for line in lines
        ]
    )
    profiles = Profiles(np.array([0, len(lines)]), np.arange(len(lines), dtype=np.int32))
    amount = np.array([row[0] for row in rows], np.int64)
    day = np.array([row[1] for row in rows], np.int64)
    profile = np.zeros(len(rows), np.int64)
    if interpreted:
        fee, line = np.empty(len(rows), np.int64), np.empty(len(rows), np.int32)
        sure = np.empty(1, np.int32)
        kernel.list_sure.py_func(profiles.start, profiles.line, tariff.lines, sure)
        kernel.price.py_func(
            amount,
            day,
            profile,
            profiles.start,
            profiles.line,
            sure,
            tariff.lines,
            tariff.band_below,
            tariff.band_value,
            fee,
            line,
        )
    else:
        fee, line = price(tariff, profiles, amount, day, profile.__getitem__)
    for position, (value, when) in enumerate(rows):
        wanted = oracle.choose(lines, {}, abs(value), when)
        if wanted is None:
            assert line[position] == kernel.NO_LINE
        elif wanted == "tied":
            assert line[position] == kernel.TIED
        else:
            assert lines[line[position]]["name"] == wanted == fee[position]
        if line[position] < 0:
            assert fee[position] == 0


@pytest.mark.parametrize("amount", [MAX_AMOUNT, MAX_AMOUNT + 1])
def test_amount_beyond_the_limit_has_no_fee(amount):
    """The greatest amount is priced exactly, the next one is refused with a status."""
    line = Line(shape=0, rounding=0, unit_fine=True, day_until=1, band_value=(10**9,))
    profiles = Profiles(np.array([0, 1]), np.zeros(1, np.int32))
    one = np.zeros(1, np.int64)
    fee, found = price(compile_lines([line]), profiles, np.array([amount]), one, one.__getitem__)
    if amount == MAX_AMOUNT:
        assert fee.tolist() == [MAX_AMOUNT]
    else:
        assert found.tolist() == [kernel.OUT_OF_RANGE]
