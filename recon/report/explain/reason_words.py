"""The evidence of a SCORE link (`links.reasons`) as a person reads it, in English or Chinese.

The published words are English (`recon.core.evidence`); each has one Chinese phrase here.
"""

from __future__ import annotations

import re

from recon.core.evidence import AMOUNT_WORDS, TEXT_WORDS

_AMOUNT_ZH = (
    "金额相等",
    *(f"金额相差不超过 {share} %" for share in ("0.03", "0.1", "0.3", "1", "2", "5", "10", "20")),
    "金额相差超过 20 %",
)
_TEXT_ZH = (
    "文本无共同之处",
    "无文本可比",
    *(f"文本前 {size} 个字节相同" for size in range(1, 23)),
    "文本前 23 个或更多字节相同",
    "一方文本是另一方的开头",
    "文本相同",
    "双方文本有一个少见的相同数字串",
    "双方文本有两三个少见的相同词或数字串",
    "双方文本有四个以上少见的相同词或数字串",
    "双方文本有一个少见的相同词",
    "双方文本有两三个少见的相同词",
    "双方文本有四个以上少见的相同词",
    "拼写相近（Jaro-Winkler 0.88）",
    "至多 30 % 的字符不同",
    "拼写相近（Jaro-Winkler 0.95）",
    "至多 20 % 的字符不同",
    "至多 10 % 的字符不同",
)
_CHINESE = dict(zip((*AMOUNT_WORDS, *TEXT_WORDS), (*_AMOUNT_ZH, *_TEXT_ZH), strict=True))
_CHINESE["same day"] = "同日"
_PART = re.compile(r"(?P<words>.+) (?P<weight>[+-]\d+\.\d)")
_LAG = re.compile(r"(?P<days>\d+) (?P<working>working )?days? (?P<way>later|earlier)")
_SIDES = {"for": "支持", "against": "反对"}


def weighed(reasons: str) -> bool:
    """Return whether these reasons are weighed evidence."""
    return reasons.startswith(("for: ", "against: "))


def in_language(reasons: str, language: str) -> str:
    """Return weighed reasons in the language asked for."""
    if language != "zh":
        return reasons
    body = reasons.removesuffix(" (bits)")
    sides = [part.partition(": ") for part in body.split("; ")]
    told = [
        f"{_SIDES[side]}：" + "，".join(map(_phrase, said.split(", "))) for side, _, said in sides
    ]
    return "；".join(told) + "（比特）"


def _phrase(part: str) -> str:
    """Return one piece of evidence and its weight in Chinese."""
    found = _PART.fullmatch(part)
    assert found is not None, f"not a weighed reason: {part}"
    words, weight = found["words"], found["weight"]
    lag = _LAG.fullmatch(words)
    if lag:
        unit = "个工作日" if lag["working"] else "天"
        return f"{'晚' if lag['way'] == 'later' else '早'} {lag['days']} {unit} {weight}"
    return f"{_CHINESE[words]} {weight}"
