"""The words of every break code, loaded from `catalogue.toml`: one entry a code, none missing.

The numbers and the precedence of the codes are in `recon.core.codes`; what they mean to people
(labels, definitions, who is out of pocket, the standard action and its time) is data here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum, unique
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from recon.core.codes import Code, OutOfPocket, Severity
from recon.errors import RuleFileError

# What a text may name; `recon.rules.disputes.text` says what each is.
PLACEHOLDERS = frozenset(
    {
        "expected", "actual", "difference", "gap", "order_id", "channel_ref", "bank_ref",
        "merchant_id", "reference", "subject", "item", "also", "lot", "date", "days", "count",
        "rows", "partners", "due_date", "due_at",
    }
)  # fmt: skip
SCHEMES = ("unionpay", "visa", "mastercard")
_BY_DIRECTION = ("out_of_pocket_less", "out_of_pocket_more")
_OTHERWISE = ("action_otherwise_zh", "action_otherwise_en")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")  # left out where one of its placeholders is unknown


@unique
class Recovery(StrEnum):
    """Which kind of action the standard action is; the money-moving ones exclude each other."""

    NONE = "none"  # wait, chase or explain
    BOOK = "book"  # correct our own books
    CLAIM = "claim"  # claim from a counterparty outside the scheme: fees, rebates, payouts
    REFUND = "refund"  # refund to the original instrument
    CREDIT_ADJUSTMENT = "credit_adjustment"  # 贷记调整: the acquirer returns money
    PRESENTMENT = "presentment"  # 请款: the acquirer asks for money


MONEY_MOVING = frozenset({Recovery.REFUND, Recovery.CREDIT_ADJUSTMENT, Recovery.PRESENTMENT})


@dataclass(frozen=True, slots=True)
class Entry:
    """What one code means to people, in both languages."""

    code: Code
    label_zh: str
    label_en: str
    definition_zh: str
    definition_en: str
    severity: Severity
    out_of_pocket: OutOfPocket  # where the two keys below do not say otherwise
    recovery: Recovery
    act_within_days: int  # natural days from the first report
    action_zh: str
    action_en: str
    explanation_zh: str  # template over PLACEHOLDERS
    explanation_en: str
    out_of_pocket_less: OutOfPocket | None = None  # where less was moved than should have been
    out_of_pocket_more: OutOfPocket | None = None  # where more was
    action_otherwise_zh: str = ""  # what to do where that other one lost
    action_otherwise_en: str = ""
    unionpay: tuple[str, ...] = ()
    visa: tuple[str, ...] = ()
    mastercard: tuple[str, ...] = ()

    @property
    def other_loser(self) -> OutOfPocket | None:
        """Return who is out of pocket where the difference is not to the usual one's loss."""
        return self.out_of_pocket_less or self.out_of_pocket_more

    def explain(self, language: str, facts: Mapping[str, str]) -> str:
        """Return the explanation in `zh` or `en`.

        A part in square brackets is left out where a fact in it is not known; elsewhere such a
        fact becomes a dash. Facts are text: braces and brackets in them mean nothing.
        """
        template = self.explanation_zh if language == "zh" else self.explanation_en
        template = _OPTIONAL.sub(lambda part: _known_part(part.group(1), facts), template)
        return _PLACEHOLDER.sub(lambda found: facts.get(found.group(1)) or "—", template)


def _known_part(part: str, facts: Mapping[str, str]) -> str:
    """Return an optional part, or nothing when a fact in it is not known."""
    return part if all(facts.get(name) for name in _PLACEHOLDER.findall(part)) else ""


def parse(text: str) -> Mapping[Code, Entry]:
    """Return the entries of a catalogue file; raise with every problem at once."""
    document = tomllib.loads(text)
    tables: dict[str, dict[str, Any]] = document.get("code", {})
    problems = [f"unknown table {key!r}" for key in document if key != "code"]
    problems += [f"no entry for code {code.name}" for code in Code if code.name not in tables]
    known = set(Code.__members__)
    problems += [f"entry for unknown code {name}" for name in tables if name not in known]
    for name, table in tables.items():
        problems += _entry_problems(name, table)
    if problems:
        raise RuleFileError(
            "; ".join(problems),
            where="catalogue.toml",
            fix="write one [code.NAME] table for each code with exactly the documented keys",
        )
    return MappingProxyType({code: _entry(code, tables[code.name]) for code in Code})


def _entry_problems(name: str, table: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the table of one code."""
    wanted = {item.name for item in fields(Entry)} - {"code"}
    required = wanted - {*SCHEMES, *_BY_DIRECTION, *_OTHERWISE}
    problems = [f"{name}: unknown key {key!r}" for key in table if key not in wanted]
    problems += [f"{name}: key {key!r} is missing" for key in sorted(required - set(table))]
    words = {
        "severity": set(Severity.__members__),
        "out_of_pocket": set(OutOfPocket.__members__),
        **{key: set(OutOfPocket.__members__) for key in _BY_DIRECTION},
        "recovery": {str(member) for member in Recovery},
    }
    problems += [
        f"{name}: {key} is {table[key]!r}, expected one of {', '.join(sorted(allowed))}"
        for key, allowed in words.items()
        if key in table and table[key] not in allowed
    ]
    if len({*_OTHERWISE} & set(table)) == 1:
        problems.append(f"{name}: action_otherwise is there in one language only")
    for key in ("explanation_zh", "explanation_en"):
        unknown = set(_PLACEHOLDER.findall(str(table.get(key, "")))) - PLACEHOLDERS
        problems += [f"{name}: {key} has unknown placeholder {{{word}}}" for word in unknown]
    return problems


def _entry(code: Code, table: Mapping[str, Any]) -> Entry:
    """Return the entry of a table that has been checked."""
    values = dict(table)
    for scheme in SCHEMES:
        values[scheme] = tuple(values.get(scheme, ()))
    values["severity"] = Severity[values["severity"]]
    for key in {"out_of_pocket", *_BY_DIRECTION} & set(values):
        values[key] = OutOfPocket[values[key]]
    values["recovery"] = Recovery(values["recovery"])
    return Entry(code=code, **values)


@cache
def catalogue() -> Mapping[Code, Entry]:
    """Return the entry of every code of the package's own file, in order of precedence."""
    path = resources.files("recon.rules.disputes") / "catalogue.toml"
    return parse(path.read_text(encoding="utf-8"))


def exclusive(first: Code, second: Code) -> bool:
    """Return whether the standard actions of two codes must not both be taken on one transaction.

    Two actions that move money for one transaction recover it twice (UnionPay refuses a chargeback
    beside a credit adjustment, an adjustment beside a presentment, a manual refund beside either).
    """
    recoveries = {catalogue()[first].recovery, catalogue()[second].recovery}
    return first != second and recoveries <= MONEY_MOVING


def __getattr__(name: str) -> Mapping[Code, Entry]:
    """Return `CATALOGUE`, read on first use."""
    if name == "CATALOGUE":
        return catalogue()
    raise AttributeError(name)
