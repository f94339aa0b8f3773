from __future__ import annotations

import gzip
import itertools
import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recon.core.codes import Kind, Side
from recon.core.digest import digest
from recon.core.money import CURRENCY_NUMBER
from recon.core.plan import InputFile
from recon.core.schema import INPUTS, RECORD_BITS, REJECTS, SLIM, TRANSACTIONS
from recon.io import formats
from recon.io import load as module
from recon.io import load_file as part_module
from recon.io.formats.contract import Options
from recon.io.load import load
from recon.io.load_file import FileIdentity
from recon.io.recognise import probe_of
from recon.io.stage import stage
from tests.io.tiny_format import TINY

NIGHT = date(2026, 3, 4)
CORPUS = Path(
    os.environ.get("RECON_CORPUS", Path(__file__).parents[3] / "shared" / "corpus")
).resolve()
KEYS = (("order_id",), ("order_id", "value_date"))
HEADER = "#tiny|order|amount|fee|kind|state|card|memo|weight\n"
LINES = (
    "A1|12.50|0.13|sale|ok|4111111111111111|tea|1\n",
    "A2|7.00||refund|ok||pan 4111111111111111|2\n",
    "A1|12.50|0.13|sale|ok|4111111111111111|tea|1\n",
    "A3|1.05|0.01|sale|failed|||3\n",
)
BODY = HEADER + "".join(LINES)
WHOLE = BODY + "END|4|19.05\n"  # 12.50 - 7.00 + 12.50 + 1.05
MAPPING = Options(
    columns={"order_id": "order", "amount": "amount", "occurred_at": "time", "memo": "memo"}
)
ROWS = "".join(
    f"A{number},{number}.50,2026-03-04 10:00:0{number},memo {number}\n" for number in range(3)
)
CSV = f"order,amount,time,memo\n{ROWS}"


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """Make the tiny format known beside the real ones."""
    real = formats.format_named
    monkeypatch.setattr(module, "format_named", lambda name: TINY if name == "tiny" else real(name))


@pytest.fixture
def night(tmp_path):
    """Return a function that writes files and loads them: name -> content, or (source, content)."""

    def run(files, fmt="tiny", options=None, seen=None, threads=1, finish=None, work="work"):
        inputs = []
        for place, (name, given) in enumerate(files.items()):
            source, content = given if isinstance(given, tuple) else ("shop", given)
            path = tmp_path / f"{place}-{name}"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            inputs.append(InputFile(source, 3, Side.CHANNEL, fmt, path, name))
        return load(
            inputs,
            {"shop": options or Options(), "bank": options or Options()},
            KEYS,
            workdir=tmp_path / work,
            staging=tmp_path / "staging",
            business_date=NIGHT,
            seen=seen or {},
            finish=finish or (lambda frame, _file: frame),
            threads=threads,
        )

    return run


def state_of(loaded):
    """Return the state and message of the only input."""
    return loaded.inputs["state"].to_list()[0], loaded.inputs["message"].to_list()[0]


def wide(loaded):
    """Return the rows on disk."""
    return pl.concat([pl.read_parquet(part) for part in loaded.parts])


def test_a_whole_file_is_accepted_and_everything_agrees(night):
    """Slim rows, digests, wide rows and inputs of a good file tell the same story."""
    loaded = night({"a": WHOLE})
    assert state_of(loaded) == ("ACCEPTED", "")
    assert dict(loaded.slim.schema) == dict(SLIM.schema)
    assert dict(loaded.inputs.schema) == dict(INPUTS.schema)
    assert dict(loaded.rejects.schema) == dict(REJECTS.schema)
    rows = wide(loaded)
    assert dict(rows.schema) == dict(TRANSACTIONS.schema)
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


def fields_of(form, **changes):
    """Return the fields of a format, some of them changed."""
    names = form.__dataclass_fields__
    return {**{name: getattr(form, name) for name in names}, **changes}


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


def test_identities_belong_to_source_and_content(night):
    """A row's identity depends on its source and its file's bytes, not on path or night."""
    first = night({"a": WHOLE})
    second = night({"elsewhere": WHOLE, "other": ("bank", WHOLE)}, work="second")
    same = second.slim.filter(pl.col("txn_id").is_in(first.slim["txn_id"].to_list()))
    assert same.height == 4
    assert same["fingerprint"].to_list() == first.slim["fingerprint"].to_list()
    assert second.slim["txn_id"].n_unique() == second.slim["fingerprint"].n_unique() == 8


