"""XML as bank files need it: elements with the bytes they came from, and nothing that can bite.

A DOCTYPE is refused before the parser sees it, so there are no entities; depth, text length and the
number of attributes are bounded. Names are local: prefixes and namespaces are dropped, except
that the namespace of each element can be asked.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.parsers import expat

from recon.errors import InputError
from recon.io.reading.records import Data

DEPTH_LIMIT = 64
LIVE_LIMIT = 1_000_000  # elements kept at one time
TEXT_LIMIT = 1 << 16
CHUNK = 1 << 20
_UTF16_DECLARED = re.compile(rb"encoding *= *[\"'](?i:utf-16)")
_HUGE_TAG = re.compile(rb"<[^<>]{65536}")
_FIX = "ask the sender for the file again"


@cache
def _steps(path: str) -> tuple[str, ...]:
    """Return the names of a path."""
    return tuple(path.split("/"))


@dataclass(slots=True)
class Element:
    """An element: local name, namespace, attributes, text, children, line and byte range."""

    name: str
    namespace: str
    attributes: dict[str, str]
    line: int
    start: int
    end: int = 0
    last_line: int = 0
    text: str = ""
    children: list[Element] | tuple[()] = ()  # most elements have none
    _paths: dict[str, list[Element]] | None = None

    def all(self, path: str) -> list[Element]:
        """Return every element at `path` (`Refs/EndToEndId`), in file order."""
        if self._paths is None:
            if not self.end:
                return self._walk(path)
            self._paths = {}
            self._list_paths("", self._paths)
        return self._paths.get(path, [])

    def _walk(self, path: str) -> list[Element]:
        """Return what is at `path` of an element that is still open."""
        found = [self]
        for name in _steps(path):
            found = [child for element in found for child in element.children if child.name == name]
        return found

    def _list_paths(self, prefix: str, paths: dict[str, list[Element]]) -> None:
        """Enter every descendant under its path, once the element is closed."""
        for child in self.children:
            path = prefix + child.name
            if path in paths:
                paths[path].append(child)
            else:
                paths[path] = [child]
            if child.children:
                child._list_paths(f"{path}/", paths)  # noqa: SLF001 - its own kind

    def adopt(self, child: Element) -> None:
        """Hang an element under this one."""
        if self.children == ():
            self.children = [child]
        else:
            self.children.append(child)  # type: ignore[union-attr]  # no tuple any more

    def find(self, *paths: str) -> Element | None:
        """Return the first element at the first of `paths` that has one."""
        for path in paths:
            found = self.all(path)
            if found:
                return found[0]
        return None

    def value(self, *paths: str) -> str:
        """Return the stripped text of the first non-empty element at any of `paths`, else ''."""
        for path in paths:
            for found in self.all(path):
                text = found.text.strip()
                if text:
                    return text
        return ""


class TreeBuilder:
    """Builds elements as expat reports them; hands over and forgets those named in `wanted`.

    What is fed in pieces is one document. Raises InputError for anything but sound XML.
    """

    def __init__(
        self,
        where: str,
        wanted: Mapping[str, Callable[[list[Element]], None]],
        head: bytes,
        encoding: str | None = None,
    ) -> None:
        """Take the first bytes; `encoding`: of all of them, where it is not the declared one."""
        self.where = where
        self.lead = len(head) - len(head.lstrip())  # blank bytes that are passed over
        self.lead_lines = head[: self.lead].count(b"\n")
        self.wanted = wanted
        self.stack: list[Element] = []
        self.live: list[int] = []  # how many elements were kept when each open wanted one began
        self.kept = 0
        self.names: dict[str, tuple[str, str]] = {}  # as expat says it -> name, namespace
        self.root: Element | None = None
        if _UTF16_DECLARED.search(head.split(b">", 1)[0]) and b"\x00" not in head:
            encoding = "utf-8"  # it was unpacked
        self.parser = expat.ParserCreate(encoding, " ")
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.buffer_text = True
        with suppress(AttributeError):  # newer parsers else keep short pieces back
            self.parser.SetReparseDeferralEnabled(False)  # noqa: FBT003  C signature
        self.listen()

    def listen(self) -> None:
        """Build elements of what is fed from now on."""
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text

    def ignore(self) -> None:
        """Only look whether what is fed from now on is sound; whole elements are to follow."""
        self.parser.StartElementHandler = None
        self.parser.EndElementHandler = None
        self.parser.CharacterDataHandler = None

    def feed(self, data: Data | memoryview, *, final: bool = False) -> None:
        """Take the next bytes; `final`: they are the last."""
        try:
            self.parser.Parse(data, final)
        except expat.ExpatError as error:
            raise InputError(
                f"expected whole XML, found: {expat.ErrorString(error.code)}",
                where=f"{self.where}, line {error.lineno + self.lead_lines}",
                fix=_FIX,
                code="FILE_SCHEMA",
            ) from error
        except (LookupError, ValueError) as error:
            raise self.refused(f"the XML's encoding cannot be read: {error}") from error

    @property
    def line(self) -> int:
        """Return the line at which the parser stands."""
        return self.parser.CurrentLineNumber + self.lead_lines

    def refused(self, problem: str) -> InputError:
        """Return the refusal of the file at the parser's line."""
        where = f"{self.where}, line {self.line}"
        return InputError(problem, where=where, fix=_FIX, code="FILE_SCHEMA")

    def doctype(self, *_declaration: Any) -> None:  # noqa: ANN401  expat's own signature
        """Refuse any document type declaration."""
        raise self.refused("the XML declares a DOCTYPE, which no bank file needs")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Open an element."""
        if len(self.stack) >= DEPTH_LIMIT:
            raise self.refused(f"the XML is nested deeper than {DEPTH_LIMIT} elements")
        known = self.names.get(name)
        if known is None:
            namespace, _, local = name.rpartition(" ")
            known = self.names[name] = (local, namespace)
        if known[0] in self.wanted:
            self.live.append(self.kept)
        self.kept += 1
        if self.kept > LIVE_LIMIT:
            raise self.refused(f"more than {LIVE_LIMIT} elements stand in one statement or record")
        parser = self.parser
        line, byte = parser.CurrentLineNumber + self.lead_lines, parser.CurrentByteIndex + self.lead
        self.stack.append(Element(*known, attributes, line, byte))

    def end(self, _name: str) -> None:
        """Close an element: hand it over when it is wanted, else hang it under its parent."""
        element = self.stack.pop()
        element.end = self.parser.CurrentByteIndex + self.lead
        element.last_line = self.parser.CurrentLineNumber + self.lead_lines
        take = self.wanted.get(element.name)
        if take is not None:
            self.kept = self.live.pop()
            take([*self.stack, element])
        elif self.stack:
            self.stack[-1].adopt(element)
        if not self.stack:
            self.root = element

    def text(self, text: str) -> None:
        """Add text to the element at hand."""
        if not self.stack:
            return
        element = self.stack[-1]
        if not element.text and text.isspace():
            return  # indentation between children
        if len(element.text) + len(text) > TEXT_LIMIT:
            raise self.refused(f"an element's text is longer than {TEXT_LIMIT} characters")
        element.text += text


def parse(
    data: bytes, where: str, wanted: Mapping[str, Callable[[list[Element]], None]]
) -> Element:
    """Parse `data`; elements named in `wanted` go to their function with their ancestors.

    They are then forgotten, so memory stays small. `end` of an element is the offset of its closing
    tag; use `closing_end` for the byte past it. Raises InputError for anything but sound XML.
    """
    return deque(parse_steps(data, where, wanted), maxlen=1)[0]


def parse_steps(
    data: Data, where: str, wanted: Mapping[str, Callable[[list[Element]], None]]
) -> Iterator[Element]:
    """Do as `parse` does, a stretch of the document a step; yield the outermost element open."""
    builder = TreeBuilder(where, wanted, data[:CHUNK])
    if data.find(b"<!DOCTYPE") >= 0:
        raise builder.refused("the XML declares a DOCTYPE, which no bank file needs")
    if _HUGE_TAG.search(data):
        raise builder.refused("a tag is longer than 64 KiB")
    for start in range(builder.lead, len(data), CHUNK):
        builder.feed(data[start : start + CHUNK])
        if builder.stack:
            yield builder.stack[0]
    builder.feed(b"", final=True)
    assert builder.root is not None
    yield builder.root


def closing_end(data: Data, element: Element) -> int:
    """Return the offset past the element's closing tag (of an empty element: past `/>`)."""
    end = data.find(b">", element.end)
    return len(data) if end < 0 else end + 1
