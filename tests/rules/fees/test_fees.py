"""Fee breaks: each of the twelve on a row a person can check, and no break where there is none."""

import tomllib
from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.codes import Code
from recon.errors import UsageError
from recon.rules.fees import sums as fee_sums
from recon.rules.fees.fees import find
from recon.rules.prices.contract import FeeContract, compile_contract
from recon.rules.prices.policy import FeePolicy
from recon.rules.prices.price import Price
from recon.rules.words.causes import in_chinese
from tests.rules.tables import found, table

CONTRACT = """
name = "acquirer 2026"
on_refund = "rate"
listed = [{ product = "paper", amount = 30 }]
[[line]]
name = "credit"
formula = "0.6%"
when = { card_type = "credit", mcc = "5999" }
[[line]]
name = "debit"
formula = "MTM(0.5,20,AMT*0.005)"
when = { card_type = "debit", mcc = "5999" }
[[line]]
name = "preferential"
formula = "0.38%"
when = { mcc = "5411" }
[[line]]
name = "cheap"
formula = "0.4%"
when = { product = "special" }
[[line]]
name = "fee kept"
formula = "SGL(1)"
when = { product = "kept" }
on_refund = "kept"
[[line]]
name = "whole formula back"
formula = "0.6% + 1"
when = { product = "formula" }
on_refund = "formula"
"""


def policy(text=CONTRACT, **settings):
    """Return the policy of a contract in TOML."""
    contract = FeeContract.model_validate(tomllib.loads(text, parse_float=Decimal))
    return FeePolicy(compile_contract(contract), **settings)


def rows(text, **constants):
    """Return rows of a table with what all rows share."""
    shared = {"currency": "CNY", "clearing_date": date(2026, 3, 2)}
    return table(text, **(shared | constants))


HEAD = (
    "txn_id | kind | state | merchant_id | terminal_id | card_type | mcc | product | "
    "amount_minor | fee_minor\n"
)

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


def test_a_reversed_payment_keeps_no_fee():
    """A reversed payment is a break only when no undo row gives its fee back."""
    text = """
    txn_id | kind     | state    | order_id | original_ref | amount_minor | fee_minor
    1      | PAYMENT  | REVERSED | A        | -            | 100.00       | 0.60
    2      | REVERSAL | SUCCESS  | A-R      | A            | -100.00      | -0.60
    3      | PAYMENT  | REVERSED | B        | -            | 100.00       | 0.60
    """
    night = rows(text, card_type="credit", mcc="5999", product="-")
    assert found(find(night, policy())) == [
        (3, "FEE_ON_FAILED", "0", "0.6", "fee on a payment that is reversed")
    ]


@pytest.mark.parametrize(
    ("undo", "expected"),
    [
        ("-0.60", []),
        ("-0.40", [(1, "FEE_ON_FAILED", "0", "0.2", "part of the fee returned")]),
        ("-0.80", [(1, "FEE_OVER_RETURNED", "0.6", "0.8", "more than the fee returned")]),
        ("0.00", [(1, "FEE_ON_FAILED", "0", "0.6", "fee on a payment that is reversed")]),
        ("0.10", [(1, "FEE_ON_FAILED", "0", "0.7", "part of the fee returned")]),
    ],
)
@pytest.mark.parametrize("nights", [1, 2])
def test_what_an_undone_payment_cost_in_the_end(undo, expected, nights):
    """The fees of a payment and of its undoing come to nothing, on one night or on two."""
    text = f"""
    txn_id | kind    | state    | order_id | original_ref | amount_minor | fee_minor
    1      | PAYMENT | REVERSED | A        | -            | 100.00       | 0.60
    2      | VOID    | SUCCESS  | A-V      | A            | -100.00      | {undo}
    """
    both = rows(text, card_type="credit", mcc="5999", product="-")
    earlier = None if nights == 1 else both.filter(txn_id=1)
    night = both if nights == 1 else both.filter(txn_id=2)
    assert found(find(night, policy(), earlier)) == expected


BY_DAY = """
name = "two prices"
on_refund = "rate"
[[line]]
name = "before"
formula = "FLO(1000,0.01,0.005)"
valid_until = 2026-03-09
[[line]]
name = "after"
formula = "0.3%"
valid_from = 2026-03-10
"""


