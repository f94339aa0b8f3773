"""The records of a large XML document as columns, the elements around them as a tree.

A document of statements is a few elements around very many entries. Expat looks at every byte and
says whether the XML is sound; it tells the elements around the records, one by one. The elements
of the records are found by a kernel (`recon.core.kernels.xml_elements`), which needs no object for
each: a batch is a table of places, and texts stay where they lie until a column of them is asked.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.kernels import xml_elements as kernel
from recon.core.texts.text import TextBuffers, all_valid, read_only
from recon.errors import InputError
from recon.io.reading.cut_text import viewed
from recon.io.reading.lines import encoding_named
from recon.io.reading.records import Data
from recon.io.reading.xml_tree import CHUNK, DEPTH_LIMIT, LIVE_LIMIT, Element, TreeBuilder

BATCH: Final = 200_000  # elements, and those of the last record
_DECLARED: Final = re.compile(rb"\A\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]+)[\"']")
_NOT_PLAIN: Final = re.compile(
    r"<!\[CDATA\[(?P<section>.*?)\]\]>|<!--.*?-->|<\?.*?\?>|&(?P<reference>#?\w+);", re.DOTALL
)
_NAMED: Final = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}  # that one last
_PROBLEMS: Final = {
    kernel.TOO_DEEP: f"the XML is nested deeper than {DEPTH_LIMIT} elements",
    kernel.TOO_MANY: f"more than {LIVE_LIMIT} elements stand in one statement or record",
    kernel.LONG_TAG: "a tag is longer than 64 KiB",
    kernel.LONG_TEXT: f"an element's text is longer than {kernel.LONGEST} bytes",
}


class Wanted:
    """Which elements are wanted: records, by the name of what they stand in, and paths in them.

    Elements of one meaning may stand at several paths. Owners are what elements are told apart by:
    the record is one, and of the paths those named so.
    """

    def __init__(
        self,
        around: str,
        record: str,
        paths: Mapping[str, str],
        owners: Sequence[str],
        attribute: str,
    ) -> None:
        """paths: inside the record -> meaning; owners: meanings; attribute: of any of them."""
        self.meanings = list(dict.fromkeys([record, *paths.values()]))
        self.attribute = np.frombuffer(attribute.encode(), np.uint8)
        self._names = bytearray()
        self._rows = [[0, 0, -1, -1, -1, kernel.PLAIN]]
        self._nodes: dict[tuple[int, str], int] = {}
        top = self._node(self._node(kernel.OUTSIDE, around), record)
        self._mean(top, record, kernel.RECORD)
        for path, meaning in paths.items():
            node = top
            for name in path.split("/"):
                node = self._node(node, name)
            self._mean(node, meaning, kernel.OWNER if meaning in owners else kernel.PLAIN)
        self.names = np.frombuffer(bytes(self._names), np.uint8)
        self.tree = read_only(np.array(self._rows, np.int32))

    def _mean(self, node: int, meaning: str, kind: int) -> None:
        """Say what a node is."""
        self._rows[node][kernel.MEANING] = self.meanings.index(meaning)
        self._rows[node][kernel.KIND] = kind

    def _node(self, parent: int, name: str) -> int:
        """Return the node of a name inside another, made when it is new."""
        if (parent, name) not in self._nodes:
            start = len(self._names)
            self._names += name.encode()
            sibling = self._rows[parent][kernel.CHILD]
            self._rows.append([start, len(self._names), -1, sibling, -1, kernel.PLAIN])
            self._rows[parent][kernel.CHILD] = len(self._rows) - 1
            self._nodes[parent, name] = len(self._rows) - 1
        return self._nodes[parent, name]

    def ranks(self, meanings: Sequence[str]) -> NDArray[np.int32]:
        """Return, for each meaning, its place among `meanings`, or -1."""
        ranks = np.full(len(self.meanings), -1, np.int32)
        ranks[[self.meanings.index(name) for name in meanings]] = np.arange(len(meanings))
        return ranks


@dataclass(slots=True)
class Elements:
    """The wanted elements of a run of whole records; see the kernel for the columns of `found`."""

    wanted: Wanted
    found: NDArray[np.int64]
    means: NDArray[np.int64]
    owned_by: NDArray[np.int64]
    texts: pl.Series  # of every element, white space at the ends left out
    filled: NDArray[np.uint8]  # 1: the text is not empty
    window: NDArray[np.uint8]
    window_start: int

    def of(self, meaning: str) -> NDArray[np.int64]:
        """Return the places of the elements of a meaning."""
        return np.flatnonzero(self.means == self.wanted.meanings.index(meaning))

    def first(self, *meanings: str, empty: bool = False) -> NDArray[np.int64]:
        """Return for each owner the first filled element of the first meaning it has.

        One value an element, -1 where there is none. empty: those without text count too.
        """
        first = np.full(len(self.means), -1, np.int64)
        filled = np.ones_like(self.filled) if empty else self.filled
        ranks = self.wanted.ranks(meanings)
        kernel.first_by_owner(self.means, self.owned_by, filled, ranks, first)
        return first

    def text_at(self, places: NDArray[np.int64]) -> pl.Series:
        """Return the texts of elements by place, null for -1."""
        return taken(self.texts, places)

    def value(self, owners: NDArray[np.int64], *meanings: str) -> pl.Series:
        """Return for each of `owners` the text that `first` finds, null where there is none."""
        return self.text_at(self.first(*meanings)[owners])

    def attributes(self, places: NDArray[np.int64]) -> pl.Series:
        """Return the attribute's value of elements by place, null where it is not there."""
        known = places >= 0
        starts = np.where(known, self.found[places, kernel.VALUE_START], -1)
        ends = np.where(known, self.found[places, kernel.VALUE_END], -1)
        there = starts >= 0
        values = _texts(
            self.window,
            np.where(there, starts - self.window_start, 0),
            np.where(there, ends - self.window_start, 0),
        )
        return values.set(pl.Series(~there), None)

    def raw(self, places: NDArray[np.int64]) -> Iterator[bytes]:
        """Yield the bytes of elements by place."""
        window = self.window.data
        spans = self.found[places][:, [kernel.START, kernel.END]] - self.window_start
        for start, end in spans.tolist():
            yield window[start:end].tobytes()


