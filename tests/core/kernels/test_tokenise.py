from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recon.core.kernels import marks as marks_kernel
from recon.core.kernels import text_columns
from recon.core.kernels import tokenise as kernel
from tests.oracle import tokenise as oracle

CLASSES = ("record", "continued", "blank", "comment")
TEXT = st.text(alphabet='ab,"\n\r# ;`', max_size=40)


def as_bytes(text):
    return np.frombuffer(text.encode(), dtype=np.uint8)


def module_of(name):
    """Return the module that a kernel is in."""
    return next(module for module in (kernel, marks_kernel, text_columns) if hasattr(module, name))


def compiled(name):
    """Return a kernel by its name."""
    return getattr(module_of(name), name)


def interpreted(name):
    """Return a kernel's Python text, calling interpreted kernels below it."""
    module = module_of(name)
    space = dict(vars(module))
    plain = {}
    for known, value in vars(module).items():
        if hasattr(value, "py_func"):
            plain[known] = type(value.py_func)(value.py_func.__code__, space, known)
    space.update(plain, load_word=load_word, mark_bits=mark_bits, lowest_bit=lowest_bit)
    return plain[name]


def load_word(data, at):
    """Return eight bytes as a number, as the intrinsic does."""
    assert at + 8 <= len(data)
    return int.from_bytes(data[at : at + 8].tobytes(), "little")


def mark_bits(data, at, delimiter):
    """Return which of 64 bytes are marks, as the intrinsic does."""
    assert at + 64 <= len(data)
    marks = np.isin(data[at : at + 64], np.array([delimiter, 10, 13], np.uint8))
    return np.packbits(marks, bitorder="little").view("<u8")[0]


def lowest_bit(bits):
    """Return the place of the lowest bit, as the intrinsic does."""
    return (int(bits) & -int(bits)).bit_length() - 1


def cell(data, starts, ends, slot, row, quote, get):
    """Return one field as text, by the two kernels that build columns."""
    data = data.copy()
    span = [array[slot : slot + 1, row : row + 1].copy() for array in (starts, ends)]
    get("undouble_quotes")(data, *span, 1, ord(quote) if quote else -1)
    views = np.empty((1, 2), np.uint64)
    plain = [side[0].astype(np.int64) for side in span]
    get("view_fields")(data, *plain, views)
    buffers = [None, pa.py_buffer(views), pa.py_buffer(data)]
    text = pa.Array.from_buffers(pa.string_view(), 1, buffers)
    text.validate(full=True)
    return text[0].as_py()


def cut(text, delimiter, quote, comment, arity, *, final=True, get=compiled, padded=0):
    """Return (line, fields or fault) per record, the line classes and the bytes consumed."""
    data = as_bytes(text)
    size = text.count("\n") + 2
    classes = np.empty(size, np.uint8)
    kinds = (np.int32, np.uint8, np.int32, np.int64, np.int64)
    line, fault, count, begin, end = (np.empty(size, kind) for kind in kinds)
    starts, ends = np.empty((arity, size), np.int64), np.empty((arity, size), np.int64)
    rows, lines, consumed = get("tokenise")(
        data,
        as_bytes(delimiter),
        ord(quote) if quote else -1,
        padded,
        as_bytes(comment),
        np.arange(arity, dtype=np.int32),
        final,
        classes,
        line,
        fault,
        count,
        begin,
        end,
        starts,
        ends,
    )
    found = []
    for row in range(rows):
        assert begin[row] == 0 or data[begin[row] - 1] == ord("\n")
        assert data[end[row] :].tobytes()[:2] in {b"", b"\n", b"\r\n", b"\r"} or data[
            end[row] :
        ].tobytes().startswith((b"\n", b"\r\n"))
        answer = int(fault[row])
        if not answer:
            answer = [cell(data, starts, ends, slot, row, quote, get) for slot in range(arity)]
        found.append((int(line[row]), answer))
    return found, [CLASSES[c] for c in classes[:lines]], consumed


