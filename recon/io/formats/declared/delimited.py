"""Delimited text by declared mapping: any sender, any delimiter, nothing guessed.

The rule file maps canonical names to the sender's headers (to `1`, `2`, ... when there is no
header line). `"day + time"` maps one canonical time to two columns. A header that is missing,
doubled or unknown refuses the file: a format that drifts is found on the first night.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Final

from recon.core import attributes
from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.reading.contract import (
    Choice,
    Constant,
    Day,
    Field,
    Fields,
    Format,
    Money,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    Text,
    Time,
)
from recon.io.reading.cutting import Dialect, Layout, cut_rows
from recon.io.reading.lines import Block, Lines, listed
from recon.io.reading.marks import unguarded

_MONEY: Final = {
    "amount": "amount_minor",
    "fee": "fee_minor",
    "net": "net_minor",
    "credit": "credit_minor",
    "debit": "debit_minor",
    "base_amount": "base_minor",
    "requested_amount": "requested_minor",
}
_TIMES: Final = ("occurred_at", "arrived_at")
_DAYS: Final = ("clearing_date", "value_date", "due_date")
_TEXTS: Final = (
    "order_id",
    "channel_ref",
    "bank_ref",
    "currency",
    "merchant_id",
    "terminal_id",
    "rrn",
    "stan",
    "auth_code",
    "card",
    "batch_id",
    "original_ref",
    "product",
    "memo",
    "base_currency",
    "issuer",
    "counterparty",
)


def source_columns(options: Options) -> tuple[str, ...]:
    """Return the sender's columns that the mapping wants, each once, in its order."""
    wanted: dict[str, None] = {}
    for column in (*options.columns.values(), *options.attributes.values()):
        wanted.update(dict.fromkeys(_parts(column)))
    return tuple(wanted)


def _parts(column: str) -> tuple[str, ...]:
    """Return the one or two columns that a mapping names."""
    return tuple(part.strip() for part in column.split(" + "))


def fields(options: Options) -> Fields:
    """Return how each mapped column becomes its canonical column."""
    result: dict[str, Field] = {
        "state": Constant(State.SUCCESS),
        "currency": Constant(options.currency),
    }
    if options.kind:
        result["kind"] = Constant(Kind[options.kind])
    for name, column in options.columns.items():
        result[_MONEY.get(name, name)] = _field(name, column, options)
    for name, column in options.attributes.items():
        is_time = name in attributes.TIMES
        result[attributes.PREFIX + name] = _time(column, options) if is_time else Text(column)
    return result


def _field(name: str, column: str, options: Options) -> Field:
    """Return the field that fits the type of a canonical column."""
    if name in _MONEY:
        unit = options.units.get(column, options.amount_unit)
        marks = (options.decimal_mark, options.thousands)
        return Money(column, unit, *marks, symbols=options.symbols, declared=True)
    if name in _TIMES:
        return _time(column, options)
    if name in _DAYS:
        return Day(column, options.date_patterns, declared="date_patterns")
    if name == "kind":
        return Choice(column, {word: Kind[kind] for word, kind in options.kinds.items()})
    if name == "state":
        return Choice(column, {word: State[state] for word, state in options.states.items()})
    return Text(column)


def _time(column: str, options: Options) -> Time:
    """Return the time that one mapped column holds, or two."""
    return Time(_parts(column), options.time_patterns, declared="time_patterns")


def check_columns(found: tuple[str, ...], options: Options, where: str) -> None:
    """Refuse a file whose columns are not the declared ones, naming every difference at once."""
    wanted = source_columns(options)
    problems = [
        f"column {name!r} is mapped, but the file has none of that name"
        for name in wanted
        if name not in found
    ]
    problems += [
        f"column {name!r} stands {count} times"
        for name, count in Counter(found).items()
        if count > 1
    ]
    if options.header:
        known = {*wanted, *options.ignore_columns}
        problems += [
            f"column {name!r} is neither mapped nor in ignore_columns"
            for name in dict.fromkeys(found)
            if name not in known
        ]
    if problems:
        raise InputError(
            f"{listed(problems, '; ')}. Expected {listed(wanted)}; found {listed(found)}",
            where=where,
            fix=_other_delimiter(found, wanted)
            or "correct [source.columns], or list columns that you do not need in ignore_columns;"
            " if the sender changed the file, ask which change was meant",
            code="FILE_SCHEMA",
        )


