"""The words of PayPal's activity download in the languages of its accounts.

Column names are those of public files in each language. A state or an impact on the balance that is
not listed here is a reject.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recon.core.codes import Kind, State

_COLUMNS: Final[Mapping[str, str]] = {
    "Date": "Datum | Fecha | Data",
    "Time": "Uhrzeit | Hora | Heure | Ora | Tijd",
    "TimeZone": "Time Zone | Zeitzone | Zona horaria | Fuseau horaire | Fuso orario | Tijdzone",
    "Type": "Description | Typ | Beschreibung | Tipo | Descripción | Descrizione | Omschrijving",
    "Status": "Estado | État | Stato",
    "Currency": "Währung | Divisa | Devise | Valuta",
    "Gross": "Brutto | Bruto | Avant commission | Lordo",
    "Fee": "Gebühr | Tarifa | Comisión | Commission | Tariffa | Kosten",
    "Net": "Netto | Neto",
    "Transaction ID": (
        "Transaktionscode | Id. de transacción | Identificador de transacción"
        " | Numéro de transaction | Codice transazione | ID transazione"
        " | Transactiereferentie | Transactie-ID"
    ),
    "Reference Txn ID": (
        "Zugehöriger Transaktionscode | Id. de referencia de trans."
        " | Numéro de la transaction de référence | Codice transazione di riferimento"
    ),
    "Invoice": (
        "Invoice Number | Invoice ID | Rechnungsnummer | Id. de factura | Número de factura"
        " | Numéro de facture | N. fattura pro-forma | Factuurreferentie"
    ),
    "Name": "Nombre | Nom | Nome | Naam",
    "Subject": "Betreff | Asunto | Objet | Oggetto | Onderwerp",
    "Note": "Hinweis | Nota | Remarque | Messaggio | Opmerking",
    "Bank Account": "Bankkonto | Cuenta bancaria | Compte bancaire | Conto bancario | Bankrekening",
    "Balance": "Guthaben | Saldo | Solde",
    "Balance Impact": "Auswirkung auf Guthaben | Impact sur le solde | Impatto sul saldo",
    "Transaction Event Code": "Transaktionsereigniscode",
}
ALIASES: Final[Mapping[str, str]] = {
    word.strip(): column for column, words in _COLUMNS.items() for word in words.split("|")
}

# Whether a row moved the balance: a memo (an authorisation, an order, an invoice) moves nothing.
_IMPACTS: Final[Mapping[Kind, str]] = {
    Kind.CREDIT: " | credit | haben | crédito | crédit | accredito | credito",
    Kind.DEBIT: "debit | soll | débito | débit | addebito | debito",
    Kind.OTHER: "memo | mémo | nota | promemoria | notitie",
}
IMPACTS: Final[Mapping[str, Kind]] = {
    word.strip(): kind for kind, words in _IMPACTS.items() for word in words.split("|")
}

_STATES: Final[Mapping[State, str]] = {
    State.SUCCESS: (
        " | completed | cleared | paid | refunded | partially refunded"
        " | abgeschlossen | zurückgezahlt | teilweise zurückgezahlt"
        " | completado | completada | reembolsado | parcialmente reembolsado"
        " | terminé | effectué | remboursé | partiellement remboursé"
        " | completata | completato | rimborsata | rimborsato | voltooid | terugbetaald"
    ),
    State.PENDING: (
        "pending | processing | uncleared | unclaimed | held | placed | on hold | temporary hold"
        " | under review | active | created | unpaid"
        " | ausstehend | offen | pendiente | en attente | in sospeso | in behandeling"
    ),
    State.FAILED: (
        "denied | refused | failed | returned | abgelehnt | fehlgeschlagen | denegado | rechazado"
        " | refusé | échec | negata | rifiutata | rifiutato | geweigerd | mislukt"
    ),
    State.CLOSED: (
        "canceled | cancelled | voided | expired | removed"
        " | storniert | abgebrochen | abgelaufen | entfernt"
        " | cancelado | caducado | annulé | expiré | annullata | annullato | scaduta"
        " | geannuleerd | verlopen"
    ),
    State.REVERSED: "reversed | rückgebucht | anulado | revertido | contrepassé | stornata",
}
STATES: Final[Mapping[str, State]] = {
    word.strip(): state for state, words in _STATES.items() for word in words.split("|")
}
