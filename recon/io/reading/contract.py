"""What a format is: how to recognise it, how to cut it into rows, what its columns mean.

A format reads one staged file in two steps that every format shares:

1. `read` cuts the bytes into `RawRows` batches: text columns under the sender's own names, with the
   physical record number and byte range of each row. It parses no money and no time. It reports to
   a `Reading` every line it passed over, every row it refused, and what the file declares about
   itself (trailers, balances).
2. `fields` says, column by column, how the text becomes the canonical table.
   `recon.io.loading.normalise` applies it with the exact parsers; `refine` is for what a column
   mapping cannot say (signs that depend on another column, references that change meaning with the
   kind).

A key of `fields` that begins with `_` (for instance `_share_minor`) is a helper column: it is
parsed as every other field is and a bad value rejects its row, `refine` and the expressions of
`controls` see it in the frame, and `recon.io.loading.normalise` drops it before the table is
checked.

A key that begins with `attributes.` (`attributes.response_code`) is a text or a time that nothing
matches by: `recon.io.loading.normalise` puts all of them in the one column `attributes`
(`recon.core.attributes` says why one, and has the names).

A format file defines one `FORMAT` constant (or a few, for siblings) and is listed in
`recon/io/formats/__init__.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.codes import Kind, Side, State
from recon.core.texts.text import TextBuffers
from recon.errors import InputError
from recon.io.reading.cut_text import CutText
from recon.io.reading.known_text import KnownText

_LEADING_BLANK: Final = re.compile(r"\A(?:[ \t]*\r?\n)+")
_LEADING_BYTES: Final = re.compile(rb"\A(?:\xef\xbb\xbf|\x84\x31\x95\x33)?(?:[ \t]*\r?\n)*")


@dataclass(frozen=True, slots=True)
class Probe:
    """What recognition may look at: the name, the size and the first bytes of a file."""

    name: str
    size: int
    head: bytes  # at most the first 64 KiB, of the first member when the file is an archive
    members: tuple[str, ...] = ()  # names inside a zip archive
    cells: tuple[tuple[str, ...], ...] = ()  # the first rows of a workbook's one visible sheet

    def text(self) -> str:
        """Return the head as text: UTF-8 if it decodes (cut end allowed), else GB18030.

        A byte order mark and blank lines before the first filled one are left out.
        """
        return _LEADING_BLANK.sub("", self._decoded().removeprefix("\ufeff"))

    def byte_lines(self, most: int) -> list[bytes]:
        """Return the first lines as bytes, without their ends: for places that count bytes.

        A byte order mark and blank lines before the first filled one are left out.
        """
        pieces = _LEADING_BYTES.sub(b"", self.head).split(b"\n", most)
        return [piece.removesuffix(b"\r") for piece in pieces[:most]]

    def _decoded(self) -> str:
        """Return the head as text, whole."""
        for encoding in ("utf-8-sig", "gb18030"):
            for cut in range(4):
                try:
                    return self.head[: len(self.head) - cut].decode(encoding)
                except UnicodeDecodeError:
                    continue
        return self.head.decode("latin-1")


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A private copy of an input, already hashed; `path` is what readers open."""

    path: Path
    name: str  # the name as delivered
    sha256: str
    size: int
    business_date: Any  # datetime.date of the night, for dates without a year


@dataclass(slots=True)
class RawRows:
    """A batch of rows as text. All arrays have one length."""

    columns: Mapping[str, pa.Array]  # of text of any Arrow type, null = absent
    record_no: NDArray[np.int64]
    byte_start: NDArray[np.int64]
    byte_end: NDArray[np.int64]
    texts: KnownText = field(default_factory=KnownText)  # what was found of the columns before

    def buffers(self, name: str) -> TextBuffers:
        """Return where the bytes of a column lie."""
        if isinstance(self.columns, CutText):
            return self.columns.buffers(name)
        return self.texts.buffers(self.columns[name])


@dataclass(frozen=True, slots=True)
class Reject:
    """A refused row: where it stands, what it says, every reason."""

    record_no: int
    byte_start: int
    byte_end: int
    text: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """One thing a file says about itself, beside what we computed (minor units, or a count)."""

    name: str
    declared: int
    computed: int
    currency: str = ""

    @property
    def agrees(self) -> bool:
        """Return whether the file is right about itself."""
        return self.declared == self.computed


MOST_REJECTS = 200_000  # of a file: each is kept with its text and its reasons


