from __future__ import annotations

import pytest

from recon.errors import InputError
from recon.io.formats import recognised
from recon.io.formats.china_acquirers.lakala import FILES, FORMATS
from recon.io.reading.contract import Options, Probe
from tests.io.formats.reading import corpus_file, load_bytes, load_path, probe_of

BY_NAME = {form.name: form for form in FORMATS}
JY = (
    "商户编号|交易日期|交易时间|终端号|分支机构|交易类型|拉卡拉流水号|原拉卡拉流水号|卡号|支付渠道|银行名称"
    "|交易金额(分)|手续费(分)|结算金额(分)|商户订单号|支付订单号|外部流水号|系统参考号|备注|支付方式"
)
SALE = "M1|20261120|103000|T1|b|消费|L1||6222***1234|微信|x|10000|60|9940|O1|P1|X1|R1|r|JSAPI"
REFUND = "M1|2026-11-20|11:30:00|T1|b|退款|L2|L1||微信|x|4000|24|3976|O2|P2|X2|R2|r|JSAPI"


def load(tmp_path, name, *lines, encoding="utf-8"):
    return load_bytes(BY_NAME[name], tmp_path, "\n".join(lines).encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_sales_and_refunds_get_their_sign(tmp_path, encoding):
    """A refund is money out whatever sign the file writes, in both encodings."""
    result = load(tmp_path, "lakala_jy", JY, SALE, REFUND, encoding=encoding)
    signed = load(
        tmp_path, "lakala_jy", JY, SALE, REFUND.replace("|4000|24|3976|", "|-4000|-24|-3976|")
    )
    for loaded in (result, signed):
        assert loaded.column("amount_minor") == [10000, -4000]
        assert loaded.column("fee_minor") == [60, -24]
        assert loaded.column("net_minor") == [9940, -3976]
    assert result.column("kind") == ["PAYMENT", "REFUND"]
    assert result.column("original_ref") == [None, "L1"]
    assert [str(time) for time in result.column("occurred_at")] == [
        "2026-11-20 02:30:00",
        "2026-11-20 03:30:00",
    ]


def test_yuan_under_a_minor_unit_header_is_never_guessed(tmp_path):
    """A decimal point in a column of fen refuses the row, and holds those that may be yuan too."""
    yuan, whole = "|100.00|0.60|99.40|", SALE.replace("|10000|60|9940|", "|100|0|100|")
    result = load(tmp_path, "lakala_jy", JY, SALE.replace("|10000|60|9940|", yuan), whole)
    assert result.refused_lines == [2]
    assert [total.agrees for total in result.totals] == [False]
    assert len(result.rejects[0].reasons) == 3
    assert "found 2 decimals" in result.rejects[0].reasons[0]


def test_a_row_that_does_not_prove_itself_is_a_reject(tmp_path):
    """Amount less fee must be the settled amount, and the kind must be a known word."""
    wrong = (SALE.replace("|9940|", "|9941|"), SALE.replace("消费", "神秘"))
    result = load(tmp_path, "lakala_jy", JY, *wrong, SALE)
    assert result.refused_lines == [2, 3]


def test_every_layout_is_recognised_by_its_own_header_only():
    """Eight layouts, eight names, no overlap."""
    for file in FILES:
        raw = "|".join(file.columns).encode() + b"\n"
        names = [form.name for form in recognised(Probe("x", len(raw), raw))]
        assert names == [f"lakala_{file.code.lower()}"]


def test_settlement_withdrawal_shares_and_same_day_fees(tmp_path):
    """Small layouts: what their amounts mean."""
    out = load(tmp_path, "lakala_dw", "|".join(FILES[4].columns), "M1|20261120|W1|10000|50|1")
    assert (out.column("kind"), out.column("amount_minor")) == (["PAYOUT"], [-10000])
    signed = load(tmp_path, "lakala_dw", "|".join(FILES[4].columns), "M1|20261120|W1|-10000|50|1")
    assert signed.column("amount_minor") == [-10000]
    same_day = load(tmp_path, "lakala_d0", "|".join(FILES[5].columns), "M1|20261120|L1|10000|60|20")
    assert (same_day.column("fee_minor"), same_day.column("net_minor")) == ([80], [9920])
    settled = load(
        tmp_path,
        "lakala_js",
        "|".join(FILES[1].columns),
        "M1|20261120|103000|T1|L1|10000|60|9940|20261121|1",
        "M1|20261120|103000|T1|L2|10000|60|9940|20261121|7",
    )
    assert str(settled.column("clearing_date")[0]) == "2026-11-21"
    assert settled.refused_lines == [3]


def test_new_and_lost_columns_are_refused(tmp_path):
    """A layout that drifts is seen on the first night."""
    with pytest.raises(InputError, match="新列"):
        load(tmp_path, "lakala_jy", JY + "|新列", SALE + "|1")
    with pytest.raises(InputError, match="备注"):
        load(tmp_path, "lakala_jy", JY.replace("|备注", ""), SALE)


@pytest.mark.parametrize(
    ("code", "amounts"),
    [
        ("JY_20240115", [10000]),
        ("ACC_sample", [10000, 20000]),
        ("JZ_sample", [10000, 20000]),
        ("DW_sample", [-10000, -20000]),
        ("SEP_sample", [-1000, -2000]),
    ],
)
def test_public_samples_give_the_amounts_seen_in_them(code, amounts):
    """Published samples: amounts in minor units, nothing refused."""
    path = corpus_file(f"lakala_files/*{code}.txt")
    (form,) = recognised(probe_of(path))
    result = load_path(form, path)
    assert result.column("amount_minor") == amounts
    assert result.rejects == []


def test_the_portals_csv_has_commas(tmp_path):
    """The same columns with commas between them are the same rows."""
    lines = [text.replace("|", ",") for text in (JY, SALE, REFUND)]
    raw = "\n".join(lines).encode()
    assert [form.name for form in recognised(Probe("x", len(raw), raw))] == ["lakala_jy"]
    assert load(tmp_path, "lakala_jy", *lines).column("amount_minor") == [10000, -4000]


def test_a_unit_is_declared_column_by_column(tmp_path):
    """Yuan under a header of fen are read only where the source says so."""
    raw = "\n".join((JY, SALE.replace("|10000|60|9940|", "|100.00|60|99.40|"))).encode()
    units = {"交易金额(分)": "major", "结算金额(分)": "major"}
    result = load_bytes(BY_NAME["lakala_jy"], tmp_path, raw, Options(units=units))
    assert result.column("amount_minor") == [10000]
    assert result.column("fee_minor") == [60]
    assert result.column("net_minor") == [9940]


def test_the_words_of_completed_and_reversed_payments(tmp_path):
    """A completed pre-authorisation is money in, its void and a reversal are money out."""
    words = ("预授权完成", "预授权完成撤销", "预授权完成冲正")
    lines = (SALE.replace("消费", word) for word in words)
    result = load(tmp_path, "lakala_jy", JY, *lines)
    assert result.column("kind") == ["PAYMENT", "VOID", "REVERSAL"]
    assert result.column("amount_minor") == [10000, -10000, -10000]


def test_a_header_in_yuan_is_taken_at_its_word(tmp_path):
    """Under (元) amounts are yuan, exactly; a thousandth is refused, not rounded."""
    header = JY.replace("(分)", "(元)")
    rows = [
        SALE.replace("|10000|60|9940|", amounts)
        for amounts in ("|100.00|0.6|99.40|", "|100|0|100|", "|1.005|0|1.005|")
    ]
    raw = "\n".join((header, *rows)).encode()
    result = load_bytes(BY_NAME["lakala_jy"], tmp_path, raw)
    assert result.column("amount_minor") == [10000, 10000]
    assert result.column("fee_minor") == [60, 0]
    assert result.refused_lines == [4]
    assert recognised(Probe("x", len(raw), raw)) == (BY_NAME["lakala_jy"],)
    declared = Options(units=dict.fromkeys(("交易金额(分)", "手续费(分)", "结算金额(分)"), "major"))
    twice = load_bytes(BY_NAME["lakala_jy"], tmp_path, raw, declared)
    assert twice.column("amount_minor") == [10000, 10000]


def test_days_and_clocks_are_written_either_way(tmp_path):
    """With marks or without, each by itself."""
    ways = [(day, clock) for day in ("20261120", "2026-11-20") for clock in ("103000", "10:30:00")]
    lines = [SALE.replace("|20261120|103000|", f"|{day}|{clock}|") for day, clock in ways]
    result = load(tmp_path, "lakala_jy", JY, *lines)
    assert [str(time) for time in result.column("occurred_at")] == ["2026-11-20 02:30:00"] * 4


def test_money_out_of_a_layout_without_kinds_is_a_refund(tmp_path):
    """By the sign that the file writes, of instalments too."""
    lines = ("M1|20261120|L1|12000|12|1000", "M1|20261121|L2|-12000|12|-1000")
    result = load(tmp_path, "lakala_jy_fq", "|".join(FILES[7].columns), *lines)
    assert result.column("kind") == ["PAYMENT", "REFUND"]


def test_states_in_words(tmp_path):
    """The portal writes a state as a word where the file interface has a number."""
    header = "商户编号|提现日期|提现流水号|提现金额(分)|手续费(分)|状态"
    lines = (f"M1|20261120|W{word}|100|0|{word}" for word in ("成功", "失败", "处理中", "神秘"))
    result = load(tmp_path, "lakala_dw", header, *lines)
    assert result.column("state") == ["SUCCESS", "FAILED", "PENDING"]
    assert result.refused_lines == [5]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("退票", "REVERSED"),
        ("REVOKED", "REVERSED"),
        ("CREATE", "PENDING"),
        ("CLOSE", "CLOSED"),
        ("UNKNOWN", "UNKNOWN"),
        ("PART_REFUND", "SUCCESS"),
    ],
)
def test_states_of_the_open_platform_and_a_payout_sent_back(tmp_path, word, state):
    """Each state that the platform documents is known, and so is a payout that bounced."""
    header = "商户编号|提现日期|提现流水号|提现金额(分)|手续费(分)|状态"
    result = load(tmp_path, "lakala_dw", header, f"M1|20261120|W1|100|0|{word}")
    assert result.column("state") == [state]
