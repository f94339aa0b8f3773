"""What people decided about links: rows that belong together, that do not, that stay alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recon.core.codes import Side
from recon.core.match import Decisions
from recon.errors import RuleFileError
from recon.rules.night import Ledger
from recon.rules.rule_legs import LegRules, Override
from recon.rules.rule_models import Rules


def decisions_of(rules: Rules, ledger: Ledger) -> dict[str, Decisions]:
    """Return the overrides as positions in tonight's ledger, by leg.

    An override whose rows are not in the ledger tonight has nothing to say and is passed over.
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


def _pairs(
    overrides: tuple[Override, ...], leg: LegRules, action: str, ledger: Ledger
) -> NDArray[np.int64]:
    """Return (k, 2) positions of the pairs that one kind of override names on a leg."""
    chosen = [item for item in overrides if item.leg == leg.name and item.action == action]
    found = _places([(item.left, item.right) for item in chosen], ledger)
    for pair in found:
        _refuse_other_sides(leg, action, pair, ledger)
    return found


def _alone(overrides: tuple[Override, ...], leg: LegRules, ledger: Ledger) -> NDArray[np.int64]:
    """Return the positions of the rows that stay alone on a leg."""
    chosen = [item for item in overrides if item.leg == leg.name and item.action == "unmatch"]
    rows = [row for item in chosen for row in (item.left, item.right) if row is not None]
    return _places([(row,) for row in rows], ledger).reshape(-1)


def _places(named: Sequence[tuple[int | None, ...]], ledger: Ledger) -> NDArray[np.int64]:
    """Return the positions of the rows named together, where all of them are in the ledger."""
    ids = ledger.slim["txn_id"].to_numpy()
    wanted = np.array(named, np.int64)
    if wanted.size == 0 or ids.size == 0:
        return np.empty((0, 2), np.int64)
    place = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    found: NDArray[np.int64] = np.unique(place[(ids[place] == wanted).all(axis=1)], axis=0)
    return found


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
