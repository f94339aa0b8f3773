from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from recon.io.formats.banks.ofx import FORMAT, plain_decimal
from recon.io.reading.contract import Options
from tests.io.formats.examine import (
    canonical_of,
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
)

INVESTED = "investment accounts only"
QUIRK = "pypi__bankfile-0.2.0__"
QUIRKS = (
    "chase_blank-line-before-header-none-after.qfx",
    "chase_non-ascii-byte-declared-usascii.qfx",
    "etrade_charset-none-with-encoding-usascii.ofx",
    "hsbc-brasil_dtstart-ddmmyy.ofx",
    "lcl_check-without-payee.ofx",
    "onpoint-community-credit-union_self-closing-memo-tag.ofx",
    "unnamed-bank_amount-comma-decimal.ofx",
    "unnamed-bank_amount-plus-sign-and-space.ofx",
    "unnamed-bank_character-outside-latin1.ofx",
    "unnamed-bank_charset-8859-1-without-iso-prefix.qfx",
    "unnamed-bank_chknum-instead-of-checknum.ofx",
    "unnamed-bank_empty-tags-curdef-fitid-name.ofx",
    "unnamed-bank_mixed-case-trntype.ofx",
    "unnamed-bank_tags-outside-spec.ofx",
    "unnamed-bank_zero-date.ofx",
)
EXPECTED = {
    "beancount__beangulp__2013-12-03.bofa.ofx": (27, 0, "unproved"),
    "beancount__beangulp__example.ofx": (17, 0, "unproved"),
    "beancount__beangulp__example.qfx": (0, 0, INVESTED),
    "beancount__beangulp__ofxdownload.ofx": (12, 0, "unproved"),
    "csingley__ofxtools__br_nubank_cc.ofx": (6, 0, "unproved"),
    "csingley__ofxtools__invstmtrs.ofx": (0, 0, INVESTED),
    "csingley__ofxtools__stmtrs.ofx": (2, 0, "unproved"),
    "jseutter__ofxparse__bank_medium.ofx": (3, 0, "unproved"),
    "jseutter__ofxparse__bank_small.ofx": (0, 0, "it holds no statement"),
    "jseutter__ofxparse__checking.ofx": (3, 0, "unproved"),
    "jseutter__ofxparse__investment_401k.ofx": (0, 0, INVESTED),
    "jseutter__ofxparse__investment_medium.ofx": (0, 0, INVESTED),
    "jseutter__ofxparse__ofx-v102-empty-tags.ofx": (1, 0, "unproved"),
    "jseutter__ofxparse__signon_fail.ofx": (0, 0, "the bank answers status 15500"),
    "jseutter__ofxparse__vanguard401k.ofx": (0, 0, INVESTED),
    "kedder__ofxstatement__ofx_spec201_stmtrs_example.xml": (2, 0, "unproved"),
} | {QUIRK + name: (1, 0, "unproved") for name in QUIRKS}

