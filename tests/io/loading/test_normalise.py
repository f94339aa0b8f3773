from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from recon.core.codes import Kind, Side, State
from recon.core.schema import TRANSACTIONS
from recon.errors import InputError
from recon.io.loading.normalise import GIVEN_AT_LOAD, Context, normalise
from recon.io.reading.contract import Choice, Constant, Money, Options, RawRows, Text, Time
from tests.io.tiny_format import TINY

NIGHT = date(2026, 3, 4)
GOOD = {
    "order": "A1",
    "amount": "12.50",
    "fee": "0.13",
    "time": "2026-03-04 10:00:00",
    "day": "20260305",
    "kind": "sale",
    "state": "ok",
    "card": "4111111111111111",
    "memo": "tea",
}


def raw_rows(*rows):
    """Return rows given as mappings, the first names the columns."""
    count = len(rows)
    numbers = np.arange(1, count + 1)
    return RawRows(
        {name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]},
        numbers,
        numbers * 100,
        numbers * 100 + 50,
    )


def run(*rows, fmt=TINY, side=Side.CHANNEL, fields=None, options=None):
    """Normalise rows given as mappings."""
    chosen = options or Options()
    return normalise(
        raw_rows(*rows), fmt, fields or fmt.fields(chosen), chosen, Context(NIGHT, "f", side)
    )


def bank(**fields):
    """Return the format and fields of a bank line without kind and state."""
    return {"fmt": replace(TINY, refine=None), "side": Side.BANK, "fields": fields}


def test_full_width_digits_are_digits():
    """`１２．５０` is 12.50 and full-width clocks are clocks; letters stay refused."""
    typed = {"amount": "－１２．５０", "time": "２０２６-０３-０４　10：00：00".replace("　", " ")}
    frame, rejects = run(
        {**GOOD, **typed}, {**GOOD, "amount": "１２．５Ａ"}, fmt=replace(TINY, refine=None)
    )
    assert frame["amount_minor"].to_list() == [-1250]
    assert frame["occurred_at"].to_list() == run(GOOD)[0]["occurred_at"].to_list()
    assert len(rejects) == 1


@pytest.mark.parametrize("full_width", [True, False])
def test_full_width_digits_of_a_mapped_file_are_declared(full_width):
    """A file that only a mapping describes is read as plain ASCII, unless the source says more."""
    options = Options(columns={"amount": "amount"}, full_width=full_width)
    _, rejects = run({**GOOD, "amount": "１２．５０"}, options=options)
    assert len(rejects) == (0 if full_width else 1)


@pytest.mark.parametrize(("order", "refused"), [("4.2E+27", 1), ("2.0265e+15", 1), ("E+27", 0)])
def test_a_number_that_a_spreadsheet_rounded_names_nothing(order, refused):
    """Two orders whose numbers were rounded to one would be taken for one; a memo may say so."""
    frame, rejects = run(GOOD, {**GOOD, "order": order, "memo": "4.2E+27"})
    assert (frame.height, len(rejects)) == (2 - refused, refused)
    assert all("spreadsheet has rounded" in reject.reasons[0] for reject in rejects)


def test_a_good_row_becomes_the_canonical_columns():
    """Each field lands in its column with its type, and what is missing is completed."""
    frame, rejects = run(GOOD)
    assert rejects == []
    expected = [name for name in TRANSACTIONS.schema if name not in GIVEN_AT_LOAD]
    assert frame.columns == [*expected, "_weight"]
    assert {name: frame.schema[name] for name in expected} == {
        name: TRANSACTIONS.schema[name] for name in expected
    }
    row = frame.row(0, named=True)
    wanted = {
        "record_no": 1,
        "byte_start": 100,
        "byte_end": 150,
        "order_id": "A1",
        "amount_minor": 1250,
        "fee_minor": 13,
        "net_minor": 1237,
        "currency": "CNY",
        "occurred_at": datetime(2026, 3, 4, 2),  # noqa: DTZ001 - the table holds UTC without a zone
        "value_date": date(2026, 3, 5),
        "kind": "PAYMENT",
        "state": "SUCCESS",
        "card": "411111******1111",
        "memo": "tea",
    }
    assert {name: row[name] for name in wanted} == wanted
    assert row["clearing_date"] is row["bank_ref"] is row["_weight"] is None


