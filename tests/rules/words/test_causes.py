"""Causes and failed gates read in Chinese; what is not known stays as it is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from recon.rules.words import causes as cause_words
from recon.rules.words.causes import in_chinese, known

RULES = Path(cause_words.__file__).parents[1]


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("cap not applied", "未封顶"),
        ("charged as 0.60 % + 3.00", "实际按 0.60 % + 3.00 计费"),
        (
            "charged as 0.50 %, at least 0.10, at most 20.00, rounded ceiling",
            "实际按 0.50 %，最低 0.10，最高 20.00，向上取整 计费",
        ),
        (
            "cap not applied; also fits: charged as card type credit, surcharge of 1.00",
            "未封顶；也符合：按卡种 credit 计费、附加 1.00",
        ),
        ("returned fees of 0.12 left out of the sum", "合计漏计退还的手续费 0.12"),
        ("refunds of 70.00 counted twice in the sum", "合计重复计入退款 70.00"),
        ("undoes more than the payment of 100.00 that it names", "超出所指原交易的金额 100.00"),
        ("undoes a part of the payment of 100.00 that it names", "仅为所指原交易 100.00 的一部分"),
        ("terminal_id differs", "终端号不同"),
        ("paid with 622202******0001, refunded to 625999******0007",
         "付款卡 622202******0001，退到 625999******0007"),
        (
            ("amount off by -61.00 CNY, 3 d after the day due; pass order number fails on key "
            "differs (order_id); pass till fails on key missing (terminal_id+due_date)"),
            ("金额差 -61.00 CNY，晚于应到日 3 天；规则 order number 不符：关键字不同（订单号）；"
            "规则 till 不符：缺少关键字（终端号+应到日）"),
        ),
        (
            ("amount equal; pass payouts fails on 2 working days too late "
            "(from 1 before the day due to 2 after the day due)"),
            "金额相同；规则 payouts 不符：过晚 2 个工作日（应到日前 1 至应到日后 2）",
        ),
        (
            ("pass near fails on amount 0.30 CNY beyond 1.00 CNY or 3 % of the channel up to "
            "5.00 CNY (only bank above channel) and 1 days too early "
            "(from 0 before its own day to 0 after the day due)"),
            ("规则 near 不符：金额超出容差 1.00 CNY 或 渠道金额的 3 %（最高 5.00 CNY） 达 0.30 CNY"
            "（仅允许银行高于渠道），过早 1 天（当日前 0 至应到日后 0）"),
        ),
        (
            "pass w fails on amount 0.50 CNY off, none allowed and currency: CNY against USD",
            "规则 w 不符：金额差 0.50 CNY，不允许相差，币种：CNY 对 USD",
        ),
        ("amount equal, 1 d before the day due", "金额相同，早于应到日 1 天"),
        (
            "pass texts fails on being less than 95 % probable",
            "规则 texts 不符：可能性低于 95 %",
        ),
        (
            "pass sums fails on amount 0.50 CNY beyond 0.00 CNY by itself",
            "规则 sums 不符：单独计金额超出容差 0.00 CNY 达 0.50 CNY",
        ),
        (
            "none near: the nearest unmatched amount is 9.00 CNY off",
            "没有接近的候选：最接近的未匹配金额相差 9.00 CNY",
        ),
        ("one of 2 rows of 5.00 (11, 12)", "2 条 5.00 的记录之一（11, 12）"),
        ("computed in whole mode; due: 1.00 x 0.05 %", "按全额方式计算；应为 1.00 x 0.05 %"),
        ("submitted since 2026-11-01, due by 2026-11-05",
         "自 2026-11-01 起已提交，应于 2026-11-05 前完成"),
    ],
)  # fmt: skip
def test_a_cause_reads_in_chinese(cause: str, words: str) -> None:
    """Each phrase has its Chinese words, figures and numbers unchanged."""
    assert in_chinese(cause) == words
    assert known(cause)


def test_what_no_pattern_knows_stays_as_it_is() -> None:
    """An unknown cause is shown as it was written, and is told apart."""
    assert in_chinese("a cause of tomorrow") == "a cause of tomorrow"
    assert not known("a cause of tomorrow")


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts under a node, the placeholders of f-strings and formats as 7."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "7" for part in node.values]
        yield "".join(str(part) for part in parts)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def _written_causes() -> list[str]:
    """Return every literal that the rules give as `cause`."""
    return [
        text
        for path in sorted(RULES.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "cause"
        for text in _texts(node.value)
    ]


def test_every_cause_of_the_rules_has_chinese_words() -> None:
    """Each sentence of two words or more that a rule gives as a cause is known, figures filled."""
    texts = [text for text in _written_causes() if re.search("[a-z] [a-z]", text)]
    assert len(texts) > 20
    missing = []
    for text in texts:
        filled = re.sub(r"\{+[^}]*\}+", "7", text)
        ways = (filled, f"{filled}failed", f"no contract line for {filled}")
        if not any(known(way) for way in ways):
            missing.append(text)
    assert missing == []
