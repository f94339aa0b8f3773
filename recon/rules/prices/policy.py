"""How the fees of one contract are judged."""

from __future__ import annotations

from dataclasses import dataclass, field

from recon.rules.prices.contract import Compiled
from recon.rules.prices.lint import CREDIT_COST, STATUTORY


@dataclass(frozen=True)
class FeePolicy:
    """How fees are judged: the contract, and what counts as a usual surcharge (minor units)."""

    contract: Compiled
    surcharges: tuple[int, ...] = (100, 200, 300)
    tolerance_minor: int = 0
    credit_words: frozenset[str] = field(default_factory=lambda: frozenset({"credit"}))

    @property
    def credit_cost(self) -> int | None:
        """Return what a credit card costs (billionths); None where no statute says it."""
        return CREDIT_COST if self.contract.contract.currency == STATUTORY else None