SGML = """\
OFXHEADER:100
DATA:OFXSGML
VERSION:102
CHARSET:1252

<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS></SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1<ACCTID>ACC-1</BANKACCTFROM>
<BANKTRANLIST>
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260102235959.123[-5:EST]<TRNAMT>60.50<FITID>F-1
<REFNUM>PAYOUT-1<NAME>ACME &amp; Co<MEMO>night</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260103<DTAVAIL>20260105<TRNAMT>-1 234,50<FITID>F-2
<CURRENCY><CURRATE>1.1<CURSYM>USD</CURRENCY>
</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>90.00<DTASOF>20260131</LEDGERBAL></STMTRS></STMTTRNRS>
</BANKMSGSRSV1></OFX>
"""


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Open tags, entities, day of the bank, currency of the row and references must be right."""
    outcome = read_bytes(FORMAT, SGML.encode(), tmp_path)
    assert outcome.verdict == "unproved"
    assert outcome.reading.all_lines_accounted()
    frame, rejects = canonical_of(FORMAT, tmp_path / "input")
    assert rejects == []
    assert frame.select("amount_minor", "currency", "kind", "bank_ref", "memo").rows() == [
        (6050, "EUR", "CREDIT", "PAYOUT-1", "ACME & Co night //F-1"),
        (-123450, "USD", "DEBIT", "F-2", None),
    ]
    assert [str(day) for day in frame["value_date"]] == ["2026-01-02", "2026-01-05"]
    for row in outcome.rows:
        piece = SGML.encode()[row["byte_start"] : row["byte_end"]]
        assert piece.startswith(b"<STMTTRN>")
        assert piece.endswith(b"</STMTTRN>")


def test_pending_entry_has_the_day_of_the_transaction(tmp_path: Path) -> None:
    """A STMTTRNP bears DTTRAN, for it is not posted yet."""
    pending = "<BANKTRANLISTP><STMTTRNP><TRNTYPE>DEBIT<DTTRAN>20260104<TRNAMT>-3.00</STMTTRNP>"
    text = SGML.replace("<LEDGERBAL>", pending + "</BANKTRANLISTP><LEDGERBAL>")
    outcome = read_bytes(FORMAT, text.encode(), tmp_path)
    assert outcome.rejects == []
    assert outcome.frame["state"].to_list() == ["SUCCESS", "SUCCESS", "PENDING"]
    assert str(outcome.frame["value_date"][2]) == "2026-01-04"
    outcome = read_bytes(FORMAT, text.replace("20260104", "20260140").encode(), tmp_path)
    assert outcome.rejects[0].reasons == ("DTTRAN '20260140' is not a day (YYYYMMDD)",)


def test_no_number_of_an_entry_is_lost(tmp_path: Path) -> None:
    """The number of a cheque must stay beside the reference that is matched by."""
    text = SGML.replace("<REFNUM>PAYOUT-1", "<CHECKNUM>1001<REFNUM>PAYOUT-1")
    frame = read_bytes(FORMAT, text.encode(), tmp_path).frame
    assert frame["bank_ref"][0] == "PAYOUT-1"
    assert frame["memo"][0] == "ACME & Co night 1001 //F-1"


def test_corpus_outcomes() -> None:
    """Every OFX file of the corpus must come out as it was judged by eye."""
    check_expectations(FORMAT, corpus_folder("ofx"), EXPECTED)
    assert claimed_elsewhere(FORMAT, {"ofx"}) == []


def test_every_cut_is_refused(tmp_path: Path) -> None:
    """A file cut anywhere before its last tag ends must be refused."""
    data = SGML.encode().rstrip()
    for cut in range(len(data)):
        assert read_bytes(FORMAT, data[:cut], tmp_path).refusal is not None, cut


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("-29", "-29"),
        ("+ 12.00", "12.00"),
        ("+1 006,60", "1006.60"),
        ("-2000,00", "-2000.00"),
        ("1,006.60", "1006.60"),
        ("1.006,60", "1006.60"),
        ("1'006'000.5", "1006000.5"),
        ("1,006,000", "1006000"),
        (".54", "0.54"),
        ("1,006", None),  # one thousand and six, or one and six thousandths
        ("1.006.60", None),
        ("1,0060,00", None),
        ("12.3.4", None),
        ("--5", None),
        ("5-", None),
        ("1e3", None),
        ("１2", None),
        ("", None),
        ("-", None),
        (".", None),
    ],
)
def test_amounts_are_read_in_one_way_or_not_at_all(text: str, plain: str | None) -> None:
    """An amount that could mean two sums, or none, must not be read."""
    assert plain_decimal(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [("1.125", "1.125"), ("-0001,125", "-1.125"), ("1,006.600", "1006.600"), ("1.0060", "1.0060")],
)
def test_a_currency_of_three_decimals_settles_what_a_mark_means(text: str, plain: str) -> None:
    """Dinars are written with three decimals: the mark before them is no thousands mark."""
    assert plain_decimal(text, 3) == plain


def test_a_card_account_is_cut_to_six_and_four(tmp_path: Path) -> None:
    """The account of a card statement is a card number, which is never kept whole."""
    card = SGML.replace("STMTRS>", "CCSTMTRS>").replace("BANKACCTFROM", "CCACCTFROM")
    card = card.replace("ACC-1", "4111111111111111").replace("<BANKID>1", "")
    outcome = read_bytes(FORMAT, card.encode(), tmp_path)
    assert set(outcome.frame["merchant_id"]) == {"411111******1111"}
    assert outcome.reading.facts["account"] == "411111******1111"


def test_what_stands_behind_the_end_is_refused(tmp_path: Path) -> None:
    """A download joined with itself must not count twice."""
    outcome = read_bytes(FORMAT, SGML.encode() + SGML.encode(), tmp_path)
    assert "behind the end </OFX>" in outcome.verdict


@pytest.mark.parametrize("open_end", ["<!--", "<![CDATA[", "<A "])
def test_openings_without_an_end_take_no_time(tmp_path: Path, open_end: str) -> None:
    """Each opening must not search the whole rest of the file (it did: minutes a megabyte)."""
    text = SGML.replace("<NAME>", "<NAME>" + open_end * 100_000)
    before = process_time()
    read_bytes(FORMAT, text.encode(), tmp_path)
    assert process_time() - before < 5


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("60.50", "1,006", "not one amount for certain"),
        ("20260102235959", "20261302235959", "is not a day"),
        ("20260102235959", "00000000", "is not a day"),
    ],
)
def test_a_bad_transaction_is_a_reject(tmp_path: Path, old: str, new: str, reason: str) -> None:
    """A transaction that is not read in full must be a reject with its reason."""
    outcome = read_bytes(FORMAT, SGML.replace(old, new).encode(), tmp_path)
    assert len(outcome.rows) == 1
    assert reason in outcome.reading.rejects[0].reasons[0]


def test_declarations_are_refused(tmp_path: Path) -> None:
    """A DOCTYPE or an entity declaration must be refused."""
    data = SGML.replace("<OFX>", "<!DOCTYPE x><OFX>", 1).encode()
    assert "DOCTYPE" in read_bytes(FORMAT, data, tmp_path).verdict


def _told_with(*entries: str) -> bytes:
    """Return the sample with further transactions; each is what stands behind its type and day."""
    written = [f"<STMTTRN><TRNTYPE>{one}</STMTTRN>\n" for one in entries]
    return SGML.replace("</BANKTRANLIST>", "".join(written) + "</BANKTRANLIST>").encode()


def test_a_correction_takes_the_place_of_what_it_corrects(tmp_path: Path) -> None:
    """What is replaced or taken away moves no money; nor does what only takes away."""
    day = "CREDIT<DTPOSTED>20260106"
    outcome = read_bytes(
        FORMAT,
        _told_with(
            f"{day}<TRNAMT>7.00<FITID>F-3<CORRECTFITID>F-1<CORRECTACTION>REPLACE",
            f"{day}<TRNAMT>-1234.50<FITID>F-4<CORRECTFITID>F-2<CORRECTACTION>DELETE",
            f"{day}<TRNAMT>9.00<FITID>F-5<CORRECTFITID>OLD<CORRECTACTION>REPLACE",
            f"{day}<TRNAMT>9.00<FITID>F-6<CORRECTFITID>OLD<CORRECTACTION>UNDO",
        ),
        tmp_path,
    )
    assert outcome.frame.select("amount_minor", "bank_ref").rows() == [(700, "F-3")]
    assert [" ".join(reject.reasons) for reject in outcome.rejects] == [
        "transaction 'F-1' is corrected by 'F-3' in the same file",
        "transaction 'F-2' is corrected by 'F-4' in the same file",
        "it takes transaction 'F-2' away and moves no money itself",
        (
            "it replaces transaction 'OLD', which is not in this file: settle by hand the "
            "difference to the one that was told before"
        ),
        "expected CORRECTACTION REPLACE or DELETE, found 'UNDO'",
    ]
    assert outcome.reading.all_lines_accounted()


def test_a_transaction_twice_word_for_word_counts_once(tmp_path: Path) -> None:
    """A number of the bank's own with other content is another transaction; without one, too."""
    entry = "CREDIT<DTPOSTED>20260106<TRNAMT>7.00<FITID>F-3"
    nameless = "CREDIT<DTPOSTED>20260106<TRNAMT>8.00<FITID>000"
    data = _told_with(entry, entry, entry.replace("7.00", "9.00"), nameless, nameless)
    outcome = read_bytes(FORMAT, data, tmp_path)
    assert outcome.frame["amount_minor"].to_list()[2:] == [700, 900, 800, 800]
    reason = (
        "transaction 'F-3' stands in the file before, word for word; if the bank numbers different "
        'money alike, write equal_rows = "distinct" for the source'
    )
    assert [reject.reasons for reject in outcome.rejects] == [(reason,)]
    distinct = read_bytes(FORMAT, data, tmp_path, Options(equal_rows="distinct"))
    assert distinct.frame["amount_minor"].to_list()[2:] == [700, 700, 900, 800, 800]


