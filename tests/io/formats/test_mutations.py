from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from recon.io import formats as room
from tests.io.formats import (
    test_adyen,
    test_bai2,
    test_braintree_ingenico,
    test_camt053,
    test_coda,
    test_iso8583_log,
    test_mastercard_ipm,
    test_mt940,
    test_mt942,
    test_norma43,
    test_ofx,
    test_paypal_report,
    test_provider_tables,
    test_stripe_report,
    test_trustly_dlocal,
)
from tests.io.formats.examine import read_bytes, registered

SAMPLES: dict[str, bytes] = {
    "mt940": test_mt940.PAGES.encode(),
    "mt942": test_mt942.REPORT.encode(),
    "camt053": test_camt053.STATEMENT.encode(),
    "bai2": test_bai2.REPORT.encode(),
    "ofx": test_ofx.SGML.encode(),
    "coda": test_coda.TEXT.encode(),
    "norma43": test_norma43.TEXT.encode(),
    "qif": b"!Type:Bank\nD2026-01-02\nT1.00\nN7\n^\nD2026-01-03\nT2.00\n^\n",
    "adyen_settlement": test_adyen.BATCH.encode(),
    "stripe_report": test_stripe_report.REPORT.encode(),
    "paypal_report": test_paypal_report.REPORT.encode(),
    "trustly": test_trustly_dlocal.FUNDING.encode(),
    "dlocal_settlement": test_trustly_dlocal.SETTLEMENT.encode(),
    "braintree": json.dumps(test_braintree_ingenico.OBJECTS, indent=1).encode(),
    "mastercard_ipm": test_mastercard_ipm.written(test_mastercard_ipm.sample()),
    "iso8583_log": test_iso8583_log.LOG.encode(),
    "zip": test_camt053.zip_of({"a.xml": test_camt053.STATEMENT}),
} | {form.name: text.encode() for form, _, text, *_ in test_provider_tables.SAMPLES}
TRIALS = 60


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return `data` after one to three accidents: a cut, a hole, a repeat, a swap, wrong bytes."""
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(data) + 1)
        stop = min(len(data), start + chance.choice((1, 2, 7, 40, 300)))
        piece = data[start:stop]
        accident = chance.randrange(5)
        if accident == 0:
            data = data[:start]
        elif accident == 1:
            data = data[:start] + data[stop:]
        elif accident == 2:
            data = data[:stop] + piece + data[stop:]
        elif accident == 3:
            data = data[:start] + piece[::-1] + data[stop:]
        else:
            wrong = bytes(chance.randrange(256) for _ in piece)
            data = data[:start] + wrong + data[stop:]
    return data


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_damaged_files_give_rows_or_a_named_error(tmp_path: Path, name: str) -> None:
    """Whatever happens to its bytes, a file is read with every line counted, or refused by name."""
    form = registered("camt053" if name == "zip" else name)
    chance = random.Random(name)  # noqa: S311  repeatable accidents, no secrets
    for trial in range(TRIALS):
        outcome = read_bytes(form, mutated(SAMPLES[name], chance), tmp_path)
        if outcome.refusal is not None:
            assert outcome.refusal.code.startswith("FILE_"), trial
            assert outcome.refusal.fix, trial
        else:
            assert outcome.reading.all_lines_accounted(), trial
            numbers = [row["record_no"] for row in outcome.rows]
            assert len(set(numbers)) == len(numbers), trial


def test_every_sample_is_of_a_registered_format() -> None:
    """Each name above is a format that the engine lists, or the zip of one."""
    known = {form.name for form in room.FORMATS}
    assert set(SAMPLES) - known == {"zip"}
