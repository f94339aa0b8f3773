"""Fee contracts: the formula language, precedence, refusals, the linter, and 1,000 public rules."""

import os
import tomllib
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from recon.core.pricing import TIED
from recon.errors import UsageError
from recon.rules.prices.contract import Compiled, FeeContract
from recon.rules.prices.formula import parse_formula
from recon.rules.prices.lint import Finding, lint
from tests.oracle import fees as oracle


def contract(text, **settings):
    """Return the contract of one TOML text of `[[line]]` tables."""
    document = tomllib.loads(text, parse_float=Decimal)
    return FeeContract.model_validate({"name": "test", **settings, **document})


def fee(formula, amount, **settings):
    """Return the fee in yuan of one amount in yuan under one formula."""
    line = {"name": "only", "formula": formula}
    made = FeeContract.model_validate({"name": "test", "line": [line], **settings})
    rows = pl.DataFrame(
        {"amount_minor": [int(Decimal(amount) * 100)], "clearing_date": [date(2026, 1, 5)]}
    )
    fees, lines = Compiled(made).price_rows(rows)
    assert lines.tolist() == [0]
    return Decimal(int(fees[0])) / 100


# The formulas an acquirer uses, each at the amounts where it changes.
WORKED = [
    # formula                            amount      fee
    ("AMT*0.006", "7.50", "0.05"),
    ("AMT*0.0035", "4008.00", "14.03"),
    ("AMT*0.0038", "5.00", "0.02"),
    ("MAX(0.2,AMT*0.005)", "10.00", "0.20"),
    ("MAX(0.2,AMT*0.005)", "100.00", "0.50"),
    ("MIN(20,AMT*0.005)", "3999.99", "20.00"),
    ("MIN(20,AMT*0.005)", "9000.00", "20.00"),
    ("MTM(0.8,500,AMT*0.006)", "100.00", "0.80"),
    ("MTM(0.8,500,AMT*0.006)", "1000.00", "6.00"),
    ("MTM(0.8,500,AMT*0.006)", "100000.00", "500.00"),
    ("SGL(2.5)", "0.01", "2.50"),
    ("FIX(20000,2,50000,3,100000,5,10)", "19999.99", "2.00"),
    ("FIX(20000,2,50000,3,100000,5,10)", "20000.00", "3.00"),
    ("FIX(20000,2,50000,3,100000,5,10)", "100000.00", "10.00"),
    ("FLO(500,0.08,5000,0.06,0.05)", "499.99", "40.00"),
    ("FLO(500,0.08,5000,0.06,0.05)", "500.00", "30.00"),
    ("FLO(500,0.08,5000,0.06,0.05)", "5000.00", "250.00"),
    ("INC(2.5,20000)", "20000.00", "2.50"),
    ("INC(2.5,20000)", "20000.01", "5.00"),
    ("INCF(2.5,20000)", "39999.99", "2.50"),
    ("IFBIG(5000,AMT*0.008)", "5000.00", "0.00"),
    ("IFBIG(5000,AMT*0.008)", "5000.01", "40.00"),
    ("IPSMAX(0.2,AMT*0.005)", "100.01", "0.51"),
    ("BKFEE(0.8,500,0.006,5)", "200.75", "1.20"),
    ("BKFEE(0.8,500,0.006,4)", "200.75", "1.21"),
    ("AMT*0.006 + 3", "100.00", "3.60"),
    ("0.6% + 1 + 2", "100.00", "3.60"),
]


@pytest.mark.parametrize(("formula", "amount", "expected"), WORKED)
def test_formula_set(formula, amount, expected):
    """Each formula of the acquirers' set gives the fee that it says."""
    assert fee(formula, amount) == Decimal(expected)


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        ("half_up", "0.05"),
        ("half_even", "0.04"),
        ("floor", "0.04"),
        ("ceiling", "0.05"),
        ("half_down", "0.04"),
        ("digit_6", "0.04"),
    ],
)
def test_rounding_modes(rounding, expected):
    """7.50 at 0.60 % is 0.045: the contract's rounding decides."""
    assert fee("AMT*0.006", "7.50", rounding=rounding) == Decimal(expected)


