from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import mt940
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.io.formats.banks import mt940 as ours
from recon.io.formats.banks.swift import counterparty
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
    read_path,
    registered,
)

FORMAT = ours.FORMAT
BEFORE = "stands before any :20:"
EXPECTED = {
    "OCA__bank-statement-import__Voorbeeld_MT-940.mt940": (21, 0, "agreed"),
    "OCA__bank-statement-import__test-ing-old.940": (8, 0, "agreed"),
    "OCA__bank-statement-import__test-ing.940": (8, 0, "agreed"),
    "WoLpH__mt940__ASNB_0708271685_09022020_164516.940.txt": (8, 0, "agreed"),
    "WoLpH__mt940__betterplace_amount_formats.sta": (0, 0, BEFORE),
    "WoLpH__mt940__betterplace_currency_in_25.sta": (0, 0, BEFORE),
    "WoLpH__mt940__betterplace_empty_86.sta": (0, 0, BEFORE),
    "WoLpH__mt940__cmxl_account_balance_credit.sta": (0, 0, BEFORE),
    "WoLpH__mt940__cmxl_account_balance_debit.sta": (0, 0, BEFORE),
    "WoLpH__mt940__cmxl_account_identification_iban.sta": (0, 0, BEFORE),
    "WoLpH__mt940__cmxl_account_identification_legacy.sta": (0, 0, BEFORE),
    "WoLpH__mt940__cmxl_available_balance.sta": (0, 0, BEFORE),
    "WoLpH__mt940__cmxl_closing_balance.sta": (0, 0, BEFORE),
    "WoLpH__mt940__cmxl_mt940.sta": (5, 11, "agreed"),  # DEM is no currency any more
    "WoLpH__mt940__cmxl_reference.sta": (0, 0, "no account (:25:), no opening balance"),
    "WoLpH__mt940__cmxl_statement_details.sta": (0, 0, BEFORE),
    "WoLpH__mt940__cmxl_statement_line.sta": (0, 0, BEFORE),
    "WoLpH__mt940__cmxl_statement_number.sta": (0, 0, BEFORE),
    "WoLpH__mt940__jejik_abnamro.sta": (10, 0, "held"),  # its publisher cut rows
    "WoLpH__mt940__jejik_generic.sta": (2, 0, "agreed"),
    "WoLpH__mt940__jejik_ing.sta": (7, 0, "held"),  # counts in its own :86: disagree too
    "WoLpH__mt940__jejik_rabobank-iban.sta": (4, 0, "agreed"),
    "WoLpH__mt940__jejik_rabobank.sta": (5, 0, "held"),
    "WoLpH__mt940__jejik_triodos.sta": (2, 0, "held"),
    "WoLpH__mt940__mBank_mt940.sta": (3, 0, "agreed"),
    "WoLpH__mt940__mBank_with_newline_in_tnr.sta": (2, 0, "held"),
    "WoLpH__mt940__self-provided_details_60-63.sta": (1, 0, "held"),
    "WoLpH__mt940__self-provided_gv_codes.sta": (0, 0, "no closing balance"),
    "WoLpH__mt940__self-provided_invalid_statement.sta": (0, 0, "expected the field :20:"),
    "WoLpH__mt940__self-provided_long_statement_number.sta": (0, 0, "agreed"),
    "WoLpH__mt940__self-provided_malformed_details.sta": (1, 0, "held"),
    "WoLpH__mt940__self-provided_mt942.sta": (0, 0, "belongs to an MT942"),
    "WoLpH__mt940__self-provided_overly_long_details.sta": (1, 0, "held"),
    "WoLpH__mt940__self-provided_raphaelm.sta": (0, 0, ":62M: is not"),  # no currency
    "WoLpH__mt940__self-provided_sparkassen.sta": (0, 0, BEFORE),
    "railslove__cmxl__mt940-abnamro.txt": (10, 0, "held"),
    "railslove__cmxl__mt940-deutsche_bank.txt": (5, 11, "agreed"),
    "railslove__cmxl__mt940-handelsbank.txt": (0, 0, "agreed"),
    "railslove__cmxl__mt940-headers.txt": (0, 0, ":62F: is not"),
    "railslove__cmxl__mt940-with-colon-after-line-break.txt": (0, 0, "no closing balance"),
    "railslove__cmxl__mt940-with-detailed-end-balance.txt": (1, 0, "held"),
    "railslove__cmxl__mt940.txt": (5, 22, "held"),  # the first statement stands in it twice
    "sandermarechal__jejik-mt940__bug-core-5401.txt": (1, 0, "held"),
    "sandermarechal__jejik-mt940__commerzbank.txt": (1, 0, "held"),
    "sandermarechal__jejik-mt940__oldenburgischelandesbankmitbindestrich.txt": (1, 0, "held"),
    "sandermarechal__jejik-mt940__sparkasse.txt": (2, 0, "agreed"),
    "sandermarechal__jejik-mt940__sparkasse3.txt": (1, 0, "held"),
    "sandermarechal__jejik-mt940__sparkasse_interim_balance.txt": (2, 0, "held"),
    "webschik__mt940-js__abn-amro-1.STA": (1, 0, "held"),
}

