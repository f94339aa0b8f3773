from __future__ import annotations

import polars as pl

from recon.core.evidence import AMOUNT_WORDS, TEXT_WORDS, reasons
from recon.report.explain.reason_words import in_language, weighed


def every_level() -> list[str]:
    """Return the reasons of links that show every level there is."""
    frames = [
        pl.DataFrame(
            {
                "amount_level": [min(level, len(AMOUNT_WORDS) - 1)],
                "lag": [level - 3],
                "text_level": [level],
                "amount_weight": [100],
                "lag_weight": [200],
                "text_weight": [-300],
            }
        )
        for level in range(len(TEXT_WORDS))
    ]
    frame = pl.concat(frames)
    days = [reasons(frame, working_days=pl.lit(value)) for value in (True, False)]
    return [line for told in days for line in told]


def test_every_reason_has_chinese_words():
    """Each level that a link can show is told in Chinese, with the same weights."""
    for line in every_level():
        assert weighed(line)
        told = in_language(line, "zh")
        assert told.startswith("支持：")
        assert told.endswith(" -3.0（比特）")
        assert "+1.0，" in told
        assert not any(word in told for word in ("day", "amount", "text", "rare", "letters"))
        assert in_language(line, "en") == line


def test_fixed_reasons_are_not_weighed():
    """Reasons of links by key stay what they are."""
    assert not weighed("equal key, equal amount")
    line = "for: equal amount +9.2; against: 9 days later -1.3 (bits)"
    assert in_language(line, "zh") == "支持：金额相等 +9.2；反对：晚 9 天 -1.3（比特）"