def test_every_reason_of_a_bad_row_is_kept_and_its_neighbours_stay():
    """A row with several faults is one reject with all of them; other rows are untouched."""
    bad = {**GOOD, "amount": "0.125", "fee": "x", "time": "2026-02-30 10:00:00", "kind": "gift"}
    frame, rejects = run(GOOD, bad, {**GOOD, "order": "A3"})
    assert frame["order_id"].to_list() == ["A1", "A3"]
    assert [reject.record_no for reject in rejects] == [2]
    assert (rejects[0].byte_start, rejects[0].byte_end) == (200, 250)
    assert rejects[0].reasons == (
        (
            "amount '0.125': CNY has 2 decimals, found 3; "
            "fix the sender's file or declare another unit"
        ),
        "fee 'x': character 'x' is not allowed; expected a plain amount, for instance 12.50",
        "time '2026-02-30 10:00:00' is not a date of the calendar (years 1970 to 2199)",
        "kind 'gift' is not a known word; expected one of 'sale', 'refund'",
    )
    assert "4111111111111111" not in rejects[0].text
    assert "411111******1111" in rejects[0].text


def test_a_refused_row_is_never_in_the_frame_and_is_refused_once():
    """Rows that parsing, refining or a missing amount refuse are rejects, each exactly once."""
    rows = [{**GOOD, "order": f"A{number}"} for number in range(9)]
    rows[2]["amount"] = "NaN"
    rows[4]["order"] = "refuse"
    rows[6]["amount"] = None
    rows[8]["amount"] = "99999999999999999"
    frame, rejects = run(*rows)
    assert [reject.record_no for reject in rejects] == [3, 5, 7, 9]
    assert sorted([*frame["record_no"], *(reject.record_no for reject in rejects)]) == list(
        range(1, 10)
    )
    assert rejects[1].reasons == ("order: asked to be refused",)
    assert rejects[2].reasons == ("amount is empty; expected an amount",)


def test_refine_sees_the_rows_that_parsed_with_their_raw_text():
    """`refine` gets the sender's own text of the same rows, and may sign amounts by it."""
    refund = {**GOOD, "kind": "refund", "fee": "-0.13"}
    frame, _ = run({**GOOD, "amount": "bad"}, refund, GOOD)
    assert frame["amount_minor"].to_list() == [-1250, 1250]
    assert frame["net_minor"].to_list() == [-1237, 1237]


def test_currency_says_how_many_decimals():
    """Each row's amount is read with its own currency, and an unlisted code is a reject."""
    rows = [
        {**GOOD, "fee": None, "ccy": code} for code in ("CNY", "JPY", "KWD", None, "cny", "DEM")
    ]
    rows[1]["amount"], rows[2]["amount"] = "100", "1.125"
    frame, rejects = run(*rows)
    assert frame["currency"].to_list() == ["CNY", "JPY", "KWD", "CNY"]
    assert frame["amount_minor"].to_list() == [1250, 100, 1125, 1250]
    assert frame["net_minor"].to_list() == [1250, 100, 1125, 1250]
    assert [len(reject.reasons) for reject in rejects] == [1, 1]
    assert "'cny' is not an active ISO 4217 code" in rejects[0].reasons[0]
    _, rejects = run({**GOOD, "ccy": "JPY", "amount": "100.5"})
    assert "JPY has 0 decimals, found 1" in rejects[0].reasons[0]