@pytest.mark.parametrize(
    ("original", "fee", "expected"),
    [
        ("A", "-2.00", []),  # 400 of 2,000: at 0.5 %, the band of the payment
        ("B", "-4.00", []),  # 400 of 900: at 1 %
        ("C", "-1.20", []),  # nobody knows the payment: at the price of the refund's day
        ("A", "-1.20", [(9, "FEE_NOT_RETURNED", "2", "1.2", "part of the fee returned")]),
    ],
)
def test_a_refund_gives_back_what_its_payment_was_priced_at(original, fee, expected):
    """The price has changed since, and the payment was of another band than the refund."""
    head = "txn_id|kind|state|merchant_id|order_id|original_ref|amount_minor|fee_minor\n"
    paid = head + "1|PAYMENT|SUCCESS|M1|A|-|2000.00|10.00\n2|PAYMENT|SUCCESS|M1|B|-|900.00|9.00"
    back = head + f"9|REFUND|SUCCESS|M1|R|{original}|-400.00|{fee}"
    shared = {"source": "psp", "product": "-"}
    night = rows(back, clearing_date=date(2026, 3, 10), **shared)
    earlier = rows(paid, clearing_date=date(2026, 3, 9), **shared)
    assert found(find(night, policy(BY_DAY), earlier)) == expected


def charged(price, count, seed, **constants):
    """Return payments of one terminal that were charged by `price`."""
    amount = np.random.default_rng(seed).integers(1_000, 600_000, count)
    frame = pl.DataFrame(
        {"txn_id": np.arange(1, count + 1), "amount_minor": amount, "fee_minor": price.fees(amount)}
    )
    shared = {
        "kind": "PAYMENT",
        "state": "SUCCESS",
        "currency": "CNY",
        "clearing_date": date(2026, 3, 2),
        "merchant_id": "M1",
        "terminal_id": "1",
        "card_type": "credit",
        "mcc": "5999",
        "product": "card",
    }
    return frame.with_columns(pl.lit(value).alias(k) for k, value in (shared | constants).items())


@pytest.mark.parametrize(
    ("price", "code", "cause"),
    [
        (Price(6_000_000, 300), "FEE_SURCHARGE", "surcharge of 3.00"),
        (Price(6_000_000, 50), "FEE_SURCHARGE", "surcharge of 0.50"),
        (Price(7_200_000), "FEE_RATE", "charged as 0.72 %"),
        (Price(7_200_000, 300), "FEE_RATE", "charged as 0.72 % + 3.00"),
        (Price(7_200_000, cap=2500), "FEE_RATE", "charged as 0.72 %, at most 25.00"),
        (Price(3_800_000), "FEE_CLASS", "charged as MCC 5411"),
        (Price(5_000_000, floor=50, cap=2000), "FEE_CARD_TYPE", "charged as card type debit"),
        (Price(6_000_000, rounding="ceiling"), "FEE_ROUNDING", "rounded ceiling"),
    ],
)
def test_the_price_of_a_terminal_is_named_in_words(price, code, cause):
    """When a terminal is charged by another price, every differing row has that one cause."""
    facts = found(find(charged(price, 60, 7), policy()))
    assert len(facts) > 20
    assert {fact[1] for fact in facts} == {code}
    assert {fact[4].split(";")[0] for fact in facts} == {cause}


def test_limits_left_out_are_no_other_rate():
    """Two rows without the cap and two without the floor share a rate: the contract's own."""
    shared = "PAYMENT|SUCCESS|M1|1|debit|5999|-"
    fees = ("9000.00|45.00", "6000.00|30.00", "10.00|0.05", "20.00|0.10")
    lines = [f"{number}|{shared}|{fee}" for number, fee in enumerate(fees, start=1)]
    facts = found(find(rows(HEAD + "\n".join(lines)), policy()))
    assert [fact[1] for fact in facts] == ["FEE_CAP_MISSED"] * 2 + ["FEE_FLOOR_MISSED"] * 2


def test_reported_rows_do_not_depend_on_order():
    """Shuffling the rows changes nothing in the answer."""
    night = pl.concat(
        [
            charged(Price(7_200_000), 30, 1),
            charged(Price(6_000_000, 300), 30, 2, terminal_id="2").with_columns(
                pl.col("txn_id") + 100
            ),
        ]
    )
    answer = find(night, policy())
    assert answer.height == 60
    for seed in range(3):
        assert find(night.sample(fraction=1, shuffle=True, seed=seed), policy()).equals(answer)


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


@pytest.mark.parametrize(
    ("level", "period"), [("batch", "a batch: B1"), ("month", "a month: 2026-03")]
)
@pytest.mark.parametrize(
    ("fees", "code", "way"),
    [
        (["0.04", "0.05", "0.05"], None, None),  # 0.6 % of 22.50 is 0.135, rounded 0.14
        (["0.05", "0.05", "0.05"], "FEE_ROUNDING", "; each payment was rounded by itself"),
        (
            ["0.05", "0.05", "0.03"],
            "FEE_ROUNDING",
            "; rounded floor; also fits: rounded half down",
        ),
        (["0.05", "0.05", "0.90"], "FEE_RATE", ""),
    ],
)
def test_a_contract_may_price_sums(level, period, fees, code, way):
    """By batch or month, the price of the sum is compared with the sum of the fees."""
    text = f'name = "sum"\nlevel = "{level}"\n[[line]]\nname = "all"\nformula = "0.6%"\n'
    lines = [f"{n}|PAYMENT|SUCCESS|M1|7.50|{fee}" for n, fee in enumerate(fees, start=1)]
    head = "txn_id|kind|state|merchant_id|amount_minor|fee_minor\n"
    night = rows(head + "\n".join(lines), batch_id="B1", product="-", source="psp")
    assert find(night, policy(text)).height == 0
    facts = fee_sums.find(night, policy(text), level)
    assert [fact[1] for fact in found(facts)] == ([code] if code else [])
    if code:
        assert facts["cause"].to_list() == [f"the contract prices the sum of {period}{way}"]
        assert facts["other_txn_ids"].to_list() == [[2, 3]]


