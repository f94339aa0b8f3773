from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import find_pan as kernel
from recon.core.texts.text import text_buffers
from recon.io.loading.control import controls_json
from recon.io.lookup.evidence import read_line
from recon.io.reading.contract import ControlTotal, Reject
from recon.io.reading.mask import (
    card_free_lines,
    mask_accounts,
    mask_card,
    mask_cards,
    mask_free_text,
    mask_rejects,
    mask_text,
    rows_with_cards,
    secret_columns,
    without_secrets,
)
from tests.oracle import pan as oracle

VISA = "4111111111111111"
UNIONPAY = "6222021234567890128"
MASKED = "411111******1111"


def luhn_complete(body):
    """Return digits with the check digit that makes them pass."""
    return next(body + digit for digit in "0123456789" if oracle.passes_luhn(body + digit))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"card {VISA} declined", f"card {MASKED} declined"),
        (f"{VISA}", MASKED),
        ("4111 1111 1111 1111", MASKED),
        ("4111-1111-1111-1111.", f"{MASKED}."),
        ("４１１１１１１１１１１１１１１１", MASKED),
        (f"no. 12 {VISA}", f"no. 12 {MASKED}"),
        (f"卡号{VISA}，已退", f"卡号{MASKED}，已退"),
        (f"{VISA} {VISA}", f"{MASKED} {MASKED}"),
        ("4111111111111112", "4111111111111112"),  # fails Luhn
        ("20260304100000123456", "20260304100000123456"),  # 20 digits
        ("2026030410000005", "2026030410000005"),  # begins as no card does
        (f"9{VISA}9", f"9{VISA}9"),  # part of a longer number
        ("2221000000000009", "222100******0009"),
        ("REFUND F261106-0010578", "REFUND F261106-0010578"),  # an order's: its day and a number
        (
            "PAYOUT 82229007392000A 822290058120018",
            "PAYOUT 82229007392000A 822290058120018",
        ),  # merchants
        ("PAYOUT 301310070110001 403310070110008", "PAYOUT 301310070110001 403310070110008"),
        ("30000000000004", "300000******0004"),  # Diners
        ("8171990000000008", "817199******0008"),
        ("no. 12 4111 1111 1111 1111", f"no. 12 {MASKED}"),
        ("4111 1111 1111 1111 100.00 2026-11-09", f"{MASKED} 100.00 2026-11-09"),
        ("4111\u00a01111  1111\u20131111", MASKED),
        ("4111.1111.1111.1111 4111/1111/1111/1111", f"{MASKED} {MASKED}"),
        ("4111_1111_1111_1111", MASKED),
        ("4111\u200b1111\u200b1111\u200b1111", MASKED),
        ("3782 822463 10005 amex", "378282******0005 amex"),
        ("41 11-11 11-11 11-11 11 5", "41 11-11 11-11 11-11 11 5"),  # pairs are dates and times
        ("", ""),
    ],
)
def test_free_text(text, masked):
    """A card number that stands alone is cut to six and four; other numbers are left."""
    assert mask_text(text) == masked
    frame = mask_free_text(pl.DataFrame({"memo": [text, None], "order_id": ["a", "b"]}))
    assert frame["memo"].to_list() == [masked, None]


def test_own_references_and_identifiers_are_kept():
    """A row's own reference is no card number there, and identifier columns are never altered."""
    frame = pl.DataFrame(
        {
            "order_id": [VISA, "A1"],
            "channel_ref": [None, VISA],
            "memo": [f"order {VISA}", f"trade {VISA}, card {UNIONPAY}"],
        }
    )
    masked = mask_free_text(frame)
    assert masked["order_id"].to_list() == [VISA, "A1"]
    assert masked["memo"].to_list() == [f"order {VISA}", f"trade {VISA}, card 622202******0128"]


@pytest.mark.parametrize(
    ("card", "masked"),
    [
        (VISA, MASKED),
        (UNIONPAY, "622202******0128"),
        ("4111111111111112", "411111******1112"),  # a card column is cut whatever Luhn says
        ("4111 1111 1111 1111", MASKED),
        ("４１１１１１１１１１１１１１１１", MASKED),
        ("62220212345", "622202******2345"),
        ("622202******0128", "622202******0128"),
        ("6222****0128", "6222****0128"),
        ("0128", "0128"),
        (None, None),
        ("", ""),
    ],
)
def test_card_columns(card, masked):
    """A card column never keeps more than first six and last four digits."""
    assert mask_cards(pl.Series("card", [card, None], dtype=pl.String)).to_list() == [masked, None]
    assert mask_cards(pl.Series("card", [card, VISA])).to_list() == [masked, MASKED]
    if card:
        assert mask_card(card) == masked