PAGES = """\
{1:F01BANKDEFFXXXX0000000000}{2:O940BANKDEFFXXXXN}{4:
:20:NIGHT1
:25:DE02120300000000202051
:28C:7/1
:60F:C251230EUR100,00
:61:2512310102C60,5NTRFPAYOUT-1//BANK-1
/OCMT/CNY480,00/
:86:166?00GUTSCHRIFT?20EREF+IGNORED?21SVWZ+ACME settlement 2025?22-12-30?32ACME ?33GmbH
:61:2512310102RC10,00NTRFNONREF//BANK-2
:86:899?00STORNO?20EREF+REV-?2177 SVWZ+wrong
:12: this line starts with a colon and is no field
:62M:C251231EUR150,50
-}{5:}
{1:F01BANKDEFFXXXX0000000000}{2:O940BANKDEFFXXXXN}{4:
:20:NIGHT1
:25:DE02120300000000202051
:28C:7/2
:60M:C251231EUR150,50
:61:2601020102RDR0,50NMSCNONREF
:86:/EREF/E2E-9//REMI/USTD//returned/
:61:2601020102D1,NCHGNONREF
:62F:C260102EUR150,00
:64:C260102EUR150,00
:86:statement text, no row
-}{5:}
"""


def read_text(text: str, tmp_path: Path):
    return read_bytes(FORMAT, text.encode(), tmp_path)


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Signs, references, dates and memos of a two-page statement must be exactly these."""
    outcome = read_text(PAGES, tmp_path)
    assert outcome.verdict == "agreed"
    assert outcome.reading.all_lines_accounted()
    rows = [
        (row["amount"], row["reference"], row["bank_reference"], row["value_date"])
        for row in outcome.rows
    ]
    assert rows == [
        ("60.50", "PAYOUT-1", "BANK-1", "2025-12-31"),
        ("-10.00", "REV-77", "BANK-2", "2025-12-31"),
        ("0.50", "E2E-9", None, "2026-01-02"),
        ("-1.00", None, None, "2026-01-02"),
    ]
    first = outcome.rows[0]
    assert first["entry_date"] == "2026-01-02"
    assert first["memo"].startswith("/OCMT/CNY480,00/ 166 GUTSCHRIFT EREF+IGNORED")
    assert "settlement 2025-12-30 ACME GmbH //BANK-1" in first["memo"]
    assert ":12: this line" in outcome.rows[1]["memo"]
    assert [row["counterparty"] for row in outcome.rows] == ["ACME GmbH", None, None, None]
    assert outcome.reading.facts["closing"] == "EUR 150.00"


@pytest.mark.parametrize(
    ("info", "payer", "payee"),
    [
        ("166?00GUTSCHRIFT?20EREF+1?32LAKALA PAY?33MENT", "LAKALA PAYMENT", "LAKALA PAYMENT"),
        ("/TRTP/SEPA/IBAN/NL30/BIC/RABONL2U/NAME/V. Oornaam/REMI/x", "V. Oornaam", "V. Oornaam"),
        ("/ORDP//NAME/A. Payer/BENM//NAME/A. Payee/REMI/x", "A. Payer", "A. Payee"),
        (
            "/EREF/x//CNTP/NL32INGB0000012345/INGBNL2A/ING inzake WeB/ /REMI/x",
            *["ING inzake WeB"] * 2,
        ),
        ("settlement of /NAME and others", "", ""),
        ("", "", ""),
    ],
)
def test_the_other_party_is_named(info: str, payer: str, payee: str) -> None:
    """A credit has its payer, a debit its payee, by the styles in which banks write them."""
    assert (counterparty(info, 1), counterparty(info, -1)) == (payer, payee)


def test_tags_of_a_purpose_are_kept_apart(tmp_path: Path) -> None:
    """A reference that ends in letters must not run into the tag of the next part."""
    info = ":86:166?00GUT?20EREF+ORDER-AB?21CD?22KREF+KX?23SVWZ+Bill of Ma?24y"
    lines = [":20:A", ":25:X", ":28C:1", ":60F:C260101EUR0,", ":61:260102C5,NTRFNONREF", info]
    text = "\n".join([*lines, ":62F:C260102EUR5,", "-"])
    outcome = read_text(text, tmp_path)
    assert outcome.frame["bank_ref"].to_list() == ["ORDER-ABCD"]
    assert outcome.frame["memo"].to_list() == ["166 GUT EREF+ORDER-ABCD KREF+KX SVWZ+Bill of May"]


def test_byte_ranges_hold_the_entry(tmp_path: Path) -> None:
    """The bytes a row points at must be its :61: line to the end of its :86: text."""
    for text in (PAGES, PAGES.replace("\n", "\r\n")):
        data = text.encode()
        for row in read_text(text, tmp_path).rows:
            piece = data[row["byte_start"] : row["byte_end"]]
            assert piece.startswith(b":61:")
            assert not piece.endswith((b"\r", b"\n"))
            assert data.count(b"\n", 0, row["byte_start"]) + 1 == row["record_no"]


def test_the_same_statement_twice_is_refused(tmp_path: Path) -> None:
    """Where its entries come to nothing, no balance would show that it counts twice."""
    text = (
        ":20:A\n:25:DE1\n:28C:1\n:60F:C260101EUR5,\n:61:260101C1,NTRFX\n:61:260101D1,NTRFY\n"
        ":62F:C260101EUR5,\n-\n"
    )
    assert read_bytes(FORMAT, text.encode(), tmp_path).verdict == "agreed"
    twice = read_bytes(FORMAT, (text + text).encode(), tmp_path)
    assert "stands in the file already" in twice.verdict
    later = read_bytes(FORMAT, (text + text.replace("28C:1", "28C:2")).encode(), tmp_path)
    assert (later.verdict, later.frame.height) == ("agreed", 4)


def test_corpus_outcomes() -> None:
    """Every MT940 file of the corpus must come out as it was judged by eye."""
    check_expectations(FORMAT, corpus_folder("mt940"), EXPECTED)


def test_recognises_no_other_file() -> None:
    """No file of another format may be taken for an MT940; whole MT940 files must be."""
    assert claimed_elsewhere(FORMAT, {"mt940"}) == []
    assert registered("mt940") is FORMAT


def test_agrees_with_the_public_library() -> None:
    """Dates and amounts must be the library's, signs too except where it misreads RC and RD."""
    compared = 0
    for path in sorted(corpus_folder("mt940").iterdir()):
        outcome = read_path(FORMAT, path)
        if not outcome.rows:
            continue
        try:
            theirs = list(mt940.parse(path.read_bytes().decode("utf-8")))
        except Exception:  # noqa: BLE001, S112  the library gives up on some real files
            continue
        if len(theirs) != len(outcome.rows):
            continue
        for row, other in zip(outcome.rows, theirs, strict=True):
            amount = other.data["amount"].amount
            sign = -1 if row["mark"] == "RC" else 1
            assert Decimal(row["amount"]) == sign * amount, path.name
            assert row["value_date"] == other.data["date"].isoformat(), path.name
            compared += 1
    assert compared > 90


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    """A file cut at any byte must be refused or held, unless whole statements alone are left."""
    text = PAGES.replace("7/1", "7/9").replace(":62M:", ":62F:").replace(":60M:", ":60F:")
    whole = [row["amount"] for row in read_text(text, tmp_path).rows]
    accepted = 0
    for cut in range(len(text.encode())):
        outcome = read_bytes(FORMAT, text.encode()[:cut], tmp_path)
        if outcome.whole:
            assert [row["amount"] for row in outcome.rows] in (whole, whole[:2]), cut
            assert outcome.reading.all_lines_accounted()
            accepted += 1
    assert 0 < accepted < 150


