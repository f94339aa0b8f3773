"""The matcher's positions as published tables: links, groups and one outcome a row."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core import evidence, groups
from recon.core.codes import MatchKind, Outcome
from recon.core.money import CURRENCIES
from recon.core.plan import Leg, Method
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
    inside = netted.height
    every = links.select("left", "right", "leg", "match_kind", "score").with_columns(
        pl.Series("pass", pass_code[links["leg"], links["pass_no"]])
    )
    if inside:
        own = netted.select("left", "right").with_columns(
            leg=pl.lit(len(legs)),
            match_kind=pl.lit(int(MatchKind.NETTING)),
            score=pl.lit(_CERTAIN_PPM),
            **{"pass": pl.lit(len(pass_names) - 1)},
        )
        every = pl.concat([every, own.cast(every.schema)])
    every = every[np.argsort(every["left"].to_numpy(), kind="stable")]  # legs are runs in order
    reasons = pl.Enum(list(dict.fromkeys(_REASON[kind] for kind in sorted(MatchKind))))
    table = every.select(
        pl.Series("left_txn_id", ids[every["left"]]),
        pl.Series("right_txn_id", ids[every["right"]]),
        pl.col("leg").cat.to(pl.Enum(leg_names)),
        pl.col("pass").cat.to(pl.Enum(pass_names)),
        pl.col("match_kind").cat.to(words(MatchKind)),
        "score",
        reasons=pl.col("match_kind").cat.to(reasons),
    )
    return conform(_with_evidence(table, every, matched.matches.spoken, legs), LINKS)


def _with_evidence(
    table: pl.DataFrame, every: pl.DataFrame, spoken: pl.DataFrame, legs: tuple[Leg, ...]
) -> pl.DataFrame:
    """Put what spoke for and against each SCORE link into `reasons`.

    `every` holds the links of `table` by position, row by row.
    """
    if spoken.height == 0:
        return table
    working = [
        number
        for number, leg in enumerate(legs)
        if any(step.method is Method.SCORE and step.business_days for step in leg.passes)
    ]
    words_of = evidence.reasons(spoken, working_days=pl.col("leg").is_in(working))
    said = spoken.select("leg", "left", "right").with_columns(words_of.alias("said"))
    told = every.select("leg", "left", "right").join(
        said.cast({name: every.schema[name] for name in ("leg", "left", "right")}),
        on=["leg", "left", "right"],
        how="left",
        maintain_order="left",
    )
    return table.with_columns(reasons=pl.coalesce(told["said"], table["reasons"].cast(pl.String)))


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
            pl.col("currency").cast(pl.UInt32).cat.to(currencies),
            pl.col("outcome").cat.to(words(Outcome)),
        ),
        GROUPS,
    )


def outcome_table(matched: Matched, classified: Classified, closing: pl.DataFrame) -> pl.DataFrame:
    """Return the OUTCOMES table: every row of the ledger, exactly once."""
    ids = matched.ledger.slim["txn_id"].to_numpy()
    waits = np.zeros(ids.size, bool)
    waits[np.searchsorted(ids, closing["txn_id"].to_numpy())] = True
    table = pl.DataFrame(
        {
            "txn_id": matched.ledger.slim["txn_id"],
            "group_id": ids[matched.matches.group],
            "outcome": classified.outcome,
            "opening": matched.ledger.opening,
            "closing": waits,
            "reason": classified.reason,
        }
    )
    return conform(
        table.with_columns(
            pl.col("outcome").cat.to(words(Outcome)),
            reason=pl.when(pl.col("reason") > 0).then(pl.col("reason")).cat.to(pl.Enum(REASONS)),
        ),
        OUTCOMES,
    )
