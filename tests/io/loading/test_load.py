from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from recon.core.codes import Kind
from recon.core.money import CURRENCY_NUMBER
from recon.core.schema import INPUTS, RECORD_BITS, REJECTS, SLIM, TRANSACTIONS, conform
from recon.core.texts.digest import digest
from recon.io.loading import load as module
from recon.io.loading import load_file as part_module
from tests.io.loaded import BODY, CSV, HEADER, LINES, MAPPING, WHOLE, fields_of, state_of, wide
from tests.io.tiny_format import TINY


def test_a_whole_file_is_accepted_and_everything_agrees(night):
    """Slim rows, digests, wide rows and inputs of a good file tell the same story."""
    loaded = night({"a": WHOLE})
    assert state_of(loaded) == ("ACCEPTED", "")
    assert dict(loaded.slim.schema) == dict(SLIM.schema)
    assert dict(loaded.inputs.schema) == dict(INPUTS.schema)
    assert dict(loaded.rejects.schema) == dict(REJECTS.schema)
    rows = wide(loaded)
    assert rows.columns == list(TRANSACTIONS.schema)
    assert dict(conform(rows, TRANSACTIONS).schema) == dict(TRANSACTIONS.schema)
    assert rows["txn_id"].to_list() == loaded.slim["txn_id"].to_list()
    assert (loaded.slim["txn_id"] & ((1 << RECORD_BITS) - 1)).to_list() == [2, 3, 4, 5]
    assert rows["record_no"].to_list() == [2, 3, 4, 5]
    assert loaded.slim["amount_minor"].to_list() == [1250, -700, 1250, 105]
    assert loaded.slim["kind"].to_list() == [Kind.PAYMENT, Kind.REFUND, Kind.PAYMENT, Kind.PAYMENT]
    assert loaded.slim["source"].to_list() == [3] * 4
    assert loaded.slim["currency"].to_list() == [CURRENCY_NUMBER["CNY"]] * 4
    assert loaded.slim["occurrence"].to_list() == [0, 0, 1, 0]
    assert loaded.slim["fingerprint"].n_unique() == 4
    assert (loaded.digests["order_id"] == digest([rows["order_id"]])).all()
    assert (loaded.digests["order_id+value_date"] == 0).all()
    row = loaded.inputs.row(0, named=True)
    assert (row["rows"], row["rejected"], row["lines"], row["bytes"]) == (4, 0, 6, len(WHOLE))
    assert json.loads(row["controls"])[1] == {
        "name": "amount",
        "declared": 1905,
        "computed": 1905,
        "currency": "CNY",
        "agrees": True,
    }


def test_evidence_points_at_the_bytes(night):
    """The byte range of a row is the row, in the staged copy named by the input's SHA-256."""
    loaded = night({"a": WHOLE})
    staged = (loaded.parts[0].parents[2] / "staging" / loaded.inputs["sha256"][0]).read_bytes()
    for row in wide(loaded).iter_rows(named=True):
        assert staged[row["byte_start"] : row["byte_end"]].decode() == LINES[row["record_no"] - 2]


def test_no_card_number_reaches_the_disk(night, tmp_path):
    """Outside the staged original, no file and no table holds a full card number."""
    bad = "A9|x||sale|ok|4111111111111111|4111111111111111|\nA8|4111111111111111||sale|ok|||\n"
    loaded = night({"a": BODY + bad})
    written = [path for path in (tmp_path / "work").rglob("*") if path.is_file()]
    assert written
    for path in written:
        assert b"4111111111111111" not in path.read_bytes()
    shown = str([wide(loaded).rows(), loaded.rejects.rows(), loaded.inputs.rows()])
    assert "4111111111111111" not in shown
    assert shown.count("411111******1111") == 7


@pytest.mark.parametrize(
    ("trailer", "name"),
    [("END|5|19.05", "rows"), ("END|3|19.05", "rows"), ("END|4|19.06", "amount")],
)
def test_a_total_off_by_one_holds_the_file(night, trailer, name, tmp_path):
    """A declared total that is off by one holds the file, says by how much, and loads no row."""
    loaded = night({"a": f"{BODY}{trailer}\n"})
    state, message = state_of(loaded)
    assert state == "HELD"
    assert f"FILE_TOTAL: {name}: declared" in message
    assert "difference" in message
    assert loaded.inputs["rows"].to_list() == [4]
    assert (loaded.slim.height, len(loaded.digests["order_id"]), loaded.parts) == (0, 0, ())
    assert not list((tmp_path / "work").rglob("*.parquet"))


def test_the_readers_own_controls_hold_the_file_too(night):
    """A balance that the reader computed and that disagrees holds the file."""
    assert state_of(night({"a": f"{BODY}OWN|7|8\n"}))[0] == "HELD"
    assert state_of(night({"b": f"{BODY}OWN|8|8\n"}, work="b"))[0] == "ACCEPTED"


def test_a_refused_row_holds_a_file_with_totals(night):
    """Accepted rows must add up: one refused row is enough to hold a file that declares totals."""
    bad = "A9|x||sale|ok|||\n"
    loaded = night({"a": f"{BODY}{bad}END|5|20.05\n"})
    assert state_of(loaded)[0] == "HELD"
    assert "1 refused rows count in what the file declares" in state_of(loaded)[1]
    assert loaded.rejects.height == 1
    loaded = night({"b": f"{BODY}{bad}OWN|8|8\n"}, work="b")
    assert state_of(loaded)[0] == "HELD"
    assert "1 of the rows that they count were refused" in state_of(loaded)[1]
    assert state_of(night({"c": BODY + bad}, work="c"))[0] == "UNVERIFIED"


