from __future__ import annotations

import pytest

from recon.core.codes import Kind, State
from recon.errors import InputError
from recon.io.formats.declared.delimited import FORMAT, fields
from recon.io.reading import lines
from recon.io.reading.contract import Choice, Constant, Day, Money, Options, Text, Time
from tests.io.formats.reading import load_bytes, read_bytes

OPTIONS = Options(columns={"order_id": "order", "amount": "amt", "memo": "note"})
HEAD = b"order,amt,note\n"


def read(tmp_path, raw, options=OPTIONS):
    return read_bytes(FORMAT, tmp_path, raw, options)


def reasons(result):
    return [(reject.record_no, reject.reasons) for reject in result.reading.rejects]


def test_rows_keep_their_place_and_their_bytes(tmp_path):
    """Record numbers are physical lines and byte ranges point at the row without its line end."""
    raw = HEAD + b"A1,1.00,x\r\n\nB2,2.00,\n"
    result = read(tmp_path, raw)
    assert result.frame.rows() == [("A1", "1.00", "x"), ("B2", "2.00", "")]
    assert result.record_no == [2, 4]
    assert [raw[a:b] for a, b in result.spans] == [b"A1,1.00,x", b"B2,2.00,"]
    assert (result.reading.header_lines, result.reading.blank_lines) == (1, 1)


@pytest.mark.parametrize(("mark", "told"), [(";", ";"), ("|", "|"), ("\t", r"\t")])
def test_another_delimiter_is_named_in_the_fix(tmp_path, mark, told):
    """A header that is one cell holding every column is refused with the mark that cuts it."""
    raw = (HEAD + b"A1,1.00,x\n").replace(b",", mark.encode())
    with pytest.raises(InputError) as refusal:
        read(tmp_path, raw)
    assert f'declare delimiter = "{told}"' in refusal.value.fix


def test_quoted_delimiters_quotes_and_line_breaks_are_one_record(tmp_path):
    """A memo may hold a comma, a doubled quote and a line break."""
    raw = HEAD + b'A,1,"x, ""y""\nz"\nB,2,w\n'
    result = read(tmp_path, raw)
    assert result.frame.rows() == [("A", "1", 'x, "y"\nz'), ("B", "2", "w")]
    assert result.record_no == [2, 4]
    assert result.reading.record_lines == 3


@pytest.mark.parametrize("bad", range(1, 5))
def test_an_unclosed_quote_rejects_one_row(tmp_path, bad):
    """One quote too few costs one row, whichever it is, and merges nothing."""
    rows = [f'R{n},{n}.00,"n{n}"' for n in range(1, 5)]
    rows[bad - 1] = f'R{bad},{bad}.00,"n{bad}'
    result = read(tmp_path, HEAD + "\n".join(rows).encode())
    assert result.frame["order"].to_list() == [f"R{n}" for n in range(1, 5) if n != bad]
    assert [number for number, _ in reasons(result)] == [bad + 1]
    assert "quote" in reasons(result)[0][1][0]


def test_ragged_rows_are_rejects_and_neighbours_stay(tmp_path):
    """Too few and too many fields name both numbers."""
    result = read(tmp_path, HEAD + b"A,1\nB,2,x\nC,3,y,z\n")
    assert result.frame["order"].to_list() == ["B"]
    assert reasons(result) == [
        (2, ("expected 3 fields, found 2",)),
        (4, ("expected 3 fields, found 4",)),
    ]


def test_text_after_a_quote_and_lone_carriage_returns_are_rejects(tmp_path):
    """A row that no dialect can read in one way is refused, not repaired."""
    result = read(tmp_path, HEAD + b'A,1,"x"y\nB,2\r,x\nC,3,"ok"\n')
    assert result.frame["order"].to_list() == ["C"]
    assert [number for number, _ in reasons(result)] == [2, 3]


