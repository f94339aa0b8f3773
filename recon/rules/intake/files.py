"""What is wrong with the files themselves: one finding a file, and which sides must wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import polars as pl

from recon.core.codes import Code, DisputeStatus, InputState, Side
from recon.core.schema import BREAKS, conform, words
from recon.rules.breaks.breaks import break_identity
from recon.rules.intake.arrivals import fill_date, is_due
from recon.rules.night import Night
from recon.rules.rule_file.rule_file import Rules

_FINDINGS = frozenset(code.name for code in Code if code.name.startswith("FILE_"))
_ABSENT = (InputState.MISSING.name, InputState.HELD.name, InputState.REFUSED.name)


def without_stale(
    inputs: pl.DataFrame, night: Night, delivered_as: Mapping[tuple[str, str], set[str]]
) -> pl.DataFrame:
    """Return the inputs, with MISSING for a file of an earlier night that came as tonight's.

    Its bytes were loaded under another name, and its path has nothing else tonight: tonight's
    file is still to come, and rows of the other side wait for it. A file that keeps its name from
    night to night (a whole month, an unchanged statement) is what it says it is.
    """
    stale: dict[tuple[str, str], str] = {}
    awaited = [(source, path) for source in night.rules.sources for path in source.paths]
    for source, template in awaited:
        declared = fill_date(template, night.business_date)
        items = [
            item
            for item in inputs.filter(pl.col("source") == source.name).rows(named=True)
            if item["path"] == declared or fnmatchcase(item["path"], declared)
        ]
        names = [delivered_as.get((source.name, item["sha256"]), set()) for item in items]
        if (
            items
            and all(item["state"] == InputState.DUPLICATE.name for item in items)
            and all(
                known and item["path"] not in known
                for item, known in zip(items, names, strict=True)
            )
            and is_due(source, night.business_date, night.calendar)
        ):
            for item, known in zip(items, names, strict=True):
                stale[source.name, item["path"]] = min(known)
    if not stale:
        return inputs
    rows = [
        {**item, "state": InputState.MISSING.name, "message": _stale(night, earlier)}
        if (earlier := stale.get((item["source"], item["path"])))
        else item
        for item in inputs.rows(named=True)
    ]
    return pl.DataFrame(rows, schema=inputs.schema)


def _stale(night: Night, earlier: str) -> str:
    """Return the sentence about a file of an earlier night."""
    return (
        f"expected a file of {night.business_date}, found the bytes of {earlier}, loaded on an "
        "earlier night; deliver tonight's file and run the night again, or declare "
        'expected = "optional"'
    )


def find(inputs: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return one break for each input that is missing, empty, held or refused (table BREAKS)."""
    rows = []
    for item in inputs.iter_rows(named=True):
        code = _code(item, night.rules)
        if code is None:
            continue
        anchor = f"{item['source']}|{item['path']}|{night.business_date}"
        rows.append(
            {
                "break_id": break_identity(night.rules.name, int(code), "", anchor),
                "business_date": night.business_date,
                "code": code.name,
                "leg": "",
                "txn_ids": [],
                "source": item["source"],
                "cause": item["message"] or "expected rows, found none",
                "first_seen": night.business_date,
                "status": DisputeStatus.NEW.name,
            }
        )
    if not rows:
        return BREAKS.empty()
    frame = pl.DataFrame(rows, schema_overrides={"txn_ids": pl.List(pl.Int64)})
    return conform(
        frame.with_columns(
            pl.col("code").cast(words(Code)), pl.col("status").cast(words(DisputeStatus))
        ),
        BREAKS,
    )


def _code(item: dict[str, object], rules: Rules) -> Code | None:
    """Return the finding for one input, or None when the file is in order."""
    state = item["state"]
    if state == InputState.MISSING.name:
        return Code.FILE_MISSING
    if state in {InputState.HELD.name, InputState.REFUSED.name}:
        named = str(item["message"]).partition(":")[0]  # the loader begins with the finding's code
        unnamed = Code.FILE_TOTAL if state == InputState.HELD.name else Code.FILE_SCHEMA
        return Code[named] if named in _FINDINGS else unnamed
    if state == InputState.UNVERIFIED.name and item["rows"] == 0 and item["rejected"] == 0:
        allowed = next(
            source.allow_empty for source in rules.sources if source.name == item["source"]
        )
        return None if allowed else Code.FILE_EMPTY
    return None


def blocked_sides(inputs: pl.DataFrame, rules: Rules) -> dict[Side, frozenset[str] | None]:
    """Return the sides with a file missing or held, and the products those sources serve.

    None as products means that every row waiting for that side stays in transit.
    """
    sources = {source.name: source for source in rules.sources}
    blocked: dict[Side, frozenset[str] | None] = {}
    for item in inputs.iter_rows(named=True):
        empty = _code(item, rules) is Code.FILE_EMPTY
        if item["state"] not in _ABSENT and not empty:
            continue
        source = sources[item["source"]]
        serves = frozenset(source.serves) or None
        side = source.side_number
        known = blocked.get(side, frozenset())
        blocked[side] = None if serves is None or known is None else known | serves
    return blocked
