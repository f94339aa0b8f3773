"""Which column of a generic file most likely means which of ours, and what else would fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from recon.commands.header_words import HEADERS, KINDS, OWN_REFUND, meant, plain
from recon.commands.peek import Head

_CLOCK = re.compile(r"[0-9]{1,2}:?[0-9]{2}(?::?[0-9]{2})?")
_MOMENT = re.compile(r"[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}[ T][0-9]{1,2}:[0-9]{2}")
_PATH = re.compile(r"\w+(?:\.\w+)+")
_DAYS = ("value_date", "clearing_date")
_RECEIVED = ("实收金额", "实收", "商家实收")
_REFUNDED = ("退款金额", "refundamount")


@dataclass(slots=True)
class Meaning:
    """Canonical -> the sender's column, what several columns fit, and what fits less clearly."""

    mapped: dict[str, str] = field(default_factory=dict)
    doubtful: dict[str, list[str]] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)
    every_kind: str = ""  # of a file whose rows are all of one kind
    is_statement: bool = False  # rows are credits and debits: by their columns, or a word of each

    def used(self) -> set[str]:
        """Return the sender's columns that are mapped or wait for a choice."""
        mapped = (part for column in self.mapped.values() for part in column.split(" + "))
        return {*mapped, *(column for found in self.doubtful.values() for column in found)}


def meaning_of(head: Head) -> Meaning:
    """Return what the columns of a file usually mean, by their headers and the look of values."""
    found = Meaning()
    for name, groups in HEADERS.items():
        whole = [_named(head, words) for words in groups]
        _fit(found, name, whole if any(whole) else [_nested(head, words) for words in groups])
    _settle_received(found)
    _settle_refunds(found, head)
    found.is_statement = _is_statement(found, head)
    _settle_own_number(found)
    _settle_clock(found, head)
    _settle_only_moment(found, head)
    used = found.used()
    found.others = {
        name: rest
        for name, columns in found.others.items()
        if (rest := [column for column in columns if column not in used])
    }
    return found


def _settle_only_moment(found: Meaning, head: Head) -> None:
    """Take the one column whose every value is a moment, where no header tells of a day."""
    if any(name in found.mapped or name in found.doubtful for name in ("occurred_at", *_DAYS)):
        return
    used = found.used()
    free = [(column, head.values(column)) for column in head.columns if column not in used]
    moments = [column for column, values in free if values and all(map(_MOMENT.match, values))]
    if len(moments) == 1:
        found.mapped["occurred_at"] = moments[0]


def _named(head: Head, words: Sequence[str]) -> list[str]:
    """Return the columns whose header is one of the words."""
    return [column for column in head.columns if plain(column) in words]


def _nested(head: Head, words: Sequence[str]) -> list[str]:
    """Return the columns of nested records whose last name is one of the words: `txn.amt`."""
    return [
        column
        for column in head.columns
        if _PATH.fullmatch(column) and plain(column.rpartition(".")[2]) in words
    ]


def _fit(found: Meaning, name: str, groups: Sequence[list[str]]) -> None:
    """Take the one column of the clearest group that has any; several stay in doubt."""
    taken = found.used()
    free = [[column for column in group if column not in taken] for group in groups]
    best = next((at for at, group in enumerate(free) if group), None)
    if best is None:
        return
    if len(free[best]) > 1:
        found.doubtful[name] = free[best]
        return
    found.mapped[name] = free[best][0]
    found.others[name] = [column for group in free[best + 1 :] for column in group]


def _settle_received(found: Meaning) -> None:
    """Take what was received as the amount where no fee lies between it and the order's amount."""
    net = found.mapped.get("net", "")
    if plain(net) in _RECEIVED and "fee" not in found.mapped and "amount" in found.mapped:
        found.others.setdefault("amount", []).insert(0, found.mapped["amount"])
        found.mapped["amount"] = found.mapped.pop("net")


def _settle_refunds(found: Meaning, head: Head) -> None:
    """Tell a list of refunds: its own number, the order as the original, one kind for all."""
    own = [column for word in OWN_REFUND for column in _named(head, [word])]
    if not own or plain(found.mapped.get("amount", "")) not in _REFUNDED or "kind" in found.mapped:
        return
    order = found.mapped.get("order_id")
    if order is not None:
        found.mapped.setdefault("original_ref", order)
    found.mapped["order_id"] = own[-1]
    found.every_kind = "refund"


def _is_statement(found: Meaning, head: Head) -> bool:
    """Return whether columns, or the words of a column, are credits and debits."""
    kind = found.mapped.get("kind")
    words = {meant(word, KINDS) for word in head.values(kind)} if kind else set()
    return bool({"credit", "debit"} & {*found.mapped, *found.doubtful, *words})


def _settle_own_number(found: Meaning) -> None:
    """Take the only number of a list of sales as the order's."""
    known = {"order_id", "channel_ref"} & {*found.mapped, *found.doubtful}
    if "bank_ref" in found.mapped and not found.is_statement and not known:
        found.mapped["order_id"] = found.mapped.pop("bank_ref")


def _settle_clock(found: Meaning, head: Head) -> None:
    """Put the day before a time of day that stands in a column of its own; a day with one is it."""
    clock = found.mapped.get("occurred_at", "")
    values = head.values(clock) if clock else []
    day = next((found.mapped[name] for name in _DAYS if name in found.mapped), "")
    if day and values and all(_CLOCK.fullmatch(value) for value in values):
        found.mapped["occurred_at"] = f"{day} + {clock}"
    stamped = head.values(found.mapped["value_date"]) if "value_date" in found.mapped else []
    if "occurred_at" not in found.mapped and stamped and all(":" in one for one in stamped):
        found.mapped["occurred_at"] = found.mapped.pop("value_date")
