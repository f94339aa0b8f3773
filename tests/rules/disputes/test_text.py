"""What a case says: the row's own day and number, amounts without needless signs, the batch."""

from datetime import date

import pytest

from recon.core.codes import Code
from recon.rules.disputes.catalogue import catalogue
from recon.rules.disputes.text import sentence

NOTHING = dict.fromkeys(
    ("order_id", "channel_ref", "bank_ref", "rrn", "batch_id", "original_ref", "day"), None
)


def told(side: str = "CHANNEL", kind: str = "PAYMENT", **facts: object) -> dict[str, object]:
    """Return a row as a sentence sees it."""
    where = {"source": "wallet", "record_no": 7, "amount_minor": 0, "currency": "CNY"}
    return {**NOTHING, "side": side, "kind": kind, **where, **facts}


def case(*rows: dict[str, object], **facts: object) -> dict[str, object]:
    """Return a break joined with its rows; amounts in minor units."""
    own = [row for row in rows if row["side"] == rows[0]["side"]]
    of_side = {
        side: next((row for row in rows if row["side"] == side), None)
        for side in ("CHANNEL", "BANK")
    }
    days = sorted(row["day"] for row in own if row["day"])
    expected, actual = facts.pop("expected", 0), facts.pop("actual", 0)
    return {
        "first_row": rows[0],
        "other_row": next((row for row in rows if row not in own), None),
        "channel_row": of_side["CHANNEL"],
        "bank_row": of_side["BANK"],
        "own_rows": len(own),
        "other_rows": len(rows) - len(own),
        "channel_rows": sum(row["side"] == "CHANNEL" for row in rows),
        "first_day": days[0] if days else None,
        "last_day": days[-1] if days else None,
        "txn_ids": list(range(len(rows))),
        "currency": "CNY",
        "cause": None,
        "merchant_id": None,
        "due_date": None,
        "first_seen": date(2026, 11, 10),
        "expected_minor": expected,
        "actual_minor": actual,
        "difference_minor": actual - expected,
        **facts,
    }


def says(code: Code, row: dict[str, object]) -> tuple[str, str]:
    """Return the sentence in English and Chinese."""
    return sentence(catalogue()[code], "en", row), sentence(catalogue()[code], "zh", row)


def test_a_refund_has_no_minus_sign_and_names_its_sale() -> None:
    """Refunds are told as amounts; the refund's number first, the sale's behind it."""
    row = told("MERCHANT", "REFUND", order_id="R1", original_ref="S1", day=date(2026, 11, 8))
    english, chinese = says(
        Code.REFUND_NOT_SETTLED, case(row, expected=-6100, due_date=date(2026, 11, 9))
    )
    assert english == (
        "Refund R1 (original S1) of 61.00 CNY was done on 2026-11-08 in the merchant's books; the "
        "channel shows none by 2026-11-09."
    )
    assert chinese == (
        "退款单 R1（原交易 S1）于 2026-11-08 在商户侧退款成功 61.00 CNY，"
        "渠道截至 2026-11-09 无记录。"
    )


def test_the_day_is_the_rows_own_and_not_the_night_of_the_report() -> None:
    """A debit of the 7th that is reported on the 10th is told with the 7th."""
    failed = told("MERCHANT", order_id="A1", day=date(2026, 11, 7))
    debit = told(order_id="A1", channel_ref="42", day=date(2026, 11, 7))
    english, _ = says(Code.FAILED_BUT_DEBITED, case(failed, debit, actual=2800))
    assert "28.00 CNY on 2026-11-07" in english
    assert "2026-11-10" not in english


def test_numbers_that_a_row_does_not_carry_leave_no_dash() -> None:
    """Without any number the record is named; optional parts are left out whole."""
    row = told("BANK", source="bank", record_no=3, day=date(2026, 11, 9))
    english, chinese = says(Code.UNAUTHORISED_DEBIT, case(row, actual=-5000))
    assert english == "50.00 CNY was debited on 2026-11-09 without any ground."
    assert chinese == "2026-11-09 被扣款 50.00 CNY，没有依据。"
    english, chinese = says(Code.MISSING_IN_MERCHANT, case(told(day=date(2026, 11, 9)), actual=10))
    assert "(wallet record 7)" in english
    assert "（wallet 第 7 条记录）" in chinese


def test_a_batch_is_told_by_its_name_its_days_and_its_rows() -> None:
    """A missing payout names the batch, the days of its rows and how many there are."""
    rows = [told(batch_id="B9", channel_ref=str(n), day=date(2026, 11, 4 + n)) for n in range(3)]
    english, chinese = says(
        Code.MISSING_SETTLEMENT, case(*rows, expected=9000, due_date=date(2026, 11, 9))
    )
    assert english == (
        "90.00 CNY cleared on 2026-11-04 to 2026-11-06 (batch B9, 3 rows) was due by 2026-11-09; "
        "the bank shows no credit."
    )
    assert "（批次 B9，3 笔）应于 2026-11-09 到账" in chinese
    many = case(*[rows[0]] * 50, expected=9000)
    assert "at least 50 rows" in says(Code.MISSING_SETTLEMENT, many)[0]


def test_each_side_of_a_currency_mismatch_has_its_own_currency() -> None:
    """71.00 USD at the merchant and 71.00 CNY at the channel are told so, in either order."""
    ours = told("MERCHANT", order_id="A1", amount_minor=7100, currency="USD")
    theirs = told(order_id="A1", amount_minor=7100, currency="CNY")
    for pair in ((ours, theirs), (theirs, ours)):
        row = case(*pair, expected=7100, actual=7100, currency="USD")
        assert "71.00 USD expected, 71.00 CNY found" in says(Code.CURRENCY_MISMATCH, row)[0]


@pytest.mark.parametrize(
    ("expected", "actual", "gap"),
    [(8074, 8064, "0.10 CNY less"), (8064, 8074, "0.10 CNY more"), (-50, 20, "0.70 CNY apart")],
)
def test_a_difference_says_its_direction(expected: int, actual: int, gap: str) -> None:
    """More or less where both amounts come in; apart where a sign stands before one of them."""
    row = case(told(order_id="A1"), expected=expected, actual=actual)
    assert says(Code.AMOUNT_MISMATCH, row)[0].endswith(f": {gap}.")


def test_the_cause_is_told_in_the_language_of_the_sentence() -> None:
    """A named cause follows in both languages; a tie, whose sentence says it, has none."""
    row = case(told(order_id="A1"), expected=30, actual=44, cause="charged as 0.57 %")
    english, chinese = says(Code.FEE_RATE, row)
    assert english.endswith("0.14 CNY more. Cause: charged as 0.57 %.")
    assert chinese.endswith("多 0.14 CNY。原因：实际按 0.57 % 计费。")
    tie = case(told("MERCHANT"), told(), told(), actual=1, cause="2 equally good partners")
    assert says(Code.AMBIGUOUS, tie)[0].endswith("has 2 equally likely partners.")
    tie = case(told("MERCHANT"), told(), actual=1, cause="1 equally good partners")
    assert says(Code.AMBIGUOUS, tie)[0].endswith("partner, which another row fits equally well.")
