"""Card schemes: which rows are theirs, and until when they take a case."""

from datetime import date

import polars as pl
import pytest

from recon.core.codes import Code
from recon.errors import RuleFileError
from recon.rules.disputes import schemes as module
from recon.rules.disputes.catalogue import SCHEMES

WRONG = """[[deadline]]
scheme = 'amex'
what_zh = ''
what_en = ''
days = 1
valid_from = 2026-01-01
step = 'wish'
"""


def test_deadlines_are_dated():
    """Each deadline names its scheme and the day from which it holds."""
    found = {(item.scheme, item.days) for item in module.deadlines()}
    assert {("unionpay", 180), ("unionpay", 360), ("unionpay", 60), ("unionpay", 365)} <= found
    assert {item.scheme for item in module.deadlines()} == set(SCHEMES)
    assert all(item.what_zh != item.what_en for item in module.deadlines())


def test_a_row_is_known_by_its_file_its_product_or_its_card():
    """The file decides before the product; a card that begins with 4 says nothing in China."""
    rows = pl.DataFrame(
        {
            "source": ["ctf", "psp", "psp", "psp", "psp", "psp"],
            "product": ["mc", "mc_applepay", " VISA", "credit", "credit", None],
            "card": [None, None, None, "622689******6176", "403361******1234", None],
        }
    )
    found = rows.select(module.scheme_of({"ctf": "visa_ctf", "psp": "delimited"})).to_series()
    assert found.to_list() == ["visa", "mastercard", "visa", "unionpay", None, None]


@pytest.mark.parametrize(
    ("code", "scheme", "cleared", "until"),
    [
        ("DUPLICATE_CHARGE", "visa", "2026-11-09", "2027-03-09"),
        ("DUPLICATE_CHARGE", "mastercard", "2026-11-09", "2027-02-07"),
        ("REFUND_NOT_SETTLED", "mastercard", "2026-11-09", "2027-03-09"),
        ("DUPLICATE_CHARGE", "unionpay", "2026-11-09", "2027-05-08"),
        ("DUPLICATE_CHARGE", "unionpay", "2026-05-09", "2027-05-04"),  # the search is over
        ("DUPLICATE_CHARGE", "unionpay", "2025-05-09", "2026-05-04"),  # everything is
        ("CHARGEBACK", "visa", "2026-11-09", "2026-12-09"),
        ("RETRIEVAL_DUE", "unionpay", "2026-11-09", "2026-11-29"),
        ("FEE_RATE", "unionpay", "2026-11-09", None),  # no scheme hears of it
        ("DUPLICATE_CHARGE", "visa", "2017-11-09", None),  # before the rule
        ("DUPLICATE_CHARGE", None, "2026-11-09", None),
    ],
)
def test_a_case_ends_with_the_first_limit_that_is_not_over(code, scheme, cleared, until):
    """Limits count from the clearing day; of those ahead the first is told, else the last one."""
    case = pl.DataFrame(
        {
            "break_id": ["B1"],
            "code": [code],
            "scheme": pl.Series([scheme], dtype=pl.String),
            "cleared": [date.fromisoformat(cleared)],
            "first_seen": [date(2026, 11, 10)],
        }
    )
    told = module.last_days(case)["scheme_limit_at"].to_list()
    assert told == ([date.fromisoformat(until)] if until else [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "schemes are []"),
        ("[other]\n", "unknown table 'other'"),
        ("[scheme.visa]\ncolour = 1\n", "scheme visa: keys are ['colour']"),
        ("[[deadline]]\nscheme = 'unionpay'\n", "deadline 1: keys are"),
        (WRONG, "deadline 1: scheme is 'amex', not of ('unionpay', 'visa', 'mastercard')"),
        (WRONG, "deadline 1: step is 'wish'"),
    ],
)
def test_a_schemes_file_is_refused_with_every_problem(text, says):
    """An unknown table, key, scheme or step is named."""
    with pytest.raises(RuleFileError) as refused:
        module.parse(text)
    assert says in str(refused.value)


def test_codes_without_a_step_of_their_own_end_with_the_dispute():
    """A chargeback is answered, a retrieval too; of any other code it is the dispute that ends."""
    ends = {
        code: {item.step for item in module.deadlines() if item.ends(code)}
        for code in (Code.CHARGEBACK, Code.RETRIEVAL_DUE, Code.DUPLICATE_CHARGE)
    }
    assert list(ends.values()) == [{"chargeback"}, {"retrieval"}, {"dispute"}]
