from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.io.reading.chain import BALANCE, balance_chain

AMOUNTS = st.lists(st.integers(-(10**9), 10**9).filter(bool), min_size=5, max_size=30)


def statement(amounts, opening=1_000, currency="CNY"):
    """Return rows with the balance behind each."""
    balances = [opening + sum(amounts[: at + 1]) for at in range(len(amounts))]
    return pl.DataFrame(
        {
            "record_no": range(2, len(amounts) + 2),
            "amount_minor": amounts,
            BALANCE: balances,
            "merchant_id": ["M"] * len(amounts),
            "currency": [currency] * len(amounts),
        },
        schema_overrides={"amount_minor": pl.Int64, BALANCE: pl.Int64},
    )


def proved(frame, *, always=True):
    """Return the controls that the chain gives."""
    proof = balance_chain(always=always)
    return proof.totals(proof.gather(frame))


@given(amounts=AMOUNTS, seed=st.integers(0, 1_000))
def test_a_whole_statement_agrees_in_any_order_of_its_rows(amounts, seed):
    """Oldest first, newest first and shuffled: each balance follows from another."""
    frame = statement(amounts)
    for rows in (frame, frame.reverse(), frame.sample(fraction=1.0, shuffle=True, seed=seed)):
        totals = proved(rows)
        assert totals
        assert all(total.agrees for total in totals)


@given(data=st.data(), amounts=AMOUNTS)
@pytest.mark.parametrize("column", ["amount_minor", BALANCE])
def test_a_changed_number_is_found(data, amounts, column):
    """Whatever row and whatever change: a control fails, newest first too."""
    frame = statement(amounts)
    at = data.draw(st.integers(0, len(amounts) - 1))
    wrong = frame[column].to_list()
    wrong[at] += data.draw(st.integers(1, 10**6))
    changed = frame.with_columns(pl.Series(column, wrong, dtype=pl.Int64))
    is_first_amount = (
        column == "amount_minor" and at == 0
    )  # moves the opening, which nothing states
    for rows in (changed, changed.reverse()):
        agrees = all(total.agrees for total in proved(rows))
        assert agrees == is_first_amount


@pytest.mark.parametrize("at", [0, 2, 4])
def test_a_row_of_nothing_with_another_balance_is_found(at):
    """It is a chain of its own beside the others; in its place it is a link, in any order."""
    amounts = [100, 200, 300, 400]
    amounts.insert(at, 0)
    frame = statement(amounts)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=7)
    assert all(total.agrees for total in proved(shuffled))
    wrong = pl.when(pl.col("amount_minor") == 0).then(77).otherwise(BALANCE).alias(BALANCE)
    for rows in (frame, shuffled):
        assert not all(total.agrees for total in proved(rows.with_columns(wrong)))


def test_the_record_and_both_sums_are_told():
    """The failing control names the record, what stands there and what the rows come to."""
    frame = statement([100, 200, 300, 400, 500]).with_columns(
        pl.when(pl.col("record_no") == 4).then(301).otherwise("amount_minor").alias("amount_minor")
    )
    (wrong,) = proved(frame)
    assert (wrong.name, wrong.declared, wrong.computed) == ("balance at record 4", 1600, 1601)


def test_an_extract_proves_nothing():
    """Where most links are broken, and the sender may send extracts, nothing is claimed."""
    frame = statement([100] * 40).filter(pl.col("record_no") % 7 == 0)
    assert proved(frame, always=False) == []
    assert not all(total.agrees for total in proved(frame, always=True))


def test_rows_without_a_balance_add_up_to_the_next():
    """A balance that is absent is passed over; the next one has its amount in it."""
    frame = statement([100, 200, 300]).with_columns(
        pl.when(pl.col("record_no") != 3).then(BALANCE).alias(BALANCE)
    )
    assert [total.agrees for total in proved(frame)] == [True]


def test_currencies_have_chains_of_their_own():
    """Rows of two currencies in one file are two chains."""
    both = pl.concat([statement([100, 200, 300]), statement([5, 6, 7], 3, "USD")])
    assert [total.agrees for total in proved(both.sort("amount_minor"))] == [True, True]
    assert proved(statement([100])) == []
