"""A contract that a person can check, and rows of a shop under it."""

import tomllib
from datetime import date
from decimal import Decimal

from recon.rules.prices.contract import Compiled, FeeContract
from recon.rules.prices.policy import FeePolicy
from tests.rules.tables import table

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
    return FeePolicy(Compiled(contract), **settings)


def rows(text, **constants):
    """Return rows of a table with what all rows share."""
    shared = {"currency": "CNY", "clearing_date": date(2026, 3, 2)}
    return table(text, **(shared | constants))


HEAD = (
    "txn_id | kind | state | merchant_id | terminal_id | card_type | mcc | product | "
    "amount_minor | fee_minor\n"
)
