from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

from recon.core.plan import InputFile
from recon.core.schema import SLIM
from recon.io import formats
from recon.io.loading import load as module
from recon.io.loading import load_file as part_module
from recon.io.loading.load import load
from recon.io.loading.load_file import FileIdentity
from recon.io.loading.tonight import Tonight
from recon.io.reading import lines
from recon.io.reading.contract import Options
from recon.io.recognition.recognise import probe_of
from recon.io.staging.stage import stage
from tests.io.loaded import (
    BODY,
    CORPUS,
    CSV,
    HEADER,
    KEYS,
    LINES,
    MAPPING,
    NIGHT,
    WHOLE,
    fields_of,
    state_of,
    wide,
)
from tests.io.tiny_format import TINY


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
                Tonight(NIGHT, tmp_path / "work", tmp_path / "s", keys=KEYS),
            )
            state, message = state_of(loaded)
            assert state in ("ACCEPTED", "UNVERIFIED") or message.startswith("FILE_")
            assert len(loaded.digests["order_id"]) == loaded.slim.height
            assert np.unique(loaded.slim["txn_id"].to_numpy()).size == loaded.slim.height
            tried += 1
    assert tried > 50


def test_blocks_and_threads_change_nothing(night, monkeypatch):
    """A file cut into many small blocks by many threads gives the tables of one block."""
    rows = []
    for number in range(3_000):
        memo = ("tea", '"a ""quoted"" memo"', '"two\nlines"', "  padded  ", "-", "")[number % 6]
        amount = "x" if number % 500 == 7 else f"{number % 91}.{number % 100:02d}"
        rows.append(f"A{number % 1_700},{amount},2026-03-04 10:{number % 60:02d}:00,{memo}\n")
    content = "order,amount,time,memo\n" + "".join(rows)
    answers = []
    for size, threads in ((1 << 22, 1), (1 << 12, 1), (5_000, 3), (1 << 16, 2)):
        monkeypatch.setattr(lines, "BLOCK_BYTES", size)
        loaded = night({"a": content}, "delimited", MAPPING, threads=threads, work=f"w{size}")
        assert state_of(loaded)[0] == "UNVERIFIED"
        answers.append(
            (
                loaded.slim.rows(),
                {name: found.tolist() for name, found in loaded.digests.items()},
                wide(loaded).rows(),
                loaded.rejects.rows(),
                loaded.inputs.rows(),
            )
        )
    assert len(answers[0][3]) == 6
    assert all(answer == answers[0] for answer in answers)