def test_identifiers_stay_text():
    """Leading zeros, 20 digits, `NA` and look-alikes are kept as they stand; only ends are cut."""
    orders = ["001234", "20260304123456789012", "NA", "АB1", "AB1\u200b", "1e5", " x y\t", "`0042"]
    frame, rejects = run(*[{**GOOD, "order": order} for order in orders])
    assert not rejects
    assert frame["order_id"].to_list() == [*orders[:6], "x y", "0042"]
    frame, _ = run(*[{**GOOD, "order": order} for order in ("", "-", "--", None, "---")])
    assert frame["order_id"].to_list() == [None, None, None, None, "---"]


def test_credit_and_debit_columns_make_one_signed_amount():
    """Credit less debit is the amount; both filled, neither, or one below zero is a reject."""
    pairs = [("5.00", None), (None, "5.00"), ("5.00", "0.00"), ("0.00", "0.00"), ("1", "2")]
    pairs += [(None, None), ("-5", None), (None, "-5")]
    rows = [{"in": credit, "out": debit} for credit, debit in pairs]
    shape = bank(credit_minor=Money("in"), debit_minor=Money("out"))
    frame, rejects = run(*rows, **shape)
    assert frame["amount_minor"].to_list() == [500, -500, 500, 0]
    assert frame["kind"].to_list() == ["CREDIT", "DEBIT", "CREDIT", "CREDIT"]
    assert [reject.record_no for reject in rejects] == [5, 6, 7, 8]
    only = {name: field for name, field in shape["fields"].items() if name == "credit_minor"}
    frame, _ = run(rows[0], **{**shape, "fields": only})
    assert frame["amount_minor"].to_list() == [500]


@pytest.mark.parametrize(
    ("side", "kinds"),
    [(Side.BANK, ["CREDIT", "DEBIT"]), (Side.MERCHANT, ["PAYMENT", "REFUND"])],
)
def test_kind_goes_by_sign_when_the_format_gives_none(side, kinds):
    """Without a kind column, the sign decides; state is SUCCESS."""
    shape = {**bank(amount_minor=Money("amount")), "side": side}
    frame, _ = run({"amount": "1"}, {"amount": "-1"}, **shape)
    assert frame["kind"].to_list() == kinds
    assert frame["state"].to_list() == ["SUCCESS", "SUCCESS"]


def test_an_undoing_that_names_no_original_bears_its_number():
    """A void or reversal names what it undoes, else by its own number; a refund is its own."""
    fields = bank(
        amount_minor=Money("amount"),
        kind=Choice("kind", {"void": Kind.VOID, "reversal": Kind.REVERSAL, "refund": Kind.REFUND}),
        order_id=Text("order"),
        rrn=Text("rrn"),
        original_ref=Text("original"),
    )
    names = ("kind", "order", "rrn", "original")
    told = [("void", "A1", "R1", ""), ("void", "A1", "R1", "A0"), ("reversal", "", "R2", "")]
    rows = [dict(zip(names, row, strict=True)) for row in [*told, ("refund", "A3", "R3", "")]]
    frame, _ = run(*({"amount": "-1", **row} for row in rows), **fields)
    assert frame["original_ref"].to_list() == ["A1", "A0", "R2", None]


def test_fee_null_counts_nothing_and_stays_null():
    """A missing fee takes nothing off the net amount and is not turned into zero."""
    frame, _ = run({**GOOD, "fee": None}, {**GOOD, "fee": ""}, {**GOOD, "fee": "0"})
    assert frame["fee_minor"].to_list() == [None, None, 0]
    assert frame["net_minor"].to_list() == [1250, 1250, 1250]


def test_net_given_by_the_format_is_kept():
    """A net amount that the sender gives is not recomputed, a null one is."""
    fields = bank(amount_minor=Money("a"), fee_minor=Money("f"), net_minor=Money("n"))
    frame, _ = run({"a": "5", "f": "1", "n": "3"}, {"a": "5", "f": "1", "n": None}, **fields)
    assert frame["net_minor"].to_list() == [300, 400]