@given(
    TEXT,
    st.sampled_from([",", ";", ',"', "a,", " "]),
    st.sampled_from(['"', ""]),
    st.integers(1, 3),
    st.integers(0, 1),
)
@example('"a\nb,c\nd",e\n', ",", '"', 2, 0)
@example('a,"b\nc,d\n', ",", '"', 2, 0)
@example('"a"  ,"b" \n', ",", '"', 2, 1)
@example('"a" b\n', " ", '"', 2, 1)
@settings(max_examples=400, deadline=None)
def test_compiled_and_interpreted_equal_the_oracle(text, delimiter, quote, arity, padded):
    """Kernel, its Python text and the naive cutter agree on every record and every line."""
    wanted = oracle.records(text, delimiter, quote, "#", arity, padded)
    for get in (compiled, interpreted):
        got = cut(text, delimiter, quote, "#", arity, get=get, padded=padded)
        assert got[:2] == wanted


def test_padding_behind_a_quote_is_declared():
    """A tab behind a closing quote is a fault, or nothing where padding is declared."""
    text = '"a"\t,"b" \r\n'
    assert cut(text, ",", '"', "", 2)[0] == [(0, kernel.FAULT_AFTER_QUOTE)]
    assert cut(text, ",", '"', "", 2, padded=1)[0] == [(0, ["a", "b"])]


