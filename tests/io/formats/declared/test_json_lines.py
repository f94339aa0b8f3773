from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recon.errors import InputError
from recon.io.formats.declared.json_lines import FORMAT
from recon.io.reading.contract import Options
from tests.io.formats.reading import load_bytes, read_bytes

OPTIONS = Options(
    columns={"order_id": "id", "amount": "money.total", "memo": "note"}, ignore_columns=("x",)
)


def read(tmp_path, *lines):
    return read_bytes(FORMAT, tmp_path, "\n".join(lines).encode(), OPTIONS)


def test_numbers_keep_their_characters(tmp_path):
    """Twenty digits, trailing zeros and exponents are the text that was sent."""
    result = read(
        tmp_path,
        '{"id": 12345678901234567890, "money": {"total": 1.10}, "note": null, "x": [1]}',
        '{"id": 7, "money": {"total": 1e2}, "note": "茶"}',
    )
    assert result.frame.rows() == [("12345678901234567890", "1.10", None), ("7", "1e2", "茶")]
    assert result.record_no == [1, 2]


def test_a_value_of_another_type_than_its_key_had_before_is_a_reject(tmp_path):
    """Whether a line is plain or has escapes; null has no type."""
    options = Options(columns={"order_id": "id", "amount": "total", "memo": "note"})
    lines = [
        '{"id": "1", "total": null}',
        '{"id": "2", "total": 1.10}',
        '{"id": "3", "total": "1.10"}',
        '{"id": 4, "total": 1.10}',
        '{"id": "\u0035", "total": true, "note": 1}',
        '{"id": "", "total": 7, "note": "a"}',
    ]
    result = read_bytes(FORMAT, tmp_path, "\n".join(lines).encode(), options)
    assert result.record_no == [1, 2]
    assert {one.record_no: one.reasons for one in result.reading.rejects} == {
        3: ("total is text; it was a number at line 2",),
        4: ("id is a number; it was text at line 1",),
        5: ("total is true or false; it was a number at line 2",),
        6: ("note is text; it was a number at line 5",),
    }


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 1, "id": 2, "money": {"total": 1}}',
        '{"id": NaN, "money": {"total": 1}}',
        '{"id": [1], "money": {"total": 1}}',
        '{"id": 1',
        '{"id": "\\ud800", "money": {"total": 1}}',  # half of a pair: it has no bytes
        "[1, 2]",
        '{"id": ' + "[" * 100_000 + "}",
        '{"id": 1} {"id": 2}',
    ],
)
def test_a_line_that_is_no_row_is_a_reject(tmp_path, line):
    """Doubled keys, NaN, nesting and broken text cost their own line."""
    good = '{"id": "A", "money": {"total": 1}, "note": "n"}'
    result = read(tmp_path, good, line, "", good)
    assert result.record_no == [1, 4]
    assert [reject.record_no for reject in result.reading.rejects] == [2]
    assert result.reading.blank_lines == 1


def test_new_and_lost_keys_are_refused(tmp_path):
    """A key nobody declared, or a mapped one that no row has, is drift."""
    with pytest.raises(InputError, match="'extra'"):
        read(tmp_path, '{"id": "A", "extra": 1}')
    with pytest.raises(InputError, match=r"note"):
        read(tmp_path, '{"id": "A", "money": {"total": 1}}')


def test_amounts_go_through_the_exact_parser(tmp_path):
    """An amount with an exponent is a reject, not a number near it."""
    raw = (
        b'{"id": "A", "money": {"total": 1e2}, "note": ""}\n'
        b'{"id": "B", "money": {"total": 1.20}, "note": ""}\n'
    )
    result = load_bytes(FORMAT, tmp_path, raw, OPTIONS)
    assert result.column("amount_minor") == [120]
    assert result.refused_lines == [1]


def test_a_file_of_refused_lines_only_is_given_up_in_the_middle(tmp_path, monkeypatch):
    """Lines that nobody could look at must be a refusal before they are all kept."""
    monkeypatch.setattr("recon.io.reading.contract.MOST_REJECTS", 3)
    with pytest.raises(InputError, match="at most 3 refused rows"):
        read(tmp_path, *"abcdefgh")