def _other_delimiter(found: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    """Return the fix where the one cell of the header holds all columns, cut by another mark."""
    marks = {",": ",", ";": ";", "|": "|", "\t": r"\t"}
    fitting = [
        told for mark, told in marks.items() if set(wanted) <= set("".join(found).split(mark))
    ]
    if len(found) > 1 or len(wanted) == 1 or not fitting:
        return ""
    return f'the header is cut by another mark: declare delimiter = "{fitting[0]}" for this source'


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Yield the mapped columns of every row."""
    if not options.columns:
        raise InputError(
            "expected a declared mapping of columns, found none",
            where=staged.name,
            fix="write [source.columns]; `recon init --from FILE` proposes it",
            code="FILE_SCHEMA",
        )
    with staged.path.open("rb") as stream:
        blocks = Lines(stream, staged.name, options.encoding or "utf-8")
        first = blocks.take()
        if first is None:
            raise _no_header(staged.name)
        if options.header:
            header, first = _cut_header(first, options, reading, staged.name)
        else:
            first = _skip(first, options.skip_lines, reading)
            header = _positions(first, options)
        check_columns(header, options, staged.name)
        batches = cut_rows(
            chain((first,), blocks),
            _dialect(options),
            Layout(header, source_columns(options)),
            reading,
            give_back=blocks.give_back,
        )
        yield from unguarded(batches) if options.padded else batches


def _dialect(options: Options) -> Dialect:
    """Return how this source cuts its fields."""
    return Dialect(
        options.delimiter.encode(),
        ord(options.quote) if options.quote else -1,
        options.comment.encode(),
        trim=options.padded,
    )


def _skip(block: Block, lines: int, reading: Reading) -> Block:
    """Return the block without its first lines, which are header lines."""
    lines = min(lines, block.lines)
    reading.lines += lines
    reading.header_lines += lines
    return block.after(lines)


def _cut_header(
    block: Block, options: Options, reading: Reading, where: str
) -> tuple[tuple[str, ...], Block]:
    """Find the header line behind the skipped, blank and comment lines; return what follows it."""
    block = _skip(block, options.skip_lines, reading)
    while block.raw.size:
        line = block.line_texts(1)[0]
        is_blank = not line.strip(" ")
        is_comment = bool(options.comment) and line.startswith(options.comment)
        if not is_blank and not is_comment:
            header = _split_header(line, options, where, block)
            return header, _skip(block, 1, reading)
        reading.lines += 1
        reading.blank_lines += is_blank
        reading.comment_lines += is_comment
        block = block.after(1)
    raise _no_header(where)


def _no_header(where: str) -> InputError:
    return InputError(
        "expected a header line, found none",
        where=where,
        fix="ask for the file again, or set header = false and map columns by position",
        code="FILE_EMPTY",
    )


def _split_header(line: str, options: Options, where: str, block: Block) -> tuple[str, ...]:
    """Return the names in a header line."""
    if 0 in block.undecodable:
        raise InputError(
            f"expected a header line in the source's encoding, found: {block.undecodable[0]}",
            where=where,
            fix="set the source's encoding to the one the sender uses",
            code="FILE_SCHEMA",
        )
    if len(options.delimiter) > 1 or not options.quote:
        return tuple(name.strip() for name in line.split(options.delimiter))
    try:
        names = next(
            csv.reader([line], delimiter=options.delimiter, quotechar=options.quote, strict=True)
        )
    except csv.Error as error:
        raise InputError(
            f"expected a header line of names, found one that cannot be cut: {error}",
            where=where,
            fix="check delimiter, quote and skip_lines of this source",
            code="FILE_SCHEMA",
        ) from error
    return tuple(name.strip() for name in names)


def _positions(block: Block, options: Options) -> tuple[str, ...]:
    """Return `1`, `2`, ... for the fields of the first row of a file without a header."""
    for line in block.line_texts(1000):
        is_comment = bool(options.comment) and line.startswith(options.comment)
        if line.strip(" ") and not is_comment:
            if options.quote and len(options.delimiter) == 1:
                cells = next(
                    csv.reader([line], delimiter=options.delimiter, quotechar=options.quote)
                )
            else:
                cells = line.split(options.delimiter)
            return tuple(str(place) for place in range(1, len(cells) + 1))
    return source_columns(options)


def _recognise(_probe: Probe) -> bool:
    """Return False: a delimited file is read by declaration, never by its looks."""
    return False


FORMAT: Final = Format(
    name="delimited",
    title_en="Delimited text, by declared mapping",
    title_zh="分隔文本（按声明的列映射）",
    side=Side.MERCHANT,
    recognise=_recognise,
    read=read,
    fields=fields,
)
