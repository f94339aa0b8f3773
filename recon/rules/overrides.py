"""What people decided about links: rows that belong together, that do not, that stay alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.core.match import Decisions
from recon.rules.night import Ledger
from recon.rules.rule_legs import Override
from recon.rules.rule_models import Rules


def decisions_of(rules: Rules, ledger: Ledger) -> dict[str, Decisions]:
    """Return the overrides as positions in tonight's ledger, by leg.

    An override whose rows are not in the ledger tonight has nothing to say and is passed over.
    """
    return {
        leg.name: Decisions(
            pin=_pairs(rules.overrides, leg.name, "pin", ledger),
            forbid=_pairs(rules.overrides, leg.name, "forbid", ledger),
            unmatch=_pairs(rules.overrides, leg.name, "unmatch", ledger)[:, 0].copy(),
        )
        for leg in rules.legs
        if any(item.leg == leg.name for item in rules.overrides)
    }


def _pairs(
    overrides: tuple[Override, ...], leg: str, action: str, ledger: Ledger
) -> NDArray[np.int64]:
    """Return (k, 2) positions of the rows that one kind of override names on a leg."""
    chosen = [item for item in overrides if item.leg == leg and item.action == action]
    named = np.array([[item.left, item.right or item.left] for item in chosen], np.int64)
    ids = ledger.slim["txn_id"].to_numpy()
    if named.size == 0 or ids.size == 0:
        return np.empty((0, 2), np.int64)
    place = np.minimum(np.searchsorted(ids, named), len(ids) - 1)
    there = (ids[place] == named).all(axis=1)
    found: NDArray[np.int64] = place[there]
    return found
