"""Each published column has a sensitivity class, and what can name a person is personal."""

import polars as pl
import pytest

from recon.core.schema import PUBLISHED
from recon.core.sensitivity import Sensitivity, sensitivity
from recon.core.table import Column

COLUMNS = {column.name: column for table in PUBLISHED for column in table.columns}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("card", Sensitivity.PERSONAL),
        ("memo", Sensitivity.PERSONAL),
        ("explanation_zh", Sensitivity.PERSONAL),
        ("order_id", Sensitivity.REFERENCE),
        ("terminal_id", Sensitivity.REFERENCE),
        ("txn_ids", Sensitivity.REFERENCE),
        ("amount_minor", Sensitivity.MONEY),
        ("business_date", Sensitivity.ORDINARY),
        ("code", Sensitivity.ORDINARY),
    ],
)
def test_a_column_has_the_class_that_its_content_asks_for(name: str, wanted: Sensitivity) -> None:
    """Cards and free text are personal, numbers of payments references, amounts money."""
    assert sensitivity(COLUMNS[name]) is wanted


def test_every_amount_is_money_and_new_text_is_treated_with_care() -> None:
    """Amounts of any table are money; a text column that nobody has judged is a reference."""
    amounts = [column for name, column in COLUMNS.items() if name.endswith("_minor")]
    assert {sensitivity(column) for column in amounts} == {Sensitivity.MONEY}
    assert sensitivity(Column("new_text", pl.String, "new")) is Sensitivity.REFERENCE
