from __future__ import annotations

from pathlib import Path

import pytest

from recon.io.formats.schemes.iso8583_log import FORMAT
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    probe_of,
    read_bytes,
)

MOOV = "moov-io__iso8583__"
BINARY = "expected text, found NUL"
FOREIGN = "expected lines that begin with a message type"
EXPECTED = {
    MOOV + "attributes_data_elements.dat": (0, 0, FOREIGN),
    MOOV + "financial_transaction_message_response.dat": (0, 1, "unproved"),  # currency 130
    MOOV + "iso_reversal_message_advice_missing_field.dat": (1, 0, "unproved"),
    MOOV + "iso_reversal_message_advice_unexpected_field.dat": (1, 0, "unproved"),
    MOOV + "iso_reversal_message_error_date.dat": (1, 0, "unproved"),
    MOOV + "message_with_hex_bcd.dat": (0, 0, BINARY),
    MOOV + "message_with_hex_rbcd.dat": (0, 0, BINARY),
    MOOV + "message_with_indicate_numeric.dat": (0, 0, "unproved"),  # network management
    MOOV + "message_with_number_bcd_encoding.dat": (0, 0, BINARY),
    MOOV + "network_management_message.dat": (0, 0, "unproved"),
    MOOV + "network_management_message_response.dat": (0, 0, "unproved"),
    MOOV + "network_management_message_with_track.dat": (0, 0, "unproved"),
    MOOV + "specification_ver_1987.json": (0, 0, FOREIGN),
    MOOV + "specification_without_encoding_ver_1987.json": (0, 0, FOREIGN),
}


def line(mti: str, elements: dict[int, str]) -> str:
    bits = sum(1 << (64 - number) for number in elements)
    return f"{mti}{bits:016X}" + "".join(elements[number] for number in sorted(elements))


def payment(mti: str, code: str = "000000", answer: str = "", amount: str = "000000006050") -> str:
    elements = {
        2: "166222020000001234",
        3: code,
        4: amount,
        7: "1231235959",
        11: "000042",
        22: "051",
        37: "033148011206",
        41: "TERM0001",
        42: "MERCHANT1      ",
        49: "156",
    }
    return line(mti, elements | ({39: answer} if answer else {}))


