from __future__ import annotations

from pathlib import Path

import pytest

from recon.io.formats.schemes.ipm_messages import FIXED, THREE_DIGITS
from recon.io.formats.schemes.mastercard_ipm import FORMAT
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    probe_of,
    read_bytes,
)

NAME = "pypi__mciutil-0.7.1__"
LONG = "stands no length of a record"
EXPECTED = {
    NAME + "test_ascii_de55_ipm.in": (5, 0, "unproved"),
    NAME + "test_ascii_de55_ipm.in.csv": (0, 0, LONG),  # the expected decoding, no IPM
    NAME + "test_ascii_ipm.1014block": (0, 5, "unproved"),  # messages 1144: made up
    NAME + "test_ascii_ipm.1014block.csv": (0, 0, LONG),
    NAME + "test_ascii_ipm.vbs": (0, 5, "unproved"),
    NAME + "test_ascii_mpe.in": (0, 0, "records that are no messages"),  # a parameter file
}


def message(mti: str, elements: dict[int, str | bytes], encoding: str = "latin-1") -> bytes:
    bits = 1 << 127
    body = b""
    for number in sorted(elements):
        bits |= 1 << (128 - number)
        value = elements[number]
        raw = value if isinstance(value, bytes) else value.encode(encoding)
        if number not in FIXED:
            digits = 3 if number in THREE_DIGITS else 2
            body += f"{len(raw):0{digits}d}".encode(encoding)
        body += raw
    return mti.encode(encoding) + bits.to_bytes(16, "big") + body


def written(messages: list[bytes], *, blocked: bool = False) -> bytes:
    data = b"".join(len(one).to_bytes(4, "big") + one for one in messages) + bytes(4)
    if not blocked:
        return data
    pieces = [data[at : at + 1012] for at in range(0, len(data), 1012)]
    return b"".join(piece.ljust(1012, b"\x40") + b"\x40\x40" for piece in pieces)


FILE = "0012601150000001234500001"  # from the scheme, 15 January 2026
OURS = FILE.replace("001", "002", 1)


def header(file: str = FILE, encoding: str = "latin-1") -> bytes:
    return message("1644", {24: "697", 48: f"0105025{file.ljust(25)}"}, encoding)


def sample(encoding: str = "latin-1") -> list[bytes]:
    def row(
        mti: str, code: str, amount: int, private: str = "0148004978" + "2", **more: str
    ) -> bytes:
        elements: dict[int, str | bytes] = {
            2: "5204230010000012",
            3: code,
            4: f"{amount:012d}",
            12: "260102030405",
            22: "5101C1M10120",
            24: "200",
            25: "4853",
            31: more.get("arn", "75230905303001011351109"),
            37: "033148011206",
            38: "090549",
            41: "TERM0001",
            42: "MERCHANT1      ",
            43: "ACME\\1 Street\\Town\\4000      QLDAUS",
            48: private,
            49: more.get("currency", "978"),
            55: b"\x9f\x26\x08",
            71: "00000002",
        }
        return message(mti, elements, encoding)

    rows = [
        row("1240", "000000", 6050),
        row("1240", "200000", 1000),
        row("1442", "000000", 500),
        row("1740", "190000", 70),
        row("1240", "000000", 6050, "0025007R260101" + "01480049782"),
    ]
    count, total = len(rows) + 2, 6050 + 1000 + 500 + 70 + 6050
    trailer = message("1644", {24: "695", 48: f"0301016{total:016d}0306008{count:08d}"}, encoding)
    return [header(encoding=encoding), *rows, trailer]


@pytest.mark.parametrize("encoding", ["latin-1", "cp500"])
@pytest.mark.parametrize("blocked", [False, True])
def test_sample_is_read_field_by_field(tmp_path: Path, encoding: str, blocked: bool) -> None:  # noqa: FBT001  parametrised
    """The same messages must come out in either alphabet, blocked or not, with their totals."""
    data = written(sample(encoding), blocked=blocked)
    outcome = read_bytes(FORMAT, data, tmp_path)
    assert outcome.verdict == "agreed", outcome.totals
    assert outcome.frame.select("kind", "amount_minor", "currency").rows() == [
        ("PAYMENT", 6050, "EUR"),
        ("REFUND", -1000, "EUR"),
        ("CHARGEBACK", -500, "EUR"),
        ("FEE", -70, "EUR"),
        ("REVERSAL", -6050, "EUR"),
    ]
    assert outcome.frame["original_ref"].to_list() == [None] * 4 + ["75230905303001011351109"]
    first = outcome.frame.row(0, named=True)
    assert (first["card"], first["merchant_id"]) == ("520423******0012", "MERCHANT1")
    assert (first["batch_id"], first["auth_code"]) == (FILE, "090549")
    assert str(first["clearing_date"]) == "2026-01-15"
    assert outcome.frame["attributes"].to_list()[1:3] == [
        '{"entry_mode":"tapped"}',
        '{"entry_mode":"tapped","reason":"4853"}',
    ]
    assert FORMAT.recognise(probe_of(tmp_path / "input"))
    place = outcome.rows[0]
    assert data[place["byte_start"] : place["byte_end"]].startswith("1240".encode(encoding))


