"""One lie in a sample whose format proves its money: the control that finds it, by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from recon.io.formats import format_named
from tests.io.formats.examine import read_bytes
from tests.io.formats.samples import samples


@dataclass(frozen=True)
class Proved:
    """Where a sample says the same money twice, and the control that compares the two."""

    row: str  # begins the line of a row, blanks aside
    amount: tuple[str, str]  # of that line, and one minor unit beside it
    total: tuple[str, str]  # as the file declares it, and one unit beside it
    control: str  # a part of its name


_CODA, _MORE = f"{60500:015d}", f"{60510:015d}"
_NORMA43, _END = f"{6050:014d}", f"2{13550:014d}"
_CAMT = Proved('<Ntry><Amt Ccy="EUR">4.50', ("4.50", "4.51"), ("245.5", "245.51"), "Ntries Sum")
_REFUND = "-20.00,0.00,-20.00"
_PAYOUT = "-77.00,0.00,-77.00"
PROVED = {
    "mt940": Proved(
        ":61:2512310102RC10", ("10,00", "10,01"), ("EUR150,00", "EUR150,01"), "opening +"
    ),
    "mt942": Proved(":61:2601020102C60", ("60,5", "60,51"), ("EUR60,50", "EUR60,51"), "credit sum"),
    "camt052": _CAMT,
    "camt053": _CAMT,
    "camt054": _CAMT,
    "bai2": Proved("16,142", (",700,", ",701,"), ("41850,2,", "41851,2,"), "total"),
    "coda": Proved("210001", (_CODA, _MORE), (f"{_CODA}  ", f"{_MORE}  "), "credit total"),
    "norma43": Proved(
        "22    1234260102260105",
        (_NORMA43, f"{6051:014d}"),
        (f"{_NORMA43}{_END}", f"{6051:014d}{_END}"),
        "credit sum",
    ),
    "paypal_report": Proved(
        '"SB","T1"', ("6050", "6051"), ('"USD",6050', '"USD",6051'), "gross credits"
    ),
    "adyen_settlement": Proved(
        "Co,Shop,PSP3", (",3.00,", ",3.01,"), (",8.00,", ",8.01,"), "to zero"
    ),
    "stripe_report": Proved(
        "txn_2,",
        (_REFUND, _REFUND.replace("20.00", "20.01")),
        (_PAYOUT, _PAYOUT.replace("77.00", "77.01")),
        "is the sum of its items",
    ),
    "trustly": Proved("I,1001,", (",60.50,", ",60.51,"), ("L,2,50.50", "L,2,50.51"), "sum of I"),
    "dlocal_settlement": Proved(
        "REFUND,M1,",
        ("-1.001111,0.000000,-1.001111", "-1.011111,0.000000,-1.011111"),
        (",9.01,", ",9.02,"),
        "gross_total_amount",
    ),
}


@pytest.mark.parametrize("name", PROVED)
@pytest.mark.parametrize("lie", ["amount", "total", "lost", "doubled"])
def test_a_planted_lie_is_found(name: str, lie: str, tmp_path: Path) -> None:
    """A wrong amount or total breaks its control; a lost or doubled row is never read as whole."""
    proved, sample = PROVED[name], samples()[name]
    text = sample.raw.decode("latin-1")
    (line,) = [one for one in text.splitlines(keepends=True) if one.lstrip().startswith(proved.row)]
    changed = {
        "amount": text.replace(line, line.replace(*proved.amount, 1)),
        "total": text.replace(*proved.total),
        "lost": text.replace(line, ""),
        "doubled": text.replace(line, line * 2),
    }[lie]
    assert changed != text
    outcome = read_bytes(format_named(name), changed.encode("latin-1"), tmp_path, sample.options)
    broken = [total.name for total in outcome.totals if not total.agrees]
    if lie in {"amount", "total"}:
        assert outcome.verdict == "held"
        assert any(proved.control in one for one in broken), broken
    else:
        assert not outcome.whole, "read as whole"
