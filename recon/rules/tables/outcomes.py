"""The matcher's positions as published tables: links, groups and one outcome a row."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core import evidence, groups
from recon.core.arrays.pieces import Pieces, steps
from recon.core.codes import MatchKind, Outcome
from recon.core.ends import Ends
from recon.core.money import CURRENCIES
from recon.core.plan import Leg, Method
from recon.core.schema import GROUPS, LINKS, OUTCOMES, conform, words
from recon.rules.classify import REASONS, Classified
from recon.rules.night import Matched
from recon.rules.undone.netting import NETTING

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
    MatchKind.TOGETHER: "several batches of one merchant, one sum",
}
_CERTAIN_PPM = 1_000_000
_RUN = pl.Schema(
    {
        "left": pl.Int32,
        "right": pl.Int32,
        "leg": pl.UInt8,
        "match_kind": pl.UInt8,
        "score": pl.Int32,
        "pass": pl.UInt16,
    }
)


def large_tables(
    matched: Matched,
    legs: tuple[Leg, ...],
    netted: pl.DataFrame,
    classified: Classified,
    ends: Ends,
) -> dict[str, Pieces]:
    """Return the tables that have about as many rows as the night has."""
    return {
        "links": link_table(matched, legs, netted),
        "groups": group_table(matched, ends.outcome),
        "outcomes": outcome_table(ends, matched, classified),
    }


def link_table(matched: Matched, legs: tuple[Leg, ...], netted: pl.DataFrame) -> Pieces:
    """Return the LINKS table; netting links stand under the leg name `netting`."""
    runs = _runs(matched.matches.links, legs, netted)
    ids = matched.ledger.slim["txn_id"].to_numpy()
    names = [*(leg.name for leg in legs), NETTING], _pass_names(legs)
    reasons = pl.Enum(list(dict.fromkeys(_REASON[kind] for kind in sorted(MatchKind))))
    spoken = matched.matches.spoken

    def piece(start: int, stop: int) -> pl.DataFrame:
        every = _between(runs, start, stop)
        table = every.select(
            pl.Series("left_txn_id", ids[every["left"]]),
            pl.Series("right_txn_id", ids[every["right"]]),
            pl.col("leg").cat.to(pl.Enum(names[0])),
            pl.col("pass").cat.to(pl.Enum(names[1])),
            pl.col("match_kind").cat.to(words(MatchKind)),
            "score",
            reasons=pl.col("match_kind").cat.to(reasons),
        )
        return conform(_with_evidence(table, every, spoken, legs), LINKS)

    return Pieces(lambda: (piece(*step) for step in steps(len(ids))))


def _runs(links: pl.DataFrame, legs: tuple[Leg, ...], netted: pl.DataFrame) -> list[pl.DataFrame]:
    """Return links as runs that ascend by left row: those of each leg, and those of netting."""
    pass_code = _pass_codes(legs)
    first = np.searchsorted(links["leg"].to_numpy(), np.arange(len(legs) + 1))
    runs = [
        links[start:stop].select(
            "left",
            "right",
            "leg",
            "match_kind",
            "score",
            pl.Series("pass", pass_code[leg_no][links["pass_no"][start:stop]]),
        )
        for leg_no, (start, stop) in enumerate(pairwise(first.tolist()))
    ]
    own = netted.select("left", "right").with_columns(
        leg=pl.lit(len(legs)),
        match_kind=pl.lit(int(MatchKind.NETTING)),
        score=pl.lit(_CERTAIN_PPM),
        **{"pass": pl.lit(len(_pass_names(legs)) - 1)},
    )
    return [*runs, own.cast(_RUN).sort("left", "right")]


def _between(runs: list[pl.DataFrame], start: int, stop: int) -> pl.DataFrame:
    """Return the links whose left row lies in a range, by left and right row."""
    cuts = [np.searchsorted(run["left"].to_numpy(), [start, stop]).tolist() for run in runs]
    parts = [run[a:b].cast(_RUN) for run, (a, b) in zip(runs, cuts, strict=True) if a < b]
    if len(parts) <= 1:
        return parts[0] if parts else pl.DataFrame(schema=_RUN)
    return pl.concat(parts).sort("left", "right", "leg")


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


def _pass_names(legs: tuple[Leg, ...]) -> list[str]:
    """Return the distinct pass names, that of netting last."""
    names = list(dict.fromkeys([*(item.name for leg in legs for item in leg.passes), "pinned"]))
    own = "original reference"
    return [*names, own if own not in names else f"{own} (netting)"]


def _pass_codes(legs: tuple[Leg, ...]) -> NDArray[np.uint16]:
    """Return, by leg and pass number, the position of the pass in `_pass_names`."""
    names = _pass_names(legs)
    code = np.full((len(legs), 1 << 8), names.index("pinned"), np.uint16)
    for number, leg in enumerate(legs):
        for position, item in enumerate(leg.passes):
            code[number, position] = names.index(item.name)
    return code


def group_table(matched: Matched, outcome: NDArray[np.uint8]) -> Pieces:
    """Return the GROUPS table: per-side counts and 128-bit sums of every match group."""
    table = groups.group_table(matched.ledger.slim, matched.matches.group, outcome)
    named = (
        pl.col("currency").cast(pl.UInt32).cat.to(pl.Enum(CURRENCIES)),
        pl.col("outcome").cat.to(words(Outcome)),
    )
    return Pieces(lambda: (conform(one.with_columns(named), GROUPS) for one in table.make()))


def outcome_table(ends: Ends, matched: Matched, classified: Classified) -> Pieces:
    """Return the OUTCOMES table: every row of the ledger, exactly once."""
    reason = pl.when(pl.col("reason") > 0).then(pl.col("reason")).cat.to(pl.Enum(REASONS))
    group, why = matched.matches.group, classified.reason

    def piece(start: int, stop: int) -> pl.DataFrame:
        table = pl.DataFrame(
            {
                "txn_id": ends.txn_id[start:stop],
                "group_id": ends.txn_id[group[start:stop]],
                "outcome": ends.outcome[start:stop],
                "opening": ends.opening[start:stop],
                "closing": ends.closing[start:stop],
                "reason": why[start:stop],
            }
        )
        named = table.with_columns(pl.col("outcome").cat.to(words(Outcome)), reason=reason)
        return conform(named, OUTCOMES)

    height = ends.txn_id.size
    return Pieces(lambda: (piece(*step) for step in steps(height)))


def ends_of(matched: Matched, classified: Classified, closing: pl.DataFrame) -> Ends:
    """Return where every row of the ledger ended; `closing` are the rows carried on."""
    ids = matched.ledger.slim["txn_id"].to_numpy()
    waits = np.zeros(ids.size, bool)
    waits[np.searchsorted(ids, closing["txn_id"].to_numpy())] = True
    return Ends(ids, classified.outcome, matched.ledger.opening, waits)
