"""How many candidate pairs a pass may hold at once: what each takes, against the memory.

The bytes of a pair are measured, from its finding to the links: the peak of the process over
millions of pairs (`tests/core/passes/test_pair_limit.py` holds the pass to it).
"""

from __future__ import annotations

from threading import Lock

from recon.core.passes.contract import Work
from recon.core.plan import Method
from recon.errors import ResourceError

PAIR_BYTES = {Method.BAND: 80, Method.SCORE: 32}
WEIGHED_BYTES = 160  # of a pair of a SCORE pass that is not next to impossible
SHARE = 2  # a pass may use one part in so many of the memory; the rows stand in the rest
DEFAULT_BYTES = 16 << 30  # for pairs, where nobody set a limit


class PairLimit:
    """Counts the pairs of a pass, from several threads, and stops it before they fill the memory.

    Whether it stops depends on how many there are in all, not on who counts first.
    """

    def __init__(self, work: Work, pair_bytes: int) -> None:
        """Take in how many bytes a pair needs."""
        memory = work.memory_bytes
        allowed = DEFAULT_BYTES if memory is None else memory // SHARE
        self._most = allowed // pair_bytes
        self._where = f"leg {work.leg.name}, pass {work.step.name}"
        self._found = 0
        self._lock = Lock()

    def add(self, pairs: int) -> None:
        """Count more pairs. Raises ResourceError when they are too many."""
        with self._lock:
            self._found += pairs
            if self._found <= self._most:
                return
        raise ResourceError(
            f"expected at most {self._most:,} candidate pairs, found {self._found:,} or more",
            where=self._where,
            fix="narrow the tolerance or the days, add a key, or raise --memory",
        )
