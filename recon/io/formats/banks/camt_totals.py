"""What a camt message states about its entries as a whole: TxsSummry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from recon.io.reading.contract import ControlTotal
from recon.io.reading.statement import exact_minor, exponent_of
from recon.io.reading.xml_tree import Element

SIGNS = {"CRDT": 1, "DBIT": -1}
Entry = tuple[int, str, int, bool]  # sign, currency, minor units, whether it is booked


@dataclass(slots=True)
class Totals:
    """What was taken of one statement."""

    booked: dict[str, int] = field(default_factory=dict)  # per currency, signed
    taken: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)  # count, minor
    refused: int = 0

    @property
    def has_entries(self) -> bool:
        """Return whether there was any entry."""
        return bool(self.taken or self.refused)

    def add(self, entries: Sequence[Entry | None]) -> None:
        """Add entries; None is one that was refused."""
        for entry in entries:
            if entry is None:
                self.refused += 1
                continue
            sign, currency, minor, is_booked = entry
            count, total = self.taken.get((sign, currency), (0, 0))
            self.taken[sign, currency] = count + 1, total + minor
            if is_booked:
                self.booked[currency] = self.booked.get(currency, 0) + sign * minor


def summary_controls(statement: Element, totals: Totals, name: str) -> list[ControlTotal]:
    """Return the counts, sums and nets that a statement declares over its entries."""
    controls = []
    currencies = {currency for _, currency in totals.taken}
    currency = currencies.pop() if len(currencies) == 1 else statement.value("Acct/Ccy")
    for path, sign in (("TtlNtries", 0), ("TtlCdtNtries", 1), ("TtlDbtNtries", -1)):
        part = statement.find(f"TxsSummry/{path}")
        if part is None:
            continue
        taken = [(key[0], *one) for key, one in totals.taken.items() if sign in {0, key[0]}]
        count, total = part.value("NbOfNtries"), part.value("Sum")
        if re.fullmatch(r"[0-9]{1,15}", count):
            found = sum(number for _, number, _ in taken) + totals.refused * (sign == 0)
            controls.append(ControlTotal(f"{name}: {path} NbOfNtries", int(count), found))
        declared = exact_minor(total, exponent_of(currency))
        if declared is not None and not currencies:
            computed = sum(minor for *_, minor in taken)
            controls.append(ControlTotal(f"{name}: {path} Sum", declared, computed, currency))
        net = exact_minor(
            part.value("TtlNetNtry/Amt", "TtlNetNtryAmt").strip(), exponent_of(currency)
        )
        side = SIGNS.get(part.value("TtlNetNtry/CdtDbtInd", "CdtDbtInd"))
        if net is not None and side is not None and not currencies:
            computed = sum(own * minor for own, _, minor in taken)
            controls.append(ControlTotal(f"{name}: {path} net", side * net, computed, currency))
    return controls
