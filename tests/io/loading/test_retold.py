"""The same money in two files of one night is counted once, and said aloud."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from recon.core.codes import Side
from recon.core.plan import InputFile
from recon.io.loading.load import Loaded, load
from recon.io.loading.tonight import Tonight
from recon.io.reading.contract import Options

KEYS = (("order_id",), ("channel_ref",), ("bank_ref",), ("rrn",))
COLUMNS = {"channel_ref": "ref", "amount": "amount", "occurred_at": "time", "memo": "memo"}
HEADER = "ref,amount,time,memo\n"
DAY = [f"R{n},{n}.00,2026-03-04 10:00:0{n},tea\n" for n in range(1, 5)]
LATER = [f"R{n},{n}.00,2026-03-05 10:00:0{n},tea\n" for n in range(5, 9)]
LINES = [f",{n}.00,2026-03-04 10:00:00,fee\n" for n in range(1, 6)]  # nothing names these rows

Night = Callable[..., Loaded]


def tonight(folder: Path, options: dict[str, Options]) -> Tonight:
    """Return what the files of 4 March are loaded with."""
    return Tonight(date(2026, 3, 4), folder / "work", folder / "staging", options, KEYS)


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """Return a function that loads files of a source: name -> rows."""

    def run(files: dict[str, list[str]], side: Side = Side.CHANNEL, **options: str) -> Loaded:
        inputs = []
        for name, rows in files.items():
            path = tmp_path / f"{name}.csv"
            path.write_text(HEADER + "".join(rows), encoding="utf-8")
            inputs.append(InputFile("psp", 0, side, "delimited", path, name))
        columns = dict(COLUMNS)
        if side is Side.BANK:
            columns["bank_ref"] = columns.pop("channel_ref")
        return load(
            inputs,
            tonight(tmp_path, {"psp": Options(columns=columns, **options)}),  # type: ignore[arg-type]  # of text only
        )

    return run


def states(loaded: Loaded) -> dict[str, str]:
    """Return the state of each file."""
    return dict(loaded.inputs.select("path", "state").rows())


@pytest.mark.parametrize("rows", [DAY, DAY[:1], DAY[::-1], LINES[:3]])
def test_a_part_of_another_file_is_not_loaded_twice(night: Night, rows: list[str]) -> None:
    """A day's bill beside the month's, also in another order, counts once and says where."""
    loaded = night({"day": rows, "month": [*DAY, *LATER, *LINES]})
    assert states(loaded) == {"day": "DUPLICATE", "month": "UNVERIFIED"}
    assert loaded.slim.height == 13
    message = loaded.inputs["message"][0]
    assert f"each of its {len(rows)} rows stands in month as well" in message


def test_a_file_in_pieces_beside_the_whole(night: Night) -> None:
    """Several pieces of one file are all known again; the whole counts."""
    loaded = night({"a": DAY[:2], "b": DAY[2:], "c": DAY})
    assert states(loaded) == {"a": "DUPLICATE", "b": "DUPLICATE", "c": "UNVERIFIED"}


def test_overlapping_ranges_are_left_to_their_rows(night: Night) -> None:
    """Files that overlap in part both load: rows with references are known again one by one."""
    loaded = night({"a": [*DAY, *LATER[:2]], "b": LATER})
    assert set(states(loaded).values()) == {"UNVERIFIED"}
    prints = loaded.slim["fingerprint"]
    assert (len(prints), prints.n_unique()) == (10, 8)


def test_equal_rows_that_nothing_names_are_held(night: Night) -> None:
    """Rows without a reference in two overlapping files may be the same money: nobody guesses."""
    odd = [",9.00,2026-03-04 11:00:00,fee\n"]
    loaded = night({"a": LINES, "b": [*LINES[:4], *odd]}, Side.BANK)
    assert states(loaded) == {"a": "UNVERIFIED", "b": "HELD"}
    message = loaded.inputs["message"][1]
    assert "found 4 of 5 rows without a reference of their own in a as well" in message
    assert "fix: deliver files that do not overlap" in message
    single = night({"c": LINES[:2], "d": [LINES[0], *odd]}, Side.BANK)
    assert set(states(single).values()) == {"UNVERIFIED"}, "one equal line proves nothing"


def test_equal_rows_may_be_declared_distinct(night: Night) -> None:
    """A source whose files are of several accounts may say that equal rows are different money."""
    loaded = night({"a": LINES, "b": LINES}, Side.BANK, equal_rows="distinct")
    assert states(loaded)["b"] == "DUPLICATE", "the same bytes are the same file all the same"
    loaded = night({"c": LINES, "d": LINES[:4]}, Side.BANK, equal_rows="distinct")
    assert set(states(loaded).values()) == {"UNVERIFIED"}
    assert loaded.slim.height == 9


def test_the_same_payments_in_other_words_are_held(night: Night) -> None:
    """A summary beside its details: same references and amounts, other content."""
    other = [line.replace("tea", "settled") for line in DAY]
    loaded = night({"detail": [*DAY, *LATER], "summary": other})
    assert states(loaded) == {"detail": "UNVERIFIED", "summary": "HELD"}
    assert (
        "found 4 of 4 rows with the reference, kind and amount of rows in detail"
        in (loaded.inputs["message"][1])
    )
    fewer = night({"a": [*DAY, *LATER], "b": other[:2]})
    assert set(states(fewer).values()) == {"UNVERIFIED"}, "two equal references may be a dispute"


CAMT = """<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{number}.001.08">
<{element}><GrpHdr><MsgId>M</MsgId></GrpHdr><{part}><Id>{number}</Id>
<Acct><Id><IBAN>DE1</IBAN></Id></Acct>
{balances}{entries}</{part}></{element}></Document>"""
BALANCE = (
    "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
    "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-04</Dt></Dt></Bal>"
)
ENTRY = (
    "<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
    "<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
    "<AcctSvcrRef>{ref}</AcctSvcrRef></Ntry>\n"
)


def camt(number: str, *entries: tuple[str, str, str]) -> str:
    """Return a message of one account with entries of amount, day and reference."""
    element, part = {
        "052": ("BkToCstmrAcctRpt", "Rpt"),
        "053": ("BkToCstmrStmt", "Stmt"),
        "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    }[number]
    total = sum(int(amount) for amount, _, _ in entries)
    balances = BALANCE.format(code="OPBD", amount="0") + BALANCE.format(code="CLBD", amount=total)
    return CAMT.format(
        number=number,
        element=element,
        part=part,
        balances=balances if number == "053" else "",
        entries="".join(ENTRY.format(amount=a, day=day, ref=ref) for a, day, ref in entries),
    )


@pytest.mark.parametrize("number", ["052", "054"])
@pytest.mark.parametrize(
    ("days", "state"),
    [
        (("2026-03-04",), "DUPLICATE"),
        (("2026-03-05",), None),
        (("2026-03-04", "2026-03-05"), "HELD"),
    ],
)
def test_a_statement_counts_and_the_notification_does_not(
    tmp_path: Path, number: str, days: tuple[str, ...], state: str | None
) -> None:
    """camt.054 or camt.052 beside camt.053 of one account: days that both tell count once."""
    texts = {
        "camt053": camt("053", ("10", "2026-03-04", "X1"), ("20", "2026-03-04", "X2")),
        f"camt{number}": camt(number, *[("5", day, f"N{day}") for day in days]),
    }
    inputs = []
    for form, text in texts.items():
        path = tmp_path / f"{form}.xml"
        path.write_text(text, encoding="utf-8")
        inputs.append(InputFile(form, len(inputs), Side.BANK, form, path, form))
    loaded = load(
        inputs,
        tonight(tmp_path, {form: Options(currency="EUR") for form in texts}),
    )
    found = states(loaded)
    assert found["camt053"] == "ACCEPTED"
    assert found[f"camt{number}"] == (state or "UNVERIFIED"), loaded.inputs["message"].to_list()
    assert loaded.slim.height == (2 if state else 2 + len(days))
    if state:
        messages = " ".join(loaded.inputs["message"].to_list())
        assert "camt053 as well" in messages
        assert "DE1" in messages


STATEMENT_AGAIN = {
    "mt940": ":20:X\n:25:DE1EUR\n:28C:1/1\n:60F:C260304EUR0,\n:61:260304C30,NTRFX\n"
    ":62F:C260304EUR30,\n-\n",
    "ofx": "OFXHEADER:100\n\n<OFX><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>D E1</BANKACCTFROM>"
    "<BANKTRANLIST><STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260304<TRNAMT>30<FITID>1</STMTTRN>"
    "</BANKTRANLIST></STMTRS></OFX>\n",
}


@pytest.mark.parametrize("form", STATEMENT_AGAIN)
def test_a_statement_in_another_format_counts_once(tmp_path: Path, form: str) -> None:
    """The account may have a currency behind its number, or spaces in it."""
    texts = {"camt053": camt("053", ("30", "2026-03-04", "X1")), form: STATEMENT_AGAIN[form]}
    inputs = []
    for name, text in texts.items():
        path = tmp_path / f"{name}.txt"
        path.write_text(text, encoding="utf-8")
        inputs.append(InputFile(name, len(inputs), Side.BANK, name, path, name))
    options = {name: Options(currency="EUR") for name in texts}
    loaded = load(inputs, tonight(tmp_path, options))
    assert states(loaded) == {"camt053": "ACCEPTED", form: "DUPLICATE"}
    assert loaded.slim.height == 1
