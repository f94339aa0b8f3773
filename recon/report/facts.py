"""What a document tells, by name, in values that JSON has."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

Facts = dict[str, Any]


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of a published table
    """Return a value as JSON holds it: dates as ISO text, lists and structs walked through."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
