"""Checkout.com's settlement breakdown: fractions of a cent, zones, types."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.io.formats.providers.checkout_breakdown import FORMAT
from tests.io.formats.examine import Outcome, read_bytes

COLUMNS = (
    "Type",
    "Payment ID",
    "Action ID",
    "Reference",
    "Processed On",
    "Processed On UTC",
    "Timezone",
    "Available On",
    "Payout ID",
    "Holding Currency",
    "Gross In Holding Currency",
    "Deduction In Holding Currency",
    "Net In Holding Currency",
    "Processing Currency",
    "Gross In Processing Currency",
)


def _read(tmp_path: Path, *rows: dict[str, str]) -> Outcome:
    """Read a breakdown of these rows; what a row does not say is of a sale of ten pounds."""
    usual = dict.fromkeys(COLUMNS, "") | {
        "Type": "Charge",
        "Payment ID": "pay_1",
        "Processed On": "2026-07-01T23:30:00.000",
        "Available On": "2026-07-03T00:00:00.000",
        "Holding Currency": "GBP",
        "Gross In Holding Currency": "10",
        "Deduction In Holding Currency": "-0.30000000",
        "Net In Holding Currency": "9.7",
    }
    lines = [",".join(COLUMNS), *(",".join((usual | row).values()) for row in rows)]
    return read_bytes(FORMAT, "\n".join([*lines, ""]).encode(), tmp_path)


def _amounts(gross: str, deduction: str, net: str, currency: str = "GBP") -> dict[str, str]:
    """Return the amounts of a row."""
    names = [name for name in COLUMNS if name.endswith("Holding Currency") and " In " in name]
    return {**dict(zip(names, (gross, deduction, net), strict=True)), "Holding Currency": currency}


@pytest.mark.parametrize(
    ("amounts", "row"),
    [
        (("20", "-0.3471", "19.6529"), (2000, 35, 1965, "net 19.6529 rounded")),
        (("-3.005", "0", "-3.005"), (-301, 0, -301, "net -3.005 rounded")),
        (("1500", "-45.6", "1454.4", "JPY"), (1500, 46, 1454, "net 1454.4 rounded")),
        (("1.234", "-0.1", "1.134", "KWD"), (1234, 100, 1134, None)),
    ],
)
def test_amounts_finer_than_a_cent_are_rounded_and_told(
    tmp_path: Path, amounts: tuple[str, ...], row: tuple
) -> None:
    """Costs are computed to four decimals and more; gross less fee must stay the net."""
    frame = _read(tmp_path, _amounts(*amounts)).frame
    assert frame.select("amount_minor", "fee_minor", "net_minor", "memo").row(0) == row


def test_amounts_that_do_not_add_up_are_rejects(tmp_path: Path) -> None:
    """Rounding must hide no difference; what is no plain decimal is told as what it is."""
    broken = [
        ("10", "-0.3", "9.71"),
        ("10", "-0.3001", "9.7"),
        ("1e1", "-0.3", "9.7"),
        ("", "", ""),
    ]
    outcome = _read(tmp_path, *(_amounts(*amounts) for amounts in broken))
    assert (outcome.frame.height, len(outcome.rejects)) == (0, 4)


def test_parts_are_sales_and_what_only_costs_is_a_fee(tmp_path: Path) -> None:
    """A capture of a part is money of the order; a declined charge of gross 0 is none."""
    costs = _amounts("0", "-0.05", "-0.05")
    kinds = {"Partial Charge": "PAYMENT", "Partial Refund": "REFUND", "Merchant Payout Fee": "FEE"}
    rows = [{"Type": word} for word in (*kinds, "Security Deposit Release")]
    frame = _read(tmp_path, *rows, {"Type": "Charge"} | costs, {"Type": "Void"} | costs).frame
    assert frame["kind"].to_list() == [*kinds.values(), "ADJUSTMENT", "FEE", "FEE"]


def test_times_are_of_the_zone_that_the_row_states(tmp_path: Path) -> None:
    """The column in UTC counts first; a time without a zone is UTC; an unknown zone is told."""
    zones = [
        {"Timezone": "America/Los_Angeles"},
        {"Timezone": "Europe/London", "Processed On UTC": "2026-07-01T22:30:05.120"},
        {},
        {"Timezone": "Mars/Base"},
    ]
    outcome = _read(tmp_path, *zones)
    assert [str(moment) for moment in outcome.frame["occurred_at"]] == [
        "2026-07-02 06:30:00",
        "2026-07-01 22:30:05",
        "2026-07-01 23:30:00",
    ]
    assert "Mars/Base" in outcome.rejects[0].reasons[0]


def test_what_was_charged_in_another_currency_is_told(tmp_path: Path) -> None:
    """The row is in the currency of the payout."""
    abroad = {"Processing Currency": "USD", "Gross In Processing Currency": "12.50"}
    frame = _read(tmp_path, abroad, {"Processing Currency": "GBP"}).frame
    assert frame["memo"].to_list() == ["charged USD 12.50", None]


def test_a_fee_beside_an_amount_that_is_not_stated_is_a_cost(tmp_path: Path) -> None:
    """Without a net nothing adds up, and the deduction is what it costs all the same."""
    outcome = _read(tmp_path, _amounts("10", "-0.30", ""), _amounts("10", "0.30", "-"))
    assert outcome.frame["fee_minor"].to_list() == [30, -30]
    assert outcome.frame["net_minor"].to_list() == [970, 1030]