def test_fine_unit_rounds_first_at_a_hundred_thousandth():
    """With five decimals the fee is rounded there by the contract, then half-up to the fen."""
    assert fee("AMT*0.006", "7.50", rounding="floor", unit="fine") == Decimal("0.05")
    assert fee("SGL(0.00499)", "7.50", unit="fine") == Decimal("0.00")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("min(AMT*0.005, 20)", "MIN(20,AMT*0.005)"),
        ("MIN(0.5%,20)", "MIN(20,AMT*0.005)"),
        ("Max(amt*0.005,0.2) + 1", "MAX(0.2,AMT*0.005)+1"),
        ("ipsmax(50bp,0.2)", "IPSMAX(0.2,AMT*0.005)"),
        ("0.005*amt", "AMT*0.005"),
    ],
)
def test_a_formula_may_be_written_as_people_write_it(written, meant):
    """Names in small letters, a limit after its rate."""
    assert parse_formula(written) == parse_formula(meant)


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("", "expected a number, found 'the end'"),
        ("AMT*2", "expected a rate of at most 1"),
        ("AMT*0.0000000001", "expected a rate of at most 1 with 9 decimals"),
        ("FIX(5,1)", "bounds and values in turn"),
        ("FIX(5,1,4,2,3)", "expected bounds that rise"),
        ("MTM(5,1,AMT*0.1)", "a floor that is at most the cap"),
        ("AMT×0.006", "is not read"),
        ("SGL(0.000001)", "expected money of at most 5 decimals"),
        ("INC(5,1)", "a fee per step that is at most the step"),
        ("INC(0,0)", "a step above 0"),
        ("AMT*0.006)", "the end of the formula or a surcharge"),
        ("BKFEE(1,2,0.1,0)", "a digit from 1 to 9"),
        ("MAX(0.2", "expected ',', found 'the end'"),
        ("AMT*０.006", "is not read"),
    ],
)
def test_bad_formula_is_refused(formula, says):
    """A formula that is not read says what was expected, found, and which forms exist."""
    with pytest.raises(ValueError, match="forms: AMT") as refused:
        parse_formula(formula)
    assert says in str(refused.value)


@settings(max_examples=300)
@given(st.text(alphabet="AMT*0.6%(),+XINFLOGBKPSECU 19", max_size=30))
def test_parser_accepts_or_refuses_with_a_sentence(text):
    """No text makes the parser fail otherwise than with its own message."""
    try:
        parse_formula(text)
    except ValueError as error:
        assert "forms: AMT" in str(error)  # noqa: PT017 - most texts are refused, some are not


LAYERED = """
[[line]]
name = "anyone"
formula = "0.6%"
[[line]]
name = "debit"
formula = "MIN(20,AMT*0.005)"
when = { card_type = "debit" }
[[line]]
name = "merchant M1"
formula = "0.38%"
when = { merchant_id = ["M1"] }
[[line]]
name = "terminal 3 of M1, small"
formula = "0.28%"
when = { merchant_id = "M1", terminal_id = "3" }
amount_below = 1000
[[line]]
name = "terminal 3 of M1, until March"
formula = "0.30%"
when = { merchant_id = "M1", terminal_id = "3" }
valid_until = 2026-03-31
"""


@pytest.mark.parametrize(
    ("merchant", "terminal", "card", "yuan", "day", "line"),
    [
        ("M2", "1", "credit", 100, date(2026, 5, 1), "anyone"),
        ("M2", "1", "debit", 100, date(2026, 5, 1), "debit"),
        ("M1", "1", "debit", 100, date(2026, 5, 1), "merchant M1"),
        ("M1", "3", "debit", 999, date(2026, 5, 1), "terminal 3 of M1, small"),
        ("M1", "3", "debit", 1000, date(2026, 5, 1), "merchant M1"),
        ("M1", "3", "debit", 1000, date(2026, 3, 31), "terminal 3 of M1, until March"),
        ("M1", "3", "debit", 999, date(2026, 3, 31), "terminal 3 of M1, small"),
        (None, None, None, 100, date(2026, 5, 1), "anyone"),
        ("M1", "3", "debit", 1000, None, "merchant M1"),
    ],
)
def test_the_most_specific_line_prices_the_row(merchant, terminal, card, yuan, day, line):
    """Terminal outranks merchant, merchant outranks card type, a band outranks no band."""
    compiled = Compiled(contract(LAYERED))
    rows = pl.DataFrame(
        {
            "merchant_id": [merchant],
            "terminal_id": [terminal],
            "card_type": [card],
            "amount_minor": [yuan * 100],
            "clearing_date": [day],
        },
        schema_overrides={
            "merchant_id": pl.String,
            "terminal_id": pl.String,
            "card_type": pl.Categorical,
            "clearing_date": pl.Date,
        },
    )
    _, lines = compiled.price_rows(rows)
    assert compiled.lines[lines[0]].name == line


