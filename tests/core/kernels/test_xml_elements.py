"""The kernel that finds elements of XML: against a plain parser, and on bytes that are no XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.core.kernels import xml_elements as kernel
from recon.core.texts.text import read_only

NAMES = np.frombuffer(b"srab", np.uint8)
TREE = read_only(
    np.array(
        [
            [0, 0, 1, -1, -1, kernel.PLAIN],
            [0, 1, 2, -1, -1, kernel.PLAIN],  # s
            [1, 2, 3, -1, 0, kernel.RECORD],  # s/r
            [2, 3, -1, 4, 1, kernel.PLAIN],  # s/r/a
            [3, 4, -1, -1, 2, kernel.OWNER],  # s/r/b
        ],
        np.int32,
    )
)
PIECES = st.sampled_from(
    [
        *("<s>", "</s>", "<r>", "</r>", "<x:r x='>'>", "<a>", "</a>", "<b/>", '<b x = "1" >'),
        *("</b>", "text", "&amp;", "<!-- <r> -->", "<![CDATA[<a>]]>", "<?p ?>", "\n", "<", "]]>"),
    ]
)


def found_in(text: str, least: int = 99, room: int = 40):
    """Return what the kernel finds in the whole of a text: its elements, and why it ended."""
    data = np.frombuffer(text.encode(), np.uint8)
    state, opened = np.array([0, 1], np.int64), np.zeros((6, kernel.OPEN_COLUMNS), np.int64)
    found = np.zeros((room, kernel.FOUND_COLUMNS), np.int64)
    marked = np.zeros(room, np.uint8)
    attribute = np.frombuffer(b"x", np.uint8)
    at, count, why = kernel.find_elements(
        data, 0, NAMES, TREE, attribute, least, state, opened, found, marked
    )
    return at, found[: max(count, 0)], why


@given(st.lists(PIECES, max_size=30))
@settings(deadline=None)
def test_whatever_the_bytes_it_ends_inside_them(pieces):
    """It must end, with places inside the data, and find what a parser finds in sound XML."""
    text = "".join(pieces)
    at, found, why = found_in(text)
    assert -1 <= at <= len(text)
    try:
        root = ET.fromstring(text)  # noqa: S314 - made of the pieces above
    except ET.ParseError:
        return
    if why != kernel.DONE:
        assert why == kernel.TOO_DEEP
        return
    assert (found[:, kernel.START] < found[:, kernel.END]).all()
    tops = root.iter("s")
    records = {record for top in tops for record in top.findall("r")}
    if "s" not in {inner.tag for top in root.iter("s") for inner in list(top.iter())[1:]}:
        assert (found[:, kernel.MEANS] == 0).sum() == len(records)


def test_a_batch_ends_behind_a_record_and_the_next_goes_on():
    """Elements of two records must be told in two calls, with their lines and texts."""
    text = "<s>\n<r><a>1</a></r>\n<r x='7'><a> 2&lt;</a><b/></r></s>"
    at, found, why = found_in(text, least=1)
    assert (why, at) == (kernel.READY, text.index("\n<r x"))
    assert found[:, kernel.MEANS].tolist() == [0, 1]
    assert found[:, kernel.LINE].tolist() == [2, 2]
    start, end = found[1, [kernel.TEXT_START, kernel.TEXT_END]]
    assert text[start:end] == "1"
    _, found, why = found_in(text)
    assert why == kernel.DONE
    assert found[:, kernel.MEANS].tolist() == [0, 1, 0, 1, 2]
    assert found[:, kernel.OWNED_BY].tolist() == [-1, 0, -1, 2, 2]
    assert text[found[2, kernel.VALUE_START] : found[2, kernel.VALUE_END]] == "7"


def test_limits_are_told_by_name():
    """Depth, number and length beyond the limits must each have their own answer."""
    assert found_in("<a>" * 9)[2] == kernel.TOO_DEEP
    assert found_in("<s><r>" + "<a/>" * 50)[2] == kernel.TOO_MANY
    assert found_in(f"<s {'x' * 70_000}>")[2] == kernel.LONG_TAG
    assert found_in(f"<s><r><a>{'x' * 70_000}</a></r></s>")[2] == kernel.LONG_TEXT
    assert found_in("<s><r>")[2] == kernel.UNSOUND
