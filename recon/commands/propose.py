"""`recon init --from FILE`: a source table for a person to confirm; every guess says so.

Nothing here decides: a file of a known format is named, a generic one gets the columns whose
headers usually mean ours. Where two readings are equally good both are written, one as a comment.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from recon.commands.header_words import KINDS, STATES, meant
from recon.commands.meaning import Meaning, meaning_of
from recon.commands.peek import Head, peek
from recon.commands.propose_legs import Proposed, legs_of, sides_of
from recon.core.texts import inert
from recon.rules.rule_file.toml_lines import quoted

if TYPE_CHECKING:
    from recon.io.reading.contract import Format

_MONEY = ("amount", "credit", "debit", "fee", "net")
_DAYS = ("clearing_date", "value_date", "due_date")
_SHOWN = 3
_MONTHS = range(1, 13)
_MONTH_DAYS = range(1, 32)
_LONGEST = 32
_MOST_WORDS = 20
_DATES = (
    *("YYYY-MM-DD", "YYYY/MM/DD", "YYYYMMDD", "YYYY.MM.DD", "MM/DD/YYYY", "DD/MM/YYYY"),
    *("DD.MM.YYYY", "DD-MM-YYYY", "MM-DD-YYYY", "YYYY-M-D", "YYYY/M/D", "M/D/YYYY", "D/M/YYYY"),
)
_CLOCKS = ("hh:mm:ss", "hh:mm", "hhmmss", "hh:mm:ssZ", "h:mm:ss", "h:mm")
_TIMES = (
    *(f"{day}{gap}{clock}" for clock in _CLOCKS for day in _DATES for gap in (" ", "T")),
    *("YYYYMMDDhhmmss", *_DATES),
)
_SYMBOL = re.compile(r"[¥￥$€£]|元$|^\+")
_CENTS = re.compile(r"分|(?i:cents?|(?<![a-z])fen|minor)")
_PADDED_CENTS = re.compile(r"[+-]?0[0-9]{5,}")
_DATE_ORDER = {"paypal_activity", "qif"}  # formats whose dates do not say what comes first
_GENERIC = {
    "parquet",
    "arrow",
    "query",
    "sqlite",
}  # their bytes show the container, not what the columns mean


def propose(*paths: Path) -> str:
    """Return a rule file in the making: a source for each file, and the legs between them.

    Every guess is marked.
    """
    with tempfile.TemporaryDirectory(prefix="recon-") as folder:
        found = [_seen(path, Path(folder)) for path in paths]
    sides = sides_of([proposed for proposed, _ in found])
    names: list[str] = []
    for proposed, _ in found:
        taken = proposed.name in names
        names.append(f"{proposed.name}_{len(names) + 1}" if taken else proposed.name)
    files = ", ".join(_for_comment(path.name) for path in paths)
    head = (
        f"# Proposed from {files}. Look at every line that says confirm.\n"
        f'version = 1\nname = "{_name_of(paths[0])}"\n'
    )
    sources = [
        "\n".join(["", *write(name, side), ""])
        for name, side, (_, write) in zip(names, sides, found, strict=True)
    ]
    return head + "".join(sources) + legs_of([proposed for proposed, _ in found], sides)


def _seen(path: Path, folder: Path) -> tuple[Proposed, Callable[[str, str], list[str]]]:
    """Return what a file seems to be, and what writes its source under a name, for a side."""
    from recon.errors import InputError
    from recon.io.formats import format_named
    from recon.io.one_file import formats_of
    from recon.io.reading.contract import Options

    found = formats_of(path, folder)
    if len(found) > 1:
        raise InputError(
            f"expected the content of one known format, found {' or '.join(found)}",
            where=path.name,
            fix="write the format of the source by hand",
            code="FILE_SCHEMA",
        )
    if found and found[0] not in _GENERIC:
        form = format_named(found[0])
        fills = frozenset(form.fields(Options()))
        return Proposed(form.name, form.side.name.lower(), fills), partial(_known, path, form)
    head = peek(path, folder)
    meaning = meaning_of(head)
    side = "bank" if meaning.is_statement else "merchant"
    return Proposed(_name_of(path), side, frozenset(meaning.mapped)), partial(
        _generic, path, head, meaning
    )


def _known(path: Path, form: Format, name: str, side: str) -> list[str]:
    """Return the source table of a file whose format its content shows."""
    lines = [
        "[[source]]",
        f'name = "{name}"',
        f'side = "{side}"  # confirm: whose file this is',
        f'format = "{form.name}"  # seen in its content: {form.title_en}, {form.title_zh}',
        _path_line(path),
    ]
    if form.name in _DATE_ORDER:
        lines += [
            "# The dates do not say whether day or month comes first. Keep one line.",
            'date_patterns = ["MM/DD/YYYY"]  # confirm',
            '# date_patterns = ["DD/MM/YYYY"]',
        ]
    return lines


def _generic(path: Path, head: Head, meaning: Meaning, name: str, side: str) -> list[str]:
    """Return the source table of a file that is read by declared columns."""
    mapped = meaning.mapped
    lines = [
        "[[source]]",
        f'name = "{name}"',
        f'side = "{side}"  # confirm: merchant, channel or bank',
        f'format = "{head.format}"',
        _path_line(path),
        *_cutting(head),
        *_one_kind(meaning),
        *_amounts(head, mapped),
        *_patterns(head, "time_patterns", [mapped.get("occurred_at", "")], _TIMES),
        *_patterns(head, "date_patterns", [mapped.get(day, "") for day in _DAYS], _DATES),
        *_ignored(head, meaning),
        "",
        "[source.columns]",
        *(_column(head, ours, column) for ours, column in mapped.items()),
        *doubtful_lines(head, meaning),
    ]
    for table, column, known in (("kinds", "kind", KINDS), ("states", "state", STATES)):
        if column in mapped:
            lines += ["", f"[source.{table}]", *_words(head.values(mapped[column]), known)]
    return lines


def _one_kind(meaning: Meaning) -> list[str]:
    """Return the line that says what every row is, where no column does."""
    every = meaning.every_kind
    return [f'kind = "{every}"  # confirm: every row of the file is one'] if every else []


def _column(head: Head, name: str, column: str) -> str:
    """Return the line of a mapped column, with values of the file."""
    declared = quoted(head.declared(column))
    label = f"{_for_comment(column)}, " if head.ranges else ""
    return f"{name} = {declared}  # confirm; {label}{_examples(head.values(column))}"


def doubtful_lines(head: Head, meaning: Meaning) -> list[str]:
    """Return the lines of columns that fit equally well, or less clearly than the one taken."""
    equal = [
        f"# {name} = {quoted(head.declared(column))}  # confirm: one of {len(found)} that fit"
        for name, found in meaning.doubtful.items()
        for column in found
    ]
    weaker = [
        f"# {name} = {quoted(head.declared(column))}  # fits less clearly; it is in ignore_columns"
        for name, found in meaning.others.items()
        for column in found
    ]
    return equal + weaker


def _ignored(head: Head, meaning: Meaning) -> list[str]:
    """Return the line that names every column without a meaning for us."""
    if head.ranges:
        return [
            f"# bytes {head.declared(name)}: {_for_comment(name)}, {_examples(head.values(name))}"
            for name in head.columns
            if name not in meaning.used()
        ]
    if not head.has_header:
        return [
            "# no header line was seen: columns are named 1, 2, ... by their place; confirm",
            *(f'# column "{name}": {_examples(head.values(name))}' for name in head.columns),
        ]
    used = meaning.used()
    rest = [quoted(column) for column in head.columns if column not in used]
    return [f"ignore_columns = [{', '.join(rest)}]  # confirm: none of them is needed"] * bool(rest)


def _cutting(head: Head) -> list[str]:
    """Return how the text is cut into rows and cells, where it is not the usual way."""
    lines = []
    if head.members:
        lines.append(
            f"member = {quoted(head.members[0])}  # confirm: a table, a view or one SELECT"
        )
        lines += [f"# member = {quoted(name)}  # is there as well" for name in head.members[1:]]
    if head.encoding != "utf-8":
        lines.append(f'encoding = "{head.encoding}"  # confirm')
    if head.format == "delimited" and head.delimiters != (",",):
        lines.append(f"delimiter = {quoted(head.delimiters[0])}  # confirm")
        lines += [f"# delimiter = {quoted(mark)}  # fits as well" for mark in head.delimiters[1:]]
    if head.skip_lines:
        what = "the first row" if head.ranges else "the header"
        lines.append(f"skip_lines = {head.skip_lines}  # confirm: lines before {what}")
    if not head.has_header:
        lines.append("header = false  # confirm")
    if head.padded:
        lines.append("padded = true  # confirm: spaces or back-ticks stand around cells")
    if head.totals:
        lines.append(
            f"comment = {quoted(head.totals[0])}  # confirm: such lines are totals, no rows"
        )
        lines += [f"# lines that begin with {quoted(word)} are refused" for word in head.totals[1:]]
    return lines


def _amounts(head: Head, mapped: dict[str, str]) -> list[str]:
    """Return the unit of amounts, both ways, and how their digits are written."""
    columns = [mapped[name] for name in _MONEY if name in mapped]
    values = [value for column in columns for value in head.values(column)]
    symbols = {found[0] for value in values for found in re.finditer(_SYMBOL, value)}
    if not columns:
        return ["# no column of amounts was seen: map amount, or credit and debit; confirm"]
    in_cents = next((word for column in columns for word in _CENTS.findall(column)), "")
    is_padded = bool(values) and all(_PADDED_CENTS.fullmatch(value) for value in values)
    has_point = any(re.search(r"[.,]\d{1,2}$", value) for value in values)
    seen = "the samples have decimals" if has_point else "the samples have no decimals: either fits"
    if in_cents:
        seen = f"the header says {in_cents}"
    elif is_padded:
        seen = "the samples are padded with zeros"
    chosen, other = ("minor", "major") if in_cents or is_padded else ("major", "minor")
    lines = [
        "# Major units are 12.50, minor units are 1250 for the same money. Keep one line.",
        f'amount_unit = "{chosen}"  # confirm: {seen}',
        f'# amount_unit = "{other}"',
    ]
    if symbols:
        shown = ", ".join(quoted(symbol) for symbol in sorted(symbols))
        lines.append(f"symbols = [{shown}]  # confirm: they stand beside amounts")
        values = [re.sub(_SYMBOL, "", value) for value in values]
    if any(re.search(r"\d\.\d{3},\d", value) for value in values) or (
        any(re.search(r",\d{2}$", value) for value in values)
        and not any("." in value for value in values)
    ):
        mark = " " if any(re.search(r"\d \d{3}", value) for value in values) else "."
        return [*lines, 'decimal_mark = ","  # confirm', f'thousands = "{mark}"  # confirm']
    if any(re.search(r"\d,\d{3}(\D|$)", value) for value in values):
        lines.append('thousands = ","  # confirm')
    return lines


def _patterns(head: Head, key: str, columns: Sequence[str], candidates: Sequence[str]) -> list[str]:
    """Return the patterns that fit all values; of several that fit, one is left uncommented."""
    values = [value for column in columns if column for value in head.values(column)]
    if not values:
        return []
    fitting = [pattern for pattern in candidates if all(_fits(value, pattern) for value in values)]
    strict = [
        pattern for pattern in fitting if not re.search(r"(?<!M)M(?!M)|(?<!h)h(?!h)", pattern)
    ]
    strict = strict or fitting
    if not strict:
        return [f"# {key}: none that is known fits {_examples(values)}; write it yourself"]
    doubt = "confirm" if len(strict) == 1 else "confirm: the lines below fit all samples as well"
    first = f'{key} = ["{strict[0]}"]  # {doubt}'
    zone = ['time_zone = "UTC"  # confirm: the times end in Z'] if strict[0].endswith("Z") else []
    return [first, *(f'# {key} = ["{other}"]' for other in strict[1:]), *zone]


def _fits(value: str, pattern: str) -> bool:
    """Return whether a value can be read by a pattern: its digits, marks, month and day."""
    parts = re.split(r"(YYYY|MM|DD|hh|mm|ss|M|D|h)", pattern)
    numbers = {"YYYY": r"(?P<Y>\d{4})", "MM": r"(?P<M>\d\d)", "DD": r"(?P<D>\d\d)"}
    numbers |= {
        "M": r"(?P<M>\d\d?)",
        "D": r"(?P<D>\d\d?)",
        "hh": "[01][0-9]|2[0-3]",
        "h": "[01]?[0-9]|2[0-3]",
    }
    shape = "".join(
        f"(?:{numbers.get(part, '[0-5][0-9]')})" if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )
    found = re.fullmatch(shape, value, re.ASCII)
    return found is not None and int(found["M"]) in _MONTHS and int(found["D"]) in _MONTH_DAYS


def _words(values: Sequence[str], known: dict[str, tuple[str, ...]]) -> list[str]:
    """Return a line for each word of a closed set, card numbers masked; an unknown one is left."""
    from recon.io.reading.mask import mask_texts

    lines = []
    for word in mask_texts(list(dict.fromkeys(values))[:_MOST_WORDS]):
        ours = meant(word, known)
        line = (
            f'{quoted(word)} = "{ours}"  # confirm' if ours else f'# {quoted(word)} = ""  # confirm'
        )
        lines.append(line)
    return [*lines, "# a word that is not listed here rejects its row"]


def _path_line(path: Path) -> str:
    """Return the path of tomorrow's file, as far as today's name tells."""
    pattern = re.sub(r"\d{4,}", "*", inert.one_line(path.name))
    return f"path = {quoted('inbox/{date}/' + pattern)}  # confirm: * fits any characters"


def _name_of(path: Path) -> str:
    """Return a name for the source, made of the file's."""
    words = re.findall(r"[a-z]+", path.stem.lower())
    return "_".join(words)[:_LONGEST].strip("_") or "source"


def _examples(values: Sequence[str]) -> str:
    """Return some values for a comment."""
    shown = [_for_comment(value) for value in list(dict.fromkeys(values))[:_SHOWN]]
    return "for instance " + " | ".join(shown) if shown else "no value in the first rows"


def _for_comment(text: str) -> str:
    """Return text of the file as a comment may show it: one line, short, card numbers masked."""
    from recon.io.reading.mask import mask_text

    clean = inert.one_line(mask_text(text))
    return clean if len(clean) <= _LONGEST else clean[:_LONGEST] + "..."
