"""What became of a file, and the fix, in Chinese.

A message is written once, in English, where it is found (`CODE: place: problem`, then `fix: ...`).
This page of patterns is how it reads in Chinese. What no pattern knows stays as it is, inside
a Chinese sentence that says which part is the problem and which the fix.
"""

from __future__ import annotations

import re
from functools import cache

from recon.rules.words.file_fixes import FIXES
from recon.rules.words.rejects import reason_in_chinese

_FIX = "\n  fix: "
_HEAD = re.compile(r"(?P<code>FILE_[A-Z]+): (?P<rest>.*)", re.DOTALL)
_PLACE = re.compile(r"(?P<place>[^\s:][^:]*\.\w+(?:, [^:]{1,80})?): (?P<rest>.*)", re.DOTALL)
_CODES = {
    "FILE_MISSING": "文件缺失",
    "FILE_EMPTY": "文件为空",
    "FILE_TOTAL": "汇总不符",
    "FILE_SCHEMA": "布局不符",
}
_MESSAGES: tuple[tuple[str, str], ...] = (
    (
        (
            r"expected a file on (\S+), found none; deliver it and run the night again, "
            r'or declare expected = "optional"'
        ),
        '{0} 应有文件，未收到；请送达后重跑当日，或声明 expected = "optional"',
    ),
    (r"not expected today", "今日无需文件"),
    (
        r"expected one header, found it again in record (\d+): several files were joined",
        "应只有一个表头，第 {0} 条又见表头：文件由多个拼接而成",
    ),
    (
        (
            r"expected each row once, found (\d+) of (\d+) rows to stand in the file before, "
            r"with content and reference"
        ),
        "每行应只出现一次，实际 {1} 行中有 {0} 行的内容与流水号在文件中已出现",
    ),
    (
        r"expected at most (\d+) refused rows in a file, found more",
        "单个文件拒收行最多 {0} 行，实际更多",
    ),
    (
        r"expected rows of about (\S+), found (\d+) rows of (\S+) to (\S+)",
        "应有 {0} 前后的数据行，实有 {1} 行，日期为 {2} 至 {3}",
    ),
    (
        (
            r"expected rows of (\S+), found (\d+) rows that the night of (\S+) \((.+)\) told, "
            r"each of them"
        ),
        "应有 {0} 的数据行，实有 {1} 行，每一行都已于 {2} 报送（{3}）",
    ),
    (
        (
            r"expected rows of (\S+), found (\d+) rows of which (\d+) were told on the night of "
            r"(\S+) \((.+)\), and none of a later day"
        ),
        "应有 {0} 的数据行，实有 {1} 行，其中 {2} 行已于 {3} 报送（{4}），没有更晚日期的行",
    ),
    (
        r"expected rows of merchant ('.*'), found (\d+) rows, all of others \((.+)\)",
        "应为商户 {0} 的数据行，实有 {1} 行，均属其他商户（{2}）",
    ),
    (r"expected rows, found none", "应有数据行，实际没有"),
    (r"the same bytes were loaded before: the night of (\S+)", "同一文件已于 {0} 载入"),
    (r"the same bytes were loaded before: (.+)", "同一文件已载入：{0}"),
    (
        r"expected the control totals that every (\S+) file declares, found none",
        "{0} 文件应带汇总，实际没有",
    ),
    (
        (
            r"expected (\d+) fields and a line end in the last line, found (\d+) and the end of "
            r"the file \(record (\d+), byte (\d+)\)"
        ),
        "末行应有 {0} 个字段及换行，实际只有 {1} 个，文件即告结束（第 {2} 条，字节 {3}）",
    ),
    (
        (
            r"expected (\d+) bytes and a line end in the last line, found (\d+) and the end of "
            r"the file \(record (\d+), byte (\d+)\)"
        ),
        "末行应有 {0} 字节及换行，实际只有 {1}，文件即告结束（第 {2} 条，字节 {3}）",
    ),
    (
        (
            r"expected a (?:whole (?:object|message|character|row)|closed quote) and a line end "
            r"in the last line, found (?:a part of|an open) one and the end of the file "
            r"\(record (\d+), byte (\d+)\)"
        ),
        "末行不完整且没有换行，文件即告结束（第 {0} 条，字节 {1}）",
    ),
    (
        (
            r"expected rows that can be read, found all (\d+) refused; the first \(record (\d+)\): "
            r"(.+)"
        ),
        "应有可读的行，实际 {0} 行全部拒收；第一行（第 {1} 条）：{2}",
    ),
    (
        (
            r"expected at most (\S+ %) of the rows refused, found (\d+) of (\d+) \((\S+ %)\); "
            r"the first \(record (\d+)\): (.+)"
        ),
        "拒收行最多 {0}，实际 {2} 行中拒收 {1} 行（{3}）；第一行（第 {4} 条）：{5}",
    ),
    (
        (
            r"the declared totals agree, but (\d+) of the rows that they count were refused, so "
            r"the accepted rows do not add up to them\."
        ),
        "汇总本身相符，但其中 {0} 行被拒收，接受的行加不出该汇总",
    ),
    (
        r"each of its (\d+) rows stands in (.+) as well: this money is counted once",
        "其 {0} 行全部也在 {1} 中：资金只计一次",
    ),
    (
        (
            r"expected each row in one file of the source, found (\d+) of (\d+) rows without a "
            r"reference of their own in (.+) as well"
        ),
        "每行只应在同一来源的一个文件中，实际 {1} 行中有 {0} 行没有自己的流水号，也在 {2} 中",
    ),
    (
        (
            r"expected each payment in one file of the source, found (\d+) of (\d+) rows with the "
            r"reference, kind and amount of rows in (.+) but other content"
        ),
        "每笔付款只应在一个文件中，实际 {1} 行中有 {0} 行与 {2} 的流水号、类型、金额相同而内容不同",
    ),
    (
        r"account (.+): every day that it tells is told by (.+) as well, which counts",
        "账户 {0}：其每一天也由 {1} 报送，以后者为准",
    ),
    (
        (
            r"expected bookings of an account from one file a day, found (\S+) of account "
            r"(.+) in (.+) "
            r"as well, but not every day"
        ),
        "账户每日记账只应来自一个文件，账户 {1} 的 {0} 也在 {2} 中，但并非每一天",
    ),
    (r"expected a file identity of its own, found the one of (.+)", "文件标识与 {0} 相同"),
    (
        r"the columns are not those of earlier nights: (.+)\. Expected (.+); found (.+)",
        "列与此前不同：{0}。应为 {1}；实为 {2}",
    ),
    (r"expected at least one byte, found an empty file", "文件为空，应至少一个字节"),
    (r"expected rows, found a file of zero bytes", "应有数据行，文件为零字节"),
    (r"expected a header line, found none", "应有表头，实际没有"),
    (r"expected a column ('.+'), found (.+)", "应有列 {0}，实有 {1}"),
    (
        (
            r"expected a file that holds still, found (\d+) bytes before and (\d+) after "
            r"(\d+) were read"
        ),
        "文件在读取时仍在变化：读前 {0} 字节，读后 {1} 字节，读到 {2} 字节",
    ),
    (r"expected a whole zip archive, found:? (.+)", "压缩包不完整：{0}"),
    (r"expected a whole gzip file, found a damaged one \((.+)\)", "gzip 文件已损坏（{0}）"),
    (
        r"expected the (\S+) (\S+) that (\S+) states, found (\S+)(?: and unpacked (\S+))?",
        "{2} 声明的 {0} 为 {1}，实为 {3}",
    ),
    (r"expected one digest of (\d+) digits, found (\d+)", "应有一个 {0} 位摘要，实有 {1} 个"),
    (r"expected a regular file, (.+)", "应为普通文件，{0}"),
    (r"expected the content of one known format, found (.+)", "应为一种已知格式的内容，实为 {0}"),
    (r"the (?:file|JSON) is (?:cut|damaged): ?(.*)", "文件不完整：{0}"),
    (
        r"expected (?:an end record \(88\) behind (\d+) records), found none: it is cut",
        "{0} 条记录之后应有结束记录（88），文件却已结束：被截断",
    ),
    (r"(.+): it is cut", "文件不完整：{0}"),
    (
        r"expected the end of the list or its totals behind the rows, found the end of the file",
        "数据行之后应有列表结束行或合计行，文件却已结束：被截断",
    ),
    (
        r"expected column headings and rows behind the titles, found the end of the file",
        "标题之后应有列名和数据行，文件却已结束：被截断",
    ),
    (
        r"expected one summary heading and one summary line at the end, found (.+)",
        "末尾应有一行汇总列名和一行汇总数据，实为 {0}",
    ),
    (
        r"expected the end of the list, then one line (\S+) and one line (\S+), found (.+)",
        "列表结束行之后应有“{0}”和“{1}”各一行，实为 {2}",
    ),
    (r"expected one set of totals, found (\d+): (.+)", "应有一组合计，实有 {0} 组：{1}"),
    (r"expected (.+), found (.+)", "应为 {0}，实为 {1}"),
)
_PARTS: tuple[tuple[str, str], ...] = (
    (r"(.+): declared (.+), computed (.+), difference (\S+)", "{0}：声明 {1}，计算 {2}，相差 {3}"),
    (
        r"(.*?)\.? ?(\d+) refused rows count in what the file declares",
        "{0}。文件声明中含 {1} 行拒收行",
    ),
    (r"column ('.+') is now called ('.+')", "列 {0} 改名为 {1}"),
    (r"column ('.+') is new", "新增列 {0}"),
    (r"column ('.+') is lost", "缺少列 {0}"),
    (r"column ('.+') was (.+) and is (.+)", "列 {0} 原为 {1}，现为 {2}"),
    (r"the columns (.+) stand in another order", "列 {0} 的次序改变"),
    (
        r"column ('.+') is mapped, but the file has none of that name",
        "已映射的列 {0} 在文件中不存在",
    ),
    (r"(.+)\. Expected (.+)", "{0}。应为 {1}"),
    (r"found (.+)", "实为 {0}"),
    (
        r"column ('.+') is neither mapped nor in ignore_columns",
        "列 {0} 既未映射也不在 ignore_columns 中",
    ),
    (r"column ('.+') stands (\d+) times", "列 {0} 出现 {1} 次"),
)