def test_words_outside_a_closed_set():
    """An unknown word is `otherwise` where the format says so, else a reject, null included."""
    rows = [{**GOOD, "state": word} for word in ("ok", "`failed ", "odd", None)]
    frame, _ = run(*rows)
    assert frame["state"].to_list() == ["SUCCESS", "FAILED", "UNKNOWN", "UNKNOWN"]
    _, rejects = run({**GOOD, "kind": None})
    assert rejects[0].reasons[0].startswith("kind '' is not a known word")


def test_a_null_word_with_digits_is_null():
    """A sender's word for absent may look like a number."""
    fields = bank(amount_minor=Money("a"), fee_minor=Money("f", nulls=("", "0", "-")))
    rows = [{"a": "5", "f": fee} for fee in ("0", "-", "", "0.00", "1")]
    frame, rejects = run(*rows, **fields)
    assert frame["fee_minor"].to_list() == [None, None, None, 0, 100]
    assert not rejects


def test_time_of_two_columns_and_of_a_zone_with_gaps():
    """Day and time columns are joined; a local time that never was is a reject naming the zone."""
    fields = bank(
        amount_minor=Money("a"),
        occurred_at=Time(("d", "t"), ("YYYYMMDD hhmmss",), zone="America/New_York"),
    )
    rows = [{"a": "1", "d": "20260308", "t": clock} for clock in ("013000", "023000", None)]
    rows.append({"a": "1", "d": None, "t": None})
    frame, rejects = run(*rows, **fields)
    assert frame["occurred_at"].cast(pl.Int64).to_list() == [1772951400000000, None]
    assert "clocks went forward over it (America/New_York)" in rejects[0].reasons[0]
    assert "does not fit 'YYYYMMDD hhmmss'" in rejects[1].reasons[0]


def test_constants():
    """A constant has the type of its column."""
    shape = bank(
        amount_minor=Money("a"),
        kind=Constant(Kind.FEE),
        state=Constant(State.PENDING),
        fee_minor=Constant(7),
        product=Constant("x"),
    )
    frame, _ = run({"a": "1"}, **shape)
    row = frame.row(0, named=True)
    assert [row[name] for name in ("kind", "state", "fee_minor", "product")] == [
        "FEE",
        "PENDING",
        7,
        "x",
    ]


def test_missing_column_refuses_the_file_and_names_those_found():
    """A column that the format needs and the file lacks is FILE_SCHEMA, not a thousand rejects."""
    with pytest.raises(InputError, match="'kind', found order, amount") as error:
        run({"order": "A1", "amount": "1"})
    assert error.value.code == "FILE_SCHEMA"


def test_padding_is_read_only_when_declared():
    """Spaces around amounts are a reject, unless the source declares them."""
    _, rejects = run({**GOOD, "amount": " 5.00"})
    assert "has spaces around the amount" in rejects[0].reasons[0]
    frame, rejects = run({**GOOD, "amount": " 5.00"}, options=Options(padded=True))
    assert frame["amount_minor"].to_list() == [500]
    assert not rejects


def test_no_rows_and_only_bad_rows():
    """An empty batch and a batch of rejects both give an empty frame of the right shape."""
    empty = {name: pa.array([], pa.string()) for name in GOOD}
    nothing = np.zeros(0, np.int64)
    raw = RawRows(empty, nothing, nothing, nothing)
    fields = TINY.fields(Options())
    frame, rejects = normalise(raw, TINY, fields, Options(), Context(NIGHT, "f", Side.CHANNEL))
    assert (frame.height, rejects) == (0, [])
    bad, rejects = run({**GOOD, "amount": "x"})
    assert (bad.height, len(rejects)) == (0, 1)
    assert bad.schema == frame.schema


def test_one_choice_of_one_kind_only():
    """A set of states is not a set of kinds, even where every word is unknown."""
    fields = bank(amount_minor=Money("a"), kind=Choice("k", {}, otherwise=Kind.OTHER))
    frame, _ = run({"a": "1", "k": "x"}, **fields)
    assert frame["kind"].to_list() == ["OTHER"]
    assert Text("x").nulls == Money("x").nulls == ("", "-", "--")
