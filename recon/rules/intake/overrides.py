"""What people decided about links: rows that belong together, that do not, that stay alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.core.codes import Side
from recon.core.match import Decisions
from recon.errors import RuleFileError
from recon.rules.night import Archive, Ledger
from recon.rules.rule_file.legs import LegRules, Override
from recon.rules.rule_file.models import Rules


def decisions_of(rules: Rules, ledger: Ledger) -> dict[str, Decisions]:
    """Return the overrides as positions in tonight's ledger, by leg.

    An override whose rows are not in the ledger tonight changes nothing; `applied` tells it.
    Raises RuleFileError for one whose rows stand on another side than it says.
    """
    return {
        leg.name: Decisions(
            pin=_pairs(rules.overrides, leg, "pin", ledger),
            forbid=_pairs(rules.overrides, leg, "forbid", ledger),
            unmatch=_alone(rules.overrides, leg, ledger),
        )
        for leg in rules.legs
        if any(item.leg == leg.name for item in rules.overrides)
    }


def applied(rules: Rules, ledger: Ledger, archive: Archive) -> list[dict[str, Any]]:
    """Return what became of every override tonight, in the order of the rule file, as plain data.

    `absent` are its rows that are not among tonight's, `unknown` those of them that no published
    night has either: a number typed wrongly, or a night put away. A decision outlives the rows that
    it is about, so that neither stops the night; an auditor sees which decisions are at work.
    """
    named = [
        [row for row in (item.left, item.right) if row is not None] for item in rules.overrides
    ]
    rows = np.unique(np.array([row for pair in named for row in pair], np.int64))
    absent = rows[~_stands(rows, ledger)[1]]
    unknown = set(absent.tolist()) - set(archive.whole(absent)["txn_id"].to_list())
    gone = set(absent.tolist())
    return [
        {
            "number": number,
            "action": item.action,
            "leg": item.leg,
            "note": item.note,
            "rows": pair,
            "absent": [row for row in pair if row in gone],
            "unknown": [row for row in pair if row in unknown],
            "applied": _works(item, pair, gone),
        }
        for number, (item, pair) in enumerate(zip(rules.overrides, named, strict=True), start=1)
    ]


def _works(override: Override, rows: Sequence[int], gone: set[int]) -> bool:
    """Return whether an override has an effect: a pair needs both rows, a lone row itself."""
    return (any if override.action == "unmatch" else all)(row not in gone for row in rows)


def _pairs(
    overrides: tuple[Override, ...], leg: LegRules, action: str, ledger: Ledger
) -> NDArray[np.int64]:
    """Return (k, 2) positions of the pairs that one kind of override names on a leg."""
    chosen = [item for item in overrides if item.leg == leg.name and item.action == action]
    found = _places([(item.left, item.right) for item in chosen], ledger)
    for pair in found:
        _refuse_other_sides(leg, action, pair, ledger)
    return found[:, ::-1] if leg.swapped else found  # the engine's legs run the way of the money


def _alone(overrides: tuple[Override, ...], leg: LegRules, ledger: Ledger) -> NDArray[np.int64]:
    """Return the positions of the rows that stay alone on a leg."""
    chosen = [item for item in overrides if item.leg == leg.name and item.action == "unmatch"]
    rows = [row for item in chosen for row in (item.left, item.right) if row is not None]
    found = _places([(row,) for row in rows], ledger).reshape(-1)
    for row, side in ledger.slim["txn_id", "side"][found.tolist()].iter_rows():
        if Side(side).name.lower() not in {leg.left, leg.right}:
            raise RuleFileError(
                f"expected a row of the {leg.left} or of the {leg.right}, found {row} of the "
                f"{Side(side).name.lower()}",
                where=f"override unmatch of leg {leg.name}",
                fix="name a row of this leg, or the leg on which the row stays alone",
            )
    return found


def _places(named: Sequence[tuple[int | None, ...]], ledger: Ledger) -> NDArray[np.int64]:
    """Return the positions of the rows named together, where all of them are in the ledger."""
    wanted = np.array(named, np.int64)
    if wanted.size == 0:
        return np.empty((0, 2), np.int64)
    place, stands = _stands(wanted, ledger)
    found: NDArray[np.int64] = np.unique(place[stands.all(axis=1)], axis=0)
    return found


def _stands(rows: NDArray[np.int64], ledger: Ledger) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the position at which each row would stand among tonight's, and whether it does."""
    ids = ledger.slim["txn_id"].to_numpy()  # ascending
    place = np.searchsorted(ids, rows)
    stands = np.zeros(rows.shape, np.bool_)
    inside = place < len(ids)
    stands[inside] = ids[place[inside]] == rows[inside]
    return place, stands


def _refuse_other_sides(
    leg: LegRules, action: str, pair: NDArray[np.int64], ledger: Ledger
) -> None:
    """Refuse a pair whose rows do not stand on the left and on the right side of the leg."""
    rows = ledger.slim["txn_id", "side"][pair.tolist()]
    sides = [Side(number).name.lower() for number in rows["side"]]
    if sides != [leg.left, leg.right]:
        left, right = rows["txn_id"]
        raise RuleFileError(
            f"expected a row of the {leg.left} as left and one of the {leg.right} as right, found "
            f"{left} of the {sides[0]} and {right} of the {sides[1]}",
            where=f"override {action} of leg {leg.name}",
            fix="name the rows of this leg, each under its own side",
        )