def test_every_cut_of_a_paged_statement_is_noticed(tmp_path: Path) -> None:
    """When a page says that another follows, a cut after it must hold the file."""
    whole = [row["amount"] for row in read_text(PAGES, tmp_path).rows]
    for cut in range(len(PAGES.encode())):
        outcome = read_bytes(FORMAT, PAGES.encode()[:cut], tmp_path)
        assert not outcome.whole or [row["amount"] for row in outcome.rows] == whole, cut


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("EUR150,00\n:64", "EUR150,01\n:64", "opening + entries = closing"),
        ("C251230EUR100,00", "C251230EUR100,01", "opening + entries = closing"),
        (":60M:C251231EUR150,50", ":60M:C251231EUR150,51", "is the closing balance of"),
        ("C60,5N", "C60,6N", "opening + entries = closing"),
        ("RC10,00", "RD10,00", "opening + entries = closing"),
    ],
)
def test_a_wrong_balance_holds_the_file(tmp_path: Path, old: str, new: str, name: str) -> None:
    """One minor unit anywhere in balances or entries must make a control disagree."""
    assert old in PAGES
    outcome = read_text(PAGES.replace(old, new), tmp_path)
    assert outcome.verdict == "held"
    assert any(name in one.name for one in outcome.reading.controls if not one.agrees)


