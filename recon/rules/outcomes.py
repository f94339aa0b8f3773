"""The matcher's positions as published tables: links, groups and one outcome a row."""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.codes import MatchKind, Outcome, Side
from recon.core.money import CURRENCIES
from recon.core.plan import Leg
from recon.core.schema import GROUPS, LINKS, OUTCOMES, conform, words
from recon.rules.classify import REASONS, Classified
from recon.rules.netting import NETTING
from recon.rules.night import Matched

_REASON = {
    MatchKind.EXACT: "equal key, equal amount",
    MatchKind.KEY: "equal key, amount or currency differs",
    MatchKind.SURPLUS: "equal key, the partner is already taken",
    MatchKind.GROUP: "rows of one batch and its credit",
    MatchKind.UNIQUE: "equal attributes, unique on both sides",
    MatchKind.NETTING: "reversal or void of a payment",
    MatchKind.WINDOW: "equal amount inside the date window",
    MatchKind.BAND: "amount and date inside the tolerance, best assignment",
    MatchKind.SCORE: "text and reference evidence",
    MatchKind.SUBSET: "the only subset that adds up",
}
_CERTAIN_PPM = 1_000_000


def link_table(matched: Matched, legs: tuple[Leg, ...], netted: pl.DataFrame) -> pl.DataFrame:
    """Return the LINKS table; netting links stand under the leg name `netting`."""
    ids = matched.ledger.slim["txn_id"]
    links = matched.matches.links
    names = {number: leg.name for number, leg in enumerate(legs)}
    passes = {
        number * 256 + position: item.name
        for number, leg in enumerate(legs)
        for position, item in enumerate(leg.passes)
    }
    found = links.select(
        ids.gather(links["left"].to_numpy()).alias("left_txn_id"),
        ids.gather(links["right"].to_numpy()).alias("right_txn_id"),
        pl.col("leg").replace_strict(names, return_dtype=pl.String),
        (pl.col("leg").cast(pl.Int32) * 256 + pl.col("pass_no").cast(pl.Int32))
        .replace_strict(passes, return_dtype=pl.String)
        .alias("pass"),
        "match_kind",
        "score",
    )
    inside = netted.select(
        ids.gather(netted["left"].to_numpy()).alias("left_txn_id"),
        ids.gather(netted["right"].to_numpy()).alias("right_txn_id"),
        pl.lit(NETTING).alias("leg"),
        pl.lit("original reference").alias("pass"),
        pl.lit(int(MatchKind.NETTING), pl.UInt8).alias("match_kind"),
        pl.lit(_CERTAIN_PPM, pl.Int32).alias("score"),
    )
    table = pl.concat([found, inside]).with_columns(
        pl.col("match_kind")
        .replace_strict({int(k): k.name for k in MatchKind}, return_dtype=pl.String)
        .cast(words(MatchKind)),
        reasons=pl.col("match_kind").replace_strict(
            {int(kind): text for kind, text in _REASON.items()}, return_dtype=pl.String
        ),
    )
    return conform(table, LINKS).sort(LINKS.key)


def group_table(
    matched: Matched, outcome: np.ndarray[tuple[int], np.dtype[np.uint8]]
) -> pl.DataFrame:
    """Return the GROUPS table: per-side counts and 128-bit sums of every match group."""
    slim = matched.ledger.slim
    ids = slim["txn_id"].to_numpy()
    frame = slim.select("side", "amount_minor", "net_minor", "currency").with_columns(
        pl.Series("group_id", ids[matched.matches.group]), pl.Series("outcome", outcome)
    )
    sums = frame.group_by("group_id").agg(
        *_counts(),
        *_amounts(),
        pl.col("currency").min().alias("least"),
        pl.col("currency").max().alias("most"),
        (pl.col("outcome") == int(Outcome.BREAK)).any().alias("broken"),
        (pl.col("outcome") == int(Outcome.CARRIED)).any().alias("carried"),
        (pl.col("outcome") == int(Outcome.MATCHED)).any().alias("linked"),
        pl.col("outcome").min().alias("only"),
    )
    word = (
        pl.when("broken")
        .then(pl.lit(int(Outcome.BREAK)))
        .when("carried")
        .then(pl.lit(int(Outcome.CARRIED)))
        .when("linked")
        .then(pl.lit(int(Outcome.MATCHED)))
        .otherwise(pl.col("only").cast(pl.Int32))
    )
    table = sums.with_columns(
        currency=pl.when(pl.col("least") == pl.col("most")).then(
            pl.col("least").replace_strict(dict(enumerate(CURRENCIES)), return_dtype=pl.String)
        ),
        outcome=_outcome_word(word),
    )
    return conform(table, GROUPS).sort("group_id")


def _counts() -> list[pl.Expr]:
    return [
        (pl.col("side") == int(side)).sum().cast(pl.Int64).alias(f"{side.name.lower()}_rows")
        for side in Side
    ]


def _amounts() -> list[pl.Expr]:
    wanted = [
        (Side.MERCHANT, "amount_minor", "merchant_minor"),
        (Side.CHANNEL, "amount_minor", "channel_minor"),
        (Side.CHANNEL, "net_minor", "channel_net_minor"),
        (Side.BANK, "amount_minor", "bank_minor"),
    ]
    return [
        pl.col(column).filter(pl.col("side") == int(side)).cast(pl.Int128).sum().alias(name)
        for side, column, name in wanted
    ]


def _outcome_word(number: pl.Expr) -> pl.Expr:
    return number.replace_strict(
        {int(item): item.name for item in Outcome}, return_dtype=pl.String
    ).cast(words(Outcome))


def outcome_table(matched: Matched, classified: Classified, closing: pl.DataFrame) -> pl.DataFrame:
    """Return the OUTCOMES table: every row of the ledger, exactly once."""
    slim = matched.ledger.slim
    ids = slim["txn_id"].to_numpy()
    table = slim.select("txn_id").with_columns(
        pl.Series("group_id", ids[matched.matches.group]),
        pl.Series("outcome", classified.outcome),
        pl.Series("opening", matched.ledger.opening),
        pl.Series("closing", np.isin(ids, closing["txn_id"].to_numpy())),
        pl.Series("reason", classified.reason),
    )
    reasons = {number: text or None for number, text in enumerate(REASONS)}
    table = table.with_columns(
        _outcome_word(pl.col("outcome")),
        pl.col("reason").replace_strict(reasons, return_dtype=pl.String),
    )
    return conform(table, OUTCOMES)
