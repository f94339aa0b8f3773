"""What camt statements say of themselves as a delivery: their pages; that each stands once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from recon.io.formats.banks.camt_balances import Ends
from recon.io.reading.contract import ControlTotal
from recon.io.reading.xml_tree import Element

_DIGITS: Final = 6  # of a page's number: ISO 20022 allows five
_PAGES: Final = ("StmtPgntn", "RptPgntn", "NtfctnPgntn")


@dataclass(slots=True)
class Delivery:
    """The statements, reports or notifications that were closed, of all documents."""

    parts: int = 0  # that were opened
    known: set[bytes] = field(default_factory=set)
    entries: dict[bytes, int] = field(default_factory=dict)  # digest: the part that told it first
    pages: dict[str, dict[int, bool]] = field(default_factory=dict)  # of what: number, is it last

    def is_known(
        self, account: str, statement: Element, ends: Mapping[str, Ends], entries: bytes
    ) -> bool:
        """Return whether the statement was there before with its balances and entries; note it."""
        said = f"{account}\n{statement.value('Id')}\n{ends}\n".encode() + entries
        digest = blake2b(said, digest_size=16).digest()
        is_known = digest in self.known
        self.known.add(digest)
        return is_known

    def is_told(self, account: str, part: int, entry: bytes) -> bool:
        """Return whether an earlier part told this entry of the account; note it.

        part: number of the report or notification that the entry stands in.
        """
        digest = blake2b(account.encode() + entry, digest_size=16).digest()
        return self.entries.setdefault(digest, part) != part

    def add_page(self, account: str, statement: Element, message: Element) -> None:
        """Note which page a statement, or else its message, says it is."""
        of_statement = next((one for name in _PAGES for one in statement.all(name)), None)
        page = of_statement or message.find("GrpHdr/MsgPgntn")
        number = page.value("PgNb") if page is not None else ""
        if page is not None and number.isascii() and number.isdigit() and len(number) < _DIGITS:
            name = account if of_statement is not None else "the message"
            is_last = page.value("LastPgInd") not in {"false", "0"}
            self.pages.setdefault(name, {})[int(number)] = is_last

    def controls(self) -> Iterator[ControlTotal]:
        """Yield a control that fails for every page that is missing."""
        for name, pages in self.pages.items():
            for number, is_last in pages.items():
                if number > 1 and number - 1 not in pages:
                    yield ControlTotal(
                        f"{name}: the page before page {number} is in the file", 1, 0
                    )
                if not is_last and number + 1 not in pages:
                    yield ControlTotal(f"{name}: the page after page {number} is in the file", 1, 0)
