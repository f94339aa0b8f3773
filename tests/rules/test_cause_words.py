"""Causes and failed gates read in Chinese; what is not known stays as it is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from recon.rules import cause_words
from recon.rules.cause_words import in_chinese, known

RULES = Path(cause_words.__file__).parent


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
        ("terminal_id differs", "终端号不同"),
        ("paid with 622202******0001, refunded to 625999******0007",
         "付款卡 622202******0001，退到 625999******0007"),
        (
            "key differs (order_id or terminal_id+due_date); amount off by -61.00 CNY, 3 d apart",
            "关键字不同（订单号 或 终端号+应到日）；金额差 -61.00 CNY，时间差 3 天",
        ),
        (
            "amount equal; pass payouts takes equal amounts from 0 days before to 2 days after",
            "金额相同；规则 payouts 只取金额相同、前 0 天至后 2 天内的记录",
        ),
        (
            "pass near takes amounts within 1.00 CNY or 0.5 % from 1 days before to 1 days after",
            "规则 near 只取金额相差 1.00 CNY 或 0.5 % 以内、前 1 天至后 1 天内的记录",
        ),
        ("amount off by 0.50 CNY, 3 d after the day due", "金额差 0.50 CNY，晚于应到日 3 天"),
        (
            "pass w takes equal amounts from 1 working days before to 2 working days after",
            "规则 w 只取金额相同、前 1 个工作日至后 2 个工作日内的记录",
        ),
        ("amount equal, 1 d before the day due", "金额相同，早于应到日 1 天"),
        ("pass texts takes pairs of at least 95 %", "规则 texts 只取可能性不低于 95 % 的记录"),
        ("pass sums takes rows that add up", "规则 sums 只取合计相符的记录"),
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
        for path in sorted(RULES.glob("*.py"))
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
