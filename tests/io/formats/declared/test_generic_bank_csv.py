from __future__ import annotations

import pytest

from recon.io.formats.declared.delimited import FORMAT
from recon.io.reading.contract import Options
from tests.io.formats.examine import corpus_folder, read_path

OCA = "OCA__bank-statement-import__"
SIMPLE = {"value_date": "Date", "amount": "Amount", "memo": "Label"}
US = {"date_patterns": ("MM/DD/YYYY",), "thousands": ",", "currency": "EUR"}
PARTNER = ("Partner Name", "Bank Account")
CASES = [
    (
        OCA + "balance.csv",
        Options(columns=SIMPLE, ignore_columns=("Balance", *PARTNER), **US),
        [("2018-12-15", -3350, "EUR"), ("2018-12-15", 153350, "EUR")],
        0,
    ),
    (
        OCA + "sample_statement_en.csv",
        Options(
            columns=SIMPLE | {"currency": "Currency"},
            ignore_columns=("Amount Currency", *PARTNER),
            **US,
        ),
        [("2018-12-15", -3350, "USD"), ("2018-12-15", 152500, "EUR")],
        0,
    ),
    (
        OCA + "original_currency.csv",
        Options(
            columns=SIMPLE | {"currency": "Currency"},
            ignore_columns=("Amount Currency", *PARTNER),
            **US,
        ),
        [("2018-12-15", 152500, "EUR")],
        0,
    ),
    (
        OCA + "empty_lines_statement.csv",  # a line of commas alone is blank
        Options(
            columns=SIMPLE | {"currency": "Currency"},
            ignore_columns=("Amount Currency", *PARTNER),
            **US,
        ),
        [("2018-02-25", -3350, "EUR"), ("2018-02-26", 152500, "EUR"), ("2018-02-27", 80000, "EUR")],
        0,
    ),
    (
        OCA + "debit_credit_amount.csv",  # signs in both columns: what is below zero is refused
        Options(
            columns={"value_date": "Date", "debit": "Debit", "credit": "Credit", "memo": "Label"},
            ignore_columns=("Balance", *PARTNER),
            **US,
        ),
        [("2018-12-15", 2000, "EUR"), ("2018-12-15", -150000, "EUR")],
        2,
    ),
    (
        OCA + "meta_data_separated_credit_debit.csv",  # the closing line of the bank is a reject
        Options(
            columns={"value_date": "Date", "amount": "Debit", "memo": "Label"},
            ignore_columns=("Operation Number", "Credit", "Detail"),
            skip_lines=4,
            decimal_mark=",",
            date_patterns=("DD/MM/YY",),
            currency="EUR",
        ),
        [("2020-04-01", -5000, "EUR"), ("2020-04-01", -10000, "EUR"), ("2020-04-02", -8068, "EUR")],
        2,
    ),
    (
        OCA + "empty_statement_en.csv",
        Options(columns=SIMPLE, ignore_columns=("Currency", "Amount Currency", *PARTNER)),
        [],
        0,
    ),
]


@pytest.mark.parametrize(
    ("name", "options", "rows", "rejects"), CASES, ids=[case[0] for case in CASES]
)
def test_bank_csv_is_read_by_declared_mapping(
    name: str, options: Options, rows: list, rejects: int
) -> None:
    """With a few declared lines each bank's table gives these rows, and the rest is refused."""
    outcome = read_path(FORMAT, corpus_folder("generic_bank_csv") / name, options)
    assert outcome.refusal is None, outcome.verdict
    found = outcome.frame.select("value_date", "amount_minor", "currency").rows() if rows else []
    assert [(str(day), amount, currency) for day, amount, currency in found] == rows
    assert len(outcome.rejects) == rejects, [reject.reasons for reject in outcome.rejects]
    assert outcome.reading.all_lines_accounted()
