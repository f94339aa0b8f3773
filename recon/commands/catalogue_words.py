"""The catalogue's words as plain data, for reports, which know nothing of rules."""

from __future__ import annotations

from recon.report.code_words import CodeWords, CodeWordsByName

_SCHEMES = {"unionpay": "UnionPay", "visa": "Visa", "mastercard": "Mastercard"}


def code_words() -> CodeWordsByName:
    """Return code name -> labels, definitions and actions in English and Chinese."""
    from recon.rules.disputes.catalogue import SCHEMES, catalogue

    return {
        code.name: CodeWords(
            label=(entry.label_en, entry.label_zh),
            definition=(entry.definition_en, entry.definition_zh),
            action=(entry.action_en, entry.action_zh),
            act_within_days=entry.act_within_days,
            scheme_codes=tuple(
                f"{_SCHEMES[scheme]} {number}"
                for scheme in SCHEMES
                for number in getattr(entry, scheme)
            ),
        )
        for code, entry in catalogue().items()
    }
