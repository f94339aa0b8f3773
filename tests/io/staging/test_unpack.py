"""What lies around a file is undone, whatever it is: the same rows come of the same content."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date

import polars as pl
import pytest

from recon.errors import InputError
from recon.io.formats import format_named
from recon.io.one_file import format_of, read_alone
from recon.io.reading.contract import Options
from recon.io.recognition.recognise import meant
from recon.io.staging.stage import stage
from tests.io.formats.samples import samples

NIGHT = date(2026, 1, 15)
MAC = b"\0\5\x16\7" + bytes(30)


def zipped(*members):
    """Return a zip of (name, bytes) pairs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def of_a_mac(raw):
    """Return a folder as a Mac packs it."""
    return zipped(
        ("__MACOSX/._day", MAC), ("day/", b""), ("day/bill", raw), ("day/.DS_Store", b"\0Bud1")
    )


def utf16(raw):
    """Return UTF-8 text as UTF-16 with its mark."""
    return raw.decode().encode("utf-16")


PACKINGS = {
    "gzip": gzip.compress,
    "zip": lambda raw: zipped(("bill", raw)),
    "zip of a Mac's folder": of_a_mac,
    "zip with a note": lambda raw: zipped(("readme.txt", b"hello\n"), ("bill", raw)),
    "gzip in a zip": lambda raw: zipped(("bill.gz", gzip.compress(raw))),
    "UTF-16": utf16,
    "UTF-16, the other way": lambda raw: b"\xfe\xff" + raw.decode().encode("utf-16-be"),
    "UTF-16 without a mark": lambda raw: raw.decode().encode("utf-16-le"),
    "UTF-16 in a zip": lambda raw: zipped(("bill", utf16(raw))),
    "CR alone": lambda raw: raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
    "Ctrl-Z": lambda raw: raw.rstrip(b"\r\n") + b"\r\n\x1a",
}
PLAIN = ("mt940", "coda", "norma43", "stripe_report", "trustly", "paypal_report", "lakala_acc")


def rows_of(tmp_path, raw):
    """Return format and rows of a file as a run would load it, places left out."""
    path = tmp_path / "delivered"
    path.write_bytes(raw)
    name = format_of(path, tmp_path, "")
    loaded = read_alone(path, name, Options(), NIGHT, tmp_path)
    state = loaded.inputs["state"][0]
    assert state in {"ACCEPTED", "UNVERIFIED"}, loaded.inputs["message"][0]
    frame = pl.concat(pl.read_parquet(part) for part in loaded.parts)
    given = ("txn_id", "file_id", "byte_start", "byte_end", "record_no")
    return name, frame.drop(given).rows()


@pytest.mark.parametrize("name", PLAIN)
def test_packed_in_any_way_the_rows_are_the_same(name, tmp_path):
    """Gzip, zip, UTF-16, CR line ends and Ctrl-Z are nobody's reason to refuse a file."""
    raw = samples()[name].raw
    if not raw.isascii():
        raw = raw.decode().encode()
    expected = rows_of(tmp_path, raw)
    for packing, pack in PACKINGS.items():
        if packing == "UTF-16 without a mark" and not raw[:32].isascii():
            continue
        assert rows_of(tmp_path, pack(raw)) == expected, packing


@pytest.mark.parametrize("name", ["mastercard_ipm", "xlsx", "parquet", "visa_ctf"])
def test_binary_content_is_left_alone(name, tmp_path):
    """Nothing is undone that only looks like a packing from afar."""
    raw = samples()[name].raw
    (tmp_path / "plain").write_bytes(raw)
    assert stage(tmp_path / "plain", tmp_path, NIGHT).path.read_bytes() == raw
    (tmp_path / "packed").write_bytes(zipped(("inside", raw)))
    packed = stage(tmp_path / "packed", tmp_path, NIGHT)
    assert packed.path.read_bytes() == raw
    assert packed.name == "packed/inside"


def test_of_several_files_the_formats_own_is_taken(tmp_path):
    """By its looks, or by `member`; two that fit are not chosen between."""
    bill, other = samples()["lakala_acc"].raw, samples()["mt940"].raw
    (tmp_path / "day.zip").write_bytes(zipped(("1", other), ("2", bill)))
    staged = stage(tmp_path / "day.zip", tmp_path / "staging", NIGHT)
    found = meant(format_named("mt940"), Options(), staged)
    assert (found.name, found.path.read_bytes()) == ("day.zip/1", other)
    assert meant(format_named("delimited"), Options(member="2"), staged).path.read_bytes() == bill
    for form, options in (("delimited", Options(columns={"amount": "a"})), ("bai2", Options())):
        with pytest.raises(InputError, match="expected one fitting member") as error:
            meant(format_named(form), options, staged)
        assert "member" in error.value.fix


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"\xff\xfe" + "a,b\n".encode("utf-16-le") + b"\n", "UTF-16-LE text, found bytes"),
        (gzip.compress(b"a,b\n")[:-4], "whole gzip"),
        (zipped(("bill", b"0" * (64 << 20))), "expands more than 200 times"),
    ],
    ids=["half a character", "cut", "bomb"],  # a packed file holds the time, and is no name
)
def test_damaged_packings_are_refused(raw, found, tmp_path):
    """Half a character, a cut archive, a bomb."""
    path = tmp_path / "delivered"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=found):
        stage(path, tmp_path / "staging", NIGHT)
