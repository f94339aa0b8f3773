"""What a rule file may not say: every problem is told at once, with line, expected, found, fix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recon.errors import RuleFileError
from recon.io.formats import FORMATS
from recon.rules.rule_file.models import MAPPED
from recon.rules.rule_file.rule_file import RuleFile, read_rules

RULES = """version = 1
name = "shop"
opening_date = 2026-11-09
[[source]]
name = "orders"
side = "merchant"
format = "delimited"
path = "inbox/orders_{date:%Y%m%d}.csv"
columns = { order_id = "order", amount = "amount", occurred_at = "time" }
[[source]]
name = "psp"
side = "channel"
format = "delimited"
path = "inbox/psp_{date:%Y%m%d}.csv"
columns = { order_id = "order", amount = "amount", occurred_at = "time" }
cut_off = "23:00"
[source.settlement]
cycle = "T+1"
[[leg]]
name = "orders"
left = "merchant"
right = "channel"
pass = [{ name = "number", keys = ["order_id"] }]
"""
OVERRIDE = '[[override]]\naction = "unmatch"\nleg = "order"\nleft = 1\nnote = "me"\n'
KEYS = 'keys = ["order_id"]'
CUT_OFF = 'cut_off = "23:00"'


def read(folder: Path, text: str) -> RuleFile:
    """Write a rule file and read it."""
    path = folder / "recon.toml"
    path.write_text(text, encoding="utf-8")
    return read_rules(path, tuple(item.name for item in FORMATS))


def refusal(folder: Path, text: str) -> str:
    """Return what is said of a rule file that is refused."""
    with pytest.raises(RuleFileError) as refused:
        read(folder, text)
    return str(refused.value)


def test_the_file_is_in_order(tmp_path):
    """The file that the other tests spoil is right; a mark of Windows' editors changes nothing."""
    assert read(tmp_path, RULES).rules.name == "shop"
    assert read(tmp_path, "\ufeff" + RULES).rules.name == "shop"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("version = 1", "version = 2", 1, "expected 1, found 2"),
        ('name = "shop"', "name = 7", 2, "expected text in quotes, found 7"),
        ("2026-11-09", "2026-11-09T10:00:00", 3, "expected a date without a time"),
        ("2026-11-09", '"11/09"', 3, "expected a date, for instance 2026-11-09, found '11/09'"),
        ('"merchant"', '"Merchant"', 6, "did you mean 'merchant'?"),
        ('format = "delimited"', 'format = "csv"', 7, "unknown format 'csv'"),
        ("%Y%m%d", "%Q", 8, "'%Q' is no part of a date"),
        ("{date:%Y%m%d}", "{date:%Y%m%d", 8, "expected braces around the business date only"),
        ("{date:%Y%m%d}", "{day}", 8, "write {date} or"),
        ("{date:%Y%m%d}", "{date.__class__}", 8, "expected braces around the business date only"),
        ("inbox/orders_{date:%Y%m%d}.csv", " ", 8, "expected a path, found ' '"),
        ('amount = "amount", ', "", 9, "expected `amount`, or `credit` and `debit`"),
        (', occurred_at = "time"', "", 9, "expected occurred_at or clearing_date or"),
        ('order_id = "order"', "order_id = 3", 9, "expected text in quotes, found 3"),
        ('order_id = "order"', 'orderid = "order"', 9, "did you mean 'order_id'?"),
        ('"T+1"', '"T+x"', 18, "found 'T+x'; write T+1 (working days)"),
        ('name = "psp"', 'name = "orders"', 11, "source 'orders' is declared twice"),
        ('right = "channel"', 'right = "bank"', 22, "needs a bank source; none is declared"),
        (
            KEYS,
            'keys = "order_id"',
            23,
            "expected a list in square brackets, found 'order_id'; write",
        ),
        (KEYS, 'keys = ["order"]', 23, "'order' is not a key column; did you mean 'order_id'?"),
        (KEYS, f"tolerance_minor = 5, {KEYS}", 23, "is for method group or band or score or"),
        (KEYS, f"tolerance_minor = 5, {KEYS}", 23, "minimum_minor silences small differences"),
        (KEYS, f'text = "memo", method = "group", {KEYS}', 23, "`text` is for method score"),
        (KEYS, f"minutes_after = 5, {KEYS}", 23, "is for method unique or window, found 'exact'"),
        (
            KEYS,
            f'method = "window", minutes_after = 5, days_after = 1, {KEYS}',
            23,
            "`days_after` count days, minutes_before and minutes_after the time between",
        ),
        (KEYS, 'method = "band", tolerance_minor = -1', 23, "expected 0 or more, found -1"),
        (KEYS, 'method = "band", tolerance_minor = 0.5', 23, "expected a whole number, found 0.5"),
        (KEYS, f'method = "band", tolerance_minor = {10**20}', 23, f"expected {10**15} at most"),
        (KEYS, 'method = "band", tolerance_percent = "1%"', 23, "without a sign of per cent"),
        (CUT_OFF, "cut_off = 2300", 16, "expected text in quotes, found 2300"),
        ("version = 1\n", 'version = 1\ncurrency = "人民币"\n', 2, 'for instance "CNY"; found'),
        (CUT_OFF, 'cut_off = "25:00"', 16, 'for instance "23:00"; found'),
        (CUT_OFF, "header = 2", 16, "expected true or false, found 2"),
        (
            CUT_OFF,
            'currency = "RMB"',
            16,
            "is not an active ISO 4217 code, for instance CNY; write",
        ),
        (CUT_OFF, 'currency = "YUA"', 16, "'YUA' is not an active ISO 4217 code"),
        (CUT_OFF, 'time_zone = "Asia/Peking"', 16, "is not an IANA time zone"),
        (CUT_OFF, 'time_zone = "../../etc/passwd"', 16, "is not an IANA time zone"),
        (CUT_OFF, "time_patterns = []", 16, "expected at least 1 in the list, found []"),
        (CUT_OFF, 'time_patterns = ["%Y"]', 16, "build it of YYYY MM DD hh mm ss"),
        (CUT_OFF, 'time_patterns = ["YYYY-MM-DDThh:mm:ss+hh:mm"]', 16, "names each part once"),
        (CUT_OFF, 'derive = { batch_id = "{merchant}" }', 16, "did you mean 'merchant_id'?"),
        (CUT_OFF, 'derive = { batch_id = "{memo:%Y}" }', 16, "only dates have a format"),
        (CUT_OFF, 'derive = { batch_id = "{memo.x}" }', 16, "braces around a column only"),
        (CUT_OFF, 'include = { memo = "[" }', 16, "not a regular expression: unclosed"),
        (CUT_OFF, 'states = { OK = "fine" }', 16, "'fine' is not a state"),
        (
            CUT_OFF,
            'extract = { batch_id = { column = "memo", pattern = "a" } }',
            16,
            "group 1, found 0",
        ),
        (
            CUT_OFF,
            'extract = { batch_id = { column = "memo", pattern = "(a" } }',
            16,
            "unclosed group",
        ),
        (
            CUT_OFF,
            "extract = { batch_id = { column = 'memo', pattern = '(a)\\1' } }",
            16,
            "backreferences are not supported",
        ),
        (
            CUT_OFF,
            'extract = { batch_id = { column = "memo", pattern = "(a)", template = "x" } }',
            16,
            "takes no group",
        ),
        ("[[leg]]", "[leg]", 19, "expected a list of tables, found one table; write [[leg]]"),
        (
            "[[leg]]",
            OVERRIDE + "[[leg]]",
            21,
            "which is not declared; did you mean 'orders'?",
        ),
        (
            "[[leg]]",
            '[[fee_contract]]\nname = "c"\nline_ = []\n[[leg]]',
            21,
            "did you mean 'line'?",
        ),
        ("[[leg]]", "[[legs]]", 19, "unknown key; did you mean 'leg'?"),
    ],
)
def test_a_problem_names_its_line_what_was_expected_and_the_fix(tmp_path, old, new, line, says):
    """The sentence stands behind `file:line:` and shows what to write."""
    assert old in RULES
    told = refusal(tmp_path, RULES.replace(old, new, 1))
    lines = [item for item in told.splitlines() if says in item]
    assert lines, told
    assert lines[0].startswith(f"{tmp_path / 'recon.toml'}:{line}: "), told


