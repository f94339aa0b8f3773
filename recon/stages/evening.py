"""What one run stands on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

import polars as pl

from recon.core.arrays.means import Means
from recon.core.plan import Leg
from recon.rules.night import Night
from recon.rules.rule_file.rule_file import RuleFile
from recon.stages.conversions import Rates
from recon.stages.memory import give_back
from recon.stages.stopwatch import Stopwatch
from recon.store.workspace import Run, Workspace

Given = ParamSpec("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Evening:
    """The rules, the workspace, the night before, what people decided, and how hard to work."""

    rule_file: RuleFile
    night: Night
    workspace: Workspace
    previous: Run | None
    run_id: str
    decided: pl.DataFrame  # what people decided before tonight (table DECISIONS)
    rates: Rates
    clock: Stopwatch
    means: Means
    aside: ThreadPoolExecutor  # one thread beside the one that judges

    def begin(self, stage: str) -> None:
        """Begin a stage: hand back what the one before left in memory, and start its clock."""
        self.means.room.rest()
        give_back()
        self.clock.stage(stage)

    @property
    def at_once(self) -> int:
        """Return how many legs may be judged at once: one, where memory is short."""
        return 1 if self.means.room.is_paged else self.means.threads

    def beside(
        self, work: Callable[Given, Made], *args: Given.args, **kwargs: Given.kwargs
    ) -> Callable[[], Made]:
        """Begin work beside what follows; calling what is returned waits for what it made.

        With one thread it is done only then, so that what fails is told where it is waited for. It
        must not need much memory.
        """
        if self.means.threads > 1:
            return self.aside.submit(work, *args, **kwargs).result
        return partial(work, *args, **kwargs)

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Return the legs in the engine's words."""
        return tuple(leg.plan() for leg in self.rule_file.rules.legs)
