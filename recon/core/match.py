"""Links the rows of every leg, pass by pass, over what earlier passes left.

The result depends on the rows alone: not on their order in the files, the number of threads or
the number of partitions. Equal candidates end at the smaller txn_id, or are shown as ambiguous.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.means import Means
from recon.core.arrays.numbers import Rows
from recon.core.arrays.room import Room
from recon.core.arrays.scratch import SHELF
from recon.core.codes import MatchKind
from recon.core.kernels.union_find import label_components, unite_rows
from recon.core.passes.band import find_bands
from recon.core.passes.by_state import find_by_state
from recon.core.passes.contract import (
    BusinessDays,
    Doubts,
    Facts,
    Found,
    Work,
    links,
    read_facts,
)
from recon.core.passes.exact_key import find_exact
from recon.core.passes.forbidden import find_apart
from recon.core.passes.group_key import find_groups
from recon.core.passes.key_slices import key_slices
from recon.core.passes.score.score import find_scores
from recon.core.passes.subset.subset import find_subsets
from recon.core.passes.unique_key import find_unique
from recon.core.passes.window import find_windows
from recon.core.plan import Leg, Method
from recon.core.schema import SLIM, check
from recon.core.texts.text import TextBuffers

LINK_SCHEMA = {
    "left": pl.Int32,
    "right": pl.Int32,
    "leg": pl.UInt8,
    "pass_no": pl.UInt8,
    "match_kind": pl.UInt8,
    "score": pl.Int32,
}
TIE_SCHEMA = {"leg": pl.UInt8, "row": pl.Int64, "candidate": pl.Int64}
COUNT_SCHEMA = {
    "leg": pl.String,
    "pass": pl.String,
    "currency": pl.Int16,  # position in `CURRENCIES`, -1 where unknown
    "links": pl.Int64,
    "rows": pl.Int64,
    "amount": pl.Int128,
}

SEARCH_SCHEMA = {
    "leg": pl.String,
    "pass": pl.String,
    "row": pl.Int64,
    "pool_rows": pl.Int64,
    "form": pl.String,
    "answer": pl.String,
    "alternatives": pl.Int64,
    "accidents_ppm": pl.Int64,
}

SPOKEN_SCHEMA = {
    "leg": pl.UInt8,
    "left": pl.Int64,
    "right": pl.Int64,
    "amount_level": pl.Int32,
    "lag": pl.Int32,  # days (or working days) from the left row to the right one
    "text_level": pl.Int32,
    "amount_weight": pl.Int32,  # hundredths of a bit; above 0 it spoke for the pair
    "lag_weight": pl.Int32,
    "text_weight": pl.Int32,
}

DOUBT_SCHEMA = {**SPOKEN_SCHEMA, "pass_no": pl.UInt8, "score": pl.Int32}

Positions = NDArray[np.int32]  # row positions that are kept: half the memory of `Rows`

PINNED_PASS = 255  # pass number of links that a person made

OnPass = Callable[[str, str], None]  # told the leg and the pass that begins

FINDERS: dict[Method, Callable[[Work], Found]] = {
    Method.EXACT: find_exact,
    Method.UNIQUE: find_unique,
    Method.GROUP: find_groups,
    Method.WINDOW: find_windows,
    Method.BAND: find_bands,
    Method.SCORE: find_scores,
    Method.SUBSET: find_subsets,
}


@dataclass(frozen=True)
class Matches:
    """Everything the matcher found; rows are positions in the slim table."""

    links: pl.DataFrame  # LINK_SCHEMA, sorted by leg, left, right
    key_group: dict[str, Positions]  # by leg: smallest row of the row's group there, -1 no partner
    group: Positions  # smallest row of the connected component over all links
    ambiguous: pl.DataFrame  # TIE_SCHEMA: candidates of unlinked rows, none picked
    # COUNT_SCHEMA: links and amount by the left row's currency, rows of both sides by their own; a
    # pass that found nothing has one line of zeros.
    pass_counts: pl.DataFrame
    searches: pl.DataFrame  # SEARCH_SCHEMA: what each subset search said, in pass and row order
    # SPOKEN_SCHEMA: what spoke for and against each link of a SCORE pass.
    spoken: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SPOKEN_SCHEMA))
    # DOUBT_SCHEMA: pairs that a SCORE pass weighed and did not link, of rows alone at the end.
    doubts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DOUBT_SCHEMA))

    def of_leg(self, leg_no: int) -> pl.DataFrame:
        """Return the links of one leg, by left and right row; nothing is copied."""
        first, end = np.searchsorted(self.links["leg"].to_numpy(), [leg_no, leg_no + 1]).tolist()
        return self.links[first:end]


NO_PAIRS = np.empty((0, 2), np.int64)


@dataclass(frozen=True)
class Decisions:
    """What people decided on one leg; rows are positions in the slim table."""

    pin: Rows = field(default_factory=lambda: NO_PAIRS)  # (k, 2): left, right belong together
    forbid: Rows = field(default_factory=lambda: NO_PAIRS)  # (k, 2): left, right do not
    unmatch: Rows = field(default_factory=lambda: NO_PAIRS[:, 0])  # rows that stay alone


@dataclass
class LegState:
    """What is linked so far on one leg."""

    leg_no: int
    leg: Leg
    free: NDArray[np.bool_]
    key_group: Positions
    decided: Decisions
    room: Room
    links: list[pl.DataFrame] = field(default_factory=list)
    ties: list[pl.DataFrame] = field(default_factory=list)
    counts: list[dict[str, object]] = field(default_factory=list)
    searches: list[dict[str, object]] = field(default_factory=list)
    spoken: list[pl.DataFrame] = field(default_factory=list)
    doubts: list[pl.DataFrame] = field(default_factory=list)


def match(
    slim: pl.DataFrame,
    digests: Mapping[str, NDArray[np.uint64]],
    legs: tuple[Leg, ...],
    eligible: Mapping[str, NDArray[np.bool_]],
    *,
    means: Means | None = None,
    business_days: BusinessDays | None = None,
    decisions: Mapping[str, Decisions] | None = None,
    texts: Mapping[str, TextBuffers] | None = None,
    on_pass: OnPass = lambda _leg, _pass: None,
) -> Matches:
    """Return the links of every leg over its eligible rows.

    `slim` is sorted by txn_id; `digests` holds (n, 2) words by `plan.key_name`, 0, 0 for a null
    key; `eligible` holds a flag a row by leg name. The `means` bound the working memory, and what
    is kept of every row stands in their room. `decisions` of people, by leg name, come before every
    pass. `texts` are the columns that SCORE passes compare, by name, a row each. `on_pass` is told
    the leg and the pass that begins.
    """
    means = Means() if means is None else means
    facts = read_facts(check(slim, SLIM), digests, business_days, texts)
    decided = decisions or {}
    states = [
        match_leg(
            facts,
            start_leg(facts, leg_no, leg, eligible[leg.name], decided.get(leg.name), means.room),
            means,
            on_pass,
        )
        for leg_no, leg in enumerate(legs)
    ]
    SHELF.clear()  # what follows needs the memory for other things
    leg_links = [in_order(state) for state in states]
    return Matches(
        links=stack(leg_links, LINK_SCHEMA).rechunk(),
        key_group={state.leg.name: state.key_group for state in states},
        group=components(means.room.array(facts.rows, np.int32), leg_links),
        ambiguous=stack([open_ties(state) for state in states], TIE_SCHEMA)
        .unique()
        .sort("leg", "row", "candidate"),
        pass_counts=summed([count for state in states for count in state.counts]),
        searches=pl.DataFrame(
            [line for state in states for line in state.searches], schema=SEARCH_SCHEMA
        ),
        spoken=stack([frame for state in states for frame in state.spoken], SPOKEN_SCHEMA),
        doubts=stack([open_doubts(state) for state in states], DOUBT_SCHEMA),
    )


def summed(counts: list[dict[str, object]]) -> pl.DataFrame:
    """Return the counts of each pass by currency, in the order of the passes (COUNT_SCHEMA)."""
    names = ["leg", "pass"]
    frame = pl.DataFrame(counts, schema=COUNT_SCHEMA)
    places = frame.select(names).unique(maintain_order=True).rows()
    place = [places.index(row) for row in frame[names].rows()]
    frame = frame.with_columns(place=pl.Series(place, dtype=pl.Int64))
    by = ["place", *names, "currency"]
    lines = frame.group_by(by).agg(pl.exclude(by).sum()).sort(by)
    empty = pl.col("rows") == 0  # a slice that found nothing, or the whole pass
    return lines.filter(~empty | empty.all().over(names)).drop("place")


def in_order(state: LegState) -> pl.DataFrame:
    """Return the links of a leg by left and right row; a pass gives most of them in that order."""
    links = stack(state.links, LINK_SCHEMA).rechunk()
    state.links.clear()
    left = links["left"].to_numpy()
    if bool(np.any(left[1:] < left[:-1])):
        links = links[np.argsort(left, kind="stable")]  # runs in order: merged, not sorted
        left = links["left"].to_numpy()
    right = links["right"].to_numpy()
    if bool(np.any((right[1:] < right[:-1]) & (left[1:] == left[:-1]))):
        links = links.sort("left", "right")
    return links


def stack(frames: list[pl.DataFrame], schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """Return the frames one below the other."""
    return pl.concat([pl.DataFrame(schema=schema), *frames])


def start_leg(
    facts: Facts,
    leg_no: int,
    leg: Leg,
    eligible: NDArray[np.bool_],
    decided: Decisions | None,
    room: Room,
) -> LegState:
    """Return the leg before its first pass: pinned pairs linked, unmatched rows taken out."""
    nobody = room.array(facts.rows, np.int32)
    nobody[:] = -1
    decided = Decisions() if decided is None else decided
    state = LegState(leg_no, leg, eligible.copy(), nobody, decided, room)
    state.free[decided.unmatch] = False
    if decided.pin.size:
        absorb(facts, state, PINNED_PASS, pinned(decided.pin))
    return state


def pinned(pairs: Rows) -> Found:
    """Return the links of pinned pairs; pairs that share a row are one group."""
    found = links(pairs[:, 0], pairs[:, 1], MatchKind.PINNED)
    rows, place = np.unique(pairs, return_inverse=True)
    place = place.reshape(pairs.shape)
    parent = np.arange(rows.size)
    unite_rows(place[:, 0], place[:, 1], parent)
    label_components(parent)
    smallest = rows[parent]
    return replace(
        found,
        grouped=tuple(
            (rows[mine], smallest[mine]) for mine in (np.unique(side) for side in place.T)
        ),
    )


def match_leg(facts: Facts, state: LegState, means: Means, on_pass: OnPass) -> LegState:
    """Run the passes of one leg in order."""
    for pass_no, step in enumerate(state.leg.passes):
        on_pass(state.leg.name, step.name)
        find = partial(find_by_state, find=FINDERS[step.method])
        whole = Work(facts, state.leg, step, state.free, means.threads, means.memory_bytes)
        for part in key_slices(whole):
            work = replace(whole, key_slice=part)
            found = find_apart(work, find, state.decided.forbid)
            absorb(facts, state, pass_no, found)
            state.room.rest()
    return state


def absorb(facts: Facts, state: LegState, pass_no: int, found: Found) -> None:
    """Take the links of one pass into the leg's state: their rows are no longer free."""
    pinned = pass_no == PINNED_PASS
    step = state.leg.passes[0 if pinned else pass_no]
    for rows, smallest in found.grouped:
        state.free[rows] = False
        state.key_group[rows] = smallest
    state.links.append(link_frame(state.leg_no, pass_no, found))
    if found.spoken is not None:
        state.spoken.append(spoken_frame(state.leg_no, found, found.spoken))
    if found.doubts is not None:
        state.doubts.append(doubt_frame(state.leg_no, pass_no, found.doubts))
    state.ties.append(
        pl.DataFrame(
            {
                "leg": np.full(found.ties.shape[0], state.leg_no, np.uint8),
                "row": found.ties[:, 0],
                "candidate": found.ties[:, 1],
            },
            schema=TIE_SCHEMA,
        )
    )
    named = {"leg": state.leg.name, "pass": "pinned" if pinned else step.name}
    state.searches += [
        named | asdict(line) for line in sorted(found.searches, key=lambda line: line.row)
    ]
    state.counts += [named | line for line in counted(facts, found, step.left_amount)]


