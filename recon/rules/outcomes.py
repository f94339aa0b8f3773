"""The matcher's positions as published tables: links, groups and one outcome a row."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core import groups
from recon.core.codes import MatchKind, Outcome
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
    MatchKind.GROUP: "many rows of one key: a batch and its credit, or one order told in parts",
    MatchKind.UNIQUE: "equal attributes, unique on both sides",
    MatchKind.NETTING: "reversal or void of a payment",
    MatchKind.WINDOW: "equal amount inside the date window",
    MatchKind.BAND: "amount and date inside the tolerance, best assignment",
    MatchKind.SCORE: "text and reference evidence",
    MatchKind.SUBSET: "the only subset that adds up",
    MatchKind.PINNED: "a person's decision",
}
_CERTAIN_PPM = 1_000_000


def link_table(matched: Matched, legs: tuple[Leg, ...], netted: pl.DataFrame) -> pl.DataFrame:
    """Return the LINKS table; netting links stand under the leg name `netting`."""
    ids = matched.ledger.slim["txn_id"].to_numpy()
    links = matched.matches.links
    leg_names = [*(leg.name for leg in legs), NETTING]
    pass_names, pass_code = _pass_codes(legs)
    leg, step = links["leg"].to_numpy(), links["pass_no"].to_numpy()
    inside = netted.height
    table = pl.DataFrame(
        {
            "left_txn_id": ids[np.concatenate([links["left"], netted["left"]])],
            "right_txn_id": ids[np.concatenate([links["right"], netted["right"]])],
            "leg": np.concatenate([leg, np.full(inside, len(legs), np.uint8)]),
            "pass": np.concatenate(
                [pass_code[leg, step], np.full(inside, len(pass_names) - 1, np.uint16)]
            ),
            "match_kind": np.concatenate(
                [links["match_kind"], np.full(inside, int(MatchKind.NETTING), np.uint8)]
            ),
            "score": np.concatenate([links["score"], np.full(inside, _CERTAIN_PPM, np.int32)]),
        }
    ).sort(LINKS.key)
    kinds = words(MatchKind)
    reasons = pl.Enum([_REASON[kind] for kind in sorted(MatchKind)])
    return conform(
        table.with_columns(
            pl.col("leg").cat.to(pl.Enum(leg_names)).cast(pl.String),
            pl.col("pass").cat.to(pl.Enum(pass_names)).cast(pl.String),
            pl.col("match_kind").cat.to(kinds),
            reasons=pl.col("match_kind").cat.to(reasons).cast(pl.String),
        ),
        LINKS,
    )


def _pass_codes(legs: tuple[Leg, ...]) -> tuple[list[str], NDArray[np.uint16]]:
    """Return the distinct pass names and, by leg and pass number, which of them it is."""
    names = list(dict.fromkeys([*(item.name for leg in legs for item in leg.passes), "pinned"]))
    code = np.full((len(legs), 1 << 8), names.index("pinned"), np.uint16)
    for number, leg in enumerate(legs):
        for position, item in enumerate(leg.passes):
            code[number, position] = names.index(item.name)
    own = "original reference"
    return [*names, own if own not in names else f"{own} (netting)"], code


def group_table(matched: Matched, outcome: NDArray[np.uint8]) -> pl.DataFrame:
    """Return the GROUPS table: per-side counts and 128-bit sums of every match group."""
    table = groups.group_table(matched.ledger.slim, matched.matches.group, outcome)
    currencies = pl.Enum(CURRENCIES)
    return conform(
        table.with_columns(
            pl.col("currency").cast(pl.UInt32).cat.to(currencies).cast(pl.String),
            pl.col("outcome").cat.to(words(Outcome)),
        ),
        GROUPS,
    )


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
    reason = pl.col("reason").cat.to(pl.Enum(REASONS)).cast(pl.String)
    table = table.with_columns(
        pl.col("outcome").cat.to(words(Outcome)),
        reason=pl.when(pl.col("reason") > 0).then(reason),
    )
    return conform(table, OUTCOMES)