@pytest.mark.parametrize("trailer", ["END|4|19.0.0", "END|four|19.05", "END||19.05"])
def test_an_unreadable_total_refuses_the_file(night, trailer):
    """A trailer that cannot be read refuses the file; nothing is guessed."""
    state, message = state_of(night({"a": f"{BODY}{trailer}\n"}))
    assert state == "REFUSED"
    assert message.startswith("FILE_TOTAL: ")


def test_totals_are_exact_beyond_64_bits(night):
    """A total of many great amounts does not wrap."""
    row = "A{}|10000000000000.00||sale|ok|||\n"
    body = HEADER + "".join(row.format(number) for number in range(10_000))
    loaded = night({"a": f"{body}END|10000|100,000,000,000,000,000.00\n"})
    assert state_of(loaded) == ("ACCEPTED", "")


def test_a_file_cut_at_every_byte_with_a_trailer(night):
    """Cut anywhere, a file with a trailer is refused, held, or visibly without totals."""
    raw = WHOLE.encode()
    for cut in range(len(raw)):
        loaded = night({f"{cut}": raw[:cut]}, work=f"w{cut}")
        state, message = state_of(loaded)
        logical_whole = cut >= len(raw) - 1
        assert state == "ACCEPTED" if logical_whole else state != "ACCEPTED", cut
        assert state in ("ACCEPTED", "UNVERIFIED") or message


def test_a_delimited_file_cut_at_every_byte(night):
    """Cut anywhere, a file without a trailer is never called proved, and no row is invented."""
    raw = CSV.encode()
    whole = [f"A{number}" for number in range(3)]
    for cut in range(len(raw)):
        loaded = night({f"{cut}": raw[:cut]}, "delimited", MAPPING, work=f"w{cut}")
        state, message = state_of(loaded)
        if state == "UNVERIFIED":
            orders = wide(loaded)["order_id"].to_list() if loaded.parts else []
            full = orders[: raw[:cut].decode().count("\n") - 1]
            assert full == whole[: len(full)]
            assert len(orders) - len(full) <= 1
        else:
            assert state in ("REFUSED", "HELD")
            assert message.startswith("FILE_")


def test_an_empty_day(night):
    """A header alone is unverified with no rows; declared zeros prove an empty day."""
    loaded = night({"a": HEADER})
    assert (state_of(loaded), loaded.inputs["rows"][0]) == (("UNVERIFIED", ""), 0)
    loaded = night({"b": f"{HEADER}END|0|0.00\n"}, work="b")
    assert (state_of(loaded), loaded.slim.height, loaded.parts) == (("ACCEPTED", ""), 0, ())
    state, message = state_of(night({"c": b""}, work="c"))
    assert (state, message.split(":")[0]) == ("REFUSED", "FILE_EMPTY")


def test_a_file_of_which_every_row_is_refused_is_held(night):
    """A wrong declaration refuses every row: one finding about the file, not an empty day."""
    loaded = night({"a": CSV}, "delimited", replace(MAPPING, time_patterns=("YYYYMMDD",)))
    state, message = state_of(loaded)
    assert state == "HELD"
    assert "all 3 refused; the first (record 2): time '2026-03-04 10:00:00' does not" in message
    assert loaded.rejects.height == 3


def test_a_format_that_always_proves_itself_must(night, monkeypatch):
    """When every file of a format declares totals, one without them is held."""
    monkeypatch.setattr(
        module,
        "format_named",
        lambda _name: part_module.Format(**fields_of(TINY, has_controls=True)),
    )
    state, message = state_of(night({"a": BODY}))
    assert state == "HELD"
    assert "control totals that every tiny file declares" in message


def test_the_same_bytes_are_loaded_once(night):
    """The same content twice in a source, plain or packed, or on an earlier night, loads once.

    File d has other bytes (no trailer), but only rows that a has.
    """
    loaded = night({"b": WHOLE, "a": WHOLE, "c": gzip.compress(WHOLE.encode()), "d": BODY})
    assert dict(loaded.inputs.select("path", "state").rows()) == {
        "a": "ACCEPTED",
        "b": "DUPLICATE",
        "c": "DUPLICATE",
        "d": "DUPLICATE",
    }
    assert "loaded before: a" in loaded.inputs["message"][1]
    assert loaded.slim.height == 4
    sha256 = loaded.inputs["sha256"][0]
    again = night({"x": WHOLE}, seen={"shop": {sha256: "run 7, a"}}, work="again")
    assert again.inputs["state"].to_list() == ["DUPLICATE"]
    assert "run 7, a" in again.inputs["message"][0]
    packed = gzip.compress(WHOLE.encode(), 1)
    again = night({"x": packed}, seen={"shop": {sha256: "run 7, a"}}, work="packed")
    assert again.inputs["state"].to_list() == ["DUPLICATE"]
    assert again.inputs["bytes"].to_list() == [len(packed)]
    other = night({"x": ("bank", WHOLE)}, seen={"shop": {sha256: "run 7, a"}}, work="other")
    assert other.inputs["state"].to_list() == ["ACCEPTED"]
