"""Fee breaks: each of the twelve on a row a person can check, and no break where there is none."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.codes import Code
from recon.errors import UsageError
from recon.rules.fees.fees import find
from tests.rules.fees.shop import HEAD, policy, rows
from tests.rules.tables import found

# what happened | row | code, expected, charged, cause (None: no break)
CASES = [
    (
        "credit card at its price",
        "1|PAYMENT|SUCCESS|M1|1|credit|5999|-|100.00|0.60",
        None,
    ),
    (
        "45.00 instead of the cap of 20.00",
        "1|PAYMENT|SUCCESS|M1|1|debit|5999|-|9000.00|45.00",
        ("FEE_CAP_MISSED", "20", "45", "cap not applied"),
    ),
    (
        "0.25 instead of the floor of 0.50",
        "1|PAYMENT|SUCCESS|M1|1|debit|5999|-|50.00|0.25",
        ("FEE_FLOOR_MISSED", "0.5", "0.25", "floor not applied"),
    ),
    (
        "a debit card at the credit price",
        "1|PAYMENT|SUCCESS|M1|1|debit|5999|-|500.00|3.00",
        ("FEE_CARD_TYPE", "2.5", "3", "charged as card type credit"),
    ),
    (
        "a supermarket at the standard price",
        "1|PAYMENT|SUCCESS|M1|1|credit|5411|-|500.00|3.00",
        ("FEE_CLASS", "1.9", "3", "charged as MCC 5999"),
    ),
    (
        "3.00 on top",
        "1|PAYMENT|SUCCESS|M1|1|credit|5999|-|500.00|6.00",
        ("FEE_SURCHARGE", "3", "6", "surcharge of 3.00"),
    ),
    (
        "0.045 rounded down",
        "1|PAYMENT|SUCCESS|M1|1|credit|5999|-|7.50|0.04",
        (
            "FEE_ROUNDING",
            "0.05",
            "0.04",
            "rounded floor; also fits: rounded half even, rounded half down",
        ),
    ),
    (
        "a failed payment with a fee",
        "1|PAYMENT|FAILED|M1|1|credit|5999|-|100.00|0.60",
        ("FEE_ON_FAILED", "0", "0.6", "fee on a payment that is failed"),
    ),
    ("a failed payment without a fee", "1|PAYMENT|FAILED|M1|1|credit|5999|-|100.00|0.00", None),
    (
        "a refund that kept the fee",
        "1|REFUND|SUCCESS|M1|1|credit|5999|-|-100.00|0.00",
        ("FEE_NOT_RETURNED", "0.6", "0", "no fee returned"),
    ),
    (
        "a refund that was charged a fee",
        "1|REFUND|SUCCESS|M1|1|credit|5999|-|-100.00|0.60",
        ("FEE_NOT_RETURNED", "0.6", "-0.6", "a fee was charged on the refund"),
    ),
    ("a refund that returned the fee", "1|REFUND|SUCCESS|M1|1|credit|5999|-|-100.00|-0.60", None),
    (
        "a refund that returned too much",
        "1|REFUND|SUCCESS|M1|1|credit|5999|-|-100.00|-0.80",
        ("FEE_OVER_RETURNED", "0.6", "0.8", "more than the fee returned"),
    ),
    (
        "a refund of a capped price returns rate times refund",
        "1|REFUND|SUCCESS|M1|1|debit|5999|-|-5000.00|-25.00",
        None,
    ),
    (
        "a fee returned although the contract keeps it",
        "1|REFUND|SUCCESS|M1|1|-|-|kept|-100.00|-1.00",
        ("FEE_OVER_RETURNED", "0", "1", "the contract keeps the fee on refunds"),
    ),
    ("a whole formula returned", "1|REFUND|SUCCESS|M1|1|-|-|formula|-100.00|-1.60", None),
    (
        "a data card fee nobody agreed to",
        "1|FEE|SUCCESS|M1|1|-|-|data card|-60.00|0.00",
        ("FEE_UNLISTED", "0", "60", "no contract line for data card"),
    ),
    (
        "a data card fee in the column of fees",
        "1|FEE|SUCCESS|M1|1|-|-|data card|0.00|60.00",
        ("FEE_UNLISTED", "0", "60", "no contract line for data card"),
    ),
    (
        "a data card fee in the amount alone",
        "1|FEE|SUCCESS|M1|1|-|-|data card|-60.00|-",
        ("FEE_UNLISTED", "0", "60", "no contract line for data card"),
    ),
    (
        "a listed fee in the column of fees",
        "1|FEE|SUCCESS|M1|1|-|-|paper|0.00|30.00",
        None,
    ),
    ("a fee that came back", "1|FEE|SUCCESS|M1|1|-|-|data card|60.00|0.00", None),
    ("a listed fee", "1|FEE|SUCCESS|M1|1|-|-|paper|-30.00|0.00", None),
    (
        "a listed fee of another amount",
        "1|FEE|SUCCESS|M1|1|-|-|paper|-31.00|0.00",
        ("FEE_UNLISTED", "0", "31", "no contract line for paper"),
    ),
    (
        "a fee on a chargeback nobody agreed to",
        "1|CHARGEBACK|SUCCESS|M1|1|credit|5999|-|-100.00|15.00",
        ("FEE_UNLISTED", "0", "15", "no contract line for chargeback"),
    ),
    (
        "a chargeback that gave the fee back",
        "1|CHARGEBACK|SUCCESS|M1|1|credit|5999|-|-100.00|-0.60",
        None,
    ),
    (
        "a category without a line",
        "1|PAYMENT|SUCCESS|M1|1|credit|7777|-|100.00|0.60",
        ("FEE_UNLISTED", "0", "0.6", "no contract line applies to the row"),
    ),
    (
        "nothing explains it",
        "1|PAYMENT|SUCCESS|M1|1|credit|5999|-|1000.00|7.77",
        ("FEE_RATE", "6", "7.77", "implied rate 0.777 %"),
    ),
    (
        "a contracted surcharge left out",
        "1|PAYMENT|SUCCESS|M1|1|-|-|formula|100.00|0.60",
        ("FEE_RATE", "1.6", "0.6", "contracted surcharge not charged"),
    ),
    (
        "a credit card below cost by its own contract",
        "1|PAYMENT|SUCCESS|M1|1|credit|-|special|1000.00|4.00",
        ("FEE_BELOW_COST", "4.82", "4", "credit cards priced below the cost of 0.4825 %"),
    ),
    ("a preferential class may be", "1|PAYMENT|SUCCESS|M1|1|credit|5411|-|1000.00|3.80", None),
    ("a pending payment is not judged", "1|PAYMENT|PENDING|M1|1|credit|5999|-|100.00|9.00", None),
    ("a row without a fee is not judged", "1|PAYMENT|SUCCESS|M1|1|credit|5999|-|100.00|-", None),
]


@pytest.mark.parametrize(
    ("row", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_fee_break(row, expected):
    """Each row is the break, or no break, that a person would say it is."""
    facts = found(find(rows(HEAD + row), policy()))
    assert facts == ([] if expected is None else [(1, *expected)])


def test_all_cases_in_one_night_are_found_together():
    """The same rows in one frame give the same breaks: no row changes another's."""
    lines, expected = [], []
    for number, (_, row, fact) in enumerate(CASES, start=1):
        cells = row.split("|")
        cells[0], cells[4] = str(number), str(number)  # each on a terminal of its own
        lines.append("|".join(cells))
        if fact is not None:
            expected.append((number, *fact))
    assert found(find(rows(HEAD + "\n".join(lines)), policy())) == expected


