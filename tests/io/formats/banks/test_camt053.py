from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.io.formats.banks import camt053 as ours
from tests.io.formats.examine import (
    check_expectations,
    claimed_elsewhere,
    corpus_folder,
    read_bytes,
    registered,
)

FORMAT = ours.FORMAT
EXPECTED = {
    "OCA__bank-statement-import__test-camt053-bookgdt-dttm.xml": (1, 0, "held"),
    "OCA__bank-statement-import__test-camt053-no-ntry.xml": (0, 0, "agreed"),
    "OCA__bank-statement-import__test-camt053-txdtls.xml": (2, 0, "agreed"),
    "OCA__bank-statement-import__test-camt053.xml": (4, 0, "held"),
    "OCA__bank-statement-import__test-camt053.zip": (6, 0, "held"),  # one statement twice
    "genkgo__camt__camt053.v2.all-balance-types.xml": (1, 0, "held"),
    "kedder__ofxstatement-iso20022__camt053.xml": (1, 0, "agreed"),
    "kedder__ofxstatement-iso20022__davider80.xml": (16, 0, "agreed"),
    "kedder__ofxstatement-iso20022__simple.xml": (4, 0, "agreed"),
    "prowide__prowide-iso20022__camt.053.001.07.xml": (0, 0, "unproved"),
    "viafintech__camt_parser__valid_example.xml": (5, 0, "agreed"),
    "viafintech__camt_parser__valid_example_v4.xml": (32, 0, "agreed"),
    "viafintech__camt_parser__valid_example_v8.xml": (3, 0, "held"),
    "viafintech__camt_parser__valid_example_with_batch.xml": (3, 0, "held"),  # 3 of 35 entries
    "viafintech__camt_parser__valid_example_with_debit.xml": (5, 0, "held"),
    "viafintech__camt_parser__valid_example_with_instdamt.xml": (1, 0, "held"),
    "viafintech__camt_parser__valid_example_with_other_id.xml": (0, 0, "unproved"),
}

STATEMENT = """\
<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
 <BkToCstmrStmt>
  <GrpHdr><MsgId>M1</MsgId></GrpHdr>
  <Stmt>
   <Id>S1</Id><ElctrncSeqNb>12</ElctrncSeqNb>
   <Acct><Id><IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR</Ccy></Acct>
   <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp>
    <Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
   <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>
    <Amt Ccy="EUR">20.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Bal>
   <TxsSummry><TtlNtries><NbOfNtries>4</NbOfNtries><Sum>245.5</Sum></TtlNtries></TxsSummry>
   <Ntry>
    <NtryRef>N-1</NtryRef><Amt Ccy="EUR">60.50000</Amt><CdtDbtInd>CRDT</CdtDbtInd>
    <Sts><Cd>BOOK</Cd></Sts>
    <BookgDt><DtTm>2026-01-02T23:59:00+01:00</DtTm></BookgDt>
    <ValDt><Dt>2026-01-03</Dt></ValDt><AcctSvcrRef>BANK-1</AcctSvcrRef>
    <NtryDtls><TxDtls><Refs><EndToEndId>PAYOUT-1</EndToEndId></Refs>
     <RltdPties><Dbtr><Nm>Acme Payments</Nm></Dbtr><Cdtr><Pty><Nm>Shop</Nm></Pty></Cdtr></RltdPties>
     <RmtInf><Ustrd>ACME</Ustrd><Ustrd>settlement</Ustrd></RmtInf></TxDtls></NtryDtls>
   </Ntry>
   <Ntry>
    <Amt Ccy="EUR">150</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd>
    <Sts>BOOK</Sts><ValDt><Dt>2026-01-03</Dt></ValDt><AcctSvcrRef>BANK-2</AcctSvcrRef>
    <NtryDtls>
     <TxDtls><Refs><EndToEndId>E-1</EndToEndId></Refs><Amt Ccy="EUR">100.00</Amt></TxDtls>
     <TxDtls><Refs><EndToEndId>E-2</EndToEndId></Refs>
      <AmtDtls><TxAmt><Amt Ccy="EUR">50.00</Amt></TxAmt></AmtDtls></TxDtls>
    </NtryDtls>
   </Ntry>
   <Ntry>
    <Amt Ccy="EUR">30.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>
    <Chrgs><Rcrd><Amt Ccy="EUR">0.50</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs>
    <NtryDtls><Btch><PmtInfId>BATCH-9</PmtInfId></Btch>
     <TxDtls><Refs><EndToEndId>E-3</EndToEndId></Refs><Amt Ccy="EUR">20.00</Amt></TxDtls>
     <TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><Amt Ccy="EUR">10.00</Amt></TxDtls>
    </NtryDtls>
   </Ntry>
   <Ntry><Amt Ccy="EUR">4.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts></Ntry>
  </Stmt>
 </BkToCstmrStmt>
</Document>
"""