DIGITS = st.text(st.sampled_from("0123456789"), min_size=12, max_size=20)
CARDS = st.builds(
    lambda front, rest: luhn_complete(front + rest),
    st.sampled_from(["4", "62", "51", "37", "9558", "20", "99"]),
    st.text(st.sampled_from("0123456789"), min_size=9, max_size=14),
)
SEPARATORS = st.sampled_from([" ", "-", "  ", " - ", "\u00a0", "\u200b", "\u2013", ".", "/", "＿"])
PRINTED = st.builds(
    lambda card, size, separator: separator.join(
        card[k : k + size] for k in range(0, len(card), size)
    ),
    CARDS,
    st.sampled_from([1, 2, 3, 4, 5, 6]),
    SEPARATORS,
)
PIECES = st.lists(
    CARDS | DIGITS | PRINTED | SEPARATORS | st.sampled_from(["x", "，", "４", "1"]), max_size=6
)


@settings(max_examples=300, deadline=None)
@given(PIECES.map("".join))
def test_kernel_equals_interpreted_equals_oracle(text):
    """The scan finds a card number exactly where the oracle does, compiled and interpreted."""
    part = text_buffers(pa.array([text]))
    for function in (kernel.find_pan, kernel.find_pan.py_func):
        out = np.zeros(1, np.uint8)
        function(part.data, part.starts, part.ends, part.valid, out)
        assert bool(out[0]) == oracle.holds_card(text)


@settings(max_examples=200, deadline=None)
@given(PIECES.map("".join))
def test_what_is_masked_holds_no_card(text):
    """After masking, no scan finds a card number any more."""
    assert not oracle.holds_card(mask_text(text))
    assert not rows_with_cards(pl.Series([mask_text(text)]))[0]


def test_refused_line_is_masked_before_it_is_kept():
    """The line of a refused row shows its cells, the card column cut even if Luhn fails."""
    cells = {"order": ["A1", None], "card": ["4111111111111112", ""], "memo": [f"pan {VISA}", "x"]}
    lines = card_free_lines(cells, frozenset({"card"}))
    assert lines == [f"A1,411111******1112,pan {VISA}", ",,x"]
    assert card_free_lines({}, frozenset()) == []
    rejects = [
        Reject(1, 2, 3, lines[0], (f"amount '{VISA}' is beyond", "b")),
        Reject(4, 5, 6, "", ()),
    ]
    assert mask_rejects(rejects) == [
        Reject(1, 2, 3, f"A1,411111******1112,pan {MASKED}", (f"amount '{MASKED}' is beyond", "b")),
        rejects[1],
    ]
    assert mask_rejects([]) == []


def test_the_account_of_a_card_statement_is_cut_in_the_names_of_its_totals():
    """A statement of a card account names the card in each of its totals."""
    total = ControlTotal("4111111111111111, 7/1: opening + entries = closing", 100, 100, "EUR")
    told = controls_json([total])
    assert "411111******1111, 7/1: opening" in told
    assert "4111111111111111" not in told


def test_columns_of_secrets_are_known_by_name():
    """Codes, tracks and PIN blocks; what a check of a code said is no secret."""
    secret = ["CVV2", "cvv", "card_security_code", "Track 2 data", "PIN block", "DE45", "安全码"]
    harmless = ["CVV Response Code", "cvc_result", "pin", "tracking", "DE39", "order_no"]
    assert secret_columns([*secret, *harmless]) == secret


def test_a_file_with_a_column_of_secrets_shows_no_whole_line(tmp_path):
    """Neither a line that does not come apart nor one read back as evidence shows a code."""
    bad = Reject(3, 0, 9, "A1,12.00,987,extra", ("expected 3 fields, found 4",))
    [hidden] = without_secrets([bad], ["order", "amount", "cvv2"])
    assert "987" not in hidden.text
    assert "cvv2" in hidden.text
    assert without_secrets([bad], ["order", "amount", "memo"]) == [bad]
    staged = tmp_path / "staged"
    staged.write_bytes(b"A1,12.00,987")
    assert read_line(staged, 0, 12, columns=["order", "amount", "cvv2"]).text == ""
    assert read_line(staged, 0, 12, columns=["order", "amount", "memo"]).text == "A1,12.00,987"


def test_the_account_of_a_statement_is_cut_where_it_is_a_cards_number():
    """IBANs, branch and account, and numbers that are no card's stay keys as they are."""
    accounts = {
        "4111111111111111": "411111******1111",
        "4111 1111-1111 1111EUR": "411111******1111EUR",
        "BANKDEFF/4111111111111111": "BANKDEFF/411111******1111",
        "DK4111111111111111": "DK4111111111111111",
        "41111111/11111111": "41111111/11111111",
        "4111111111111112": "4111111111111112",
    }
    assert mask_accounts(pl.Series([*accounts, None])).to_list() == [*accounts.values(), None]