def test_a_missing_page_holds_the_file(tmp_path: Path) -> None:
    """The first or the last page alone must not pass for the statement."""
    half = PAGES.index("{1:", 5)
    for part in (PAGES[:half], PAGES[half:]):
        outcome = read_text(part, tmp_path)
        assert outcome.verdict == "held"
        assert any("page" in one.name for one in outcome.reading.controls if not one.agrees)


def test_a_repeated_statement_holds_the_file(tmp_path: Path) -> None:
    """The same balances twice in a file break their chain; the very same message is refused."""
    other = "".join(
        f"{line}x\n" if line.startswith(":20:") else f"{line}\n" for line in PAGES.splitlines()
    )
    assert read_text(PAGES + other, tmp_path).verdict == "held"
    assert "stands in the file already" in read_text(PAGES + PAGES, tmp_path).verdict


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (":61:2513310102C60,50NTRFX", "is not a day"),
        (":61:2512311302C60,50NTRFX", "is not a day"),
        (":61:251231C60.50NTRFX", ":61: is not"),
        (":61:251231C60,505NTRFX", "finer than EUR allows"),
        (":61:251231C６0,50NTRFX", ":61: is not"),
        (":61:251231X60,50NTRFX", ":61: is not"),
        (":61:251231EC60,50NTRFX", "belongs to MT942"),
        (":61:", ":61: is not"),
    ],
)
def test_a_bad_line_is_a_reject_and_holds_the_page(tmp_path: Path, line: str, reason: str) -> None:
    """A line that is not read in full must be a reject, and the page must not add up."""
    text = PAGES.replace(":61:2512310102C60,5NTRFPAYOUT-1//BANK-1", line)
    outcome = read_text(text, tmp_path)
    assert [reject.record_no for reject in outcome.reading.rejects] == [6]
    assert any(reason in one for one in outcome.reading.rejects[0].reasons)
    assert outcome.verdict == "held"
    assert outcome.reading.all_lines_accounted()


def test_floods_are_refused_at_once(tmp_path: Path) -> None:
    """A million empty lines are no message; one endless line is refused before it fills memory."""
    flood = read_bytes(FORMAT, b"\n" * 1_000_001, tmp_path)
    assert "expected the field :20:" in flood.verdict
    endless = read_bytes(FORMAT, PAGES.encode() + b"x" * 2_000_000, tmp_path)
    assert "expected lines of at most" in endless.verdict