def counted(facts: Facts, found: Found, column: str) -> list[dict[str, object]]:
    """Return links, rows and the left rows' amount by currency; one line of zeros for nothing."""
    left, right = found.grouped[0][0], found.grouped[1][0]
    currency = facts.currency
    present = np.bincount(np.concatenate([currency[left], currency[right]]) + 1)
    lines: list[dict[str, object]] = []
    for code in (np.flatnonzero(present) - 1).tolist() or [-1]:
        mine = left[currency[left] == code]
        lines.append(
            {
                "currency": code,
                "links": np.count_nonzero(currency[found.left] == code),
                "rows": present[code + 1] if present.size else 0,
                "amount": pl.Series(facts.amounts[column].minor[mine]).cast(pl.Int128).sum(),
            }
        )
    return lines


def link_frame(leg_no: int, pass_no: int, found: Found) -> pl.DataFrame:
    """Return the links of one pass as a table."""
    return pl.DataFrame(
        {
            "left": found.left,
            "right": found.right,
            "leg": np.full(found.left.size, leg_no, np.uint8),
            "pass_no": np.full(found.left.size, pass_no, np.uint8),
            "match_kind": found.kind,
            "score": found.score,
        },
        schema=LINK_SCHEMA,
    )


def spoken_frame(leg_no: int, found: Found | Doubts, spoken: NDArray[np.int32]) -> pl.DataFrame:
    """Return what spoke for and against each link, or doubt, of a pass as a table."""
    rows = {"leg": np.full(found.left.size, leg_no), "left": found.left, "right": found.right}
    told = dict(zip(list(SPOKEN_SCHEMA)[len(rows) :], spoken.T.copy(), strict=True))
    return pl.DataFrame({**rows, **told}, schema=SPOKEN_SCHEMA)


