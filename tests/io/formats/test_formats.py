from __future__ import annotations

import pytest

from recon.errors import UsageError
from recon.io.formats import FORMATS, format_named, recognised
from recon.io.recognition.recognise import probe_of
from tests.io.formats.reading import CORPUS, staged

OWN = {  # format -> the corpus files that it is for
    "wechat_trade": ("wechat_merchant_trade/*",),
    "wechat_fund": ("wechat_merchant_fund/*",),
    "alipay_trade": ("alipay_merchant_trade/*",),
    "alipay_account": ("alipay_merchant_account/*",),
    "unionpay_zm": ("unionpay_zm/*", "unionpay_other/*wap*"),
    "unionpay_zme": (),
    "unionpay_acom": ("unionpay_other/*pos_acq*",),
    "ums_detail": ("ums_export/*netbank",),
    "ums_pages": ("ums_export/*wap*",),
    "acquirer_clearing": ("acquirer_clearing_csv/*",),
    "lakala_jy": ("lakala_files/*__JY_2*",),
    "lakala_js": ("lakala_files/*__JS_*",),
    "lakala_jz": ("lakala_files/*__JZ_*",),
    "lakala_acc": ("lakala_files/*__ACC_*",),
    "lakala_dw": ("lakala_files/*__DW_*",),
    "lakala_d0": ("lakala_files/*__D0_*",),
    "lakala_sep": ("lakala_files/*__SEP_*",),
    "lakala_jy_fq": ("lakala_files/*__JY_FQ_*",),
    "personal_alipay": ("cn_personal_alipay/*",),
    "personal_wechat": ("cn_personal_wechat/*",),
    "personal_jd": ("cn_personal_jd/*",),
    "personal_meituan": ("cn_personal_meituan/*",),
    "personal_pdd": ("cn_personal_pdd/*",),
    "statement_icbc": ("cn_bank_statement/*icbc*",),
    "statement_spdb": ("cn_bank_statement/*spdb*",),
    "statement_boc": ("cn_bank_statement/*boc_debit*",),
    "statement_bocom": ("cn_bank_statement/*bocom*",),
    "statement_abc": ("cn_bank_statement/*abc_debit*",),
    "statement_cmb": ("cn_bank_statement/*cmb_debit*",),
    "statement_cmb_credit": ("cn_bank_statement/*cmb_credit*",),
    "statement_cgb_credit": ("cn_bank_statement/*cgb*",),
    "statement_hsbc_hk_credit": ("cn_bank_statement/*hsbc*",),
    "fixed_width": (),
    "json_lines": (),
    "xlsx": (),
    "delimited": (),
    "parquet": (),
    "arrow": (),
    "query": (),
}


def test_names_are_unique_and_found():
    """Every format is found by its one name."""
    names = [known.name for known in FORMATS]
    assert len(names) == len(set(names))
    assert all(format_named(name).name == name for name in names)
    with pytest.raises(UsageError, match="nonsense"):
        format_named("nonsense")


def test_every_format_has_titles_in_both_languages():
    """A list of formats can be shown to both readers."""
    assert all(known.title_en and known.title_zh for known in FORMATS)


def test_no_real_file_is_taken_for_another_format():
    """Over the whole corpus: a format knows its own folder and nothing else, never two at once.

    The declared layouts of banks recognise no file of another kind.
    """
    if not CORPUS.is_dir():
        pytest.skip("no corpus; set RECON_CORPUS to the folder of real samples")
    wrong = []
    for path in sorted(path for path in CORPUS.rglob("*") if path.is_file()):
        place = path.relative_to(CORPUS)
        names = {known.name for known in recognised(probe_of(staged(path)))}
        wanted = {name for name, own in OWN.items() if any(place.match(part) for part in own)}
        is_settlement = any(name.startswith("settlement_") for name in names)
        is_misplaced = is_settlement > (path.parent.name == "cn_bank_settlement")
        if names & set(OWN) != wanted or len(names) > 1 or is_misplaced:
            wrong.append((str(place), names, wanted))
    assert wrong == []
