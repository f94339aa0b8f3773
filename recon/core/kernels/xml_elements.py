"""Finds the wanted elements of XML in the raw bytes, and where their text stands.

The bytes are of any encoding in which `< > & / " '` and `=` are ASCII and part of no other
character. Whether the XML is sound is not asked here: a parser looks at the same bytes. What is not
sound may give any elements, but never a place outside the data, nor an endless loop.

Which elements are wanted is a tree of names. A node has a range of `names` (its own name), a first
child, a next sibling and a kind; OUTSIDE is the node of everything around the records.
"""

from __future__ import annotations

from numba import njit

from recon.core.kernels.arrays import Bytes, Ints

OUTSIDE = 0  # the root of the tree: its children are found at any depth
_UNWANTED = -1

# Columns of the tree, int32 (nodes, 6).
NAME_START = 0
NAME_END = 1
CHILD = 2  # the first, -1 for none
SIBLING = 3  # the next, -1 for none
MEANING = 4  # what is written for the element, -1: it is passed through
KIND = 5
PLAIN = 0
OWNER = 1  # elements within it name it
RECORD = 2  # an owner; a batch ends behind one

# Columns of what is found, int64 (elements, 10).
MEANS = 0
OWNED_BY = 1  # the place among the elements of the nearest owner around it, -1 for none
START = 2
END = 3  # past its end tag
LINE = 4  # from 1
LAST_LINE = 5
TEXT_START = 6
TEXT_END = 7  # as TEXT_START where elements stand within
VALUE_START = 8  # of the wanted attribute, -1 where there is none
VALUE_END = 9
FOUND_COLUMNS = 10

# Columns of the open elements, int64 (depth, 4).
_NODE = 0
_ROW = 1
_OWNER = 2
_MARKED = 3  # as in `marked`
OPEN_COLUMNS = 4

SPECIAL = 1  # the text holds a reference, a section, a comment or a carriage return
NOT_ASCII = 2

DONE = 0  # the data are at their end
READY = 1  # enough was found: the last element that was closed is a record
TOO_DEEP = 2
TOO_MANY = 3
LONG_TAG = 4
LONG_TEXT = 5
UNSOUND = 6

LONGEST = 65536  # bytes of a tag or a text

_TAB = 9
_LF = 10
_CR = 13
_SPACE = 32
_BANG = 33
_QUOTE = 34
_AMPERSAND = 38
_APOSTROPHE = 39
_DASH = 45
_SLASH = 47
_COLON = 58
_LESS = 60
_EQUALS = 61
_GREATER = 62
_QUESTION = 63
_OPENING = 91
_CLOSING = 93
_LAST_ASCII = 127


@njit(cache=True, nogil=True)
def _after(data: Bytes, at: int, first: int, second: int, lines: int) -> tuple[int, int]:
    """Return the offset past `first second >` (`first >` if second is 0), and the lines so far."""
    size = data.size
    while at < size:
        byte = data[at]
        lines += byte == _LF
        if byte == first:
            if second == 0 and at + 1 < size and data[at + 1] == _GREATER:
                return at + 2, lines
            if at + 2 < size and data[at + 1] == second and data[at + 2] == _GREATER:
                return at + 3, lines
        at += 1
    return -1, lines


@njit(cache=True, nogil=True)
def _aside(data: Bytes, at: int, lines: int) -> tuple[int, int]:
    """Return the offset past what begins with `<!` or `<?` at `at`, -1 if it has no end."""
    size = data.size
    if at + 1 == size:
        return -1, lines
    if data[at + 1] == _QUESTION:
        return _after(data, at + 2, _QUESTION, 0, lines)
    if at + 3 < size and data[at + 2] == _DASH and data[at + 3] == _DASH:
        return _after(data, at + 4, _DASH, _DASH, lines)
    if at + 8 < size and data[at + 2] == _OPENING:
        return _after(data, at + 9, _CLOSING, _CLOSING, lines)
    return -1, lines


@njit(cache=True, nogil=True, inline="always")
def _is_blank(byte: int) -> bool:
    """Return whether a byte is white space of XML."""
    return _TAB <= byte <= _LF or byte == _SPACE or byte == _CR  # noqa: PLR1714 (numba: no sets)


@njit(cache=True, nogil=True)
def _is_named(data: Bytes, start: int, end: int, names: Bytes, first: int, last: int) -> bool:
    """Return whether the bytes from `start` to `end` are the name at `first` to `last`."""
    if end - start != last - first:
        return False
    for index in range(end - start):  # noqa: SIM110 (numba: no generators)
        if data[start + index] != names[first + index]:
            return False
    return True


@njit(cache=True, nogil=True)
def _child(data: Bytes, start: int, end: int, names: Bytes, tree: Ints, node: int) -> int:
    """Return the node of an element of that name inside an element of `node`."""
    if node == _UNWANTED:
        return _UNWANTED
    child = tree[node, CHILD]
    while child >= 0:
        if _is_named(data, start, end, names, tree[child, NAME_START], tree[child, NAME_END]):
            return int(child)
        child = tree[child, SIBLING]
    return OUTSIDE if node == OUTSIDE else _UNWANTED