def test_a_row_that_does_not_decode_is_one_reject_with_its_bytes(tmp_path):
    """A bad byte costs one row; the reason shows it in hexadecimal."""
    result = read(tmp_path, HEAD + b"A,1,x\nB,2,\xff\xfe\nC,3,z\n")
    assert result.frame["order"].to_list() == ["A", "C"]
    assert "ff fe" in reasons(result)[0][1][0]
    assert "\ufffd" not in result.reading.rejects[0].text


def test_gb18030_trail_bytes_are_never_delimiters(tmp_path):
    """A two-byte character whose second byte is the delimiter's code stays whole."""
    tricky = "".join(
        chr_
        for lead in (0x81, 0x8B, 0xB0)
        for trail in (0x40, 0x5C, 0x7C, 0xFE)
        for chr_ in bytes([lead, trail]).decode("gb18030")
    )
    assert b"|" in tricky.encode("gb18030")
    raw = f"order|amt|note\nA|1|{tricky}𠀀\nB|2|y\n".encode("gb18030")
    options = Options(columns=OPTIONS.columns, delimiter="|", encoding="gbk")
    result = read(tmp_path, raw, options)
    assert result.frame["note"].to_list() == [f"{tricky}𠀀", "y"]
    assert [raw[a:b] for a, b in result.spans] == raw.split(b"\n")[1:3]


def test_utf8_in_a_gb18030_file_is_not_guessed(tmp_path):
    """A row in another encoding is a reject when its bytes do not decode."""
    raw = "order,amt,note\nA,1,工\n".encode("gb18030") + "B,2,工\nC,3,x\n".encode()
    result = read(tmp_path, raw, Options(columns=OPTIONS.columns, encoding="gb18030"))
    assert result.frame["order"].to_list() == ["A", "C"]
    assert [number for number, _ in reasons(result)] == [3]


def test_one_byte_order_mark_is_stripped(tmp_path):
    """The header is found behind the mark, and offsets still count it."""
    raw = b"\xef\xbb\xbf" + HEAD + b"A,1,x\n"
    result = read(tmp_path, raw)
    assert result.frame["order"].to_list() == ["A"]
    assert raw[slice(*result.spans[0])] == b"A,1,x"


@pytest.mark.parametrize(
    ("raw", "word", "code"),
    [
        (b"", "zero bytes", "FILE_EMPTY"),
        (b"\n\n", "no", "FILE_EMPTY"),
        ("order,amt,note\n".encode("utf-16"), "UTF-16", "FILE_SCHEMA"),
        (HEAD + b"A,1,\x00\n", "NUL", "FILE_SCHEMA"),
        (b"order,amt,note\rA,1,x\rB,2,y\r", "CR alone", "FILE_SCHEMA"),
        (b"order,amt\nA,1\n", "'note'", "FILE_SCHEMA"),
        (b"order,amt,note,note\nA,1,x,y\n", "2 times", "FILE_SCHEMA"),
        (b"order,amt,note,new\nA,1,x,y\n", "'new'", "FILE_SCHEMA"),
        (b'order,"amt,note\nA,1,x\n', "header line", "FILE_SCHEMA"),
    ],
)
def test_a_file_that_is_not_what_was_declared_is_refused(tmp_path, raw, word, code):
    """The refusal says what was found and what to do."""
    with pytest.raises(InputError, match=word) as caught:
        read(tmp_path, raw)
    assert caught.value.code == code
    assert caught.value.fix


