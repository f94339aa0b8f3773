"""Messages about files in Chinese."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import recon.io
from recon.core.codes import InputState
from recon.io.formats import FORMATS
from recon.io.loading import load, retold, verdict
from recon.io.loading.whose import Whose
from recon.io.reading.contract import ControlTotal, Options, Reject
from recon.rules.words.causes import in_chinese
from recon.rules.words.files import message_in_chinese

REJECTS = [Reject(3, 10, 20, "a", ("amount is empty; expected an amount",))]
CUT = [Reject(3, 10, 20, "a", ("expected 5 fields, found 3",))]
PROVED = next(fmt for fmt in FORMATS if fmt.has_controls)
PLAIN = next(fmt for fmt in FORMATS if fmt.name == "delimited")
WRONG = [ControlTotal("rows", 5, 4), ControlTotal("amount", 1000, 900, "CNY")]


def of_file(*arguments: object) -> str:
    """Return the sentence that the loader says of a file read to its end."""
    state, message = verdict.verdict(*arguments)  # type: ignore[arg-type]
    assert state is InputState.HELD
    return message


MESSAGES = {
    "cut": of_file(PLAIN, Options(), 9, CUT, [], 20),
    **{
        f"cut {number}": of_file(PLAIN, Options(), 9, [Reject(3, 10, 20, "a", (reason,))], [], 20)
        for number, reason in enumerate(
            (
                "expected a line of at least 31 bytes, found 20",
                "not a row of JSON: Unterminated string",
                "a quote is opened and not closed",
                "expected a row, a title or a total of the report",
            )
        )
    },
    "all refused": of_file(PLAIN, Options(), 0, REJECTS, [], 99),
    "too many refused": of_file(PLAIN, Options(reject_limit_ppm=0), 9, REJECTS, [], 99),
    "no totals": of_file(PROVED, Options(), 9, [], [], 99),
    "wrong totals": of_file(PROVED, Options(), 9, [], WRONG, 99),
    "refused rows count": of_file(PROVED, Options(), 9, REJECTS, WRONG[:1], 99),
    "another merchant": of_file(
        PLAIN, Options(), 9, [], [], 99, (), Whose("8001", strangers=["9999"])
    ),
    "loaded before": load._loaded_before("the night of 2026-11-09"),
    "retold": retold._contained(7, "in/b.csv"),
    "undecided": retold._undecided(2, 7, "in/b.csv"),
    "other words": retold._in_other_words(2, 7, "in/b.csv"),
    **{
        f"bill {number}": f"FILE_TOTAL: a.csv: {problem}\n  fix: download the file again: it is cut"
        for number, problem in enumerate(
            (
                (
                    "expected the end of the list or its totals behind the rows, found the end of "
                    "the file"
                ),
                "expected column headings and rows behind the titles, found the end of the file",
                "expected one summary heading and one summary line at the end, found []",
                "expected the end of the list, then one line 合计 and one line 退款, found []",
                "expected one set of totals, found 0: []",
                "expected an end record (88) behind 6 records, found none: it is cut",
            )
        )
    },
}


@pytest.mark.parametrize("name", MESSAGES)
def test_what_the_loader_says_of_a_file_is_all_chinese(name: str) -> None:
    """No English word is left but names, keys of the rule file and the reason of a first row."""
    told = message_in_chinese(MESSAGES[name])
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", told.replace(REJECTS[0].reasons[0], "")), told
    assert "处理：" in told


def test_unknown_words_stay_inside_a_chinese_sentence() -> None:
    """The place, the code and what was expected and found are told apart in any case."""
    text = "FILE_SCHEMA: a.csv, line 4: expected seven eggs, found two\n  fix: buy eggs"
    assert message_in_chinese(text) == (
        "布局不符（FILE_SCHEMA）：a.csv, line 4：应为 seven eggs，实为 two\n  处理：buy eggs"
    )


def test_changes_of_columns_are_listed() -> None:
    """Each change of the columns in words."""
    text = (
        "FILE_SCHEMA: a.csv: the columns are not those of earlier nights: column 'fee' is lost; "
        "column 'x' is new. Expected a, fee; found a, x\n  fix: ask the sender what the change "
        "means; if it is right, correct the mapping and name the columns in changed_columns of the "
        'source ("*" for all)'
    )
    told = message_in_chinese(text)
    assert "缺少列 'fee'；新增列 'x'" in told
    assert "请询问发送方变更的含义；若变更无误" in told


def test_the_cause_of_a_file_finding_is_a_message() -> None:
    """`recon explain` and the documents translate causes; a file's cause is its message."""
    told = in_chinese(
        "expected a file on 2026-11-09, found none; deliver it and run the night again, or declare "
        'expected = "optional"'
    )
    assert told.startswith("2026-11-09 应有文件，未收到")


def _fixes_of_readers() -> set[str]:
    """Return every fix that a reader tells, as written; what it fills in stands as `X1`."""
    found = set()
    for path in Path(recon.io.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "fix":
                parts = node.value.values if isinstance(node.value, ast.JoinedStr) else [node.value]
                words = [item.value if isinstance(item, ast.Constant) else "X1" for item in parts]
                found.add("".join(map(str, words)))
    return found


def test_every_fix_that_a_reader_tells_reads_in_chinese() -> None:
    """No English words in a row are left, but those of code that a person types."""
    fixes = _fixes_of_readers()
    assert len(fixes) > 60
    for fix in sorted(fixes):
        told = message_in_chinese(f"FILE_EMPTY: a.csv: expected rows, found none\n  fix: {fix}")
        plain = re.sub(r"`[^`]*`", "", told.split("处理：")[1])
        assert not re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", plain), plain
