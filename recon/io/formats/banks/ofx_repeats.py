"""What an OFX file tells again: a transaction a second time, or one that corrects another.

The bank numbers the transactions of an account (FITID), and a reader is to know by the number what
it has already. A number with the very same content is the same transaction; some banks give one
number to different ones, which are all kept (where such ones may be equal in all, the source
declares it: `equal_rows = "distinct"`). A correction (CORRECTFITID) takes the place of the
transaction that it names, or takes it away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from recon.io.reading.records import Data

_CORRECTION = re.compile(rb"<CORRECTFITID[\s>]", re.IGNORECASE)
_ACTIONS = ("REPLACE", "DELETE")


def has_corrections(data: Data) -> bool:
    """Return whether a file holds a correction, so that it must be surveyed before it is read."""
    return _CORRECTION.search(data) is not None


@dataclass(slots=True)
class Survey:
    """The transactions of a file, and which of them others correct; by account and FITID."""

    told: set[tuple[str, str]] = field(default_factory=set)
    corrected: dict[tuple[str, str], str] = field(default_factory=dict)  # by which FITID

    def add(self, account: str, values: Mapping[str, str]) -> None:
        """Note a transaction."""
        self.told.add((account, values.get("FITID", "")))
        if values.get("CORRECTFITID"):
            self.corrected[account, values["CORRECTFITID"]] = values.get("FITID", "")


@dataclass(slots=True)
class Repeats:
    """What was taken so far, beside what the survey of the whole file found."""

    survey: Survey = field(default_factory=Survey)
    found: Survey | None = None  # filled, where the file is surveyed
    are_distinct: bool = False  # equal transactions are different money, numbered alike or not
    seen: set[bytes] = field(default_factory=set)

    def objections(self, account: str, values: Mapping[str, str], content: bytes) -> list[str]:
        """Return why a transaction does not count beside the others; nothing where it does."""
        if self.found is not None:
            self.found.add(account, values)
        fitid, corrects = values.get("FITID", ""), values.get("CORRECTFITID", "")
        reasons = [_correction(corrects, values, (account, corrects) in self.survey.told)]
        if (account, fitid) in self.survey.corrected:
            by = self.survey.corrected[account, fitid]
            reasons.append(f"transaction {fitid!r} is corrected by {by!r} in the same file")
        if fitid.strip("0") and not self.are_distinct:
            said = blake2b(account.encode() + b" ".join(content.split()), digest_size=16).digest()
            if said in self.seen:
                reasons.append(
                    f"transaction {fitid!r} stands in the file before, word for word; if the bank "
                    'numbers different money alike, write equal_rows = "distinct" for the source'
                )
            self.seen.add(said)
        return [reason for reason in reasons if reason]


def _correction(corrects: str, values: Mapping[str, str], is_told: bool) -> str:  # noqa: FBT001 - of the survey
    """Return why a correction is no transaction of its own; '' for one that takes the place."""
    action = values.get("CORRECTACTION", "").upper()
    if not corrects:
        return ""
    if action not in _ACTIONS:
        return f"expected CORRECTACTION REPLACE or DELETE, found {action!r}"
    if action == "DELETE":
        return f"it takes transaction {corrects!r} away and moves no money itself"
    if is_told:
        return ""
    return (
        f"it replaces transaction {corrects!r}, which is not in this file: settle by hand the "
        "difference to the one that was told before"
    )