def doubt_frame(leg_no: int, pass_no: int, doubts: Doubts) -> pl.DataFrame:
    """Return the doubts of one pass as a table."""
    return spoken_frame(leg_no, doubts, doubts.spoken).with_columns(
        pl.lit(pass_no, pl.UInt8).alias("pass_no"), pl.Series("score", doubts.score, pl.Int32)
    )


def open_doubts(state: LegState) -> pl.DataFrame:
    """Return the doubts about rows that no later pass linked, as a pass's last round has them."""
    doubts = stack(state.doubts, DOUBT_SCHEMA)
    alone = state.free[doubts["left"].to_numpy()] & state.free[doubts["right"].to_numpy()]
    by = ["leg", "pass_no", "left", "right"]
    still = doubts.filter(pl.Series(alone, dtype=pl.Boolean))
    return still.unique(by, keep="last", maintain_order=True).sort(by)


def open_ties(state: LegState) -> pl.DataFrame:
    """Return the ties of which neither row was linked by a later pass."""
    ties = stack(state.ties, TIE_SCHEMA)
    rows, candidates = ties["row"].to_numpy(), ties["candidate"].to_numpy()
    return ties.filter(pl.Series(state.free[rows] & state.free[candidates], dtype=pl.Boolean))


def components(parent: Positions, leg_links: list[pl.DataFrame]) -> Positions:
    """Fill `parent` with the smallest row of each row's connected component over all links."""
    parent[:] = np.arange(parent.size, dtype=np.int32)
    for frame in leg_links:
        unite_rows(frame["left"].to_numpy(), frame["right"].to_numpy(), parent)
    label_components(parent)
    return parent