def test_every_problem_is_told_at_once_in_the_order_of_the_file(tmp_path):
    """Five wrong keys are five lines, not five nights."""
    text = RULES
    for old, new in (
        ('"shop"', '"Shop 1"'),
        ('"merchant"', '"shop"'),
        ("{date:%Y%m%d}", "{day}"),
        ('"T+1"', '"T1"'),
        ('["order_id"]', '["order"]'),
    ):
        text = text.replace(old, new, 1)
    numbers = [int(number) for number in re.findall(r"toml:(\d+):", refusal(tmp_path, text))]
    assert numbers == [2, 6, 8, 18, 23]


def test_all_names_that_stand_twice_or_name_nothing_are_told_at_once(tmp_path):
    """Parts that disagree do not hide each other."""
    text = RULES.replace('"psp"', '"orders"').replace('right = "channel"', 'right = "bank"')
    told = refusal(tmp_path, text)
    assert ":11: source.1.name:" in told
    assert ":22: leg.0.right:" in told


def test_a_regular_expression_of_any_size_is_told_in_a_line(tmp_path):
    """A pattern that is too large is cut where it is shown."""
    text = RULES.replace(CUT_OFF, f'include = {{ memo = "{"a" * 9999}(b{{1000}}){{1000}}" }}')
    told = refusal(tmp_path, text)
    assert "not a regular expression" in told
    assert len(told) < 400