def test_two_equal_lines_are_a_tie_not_a_choice():
    """Two lines of one rank that both apply give no fee and the tied status."""
    made = contract(
        '[[line]]\nname = "a"\nformula = "0.6%"\n[[line]]\nname = "b"\nformula = "0.5%"\n'
    )
    rows = pl.DataFrame({"amount_minor": [100], "clearing_date": [date(2026, 1, 1)]})
    fees, lines = Compiled(made).price_rows(rows)
    assert (fees.tolist(), lines.tolist()) == ([0], [TIED])
    assert [problem.kind for problem in lint(made)] == [Finding.OVERLAP]


def test_missing_column_is_refused():
    """A contract that asks for a column the rows lack is refused with the fix."""
    rows = pl.DataFrame({"amount_minor": [100], "clearing_date": [date(2026, 1, 1)]})
    with pytest.raises(UsageError, match="expected columns terminal_id, merchant_id, card_type"):
        Compiled(contract(LAYERED)).price_rows(rows)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[line]]\nname = "a"\nformula = "0.6"\n', "formula '0.6'"),
        ('[[line]]\nname = "a"\nformula = "0.6%"\ncolour = 1\n', "colour"),
        ('[[line]]\nname = "a"\nformula = "0.6%"\nwhen = { shoe = "1" }\n', "'shoe' is not an"),
        ('[[line]]\nname = "a"\nformula = "0.6%"\nwhen = { mcc = [] }\n', "mcc"),
        (
            '[[line]]\nname = "a"\nformula = "0.6%"\namount_from = 5\namount_below = 5\n',
            "not above",
        ),
        ('[[line]]\nname = "a"\nformula = "0.6%"\namount_from = 0.001\n', "minor units"),
        ('[[line]]\nname = "a"\nformula = "SGL(0.001) + 0.001"\n', "finer than a minor unit"),
        ('[[line]]\nname = "a"\nformula = "0.6%"\n' * 2, "declared twice"),
        (
            (
                '[[line]]\nname = "a"\nformula = "0.6%"\nvalid_from = 2026-02-01\n'
                "valid_until = 2026-01-01\n"
            ),
            "is before",
        ),
        (
            '[[line]]\nname = "a"\nformula = "IPSMAX(1,0.6%)"\nrounding = "floor"\n',
            "the formula itself says ceiling",
        ),
    ],
)
def test_bad_contract_is_refused(text, says):
    """A contract with a wrong line is refused and the line is named."""
    with pytest.raises(ValidationError) as refused:
        contract(text)
    assert says in str(refused.value)


def test_a_binary_float_is_refused():
    """Money that comes as a binary float never enters a contract."""
    line = {"name": "a", "formula": "0.6%", "amount_from": 0.1}
    with pytest.raises(ValidationError, match="binary float"):
        FeeContract.model_validate({"name": "test", "line": [line]})


@pytest.mark.parametrize(
    ("text", "settings", "kinds"),
    [
        (LAYERED, {}, []),
        (  # 1,000 to 1,999.99 has no price
            (
                '[[line]]\nname = "s"\nformula = "0.38%"\namount_below = 1000\n'
                '[[line]]\nname = "l"\nformula = "0.6%"\namount_from = 2000\n'
            ),
            {},
            [Finding.GAP],
        ),
        (  # ... unless a wider line prices it
            (
                '[[line]]\nname = "s"\nformula = "0.38%"\namount_below = 1000\n'
                '[[line]]\nname = "rest"\nformula = "0.6%"\n'
            ),
            {},
            [],
        ),
        (
            (
                '[[line]]\nname = "a"\nformula = "0.6%"\nvalid_until = 2026-03-31\n'
                '[[line]]\nname = "b"\nformula = "0.5%"\nvalid_from = 2026-04-02\n'
            ),
            {},
            [Finding.GAP],
        ),
        (
            '[[line]]\nname = "a"\nformula = "MIN(13,0.4%)"\nwhen = { card_type = "debit" }\n',
            {"component": "interchange"},
            [Finding.CEILING],
        ),
        (
            '[[line]]\nname = "a"\nformula = "0.35%"\nwhen = { card_type = "debit" }\n',
            {"component": "interchange"},
            [Finding.CEILING],
        ),
        (
            '[[line]]\nname = "a"\nformula = "MIN(13,0.35%)"\nwhen = { card_type = "debit" }\n',
            {"component": "interchange"},
            [],
        ),
        (
            '[[line]]\nname = "a"\nformula = "0.38%"\nwhen = { card_type = "credit" }\n',
            {},
            [Finding.BELOW_COST],
        ),
        (
            (
                '[[line]]\nname = "a"\nformula = "0.6%"\nannounced = 2026-01-10\n'
                "valid_from = 2026-02-01\n"
            ),
            {},
            [Finding.NOTICE],
        ),
    ],
)
def test_linter(text, settings, kinds):
    """The linter reports gaps, ceilings, prices below cost and short notice, and nothing else."""
    assert [problem.kind for problem in lint(contract(text, **settings))] == kinds


