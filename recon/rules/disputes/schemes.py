"""The card schemes, from `schemes.toml`: which rows are theirs, and until when they take a case."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Literal

import polars as pl

from recon.core.codes import Code
from recon.errors import RuleFileError
from recon.rules.disputes.catalogue import SCHEMES, catalogue

Step = Literal["dispute", "chargeback", "retrieval"]
_OWN_STEP: Mapping[Code, Step] = {Code.CHARGEBACK: "chargeback", Code.RETRIEVAL_DUE: "retrieval"}
_STEPS = ("dispute", "chargeback", "retrieval")
_WORDS = ("formats", "products", "cards")
_OPTIONAL = {"step", "reasons"}


@dataclass(frozen=True, slots=True)
class Deadline:
    """A scheme's own time limit, valid from a date."""

    scheme: str
    what_zh: str
    what_en: str
    days: int  # natural days
    valid_from: date
    step: Step | None = None  # what it ends; None: for information
    reasons: tuple[str, ...] = ()  # beginnings of the scheme's codes; none: every code

    def ends(self, code: Code) -> bool:
        """Return whether a case of a code of ours can be brought to the scheme no later."""
        names: tuple[str, ...] = getattr(catalogue()[code], self.scheme)
        if not names or self.step != _OWN_STEP.get(code, "dispute"):
            return False
        return not self.reasons or any(name.startswith(self.reasons) for name in names)


@dataclass(frozen=True, slots=True)
class Schemes:
    """The words by which a row is known as a scheme's, and the schemes' limits."""

    words: Mapping[str, Mapping[str, tuple[str, ...]]]  # scheme -> formats, products, cards
    deadlines: tuple[Deadline, ...]


def parse(text: str) -> Schemes:
    """Return what a schemes file says; raise with every problem at once."""
    document = tomllib.loads(text)
    words: dict[str, dict[str, Any]] = document.get("scheme", {})
    limits: list[dict[str, Any]] = document.get("deadline", [])
    problems = [f"unknown table {key!r}" for key in document if key not in {"scheme", "deadline"}]
    problems += [f"schemes are {sorted(words)}"] * (set(words) != set(SCHEMES))
    problems += [
        f"scheme {name}: keys are {sorted(table)}, expected {sorted(_WORDS)}"
        for name, table in words.items()
        if set(table) != set(_WORDS)
    ]
    for number, table in enumerate(limits, start=1):
        problems += _deadline_problems(number, table)
    if problems:
        raise RuleFileError(
            "; ".join(problems),
            where="schemes.toml",
            fix=f"write one [scheme.NAME] table for each of {', '.join(SCHEMES)}, and deadlines "
            "with exactly the documented keys",
        )
    return Schemes(
        {name: {key: tuple(table[key]) for key in _WORDS} for name, table in words.items()},
        tuple(Deadline(**{**one, "reasons": tuple(one.get("reasons", ()))}) for one in limits),
    )


def _deadline_problems(number: int, table: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with one dated deadline."""
    known = {item.name for item in fields(Deadline)}
    if not known - _OPTIONAL <= set(table) <= known:
        return [f"deadline {number}: keys are {sorted(table)}, expected {sorted(known)}"]
    problems = []
    if table["scheme"] not in SCHEMES:
        problems.append(f"deadline {number}: scheme is {table['scheme']!r}, not of {SCHEMES}")
    if table.get("step", "dispute") not in _STEPS:
        problems.append(f"deadline {number}: step is {table['step']!r}, not of {_STEPS}")
    return problems


@cache
def schemes() -> Schemes:
    """Return what the file that ships with the package says."""
    path = resources.files("recon.rules.disputes") / "schemes.toml"
    return parse(path.read_text(encoding="utf-8"))


def deadlines() -> tuple[Deadline, ...]:
    """Return the schemes' dated time limits."""
    return schemes().deadlines


def scheme_of(formats: Mapping[str, str]) -> pl.Expr:
    """Return which scheme a row (TRANSACTIONS) is of, null where nothing says so.

    `formats` are the formats of the sources by name. What a file is comes before what it tells.
    """
    words = schemes().words
    written = pl.col("source").replace_strict(formats, default=None, return_dtype=pl.String)
    product = pl.col("product").str.strip_chars().str.to_lowercase().str.split("_").list.first()
    tests = [
        [(name, written.is_in(own["formats"])) for name, own in words.items()],
        [(name, product.is_in(own["products"])) for name, own in words.items()],
        [(name, _begins(pl.col("card"), own["cards"])) for name, own in words.items()],
    ]
    return pl.coalesce(pl.when(fits).then(pl.lit(name)) for by in tests for name, fits in by)


def _begins(text: pl.Expr, beginnings: Iterable[str]) -> pl.Expr:
    return pl.any_horizontal(
        pl.lit(value=False), *(text.str.starts_with(digits) for digits in beginnings)
    )


def last_days(cases: pl.DataFrame) -> pl.DataFrame:
    """Return until when the scheme of a case takes it: break_id and scheme_limit_at.

    `cases` has break_id, code, first_seen, scheme and cleared (the day that limits count from); a
    case that no limit ends is left out. Of several limits that is told which ends first; of those
    that were over when the case was first seen, the last one.
    """
    limits = _limits()
    found = (
        cases.select("break_id", "first_seen", "scheme", "cleared", pl.col("code").cast(pl.String))
        .join(limits, on=["code", "scheme"], how="inner")
        .filter(pl.col("valid_from") <= pl.col("cleared"))
        .sort("valid_from")
        .unique(["break_id", "what_en"], keep="last", maintain_order=True)
        .with_columns(ends=pl.col("cleared") + pl.duration(days=pl.col("days")))
    )
    ahead = pl.col("ends").filter(pl.col("ends") >= pl.col("first_seen")).min()
    return found.group_by("break_id", maintain_order=True).agg(
        scheme_limit_at=pl.coalesce(ahead, pl.col("ends").max())
    )


@cache
def _limits() -> pl.DataFrame:
    """Return every limit of every code: code, scheme, what_en, days, valid_from."""
    return pl.DataFrame(
        [
            (code.name, item.scheme, item.what_en, item.days, item.valid_from)
            for item in deadlines()
            for code in catalogue()
            if item.ends(code)
        ],
        schema={
            "code": pl.String,
            "scheme": pl.String,
            "what_en": pl.String,
            "days": pl.Int64,
            "valid_from": pl.Date,
        },
        orient="row",
    )
