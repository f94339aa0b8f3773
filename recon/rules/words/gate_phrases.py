"""Failed conditions of passes (`gates.py`) in Chinese."""

from __future__ import annotations

import re

_AND = " and "
_SIDES = {"merchant": "商户", "channel": "渠道", "bank": "银行"}
_COUNTED = {"days": "天", "working days": "个工作日"}
_WAYS = {"late": "过晚", "early": "过早"}
_ORDER = {"above": "高于", "below": "低于"}
_WORDS = {**_SIDES, **_COUNTED, **_WAYS, **_ORDER, "the day due": "应到日", "its own day": "当日"}
_LIMIT = re.compile(r"(\S+ %) of the (\w+)(?: up to (\S+ [A-Z]{3}))?")

# Pattern and words; a group that is a word of `_WORDS` is put into Chinese.
_CONDITIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"kind: money in against money back", "类型：收款对退款"),
        (r"currency: (\S+) against (\S+)", "币种：{} 对 {}"),
        (r"amount unknown", "金额未知"),
        (r"day unknown", "日期未知"),
        (r"time unknown", "时间未知"),
        (r"amount (\S+ [A-Z]{3}) off, none allowed", "金额差 {}，不允许相差"),
        (r"amount (\S+ [A-Z]{3}) beyond (\S+ [A-Z]{3}) by itself", "单独计金额超出容差 {1} 达 {0}"),
        (
            r"amount (\S+ [A-Z]{3}) beyond (.+) \(only (\w+) (above|below) (\w+)\)",
            "金额超出容差 {1} 达 {0}（仅允许{2}{3}{4}）",
        ),
        (r"amount (\S+ [A-Z]{3}) beyond (.+)", "金额超出容差 {1} 达 {0}"),
        (
            (
                r"(\d+) (days|working days) too (late|early) "
                r"\(from (\d+) before (the day due|its own day) to (\d+) after (the day due)\)"
            ),
            "{2} {0} {1}（{4}前 {3} 至{6}后 {5}）",
        ),
        (
            (
                r"(\d+) min (\d+) s too (late|early) "
                r"\(from (\d+) minutes before to (\d+) after\)"
            ),
            "{2} {0} 分 {1} 秒（前 {3} 分钟至后 {4} 分钟）",
        ),
        (r"being less than (\S+ %) probable", "可能性低于 {}"),
        (
            r"being (\S+ %) probable, (\S+) points short of (\S+ %)",
            "可能性 {0}，距 {2} 差 {1} 个百分点",
        ),
        (r"being tied at (\S+ %) probable", "并列，可能性 {}"),
        (r"not being the only candidate", "不是唯一候选"),
        (r"no other rows making up the rest", "没有其他记录可凑成余额"),
        (r"being tied or held apart", "并列或被人工分开"),
    )
)


def conditions_in_chinese(text: str, keys: dict[str, str]) -> str:
    """Return conditions joined by `and` in Chinese; `keys` are the words of columns."""
    return "，".join(_condition(part, keys) for part in text.split(_AND))


def _condition(text: str, keys: dict[str, str]) -> str:
    key = re.fullmatch(r"key (missing|differs) \((.*)\)", text)
    if key:
        named = re.sub(r"\w+", lambda found: keys.get(found[0], found[0]), key[2])
        return f"{'缺少关键字' if key[1] == 'missing' else '关键字不同'}（{named}）"
    for pattern, words in _CONDITIONS:
        found = pattern.fullmatch(text)
        if found:
            return words.format(*(_WORDS.get(part) or _limits(part) for part in found.groups()))
    return text


def _limits(text: str) -> str:
    """Return a tolerance in Chinese: fixed, or a share of a side up to a cap, or either."""
    told = _LIMIT.sub(_share, text)
    return told.replace(" or ", " 或 ")


def _share(found: re.Match[str]) -> str:
    cap = f"（最高 {found[3]}）" if found[3] else ""
    return f"{_SIDES.get(found[2], found[2])}金额的 {found[1]}{cap}"