def read_text(text: str, tmp_path: Path):
    return read_bytes(FORMAT, text.encode(), tmp_path)


def test_the_amount_before_exchange_and_its_rate_are_kept(tmp_path: Path) -> None:
    """As instructed, of the one detail; of several details that add up, each has its own."""
    dollars = '<InstdAmt><Amt Ccy="USD">64.13</Amt><CcyXchg><XchgRate>1.06</XchgRate></CcyXchg>'
    text = STATEMENT.replace(
        "</Refs>\n     <RltdPties>",
        f"</Refs><AmtDtls>{dollars}</InstdAmt></AmtDtls>\n     <RltdPties>",
    ).replace(
        '<AmtDtls><TxAmt><Amt Ccy="EUR">50.00</Amt></TxAmt>',
        '<AmtDtls><InstdAmt><Amt Ccy="JPY">8000</Amt></InstdAmt>'
        '<TxAmt><Amt Ccy="EUR">50.00</Amt></TxAmt>',
    )
    outcome = read_text(text, tmp_path)
    assert outcome.verdict == "agreed", outcome.totals
    assert outcome.frame.select("amount_minor", "base_minor", "base_currency").rows() == [
        (6050, 6413, "USD"),
        (-10000, None, None),
        (-5000, -8000, "JPY"),
        (-3050, None, None),
        (450, None, None),
    ]
    assert outcome.frame["attributes"][0] == '{"exchange_rate":"1.06"}'


