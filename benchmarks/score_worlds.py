"""Nights of payments and bank credits with a hidden truth, as a SCORE pass meets them.

A world is drawn from its seed: how texts are written (references, names, both, none), prices
(free or popular), fees taken or not, days, and how many rows have no partner at all. The bank
shows a payment later, its text as it was, cut, wrapped, misspelt, turned round or replaced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recon.core.arrays.means import Means
from recon.core.codes import Kind, Side, State
from recon.core.match import Matches, match
from recon.core.plan import Leg, Method, Pass
from recon.core.schema import SLIM, conform
from recon.core.texts.text import text_buffers

STYLES = ("reference", "names", "mixed", "none")
PRICES = ("free", "popular")
DAYS = (1, 3, 30)
ALONE = (0.05, 0.2, 0.5, 0.8)
GIVEN = ("Ming", "Wei", "Fang", "Jun", "Lei", "Yan", "Hui", "Ling", "Tao", "Bo")
GIVEN += ("Anna", "Ben", "Carla", "David", "Eva", "Frank", "Greta", "Hans", "Ida", "Jan")
FAMILY = ("Wang", "Li", "Zhang", "Liu", "Chen", "Yang", "Zhao", "Huang", "Zhou", "Wu", "Smith")
FAMILY += ("Jones", "Brown", "Taylor", "Evans", "Roberts", "Walker", "Wright", "Hughes", "Green")
GOODS = ("invoice", "order", "rent", "payment", "fee", "deposit", "salary", "refund", "booking")
GOODS += ("hotel", "taxi", "lunch", "water", "power", "gas")
POPULAR = (500, 990, 1_500, 1_990, 2_500, 2_990, 4_990, 9_900, 10_000, 19_900)
FEES = (6, 38, 100)  # thousandths that the bank's credit is less
FIRST_DAY = 20_000
LATEST = 9


@dataclass(frozen=True)
class Row:
    """One row: its truth (equal numbers are partners), minor units, day and text."""

    truth: int
    amount: int
    day: int
    text: str


@dataclass(frozen=True)
class World:
    """Rows of both sides, and how they were drawn."""

    left: list[Row]
    right: list[Row]
    style: str
    prices: str
    alone: float

    @property
    def partners(self) -> int:
        """Return how many rows have a partner."""
        return len({row.truth for row in self.left} & {row.truth for row in self.right})


def one_of(rng: np.random.Generator, choices: tuple | list) -> object:
    """Return one of the choices."""
    return choices[int(rng.integers(len(choices)))]


def draw_amount(rng: np.random.Generator, prices: str) -> int:
    """Return an amount in minor units."""
    if prices == "popular":
        return one_of(rng, POPULAR)
    return int(np.clip(np.exp(rng.normal(9.0, 1.3)), 100, 5e8))


def draw_text(rng: np.random.Generator, style: str) -> str:
    """Return what the payer wrote."""
    name = f"{one_of(rng, GIVEN)} {one_of(rng, FAMILY)}"
    texts = {
        "reference": f"{one_of(rng, GOODS)} {int(rng.integers(10**9, 10**10))}",
        "names": f"{one_of(rng, GOODS)} {name}",
        "mixed": f"{name} {one_of(rng, GOODS)} {int(rng.integers(10**4)):04d}",
    }
    return texts.get(style, "")


def as_the_bank_shows(rng: np.random.Generator, text: str) -> str:
    """Return the text as it arrives."""
    if not text:
        return ""
    cut = int(rng.integers(len(text) // 2, len(text) + 1))
    swap = int(rng.integers(len(text) - 1))
    forms = (
        (0.25, text),
        (0.5, text[:cut].upper()),
        (0.7, f"TRF {text} /OK"),
        (0.8, text[:swap] + text[swap + 1] + text[swap] + text[swap + 2 :]),
        (0.9, " ".join(reversed(text.split()))),
        (1.0, str(one_of(rng, GOODS))),
    )
    roll = rng.random()
    return next(form for most, form in forms if roll < most)


def draw_world(seed: int, pairs: int, alone: float | None = None) -> World:
    """Return a world of `pairs` payments; a share `alone` of them is shown on one side only."""
    rng = np.random.default_rng([seed, pairs])
    style, prices = str(one_of(rng, STYLES)), str(one_of(rng, PRICES))
    days, fees = one_of(rng, DAYS), rng.random() < 0.5
    drawn = one_of(rng, ALONE)
    share = drawn if alone is None else alone
    left, right = [], []
    for truth in range(pairs):
        amount, text = draw_amount(rng, prices), draw_text(rng, style)
        day = int(rng.integers(days))
        shown_once, on_left = rng.random() < share, rng.random() < 0.5
        taken = one_of(rng, FEES) if fees and rng.random() < 0.5 else 0
        paid = amount - amount * taken // 1000
        late = day + min(int(rng.geometric(0.5)) - 1, LATEST)
        credit = Row(truth, paid, late, as_the_bank_shows(rng, text))
        if on_left or not shown_once:
            left.append(Row(truth, amount, day, text))
        if not on_left or not shown_once:
            right.append(credit)
    return World(left, right, style, prices, share)


def solve(world: World, confidence_ppm: int = 0) -> tuple[np.ndarray, np.ndarray, Matches]:
    """Return each link's probability, whether it is right, and everything found."""
    both = [*world.left, *world.right]
    amount = np.array([row.amount for row in both], np.int64)
    day = np.array([FIRST_DAY + row.day for row in both], np.int32)
    rows = len(both)
    slim = pl.DataFrame(
        {
            "txn_id": np.arange(rows),
            "side": np.repeat(
                [int(Side.CHANNEL), int(Side.BANK)], [len(world.left), len(world.right)]
            ),
            "kind": np.full(rows, int(Kind.PAYMENT)),
            "state": np.full(rows, int(State.SUCCESS)),
            "amount_minor": amount,
            "net_minor": amount,
            "currency": np.zeros(rows, np.int64),
            "due_date": day,
            "value_date": day,
        }
    )
    step = Pass(
        "score",
        Method.SCORE,
        (),
        (),
        tolerance_ppm=100_000,
        days_after=10,
        confidence_ppm=confidence_ppm,
    )
    leg = Leg("leg", Side.CHANNEL, Side.BANK, (step,))
    texts = {"memo": text_buffers(pl.Series([row.text for row in both], dtype=pl.String))}
    everybody = {"leg": np.ones(rows, np.bool_)}
    found = match(conform(slim, SLIM), {}, (leg,), everybody, means=Means(1), texts=texts)
    truth = np.array([row.truth for row in both], np.int64)
    links = found.links
    right = truth[links["left"].to_numpy()] == truth[links["right"].to_numpy()]
    return links["score"].to_numpy() / 1e6, right, found