def test_two_files_with_one_identity_by_chance(night, monkeypatch):
    """When two files' 35-bit identities collide, the second is refused by name."""
    monkeypatch.setattr(
        module.FileIdentity,
        "of",
        classmethod(lambda cls, _source, sha256: cls(5, sha256[:16])),
    )
    loaded = night({"a": WHOLE, "b": BODY})
    assert loaded.inputs["state"].to_list() == ["ACCEPTED", "REFUSED"]
    assert "found the one of a" in loaded.inputs["message"][1]


def test_names_of_sources_are_not_paths(night, tmp_path):
    """A source's name cannot lead a part out of its folder."""
    loaded = night({"a": ("../../x/中行", WHOLE)})
    assert [part.parent for part in loaded.parts] == [tmp_path / "work" / "transactions"]
    assert loaded.parts[0].name.startswith("______x_中行-")


def test_file_identity_is_documented_arithmetic():
    """The identity is the first 35 bits and 16 digits of the SHA-256 of source, NUL, content."""
    identity = FileIdentity.of("shop", "0" * 64)
    assert identity.number == int(identity.file_id, 16) >> (64 - 35)
    assert identity.number < 1 << 35


def test_a_file_of_another_format_is_refused_by_both_names(night):
    """A file that is recognised as something else is refused, and both formats are named."""
    content = ":20:X\n:25:1\n:28C:1/1\n:60F:C260304EUR0,\n:62F:C260304EUR0,\n-\n"  # a whole MT940
    state, message = state_of(night({"a": content}, "wechat_trade"))
    assert state == "REFUSED"
    assert "expected wechat_trade" in message
    assert "a file of mt940" in message
    assert 'format = "mt940"' in message


def test_order_of_files_threads_and_batches_change_nothing(night):
    """Any order of inputs, any number of threads and any batch size give the same tables."""
    files = {
        "a": WHOLE,
        "b": ("bank", BODY),
        "c": HEADER + LINES[1] + LINES[2] + "A7|3.00||sale|ok|||\nA8|x||sale|ok|||\n",
    }
    answers = []
    for turn, order in enumerate(itertools.permutations(files)):
        loaded = night(
            {name: files[name] for name in order},
            threads=1 + turn % 3,
            options=Options(skip_lines=turn % 3),
            work=f"w{turn}",
        )
        answers.append(
            (
                loaded.slim.rows(),
                {name: found.tolist() for name, found in loaded.digests.items()},
                [part.name for part in loaded.parts],
                wide(loaded).rows(),
                loaded.inputs.rows(),
                loaded.rejects.rows(),
            )
        )
    assert all(answer == answers[0] for answer in answers)


def test_finish_fills_what_the_rules_know(night):
    """What `finish` adds is in the wide rows, the slim rows and the keys, not in fingerprints."""
    plain = night({"a": WHOLE})
    loaded = night(
        {"a": WHOLE},
        finish=lambda frame, file: frame.with_columns(
            value_date=pl.lit(NIGHT), batch_id=pl.lit(file.source)
        ),
        work="finished",
    )
    assert loaded.slim["value_date"].to_list() == [NIGHT] * 4
    assert wide(loaded)["batch_id"].to_list() == ["shop"] * 4
    assert loaded.digests["order_id+value_date"].all()
    assert loaded.slim["fingerprint"].to_list() == plain.slim["fingerprint"].to_list()


def test_a_change_in_any_content_column_changes_the_fingerprint(night):
    """Fingerprints tell rows apart that differ in any one cell."""
    base = "A1|12.50|0.13|sale|ok|6222021234567890128|tea|1\n"
    changes = {"A1": "A2", "12.50": "12.51", "0.13": "0.14", "sale": "refund", "ok": "failed"}
    changes |= {"0128": "0136", "tea": "Tea"}
    rows = [base, *(base.replace(old, new, 1) for old, new in changes.items())]
    loaded = night({"a": HEADER + "".join(rows)})
    assert loaded.slim["fingerprint"].n_unique() == len(rows)
    assert loaded.slim["occurrence"].to_list() == [0] * len(rows)


def test_bad_rows_of_a_delimited_file(night):
    """Each bad row is a reject with its place, its text and its reasons; the others are loaded."""
    bad = "A6,0.125,2026-03-04 25:00:00,x\nA7,１２,2026-03-04 10:00:00,x\nA8,1\n"
    loaded = night({"a": CSV + bad}, "delimited", MAPPING)
    assert wide(loaded)["order_id"].to_list() == [f"A{number}" for number in range(3)]
    rejects = loaded.rejects
    assert rejects["record_no"].to_list() == [5, 6, 7]
    raw = (CSV + bad).encode()
    places = zip(rejects["byte_start"], rejects["byte_end"], strict=True)
    assert [raw[start:end].split(b",")[0] for start, end in places] == [b"A6", b"A7", b"A8"]
    assert [len(reasons) for reasons in rejects["reasons"].to_list()] == [2, 1, 1]


