"""Whatever bytes arrive, a format gives rows and rejects, or one named error."""

from __future__ import annotations

import random

import pytest

from recon.errors import InputError
from recon.io.formats import FORMATS
from recon.io.formats.contract import Options
from tests.io.formats import test_alipay_account as alipay_account
from tests.io.formats import test_alipay_trade as alipay_trade
from tests.io.formats import test_cn_bank_settlement as settlement
from tests.io.formats import test_cn_bank_statements as statements
from tests.io.formats import test_cn_reports as reports
from tests.io.formats import test_lakala as lakala
from tests.io.formats import test_personal_bills as wallets
from tests.io.formats import test_ums_export as ums
from tests.io.formats import test_unionpay_acom as acom
from tests.io.formats import test_unionpay_zm as zm
from tests.io.formats import test_wechat_fund as wechat_fund
from tests.io.formats import test_wechat_trade as wechat_trade
from tests.io.formats.reading import load_bytes

BY_NAME = {form.name: form for form in FORMATS}
MAPPED = Options(columns={"order_id": "id", "amount": "amt", "occurred_at": "at"})
RANGED = Options(columns={"order_id": "1-4", "amount": "5-9"})
SEEDS = {
    "delimited": (b'id,amt,at\nA,1.00,2026-11-20 10:00:00\n"B",2.00,2026-11-20 10:00:00\n', MAPPED),
    "fixed_width": (b"A001 1.00\nA002 2.00\n", RANGED),
    "json_lines": (b'{"id": "A", "amt": 1.0, "at": "2026-11-20 10:00:00"}\n' * 2, MAPPED),
    "wechat_trade": (wechat_trade.bill(), Options()),
    "wechat_fund": (wechat_fund.bill(), Options()),
    "alipay_trade": (alipay_trade.bill(), Options()),
    "alipay_account": (alipay_account.bill(), Options()),
    "unionpay_zm": (zm.line() + b"\n" + zm.refund(), Options()),
    "unionpay_acom": (acom.line() + b"\n" + acom.line(), Options()),
    "lakala_jy": (f"{lakala.JY}\n{lakala.SALE}\n{lakala.REFUND}".encode(), Options()),
    "ums_detail": (ums.export(ums.SALE, ums.REFUND), Options()),
    "personal_wechat": (wallets.WECHAT_TEXT.encode(), Options()),
    "personal_alipay": (wallets.ALIPAY_TEXT.encode("gb18030"), Options()),
    "statement_icbc": (statements.ICBC.encode("gb18030"), Options()),
    "statement_cmb_credit": (statements.CMB_CREDIT.encode(), Options()),
    "unionpay_clearing_report": (reports.UNIONPAY.encode("gb18030"), Options()),
    "settlement_citic_card": (reports.CITIC.encode(), Options()),
    "settlement_cmbc": (settlement.CMBC.encode("gb18030"), Options()),
}
BYTES = b'\x00\x01\t\n\r\x1a "#,;|`-.0123456789ABCD\x81\xb0\xef\xbb\xbf\xff'


def damaged(raw, random_bytes):
    """Return the file with a few bytes changed, inserted, removed, or a piece cut or doubled."""
    out = bytearray(raw)
    for _ in range(random_bytes.randint(1, 4)):
        at = random_bytes.randrange(len(out) + 1)
        how = random_bytes.randrange(5)
        piece = bytes(random_bytes.choices(BYTES, k=random_bytes.randint(1, 3)))
        if how == 0:
            out[at:at] = piece
        elif how == 1:
            out[at : at + len(piece)] = piece
        elif how == 2:
            del out[at : at + random_bytes.randint(1, 8)]
        elif how == 3:
            del out[at:]
        else:
            out[at:at] = out[at : at + random_bytes.randint(1, 200)]
    return bytes(out)


@pytest.mark.parametrize("name", SEEDS)
def test_damaged_files_give_rows_and_rejects_or_a_named_error(tmp_path, name):
    """No damage makes anything but an InputError, and every line stays accounted for."""
    raw, options = SEEDS[name]
    random_bytes = random.Random(name)  # noqa: S311 (test data)
    refusals = []
    for _ in range(60):
        broken = damaged(raw, random_bytes)
        try:
            result = load_bytes(BY_NAME[name], tmp_path, broken, options)
        except InputError as error:
            refusals.append((error.code, bool(error.fix)))
            continue
        numbers = result.refused_lines + result.column("record_no")
        assert len(set(numbers)) == len(numbers)
        for reject in result.rejects:
            assert reject.reasons
            assert 0 <= reject.byte_start <= reject.byte_end <= len(broken)
    assert set(refusals) <= {(code, True) for code in ("FILE_SCHEMA", "FILE_TOTAL", "FILE_EMPTY")}


@pytest.mark.parametrize("name", SEEDS)
def test_foreign_files_are_refused_or_rejected_by_line(tmp_path, name):
    """Every other format's sample under this name is a named error or only rejects."""
    own, options = SEEDS[name]
    for raw, _ in SEEDS.values():
        if raw == own:
            continue
        try:
            result = load_bytes(BY_NAME[name], tmp_path, raw, options)
        except InputError:
            continue
        assert result.frame.height == 0 or name == "fixed_width"
