"""What speaks for and against a link of a SCORE pass, in words: `links.reasons`.

For instance `for: equal amount +9.2, one text begins the other +8.7; against: 9 days later -1.3
(bits)`. A weight of 10 bits makes a pair about a thousand times as likely as without it.
"""

from __future__ import annotations

import polars as pl

AMOUNT_WORDS = (
    "equal amount",
    "amount within 0.03 %",
    "amount within 0.1 %",
    "amount within 0.3 %",
    "amount within 1 %",
    "amount within 2 %",
    "amount within 5 %",
    "amount within 10 %",
    "amount within 20 %",
    "amount more than 20 % off",
)
TEXT_WORDS = (
    "nothing in common in the text",
    "no text to compare",
    *(f"first {size} bytes of the text shared" for size in range(1, 23)),
    "first 23 or more bytes of the text shared",
    "one text begins the other",
    "equal texts",
    "one rare number in both texts",
    "two rare words or numbers in both texts",
    "three or more rare words or numbers in both texts",
    "one rare word in both texts",
    "two rare words in both texts",
    "three or more rare words in both texts",
    "alike by Jaro-Winkler (0.88)",
    "at most 30 % of the letters differ",
    "alike by Jaro-Winkler (0.95)",
    "at most 20 % of the letters differ",
    "at most 10 % of the letters differ",
)
UNIT = "bits"
LEAST = 10  # hundredths of a bit below which a level is not told
NOTHING_SPOKE = "the only candidates, nothing weighs a tenth of a bit"
_HUNDRED = 100


def reasons(spoken: pl.DataFrame, *, working_days: pl.Expr) -> pl.Series:
    """Return the evidence of each row of `spoken` (`recon.core.match.SPOKEN_SCHEMA`) in words.

    working_days: whether the row's pass counts working days.
    """
    if spoken.is_empty():  # on most nights nothing is weighed, and asking takes a hundredth second
        return pl.Series("reasons", [], dtype=pl.String)
    told = [
        (pl.col("amount_level").cast(pl.UInt32).cat.to(pl.Enum(AMOUNT_WORDS)), "amount_weight"),
        (_lag_words(working_days), "lag_weight"),
        (pl.col("text_level").cast(pl.UInt32).cat.to(pl.Enum(TEXT_WORDS)), "text_weight"),
    ]
    parts = [(words.cast(pl.String), pl.col(weight)) for words, weight in told]
    spoke = [
        pl.concat_list(
            pl.when(sign * weight >= LEAST).then(words + " " + _bits(weight))
            for words, weight in parts
        )
        .list.drop_nulls()
        .list.join(", ")
        for sign in (1, -1)
    ]
    named = [
        pl.when(side != "").then(pl.lit(f"{label}: ") + side)
        for label, side in zip(("for", "against"), spoke, strict=True)
    ]
    line = pl.concat_list(named).list.drop_nulls().list.join("; ")
    sentence = pl.when(line != "").then(line + f" ({UNIT})").otherwise(pl.lit(NOTHING_SPOKE))
    return spoken.select(sentence.alias("reasons"))["reasons"]


def _lag_words(working_days: pl.Expr) -> pl.Expr:
    """Return the lag in words."""
    size = pl.col("lag").abs()
    day = pl.when(working_days).then(pl.lit("working day")).otherwise(pl.lit("day"))
    unit = pl.when(size == 1).then(day).otherwise(day + "s")
    way = pl.when(pl.col("lag") > 0).then(pl.lit("later")).otherwise(pl.lit("earlier"))
    counted = pl.concat_str(size.cast(pl.String), unit, way, separator=" ")
    return pl.when(size == 0).then(pl.lit("same day")).otherwise(counted)


def _bits(weight: pl.Expr) -> pl.Expr:
    """Return hundredths of a bit as bits with a sign and one decimal, rounded down in size."""
    size = weight.abs()
    sign = pl.when(weight < 0).then(pl.lit("-")).otherwise(pl.lit("+"))
    tenths = (size % _HUNDRED // 10).cast(pl.String)
    return pl.concat_str(sign, (size // _HUNDRED).cast(pl.String), pl.lit("."), tenths)
