from __future__ import annotations

import pytest

from recon.io.formats import recognised
from recon.io.formats.china_acquirers.unionpay_acom import FORMAT, LENGTH, WIDTHS
from recon.io.reading.contract import Probe
from tests.io.formats.reading import corpus_file, load_bytes, load_path, probe_of

CELLS = {
    1: "04032900",
    2: "00092900",
    3: "315183",
    4: "1120185456",
    5: "622202*********0814",
    6: "000000040000",
    7: "000000000000",
    8: " 00000000000",
    9: "0200",
    10: "000000",
    11: "4816",
    12: "06000001",
    13: "403310048168501",
    14: "000001000004",
    15: "00",
    16: "012345",
    17: "01020000",
    18: "000000",
    19: "00",
    20: "021",
    21: "000000000008",
    22: "000000000002",
    23: " 00000000000",
    28: "0000000000",
}


def line(**changes):
    cells = CELLS | {int(key[1:]): value for key, value in changes.items()}
    return b" ".join(
        cells.get(number, "").encode().ljust(width) for number, width in enumerate(WIDTHS, start=1)
    )


def load(tmp_path, *lines, name="IND26112032ACOMN"):
    return load_bytes(FORMAT, tmp_path, b"\n".join(lines), name=name)


@pytest.mark.parametrize(
    ("message", "code", "kind", "amount"),
    [
        ("0200", "000000", "PAYMENT", 40000),
        ("0220", "000000", "PAYMENT", 40000),
        ("0200", "200000", "VOID", -40000),
        ("0220", "200000", "REFUND", -40000),
        ("0420", "000000", "REVERSAL", -40000),
        ("0420", "200000", "REVERSAL", 40000),
        ("0200", "300000", "OTHER", 40000),
    ],
)
def test_message_and_code_make_kind_and_sign(tmp_path, message, code, kind, amount):
    """The file has no sign: what a message is decides where the money goes."""
    result = load(tmp_path, line(f9=message, f10=code))
    assert (result.column("kind"), result.column("amount_minor")) == ([kind], [amount])


def test_fields_times_and_failed_responses(tmp_path):
    """References, the year of the file's name, and a response that is not 00."""
    result = load(tmp_path, line(f18="315000") + b"  \t 101", line(f19="51", f4="0101000000"))
    assert result.column("rrn") == ["000001000004"] * 2
    assert result.column("original_ref") == ["315000", None]
    assert result.column("state") == ["SUCCESS", "FAILED"]
    assert result.column("attributes") == [
        '{"entry_mode":"swiped","mcc":"4816","response_code":"00"}',
        '{"entry_mode":"swiped","mcc":"4816","response_code":"51"}',
    ]
    assert str(result.column("occurred_at")[0]) == "2026-11-20 10:54:56"
    assert str(result.column("clearing_date")[0]) == "2026-11-20"


@pytest.mark.parametrize(
    ("answer", "state", "amount"),
    [("10", "SUCCESS", 15000), ("11", "SUCCESS", 40000), ("A6", "SUCCESS", 40000)],
)
def test_every_yes_is_a_success(tmp_path, answer, state, amount):
    """The switch lists more answers that are a yes; a part that was approved is the amount."""
    result = load(tmp_path, line(f19=answer, f7="000000015000"))
    assert (result.column("state"), result.column("amount_minor")) == ([state], [amount])


def test_unknown_messages_and_short_lines_are_rejects(tmp_path):
    """A message that is not in the table is refused, and so is a cut line."""
    result = load(tmp_path, line(f9="0500"), line()[:-1], line())
    assert result.refused_lines == [1, 2]
    assert f"at least {LENGTH} bytes" in result.rejects[1].reasons[0]


def test_a_transaction_is_told_by_trace_number_and_time(tmp_path):
    """So are the originals of voids; a reversal that tells no time is told by its RRN or trace."""
    void = line(f3="315184", f10="200000", f18="315183", f28="1120185456")
    timeless = line(f3="315185", f9="0420", f18="315183")
    nameless = line(f3="315186", f9="0420")
    result = load(tmp_path, line(), void, timeless, nameless)
    assert result.column("channel_ref")[0] == "315183-1120185456"
    wanted = [None, "315183-1120185456", "315183", "000001000004"]
    assert result.column("original_ref") == wanted


def test_recognition_by_digits_and_spaces():
    """A ZM line, a short line and words are not this flow."""
    good = line()
    assert FORMAT.recognise(Probe("x", len(good), good))
    assert not FORMAT.recognise(Probe("x", len(good), good[:-1]))
    assert not FORMAT.recognise(Probe("x", len(good), good.replace(b" 0200 ", b" 0800 ")))


def test_the_real_excerpt_gives_the_numbers_seen_in_it():
    """Four rows of a real flow."""
    path = corpus_file("unionpay_other/*pos_acq*")
    assert recognised(probe_of(path)) == (FORMAT,)
    result = load_path(FORMAT, path)
    assert result.column("amount_minor") == [2, 40000, 29800, 29700]
    assert result.rejects == []
