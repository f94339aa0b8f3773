"""What a camt message states about its entries as a whole: TxsSummry."""

from __future__ import annotations

import re
from collections.abc import Sequence

from recon.io.formats.contract import ControlTotal
from recon.io.formats.statement import exact_minor, exponent_of
from recon.io.formats.xml_tree import Element

SIGNS = {"CRDT": 1, "DBIT": -1}


def summary_controls(
    statement: Element, entries: Sequence[tuple[int, str, int]], refused: int, name: str
) -> list[ControlTotal]:
    """Return the counts, sums and nets that a statement declares over its entries.

    entries: sign, currency and minor units of each that was taken; refused: how many were not.
    """
    controls = []
    currencies = {currency for _, currency, _ in entries}
    currency = currencies.pop() if len(currencies) == 1 else statement.value("Acct/Ccy")
    for path, sign in (("TtlNtries", 0), ("TtlCdtNtries", 1), ("TtlDbtNtries", -1)):
        part = statement.find(f"TxsSummry/{path}")
        if part is None:
            continue
        taken = [entry for entry in entries if sign in {0, entry[0]}]
        count, total = part.value("NbOfNtries"), part.value("Sum")
        if re.fullmatch(r"[0-9]{1,15}", count):
            found = len(taken) + (refused if sign == 0 else 0)
            controls.append(ControlTotal(f"{name}: {path} NbOfNtries", int(count), found))
        declared = exact_minor(total, exponent_of(currency))
        if declared is not None and not currencies:
            computed = sum(entry[2] for entry in taken)
            controls.append(ControlTotal(f"{name}: {path} Sum", declared, computed, currency))
        net = exact_minor(
            part.value("TtlNetNtry/Amt", "TtlNetNtryAmt").strip(), exponent_of(currency)
        )
        side = SIGNS.get(part.value("TtlNetNtry/CdtDbtInd", "CdtDbtInd"))
        if net is not None and side is not None and not currencies:
            computed = sum(entry[0] * entry[2] for entry in taken)
            controls.append(ControlTotal(f"{name}: {path} net", side * net, computed, currency))
    return controls