def check_rejects(count: int, where: str) -> None:
    """Refuse a file with so many refused rows that nobody could look at them."""
    if count > MOST_REJECTS:
        raise InputError(
            f"expected at most {MOST_REJECTS} refused rows in a file, found more",
            where=where,
            fix="correct the source's declaration in the rule file if it describes the file "
            "wrongly, else ask the sender",
            code="FILE_SCHEMA",
        )


Columns = tuple[tuple[str, str], ...]  # name and type (empty: text), in the file's order


def named_columns(names: Iterable[str]) -> Columns:
    """Return the columns of a file whose cells are text."""
    return tuple((name, "") for name in names)


@dataclass(slots=True)
class Reading:
    """The account of reading one file, filled in by its reader and by `recon.io.loading.load`."""

    lines: int = 0  # physical lines in the file
    header_lines: int = 0
    trailer_lines: int = 0
    comment_lines: int = 0
    blank_lines: int = 0
    record_lines: int = 0  # lines that belong to data rows, refused ones included
    rejects: list[Reject] = field(default_factory=list)
    declared: dict[str, str] = field(default_factory=dict)  # trailer cells, as text
    controls: list[ControlTotal] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)  # account, statement number, ...
    notes: list[str] = field(default_factory=list)
    columns: Columns = ()  # of a file that names its columns, set before the first batch
    is_open: bool = False  # the last row's line has no end: its last cell may be cut off

    def refuse(self, reject: Reject) -> None:
        """Put a row among the rejects; InputError when there are more than anybody looks at."""
        self.rejects.append(reject)
        check_rejects(len(self.rejects), f"record {reject.record_no}")

    def all_lines_accounted(self) -> bool:
        """Return whether every physical line is in exactly one class."""
        return self.lines == (
            self.header_lines
            + self.trailer_lines
            + self.comment_lines
            + self.blank_lines
            + self.record_lines
        )


# --- how text becomes a canonical column -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it stands, after stripping spaces, tabs and back-ticks; `nulls` become null."""

    column: str
    nulls: tuple[str, ...] = ("", "-", "--")
    optional: bool = False  # the column may be absent from the file


@dataclass(frozen=True, slots=True)
class Account(Text):
    """The account of a statement: text, in which a card's number is cut to six and four."""


@dataclass(frozen=True, slots=True)
class Money:
    """Exact money; see `recon.core.money` for the grammar. `columns` are tried by name in order."""

    column: str
    unit: str = "major"  # major | minor | credit_debit_minor (C/D or space, then minor digits)
    decimal_mark: str = "."
    thousands: str = ""  # "," allows grouping; a grouping that is not by three is a reject
    extra_zero_decimals: bool = False  # 0.27000 is 0.27; 0.27100 is a reject
    symbols: tuple[str, ...] = ()  # stripped once in front or behind, for instance "¥"
    padded: bool = False  # spaces and tabs around the amount are passed over, else a reject
    nulls: tuple[str, ...] = ("", "-", "--")  # what senders write for no amount
    optional: bool = False
    declared: bool = False  # the source says how its amounts are written


@dataclass(frozen=True, slots=True)
class Time:
    """A local time of the source's zone, made UTC. `patterns` are tried in order.

    A pattern is made of `YYYY MM DD hh mm ss` and literal characters, for instance
    `YYYY-MM-DD hh:mm:ss`; `M D h` accept one or two digits, `YY` is 2000 to 2099. Two columns are
    joined by one space. Blank is null; `recon.core.times` reads it.
    """

    columns: tuple[str, ...]
    patterns: tuple[str, ...]
    zone: str = ""  # IANA name; empty: the source's zone
    optional: bool = False
    declared: str = ""  # the key of the source that says the patterns; empty: the format knows


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar date, same patterns as `Time`. `MMDD` takes its year from the business date."""

    column: str
    patterns: tuple[str, ...]
    optional: bool = False
    declared: str = ""  # as of a `Time`


@dataclass(frozen=True, slots=True)
class Choice:
    """A closed set of words. A word outside it is a reject, unless `otherwise` is given."""

    column: str
    words: Mapping[str, Kind | State]
    otherwise: Kind | State | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value on every row."""

    value: str | int | Kind | State


Field = Text | Money | Time | Day | Choice | Constant


