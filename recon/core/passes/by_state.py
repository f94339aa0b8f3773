"""A pass over rows that only look alike: those whose money moved meet each other first.

A payment that failed and its retry share card, till and amount. Between merchant and channel the
order meets the charge that succeeded; what one side calls failed, pending or undone meets what is
left. Keys say so themselves (`exact_key`), and the bank books a payment and its undoing alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from recon.core.codes import Side, State
from recon.core.passes.contract import STATE_ORDER, Found, Work
from recon.core.passes.forbidden import joined, linked
from recon.core.plan import Method

_ALIKE = (Method.UNIQUE, Method.WINDOW, Method.BAND, Method.SCORE)
_MOVED = STATE_ORDER[State.SUCCESS]


def find_by_state(work: Work, find: Callable[[Work], Found]) -> Found:
    """Return what a pass finds among successful rows, then among all that are left.

    Tied rows take no part in the second round: one of the successful ones is their partner.
    """
    if work.step.method not in _ALIKE or work.leg.right is Side.BANK:
        return find(work)
    moved = work.free & (work.facts.state_order == _MOVED)
    if bool((moved == work.free).all()):
        return find(work)
    first = find(replace(work, free=moved))
    rest = work.free & ~linked(first, work.free.size)
    rest[first.ties.ravel()] = False
    return joined([first, find(replace(work, free=rest))])
