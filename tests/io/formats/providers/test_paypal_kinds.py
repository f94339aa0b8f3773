"""PayPal's T-codes and the words of its types: what each is, by the side of its money."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.io.formats.providers import paypal_activity
from recon.io.formats.providers.paypal_kinds import kind_of_code
from recon.io.reading.contract import Options
from tests.io.formats.examine import Outcome, read_bytes

HEADER = "Date,Time,TimeZone,Type,Status,Currency,Gross,Fee,Net,Transaction ID"
OUT, IN = "-8.00", "8.00"


@pytest.mark.parametrize(
    ("codes", "leaves", "comes"),
    [
        ("T0006 T0013", "ADJUSTMENT", "PAYMENT"),
        ("T0107 T1108 T1109", "FEE", "FEE"),
        ("T0400", "PAYOUT", "ADJUSTMENT"),
        ("T1107 T1113", "REFUND", "ADJUSTMENT"),
        ("T1106 T1201", "CHARGEBACK", "ADJUSTMENT"),
        ("T1105 T1110 T1111 T1503 T2103 T2104 T2112", "FREEZE", "UNFREEZE"),
        ("T1300 T1302", "OTHER", "OTHER"),
        ("T0200 T1104 T1115 T1202 T2109 T2110 T9999 TXYZ", "ADJUSTMENT", "ADJUSTMENT"),
    ],
)
def test_a_code_says_what_a_row_is(codes: str, leaves: str, comes: str) -> None:
    """A hold of a payout ends with T1105; what comes back to us is never a second loss."""
    for code in codes.split():
        assert kind_of_code(code, leaves=True).name == leaves, code
        assert kind_of_code(code, leaves=False).name == comes, code


TYPES = [
    ("Express Checkout Payment", IN, "PAYMENT"),
    ("Mass Pay Payment", OUT, "ADJUSTMENT"),
    ("Hold on Balance for Dispute Investigation", OUT, "FREEZE"),
    ("Cancellation of Hold for Dispute Resolution", IN, "UNFREEZE"),
    ("Account Hold for Open Authorization", OUT, "FREEZE"),
    ("Reversal of General Account Hold", IN, "UNFREEZE"),
    ("Payment Release", IN, "UNFREEZE"),
    ("Chargeback", OUT, "CHARGEBACK"),
    ("Payment Reversal", OUT, "CHARGEBACK"),
    ("Chargeback Reversal", IN, "ADJUSTMENT"),
    ("Chargeback Fee", OUT, "FEE"),
    ("Fee Reversal", IN, "FEE"),
    ("Foreign Bank Withdrawal Fee", OUT, "FEE"),
    ("General Authorization", IN, "OTHER"),
    ("Shopping Cart Item", IN, "OTHER"),
    ("Reversal of ACH Withdrawal Transaction", IN, "ADJUSTMENT"),
    ("MassPay Refund Transaction", IN, "ADJUSTMENT"),
    ("General Account Correction", IN, "ADJUSTMENT"),
    ("Einbehaltung für offene Autorisierung", OUT, "FREEZE"),
    ("Rückbuchung allgemeiner Einbehaltung", IN, "UNFREEZE"),
    ("Freigabe allgemeiner Einbehaltung", IN, "UNFREEZE"),
    ("Rückbuchung von ACH-Gutschrift", OUT, "ADJUSTMENT"),
    ("Allgemeine Abbuchung", OUT, "PAYOUT"),
    ("Blocco saldo per revisione contestazione", OUT, "FREEZE"),
    ("Storno di blocco conto generico", IN, "UNFREEZE"),
    ("Trasferimento avviato dall'utente", OUT, "PAYOUT"),
    ("Bonifico bancario sul conto PayPal", IN, "ADJUSTMENT"),
    ("Cancelación de retención de cuenta general", IN, "UNFREEZE"),
    ("Autorización general", IN, "OTHER"),
    ("Virement standard", OUT, "PAYOUT"),
]


def _read(tmp_path: Path, header: str, rows: list[str]) -> Outcome:
    """Read a download of these lines."""
    data = "\n".join([header, *rows, ""]).encode()
    return read_bytes(paypal_activity.FORMAT, data, tmp_path, Options(date_patterns=("D/M/YYYY",)))


def test_the_words_of_a_type_say_what_a_row_is(tmp_path: Path) -> None:
    """A hold in a dispute is no chargeback, a fee no payout, a release no payment."""
    rows = [
        f'3/1/2026,10:00:00,UTC,"{words}",Completed,EUR,{gross},0.00,{gross},T{number}'
        for number, (words, gross, _) in enumerate(TYPES)
    ]
    frame = _read(tmp_path, HEADER, rows).frame
    assert frame.select("product", "kind").rows() == [(words, kind) for words, _, kind in TYPES]


def test_a_memo_moves_no_money_and_an_unknown_impact_is_a_reject(tmp_path: Path) -> None:
    """`Balance Impact` says it in each language; a word that nobody listed is not guessed."""
    header = f"{HEADER},Auswirkung auf Guthaben"
    row = "3/1/2026,10:00:00,UTC,Zahlung,Completed,EUR,5.00,0.00,5.00,T"
    outcome = _read(tmp_path, header, [f"{row}1,Haben", f"{row}2,Memo", f"{row}3,Seitwärts"])
    assert outcome.frame.select("channel_ref", "kind").rows() == [
        ("T1", "PAYMENT"),
        ("T2", "OTHER"),
    ]
    assert ["seitwärts" in reject.reasons[0] for reject in outcome.rejects] == [True]


def test_states_of_what_is_not_paid_yet_are_known(tmp_path: Path) -> None:
    """Authorisations, invoices and reviews stand in a download of all transactions."""
    told = {"Active": "PENDING", "Unpaid": "PENDING", "Under Review": "PENDING"}
    told |= {"Voided": "CLOSED", "Refused": "FAILED"}
    rows = [
        f"3/1/2026,10:00:00,UTC,Website Payment,{word},EUR,5.00,0.00,5.00,T{number}"
        for number, word in enumerate([*told, "Melted"])
    ]
    outcome = _read(tmp_path, HEADER, rows)
    assert outcome.frame["state"].to_list() == list(told.values())
    assert ["melted" in reject.reasons[0] for reject in outcome.rejects] == [True]


def test_a_code_counts_before_the_words(tmp_path: Path) -> None:
    """Where a download has T-codes they decide; a row without one is read by its type."""
    row = "3/1/2026,10:00:00,UTC,Nieznany typ,Completed,EUR,-5.00,0.00,-5.00,T"
    outcome = _read(
        tmp_path,
        f"{HEADER},Transaction Event Code",
        [f"{row}1,T1107", f"{row}2,T0400", f"{row}3,"],
    )
    assert outcome.frame["kind"].to_list() == ["REFUND", "PAYOUT", "ADJUSTMENT"]
