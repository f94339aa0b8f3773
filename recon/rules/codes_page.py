"""The page of break codes: words, actions and a worked example of each, which a test runs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any

from recon.core.codes import Code
from recon.errors import RuleFileError
from recon.rules.catalogue import SCHEMES, Deadline, Entry, Recovery, catalogue, deadlines

FINDERS = {
    "night": "Found by the nightly run.",
    "sample": "Found by the nightly run.",
    "fees": "Found by the fee check (`recon.rules.fees`).",
    "rebates": "Found by the rebate check (`recon.rules.rebates`).",
    "refunds": "Found by the refund check (`recon.rules.refunds`).",
    "declared": "Declared with its number and words; no rule finds it yet.",
}
FILES = {"orders": "merchant", "psp": "channel", "wallet": "channel 2", "bank": "bank"}
_KEYS = {"by", "says", "day", "rows", "fact", "sample", "rules", "edit"}
_RECOVERIES = {
    Recovery.REFUND: "moves money: a refund",
    Recovery.CREDIT_ADJUSTMENT: "moves money: a credit adjustment (贷记调整)",
    Recovery.PRESENTMENT: "moves money: a presentment (请款)",
    Recovery.CLAIM: "a claim on the counterparty",
    Recovery.BOOK: "a correction of our own books",
    Recovery.NONE: "no recovery",
}
_HEAD = """# Break codes

In order of precedence: when two codes fit the same rows, the earlier one wins. A code's number is
permanent. 长款 and 短款 are used in opposite directions by different houses, so codes name the side
and the two words stand only beside a viewpoint. Two actions that move money for one transaction
exclude each other: a dispute proposes one of them.
"""
_SUMMARY = """
## Summary

| code | number | label | severity | out of pocket | found |
|---|--:|---|---|---|---|
"""
_SETTINGS = """
## What the examples assume

- fees: credit 0.60 %; debit 0.50 %, at least 0.50 and at most 20.00; supermarkets (5411) 0.38 %;
  product `special` 0.40 %; a refund returns its share of the fee.
- rebates: 0.05 % on what exceeds 100,000.00 in a month, 0.10 % on what exceeds 500,000.00, paid
  within 30 days; seen on 1 June 2026.
- refunds: seen on 20 March 2026; the channel shows a refund within 3 days, the payer has it
  after 10.
- nights: T+1 settlement on working days, cut-off 23:00, batches by merchant and clearing day.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example of one code; see the head of `examples.toml`."""

    code: Code
    by: str
    says: str = ""
    days: tuple[Mapping[str, Any], ...] = ()
    rows: str = ""
    fact: tuple[Any, ...] = ()  # txn_id, expected, actual, cause
    sample: str = ""
    rules: str = ""  # added to the rule file of a night
    edit: tuple[tuple[str, str], ...] = ()  # replacements in it


def examples() -> Mapping[Code, Example]:
    """Return the example of every code, from the package's data."""
    path = resources.files("recon.rules") / "examples.toml"
    return parse_examples(path.read_text(encoding="utf-8"))


def parse_examples(text: str) -> Mapping[Code, Example]:
    """Return the examples of a file; raise with every problem at once."""
    document = tomllib.loads(text)
    problems = [f"no example for {code.name}" for code in Code if code.name not in document]
    for name, table in document.items():
        if name not in Code.__members__:
            problems.append(f"example for unknown code {name}")
        problems += [f"{name}: unknown key {key!r}" for key in table if key not in _KEYS]
        if table.get("by") not in FINDERS:
            problems.append(f"{name}: by is {table.get('by')!r}, expected one of {list(FINDERS)}")
    if problems:
        raise RuleFileError(
            "; ".join(problems),
            where="examples.toml",
            fix="write one [CODE] table for each code with exactly the documented keys",
        )
    return {code: _example(code, document[code.name]) for code in Code}


def _example(code: Code, table: Mapping[str, Any]) -> Example:
    return Example(
        code,
        by=table["by"],
        says=table.get("says", ""),
        days=tuple(table.get("day", ())),
        rows=table.get("rows", ""),
        fact=tuple(table.get("fact", ())),
        sample=table.get("sample", ""),
        rules=table.get("rules", ""),
        edit=tuple((old, new) for old, new in table.get("edit", ())),
    )