def test_twelve_fee_codes_are_covered():
    """Every fee code has a case above."""
    wanted = {code.name for code in Code if 600 <= code < 700}
    assert {case[2][0] for case in CASES if case[2]} == wanted


@settings(max_examples=60, deadline=None)
@given(
    amounts=st.lists(st.integers(1, 10**9), min_size=1, max_size=30),
    card=st.sampled_from(["credit", "debit"]),
    mcc=st.sampled_from(["5999", "5411"]),
)
def test_rows_at_their_price_are_no_break(amounts, card, mcc):
    """Whatever the amounts, a fee that is the contract's is never reported."""
    judge = policy()
    night = pl.DataFrame({"txn_id": range(len(amounts)), "amount_minor": amounts}).with_columns(
        kind=pl.lit("PAYMENT"),
        state=pl.lit("SUCCESS"),
        currency=pl.lit("CNY"),
        clearing_date=pl.lit(date(2026, 3, 2)),
        merchant_id=pl.lit("M1"),
        card_type=pl.lit(card),
        mcc=pl.lit(mcc),
        product=pl.lit("card"),
    )
    fee, _ = judge.contract.price_rows(night)
    assert find(night.with_columns(fee_minor=pl.Series(fee)), judge).height == 0


def test_tied_lines_are_reported_as_ambiguous():
    """A row that two equally specific lines price is shown, and no price is picked."""
    text = (
        'name = "tie"\n[[line]]\nname = "a"\nformula = "0.6%"\n'
        '[[line]]\nname = "b"\nformula = "0.5%"\n'
    )
    facts = found(find(rows(HEAD + "1|PAYMENT|SUCCESS|M1|1|-|-|-|100.00|0.60"), policy(text)))
    assert [fact[:4] for fact in facts] == [(1, "AMBIGUOUS", None, "0.6")]


def test_other_currencies_are_not_judged():
    """A contract in CNY says nothing about a row in USD."""
    night = rows(HEAD + "1|PAYMENT|SUCCESS|M1|1|credit|5999|-|100.00|9.99", currency="USD")
    assert find(night, policy()).height == 0


def test_missing_columns_are_refused():
    """A frame that is not of transactions is refused with the columns that are missing."""
    with pytest.raises(UsageError, match="expected columns txn_id, kind"):
        find(pl.DataFrame({"amount_minor": [1]}), policy())


def test_the_cost_of_credit_cards_is_that_of_one_market():
    """0.4 % is below the cost of a credit card in yuan; elsewhere no such cost is known."""
    text = 'name = "x"\ncurrency = "EUR"\n[[line]]\nname = "all"\nformula = "0.4%"\n'
    for currency, codes in (("EUR", []), ("CNY", ["FEE_BELOW_COST"])):
        night = rows(HEAD + "1|PAYMENT|SUCCESS|M1|1|credit|5999|-|1000.00|4.00", currency=currency)
        facts = found(find(night, policy(text.replace("EUR", currency))))
        assert [fact[1] for fact in facts] == codes
