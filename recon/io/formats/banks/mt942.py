"""SWIFT MT942 interim transaction reports.

Columns mean what they mean in MT940. There are no balances; the counts and sums of :90D: and :90C:
are checked where the bank sends them. Expected entries (marks EC and ED) are rows in state PENDING.
The day's MT940 tells all entries again: declare one of the two for an account, not both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from recon.core.codes import Side
from recon.io.formats.banks.swift import Field, is_cut_header, plain_amount
from recon.io.formats.banks.swift_reader import Message, MessageReader, fields
from recon.io.reading.contract import Format, Options, Probe, RawRows, Reading, StagedFile
from recon.io.reading.statement import exact_minor, exponent_of

_FLOOR = re.compile(r"([A-Z]{3})[CD]?[0-9]{1,15},?[0-9]{0,15}\s*")
_SUM = re.compile(r"([0-9]{1,5})([A-Z]{3})([0-9]{1,25},?[0-9]{0,15})\s*")
_RECOGNISED = re.compile(
    r"^(?:\{[^\n]*\{4:)?:20:[^\n]*\n(?:(?!:(?:6[0-9][FM]?|20):)[^\n]*\n)*?:34F:[A-Z]{3}",
    re.MULTILINE,
)


class _Reader(MessageReader):
    """Takes messages with a floor limit and sums instead of balances."""

    number = "MT942"

    def take_amounts(self, message: Message, swift_field: Field) -> None:
        """Take floor limit, time and sums; refuse what only an MT940 has."""
        tag = swift_field.tag
        if tag[:2] in {"60", "62"}:
            problem = f":{tag}: belongs to an MT940 statement, not to an MT942"
            raise self.refused(problem, swift_field, "declare the source as mt940")
        if tag == "34F":
            match = _FLOOR.fullmatch(swift_field.texts[0])
            if match is None:
                raise self.refused(":34F: is not currency, C or D, amount", swift_field)
            message.currency = match[1]
        elif tag in {"90C", "90D"}:
            self.settle(message)
            message.ended = True
            message.sums[tag[2]] = self.declared_sum(message, swift_field)
        self.count_head(swift_field)

    def declared_sum(self, message: Message, swift_field: Field) -> tuple[int, int]:
        """Return the count and sum of a :90C: or :90D:."""
        match = _SUM.fullmatch(swift_field.texts[0])
        total = None
        if match is not None and match[2] == message.currency:
            total = exact_minor(plain_amount(match[3]), exponent_of(message.currency))
        if match is None or total is None:
            problem = f":{swift_field.tag}: is not a count, {message.currency} and an amount"
            raise self.refused(problem, swift_field)
        return int(match[1]), total

    def finish_message(self) -> None:
        """Close the message at hand: it must have an account, and sums where one is given."""
        message = self.message
        if message is None:
            return
        self.settle(message)
        missing = [
            what
            for what, there in (
                ("account (:25:)", message.account),
                ("floor limit (:34F:)", message.currency),
            )
            if not there
        ]
        if missing:
            problem = f"the message has no {', no '.join(missing)}: it is cut or no report"
            raise self.refused(problem, message.opened_by)
        self.messages += 1
        self.check_sums(message, message.sums)
        facts = self.reading.facts
        for name, text in (("account", message.account), ("statement", message.number)):
            known = facts.get(name, "").split(", ") if name in facts else []
            facts[name] = ", ".join(dict.fromkeys([*known, text]))


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut an MT942 file into rows; raises InputError when a message is not whole."""
    reader = _Reader(staged.name, reading)
    yield from reader.read(staged, options)
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the head shows a message with a reference and a floor limit."""
    text = probe.text().replace("\r\n", "\n").replace("\r", "\n")
    return _RECOGNISED.search(text) is not None or is_cut_header(text, "942")


FORMAT = Format(
    name="mt942",
    title_en="SWIFT MT942 interim transaction report",
    title_zh="SWIFT MT942 日间交易报告",
    side=Side.BANK,
    recognise=recognise,
    read=read,
    fields=fields,
)