def codes_page() -> str:
    """Return the page as Markdown: a summary, then one section a code."""
    entries, worked = catalogue(), examples()
    parts = [_HEAD, _SETTINGS, _SUMMARY]
    parts += [_summary(entry, worked[code]) for code, entry in entries.items()]
    parts += [_section(entry, worked[code]) for code, entry in entries.items()]
    parts.append(_deadline_table(deadlines()))
    return "".join(parts)


def _summary(entry: Entry, example: Example) -> str:
    found = "declared" if example.by == "declared" else "yes"
    name = entry.code.name
    return (
        f"| [`{name}`](#{name.lower()}) | {int(entry.code)} | {entry.label_en} {entry.label_zh} | "
        f"{entry.severity.name.lower()} | {entry.out_of_pocket.name.lower()} | {found} |\n"
    )


def _section(entry: Entry, example: Example) -> str:
    """Return the section of one code."""
    schemes = [
        f"{scheme} {', '.join(values)}" for scheme in SCHEMES if (values := getattr(entry, scheme))
    ]
    head = f"{entry.label_en} · {entry.label_zh}"
    stake = f"out of pocket: {entry.out_of_pocket.name.lower()}"
    lines = [
        f"\n## {entry.code.name}\n",
        f"**{head}** ({int(entry.code)}). {entry.definition_en}",
        f"{entry.definition_zh}\n",
        f"- {stake}; severity: {entry.severity.name.lower()}; {_within(entry)}",
        f"- action ({_RECOVERIES[entry.recovery]}): {entry.action_en}",
        f"- 处理：{entry.action_zh}",
    ]
    if schemes:
        lines.append(f"- scheme codes: {'; '.join(schemes)}")
    lines.append(f"- {FINDERS[example.by]}")
    return "\n".join(lines) + "\n" + "".join(_worked(example))


def _within(entry: Entry) -> str:
    days = entry.act_within_days
    return f"act within {days} day{'s' if days > 1 else ''}" if days else "nothing to do"


def _worked(example: Example) -> Iterator[str]:
    """Yield the worked example as a sentence and a table."""
    if example.by == "declared":
        return
    yield f"\nExample: {example.says}\n"
    if example.sample:
        yield f"See `data/samples/{example.sample}`.\n"
    added = "\n".join([*(new for _, new in example.edit), example.rules.strip()]).strip()
    if added:
        yield f"\n```toml\n{added}\n```\n"
    if example.days:
        yield "\n| day | file | row |\n|---|---|---|\n"
        for day in example.days:
            yield from _day_rows(day)
    if example.rows:
        yield "\n" + _table(example.rows)
        txn_id, expected, actual, cause = example.fact
        yield f"\nRow {txn_id}: {expected} expected, {actual} found; *{cause}*.\n"


def _day_rows(day: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line a row of a day; a file that did not come is named."""
    when: date = day["date"]
    empty = True
    for key, name in FILES.items():
        if key in day.get("absent", ()):
            yield f"| {when} | {name} | *the file did not come* |\n"
        for row in day.get(key, ()):
            yield f"| {when} | {name} | {_readable(row)} |\n"
        empty = empty and not day.get(key) and not day.get("absent")
    if empty:
        yield f"| {when} | all | *no further rows* |\n"


def _readable(row: str) -> str:
    """Return `A1 100.00 10:00 ref=R1` as `A1, 100.00, 10:00, ref R1`."""
    return ", ".join(word.replace("=", " ", 1).replace("_", " ") for word in row.split())


def _table(text: str) -> str:
    """Return a table of rows as Markdown; columns in minor units are shown in major ones."""
    head, *rows = [line for line in text.strip().splitlines() if line.strip()]
    names = [name.strip().removesuffix("_minor") for name in head.split("|")]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in rows:
        cells = ["" if (cell := item.strip()) == "-" else cell for item in row.split("|")]
        lines.append("| " + " | ".join(cell.replace("*", "\\*") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _deadline_table(limits: tuple[Deadline, ...]) -> str:
    """Return the schemes' own time limits."""
    rows = "".join(
        f"| {item.scheme} | {item.what_en} {item.what_zh} | {item.days} | {item.valid_from} |\n"
        for item in limits
    )
    return (
        "\n## Time limits of the schemes\n\nNatural days, with the day from which each holds. "
        "Confirm with the scheme's current manual before acting.\n\n"
        f"| scheme | what | days | from |\n|---|---|--:|---|\n{rows}"
    )
