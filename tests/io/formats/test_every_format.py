"""All registered formats, from one sample each: read, recognised, and proof against accidents."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from recon.io.formats import FORMATS, recognised
from recon.io.reading.contract import Format
from recon.io.recognition.recognise import probe_of
from tests.io.formats.examine import Outcome, read_bytes
from tests.io.formats.reading import staged
from tests.io.formats.samples import samples

NAMES = [form.name for form in FORMATS]
BY_NAME = {form.name: form for form in FORMATS}
DECLARED = {"delimited", "fixed_width", "json_lines", "xlsx"}  # read by declaration, never by looks
MAPPED_BY_PLACE = {"fixed_width"}  # any text has bytes 1 to 9
ACCIDENTS = 40
Tries = Callable[[int], int]
WRONG = b'\x00\x01\t\n\r\x1a "#,;|`-.0123456789ABCD\x81\xb0\xef\xbb\xbf\xff'
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
HUGE = (
    b"9" * 5_000,
    b"9" * 19,
    b"9" * 40,
    b"-" + b"9" * 18,
    b"0" * 30 + b"1",
    b"1e308",
    b"0.000000000001",
)
PUSHED = (bytes(1_000), b"\xc3(\xed\xa0\x80\xf8\xff", b"A" * 20_000, b"9" * 20_000)


def test_every_format_has_a_sample() -> None:
    """A new format comes with a small file of our own."""
    assert set(samples()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_is_read_whole(name: str, tmp_path: Path) -> None:
    """Every row is accepted, every line is counted, every total that is declared agrees."""
    sample = samples()[name]
    outcome = read_bytes(BY_NAME[name], sample.raw, tmp_path, sample.options)
    assert outcome.verdict in {"agreed", "unproved"}, outcome.totals
    assert outcome.rejects == []
    assert outcome.frame.height == sample.rows
    assert outcome.reading.all_lines_accounted()
    assert outcome.verdict == "agreed" or not BY_NAME[name].has_controls


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_is_recognised_by_its_content_alone(name: str, tmp_path: Path) -> None:
    """A renamed file is recognised as what it is, and as nothing else."""
    twin = BY_NAME[name].twin  # told apart by its name only
    found = names_of(samples()[name].raw, tmp_path)
    assert found == ([] if name in DECLARED else [twin or name])


@pytest.mark.parametrize("name", NAMES)
def test_changed_beginnings_are_never_two_formats(name: str, tmp_path: Path, tries: Tries) -> None:
    """Whatever happens to the first lines, a file is of one format or of none that we know."""
    raw = samples()[name].raw
    chance = random.Random(name)  # noqa: S311 - a fixed sequence of changes
    for _ in range(tries(12)):
        head = bytearray(raw[:400])
        for _ in range(chance.randint(1, 4)):
            head[chance.randrange(len(head))] = chance.choice(WRONG)
        found = names_of(bytes(head) + raw[400:], tmp_path)
        assert len(found) <= 1, (found, bytes(head))


def names_of(raw: bytes, folder: Path) -> list[str]:
    """Return the formats that know these bytes under a name that says nothing."""
    path = folder / "file"
    path.write_bytes(raw)
    return [form.name for form in recognised(probe_of(staged(path)))]


# --- accidents ---------------------------------------------------------------------------------


def cut(raw: bytes, chance: random.Random) -> bytes:
    """Truncate."""
    return raw[: chance.randrange(len(raw))]


def repeat_lines(raw: bytes, chance: random.Random) -> bytes:
    """Repeat one to three lines, there or at the end."""
    lines = raw.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    piece = lines[at : at + chance.randint(1, 3)]
    place = chance.choice((at, len(lines)))
    return b"".join([*lines[:place], *piece, *lines[place:]])


def drop_lines(raw: bytes, chance: random.Random) -> bytes:
    """Leave out a line."""
    lines = raw.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def swap_cells(raw: bytes, chance: random.Random) -> bytes:
    """Swap two cells of one line."""
    lines = raw.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    mark = chance.choice((b",", b"|", b"\t", b";", b" "))
    cells = lines[at].split(mark)
    left, right = chance.randrange(len(cells)), chance.randrange(len(cells))
    cells[left], cells[right] = cells[right], cells[left]
    return b"".join([*lines[:at], mark.join(cells), *lines[at + 1 :]])


def wrong_bytes(raw: bytes, chance: random.Random) -> bytes:
    """Write wrong bytes over some, or between."""
    out = bytearray(raw)
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(out))
        out[at : at + chance.randint(0, 2)] = bytes(chance.choices(WRONG, k=chance.randint(1, 3)))
    return bytes(out)


def other_encoding(raw: bytes, chance: random.Random) -> bytes:
    """Write the text in another encoding."""
    for known in ("utf-8", "gb18030"):
        try:
            text = raw.decode(known)
        except UnicodeDecodeError:
            continue
        return text.encode(chance.choice(("gb18030", "utf-16", "utf-8-sig", "utf-8")))
    return raw


def huge_numbers(raw: bytes, chance: random.Random) -> bytes:
    """Put a number that is beyond reason in the place of one."""
    found = list(re.finditer(rb"[0-9]+(?:\.[0-9]+)?", raw))
    if not found:
        return raw
    match = chance.choice(found)
    return raw[: match.start()] + chance.choice(HUGE) + raw[match.end() :]


def line_ends(raw: bytes, chance: random.Random) -> bytes:
    """Write other line ends."""
    even = raw.replace(b"\r\n", b"\n")
    return even.replace(b"\n", chance.choice((b"\r\n", b"\n", b"\r", b"\n\n")))


def full_width(raw: bytes, _chance: random.Random) -> bytes:
    """Write digits as full-width ones."""
    try:
        return raw.decode("utf-8").translate(FULL_WIDTH).encode()
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace").translate(FULL_WIDTH).encode("gb18030")


def first_lines(raw: bytes, chance: random.Random) -> bytes:
    """Leave the beginning only: nothing, a header, a header and titles."""
    return b"".join(raw.splitlines(keepends=True)[: chance.randint(0, 4)])


def twice(raw: bytes, _chance: random.Random) -> bytes:
    """Join the file with itself."""
    return raw + raw


def turned_bits(raw: bytes, chance: random.Random) -> bytes:
    """Turn single bits over."""
    out = bytearray(raw)
    for _ in range(chance.randint(1, 8)):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def pushed_in(raw: bytes, chance: random.Random) -> bytes:
    """Push in a stretch of NULs, text that is no UTF-8, or a field as long as a file."""
    at = chance.randrange(len(raw))
    return raw[:at] + chance.choice(PUSHED) + raw[at:]


ACCIDENT = (
    cut,
    repeat_lines,
    drop_lines,
    swap_cells,
    wrong_bytes,
    other_encoding,
    huge_numbers,
    line_ends,
    full_width,
    first_lines,
    twice,
    turned_bits,
    pushed_in,
)


@pytest.mark.parametrize("name", NAMES)
def test_accidents_give_rows_and_rejects_or_a_named_error(
    name: str, tmp_path: Path, tries: Tries
) -> None:
    """No accident is a crash; every line is counted; every refusal says what to do."""
    sample = samples()[name]
    chance = random.Random(name)  # noqa: S311 - a fixed sequence of accidents
    for turn in range(tries(ACCIDENTS)):
        raw = sample.raw
        for accident in chance.sample(ACCIDENT, 1 + turn % 3):
            raw = accident(raw, chance) if raw.strip() else raw
        outcome = read_bytes(BY_NAME[name], raw, tmp_path, sample.options)
        assert_accounted(BY_NAME[name], outcome, raw)


@pytest.mark.parametrize("name", NAMES)
def test_foreign_files_give_no_rows(name: str, tmp_path: Path) -> None:
    """Another format's sample under this name is a named error, or nothing but rejects."""
    if name in MAPPED_BY_PLACE or BY_NAME[name].twin:
        return
    chance = random.Random(name)  # noqa: S311 - a fixed choice of others
    others = [other for other in NAMES if other not in {name, "ums_pages"}]
    for other in chance.sample(others, 12):
        if BY_NAME[other].twin == name or BY_NAME[name].title_en == BY_NAME[other].title_en:
            continue
        outcome = read_bytes(BY_NAME[name], samples()[other].raw, tmp_path, samples()[name].options)
        assert_accounted(BY_NAME[name], outcome, samples()[other].raw)
        assert outcome.refusal is not None or outcome.frame.height == 0, other


