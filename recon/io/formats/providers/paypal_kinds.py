"""What a row of PayPal's reports is: by its T-code, or by the words of its type.

Source: the vendor's page "T-codes", and public activity downloads in each language. The side of
the money decides with both: a hold that comes back is a release, and a refund, a chargeback or a
withdrawal that comes back to us is a correction, no second one.
"""

from __future__ import annotations

import re
from functools import lru_cache, reduce
from typing import Final, NamedTuple

import polars as pl

from recon.core.codes import Kind


class Meaning(NamedTuple):
    """Codes and words that mean one thing."""

    codes: str  # of whole T-codes
    words: str  # parts of a type, in small letters
    leaves: Kind  # what it is when money leaves
    comes: Kind


# The first that fits counts. A hold may name its dispute or its authorisation, and a fee what it
# is a fee for, so these stand first; a bank that takes back a deposit is a deposit undone.
MEANINGS: Final = (
    Meaning(
        r"T1105|T111[01]|T15..|T210[1-8]|T211[1-9]",
        r"\bhold\b|\brelease\b|^funds (not yet )?available$"
        r"|einbehalt|freigabe|retención|retenciones|liberación|retenue|blocage|libération"
        r"|blocco|trattenut|rilascio|inhouding|blokkering|vrijgave",
        Kind.FREEZE,
        Kind.UNFREEZE,
    ),
    Meaning(
        r"T01..|T110[89]",
        r"\bfees?\b|gebühr|\bcomisión\b|\btarifas?\b|\bfrais\b|\bcommissions?\b"
        r"|\btariff[ae]\b|\bcommission[ei]\b|kosten\b|vergoeding\b",
        Kind.FEE,
        Kind.FEE,
    ),
    Meaning(
        r"T13..",
        r"\bauthori[sz]ation\b|^order$|^shopping cart item$|^(invoice|request) (sent|received)$"
        r"|autorisierung|autorización|autorisation|autorizzazione|autorisatie",
        Kind.OTHER,
        Kind.OTHER,
    ),
    Meaning(
        r"T04..",
        r"withdrawal|^auto-?sweep|abbuchung|abhebung|retirada|retiro|retrait|virement|prelievo"
        r"|^trasferimento avviato|opname",
        Kind.PAYOUT,
        Kind.ADJUSTMENT,
    ),
    Meaning(
        r"T0[23]..|T110[14]",
        r"conversion|deposit|umrechnung|gutschrift|einzahlung|conversión|ingreso|depósito"
        r"|versement|versamento|bonifico|conversie|omrekening|storting",
        Kind.ADJUSTMENT,
        Kind.ADJUSTMENT,
    ),
    Meaning(
        r"T1106|T1201",
        r"chargeback|dispute|^payment reversal$|rückbuchung|rücklastschrift|konflikt|contracargo"
        r"|disputa|rétrofacturation|litige|contestazione|terugboeking|geschil",
        Kind.CHARGEBACK,
        Kind.ADJUSTMENT,
    ),
    Meaning(
        r"T1107|T1113",
        r"refund|rückzahlung|rückerstattung|reembolso|devolución|remboursement|rimborso"
        r"|terugbetaling",
        Kind.REFUND,
        Kind.ADJUSTMENT,
    ),
    Meaning(
        "",
        r"\bbonus\b|\breversal\b|\bcorrection\b|\badjustment\b|\bredemption\b|korrektur|anpassung"
        r"|stornierung|\bajustes?\b|corrección|ajustement|rettifica|\bstorno\b|correctie"
        r"|aanpassing",
        Kind.ADJUSTMENT,
        Kind.ADJUSTMENT,
    ),
)
_OTHERS: Final = Meaning("", "", Kind.ADJUSTMENT, Kind.PAYMENT)


@lru_cache(maxsize=1024)
def kind_of_code(code: str, *, leaves: bool) -> Kind:
    """Return what a T-code means of money that leaves, or comes."""
    if code[:3] == "T00":
        return _OTHERS.leaves if leaves else _OTHERS.comes
    for meaning in MEANINGS:
        if re.fullmatch(meaning.codes, code):
            return meaning.leaves if leaves else meaning.comes
    return Kind.ADJUSTMENT


def kind_of_type(words: pl.Expr, leaves: pl.Expr) -> pl.Expr:
    """Return the name of the kind that a type means; another type is money that moved, by side."""
    small = words.str.strip_chars().str.to_lowercase()
    others = _by_side(_OTHERS, leaves)

    def choose(rest: pl.Expr, meaning: Meaning) -> pl.Expr:
        """Return what a type that fits means, else what the rest says."""
        fits = small.str.contains(meaning.words)
        return pl.when(fits).then(_by_side(meaning, leaves)).otherwise(rest)

    return reduce(choose, reversed(MEANINGS), others)


def _by_side(meaning: Meaning, leaves: pl.Expr) -> pl.Expr:
    """Return the name of one of the two kinds."""
    return pl.when(leaves).then(pl.lit(meaning.leaves.name)).otherwise(pl.lit(meaning.comes.name))
