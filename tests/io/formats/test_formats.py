from __future__ import annotations

import pytest

from recon.errors import UsageError
from recon.io.formats import FORMATS, format_named, recognised
from tests.io.formats.reading import CORPUS, probe_of

FOLDERS = {
    "wechat_trade": "wechat_merchant_trade",
    "alipay_trade": "alipay_merchant_trade",
    "unionpay_zm": "unionpay_zm",
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
    """Over the whole corpus: a format recognises its own folder, and nothing else."""
    if not CORPUS.is_dir():
        pytest.skip("no corpus; set RECON_CORPUS to the folder of real samples")
    wrong = []
    for path in sorted(path for path in CORPUS.rglob("*") if path.is_file()):
        names = [known.name for known in recognised(probe_of(path)) if known.name in FOLDERS]
        wanted = [name for name, folder in FOLDERS.items() if path.parent.name == folder]
        if names != wanted:
            wrong.append((path.name, names, wanted))
    assert wrong == []