PARTLY_PROVED = {  # formats that declare something, and what changes money without being seen
    "alipay_trade": "the footer sums what the merchant received, not orders, fees and shares",
    "personal_alipay": "rows under neither direction are in no sum that is known",
    "personal_jd": "rows under neither direction are in no sum that is known",
    "statement_boc": "the first row has no balance before it",
    "statement_bocom": "the first row has no balance before it",
    "statement_abc": "the first row has no balance before it",
    "statement_cmb": "the first row has no balance before it",
    "statement_hsbc_hk": "the first row has no balance before it",
    "statement_shengjing": "the first row has no balance before it",
    "settlement_jiangsu": "a count of rows",
    "settlement_dianyin": "a count of rows",
    "mt942": "expected entries are in no sum",
    "camt052": "an interim report need not have balances",
    "camt054": "a notification has no balances",
    "adyen_settlement": "the batch adds up in nets, not in fees",
    "paypal_subscriptions": "an agreement moves no money",
    "dlocal_settlement": "the transfer adds up in its own currency, not in the payers'",
    "ingenico_wx": "a count of records",
    "visa_ctf": "a transaction code tells sales from cash; totals are unsigned",
}
IN_PARTS = {  # formats with rows that nothing counts: details of an entry, the payout of its items
    *("camt052", "camt053", "camt054", "stripe_report", "adyen_settlement", "mt942"),
    *("statement_boc", "statement_bocom", "statement_abc", "statement_cmb"),
    *("statement_hsbc_hk", "statement_shengjing"),
}