FLAT = Options(columns={"order_id": "id", "amount": "total", "memo": "a.b"}, ignore_columns=("x",))
BLANK = st.text(" \t\r", max_size=2)
VALUES = [
    *("1.10", "-0", "1e2", "-1.5E+07", "true", "false", "null", '"A"', '""', '" 茶 "', '"0"'),
    *('"a long text of 12 \x7f 茶茶茶"', '"seven b\\\\"', '"a tab\t in a long text"'),
    *("01", "1.", ".5", "-", "1e", "+1", "NaN", "nul", "[1]", "{}", '"\\u8336"', '"\\n"', '"\t"'),
    *('"', "", "1 2", '{"b": "deep"}', "truex"),
]
MEMBER = st.builds(
    "{2}{0}{2}:{2}{1}{2}".format,
    st.sampled_from(['"id"', '"total"', '"x"', '"a.b"', '"a"', '"\\u0069d"', "id"]),
    st.sampled_from(VALUES),
    BLANK,
)
LINE = st.builds(
    lambda head, members, mark, tail: head + "{" + mark.join(members) + "}" + tail,
    BLANK,
    st.lists(MEMBER, max_size=4),
    st.sampled_from([",", ", ", "", ",,"]),
    st.sampled_from(["", " ", "\r", "x", "}"]),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINE | BLANK, max_size=6))
def test_plain_lines_are_cut_as_the_reader_of_all_json_reads_them(tmp_path, lines):
    """Cells, places, rejects and the account are the same with and without the quick way."""
    data = "\n".join(['{"id": "A", "total": 1, "a.b": ""}', *lines]).encode()
    quick = read_bytes(FORMAT, tmp_path, data, FLAT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recon.io.formats.declared.json_lines.MOST_KEYS", 0)
        slow = read_bytes(FORMAT, tmp_path, data, FLAT)
    assert quick.frame.rows() == slow.frame.rows()
    assert (quick.record_no, quick.spans) == (slow.record_no, slow.spans)
    assert quick.reading == slow.reading


def test_a_key_that_is_new_is_refused_wherever_it_stands(tmp_path):
    """Lines without it are cut by the kernel, the line with it is not passed over."""
    lines = ['{"id": 1, "total": 2, "a.b": null}'] * 5
    lines[3] = '{"id": 1, "total": 2, "extra": null}'
    with pytest.raises(InputError, match="'extra'"):
        read_bytes(FORMAT, tmp_path, "\n".join(lines).encode(), FLAT)


def test_a_key_that_stands_in_no_line_is_refused_and_null_counts_as_standing(tmp_path):
    """A null says that the key is there; a mapped key that is nowhere is drift."""
    read_bytes(FORMAT, tmp_path, b'{"id": 1, "total": 2, "a.b": null}', FLAT)
    with pytest.raises(InputError, match=r"no row has a\.b"):
        read_bytes(FORMAT, tmp_path, b'{"id": 1, "total": 2, "x": null}', FLAT)


def test_a_key_with_a_quote_in_its_name_is_read(tmp_path):
    """The name of a key that JSON must escape is never found by its bare bytes."""
    options = Options(columns={"order_id": 'i"d', "amount": "a"})
    data = b'{"i\\"d": "A", "a": "0123456789\\""}\n{"i"d": "B", "a": 1}\n'
    data += b'{"i\\"d": "C", "a": "0123456789"}'
    result = read_bytes(FORMAT, tmp_path, data, options)
    assert result.frame.rows() == [("A", '0123456789"'), ("C", "0123456789")]
    assert [reject.record_no for reject in result.reading.rejects] == [2]


def test_a_bad_byte_costs_its_own_line(tmp_path):
    """A line that does not decode is a reject though all around its bad byte is plain."""
    good = '{"id": "茶", "total": 2, "a.b": "n"}'.encode()
    data = b"\n".join([good, b'{"id": "\xff", "total": 2, "a.b": "n"}', good])
    result = read_bytes(FORMAT, tmp_path, data, FLAT)
    assert result.frame.rows() == [("茶", "2", "n")] * 2
    assert [reject.record_no for reject in result.reading.rejects] == [2]


@pytest.mark.parametrize(
    ("rows", "indent"), [([{"id": "A"}], None), ([{"id": "A"}], 1), ({"data": [{"id": "A"}]}, 1)]
)
def test_json_that_is_not_cut_into_lines_is_refused_with_the_way_to_cut_it(tmp_path, rows, indent):
    """An array or a text over several lines is no cut file, and no wrong declaration."""
    with pytest.raises(InputError, match="expected one object a line") as caught:
        read(tmp_path, json.dumps(rows, indent=indent))
    assert "jq -c" in caught.value.fix