def zip_of(members: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return target.getvalue()


@pytest.mark.parametrize("encoding", ["GBK", "gb18030", "Big5", "UTF-8"])
def test_chinese_statements_are_read_in_the_encoding_they_declare(
    tmp_path: Path, encoding: str
) -> None:
    """Names must be whole, byte ranges of the bytes as sent, and the words of XML undone."""
    text = STATEMENT.replace('encoding="UTF-8"', f'encoding="{encoding}"')
    text = text.replace("Acme Payments", "支付 &amp; <![CDATA[<清算>]]><!-- x -->&#x516C;司")
    data = text.encode(encoding)
    outcome = read_bytes(FORMAT, data, tmp_path)
    assert outcome.verdict == "agreed", outcome.totals
    assert outcome.frame["counterparty"][0] == "支付 & <清算>公司"
    first = outcome.rows[0]
    assert data[first["byte_start"] : first["byte_end"]].endswith(b"</Ntry>")
    last = outcome.rows[-1]
    assert data[last["byte_start"] : last["byte_end"]].startswith(b"<Ntry><Amt")


def test_bytes_outside_the_declared_encoding_are_refused(tmp_path: Path) -> None:
    """Half a character must be a refusal with its line, wherever it stands."""
    text = STATEMENT.replace('encoding="UTF-8"', 'encoding="GBK"')
    data = text.encode().replace(b"Acme Payments", b"Acme \xff\xff")
    outcome = read_bytes(FORMAT, data, tmp_path)
    assert "says it is gb18030, and is not" in outcome.verdict


def test_a_long_statement_is_read_batch_by_batch(tmp_path: Path, monkeypatch) -> None:
    """Batches of single entries must give what one batch gives: rows, places, totals."""
    whole = read_text(STATEMENT, tmp_path)
    monkeypatch.setattr("recon.io.reading.xml_records.BATCH", 1)
    single = read_text(STATEMENT, tmp_path)
    assert single.rows == whole.rows
    assert single.totals == whole.totals
    assert single.reading.facts == whole.reading.facts


def test_sample_is_read_field_by_field(tmp_path: Path) -> None:
    """Batches open only when they add up, pending rows count in no balance, signs are given."""
    outcome = read_text(STATEMENT, tmp_path)
    assert outcome.verdict == "agreed", outcome.reading.controls
    assert outcome.reading.all_lines_accounted()
    assert [(row["amount"], row["reference"], row["status"]) for row in outcome.rows] == [
        ("60.50", "PAYOUT-1", "BOOK"),
        ("-100.00", "E-1", "BOOK"),
        ("-50.00", "E-2", "BOOK"),
        ("-30.50", "E-3", "BOOK"),
        ("4.50", None, "PDNG"),
    ]
    first, unopened = outcome.rows[0], outcome.rows[3]
    assert (first["booking_date"], first["value_date"]) == ("2026-01-02", "2026-01-03")
    assert first["memo"] == "ACME settlement PAYOUT-1 Acme Payments Shop //BANK-1 //N-1"
    assert [row["counterparty"] for row in outcome.rows] == ["Acme Payments", *[None] * 4]
    assert unopened["memo"] == "E-3 charges EUR 0.50 DBIT //BATCH-9"
    names = [one.name for one in outcome.reading.controls]
    assert any("NbOfNtries" in name for name in names)
    assert any("opening + entries = closing" in name for name in names)


def test_entry_without_a_value_date_has_its_booking_day(tmp_path: Path) -> None:
    """ValDt may be absent: a line without any day would be near no payout."""
    text = STATEMENT.replace(
        "<ValDt><Dt>2026-01-03</Dt></ValDt><AcctSvcrRef>BANK-1", "<AcctSvcrRef>BANK-1"
    )
    outcome = read_text(text, tmp_path)
    assert str(outcome.frame["value_date"][0]) == "2026-01-02"
    assert outcome.frame["value_date"][3] is None


@pytest.mark.parametrize(("count", "reference"), [("1", "E-1"), ("7", "BANK-2"), ("seven", "E-1")])
def test_one_detail_of_many_does_not_name_the_entry(
    tmp_path: Path, count: str, reference: str
) -> None:
    """Where a batch counts more transactions than it tells, the one told is not its reference."""
    second = STATEMENT.index("<TxDtls><Refs><EndToEndId>E-2")
    text = STATEMENT[:second] + STATEMENT[STATEMENT.index("</NtryDtls>", second) :]
    text = text.replace(
        "<TxDtls><Refs><EndToEndId>E-1",
        f"<Btch><NbOfTxs>{count}</NbOfTxs></Btch><TxDtls><Refs><EndToEndId>E-1",
    )
    outcome = read_text(text, tmp_path)
    entry = outcome.frame.row(1, named=True)
    assert (entry["amount_minor"], entry["bank_ref"]) == (-15000, reference)
    assert "E-1" in entry["memo"]


@pytest.mark.parametrize(
    "net",
    [
        "<TtlNetNtryAmt>{}</TtlNetNtryAmt><CdtDbtInd>{}</CdtDbtInd>",
        "<TtlNetNtry><Amt>{}</Amt><CdtDbtInd>{}</CdtDbtInd></TtlNetNtry>",
    ],
)
def test_the_net_of_all_entries_is_compared(tmp_path: Path, net: str) -> None:
    """Old and new versions state the net of the entries, with its side."""
    for amount, side, verdict in (
        ("115.5", "DBIT", "agreed"),
        ("115.5", "CRDT", "held"),
        ("115.6", "DBIT", "held"),
    ):
        stated = "<Sum>245.5</Sum>" + net.format(amount, side)
        outcome = read_text(STATEMENT.replace("<Sum>245.5</Sum>", stated), tmp_path)
        assert outcome.verdict == verdict, (amount, side, outcome.totals)


def test_every_reference_of_a_detail_is_in_the_memo(tmp_path: Path) -> None:
    """A payout's number may stand in structured remittance, or in a reference of the network."""
    refs = (
        "<EndToEndId>PAYOUT-1</EndToEndId><UETR>U-1</UETR><Prtry><Tp>X</Tp><Ref>P-1</Ref></Prtry>"
    )
    told = "<RfrdDocInf><Nb>INV-7</Nb></RfrdDocInf><AddtlRmtInf>BATCH 9</AddtlRmtInf>"
    text = STATEMENT.replace("<EndToEndId>PAYOUT-1</EndToEndId>", refs)
    text = text.replace("<RmtInf>", f"<RmtInf><Strd>{told}</Strd>", 1)
    text = text.replace(
        "</RltdPties>", "<UltmtDbtr><Nm>Marketplace</Nm></UltmtDbtr></RltdPties>", 1
    )
    frame = read_text(text, tmp_path).frame
    assert frame["bank_ref"][0] == "PAYOUT-1"
    assert frame["counterparty"][0] == "Acme Payments"
    assert frame["memo"][0] == (
        "ACME settlement BATCH 9 INV-7 PAYOUT-1 U-1 P-1 Acme Payments Shop Marketplace "
        "//BANK-1 //N-1"
    )


def test_details_of_instructed_amounts_open_when_they_add_up(tmp_path: Path) -> None:
    """Older senders tell a batch by what was instructed alone; what does not add up stays shut."""
    told = STATEMENT.replace("TxAmt>", "InstdAmt>")
    assert read_text(told, tmp_path).frame["amount_minor"].to_list()[1:3] == [-10000, -5000]
    less = told.replace('<InstdAmt><Amt Ccy="EUR">50', '<InstdAmt><Amt Ccy="EUR">51')
    assert read_text(less, tmp_path).frame["amount_minor"].to_list()[1] == -15000


def test_byte_ranges_hold_the_element(tmp_path: Path) -> None:
    """The bytes a row points at must be its Ntry or TxDtls, whole."""
    data = STATEMENT.encode()
    for row in read_text(STATEMENT, tmp_path).rows:
        piece = data[row["byte_start"] : row["byte_end"]]
        assert re.fullmatch(rb"<(Ntry|TxDtls)>.*</\1>", piece, re.DOTALL)
        assert data.count(b"\n", 0, row["byte_start"]) + 1 == row["record_no"]


def test_one_line_documents_have_distinct_record_numbers(tmp_path: Path) -> None:
    """Rows of a file without line ends must still have different record numbers."""
    outcome = read_text(STATEMENT.replace("\n", ""), tmp_path)
    assert outcome.verdict == "agreed"
    assert [row["record_no"] for row in outcome.rows] == [1, 2, 3, 4, 5]


def test_long_statements_are_read(tmp_path: Path) -> None:
    """A statement whose indentation alone is longer than the text limit must be read."""
    start = STATEMENT.index("   <Ntry>\n    <NtryRef>")
    entry = STATEMENT[start : STATEMENT.index("   <Ntry>\n    <Amt")]
    text = STATEMENT[:start] + f"{' ' * 40}\n{entry}" * 2000 + STATEMENT[start:]
    assert len(read_text(text, tmp_path).rows) == 2005


def test_corpus_outcomes() -> None:
    """Every camt.053 file of the corpus must come out as it was judged by eye."""
    check_expectations(FORMAT, corpus_folder("camt053"), EXPECTED)


def test_recognises_no_other_file() -> None:
    """No file of another format may be taken for a camt.053."""
    assert claimed_elsewhere(FORMAT, {"camt053"}) == []
    assert registered("camt053") is FORMAT


def test_every_cut_is_refused(tmp_path: Path) -> None:
    """XML cut at any byte before its last tag ends must be refused."""
    data = STATEMENT.encode().rstrip()
    for cut in range(len(data)):
        outcome = read_bytes(FORMAT, data[:cut], tmp_path)
        assert outcome.refusal is not None, cut
        assert outcome.refusal.code == "FILE_SCHEMA"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">100.00</Amt><CdtDbtInd>CRDT", ">100.01</Amt><CdtDbtInd>CRDT"),
        (
            ">20.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Bal>",
            ">20.01</Amt><CdtDbtInd>DBIT</CdtDbtInd></Bal>",
        ),
        ("<Sts>PDNG</Sts>", "<Sts>BOOK</Sts>"),
        ("<NbOfNtries>4<", "<NbOfNtries>5<"),
        ("<Sum>245.5<", "<Sum>245.51<"),
        ("60.50000", "60.51"),
    ],
)
def test_a_wrong_total_holds_the_file(tmp_path: Path, old: str, new: str) -> None:
    """One minor unit, one entry, or a pending entry counted as booked must hold the file."""
    assert old in STATEMENT
    assert read_text(STATEMENT.replace(old, new), tmp_path).verdict == "held"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("60.50000", "60.505", "Amt EUR 60.505 is not"),
        ("60.50000", "-60.50", "Amt EUR -60.50 is not"),
        ("60.50000", "６0.50", "Amt EUR ６0.50 is not"),
        ("60.50000", "", "Amt EUR is not"),
        ('<Amt Ccy="EUR">60.50000</Amt>', "", "Amt (none) is not"),
        (
            "   </Ntry>\n   <Ntry>\n    <Amt Ccy",
            "    <Amt Ccy",
            "expected one Amt, found EUR 60.50000 and another",
        ),
        ("<Cd>BOOK</Cd>", "<Cd>MAYBE</Cd>", "status MAYBE"),
        (
            "<Dt>2026-01-03</Dt></ValDt><AcctSvcrRef>BANK-1",
            "<Dt>2026-02-30</Dt></ValDt><AcctSvcrRef>BANK-1",
            "ValDt 2026-02-30",
        ),
        ("60.50000</Amt><CdtDbtInd>CRDT", "60.5</Amt><CdtDbtInd>X", "CdtDbtInd X"),
    ],
)
def test_a_bad_entry_is_a_reject(tmp_path: Path, old: str, new: str, reason: str) -> None:
    """An entry that is not read in full must be a reject with its reason, and hold the file."""
    assert old in STATEMENT
    outcome = read_text(STATEMENT.replace(old, new), tmp_path)
    assert any(reason in one for one in outcome.reading.rejects[0].reasons)
    assert outcome.verdict == "held"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<!DOCTYPE a [<!ENTITY x 'y'>]><Document/>", "DOCTYPE"),
        ("<a>" * 70 + "</a>" * 70, "nested deeper"),
        ("<a b='" + "x" * 70000 + "'/>", "longer than 64 KiB"),
        ("<a>" + "x" * 70000 + "</a>", "longer than"),
        ("<Ntry/>", "found Ntry"),
        ("<Document><BkToCstmrAcctRpt/></Document>", "camt.052"),
        ("<Document><BkToCstmrDbtCdtNtfctn/></Document>", "camt.054"),
        (
            "<Document xmlns='urn:x:pain.001'><BkToCstmrStmt><Stmt/></BkToCstmrStmt></Document>",
            "not in one of camt.053",
        ),
        ("<Document><BkToCstmrStmt/></Document>", "no statement"),
        ("<?xml version='1.0' encoding='x-none'?><a/>", "unknown encoding"),
        ("", "expected whole XML"),
    ],
)
def test_other_xml_is_refused_with_the_right_reason(
    tmp_path: Path, text: str, problem: str
) -> None:
    """Bombs, other messages and empty documents must be refused, each with its own reason."""
    refusal = read_text(text, tmp_path).refusal
    assert refusal is not None
    assert problem in refusal.problem
    assert refusal.code == "FILE_SCHEMA"


