"""What has changed in a file's columns since the sender's files of earlier nights.

A changed column may mean another amount, so the file is refused until a person has said that the
change is right: by a name in `changed_columns` (or `ignore_columns`) of the source, `*` for all.
Once such a file is loaded, its columns are what the next night expects.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import SequenceMatcher

from recon.errors import InputError
from recon.io.reading.contract import Columns, Options
from recon.io.reading.lines import listed

ANY = "*"
NO_TYPE = "null"  # of a column without a value
_ALIKE = 0.6  # least similarity of two names for one to be called the other's new name


def columns_json(columns: Columns) -> str | None:
    """Return the `columns` cell of the table `inputs`; null for a file without named columns."""
    return json.dumps(columns, ensure_ascii=False) if columns else None


def columns_from_json(text: str | None) -> Columns:
    """Return the columns that `columns_json` wrote."""
    return tuple((str(name), str(kind)) for name, kind in json.loads(text or "[]"))


def check_drift(earlier: Sequence[Columns], found: Columns, options: Options, where: str) -> None:
    """Refuse a file whose columns are none of the earlier ones, naming every change at once."""
    if not earlier or not found or found in earlier:
        return
    names = {name for name, _ in found}
    expected = max(earlier, key=lambda known: len(names & {name for name, _ in known}))
    accepted = {*options.changed_columns, *options.ignore_columns}
    problems = [] if ANY in accepted else changes(expected, found, accepted)
    if problems:
        raise InputError(
            f"the columns are not those of earlier nights: {listed(problems, '; ')}. Expected "
            f"{_shown(expected)}; found {_shown(found)}",
            where=where,
            fix="ask the sender what the change means; if it is right, correct the mapping and "
            'name the columns in changed_columns of the source ("*" for all)',
            code="FILE_SCHEMA",
        )


def changes(expected: Columns, found: Columns, accepted: set[str]) -> list[str]:
    """Return each change in words, but those of the columns that are accepted by name."""
    before, now = [name for name, _ in expected], [name for name, _ in found]
    new = [name for name in now if name not in before]
    lost = [name for name in before if name not in now]
    renamed = _renamed(before, now, lost, new)
    problems = [
        f"column {old!r} is now called {name!r}"
        for old, name in renamed.items()
        if not {old, name} & accepted
    ]
    taken = accepted | set(renamed) | set(renamed.values())
    problems += [f"column {name!r} is new" for name in new if name not in taken]
    problems += [f"column {name!r} is lost" for name in lost if name not in taken]
    kinds = dict(expected)
    problems += [
        f"column {name!r} was {kinds[name] or 'text'} and is {kind or 'text'}"
        for name, kind in found
        if name in kinds and name not in accepted and _is_other(kinds[name], kind)
    ]
    return problems + _moved(before, now, accepted)


def _is_other(before: str, now: str) -> bool:
    """Return whether a type has changed; a column of nulls alone has no type to speak of."""
    return before != now and NO_TYPE not in {before, now}


def _renamed(before: list[str], now: list[str], lost: list[str], new: list[str]) -> dict[str, str]:
    """Return old name -> new name, where one stands in the other's place or is much like it."""
    renamed: dict[str, str] = {}
    for old in lost:
        rest = [name for name in new if name not in renamed.values()]
        same_place = [
            name
            for name in rest
            if len(before) == len(now) and before.index(old) == now.index(name)
        ]
        alike = [name for name in rest if SequenceMatcher(None, old, name).ratio() >= _ALIKE]
        if len(same_place or alike) == 1:
            renamed[old] = (same_place or alike)[0]
    return renamed


def _moved(before: list[str], now: list[str], accepted: set[str]) -> list[str]:
    """Return the sentence about columns that stand in another order; else none."""
    kept = [name for name in now if name in before]
    was = [name for name in before if name in now]
    moved = [name for name, old in zip(kept, was, strict=False) if name != old]
    if not moved or accepted.issuperset(moved):
        return []
    return [f"the columns {listed(moved)} stand in another order"]


def _shown(columns: Columns) -> str:
    """Return columns in a line, with their types where the file gives them."""
    return listed([f"{name} ({kind})" if kind else name for name, kind in columns])