def test_every_header_problem_is_listed_at_once(tmp_path):
    """One refusal names all missing, doubled and unknown columns."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, b"order,order,extra\nA,B,C\n")
    message = str(caught.value)
    assert all(word in message for word in ("'amt'", "'note'", "2 times", "'extra'"))


def test_a_header_of_very_many_columns_gives_a_short_message(tmp_path):
    """A hundred thousand unknown columns are counted, not printed."""
    head = b"order,amt,note," + b",".join(b"c%d" % n for n in range(100_000))
    with pytest.raises(InputError, match="and 99980 more") as caught:
        read(tmp_path, head + b"\n")
    assert len(str(caught.value)) < 10_000


def test_very_many_empty_lines_are_counted_quickly(tmp_path):
    """A million empty lines are a million blank lines."""
    result = read(tmp_path, HEAD + b"\n" * 1_000_000 + b"A,1,x\n")
    assert (result.reading.blank_lines, result.record_no) == (1_000_000, [1_000_002])


def test_ignored_columns_skipped_lines_comments_and_positions(tmp_path):
    """Titles, comment lines and unneeded columns are declared, and accounted for."""
    options = Options(
        columns={"order_id": "order"}, ignore_columns=("junk",), skip_lines=2, comment="#"
    )
    result = read(tmp_path, b"Title\nMore\n#c\norder,junk\nA,1\n#d\nB,2\n", options)
    assert result.frame["order"].to_list() == ["A", "B"]
    assert (result.reading.header_lines, result.reading.comment_lines) == (3, 2)
    bare = Options(columns={"order_id": "1", "amount": "3"}, header=False)
    assert read(tmp_path, b"A,x,1\nB,y,2\n", bare).frame.rows() == [("A", "1"), ("B", "2")]


def test_a_hash_is_data_unless_comments_are_declared(tmp_path):
    """A row that begins with # is kept when the source declares no comment mark."""
    assert read(tmp_path, HEAD + b"#1,1,x\n").frame["order"].to_list() == ["#1"]


def test_ids_keep_zeros_digits_and_spaces(tmp_path):
    """Leading zeros, twenty digits, NA and inner spaces are text."""
    raw = HEAD + b"001234,12345678901234567890,NA\n AB1 ,-,null\n"
    assert read(tmp_path, raw).frame.rows() == [
        ("001234", "12345678901234567890", "NA"),
        (" AB1 ", "-", "null"),
    ]


@pytest.mark.parametrize("size", [64, 200])
def test_small_blocks_give_the_same_rows(tmp_path, monkeypatch, size):
    """Where blocks are cut, inside quotes included, changes nothing."""
    raw = HEAD + b"".join(
        b'A%d,%d,"n\n%d ""q"""\n' % (n, n, n) if n % 3 else b"B%d,%d,\n" % (n, n) for n in range(60)
    )
    whole = read(tmp_path, raw)
    monkeypatch.setattr(lines, "BLOCK_BYTES", size)
    pieces = read(tmp_path, raw)
    assert pieces.frame.equals(whole.frame)
    assert (pieces.record_no, pieces.spans) == (whole.record_no, whole.spans)
    assert whole.frame.height == 60


def test_a_line_without_end_is_refused_within_limits(tmp_path, monkeypatch):
    """A line longer than the limit refuses the file instead of filling the memory."""
    monkeypatch.setattr(lines, "BLOCK_BYTES", 64)
    monkeypatch.setattr(lines, "LINE_LIMIT", 100)
    with pytest.raises(InputError, match="line of more than 100 bytes"):
        read(tmp_path, HEAD + b"A" * 1000)


def test_an_unknown_encoding_is_refused(tmp_path):
    """Only encodings in which a newline byte is a newline are read."""
    with pytest.raises(InputError, match="utf-7"):
        read(tmp_path, HEAD, Options(columns=OPTIONS.columns, encoding="utf-7"))


def test_padding_around_cells_is_declared(tmp_path):
    """Spaces and tabs around cells, behind closing quotes too, are left out where declared."""
    raw = HEAD + b'A\t,  1.00 ,"x"\t\n'
    options = Options(columns=OPTIONS.columns, padded=True)
    assert read(tmp_path, raw, options).frame.rows() == [("A", "1.00", "x")]
    assert [number for number, _ in reasons(read(tmp_path, raw))] == [2]