def message_in_chinese(message: str) -> str:
    """Return what became of a file in Chinese, with its fix on a line of its own."""
    head, _, fix = message.partition(_FIX)
    code = _HEAD.fullmatch(head)
    lead = ""
    if code is not None and code["code"] in _CODES:
        head, lead = code["rest"], f"{_CODES[code['code']]}（{code['code']}）："
    place = _PLACE.fullmatch(head)
    if place is not None:
        head, lead = place["rest"], f"{lead}{place['place']}："
    told = f"{lead}{_problem(head)}"
    return f"{told}\n  处理：{_listed(fix, FIXES)}" if fix else told


def is_message(text: str) -> bool:
    """Return whether a text is a message about a file, and not a cause of another break."""
    return bool(_HEAD.match(text)) or _found(text, _MESSAGES[:2]) is not None


def _problem(text: str) -> str:
    whole = _found(text, _MESSAGES)
    return _listed(text, _PARTS) if whole is None else whole


def _listed(text: str, patterns: tuple[tuple[str, str], ...]) -> str:
    """Return the parts of a list in Chinese; unknown ones stay."""
    parts = [part.removesuffix(".") for part in text.split("; ")]
    return "；".join(_found(part, patterns) or part for part in parts)


def _found(text: str, patterns: tuple[tuple[str, str], ...]) -> str | None:
    for pattern, words in patterns:
        found = _compiled(pattern).fullmatch(text)
        if found:
            return words.format(*(_inner(value) for value in found.groups()))
    return None


def _inner(value: str) -> str:
    """Return a part of a sentence: changes or a reason in Chinese, anything else as it stands."""
    if "column" in value or "declared" in value:
        return _listed(value, _PARTS)
    return reason_in_chinese(value)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)
