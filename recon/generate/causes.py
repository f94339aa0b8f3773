"""The causes that a world's disputes must name, by plain arithmetic on what was planted.

A difference may look like one that was not planted: an order booked 9.00 too high at 12.00 reads
21.00, two digits swapped. Whoever has only the two books cannot tell, so the truth names it too.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from recon.generate.text import yuan

_DIGITS: Final = 9
_SHIFTS: Final = (  # factor, and how people call it
    (100, "unit error x100"),
    (10, "decimal shifted by 1"),
    (1_000, "decimal shifted by 3"),
)
_ROUNDED_TO: Final = (10, 100)  # fen
DIFFERENCES: Final = {  # amounts that differ
    "reference": pl.String,
    "night": pl.Int32,
    "merchant": pl.String,
    "terminal": pl.String,
    "expected": pl.Int64,
    "actual": pl.Int64,
}
_FEWEST: Final = 3  # amounts of one terminal and night that share a difference


def amount_cause(expected: pl.Expr, actual: pl.Expr, fee: pl.Expr | None = None) -> pl.Expr:
    """Return a cause that fits two amounts of one sign to the fen, null where none does."""
    size, found = expected.abs(), actual.abs()
    return pl.coalesce(
        _shifted(size, found),
        _fee(expected, actual, pl.lit(0) if fee is None else fee),
        _swapped(size, found),
        _rounded(size, found),
    )


def _where(condition: pl.Expr, words: pl.Expr | str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(words) if isinstance(words, str) else words)


def _shifted(expected: pl.Expr, actual: pl.Expr) -> pl.Expr:
    """Return a decimal mark in another place."""
    sizes = []
    for factor, words in _SHIFTS:
        sizes.append(_where(actual == expected * factor, f"{words} (too large)"))
        sizes.append(_where(expected == actual * factor, f"{words} (too small)"))
    return pl.coalesce(sizes)


def _fee(expected: pl.Expr, actual: pl.Expr, fee: pl.Expr) -> pl.Expr:
    """Return the fee of the sale, taken off the amount or added to it."""
    more, words = actual - expected, pl.format("fee of {} ", yuan(fee))
    return pl.when(fee != 0).then(
        pl.coalesce(
            _where(more == -fee, words + "taken off"),
            _where(more == fee, words + "added"),
            _where(more.abs() == 2 * fee.abs(), words + "with the wrong sign"),
        )
    )


def _swapped(expected: pl.Expr, actual: pl.Expr) -> pl.Expr:
    """Return two neighbouring digits that changed places."""
    places = []
    for place in range(_DIGITS):
        high, low = expected // 10 ** (place + 1) % 10, expected // 10**place % 10
        other = expected + (low - high) * 9 * 10**place
        words = pl.format("digits {} and {} swapped", high, low)
        places.append(_where((high != low) & (actual == other), words))
    return pl.coalesce(places)


def _rounded(expected: pl.Expr, actual: pl.Expr) -> pl.Expr:
    """Return a sum cut to tenths or to whole yuan."""
    modes = []
    for unit in _ROUNDED_TO:
        down, words = expected // unit * unit, f"to {unit // 100}.{unit % 100:02d}"
        broken = down != expected
        modes.append(_where(broken & (actual == down), f"rounded down {words}"))
        modes.append(_where(broken & (actual == down + unit), f"rounded up {words}"))
    return pl.coalesce(modes)


def constant(differences: pl.DataFrame) -> pl.DataFrame:
    """Return the reference and cause of DIFFERENCES that several amounts of one till share."""
    place = ["night", "merchant", "terminal", "more"]
    more = pl.col("actual") - pl.col("expected")
    amounts = pl.col("expected").n_unique().over(place)
    shared = differences.with_columns(more=more).with_columns(amounts=amounts)
    return shared.filter(pl.col("amounts") >= _FEWEST).select(
        "reference",
        cause=pl.format("constant difference of {} on {} amounts", yuan("more"), "amounts"),
    )