def test_fields_follow_the_canonical_type():
    """Money, times, days, words and texts each get their own kind of field."""
    options = Options(
        columns={
            "amount": "a",
            "occurred_at": "day + clock",
            "value_date": "v",
            "kind": "k",
            "state": "s",
            "rrn": "r",
        },
        kinds={"退": "REFUND"},
        states={"OK": "SUCCESS"},
        amount_unit="minor",
    )
    made = fields(options)
    assert made["amount_minor"] == Money("a", unit="minor", declared=True)
    assert made["occurred_at"] == Time(
        ("day", "clock"), options.time_patterns, declared="time_patterns"
    )
    assert made["value_date"] == Day("v", options.date_patterns, declared="date_patterns")
    assert made["kind"] == Choice("k", {"退": Kind.REFUND})
    assert made["state"] == Choice("s", {"OK": State.SUCCESS})
    assert made["rrn"] == Text("r")
    assert made["currency"] == Constant("CNY")
    mixed = Options(columns={"amount": "a", "fee": "f"}, units={"f": "minor"})
    assert fields(mixed)["amount_minor"] == Money("a", declared=True)
    assert fields(mixed)["fee_minor"] == Money("f", unit="minor", declared=True)
    bank = fields(Options(columns={"credit": "in", "debit": "out"}))
    assert {"credit_minor", "debit_minor"} <= set(bank)
    assert "kind" not in bank


def test_what_a_spreadsheet_wraps_is_unwrapped_where_it_is_declared(tmp_path):
    """`="7"`, `'7` and signs of a currency; undeclared they stay, and an amount is refused."""
    raw = 'id,amt\n"=""007""",¥12.50\n\'008,8.00元\n'.encode()
    columns = {"order_id": "id", "amount": "amt"}
    declared = Options(columns=columns, padded=True, symbols=("¥", "元"), kind="REFUND")
    result = load_bytes(FORMAT, tmp_path, raw, declared)
    assert result.column("order_id") == ["007", "008"]
    assert result.column("amount_minor") == [1250, 800]
    assert result.column("kind") == ["REFUND", "REFUND"]
    assert load_bytes(FORMAT, tmp_path, raw, Options(columns=columns)).refused_lines == [2, 3]


def test_kinds_and_states_without_declared_words_refuse_their_rows(tmp_path):
    """A mapped column whose words nobody declared: every row says where they belong."""
    raw = b"id,amt,k,s\nA,1.00,1,Y\n"
    mapped = {"order_id": "id", "amount": "amt", "kind": "k", "state": "s"}
    result = load_bytes(FORMAT, tmp_path, raw, Options(columns=mapped))
    assert set(result.rejects[0].reasons) == {
        "k '1' is not a known word; expected words in [source.kinds], which has none",
        "s 'Y' is not a known word; expected words in [source.states], which has none",
    }


def test_a_file_without_a_mapping_is_refused(tmp_path):
    """Nothing is read by the looks of a header."""
    with pytest.raises(InputError, match="declared mapping of columns"):
        read(tmp_path, b"id,amt\nA,1.00\n", Options())


@pytest.mark.parametrize(
    ("column", "cell", "key"),
    [
        ("paid", "10/03/2026 10:00:00", "time_patterns"),
        ("valued", "10.03.2026", "date_patterns"),
        ("amt", "1,250.00", "thousands"),
        ("amt", "￥12.50", "symbols"),
        ("amt", "１２.50", "full_width"),
        ("amt", " 12.50", "padded"),
    ],
)
def test_a_refused_cell_names_the_key_that_declares_it(tmp_path, column, cell, key):
    """Whoever reads a reject must learn which key of the source says how cells are written."""
    mapping = {"amount": "amt", "occurred_at": "paid", "value_date": "valued"}
    row = {"amt": "12.50", "paid": "2026-03-10 10:00:00", "valued": "2026-03-10", column: cell}
    raw = f"amt;paid;valued\n{';'.join(row.values())}\n".encode()
    result = load_bytes(FORMAT, tmp_path, raw, Options(columns=mapping, delimiter=";"))
    assert key in result.rejects[0].reasons[0]
