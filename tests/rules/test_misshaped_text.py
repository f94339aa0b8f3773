"""What is said of a text in the rule file that has another shape than its key asks for."""

from __future__ import annotations

import pytest

from recon.errors import RuleFileError
from recon.rules.rule_file import read_rules

RULES = """version = 1
name = "shop"
{line}
[[source]]
name = "orders"
side = "merchant"
format = "delimited"
path = "a.csv"
cut_off = "{cut_off}"
"""


@pytest.mark.parametrize(
    ("line", "cut_off", "says"),
    [
        ('currency = "人民币"', "23:00", "for instance \"CNY\"; found '人民币'"),
        ("", "25:00", "for instance \"23:00\"; found '25:00'"),
    ],
)
def test_a_misshaped_text_shows_an_example_and_what_was_found(tmp_path, line, cut_off, says):
    """The sentence names the key, a value that would do, and the value that stands there."""
    path = tmp_path / "recon.toml"
    path.write_text(RULES.format(line=line, cut_off=cut_off), encoding="utf-8")
    with pytest.raises(RuleFileError) as refusal:
        read_rules(path)
    assert says in str(refusal.value)