def test_statements_of_a_zip_must_chain(tmp_path: Path) -> None:
    """Two days in one zip are one chain; a missing day in between holds the file."""
    second = STATEMENT.replace(">100.00</Amt><CdtDbtInd>CRDT", ">20.00</Amt><CdtDbtInd>DBIT")
    second = second.replace(
        ">20.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Bal>\n   <TxsSummry>",
        ">140.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Bal>\n   <TxsSummry>",
    )
    for lines in (str, lambda text: text.replace("\n", "")):  # banks write a document in one line
        good = zip_of({"a.xml": lines(STATEMENT), "b.xml": lines(second), "readme.txt": "x"})
        outcome = read_bytes(FORMAT, good, tmp_path)
        assert outcome.verdict == "agreed", outcome.reading.controls
        numbers = [row["record_no"] for row in outcome.rows]
        assert numbers == sorted(set(numbers))
        assert len(numbers) == 10
        assert outcome.reading.all_lines_accounted()
    assert (
        read_bytes(FORMAT, zip_of({"a.xml": second, "b.xml": STATEMENT}), tmp_path).verdict
        == "held"
    )


def test_bad_zips_are_refused(tmp_path: Path) -> None:
    """Climbing names, no fitting member, bombs and cut archives must be refused."""
    packed = zip_of({"a.xml": STATEMENT})
    for data in (
        zip_of({"../a.xml": STATEMENT}),
        zip_of({"a.txt": STATEMENT}),
        zip_of({"a.xml": " " * 5_000_000}),
        packed[:-10],
        packed[:60] + b"\x00" + packed[61:],
    ):
        refusal = read_bytes(FORMAT, data, tmp_path).refusal
        assert refusal is not None
        assert refusal.code == "FILE_SCHEMA"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(re.findall(r"<[^>]*>|[^<]+", STATEMENT)), max_size=40), st.binary())
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, tokens: list[str], tail: bytes
) -> None:
    """Whatever the bytes, the reader must account for each line or refuse the file."""
    folder = tmp_path_factory.mktemp("any", numbered=True)
    head = STATEMENT[: STATEMENT.index("<Stmt>")]
    whole = f"{head}<Stmt>{''.join(tokens)}</Stmt></BkToCstmrStmt></Document>"
    for data in (whole.encode(), "".join(tokens).encode() + tail):
        outcome = read_bytes(FORMAT, data, folder)
        if outcome.refusal is None:
            assert outcome.reading.all_lines_accounted()