def test_currencies_without_decimals(tmp_path: Path) -> None:
    """Yen must have no minor digits, dinar three."""
    yen = PAGES.replace("EUR", "JPY").replace(",50", ",").replace(",5", ",").replace(",00", ",")
    outcome = read_text(yen.replace("RDR", "RDY"), tmp_path)
    assert [row["amount"] for row in outcome.rows] == ["60", "-10", "0", "-1"]
    dinar = PAGES.replace("EUR", "KWD")
    assert read_text(dinar, tmp_path).rows[0]["amount"] == "60.500"


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    """NUL bytes and UTF-16 must be refused with the place and the fix."""
    for data in (PAGES.encode("utf-16"), PAGES.encode().replace(b"ACME", b"AC\x00E")):
        outcome = read_bytes(FORMAT, data, tmp_path)
        assert outcome.refusal is not None
        assert outcome.refusal.code == "FILE_SCHEMA"
        assert outcome.refusal.fix


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(PAGES.splitlines()),
            st.text(max_size=20),
            st.sampled_from([":61:", ":86:", ":62F:", ":20:", "-}", "{4:", ":60F:C1"]),
        ),
        max_size=25,
    )
)
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, lines: list) -> None:
    """Whatever the lines, the reader must account for each of them or refuse the file."""
    folder = tmp_path_factory.mktemp("any", numbered=True)
    outcome = read_bytes(FORMAT, "\n".join(lines).encode("utf-8", "surrogatepass"), folder)
    if outcome.refusal is None:
        assert outcome.reading.all_lines_accounted()


def test_a_card_as_account_is_cut(tmp_path: Path) -> None:
    """The statement of a credit card: its number stands in `:25:`."""
    text = ":20:X\n:25:4111111111111111EUR\n:28C:1/1\n:60F:C260304EUR0,\n"
    text += ":61:2603040304C5,NTRFA\n:62F:C260304EUR5,\n-\n"
    outcome = read_bytes(FORMAT, text.encode(), tmp_path)
    assert outcome.frame["merchant_id"].to_list() == ["411111******1111EUR"]


def test_the_amount_before_exchange_is_kept(tmp_path: Path) -> None:
    """`/OCMT/` and `/EXCH/`; an amount that its currency does not allow costs no row."""
    text = ":20:X\n:25:1\n:28C:1/1\n:60F:C260304EUR0,\n"
    text += ":61:2603040304C250,75NTRFA\n/OCMT/USD275,00//EXCH/1,0969/\n"
    text += ":61:2603040304D50,75NTRFA\n/OCMT/JPY8,15/\n:62F:C260304EUR200,\n-\n"
    frame = read_bytes(FORMAT, text.encode(), tmp_path).frame
    assert frame.select("amount_minor", "base_minor", "base_currency", "attributes").rows() == [
        (25075, 27500, "USD", '{"exchange_rate":"1,0969"}'),
        (-5075, None, None, None),
    ]


def test_the_reason_of_a_returned_payment_is_kept(tmp_path: Path) -> None:
    """Dutch banks write it between slashes, German ones as a tag of the purpose."""
    text = ":20:X\n:25:1\n:28C:1/1\n:60F:C260304EUR0,\n"
    text += ":61:2603040304C5,NRTIEREF//B\n:86:/RTRN/MS03//EREF/PAYOUT-1//CNTP/1/2/ACME//\n"
    text += ":61:2603040304C5,NRTINONREF\n:86:109?20EREF+PAYOUT-2?21RTRN+AC04?22SVWZ+Retoure\n"
    text += ":61:2603040304C5,NTRFX\n:86:/EREF/RTRN/\n:62F:C260304EUR15,\n-\n"
    frame = read_bytes(FORMAT, text.encode(), tmp_path).frame
    assert frame.select("bank_ref", "attributes").rows()[:2] == [
        ("PAYOUT-1", '{"reason":"MS03"}'),
        ("PAYOUT-2", '{"reason":"AC04"}'),
    ]
    assert frame["attributes"][2] is None


def test_the_end_of_the_block_may_share_the_last_line(tmp_path: Path) -> None:
    """Some systems write `-}` and the trailer behind the closing balance, not on a line below."""
    head = "{1:F01X}{2:I940Y}{4:\n:20:X\n:25:1\n:28C:1/1\n:60F:C260304EUR0,\n"
    text = head + ":61:2603040304C5,NTRFA\n:62F:C260304EUR5,-}{5:{CHK:1}}\n"
    assert read_bytes(FORMAT, text.encode(), tmp_path).verdict == "agreed"


def test_two_accounts_in_a_message_are_refused(tmp_path: Path) -> None:
    """The line between two messages is lost: whose entries follow cannot be told."""
    text = ":20:X\n:25:1\n:25:2\n:28C:1/1\n:60F:C260304EUR0,\n:62F:C260304EUR0,\n-\n"
    outcome = read_bytes(FORMAT, text.encode(), tmp_path)
    assert outcome.verdict == "expected one account in a message, found 2 as well"