def test_prices_without_a_currency_are_in_that_of_the_file(tmp_path):
    """A contract in yuan would price no row of a file in euros, and nobody would be told."""
    contract = '[[fee_contract]]\nname = "{}"\n{}line = [{{ name = "all", formula = "1%" }}]\n'
    rebate = '[[rebate]]\nname = "year"\ntiers = [{ from = 0, rate = "0.05%" }]\n'
    prices = contract.format("own", "") + contract.format("told", 'currency = "USD"\n') + rebate
    euros = RULES.replace('name = "shop"', 'name = "shop"\ncurrency = "EUR"') + prices
    for text, own in ((RULES + prices, "CNY"), (euros, "EUR")):
        rules = read(tmp_path, text).rules
        assert [item.currency for item in rules.fee_contracts] == [own, "USD"]
        assert [item.currency for item in rules.rebates] == [own]


def test_text_that_is_no_toml_says_how_toml_is_written(tmp_path):
    """A table that stands twice and a bare clock have their own remedies."""
    assert "double brackets" in refusal(tmp_path, RULES.replace("[[source]]", "[source]"))
    assert "text stands in quotes" in refusal(tmp_path, RULES.replace('"23:00"', "23:00"))


def test_the_mapped_formats_are_those_that_read_declared_columns():
    """A format whose columns the rule file declares refuses a source that declares none."""
    assert set(MAPPED) <= {item.name for item in FORMATS}
    mapped = {item.name for item in FORMATS if "by declared mapping" in item.title_en}
    assert set(MAPPED) == mapped


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (CUT_OFF, f'{CUT_OFF}\nkind = "refunds"', "refund"),
        ("columns = {", 'kind = "refund"\ncolumns = { kind = "k",', "`kind` is for files with"),
        ("columns = {", 'units = { amount = "fen" }\ncolumns = {', "'fen'"),
    ],
)
def test_a_kind_of_all_rows_and_units_of_columns_are_checked(tmp_path, old, new, says):
    """One kind for a file whose columns do not tell it, in a word that is known."""
    assert says in refusal(tmp_path, RULES.replace(old, new, 1))