@njit(cache=True, nogil=True)
def _attribute(data: Bytes, at: int, end: int, wanted: Bytes) -> tuple[int, int]:
    """Return where the value of the attribute `wanted` stands in a tag's bytes.

    -1, -1 where there is none, or one that is more than its bytes.
    """
    while at < end:
        while at < end and (_is_blank(data[at]) or data[at] == _SLASH):
            at += 1
        name = at
        while at < end and data[at] != _EQUALS and not _is_blank(data[at]):
            at += 1
        name_end = at
        while at < end and (_is_blank(data[at]) or data[at] == _EQUALS):
            at += 1
        if at >= end:
            break
        mark = data[at]
        at += 1
        value = at
        is_plain = True
        while at < end and data[at] != mark:
            is_plain = is_plain and data[at] <= _LAST_ASCII and data[at] != _AMPERSAND
            at += 1
        if is_plain and _is_named(data, name, name_end, wanted, 0, wanted.size):
            return value, at
        at += 1
    return -1, -1


@njit(cache=True, nogil=True)
def _tag_end(data: Bytes, at: int, lines: int) -> tuple[int, int]:
    """Return the offset of the `>` that ends the tag whose name ends at `at`, -1 if none, lines."""
    mark = 0
    end = min(data.size, at + LONGEST)
    while at < end:
        byte = data[at]
        lines += byte == _LF
        if mark != 0:
            if byte == mark:
                mark = 0
        elif byte == _GREATER:
            return at, lines
        elif byte == _QUOTE or byte == _APOSTROPHE:  # noqa: SIM109, PLR1714 (numba: no sets)
            mark = byte
        at += 1
    return -1, lines


@njit(cache=True, nogil=True, inline="always")
def _text(data: Bytes, at: int, line: int) -> tuple[int, int, int]:
    """Return the offset of the next `<` or the end, the line there, and how the text is marked."""
    special = 0
    while at < data.size:
        byte = data[at]
        if byte == _LESS:
            break
        line += byte == _LF
        if byte > _LAST_ASCII:
            special |= NOT_ASCII
        elif byte == _AMPERSAND or byte == _CR:  # noqa: SIM109, PLR1714 (numba: no sets)
            special |= SPECIAL
        at += 1
    return at, line, special


@njit(cache=True, nogil=True)
def _to_tag(data: Bytes, at: int, line: int) -> tuple[int, int, int]:
    """Do as `_text` does, passing over comments, sections and instructions; -1: one has no end."""
    special = 0
    while True:
        at, line, more = _text(data, at, line)
        special |= more
        if at == data.size:
            return at, line, special
        byte = data[at + 1] if at + 1 < data.size else _BANG
        if byte != _BANG and byte != _QUESTION:  # noqa: PLR1714 (numba: no sets)
            return at, line, special
        special |= SPECIAL | NOT_ASCII
        at, line = _aside(data, at, line)
        if at < 0:
            return at, line, special


@njit(cache=True, nogil=True, inline="always")
def _name(data: Bytes, at: int) -> tuple[int, int]:
    """Return where the name without its prefix begins and ends, of a tag's name at `at`."""
    name = at
    end = min(data.size, at + LONGEST)
    while at < end:
        byte = data[at]
        if _is_blank(byte) or byte == _GREATER or byte == _SLASH:  # noqa: SIM109, PLR1714 (numba: no sets)
            break
        if byte == _COLON:
            name = at + 1
        at += 1
    return name, at


@njit(cache=True, nogil=True)
def _open(
    data: Bytes,
    place: tuple[int, int, int, int, int],
    names: Bytes,
    tree: Ints,
    attribute: Bytes,
    depth: int,
    opened: Ints,
    found: Ints,
    count: int,
) -> int:
    """Enter an element; return how many are found with it, or why it cannot be, negative.

    place: offsets of its tag, of its name's begin and end and of the tag's `>`, and its line.
    """
    begin, name, name_end, tag_end, line = place
    if depth == opened.shape[0]:
        return -TOO_DEEP
    parent = OUTSIDE
    owner = -1
    if depth > 0:
        parent, owner = opened[depth - 1, _NODE], opened[depth - 1, _OWNER]
        if opened[depth - 1, _ROW] >= 0:
            found[opened[depth - 1, _ROW], TEXT_END] = -1  # elements stand within
    node = _child(data, name, name_end, names, tree, parent)
    row = -1
    if node >= 0 and tree[node, MEANING] >= 0:
        if count == found.shape[0]:
            return -TOO_MANY
        row = count
        count += 1
        found[row, MEANS] = tree[node, MEANING]
        found[row, OWNED_BY] = owner
        found[row, START] = begin
        found[row, LINE] = line
        found[row, TEXT_START] = found[row, TEXT_END] = tag_end + 1
        value, value_end = _attribute(data, name_end, tag_end, attribute)
        found[row, VALUE_START] = value
        found[row, VALUE_END] = value_end
        if tree[node, KIND] != PLAIN:
            owner = row
    opened[depth, _NODE] = node
    opened[depth, _ROW] = row
    opened[depth, _OWNER] = owner
    opened[depth, _MARKED] = 0
    return count