@cache
def agreed(name: str) -> bool:
    """Return whether a format's sample declares something that agrees, and has lines."""
    sample = samples()[name]
    if b"\x00" in sample.raw or sample.raw.startswith((b"PK", b"PAR1", b"ARROW1")):
        return False
    with TemporaryDirectory() as folder:
        outcome = read_bytes(BY_NAME[name], sample.raw, Path(folder), sample.options)
    return outcome.verdict == "agreed"


AGREED = [name for name in NAMES if name != "query" and agreed(name)]


def test_what_is_partly_proved_is_listed() -> None:
    """The lists name formats that declare something; most of these are proved whole."""
    assert set(PARTLY_PROVED) | IN_PARTS <= set(AGREED)
    assert len(AGREED) > len(PARTLY_PROVED) + 20


@pytest.mark.parametrize("name", [name for name in AGREED if name not in PARTLY_PROVED])
def test_no_changed_digit_changes_money_in_silence(name: str, tmp_path: Path, tries: Tries) -> None:
    """One digit more or less anywhere: the money is the same, or the file says it is not."""
    sample = samples()[name]
    form = BY_NAME[name]
    sums = money_of(read_bytes(form, sample.raw, tmp_path, sample.options))
    chance = random.Random(name)  # noqa: S311 - a fixed choice of digits
    places = [match.start() for match in re.finditer(rb"[0-9]", sample.raw)]
    for at in chance.sample(places, min(len(places), tries(90))):
        raw = bytearray(sample.raw)
        raw[at] = ord(b"0") + (raw[at] - ord(b"0") + chance.randint(1, 9)) % 10
        outcome = read_bytes(form, bytes(raw), tmp_path, sample.options)
        if outcome.whole and not outcome.rejects:
            assert money_of(outcome) == sums, (at, bytes(raw[max(0, at - 20) : at + 20]))


@pytest.mark.parametrize("name", [name for name in AGREED if name not in IN_PARTS])
def test_no_lost_or_repeated_line_changes_money_in_silence(name: str, tmp_path: Path) -> None:
    """A line of a row left out, or standing twice, is refused, rejected, or makes the file held."""
    sample = samples()[name]
    form = BY_NAME[name]
    whole = read_bytes(form, sample.raw, tmp_path, sample.options)
    lines = sample.raw.splitlines(keepends=True)
    begin = 0
    for at, line in enumerate(lines):
        first, begin = begin, begin + len(line)
        if not any(row["byte_start"] < begin and row["byte_end"] > first for row in whole.rows):
            continue
        for change in (lines[:at] + lines[at + 1 :], lines[: at + 1] + lines[at:]):
            outcome = read_bytes(form, b"".join(change), tmp_path, sample.options)
            if outcome.whole and not outcome.rejects:
                assert money_of(outcome) == money_of(whole), (at, line)
                assert outcome.frame.height == whole.frame.height, (at, line)


def money_of(outcome: Outcome) -> tuple[int, ...]:
    """Return the sums of amounts, fees and nets."""
    names = ("amount_minor", "fee_minor", "net_minor")
    return tuple(int(outcome.frame[name].fill_null(0).sum()) for name in names)


def assert_accounted(form: Format, outcome: Outcome, raw: bytes) -> None:
    """Assert that a file was refused by name, or that every line of it is in one place."""
    if outcome.refusal is not None:
        assert outcome.refusal.code in {"FILE_SCHEMA", "FILE_TOTAL", "FILE_EMPTY"}
        assert outcome.refusal.fix
        assert outcome.refusal.problem
        return
    assert outcome.reading.all_lines_accounted(), (form.name, raw[:300])
    numbers = [row["record_no"] for row in outcome.rows]
    assert numbers == sorted(set(numbers)), "record numbers grow"
    both = {reject.record_no for reject in outcome.reading.rejects} & set(numbers)
    assert not both, "a record is a row or a reject"
    for reject in outcome.rejects:
        assert reject.reasons
        assert all(reject.reasons)
        assert 0 <= reject.byte_start <= reject.byte_end <= len(raw)