def test_long_and_odd_reject_text_is_cut(night):
    """The kept text of a refused row is at most 500 characters."""
    loaded = night({"a": f"{HEADER}A1|x||sale|ok||{'m' * 2000}|\n"})
    assert len(loaded.rejects["text"][0]) == 500


def test_mixed_encodings_are_not_guessed(night):
    """GBK bytes in a UTF-8 file cost their row, or the file, and never become other characters."""
    content = CSV.encode() + "A9,1.00,2026-03-04 10:00:00,支付\n".encode("gb18030")
    loaded = night({"a": content}, "delimited", MAPPING)
    if state_of(loaded)[0] == "UNVERIFIED":
        assert loaded.rejects.height == 1
        assert wide(loaded).height == 3
    assert "\ufffd" not in str([wide(loaded).rows(), loaded.rejects.rows()])


def test_no_files(night):
    """A night without files has empty tables of the right shape."""
    loaded = night({})
    assert (loaded.slim.height, loaded.inputs.height, loaded.rejects.height) == (0, 0, 0)
    assert dict(loaded.slim.schema) == dict(SLIM.schema)
    assert loaded.digests["order_id"].shape == (0, 2)


def test_unequal_record_numbers_are_asserted(night, monkeypatch):
    """A reader that gives two rows one record number is a bug, not data."""
    read = TINY.read

    def doubled(staged, options, reading):
        for raw in read(staged, options, reading):
            raw.record_no[:] = 2
            yield raw

    broken = part_module.Format(**fields_of(TINY, read=doubled))
    monkeypatch.setattr(module, "format_named", lambda _name: broken)
    with pytest.raises(AssertionError, match="record numbers repeat"):
        night({"a": BODY})


def test_unaccounted_lines_are_asserted(night, monkeypatch):
    """A reader that leaves a line in no class is a bug, not data."""

    def careless(staged, options, reading):
        yield from TINY.read(staged, options, reading)
        reading.lines += 1

    broken = part_module.Format(**fields_of(TINY, read=careless))
    monkeypatch.setattr(module, "format_named", lambda _name: broken)
    with pytest.raises(AssertionError, match="unaccounted"):
        night({"a": BODY})


def test_progress_is_told(tmp_path):
    """The caller hears of each file's accepted rows as they grow."""
    path = tmp_path / "a"
    path.write_text(BODY)
    told = []
    load(
        [InputFile("shop", 0, Side.CHANNEL, "tiny", path, "a")],
        {"shop": Options(skip_lines=2)},
        (),
        workdir=tmp_path / "work",
        staging=tmp_path / "staging",
        business_date=NIGHT,
        seen={},
        finish=lambda frame, _file: frame,
        on_progress=lambda file, rows: told.append((file.declared_path, rows)),
    )
    assert told == [("a", 2), ("a", 4)]


def corpus_files():
    """Return a few small corpus files of each recognised format."""
    chosen = []
    for folder in ("wechat_merchant_trade", "mt940", "camt053", "alipay_merchant_trade", "bai2"):
        found = sorted((CORPUS / folder).glob("*"), key=lambda path: (path.stat().st_size, path))
        chosen += [path for path in found if path.is_file()][:3]
    return chosen


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here")
def test_real_files_cut_anywhere_load_or_are_refused(tmp_path):
    """A real file, whole or cut at any place, ends in a state with a reason; nothing crashes."""
    tried = 0
    for path in corpus_files():
        raw = path.read_bytes()
        known = formats.recognised(probe_of(stage(path, tmp_path / "s", NIGHT)))
        for cut in sorted({len(raw), *range(1, len(raw), max(1, len(raw) // 12))} if known else ()):
            short = tmp_path / path.name
            short.write_bytes(raw[:cut])
            loaded = load(
                [InputFile("x", 0, known[0].side, known[0].name, short, path.name)],
                {},
                KEYS,
                workdir=tmp_path / "work",
                staging=tmp_path / "s",
                business_date=NIGHT,
                seen={},
                finish=lambda frame, _file: frame,
            )
            state, message = state_of(loaded)
            assert state in ("ACCEPTED", "UNVERIFIED") or message.startswith("FILE_")
            assert len(loaded.digests["order_id"]) == loaded.slim.height
            assert np.unique(loaded.slim["txn_id"].to_numpy()).size == loaded.slim.height
            tried += 1
    assert tried > 50