def test_senders_may_number_their_batches_alike():
    """Two channels with a batch 1 of one merchant have two sums, each at its price."""
    text = 'name = "sum"\nlevel = "batch"\n[[line]]\nname = "all"\nformula = "SGL(1)"\n'
    head = "txn_id|kind|state|merchant_id|source|amount_minor|fee_minor\n"
    lines = "1|PAYMENT|SUCCESS|M1|card|7.50|1.00\n2|PAYMENT|SUCCESS|M1|scan|9.00|1.00"
    night = rows(head + lines, batch_id="1", product="-")
    assert fee_sums.find(night, policy(text), "batch").height == 0


@pytest.mark.parametrize(
    ("on_refund", "fee", "expected"),
    [
        ("kept", "0.00", []),
        ("rate", "-0.14", []),  # three times 7.50 in one sum: 0.135
        ("rate", "-0.15", [(1, "FEE_OVER_RETURNED", "0.14", "0.15", "more than the fee returned")]),
        ("rate", "-0.13", [(1, "FEE_NOT_RETURNED", "0.14", "0.13", "part of the fee returned")]),
        ("formula", "-2.14", []),
    ],
)
def test_refunds_of_a_sum_are_summed(on_refund, fee, expected):
    """What comes back on the refunds of a batch is the price of their sum."""
    text = (
        f'name = "sum"\nlevel = "batch"\non_refund = "{on_refund}"\n'
        '[[line]]\nname = "all"\nformula = "0.6% + 2"\n'
    )
    head = "txn_id|kind|state|merchant_id|amount_minor|fee_minor\n"
    lines = [f"{n}|REFUND|SUCCESS|M1|-7.50|{fee if n == 1 else '0.00'}" for n in (1, 2, 3)]
    night = rows(head + "\n".join(lines), batch_id="B1", product="-", source="psp")
    assert found(fee_sums.find(night, policy(text), "batch")) == expected


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


CLASSES = """
name = "classes"
currency = "{currency}"
[[line]]
name = "others"
formula = "0.6%"
[[line]]
name = "preferential"
formula = "0.3%"
when = {{ {attribute} = ["a", "b", "c", "d", "e"] }}
"""


@pytest.mark.parametrize(
    ("attribute", "fee", "currency", "cause", "chinese"),
    [
        (
            "merchant_class",
            "3.00",
            "CNY",
            "charged as merchant class a or b or c or 2 more",
            "按行业类别 a 或 b 或 c 等另 2 个 计费",
        ),
        ("mcc", "3.00", "CNY", "charged as MCC a or b or c or 2 more", None),
        ("card_type", "3.00", "EUR", "charged as card type a or b or c or 2 more", None),
        ("mcc", "8.00", "CNY", "surcharge of 2.00", "附加 2.00"),
        ("mcc", "8.00", "JPY", "surcharge of 200", "附加 200"),
    ],
)
def test_causes_are_words_in_the_currency_of_the_contract(attribute, fee, currency, cause, chinese):
    """Every word of one price is named, as people say it; money has its currency's decimals."""
    night = rows(HEAD + f"1|PAYMENT|SUCCESS|M1|1|credit|5999|-|1000.00|{fee}", currency=currency)
    night = night.with_columns(pl.lit("x").alias(attribute), merchant_id=pl.lit("M1"))
    facts = find(night, policy(CLASSES.format(attribute=attribute, currency=currency)))
    assert facts["cause"].to_list() == [cause]
    assert chinese is None or in_chinese(cause) == chinese


def test_the_cost_of_credit_cards_is_that_of_one_market():
    """0.4 % is below the cost of a credit card in yuan; elsewhere no such cost is known."""
    text = 'name = "x"\ncurrency = "EUR"\n[[line]]\nname = "all"\nformula = "0.4%"\n'
    for currency, codes in (("EUR", []), ("CNY", ["FEE_BELOW_COST"])):
        night = rows(HEAD + "1|PAYMENT|SUCCESS|M1|1|credit|5999|-|1000.00|4.00", currency=currency)
        facts = found(find(night, policy(text.replace("EUR", currency))))
        assert [fact[1] for fact in facts] == codes