@dataclass(frozen=True, slots=True)
class Control:
    """A declared total and how to compute ours.

    `compute` is a polars expression that sums (or counts) over the canonical columns of the
    accepted rows, after `refine`, helper columns (`_...`) included; over no rows it is 0. A control
    whose `declared` key is absent from `Reading.declared` is not compared. A declared cell that
    `money` (or, for a count, `[0-9]+`) does not parse refuses the file with `FILE_TOTAL`.
    """

    name: str
    declared: str  # key in `Reading.declared`
    compute: pl.Expr
    money: Money | None = None  # None: a count
    currency: str = ""
    also: pl.Expr | None = None  # another sum that senders mean by the same words


@dataclass(frozen=True, slots=True)
class Proof:
    """What the accepted rows of a file prove among themselves: chains, sums of parts.

    gather: what the proof needs of a batch after `refine`, helper columns included; small, since it
    is kept until the end of the file. totals: of all that was gathered, in the order of the rows.
    """

    about: str  # what is proved, for the page of formats
    gather: Callable[[pl.DataFrame], pl.DataFrame]
    totals: Callable[[pl.DataFrame], list[ControlTotal]]
    lacking: str = ""  # what is noted of a file that has nothing to prove it by


@dataclass(frozen=True, slots=True)
class Options:
    """What the rule file says about reading one source (all have defaults for fixed formats)."""

    currency: str = "CNY"
    zone: str = "Asia/Shanghai"
    own_zone: str = ""  # what the source itself declares, not the rule file for all
    encoding: str = ""  # empty: the format's own
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    skip_lines: int = 0
    comment: str = ""
    ignore_columns: tuple[str, ...] = ()
    changed_columns: tuple[str, ...] = ()  # whose change since earlier nights is accepted
    columns: Mapping[str, str] = field(default_factory=dict)  # canonical -> sender's column
    attributes: Mapping[str, str] = field(default_factory=dict)  # name -> sender's column
    amount_unit: str = "major"
    units: Mapping[str, str] = field(default_factory=dict)  # sender's column -> major or minor
    decimal_mark: str = "."
    thousands: str = ""
    symbols: tuple[str, ...] = ()  # of a currency, in front of amounts or behind
    padded: bool = False  # spaces, tabs, back-ticks, `="..."` or `'` stand around cells
    full_width: bool = False  # full-width digits and marks of amounts and times are read
    kind: str = ""  # Kind name of every row, where no column tells it
    time_patterns: tuple[str, ...] = ("YYYY-MM-DD hh:mm:ss",)
    date_patterns: tuple[str, ...] = ("YYYY-MM-DD",)
    kinds: Mapping[str, str] = field(default_factory=dict)  # sender's word -> Kind name
    states: Mapping[str, str] = field(default_factory=dict)  # sender's word -> State name
    member: str = ""  # which member of a zip, as a glob
    equal_rows: str = "resent"  # of two files: resent, or distinct money
    reject_limit_ppm: int | None = None  # most refused rows, parts per million; None: the default
    merchant_id: str | None = None  # whose file it is
    is_due: bool = False  # a file is expected tonight
    allow_empty: bool = False  # a night without new rows is ordinary
    stale_days: int = 7  # as far from the night some row must stand, in a file that is due
    retold_ppm: int = 900_000  # so many rows of one earlier night make a file that night's

    @property
    def reads_full_width(self) -> bool:
        """Return whether `１２．５０` is 12.50: in known layouts, and where a mapping says so."""
        return self.full_width or not self.columns


Reader = Callable[[StagedFile, Options, Reading], Iterator[RawRows]]
Fields = Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Format:
    """One file format."""

    name: str
    title_en: str
    title_zh: str
    side: Side
    recognise: Callable[[Probe], bool]
    read: Reader
    fields: Callable[[Options], Fields]  # canonical column -> how to make it
    refine: Callable[[pl.DataFrame, Mapping[str, pl.Series]], pl.DataFrame] | None = None
    controls: Callable[[Options], tuple[Control, ...]] = lambda _options: ()
    has_controls: bool = False  # a file of this format always proves itself
    proofs: tuple[Proof, ...] = ()  # compared beside `controls`
    net_is_exact: bool = False  # net = amount - fee on every row that states them, else a reject
    unit_by_column: bool = False  # `Options.units` may say in which unit a column is
    reads_archives: bool = False  # takes a zip of several files as it is, not one member of it
    twin: str = ""  # a format of the same layout, from which only the file's name tells it apart
    header: tuple[str, ...] = ()  # the sender's columns that every file of it has, where named
    column_name: Callable[[str], str] | None = None  # of a header cell; None: as sheets have it
    natural_key: tuple[str, ...] = ()  # canonical columns that name a row; empty: content only
