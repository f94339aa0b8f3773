"""Why a fee differs, in words."""

import polars as pl
import pytest

from recon.rules.fees.fees import find
from recon.rules.words.causes import in_chinese
from tests.rules.fees.shop import HEAD, policy, rows

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