def taken(series: pl.Series, places: NDArray[np.int64]) -> pl.Series:
    """Return the values at some places, null for -1."""
    if not len(series):
        return pl.Series([None] * len(places), dtype=series.dtype)
    chosen = series.gather(np.maximum(places, 0))
    return chosen.set(pl.Series(places < 0), None) if (places < 0).any() else chosen


def _texts(
    data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> pl.Series:
    """Return the spans of some bytes as text."""
    spans = TextBuffers(data, read_only(starts), read_only(ends), all_valid(len(starts)))
    return pl.Series(viewed(spans))


@dataclass(slots=True)
class XmlRecords:
    """Walks through a document; `batches` yields its records, and the tree hears what is around."""

    data: Data
    where: str
    wanted: Wanted
    handlers: Mapping[str, Callable[[list[Element]], None]]
    before_run: Callable[[int, Element], None]  # records so far, the element that holds the next
    encoding: str = ""  # empty: the declared one, else UTF-8
    tree: TreeBuilder = field(init=False)
    _decoder: codecs.IncrementalDecoder | None = field(init=False, default=None)
    _codec: str = field(init=False, default="utf-8")
    _fed: int = field(init=False, default=0)
    records: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Look which characters the bytes are."""
        head = bytes(self.data[:CHUNK])
        self._codec = self._encoding_of(head)
        native = self._codec == "utf-8"
        self.tree = TreeBuilder(self.where, self.handlers, head, None if native else "utf-8")
        if not native:
            self._decoder = codecs.getincrementaldecoder(self._codec)()
        self._fed = self.tree.lead

    def _encoding_of(self, head: bytes) -> str:
        """Return the codec of the document; an unknown one is refused."""
        declared = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
        name = self.encoding or (declared[1].decode() if declared else "utf-8")
        if head.startswith(codecs.BOM_UTF8) or name.lower().startswith("utf-16"):
            return "utf-8"  # as unpacked
        try:
            return encoding_named(name, self.where)
        except InputError as error:
            if _is_single_byte(name):
                return name
            if self.encoding:
                raise
            problem = f"the XML's encoding cannot be read: unknown encoding {name}"
            raise InputError(
                problem, where=self.where, fix=error.fix, code="FILE_SCHEMA"
            ) from error

    def batches(self) -> Iterator[Elements]:
        """Yield runs of whole records, once the parser has found them sound; then end the tree."""
        data = read_only(np.frombuffer(self.data, np.uint8))
        state = np.array([0, 1 + self.tree.lead_lines], np.int64)
        opened = np.zeros((DEPTH_LIMIT, kernel.OPEN_COLUMNS), np.int64)
        found = np.empty((LIVE_LIMIT + BATCH, kernel.FOUND_COLUMNS), np.int64)
        marked = np.empty(len(found), np.uint8)
        at, why = self.tree.lead, kernel.READY
        wanted = self.wanted
        while why == kernel.READY:
            start = at
            at, count, why = kernel.find_elements(
                *(data, at, wanted.names, wanted.tree, wanted.attribute, BATCH),
                *(state, opened, found, marked),
            )
            if why in _PROBLEMS:
                self._feed(max(at, self._fed))
                raise self.tree.refused(_PROBLEMS[why])
            whole = found[:count] if why in (kernel.READY, kernel.DONE) else found[:0]
            self._tell(whole[whole[:, kernel.MEANS] == 0])
            if len(whole):
                yield self._elements(data, whole.copy(), marked[:count].copy(), start, at)
        self._feed(len(data), final=True)
        if why != kernel.DONE or self.tree.root is None:
            raise self.tree.refused("the XML is not whole")

    def _tell(self, records: NDArray[np.int64]) -> None:
        """Feed the parser up to the end of the last record; it hears of none of them."""
        if not len(records):
            return
        self.tree.ignore()
        end = self._fed
        places = records[:, [kernel.START, kernel.END]].tolist()
        for start, past in places:
            if self.data[end:start].strip() or not self.records:
                self._feed(end)
                self.tree.listen()
                self._feed(start)
                self.tree.ignore()
                if self.tree.stack:
                    self.before_run(self.records, self.tree.stack[-1])
            self.records += 1
            end = past
        self._feed(end)
        self.tree.listen()

    def _feed(self, end: int, *, final: bool = False) -> None:
        """Feed the parser up to an offset."""
        with memoryview(self.data) as view:
            part: memoryview | bytes = view[self._fed : end]
            if self._decoder is not None:
                try:
                    part = self._decoder.decode(part, final).encode()
                except UnicodeDecodeError as error:
                    problem = f"the XML says it is {self._codec}, and is not: {error.reason}"
                    raise self.tree.refused(problem) from error
            self.tree.feed(part, final=final)
            if isinstance(part, memoryview):
                part.release()
        self._fed = end

    def _elements(
        self,
        data: NDArray[np.uint8],
        found: NDArray[np.int64],
        marked: NDArray[np.uint8],
        start: int,
        end: int,
    ) -> Elements:
        """Return a batch with the texts of all its elements."""
        window = data[start:end]
        starts = found[:, kernel.TEXT_START] - start
        ends = found[:, kernel.TEXT_END] - start
        texts = self._plain(window, starts, ends, marked)
        filled = (texts.str.len_bytes() > 0).to_numpy().view(np.uint8)
        means = np.ascontiguousarray(found[:, kernel.MEANS])
        owned_by = np.ascontiguousarray(found[:, kernel.OWNED_BY])
        return Elements(self.wanted, found, means, owned_by, texts, filled, window, start)

    def _plain(
        self,
        window: NDArray[np.uint8],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        marked: NDArray[np.uint8],
    ) -> pl.Series:
        """Return texts; those that are more than their bytes are read one by one."""
        special = marked & kernel.SPECIAL if self._codec == "utf-8" else marked
        places = np.flatnonzero(special)
        if places.size:
            read = self._read(window, starts[places].tolist(), ends[places].tolist())
            past = window.size + np.flatnonzero(read == 0)
            starts[places] = np.concatenate([[window.size], past[:-1] + 1])
            ends[places] = past
            window = np.concatenate([window, read])
        return _texts(read_only(window), starts, ends).str.strip_chars()

    def _read(
        self, window: NDArray[np.uint8], starts: list[int], ends: list[int]
    ) -> NDArray[np.uint8]:
        """Return the characters that sound texts of XML stand for, as UTF-8, each ended by NUL."""
        view = window.data
        joined = b"\0".join(
            [*(view[start:end] for start, end in zip(starts, ends, strict=True)), b""]
        )
        text = joined.decode(self._codec).replace("\r\n", "\n").replace("\r", "\n")
        if "<" in text or "&#" in text:
            text = _NOT_PLAIN.sub(_meant, text)
        else:
            for name, mark in _NAMED.items():
                text = text.replace(f"&{name};", mark)
        return np.frombuffer(text.encode(), np.uint8)


def _is_single_byte(name: str) -> bool:
    """Return whether an encoding has a byte for each character, and ASCII among them."""
    try:
        texts = [bytes(range(end)).decode(name, "replace") for end in (128, 256)]
    except LookupError:
        return False
    return texts[0] == bytes(range(128)).decode() and len(texts[1]) == len(range(256))


def _meant(found: re.Match[str]) -> str:
    """Return what a section or a reference stands for; a comment stands for nothing."""
    name = found["reference"]
    if name is None:
        return found["section"] or ""
    if name.startswith("#"):
        return chr(int(name[1:]) if name[1] != "x" else int(f"0{name[1:]}", base=16))
    return _NAMED[name]