@njit(cache=True, nogil=True)
def _close(text_end: int, end: int, line: int, ended: Ints, found: Ints, marked: Bytes) -> int:
    """End an element at `end`, its text at `text_end`; return how long its text is."""
    row = ended[_ROW]
    if row < 0:
        return 0
    has_text = found[row, TEXT_END] >= 0
    found[row, END] = end
    found[row, LAST_LINE] = line
    found[row, TEXT_END] = text_end if has_text else found[row, TEXT_START]
    marked[row] = ended[_MARKED] if has_text else 0
    return int(found[row, TEXT_END] - found[row, TEXT_START])


@njit(cache=True, nogil=True)
def find_elements(
    data: Bytes,
    at: int,
    names: Bytes,
    tree: Ints,
    attribute: Bytes,
    least: int,
    state: Ints,
    opened: Ints,
    found: Ints,
    marked: Bytes,
) -> tuple[int, int, int]:
    """Go on at offset `at`; return (offset reached, elements found, why it ended).

    names, tree  the wanted elements, as above; attribute: the name of the wanted one
    least        elements after which the end of a record ends the batch
    state        int64: depth and line (from 1), kept from call to call; no record may be open
    opened       int64 (greatest depth, 4): the open elements, kept likewise
    found        int64 (elements, 10), in the order of their start tags; marked: uint8 an element,
                 SPECIAL and NOT_ASCII where its text is not just its bytes
    """
    depth, line = state[0], state[1]
    count = 0
    why = DONE
    while why == DONE:
        begin, line, special = _to_tag(data, at, line)
        if depth > 0:
            opened[depth - 1, _MARKED] |= special
        if begin < 0 or begin == data.size:
            at = data.size
            why = UNSOUND if begin < 0 or depth > 0 else why
            break
        first_line = line
        is_end = data[begin + 1] == _SLASH
        name, name_end = _name(data, begin + 1 + is_end)
        tag_end, line = _tag_end(data, name_end, line)
        if tag_end < 0:
            why = LONG_TAG if data.size - begin > LONGEST else UNSOUND
            break
        at = tag_end + 1
        is_over = is_end or data[tag_end - 1] == _SLASH
        if not is_end:
            place = (begin, name, name_end, tag_end, first_line)
            count = _open(data, place, names, tree, attribute, depth, opened, found, count)
            depth += 1
            begin = at  # an empty element ends where it begins
        if count < 0 or (is_over and depth == 0):
            why = -count if count < 0 else UNSOUND
            break
        if is_over:
            depth -= 1
            size = _close(begin, at, line, opened[depth], found, marked)
            why = LONG_TEXT if size > LONGEST else why
            node = opened[depth, _NODE]
            if why == DONE and count >= least and node >= 0 and tree[node, KIND] == RECORD:
                why = READY
    state[0] = depth
    state[1] = line
    return at, count, why


@njit(cache=True, nogil=True)
def first_by_owner(means: Ints, owned_by: Ints, filled: Bytes, rank: Ints, first: Ints) -> None:
    """Write the first element of the lowest rank inside each owner into `first` (int64).

    means, owned_by  int64 an element; filled: uint8, 0: it is passed over
    rank             int32 a meaning, -1: it is passed over
    first            as many as there are elements, filled with -1, which stays where there is none
    """
    for at in range(means.size):
        order = rank[means[at]]
        owner = owned_by[at]
        if order < 0 or owner < 0 or filled[at] == 0:
            continue
        if first[owner] < 0 or order < rank[means[first[owner]]]:
            first[owner] = at


@njit(cache=True, nogil=True)
def line_classes(data: Bytes, starts: Ints, ends: Ints) -> tuple[int, int, int, int]:
    """Return how many lines (hold a record, are blank, stand before the last record, after it).

    starts, ends: int64, where the records stand, ascending. The last line may lack its LF.
    """
    held = 0
    blank = 0
    before = 0
    others = 0
    record = 0
    begin = 0
    size = data.size
    while begin < size:
        end = begin
        filled = False
        while end < size and data[end] != _LF:
            filled = filled or data[end] > _SPACE
            end += 1
        while record < starts.size and ends[record] <= begin:
            record += 1
        if record < starts.size and starts[record] <= end:
            held += 1
            before += others
            others = 0
        elif filled:
            others += 1
        else:
            blank += 1
        begin = end + 1
    return held, blank, before, others
