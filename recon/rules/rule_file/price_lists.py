"""Price lists in tables as fee contracts: a row a line, a column a condition, a blank for anything.

A condition's cell holds a word or several (a list, or words between `|`). Numbers are taken as they
are written: a binary float as its shortest decimal, which is what was typed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from recon.errors import UsageError
from recon.rules.prices.contract import ATTRIBUTES, FeeLine
from recon.rules.rule_file.toml_lines import quoted

_HOLE = re.compile(r"\{(\w+)\}")
_LINE_KEYS = tuple(name for name in FeeLine.model_fields if name not in ("name", "formula", "when"))


@dataclass(frozen=True, slots=True)
class Columns:
    """How the columns of a price list are read."""

    formula: str  # with {column} for what the row says, for instance `{rate}bp + {fixed_amount}`
    name: str | None = None  # the column that names a line; the row's number where there is none
    attributes: Mapping[str, str] = field(default_factory=dict)  # column -> attribute it stands for
    ranges: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # attribute -> low, high


def read_table(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a price list in CSV, JSON (an array of objects) or Parquet."""
    if path.suffix == ".json":
        rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"), parse_float=Decimal)
        return rows
    if path.suffix == ".parquet":
        return pl.read_parquet(path).with_columns(pl.col(pl.Categorical).cast(pl.String)).to_dicts()
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema=False).to_dicts()
    raise UsageError(
        f"expected a price list in .csv, .json or .parquet, found {path.name}",
        fix="export the table as CSV with a header",
    )


def contract_of(
    rows: Sequence[Mapping[str, Any]], columns: Columns, name: str, currency: str
) -> dict[str, Any]:
    """Return a price list as the table of a fee contract, ready for `FeeContract`."""
    known = set(rows[0]) if rows else set()
    asked = {
        *_HOLE.findall(columns.formula),
        *columns.attributes,
        *(bound for bounds in columns.ranges.values() for bound in bounds),
        *([columns.name] if columns.name else []),
    }
    if missing := sorted(asked - known):
        raise UsageError(
            f"expected columns {', '.join(missing)}, found {', '.join(sorted(known)) or 'no row'}",
            where="price list",
            fix="name columns as they stand in the header",
        )
    lines = [_line(number, row, columns) for number, row in enumerate(rows, start=1)]
    named = {attribute for line in lines for attribute in line["when"]}
    return {
        "name": name,
        "currency": currency,
        "attributes": sorted(named - set(ATTRIBUTES)),
        "line": lines,
    }


def _line(number: int, row: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """Return a row of a price list as a line of a contract; further columns are conditions."""
    used = {*_HOLE.findall(columns.formula), columns.name}
    used |= {bound for bounds in columns.ranges.values() for bound in bounds}
    when = {}
    for attribute, (low, high) in columns.ranges.items():
        bounds = f"{_bound(row[low])}..{_bound(row[high])}"
        when[attribute] = [bounds] if bounds != ".." else []
    for column, value in row.items():
        if column not in used and column not in _LINE_KEYS:
            when[columns.attributes.get(column, column)] = _words(value)
    said = {key: row[key] for key in _LINE_KEYS if key in row and _words(row[key])}
    return {
        "name": _text(row[columns.name]) if columns.name else f"row {number}",
        "formula": _HOLE.sub(lambda hole: _text(row[hole[1]]), columns.formula),
        "when": {attribute: words for attribute, words in when.items() if words},
        **said,
    }


def _words(value: object) -> list[str]:
    """Return the words of a cell; none is any."""
    if isinstance(value, list):
        return [_text(item) for item in value]
    text = _text(value)
    return [word.strip() for word in text.split("|") if word.strip()]


def _bound(value: object) -> str:
    """Return one end of a range, empty where it is open."""
    endless = isinstance(value, float | Decimal) and not math.isfinite(value)
    return "" if endless else _text(value)


def _text(value: object) -> str:
    """Return a cell as it would be written."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return str(value)


def as_toml(contract: Mapping[str, Any]) -> str:
    """Return a fee contract as the text of a rule file."""
    head = [f"{key} = {_toml(contract[key])}" for key in ("name", "currency", "attributes")]
    out = ["[[fee_contract]]", *head]
    for line in contract["line"]:
        out.append("\n[[fee_contract.line]]")
        when = ", ".join(f"{key} = {_toml(words)}" for key, words in line["when"].items())
        plain = {key: value for key, value in line.items() if key != "when"}
        out += [f"{key} = {_toml(value)}" for key, value in plain.items()]
        out += [f"when = {{ {when} }}"] if when else []
    return "\n".join(out) + "\n"


def _toml(value: object) -> str:
    """Return a text or a list of texts in TOML; days and amounts stand as they are."""
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return quoted(value) if isinstance(value, str) else _text(value)
