"""The balances of a camt statement that its entries must lead from and to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from recon.io.formats.banks.camt_totals import SIGNS
from recon.io.reading.statement import exact_minor, exponent_of
from recon.io.reading.xml_tree import Element

_INTERIM: Final = "INTM"  # what a balance between two pages has for a sub-type
Ends = tuple[int, int, bool, bool]  # opening, closing, whether each of them is only interim


def balances(statement: Element) -> dict[str, Ends]:
    """Return per currency the opening and the closing balance; one that lacks an end is left out.

    Opening is OPBD, else PRCD (the closing of the statement before); closing is CLBD. On pages of
    one statement a balance of sub-type INTM, or an ITBD, stands in for the missing end. Balances of
    other sub-types (blocked, in another currency) are parts or views of the account.
    """
    found: dict[str, dict[str, int]] = {}
    for balance in statement.all("Bal"):
        code = balance.value("Tp/CdOrPrtry/Cd", "Tp/Cd")
        kind = balance.value("Tp/SubTp/Cd", "Tp/SubTp/Prtry")
        amount = amount_of(balance.find("Amt"))
        sign = SIGNS.get(balance.value("CdtDbtInd"))
        if amount is None or sign is None or kind not in {"", _INTERIM}:
            continue
        ends = found.setdefault(amount[0], {})
        code = f"{code} {kind}".strip()
        ends[code if code != "ITBD" or "ITBD" not in ends else "ITBD2"] = sign * amount[1]
    return {currency: whole for currency, ends in found.items() if (whole := _whole(ends))}


def _whole(ends: Mapping[str, int]) -> Ends | None:
    """Return both ends and whether they are interim; None where one is missing."""
    interim = [ends[code] for code in ("ITBD", "ITBD2") if code in ends]
    opening, closing = _first(ends, "OPBD", "PRCD"), _first(ends, "CLBD")
    continues, continued = opening is None, closing is None
    if opening is None:
        opening = _first(ends, f"OPBD {_INTERIM}", f"PRCD {_INTERIM}")
    if opening is None and interim:
        opening = interim.pop(0)
    if closing is None:
        closing = _first(ends, f"CLBD {_INTERIM}")
    if closing is None and interim:
        closing = interim.pop(0)
    if opening is None or closing is None:
        return None
    return opening, closing, continues, continued


def _first(ends: Mapping[str, int], *codes: str) -> int | None:
    """Return the balance of the first code that there is."""
    return next((ends[code] for code in codes if code in ends), None)


def amount_of(element: Element | None) -> tuple[str, int] | None:
    """Return currency and exact minor units of an amount element, None when it is not exact."""
    if element is None:
        return None
    currency = element.attributes.get("Ccy", "")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        return None
    minor = exact_minor(element.text.strip(), exponent_of(currency))
    return None if minor is None else (currency, minor)
