"""How long each stage took; for logs and `run_results.json`, never for a hashed table."""

from __future__ import annotations

import time
from collections.abc import Callable


class Stopwatch:
    """Names the stage that runs now, and remembers how long each one took in seconds."""

    def __init__(self, on_progress: Callable[[str], None]) -> None:
        """Start; `on_progress` is told the name of each stage as it begins."""
        self._on_progress = on_progress
        self._name: str | None = None
        self._since = time.perf_counter()
        self._seconds: dict[str, float] = {}

    def stage(self, name: str) -> None:
        """End the running stage and begin the named one."""
        self._end()
        self._name = name
        self._on_progress(name)

    def stop(self) -> dict[str, float]:
        """End the running stage and return seconds by stage, in the order they ran."""
        self._end()
        self._name = None
        return dict(self._seconds)

    def _end(self) -> None:
        now = time.perf_counter()
        if self._name is not None:
            self._seconds[self._name] = self._seconds.get(self._name, 0) + now - self._since
        self._since = now
