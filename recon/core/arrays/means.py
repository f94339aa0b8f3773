"""What a night may use of the machine."""

from __future__ import annotations

from dataclasses import dataclass, field

from recon.core.arrays.room import Room


@dataclass(frozen=True, slots=True)
class Means:
    """How many threads, how much memory, and where the large arrays stand."""

    threads: int = 2
    memory_bytes: int | None = None  # None: as much as there is
    room: Room = field(default_factory=Room)