def test_every_cut_is_refused(tmp_path: Path) -> None:
    """A file cut anywhere before its end mark must be refused."""
    data = written(sample())
    for cut in range(0, len(data), 3):
        outcome = read_bytes(FORMAT, data[:cut], tmp_path)
        assert outcome.refusal is not None, cut


def test_every_cut_of_a_blocked_file_is_refused(tmp_path: Path) -> None:
    """Blocks that are not whole must not be read as if there were none."""
    data = written([*sample("cp500")[:-1], *sample("cp500")[1:]], blocked=True)
    for cut in range(0, len(data), 7):
        outcome = read_bytes(FORMAT, data[:cut], tmp_path)
        assert not outcome.whole, (cut, outcome.verdict)


def test_bad_messages_are_rejects_and_hold_the_file(tmp_path: Path) -> None:
    """Unknown currencies, wrong exponents and surplus bytes are rejects; totals show losses."""
    messages = sample()
    damaged = messages[1].replace(b"978" + b"003", b"000" + b"003")
    surplus = messages[2] + b"x"
    exponents = messages[3].replace(b"9782", b"9780")
    outcome = read_bytes(FORMAT, written([messages[0], damaged, surplus, exponents]), tmp_path)
    assert len(outcome.rejects) == 3
    undoing = messages[5].replace(b"0025007", b"0025107")
    torn = read_bytes(FORMAT, written([messages[0], undoing]), tmp_path)
    assert "does not come apart into private subelements" in torn.rejects[0].reasons[0]
    other = messages[3].replace(b"978" + b"003", b"976" + b"003")
    changed = read_bytes(FORMAT, written([messages[0], other]), tmp_path)
    assert "does not name the currency of DE 49, '976'" in changed.rejects[0].reasons[0]
    lost = read_bytes(FORMAT, written([*messages[:2], *messages[3:]]), tmp_path)
    assert lost.verdict == "held"


def test_what_stands_behind_the_end_is_refused(tmp_path: Path) -> None:
    """A second file joined to the first must not be passed over in silence."""
    for blocked in (False, True):
        data = written(sample(), blocked=blocked)
        assert "behind the end" in read_bytes(FORMAT, data + data, tmp_path).verdict


def test_each_header_has_a_trailer_with_its_own_totals(tmp_path: Path) -> None:
    """Two logical files in one: both are proved; one without a trailer is held."""
    two = read_bytes(FORMAT, written([*sample(), *sample()]), tmp_path)
    assert (two.verdict, two.frame.height, len(two.totals)) == ("agreed", 10, 4)
    assert read_bytes(FORMAT, written(sample()[:-1]), tmp_path).verdict == "held"
    first_cut = [*sample()[:-1], *sample()]
    assert read_bytes(FORMAT, written(first_cut), tmp_path).verdict == "held"


def test_blanks_where_a_block_would_end_make_no_block(tmp_path: Path) -> None:
    """Two EBCDIC blanks at byte 1012 of an unblocked file are text of a message."""
    messages = sample("cp500")
    wide = message("1644", {24: "696", 72: "x" * 960}, "cp500")
    at = 1012 - 4 - len(messages[0]) - 4  # behind two lengths and the header
    wide = wide[:at] + b"\x40\x40" + wide[at + 2 :]
    data = written([messages[0], wide, *messages[1:-1]])
    assert data[1012:1014] == b"\x40\x40"
    outcome = read_bytes(FORMAT, data, tmp_path)
    assert outcome.refusal is None, outcome.verdict
    assert outcome.frame.height == 5


def test_a_block_with_another_end_is_refused(tmp_path: Path) -> None:
    """A blocked file that lost or gained bytes on its way must be refused."""
    data = written(sample() * 3, blocked=True)
    assert len(data) >= 3 * 1014
    outcome = read_bytes(FORMAT, data[:2500] + b"x" + data[2500:], tmp_path)
    assert outcome.refusal is not None


UNDOES = "0025007R260113"


