"""The catalogue: complete, strict, in both languages, and safe to act on."""

import re

import pytest

from recon.core.codes import BENIGN, Code, Severity
from recon.errors import RuleFileError
from recon.rules.disputes import catalogue as module
from recon.rules.disputes.catalogue import PLACEHOLDERS, Recovery, catalogue, exclusive, parse

FACTS = {name: f"<{name}>" for name in PLACEHOLDERS}


def test_every_code_has_an_entry_in_order_of_precedence():
    """Each code has exactly one entry, in declaration order."""
    assert list(catalogue()) == list(Code)


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.name)
def test_entry_is_complete_in_both_languages(code):
    """Each entry has Chinese where Chinese is due, English without Chinese, one sentence each."""
    entry = catalogue()[code]
    for chinese in (entry.label_zh, entry.definition_zh, entry.action_zh, entry.explanation_zh):
        assert re.search("[\u4e00-\u9fff]", chinese)
    for english in (entry.label_en, entry.definition_en, entry.action_en, entry.explanation_en):
        assert not re.search("[\u4e00-\u9fff]", english)
    assert entry.definition_en.count(". ") == 0
    assert entry.definition_en.endswith(".")
    assert entry.act_within_days >= 0
    assert (entry.severity is Severity.INFO) == (code in BENIGN)


def test_long_and_short_are_printed_only_from_a_viewpoint():
    """长款 and 短款 stand only where the viewpoint is named."""
    for entry in catalogue().values():
        for text in (entry.label_zh, entry.definition_zh, entry.action_zh, entry.explanation_zh):
            if "长款" in text or "短款" in text:
                assert "视角" in text


def test_explanation_fills_every_placeholder():
    """No brace or bracket is left, an unknown fact is a dash, an optional part with one is gone."""
    for entry in catalogue().values():
        for language in ("zh", "en"):
            assert not re.search(r"[{}\[\]]", entry.explain(language, FACTS))
    text = catalogue()[Code.MISSING_IN_CHANNEL].explain("en", {"subject": "Order A1"})
    assert text == "Order A1 of — succeeded at the merchant on —; the channel shows nothing."


def test_explanation_does_not_interpret_a_fact():
    """A brace or bracket inside a fact is text, never a placeholder or an optional part."""
    facts = {"subject": "Order {expected}[{also}]", "expected": "1.00"}
    text = catalogue()[Code.MISSING_IN_CHANNEL].explain("en", facts)
    assert text.startswith("Order {expected}[{also}] of 1.00")


def test_who_charged_too_little_is_not_asked_for_money():
    """Codes whose usual action is to claim say something else where the merchant gained."""
    for entry in catalogue().values():
        claims = entry.action_en.startswith(("Claim", "Ask the acquirer for a credit note"))
        if claims and entry.other_loser is not None:
            assert "nothing to claim" in entry.action_otherwise_en
            assert re.search("[\u4e00-\u9fff]", entry.action_otherwise_zh)


def test_labels_are_distinct():
    """Two codes never share a label."""
    for language in ("label_zh", "label_en"):
        labels = [getattr(entry, language) for entry in catalogue().values()]
        assert len(set(labels)) == len(labels)


def test_two_recoveries_of_one_transaction_are_exclusive():
    """Refund, credit adjustment and presentment exclude each other; a fee claim excludes none."""
    assert exclusive(Code.DUPLICATE_CHARGE, Code.CHARGEBACK)
    assert exclusive(Code.VOIDED_BUT_SETTLED, Code.REFUND_NOT_SETTLED)
    assert not exclusive(Code.FEE_RATE, Code.DUPLICATE_CHARGE)
    assert not exclusive(Code.DUPLICATE_CHARGE, Code.DUPLICATE_CHARGE)
    for code in BENIGN:
        assert catalogue()[code].recovery is Recovery.NONE


def test_catalogue_constant_is_read_on_first_use():
    """`CATALOGUE` is the same mapping as `catalogue()`, and other names stay unknown."""
    assert module.CATALOGUE is catalogue()
    with pytest.raises(AttributeError):
        _ = module.NOTHING


# Reason codes of the schemes as the field maps them: code of ours -> UnionPay, Visa, Mastercard.
MAPPED = {
    "FAILED_BUT_DEBITED": (["4502"], [], []),
    "DUPLICATE_CLEARING": (["4512"], ["12.6"], ["4834"]),
    "DUPLICATE_CHARGE": (["4512", "4514"], ["12.6"], ["4834"]),
    "AMOUNT_MISMATCH": (["4507", "4508", "9650"], ["12.5"], ["4834"]),
    "REFUND_NOT_SETTLED": (["4532", "9722"], ["13.6"], ["4853"]),
    "VOIDED_BUT_SETTLED": (["4544"], [], []),
    "LATE_SETTLEMENT": (["4536"], ["12.1"], []),
    "MERCHANT_PAID_CHANNEL_NOT": (["4522"], [], []),
    "CHARGEBACK": (
        ["4515", "4531", "4557", "4562"],
        ["10", "11", "12", "13"],
        ["4808", "4837", "4853"],
    ),
    "RETRIEVAL_DUE": (["4526", "4527"], [], []),
    "PAID_BY_OTHER_MEANS": (["4806"], ["12.6"], []),
    "FEE_ON_FAILED": (["4752"], [], []),
    "MISSING_IN_CHANNEL": (["9653", "9702", "9705"], [], []),
    "MISSING_IN_MERCHANT": (["9652", "9726"], [], []),
    "REVERSAL_ORPHAN": (["9724", "9725"], [], []),
    "REFUND_EXCESS": (["9722"], [], []),
    "CURRENCY_MISMATCH": ([], ["12.3"], ["4834"]),
    "ATTRIBUTE_MISMATCH": ([], ["12.2", "12.4", "12.7"], []),
}


@pytest.mark.parametrize("name", sorted(MAPPED))
def test_codes_of_the_schemes_are_mapped(name):
    """A code of ours names every reason code under which a scheme would dispute it."""
    entry = catalogue()[Code[name]]
    assert tuple(list(getattr(entry, scheme)) for scheme in module.SCHEMES) == MAPPED[name]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no entry for code DUPLICATE_CHARGE"),
        ("[code.NOT_A_CODE]\n", "entry for unknown code NOT_A_CODE"),
        ("[other]\n", "unknown table 'other'"),
        ("[code.NETTED]\ncolour = 1\n", "NETTED: unknown key 'colour'"),
        ("[code.NETTED]\nseverity = 'BAD'\n", "NETTED: severity is 'BAD', expected one of"),
        ("[code.NETTED]\nexplanation_en = '{x}'\n", "explanation_en has unknown placeholder {x}"),
    ],
)
def test_catalogue_file_is_refused_with_every_problem(text, says):
    """A missing code, an unknown key, word or placeholder refuses the file and is named."""
    with pytest.raises(RuleFileError) as refused:
        parse(text)
    assert says in str(refused.value)
