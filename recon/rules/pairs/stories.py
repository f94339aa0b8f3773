"""What the states of two linked rows together are: the decision matrix of the field in one table.

People read it in `docs/matching.md`, and a test runs each of its cells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.core.codes import Code, State

# (left state, right state) -> code for a payment, code for a refund; None: no break.
_STORY: dict[tuple[State, State], tuple[Code | None, Code | None]] = {
    (State.SUCCESS, State.SUCCESS): (None, None),
    (State.SUCCESS, State.PENDING): (Code.MERCHANT_PAID_CHANNEL_NOT, Code.IN_TRANSIT),
    (State.SUCCESS, State.UNKNOWN): (Code.MERCHANT_PAID_CHANNEL_NOT, Code.IN_TRANSIT),
    (State.SUCCESS, State.FAILED): (Code.MERCHANT_PAID_CHANNEL_NOT, Code.REFUND_NOT_SETTLED),
    (State.SUCCESS, State.CLOSED): (Code.MERCHANT_PAID_CHANNEL_NOT, Code.REFUND_NOT_SETTLED),
    (State.SUCCESS, State.REVERSED): (Code.MERCHANT_PAID_CHANNEL_NOT, Code.REFUND_NOT_SETTLED),
    (State.PENDING, State.SUCCESS): (Code.CHANNEL_PAID_MERCHANT_NOT, None),
    (State.UNKNOWN, State.SUCCESS): (Code.CHANNEL_PAID_MERCHANT_NOT, Code.REFUND_UNBOOKED),
    (State.FAILED, State.SUCCESS): (Code.FAILED_BUT_DEBITED, Code.REFUND_UNBOOKED),
    (State.CLOSED, State.SUCCESS): (Code.CHANNEL_PAID_MERCHANT_NOT, Code.REFUND_UNBOOKED),
    (State.REVERSED, State.SUCCESS): (Code.VOIDED_BUT_SETTLED, Code.REFUND_UNBOOKED),
}


def story_table() -> NDArray[np.uint16]:
    """Return `_STORY` as an array [left state, right state, is refund] of codes, 0 = none."""
    table = np.zeros((len(State), len(State), 2), np.uint16)
    for (left, right), codes in _STORY.items():
        for refund, code in enumerate(codes):
            table[left, right, refund] = 0 if code is None else int(code)
    return table