@given(st.lists(st.lists(st.text(alphabet='ab,"\n ', max_size=5), min_size=2, max_size=2)))
@settings(max_examples=200, deadline=None)
def test_what_a_writer_quotes_comes_back(rows):
    """Delimiters, quotes and line breaks inside quoted fields survive a round trip."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    found, classes, consumed = cut(out.getvalue(), ",", '"', "", 2)
    assert [fields for _, fields in found] == rows
    assert len(classes) == out.getvalue().count("\n")
    assert consumed == len(out.getvalue())


def test_an_open_quote_at_the_end_of_a_block_waits_for_the_next():
    """A record that is not finished in this block is left over, whole."""
    found, classes, consumed = cut('a,b\nc,"d\n', ",", '"', "", 2, final=False)
    assert found == [(0, ["a", "b"])]
    assert classes == ["record"]
    assert consumed == 4


@pytest.mark.parametrize("bad", range(6))
def test_an_unclosed_quote_costs_its_own_row_only(bad):
    """A quote that is opened in one row and never closed rejects that row and no neighbour."""
    lines = [f'{row},"x{row}"' for row in range(6)]
    lines[bad] = f'{bad},"x{bad}'
    found, _, _ = cut("\n".join(lines) + "\n", ",", '"', "", 2)
    good = [fields for _, fields in found if isinstance(fields, list)]
    assert good == [[str(row), f"x{row}"] for row in range(6) if row != bad]
    assert len(found) == 6


def test_a_quote_over_too_many_lines_is_not_closed():
    """A quoted field may span few lines; a longer one is a fault of its first line."""
    text = 'a,"' + "x\n" * kernel.QUOTED_LINES + '"\n'
    found, classes, _ = cut(text, ",", '"', "", 2)
    assert found[0] == (0, kernel.FAULT_UNCLOSED)
    assert len(classes) == text.count("\n")


def test_trimming_leaves_out_wrapping_marks():
    """Spaces, tabs and back-ticks at both ends go, those inside stay."""
    data = as_bytes("\t`a b` \t")
    starts, ends = np.array([[0]], np.int64), np.array([[data.size]], np.int64)
    text_columns.trim_fields(data, starts, ends, 1)
    assert data[starts[0, 0] : ends[0, 0]].tobytes() == b"a b"


@given(st.lists(st.text(alphabet="ab中é", max_size=20), max_size=6), st.integers(0, 9))
def test_views_say_what_lies_there(words, behind):
    """Texts of any length are seen where they lie, up to the last byte of the block."""
    data = np.frombuffer("".join(words).encode() + b"x" * behind, np.uint8)
    ends = np.cumsum([len(word.encode()) for word in words], dtype=np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), ends])[: len(words)]
    for get in (compiled, interpreted):
        views = np.empty((len(words), 2), np.uint64)
        get("view_fields")(data, starts, ends, views)
        buffers = [None, pa.py_buffer(views), pa.py_buffer(data)]
        text = pa.Array.from_buffers(pa.string_view(), len(words), buffers)
        text.validate(full=True)
        assert text.to_pylist() == words


def marked(text, delimiter, arity, run):
    """Return what `cut` returns, by way of the marks."""
    data = as_bytes(text)
    size = text.count("\n") + 2
    classes = np.empty(size, np.uint8)
    kinds = (np.int32, np.uint8, np.int32, np.int64, np.int64)
    line, fault, count, begin, end = (np.empty(size, kind) for kind in kinds)
    starts, ends = np.empty((arity, size), np.int64), np.empty((arity, size), np.int64)
    marks = np.empty(data.size, np.int32)
    found = run("find_marks")(data, ord(delimiter[0]), marks)
    assert marks[:found].tolist() == [i for i, c in enumerate(text) if c in delimiter[0] + "\r\n"]
    wanted = np.arange(arity, dtype=np.int32)
    rows, lines = run("tokenise_marks")(
        data,
        marks[:found],
        as_bytes(delimiter),
        as_bytes("#"),
        wanted,
        classes,
        line,
        fault,
        count,
        begin,
        end,
        starts,
        ends,
    )
    records = [
        (
            int(line[row]),
            int(fault[row])
            or [cell(data, starts, ends, slot, row, "", run) for slot in range(arity)],
        )
        for row in range(rows)
    ]
    return records, [CLASSES[c] for c in classes[:lines]]


@given(TEXT, st.sampled_from([",", ";", " ", ",`", ";;", "ab"]), st.integers(1, 3))
@example("a,b\r\n\r\n#c,d\nlonger than a word,x\r", ",", 2)
@example("a;;;;b;;;\n", ";;", 3)
@example("a,`b\r\n`c,d,`e\r\n", ",`", 2)
@settings(max_examples=300, deadline=None)
def test_marks_give_what_the_oracle_gives(text, delimiter, arity):
    """Cutting eight bytes at a time is the same cut, compiled and interpreted."""
    wanted = oracle.records(text, delimiter, "", "#", arity, 0)
    assert marked(text, delimiter, arity, compiled) == wanted
    assert marked(text, delimiter, arity, interpreted) == wanted


@given(st.binary(max_size=30))
def test_line_offsets_equal_a_split(raw):
    """Lines begin where a split on LF begins them; a last line without LF counts."""
    data = np.frombuffer(raw, dtype=np.uint8)
    lines = raw.split(b"\n")
    if not lines[-1]:
        lines.pop()
    out = np.empty(kernel.count_byte(data, 10) + 2, np.int64)
    count = kernel.line_offsets(data, out)
    assert count == len(lines)
    cuts = [raw[out[i] : out[i + 1]].rstrip(b"\n") for i in range(count)]
    assert cuts == [line.rstrip(b"\n") for line in lines]


@given(st.binary(max_size=30), st.integers(0, 255), st.sampled_from([0, 4095, 4096, 9000]))
def test_bytes_are_found_where_python_finds_them(raw, wanted, before):
    """A byte is counted, found and found last as Python does, in the stretch and behind it."""
    raw = b"\x07" * before + raw
    data = np.frombuffer(raw, dtype=np.uint8)
    expected = raw.count(wanted), wanted in raw, raw.rfind(bytes([wanted])) + 1
    for get in (compiled, interpreted):
        asked = (get(name) for name in ("count_byte", "holds_byte", "after_last"))
        assert tuple(ask(data, wanted) for ask in asked) == expected
        asked_for = np.frombuffer(bytes([wanted, 7, 7, 9]), dtype=np.uint8)
        assert get("may_hold")(data, asked_for) == (bytes([wanted, 7, 7]) in raw)
