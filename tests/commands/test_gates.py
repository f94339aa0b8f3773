"""Gates of `--fail-on`: counts, and money by currency."""

import pytest

from recon.commands.gates import broken_gates, parse_gates


def line(code, currency, count, amount, status="NEW"):
    """Return one line of a summary."""
    return {
        "code": code,
        "currency": currency,
        "count": count,
        "amount_minor": amount,
        "status": status,
    }


SUMMARY = {
    "rejected_rows": 2,
    "breaks": [
        line("NET_MISMATCH", "CNY", 1, 700),
        line("NET_MISMATCH", "JPY", 2, 600),
        line("NET_MISMATCH", "CNY", 3, 200),
        line("NET_MISMATCH", "CNY", 9, 9_000, "RESOLVED"),
    ],
    "disputes": [],
    "benign": [],
}


@pytest.mark.parametrize(
    ("gate", "found"),
    [
        ("NET_MISMATCH > 5", "6"),
        ("NET_MISMATCH > 6", None),
        ("NET_MISMATCH.minor > 899", "900 CNY"),
        ("NET_MISMATCH.minor > 599", "900 CNY, 600 JPY"),
        ("NET_MISMATCH.minor > 900", None),  # 900 fen and 600 yen are not 1,500 of anything
        ("breaks.minor >= 900", "900 CNY"),
        ("rejects > 1", "2"),
        ("disputes.minor == 0", "0"),
    ],
)
def test_money_is_added_up_by_currency(gate, found):
    """A gate breaks where one currency breaks it; counts need none."""
    expected = [f"{gate} (found {found})"] if found else []
    assert broken_gates(parse_gates([gate]), SUMMARY) == expected