def test_money_on_hold_is_pending(tmp_path: Path) -> None:
    """The specification knows HOLD for what is not posted yet, wherever a bank puts it."""
    frame = read_bytes(FORMAT, SGML.replace("CREDIT", "HOLD").encode(), tmp_path).frame
    assert frame["state"].to_list() == ["PENDING", "SUCCESS"]


@pytest.mark.parametrize("severity", ["ERROR", "WARN"])
def test_an_error_in_place_of_a_statement_refuses_the_file(tmp_path: Path, severity: str) -> None:
    """The rows of an account for which the bank answers with an error are missing."""
    status = f"<STATUS><CODE>2003<SEVERITY>{severity}<MESSAGE>Unknown</STATUS>"
    answer = f"<STMTTRNRS>{status}</STMTTRNRS>\n</BANKMSGSRSV1>"
    outcome = read_bytes(FORMAT, SGML.replace("</BANKMSGSRSV1>", answer).encode(), tmp_path)
    assert outcome.whole == (severity == "WARN")
    assert outcome.whole or outcome.verdict == (
        "expected a bank or card statement: the bank answers status 2003 Unknown in place of one "
        "of them"
    )


def test_two_transactions_are_never_one(tmp_path: Path) -> None:
    """Where the tags between two of them are lost, the second must not vanish in the first."""
    joined = SGML.replace("</STMTTRN>\n<STMTTRN>", "\n", 1)
    outcome = read_bytes(FORMAT, joined.encode(), tmp_path)
    assert outcome.frame.is_empty()
    assert [reason.split(":")[0] for reason in outcome.rejects[0].reasons] == [
        f"expected one {name} in a transaction, found several"
        for name in ("DTPOSTED", "FITID", "TRNAMT", "TRNTYPE")
    ]