@pytest.mark.parametrize(
    ("mti", "code", "function", "private", "kind", "minor"),
    [
        ("1240", "090000", "200", "", "PAYMENT", 700),
        ("1240", "280000", "200", "", "REFUND", -700),  # winnings, for instance
        ("1240", "200000", "200", UNDOES, "REVERSAL", 700),
        ("1240", "000000", "205", "", "ADJUSTMENT", 700),  # presented again after a chargeback
        ("1240", "200000", "205", "", "ADJUSTMENT", -700),
        ("1240", "000000", "282", UNDOES, "ADJUSTMENT", -700),
        ("1442", "200000", "450", "", "CHARGEBACK", 700),  # of a credit
        ("1442", "000000", "453", UNDOES, "ADJUSTMENT", 700),
        ("1740", "190000", "783", "", "FEE", -700),
        ("1740", "290000", "783", "", "FEE", 700),
        ("1740", "190000", "783", UNDOES, "FEE", 700),
    ],
)
def test_signs_go_by_message_code_and_function(
    tmp_path: Path, mti: str, code: str, function: str, private: str, kind: str, minor: int
) -> None:
    """A second presentment is no second sale; only a first one can be netted with its reversal."""
    elements: dict[int, str | bytes] = {3: code, 4: "000000000700", 12: "260102030405"}
    elements |= {24: function, 31: "75230905303001011351109", 48: private, 49: "978"}
    outcome = read_bytes(FORMAT, written([header(), message(mti, elements)]), tmp_path)
    assert outcome.frame.select("kind", "amount_minor").rows() == [(kind, minor)]
    assert (outcome.frame["original_ref"].item() is None) == (kind != "REVERSAL")


def test_whose_money_a_fee_is_goes_by_the_way_of_the_file(tmp_path: Path) -> None:
    """A fee to its sender is ours in our own file, theirs in the scheme's; else nobody knows."""
    fee = message("1740", {3: "190000", 4: "000000000700", 24: "700", 49: "978"})
    for file, minor in ((FILE, -700), (OURS, 700)):
        outcome = read_bytes(FORMAT, written([header(file), fee]), tmp_path)
        assert outcome.frame["amount_minor"].to_list() == [minor]
    outcome = read_bytes(FORMAT, written([header("FILE1"), fee]), tmp_path)
    assert "whose money the fee is, is not told" in outcome.rejects[0].reasons[0]


@pytest.mark.parametrize(
    ("mti", "code", "function", "reason"),
    [
        ("1240", "300000", "200", "DE 3 '300000' begins with none of 00, 01, 09"),
        ("1442", "290000", "450", "DE 3 '290000' begins with none of 00, 01, 09"),
        ("1740", "000000", "700", "DE 3 '000000' begins with none of 19, 29"),
        ("1240", "000000", "260", "DE 24 '260' of a presentment is none of 200, 205, 282"),
    ],
)
def test_an_unknown_code_is_never_a_sale(
    tmp_path: Path, mti: str, code: str, function: str, reason: str
) -> None:
    """What no list of codes has is a reject."""
    elements: dict[int, str | bytes] = {3: code, 4: "000000000700", 24: function, 49: "978"}
    outcome = read_bytes(FORMAT, written([header(), message(mti, elements)]), tmp_path)
    assert reason in outcome.rejects[0].reasons[0]


def test_a_request_for_the_slip_is_a_row(tmp_path: Path) -> None:
    """Its amount and currency are those of the original; other addenda are passed over."""
    elements: dict[int, str | bytes] = {24: "603", 25: "6341", 30: "000000006050" + "0" * 12}
    elements |= {31: "75230905303001011351109", 48: "0149006978978"}
    addendum = message("1644", {24: "696"})
    data = written([header(), message("1644", elements), addendum])
    outcome = read_bytes(FORMAT, data, tmp_path)
    assert outcome.frame.select("kind", "amount_minor", "currency").rows() == [
        ("RETRIEVAL", 6050, "EUR")
    ]
    assert outcome.frame["attributes"].to_list() == ['{"reason":"6341"}']
    assert outcome.reading.comment_lines == 1


def test_the_same_sale_in_two_messages_is_two_rows(tmp_path: Path) -> None:
    """The scheme takes both: by their numbers they are told from one message that stands twice."""
    elements: dict[int, str | bytes] = {3: "000000", 4: "000000000700", 24: "200", 49: "978"}
    first, second = (message("1240", elements | {71: f"0000000{number}"}) for number in (2, 3))
    outcome = read_bytes(FORMAT, written([header(), first, second, second]), tmp_path)
    numbers = [memo.split()[-1] for memo in outcome.frame["memo"]]
    assert numbers == ["00000002", "00000003", "00000003"]


def test_totals_that_are_no_numbers_refuse_the_file(tmp_path: Path) -> None:
    """A damaged trailer must not pass for one that states nothing."""
    data = written(sample()).replace(b"0306008000000", b"030600800000X")
    outcome = read_bytes(FORMAT, data, tmp_path)
    assert "expected digits in PDS 0306" in outcome.verdict


def test_corpus_outcomes() -> None:
    """Every IPM file of the corpus must come out as it was judged by eye."""
    check_expectations(FORMAT, corpus_folder("mastercard_ipm"), EXPECTED)
    assert claimed_elsewhere(FORMAT, {"mastercard_ipm"}) == []
