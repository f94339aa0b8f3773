"""Why a row was refused, in Chinese.

A reason is written once, in English, where it is found (`recon.core.money`, `recon.core.times`,
`recon.io.loading.fields`, the formats). This page of patterns is how it reads in Chinese; quoted
cells and names of columns stay as they are. A reason that no pattern knows stays whole.
"""

from __future__ import annotations

import re
from functools import cache

_WORDS: tuple[tuple[str, str], ...] = (
    (r"amount is empty; expected an amount", "金额为空，应有金额"),
    (r"(.+) is empty; expected an amount", "{0} 为空，应有金额"),
    (r"(.+) is beyond (.+); check the amount unit", "{0} 超过 {1}；请核对金额单位"),
    (
        (
            r"(.+): thousands are not in groups of three; declare decimal_mark and thousands as "
            r"the sender writes them, or have the file corrected"
        ),
        "{0}：千分位未按三位分组；请按发送方写法声明 decimal_mark 与 thousands，或请其更正文件",
    ),
    (
        r"(.+) lacks digits where an amount needs them; expected (.+)",
        "{0} 缺少金额所需的数字；应为{1}",
    ),
    (
        r"(.+) has spaces around the amount; declare `padded`",
        "{0} 金额前后有空格；请声明 padded",
    ),
    (
        r"(.+): character (.+) \((U\+\w+), not ASCII\) is not allowed; expected (.+)",
        "{0}：不允许的字符 {1}（{2}，非 ASCII）；应为{3}",
    ),
    (r"(.+): character (.+) is not allowed; expected (.+)", "{0}：不允许的字符 {1}；应为{2}"),
    (
        r"(.+): a sign or mark stands where none is allowed; expected (.+)",
        "{0}：符号或标点的位置不对；应为{1}",
    ),
    (
        (
            r"(.+): (\w+) has (\d+) decimals, found three zeros that may be thousands; declare "
            r"`thousands` and `decimal_mark` if so, else have the zeros cut"
        ),
        "{0}：{1} 有 {2} 位小数，实有三个零，可能是千分位；若是请声明千分位写法，否则请去掉这些零",
    ),
    (
        (
            r"(.+): (\w+) has (\d+) decimals, found (\d+)(?:, not all zeros)?; fix the sender's "
            r"file or declare another unit"
        ),
        "{0}：{1} 有 {2} 位小数，实有 {3} 位；请更正发送方文件或声明其他单位",
    ),
    (
        (
            r"(.+): whole minor units are declared, found (\d+) decimals(?:, not all zeros)?; "
            r"fix the sender's file or declare another unit"
        ),
        "{0}：已声明为最小单位整数，实有 {1} 位小数；请更正发送方文件或声明其他单位",
    ),
    (
        r"(.+) is not a known word; expected words in (\S+), which has none",
        "{0} 不是已知的词；{1} 中没有任何词",
    ),
    (r"(.+) is not a known word; expected one of (.+)", "{0} 不是已知的词；应为 {1} 之一"),
    (
        r"currency (.+) is not an active ISO 4217 code; expected one such as CNY",
        "币种 {0} 不是有效的 ISO 4217 代码；应如 CNY",
    ),
    (r"(.+) is filled and its currency is empty", "{0} 有值而其币种为空"),
    (
        r"credit and debit are both filled; expected one of them",
        "贷方与借方都有值；应只有其中之一",
    ),
    (
        r"(.+) is below zero; expected an unsigned amount in its own column",
        "{0} 小于零；自有一列的金额应不带符号",
    ),
    (r"(.+) is beyond (\d+) minor units", "{0} 超过 {1} 最小单位"),
    (
        r"(.+) is not a date of the calendar \(years 1970 to 2199\)",
        "{0} 不是有效日期（1970 至 2199 年）",
    ),
    (
        r"(.+) is not a time of day \(00:00:00 to 23:59:59\)",
        "{0} 不是有效时刻（00:00:00 至 23:59:59）",
    ),
    (
        r"(.+) is as far from the business date in two years",
        "{0} 没有年份，两个年份与业务日期同样近",
    ),
    (
        r"(.+) does not exist in the zone: clocks went forward over it \((.+)\)",
        "{0} 在时区 {1} 中不存在（夏令时拨快）",
    ),
    (
        r"(.+) happened twice in the zone: clocks went back over it \((.+)\)",
        "{0} 在时区 {1} 中出现两次（夏令时拨慢）",
    ),
    (
        r"(.+) does not fit (.+); declare in (\w+) how the sender writes it",
        "{0} 不符合格式 {1}；请在 {2} 中声明发送方的写法",
    ),
    (r"(.+) does not fit (.+)", "{0} 不符合格式 {1}"),
    (
        r"local time (.+) has no one UTC time in zone (.+)",
        "当地时间 {0} 在时区 {1} 中没有唯一的时刻",
    ),
    (
        r"time zone (.+) has several meanings: give the source its time_zone",
        "时区缩写 {0} 有多种含义：请为该数据源写明 time_zone",
    ),
    (r"expected (\d+) fields, found (\d+)", "应有 {0} 个字段，实有 {1} 个"),
    (r"a quote is opened and not closed", "引号未闭合"),
    (r"text follows a closing quote", "引号闭合后还有文字"),
    (r"a carriage return inside the line: mixed line ends", "行内有回车符：换行方式混杂"),
    (
        r"expected a line of at least (\d+) bytes, found (\d+)",
        "每行至少应有 {0} 字节，实有 {1}",
    ),
    (r"expected a line of (\d+) bytes, found (\d+)", "每行应有 {0} 字节，实有 {1}"),
    (
        r"amount (\S+) less fee (\S+) is not the settled amount (\S+)(?: \(minor units\))?",
        "金额 {0} 减手续费 {1} 不等于结算金额 {2}（最小单位）",
    ),
    (
        r"amount (\S+) less fee (\S+) is (\S+), the stated net is (\S+)",
        "金额 {0} 减手续费 {1} 得 {2}，所述净额为 {3}",
    ),
    (
        r"received (\S+) less spent (\S+) is not the stated total (\S+) \(minor units\)",
        "收入 {0} 减支出 {1} 不等于所述合计 {2}（最小单位）",
    ),
    (r"(.+) has a sign; expected it unsigned", "{0} 带有符号，应不带符号"),
    (
        r"(.+) has the wrong sign for a (.+); expected only refunds below zero",
        "{0} 的符号与 {1} 不符；只有退款应小于零",
    ),
    (
        (
            r"(.+) is (?:text|a number|true or false); it was (?:text|a number|true or false) at "
            r"line (\d+)"
        ),
        "{0} 的类型与第 {1} 行不同",
    ),
    (
        r"expected 收入 or 支出 and an unsigned amount, found (.+)",
        "应为“收入”或“支出”加不带符号的金额，实为 {0}",
    ),
)
_AS_WRITTEN = "; declare decimal_mark, thousands, symbols or full_width if the sender writes it so"
_DECLARE = "；若发送方确是如此书写，请声明 decimal_mark、thousands、symbols 或 full_width"
_EXAMPLES = (
    (rf"a plain amount, for instance (\S+){_AS_WRITTEN}", f"普通金额，如 {{0}}{_DECLARE}"),
    (
        rf"whole minor units, for instance (\S+){_AS_WRITTEN}",
        f"最小单位整数，如 {{0}}{_DECLARE}",
    ),
    (r"a plain amount, for instance (\S+)", "普通金额，如 {0}"),
    (r"whole minor units, for instance (\S+)", "最小单位整数，如 {0}"),
    (r"C or D and minor digits, for instance (\S+)", "C 或 D 加最小单位数字，如 {0}"),
)


def reason_in_chinese(reason: str) -> str:
    """Return why a row was refused in Chinese; what no pattern knows stays as it is."""
    return _found(reason, _WORDS) or reason


def _found(text: str, patterns: tuple[tuple[str, str], ...]) -> str | None:
    for pattern, words in patterns:
        found = _compiled(pattern).fullmatch(text)
        if found:
            return words.format(*(_found(value, _EXAMPLES) or value for value in found.groups()))
    return None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)
