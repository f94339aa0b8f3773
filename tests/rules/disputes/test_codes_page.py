"""The page of codes: every worked example is run, and the code it shows is what is found."""

import csv
import re
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from recon.core.codes import Code
from recon.errors import RuleFileError
from recon.rules.days.calendar import Calendar
from recon.rules.disputes.codes_page import codes_page, examples, parse_examples
from recon.rules.fees import fees, rebates
from recon.rules.fees.rebates import RebateCheck
from recon.rules.prices.contract import Compiled, FeeContract
from recon.rules.refunds import refunds
from recon.rules.rule_file.rebate_terms import RebatePolicy
from recon.rules.rule_file.refund_terms import RefundCheck, RefundPolicy
from tests.night_world import HEADERS, NightWorld
from tests.rules.tables import found, table

ROOT = Path(__file__).parents[3]
EXAMPLES = examples()
CONTRACT = """
name = "example"
on_refund = "rate"
[[line]]
name = "credit"
formula = "0.6%"
when = { card_type = "credit", mcc = "5999" }
[[line]]
name = "debit"
formula = "MTM(0.5,20,AMT*0.005)"
when = { card_type = "debit", mcc = "5999" }
[[line]]
name = "supermarket"
formula = "0.38%"
when = { mcc = "5411" }
[[line]]
name = "special"
formula = "0.4%"
when = { product = "special" }
"""
MORE_KINDS = 'void = "void"\nchargeback = "chargeback"\nfreeze = "freeze"'
REBATE = """
name = "example"
tiers = [{ from = 100000, rate = "0.05%" }, { from = 500000, rate = "0.10%" }]
"""


def facts_of(example):
    """Return the facts that the example's rule family finds in its rows."""
    if example.by == "fees":
        contract = FeeContract.model_validate(tomllib.loads(CONTRACT, parse_float=Decimal))
        rows = table(example.rows, currency="CNY", clearing_date=date(2026, 3, 2))
        return fees.find(rows, fees.FeePolicy(Compiled(contract)))
    if example.by == "rebates":
        policy = RebatePolicy.model_validate(tomllib.loads(REBATE, parse_float=Decimal))
        shared = {"state": "SUCCESS", "merchant_id": "M1", "fee_minor": 0, "currency": "CNY"}
        rows = table(example.rows, **shared)
        return rebates.find(rows, RebateCheck(policy, date(2026, 6, 1)))
    rows = table(example.rows, currency="CNY")
    calendar = Calendar("CN", authoritative_through=2026)
    return refunds.find(rows, RefundCheck(RefundPolicy(settle_days=3), date(2026, 3, 20), calendar))


def write_wallet(world, day, rows):
    """Write the file of a second channel, in the layout of the first."""
    plain = world.file("psp", f"{day:%Y%m%d}")
    kept = plain.read_bytes()
    world.day(str(day), orders=None, psp=rows, bank=None)
    plain.rename(world.file("wallet", f"{day:%Y%m%d}"))
    plain.write_bytes(kept)


def of(*finders):
    """Return the codes whose examples are of these kinds, as test parameters."""
    return [pytest.param(code, id=code.name) for code in Code if EXAMPLES[code].by in finders]


@pytest.mark.parametrize("code", of("fees", "rebates", "refunds"))
def test_example_of_a_rule_family(code):
    """The rows of the example give the code, with the amounts and cause that the page states."""
    example = EXAMPLES[code]
    txn_id, expected, actual, cause = example.fact
    facts = found(facts_of(example))
    assert {fact[1] for fact in facts} == {code.name}
    wanted = (txn_id, code.name, Decimal(expected), Decimal(actual), cause)
    assert wanted in [(*fact[:2], Decimal(fact[2]), Decimal(fact[3]), fact[4]) for fact in facts]


@pytest.mark.parametrize("code", of("night"))
def test_example_of_the_nightly_run(code, tmp_path):
    """The days of the example, run night by night, end with the code."""
    example = EXAMPLES[code]
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8").replace('void = "void"', MORE_KINDS)
    for old, new in example.edit:
        text = text.replace(old, new, 1)
    world.config.write_text(text + example.rules, "utf-8")
    given = {day["date"]: day for day in example.days}
    day, last = min(given), max(given)
    while day <= last:
        rows = {key: given.get(day, {}).get(key, []) for key in HEADERS}
        weekend = day.weekday() >= 5
        absent = given.get(day, {}).get("absent", ["bank"] if weekend else [])
        world.day(str(day), **(rows | dict.fromkeys(absent)))
        if wallet := given.get(day, {}).get("wallet"):
            write_wallet(world, day, wallet)
        night = world.run(str(day))
        day += timedelta(days=1)
    codes = {name.split(":")[0] for name in world.codes(night, benign=True)}
    assert code.name in codes
    benign = {"IN_TRANSIT", "NETTED", "ROUNDING", "MISSING_SETTLEMENT"}
    assert codes - {code.name} <= benign, "the example shows something else besides"


@pytest.mark.parametrize("code", of("sample"))
def test_example_in_a_sample(code):
    """The sample that the page names expects the code."""
    path = ROOT / "data" / "samples" / EXAMPLES[code].sample / "expected" / "breaks.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        assert code.name in {row["code"] for row in csv.DictReader(lines)}


def test_a_declared_code_is_found_by_no_rule():
    """A code that the page calls declared is named in no rule; once it is, it needs an example."""
    rules = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "recon/rules").rglob("*.py"))
    )
    named = set(re.findall(r"\bCode\.([A-Z_]+)", rules))
    declared = {code.name for code in Code if EXAMPLES[code].by == "declared"}
    assert not declared & named


def test_page_has_a_section_for_every_code():
    """Each code stands in the summary and has its section, in order of precedence."""
    page = codes_page()
    places = [page.index(f"\n## {code.name}\n") for code in Code]
    assert places == sorted(places)
    assert page.count("| [`") == len(Code)
    assert "620000.00" in page


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no example for NETTED"),
        ("[NOT_A_CODE]\nby = 'night'\n", "unknown code NOT_A_CODE"),
        ("[NETTED]\nby = 'magic'\n", "by is 'magic'"),
        ("[NETTED]\nby = 'night'\ncolour = 1\n", "unknown key 'colour'"),
    ],
)
def test_examples_are_strict(text, says):
    """A missing, unknown or misspelt example refuses the file."""
    with pytest.raises(RuleFileError) as refused:
        parse_examples(text)
    assert says in str(refused.value)