LOG = "\n".join(
    [
        payment("0200"),
        payment("0210", answer="00"),
        payment("0210", answer="51"),
        payment("0200", code="200000"),
        payment("0420"),
        payment("0200", code="310000"),
        line("0800", {7: "0101000000"}),
    ]
)


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Kinds, states, signs, the masked card and the year before the night must be right."""
    outcome = read_bytes(FORMAT, LOG.encode(), tmp_path)
    assert outcome.rejects == []
    assert outcome.frame.select("kind", "state", "amount_minor").rows() == [
        ("PAYMENT", "PENDING", 6050),
        ("PAYMENT", "SUCCESS", 6050),
        ("PAYMENT", "FAILED", 6050),
        ("REFUND", "PENDING", -6050),
        ("REVERSAL", "PENDING", -6050),
        ("OTHER", "PENDING", 0),
    ]
    first = outcome.frame.row(0, named=True)
    assert (first["card"], first["stan"], first["rrn"]) == (
        "622202******1234",
        "000042",
        "033148011206",
    )
    assert outcome.frame["attributes"].to_list()[:3] == [
        '{"entry_mode":"inserted"}',
        '{"entry_mode":"inserted","response_code":"00"}',
        '{"entry_mode":"inserted","response_code":"51"}',
    ]
    assert str(first["occurred_at"]) == "2025-12-31 23:59:59"  # the night is 15 January 2026
    assert outcome.reading.comment_lines == 1
    assert outcome.reading.all_lines_accounted()


def test_what_is_undone_is_told_by_trace_number_and_time(tmp_path: Path) -> None:
    """DE 90 repeats DE 11 and DE 7 of the original."""
    bits = (1 << 127) + sum(1 << (128 - number) for number in (3, 4, 7, 11, 49, 90))
    undone = "0200" + "000042" + "1231235959" + "0" * 22
    text = f"0420{bits:032X}" + "000000" + "000000006050" + "0101000001" + "000043" + "156" + undone
    outcome = read_bytes(FORMAT, f"{payment('0200')}\n{text}\n".encode(), tmp_path)
    assert outcome.frame["channel_ref"].to_list() == ["000042-1231235959", "000043-0101000001"]
    assert outcome.frame["original_ref"].to_list() == [None, "000042-1231235959"]


def test_bitmaps_in_small_letters_and_refunds_taken_back(tmp_path: Path) -> None:
    """A bitmap may be of small letters; the reversal of a refund brings the money back."""
    usual, small = payment("0420", code="200000"), payment("0200")
    small = small[:4] + small[4:36].lower() + small[36:]
    assert small != payment("0200")
    outcome = read_bytes(FORMAT, f"{usual}\n{small}\n".encode(), tmp_path)
    assert outcome.frame.select("kind", "amount_minor").rows() == [
        ("REVERSAL", 6050),
        ("PAYMENT", 6050),
    ]


@pytest.mark.parametrize(
    ("answer", "state"),
    [("08", "SUCCESS"), ("10", "SUCCESS"), ("A6", "SUCCESS"), ("05", "FAILED"), ("  ", "PENDING")],
)
def test_every_yes_is_a_success(tmp_path: Path, answer: str, state: str) -> None:
    """To a VIP, to a part, by the switch for its issuer; blanks are no answer."""
    outcome = read_bytes(FORMAT, payment("0210", answer=answer).encode(), tmp_path)
    assert outcome.frame["state"].to_list() == [state]


@pytest.mark.parametrize(
    ("mti", "code", "kind", "minor"),
    [
        ("0210", "090000", "PAYMENT", 6050),
        ("0210", "020000", "ADJUSTMENT", 6050),
        ("0210", "220000", "ADJUSTMENT", -6050),
        ("0210", "280000", "REFUND", -6050),
        ("0210", "400000", "OTHER", 0),
        ("0430", "310000", "OTHER", 0),
    ],
)
def test_every_credit_is_money_out(
    tmp_path: Path, mti: str, code: str, kind: str, minor: int
) -> None:
    """DE 3 has classes of codes: debits, credits, inquiries, transfers."""
    outcome = read_bytes(FORMAT, payment(mti, code, "00").encode(), tmp_path)
    assert outcome.frame.select("kind", "amount_minor").rows() == [(kind, minor)]


def long_line(elements: dict[int, str]) -> str:
    bits = (1 << 127) + sum(1 << (128 - number) for number in elements)
    usual = {3: "000000", 4: "000000010000", 7: "0101000001", 11: "000043", 39: "00", 49: "156"}
    told = usual | elements
    bits |= sum(1 << (128 - number) for number in told)
    return f"0430{bits:032X}" + "".join(told[number] for number in sorted(told))


def test_a_reversal_keeps_the_amount_of_de_95(tmp_path: Path) -> None:
    """Of 100.00 the cardholder got 40.00: 60.00 are undone; of an authorisation, nothing."""
    lines = [
        long_line({95: "000000004000".ljust(42, "0")}),
        long_line({95: "0" * 42}),
        long_line({90: "0100" + "000042" + "1231235959" + "0" * 22}),
        long_line({95: "000000010001".ljust(42, "0")}),
    ]
    outcome = read_bytes(FORMAT, "\n".join(lines).encode(), tmp_path)
    assert outcome.frame.select("kind", "amount_minor").rows() == [
        ("REVERSAL", -6000),
        ("REVERSAL", -10000),
        ("OTHER", 0),
    ]
    assert "less than DE 95 keeps of it" in outcome.rejects[0].reasons[0]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (payment("0200")[:-3], "DE 49 needs 3 characters"),
        (payment("0200") + "x", "behind the last data element"),
        (payment("0200", amount="00000000605x"), "is no amount"),
        (payment("0200").replace("1231235959", "1331235959"), "is no time"),
        (payment("0200", code="500000"), "DE 3 '500000' does not begin with a code of 00 to 49"),
        (payment("0200", code="A00000"), "DE 3 'A00000' does not begin with a code of 00 to 49"),
        ("garbage", "does not begin with a type"),
    ],
)
def test_bad_lines_are_rejects(tmp_path: Path, bad: str, reason: str) -> None:
    """A line that is not one whole message must be a reject with its reason, the others stay."""
    outcome = read_bytes(FORMAT, f"{payment('0200')}\n{bad}\n".encode(), tmp_path)
    assert outcome.frame.height == 1
    assert reason in outcome.rejects[0].reasons[0]
    assert "622202" not in outcome.rejects[0].text


def test_corpus_outcomes() -> None:
    """Every message file of the corpus must come out as it was judged by eye."""
    check_expectations(FORMAT, corpus_folder("iso8583_messages"), EXPECTED)
    assert claimed_elsewhere(FORMAT, {"iso8583_messages"}) == []


def test_one_damaged_line_does_not_hide_a_log(tmp_path: Path) -> None:
    """Beside three whole messages a line may be anything, the first aside; it is a reject."""
    good, bad = payment("0200"), payment("0200").replace("0200", "02Z0", 1)
    ways = {(good, good, bad, good): True, (bad, good, good, good): False, (good, bad): False}
    for lines, known in ways.items():
        outcome = read_bytes(FORMAT, "\n".join(lines).encode(), tmp_path)
        assert FORMAT.recognise(probe_of(tmp_path / "input")) is known
        assert len(outcome.rejects) == 1