# --- 1,000 public wildcard rules ----------------------------------------------------------------

TRUTH = Path(os.environ.get("RECON_TRUTH", Path(__file__).parents[4] / "shared" / "truth"))
LISTS = {"account_type": "account_type", "mcc": "merchant_category_code", "aci": "aci"}
SCALARS = ("card_scheme", "capture_delay", "monthly_volume", "is_credit", "intracountry")


def dabstep_rules():
    """Return the public fee rules, or skip when they are not here."""
    path = TRUTH / "dabstep_fees" / "fees.parquet"
    if not path.exists():
        pytest.skip(f"the public fee rules are not at {path}; set RECON_TRUTH to their folder")
    return pl.read_parquet(path).with_columns(pl.col(pl.Categorical).cast(pl.String)).to_dicts()


def dabstep_line(rule):
    """Return one public rule as a line; its fraud band is a word."""
    when = {name: [str(v) for v in rule[column]] for name, column in LISTS.items() if rule[column]}
    when |= {name: str(rule[name]) for name in SCALARS if rule[name] is not None}
    if rule["fraud_percent_max"] != float("inf") or rule["fraud_percent_min"] != float("-inf"):
        when["fraud"] = f"{rule['fraud_percent_min']}..{rule['fraud_percent_max']}"
    fixed = Decimal(repr(rule["fixed_amount"]))
    return {
        "name": str(rule["ID"]),
        "formula": f"AMT*{Decimal(rule['rate']) / 10_000} + {fixed}",
        "when": when,
    }


def test_public_rules_load_and_price_as_a_contract():
    """All 1,000 wildcard rules load; winner, tie and fee are the brute-force oracle's."""
    rules = dabstep_rules()
    lines = [dabstep_line(rule) for rule in rules]
    made = FeeContract.model_validate(
        {
            "name": "public",
            "currency": "EUR",
            "attributes": [*SCALARS, "account_type", "aci", "fraud"],
            "line": lines,
        }
    )
    compiled = Compiled(made)
    assert len(compiled.lines) == 1000
    plain = [
        {
            "name": line.name,
            "rank": made.specificity(line),
            "when": {name: set(words) for name, words in line.when.items()},
            "low": 0,
            "high": 10**15,
            "first": 0,
            "last": 10**9,
        }
        for line in made.lines
    ]
    generator = np.random.default_rng(20260101)
    words = {name: [None, *compiled.vocabulary[name].words] for name in compiled.attributes}
    rows = [
        {name: generator.choice(np.array(options, dtype=object)) for name, options in words.items()}
        for _ in range(400)
    ]
    amounts = generator.integers(1, 10**7, len(rows))
    frame = pl.DataFrame(rows, schema=dict.fromkeys(compiled.attributes, pl.String)).with_columns(
        amount_minor=pl.Series(amounts), clearing_date=pl.lit(date(2023, 6, 1))
    )
    fees, found = compiled.price_rows(frame)
    by_name = {str(rule["ID"]): rule for rule in rules}
    outcomes = set()
    for position, row in enumerate(rows):
        amount = int(amounts[position])
        wanted = oracle.choose(plain, row, amount, 1)
        outcomes.add(wanted if wanted in (None, "tied") else "one")
        if wanted is None:
            assert found[position] == -1
        elif wanted == "tied":
            assert found[position] == TIED
        else:
            rule = by_name[wanted]
            assert compiled.lines[found[position]].name == wanted
            form = {
                "rates": [Fraction(rule["rate"], 10_000)],
                "plus": Fraction(repr(rule["fixed_amount"])),
            }
            assert fees[position] == oracle.fee_minor(amount, form)
    assert outcomes == {None, "tied", "one"}
