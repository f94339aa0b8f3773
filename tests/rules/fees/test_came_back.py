"""Fees that come back as rows of their own: which case each ends."""

import polars as pl
import pytest

from recon.core.codes import Code
from recon.rules.fees.came_back import put_right
from tests.rules.tables import table

ROWS = """txn_id|order_id|channel_ref|original_ref
1|F|RF|A
2|G|RG|A
"""
BACK = "txn_id|original_ref|amount_minor\n"


@pytest.mark.parametrize(
    ("back", "ended"),
    [
        ("9|RF|0.60", [1]),
        ("9|F|0.60", [1]),
        ("9|RF|0.59", []),
        ("9|A|0.60", []),  # either may be meant: none is taken
        ("8|RF|0.60\n9|RG|0.60", [1, 2]),
    ],
)
def test_a_row_ends_the_one_case_that_it_names(back, ended):
    """By any name, to the last unit, and never a guess among equals."""
    told = pl.DataFrame({"key": [1, 2], "txn_id": [1, 2]}).with_columns(
        code=pl.lit(int(Code.FEE_NOT_RETURNED)), expected_minor=60, actual_minor=0
    )
    rows, given = (table(text, currency="CNY") for text in (ROWS, BACK + back))
    assert sorted(put_right(told, rows, given)) == ended
