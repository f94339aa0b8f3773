"""The sentences of an explanation, in English and Chinese, with holes for its facts."""

from __future__ import annotations

from recon.report.words import Pair

CASE: Pair = (
    "{kind} {ident}: {label} ({code}), {status}, since {since}",
    "{kind} {ident}：{label}（{code}），{status}，首次发现 {since}",
)
EXPECTED: Pair = (
    "  expected {expected}, found {actual}: difference {difference}",
    "  应为 {expected}，实为 {actual}，相差 {difference}",
)
ACTION: Pair = ("  to do by {due}: {action}", "  {due} 前处理：{action}")
SCHEMES: Pair = (
    "  among card schemes: {names} (time limits: docs/codes.md)",
    "  卡组织差错代码：{names}（时限见 docs/codes.md）",
)
TAKES: Pair = ("  its card scheme takes it until {day}", "  卡组织受理截止 {day}")
TOOK: Pair = (
    "  its card scheme took it until {day}: settle it outside the scheme",
    "  卡组织受理已于 {day} 截止，请在差错流程之外协商处理",
)
ROWS: Pair = ("  {count} rows; the first {shown} follow", "  共 {count} 行，以下为前 {shown} 行")
ROW: Pair = (
    "{side} {source}: {kind} {amount}, {state}  [row {txn_id}]",
    "{side} {source}：{kind} {amount}，{state}  [行 {txn_id}]",
)
WHEN: Pair = ("time {at} UTC", "时间 {at} UTC")
ENDED: Pair = ("  outcome on {night}: {outcome}", "  {night} 的结果：{outcome}")
LINKED: Pair = (
    "  matched on leg {leg}, pass {name}, {nights}: {kind}, confidence {score}",
    "  匹配：{leg} 环节，{name} 规则，{nights}：{kind}，置信度 {score}",
)
NIGHT: Pair = ("night {first}", "{first}")
NIGHTS: Pair = ("each of {count} nights from {first} to {last}", "{first} 至 {last} 共 {count} 晚")
DOUBTFUL: Pair = (
    "  weighed on leg {leg}, pass {name}, {night}: {score} probable, {short} points below {asked}",
    "  {leg} 环节，{name} 规则，{night} 权衡：可能性 {score}，距 {asked} 差 {short} 个百分点",
)
TIED: Pair = (
    "  weighed on leg {leg}, pass {name}, {night}: {score} probable, tied with others",
    "  {leg} 环节，{name} 规则，{night} 权衡：可能性 {score}，与其他记录并列",
)
WEIGHED: Pair = ("    evidence {reasons}", "    依据 {reasons}")
PARTNER: Pair = ("    with {text}", "    对方：{text}")
MORE: Pair = ("    and {count} more rows of the same group", "    以及同组其余 {count} 行")
GROUP: Pair = ("  whole group: {sides}", "  完整匹配组：{sides}")
SUM: Pair = ("{side} {amount} ({rows})", "{side} {amount}（{rows}）")
NET: Pair = ("{side} {amount} (net {net}, {rows})", "{side} {amount}（净额 {net}，{rows}）")
ROW_COUNT: Pair = ("{count} rows", "{count} 行")
ONE_ROW: Pair = ("1 row", "1 行")
BEYOND: Pair = ("and more", "以及更多")
WAITS: Pair = (
    "  waits for the {side} on leg {leg} until {until} (age {age} business days on {night})",
    "  {leg} 环节等待{side}至 {until}（{night} 时已 {age} 个工作日）",
)
SEARCHED: Pair = (
    "  subset search on leg {leg}, pass {name}, night {night}, over {pool} rows: {answer}",
    "  {leg} 环节子集搜索，{name} 规则，{night}，候选 {pool} 行：{answer}",
)
ANSWERS: dict[str, Pair] = {
    "UNIQUE": (
        "one subset adds up ({form}); {accidents} expected to by chance",
        "恰有一个子集相符（{form}），偶然相符的期望为 {accidents}",
    ),
    "ALTERNATIVES": (
        "{alternatives} subsets add up ({form}), none is picked; {accidents} expected to by chance",
        "有 {alternatives} 个子集相符（{form}），不作选择，偶然相符的期望为 {accidents}",
    ),
    "NONE": ("proved: no subset adds up", "已证明没有子集相符"),
    "EXHAUSTED": (
        "the budget was spent before an answer; raise `budget` of the pass",
        "预算用尽仍无结论，可提高该规则的 budget",
    ),
    "EXHAUSTED_ONE": (
        "one subset adds up ({form}); the budget was spent before it was proved the only one",
        "找到一个相符的子集（{form}），但预算用尽，未能证明唯一",
    ),
}
FORMS: dict[str, Pair] = {
    "WHOLE": ("all rows", "全部"),
    "RUN": ("consecutive rows", "连续若干行"),
    "ALL_BUT_FEW": ("all but at most three", "除至多三行外的全部"),
    "EQUAL": ("all rows of one amount", "同一金额的全部"),
    "FEW": ("at most four rows", "至多四行"),
    "ANY": ("any rows", "任意若干行"),
}
AS_ABOVE: Pair = (" (as above)", "（同上）")
BROKE: Pair = (
    "  not in order on leg {leg}: {label} ({code}), {status}, break {break_id}",
    "  {leg} 环节有差异：{label}（{code}），{status}，编号 {break_id}",
)
CAUSE: Pair = ("    cause: {cause}", "    原因：{cause}")
DUE: Pair = ("    was due {due}", "    应到日 {due}")
NEAREST: Pair = ("    nearest candidate: {text}", "    最接近的候选：{text}")
ALSO_NEAR: Pair = ("    also near: {text}", "    其他接近的候选：{text}")
NONE_NEAR: Pair = (
    "    no unmatched row on the other side comes near",
    "    对侧没有接近的未匹配行",
)
FAILED: Pair = ("      failed gate: {gate}", "      未通过的条件：{gate}")
GATE_BAD: Pair = (
    "      [x] {name}: {mine} against {other}{by}",
    "      [×] {name}：{mine} 对 {other}{by}",
)
GATE_GOOD: Pair = ("      [ok] {name}: {mine}", "      [√] {name}：{mine}")
EVIDENCE: Pair = (
    "  evidence: {path}, record {record}, bytes {start} to {end}, sha256 {sha}",
    "  证据：{path}，第 {record} 条，字节 {start} 至 {end}，sha256 {sha}",
)
REFUSED: Pair = (
    "  a refused row names it: {path}, record {record}, night {night}",
    "  有被拒的记录提到它：{path}，第 {record} 条，{night}",
)
REASON: Pair = ("    refused because {reason}", "    被拒原因：{reason}")
LINE: Pair = ("    | {line}", "    | {line}")
NO_MONEY: Pair = ("  reason: {reason}", "  原因：{reason}")
BY: dict[str, Pair] = {
    "characters": (", {by} characters differ", "，相差 {by} 个字符"),
    "minor": (", off by {by}", "，相差 {by}"),
    "minutes": (", {by} minutes apart", "，相差 {by} 分钟"),
    "days": (", {by} days apart", "，相差 {by} 天"),
}
TRUE_THOUGH: Pair = (
    "  in order on leg {leg}: {label} ({code})",
    "  {leg} 环节正常：{label}（{code}）",
)
REASONS: dict[str, Pair] = {
    "repeated record": ("repeated record", "重复记录"),
    "delivered before": ("delivered before in an overlapping file", "已在重叠文件中送达"),
    "no money moved": ("no money moved", "没有资金变动"),
    "out of scope": ("out of scope of every leg", "不在任何对账环节范围内"),
}
