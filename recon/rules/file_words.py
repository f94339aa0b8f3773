"""What became of a file, and the fix, in Chinese.

A message is written once, in English, where it is found (`CODE: place: problem`, then `fix: ...`).
This page of patterns is how it reads in Chinese. What no pattern knows stays as it is, inside
a Chinese sentence that says which part is the problem and which the fix.
"""

from __future__ import annotations

import re
from functools import cache

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
    (r"expected a regular file, (.+)", "应为普通文件，{0}"),
    (r"expected the content of one known format, found (.+)", "应为一种已知格式的内容，实为 {0}"),
    (r"the (?:file|JSON) is (?:cut|damaged): ?(.*)", "文件不完整：{0}"),
    (r"(.+): it is cut", "文件不完整：{0}"),
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
    (
        r"column ('.+') is neither mapped nor in ignore_columns",
        "列 {0} 既未映射也不在 ignore_columns 中",
    ),
    (r"column ('.+') stands (\d+) times", "列 {0} 出现 {1} 次"),
)
_FIXES: tuple[tuple[str, str], ...] = (
    (r"nothing, it is not loaded twice", "无需处理，不会重复载入"),
    (r"nothing, this money is counted once", "无需处理，资金只计一次"),
    (r"if another file was meant, ask the sender for it", "若应为另一文件，请向发送方索取"),
    (
        (
            r"deliver tonight's file and run the night again, or declare allow_empty = true or "
            r'expected = "optional" where a night without new rows is ordinary'
        ),
        (
            "请送达当日文件后重跑当日；若当日没有新行属正常，"
            '请声明 allow_empty = true 或 expected = "optional"'
        ),
    ),
    (r"deliver tonight's file and run the night again", "请送达当日文件后重跑当日"),
    (
        (
            r"put an old file under the name of its own night and run that one, or raise "
            r"stale_days of the source"
        ),
        "旧文件请以其所属日期命名并重跑该日，或提高该来源的 stale_days",
    ),
    (
        (
            r"if it corrects the earlier file, put it under that name and run that night again, or "
            r"raise retold_percent of the source"
        ),
        "若是更正此前的文件，请以该文件名送达并重跑该日，或提高该来源的 retold_percent",
    ),
    (
        r'if equal rows are different money, write equal_rows = "distinct" for the source',
        '若相同的行确为不同资金，请为该来源写 equal_rows = "distinct"',
    ),
    (
        r"(?:it|the file) is held and none of its rows is matched",
        "文件暂停使用，其中任何一行都不参与匹配",
    ),
    (r"ask the sender for a whole file", "请向发送方索取完整文件"),
    (r"the file was cut on its way: ask for it whole", "文件传输中被截断，请索取完整文件"),
    (
        r"if that line belongs to the file, have the sender end it with a line feed",
        "若该行确属文件，请发送方以换行结束",
    ),
    (
        (
            r"correct the source's declaration in the rule file if it describes the file wrongly, "
            r"else ask the sender"
        ),
        "若规则文件对该来源的声明有误请更正，否则请询问发送方",
    ),
    (r"see the rejects", "查看拒收行"),
    (
        (
            r"correct the source's declaration if it describes the file wrongly, ask the "
            r"sender for a "
            r"whole file, or raise reject_limit_percent"
        ),
        "若来源声明有误请更正，或向发送方索取完整文件，或提高 reject_limit_percent",
    ),
    (
        (
            r'deliver files that do not overlap, or write equal_rows = "distinct" for the '
            r"source if "
            r"they are different money"
        ),
        '请送达互不重叠的文件；若确为不同资金，请为该来源写 equal_rows = "distinct"',
    ),
    (
        (
            r"deliver one of the two \(not a summary beside its details, not an earlier "
            r"state beside a "
            r"later one\), or make them two sources"
        ),
        "只送达其中之一（不要汇总与明细并存，也不要新旧状态并存），或声明为两个来源",
    ),
    (r"leave one of the two sources out", "请去掉两个来源之一"),
    (r"deliver the statement or the report of a day, not both", "同一天只送对账单或报告之一"),
    (r"load one of the two on another night", "请将其中之一改在另一日载入"),
    (r"ask the sender what the change means", "请询问发送方变更的含义"),
    (
        (
            r"if it is right, correct the mapping and name the columns in changed_columns "
            r"of the source "
            r'\("\*" for all\)'
        ),
        '若变更无误，请更正映射，并将列名写入该来源的 changed_columns（全部写 "*"）',
    ),
    (r"ask the sender for the file again", "请向发送方重新索取文件"),
    (r"ask for the file again.*", "请重新索取文件"),
    (r"transfer the file again, in binary", "请以二进制方式重新传输"),
    (r"have the file split", "请将文件拆分"),
    (r"download the (?:bill|file|report|archive) again.*", "请重新下载"),
    (
        r"correct the column's name in the rule file, or ask the sender for the column",
        "请更正规则文件中的列名，或向发送方索取该列",
    ),
    (r"declare the file's own format", "请声明文件自身的格式"),
    (r"check which file was delivered, or declare its format", "请核对送达的文件，或声明其格式"),
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
    return f"{told}\n  处理：{_listed(fix, _FIXES)}" if fix else told


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
    """Return a part of a sentence: a list of changes in Chinese, anything else as it stands."""
    return _listed(value, _PARTS) if "column" in value or "declared" in value else value


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)
