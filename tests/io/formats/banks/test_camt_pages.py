from __future__ import annotations

import re
from pathlib import Path

import pytest

from recon.io.formats.banks.camt053 import FORMAT
from tests.io.formats.banks.test_camt053 import STATEMENT, read_text, zip_of
from tests.io.formats.examine import read_bytes


def _without_balances(text: str, pages: str) -> str:
    """Return a statement that no balances prove, with what it says of its pages."""
    return re.sub(r"<Bal>.*?</Bal>", "", text, flags=re.DOTALL).replace("<Acct>", pages + "<Acct>")


@pytest.mark.parametrize(
    ("last", "whole"), [("false", "held"), ("0", "held"), ("true", "agreed"), ("1", "agreed")]
)
def test_a_page_that_is_not_the_last_waits_for_the_next(
    tmp_path: Path, last: str, whole: str
) -> None:
    """Where no balance shows it, the statement's or the message's own page number does."""
    page = f"<PgNb>1</PgNb><LastPgInd>{last}</LastPgInd>"
    own = _without_balances(STATEMENT, f"<StmtPgntn>{page}</StmtPgntn>")
    of_message = _without_balances(STATEMENT, "").replace(
        "<MsgId>M1</MsgId>", f"<MsgId>M1</MsgId><MsgPgntn>{page}</MsgPgntn>"
    )
    assert read_text(own, tmp_path).verdict == whole
    assert read_text(of_message, tmp_path).verdict == whole
    assert read_text(
        STATEMENT.replace("<Acct>", f"<StmtPgntn>{page}</StmtPgntn><Acct>"), tmp_path
    ).whole


def test_pages_of_one_delivery_are_whole(tmp_path: Path) -> None:
    """Page 1 and page 2 in one zip miss nothing; page 2 alone misses page 1."""
    page = "<StmtPgntn><PgNb>{}</PgNb><LastPgInd>{}</LastPgInd></StmtPgntn>"
    first = _without_balances(STATEMENT, page.format(1, "false"))
    second = _without_balances(STATEMENT, page.format(2, "true")).replace("S1", "S2")
    both = read_bytes(FORMAT, zip_of({"a.xml": first, "b.xml": second}), tmp_path)
    assert both.verdict == "agreed"
    alone = read_text(second, tmp_path)
    assert [one.name for one in alone.totals if not one.agrees] == [
        "DE02120300000000202051: the page before page 2 is in the file"
    ]


def test_balances_between_pages_are_known_by_their_sub_type(tmp_path: Path) -> None:
    """An INTM closing ends a page, not the statement; other sub-types are no ends at all."""
    interim = "<SubTp><Cd>INTM</Cd></SubTp>"
    first = STATEMENT.replace("CLBD</Cd></CdOrPrtry>", "CLBD</Cd></CdOrPrtry>" + interim)
    second = STATEMENT.replace(">100.00</Amt><CdtDbtInd>CRDT", ">20.00</Amt><CdtDbtInd>DBIT")
    second = second.replace(
        ">20.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Bal>\n   <TxsSummry>",
        ">140.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Bal>\n   <TxsSummry>",
    ).replace("OPBD</Cd></CdOrPrtry>", "OPBD</Cd></CdOrPrtry>" + interim)
    assert read_bytes(FORMAT, zip_of({"a.xml": first, "b.xml": second}), tmp_path).whole
    for page in (first, second):
        failed = [one.name for one in read_text(page, tmp_path).totals if not one.agrees]
        assert len(failed) == 1
        assert failed[0].endswith("in the file")
    blocked = STATEMENT.replace(
        "<TxsSummry>",
        "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry>"
        '<SubTp><Cd>BLCK</Cd></SubTp></Tp><Amt Ccy="EUR">9</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>'
        "<TxsSummry>",
    )
    assert read_text(blocked, tmp_path).verdict == "agreed"


def test_a_statement_twice_is_refused(tmp_path: Path) -> None:
    """Entries that come to nothing break no chain of balances, yet they would count twice."""
    even = (
        STATEMENT.replace(
            ">20.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Bal>\n   <TxsSummry>",
            ">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>\n   <TxsSummry>",
        )
        .replace("60.50000", "180.50")
        .replace("245.5", "365.5")
    )
    assert read_text(even, tmp_path).verdict == "agreed"
    part = re.search(r"  <Stmt>.*</Stmt>\n", even, re.DOTALL)
    assert part is not None
    twice = read_text(even.replace(part[0], part[0] * 2), tmp_path)
    assert twice.verdict == "expected each Stmt once, found 12 with the same entries again"
    copies = zip_of({"a.xml": even, "copy.xml": even})
    assert read_bytes(FORMAT, copies, tmp_path).verdict == twice.verdict
    other = part[0].replace("<Id>S1", "<Id>S2")
    assert read_text(even.replace(part[0], part[0] + other), tmp_path).verdict == "agreed"
