"""The words of the HTML report, English first."""

from __future__ import annotations

from recon.report.words import Pair, pick

WORDS: dict[str, Pair] = {
    "where": ("Where the money is", "资金在哪里"),
    "ageing": ("Ageing of open cases", "未决争议账龄"),
    "mix": ("Cases by reason", "争议构成"),
    "mix_money": ("Money at risk by reason", "涉及金额构成"),
    "match": ("Rows matched or in time, by night and source", "各晚各来源已匹配或在途比例"),
    "settle": ("Days from sale to bank", "收款到账天数"),
    "files": ("Files", "输入文件"),
    "path": ("File", "文件"),
    "rejected": ("rejected", "拒收"),
    "message": ("Message", "说明"),
    "fees": ("Fees paid", "手续费实付"),
    "stages": ("Refunds: time in each stage, last nights", "退款各阶段用时（近期）"),
    "rest": ("{n} more reasons", "其余 {n} 类"),
    "stage": ("Stage", "阶段"),
    "refunds": ("Refunds", "退款笔数"),
    "median": ("Half within", "半数不超过"),
    "most": ("95 % within", "95% 不超过"),
    "causes": ("What breaks share", "差异的共同原因"),
    "cases": ("Cases", "争议清单"),
    "league": ("Merchants by cases per 100 rows", "商户差错率排名（笔数占行数）"),
    "search": ("search: order, reference, merchant, dispute", "搜索：订单、流水、商户、争议编号"),
    "all_codes": ("all reasons", "全部原因"),
    "all_status": ("all states", "全部状态"),
    "all_severity": ("all severities", "全部级别"),
    "shown": ("{n} of {all} cases", "{n} / {all} 笔"),
    "dispute": ("Dispute", "争议编号"),
    "reason": ("Reason", "原因"),
    "severity": ("Severity", "级别"),
    "status": ("State", "状态"),
    "at_risk": ("At risk", "涉及金额"),
    "currency": ("Cur.", "币种"),
    "days_left": ("Days left", "剩余天数"),
    "due": ("Act by", "处理期限"),
    "age": ("Age", "账龄"),
    "merchant": ("Merchant", "商户号"),
    "order": ("Order", "订单号"),
    "reference": ("Channel reference", "渠道流水号"),
    "bank": ("Bank reference", "银行流水号"),
    "expected": ("Expected", "应为"),
    "actual": ("Found", "实为"),
    "difference": ("Difference", "差额"),
    "happened": ("What happened", "情况说明"),
    "todo": ("What to do", "建议处理"),
    "evidence": ("Evidence", "证据"),
    "nearest": ("Nearest candidate", "最接近的候选"),
    "gate": ("Failed gate", "未通过的条件"),
    "pocket": ("Out of pocket", "垫付方"),
    "record": ("record", "第…条"),
    "close": ("close", "关闭"),
    "too_old": (
        "This browser cannot unpack the details; they are in the workbook.",
        "此浏览器无法展开详情；请查看工作簿。",
    ),
    "print_note": (
        "On paper: the first {n} of {all} cases, in order of work. All are in the workbook.",
        "打印件仅含按处理顺序排列的前 {n} 笔（共 {all} 笔），全部见工作簿。",
    ),
    "missing": ("missing: {label}", "缺：{label}"),
    "waiting": ("in time", "在途"),
    "linked": ("linked", "已关联"),
    "settled": ("met the bank", "已到账"),
    "fee": ("fees", "手续费"),
    "idle": ("not compared here", "本环节不比较"),
    "bank_linked": ("explained by the channel", "已有渠道记录对应"),
    "residual": ("unexplained", "未解释"),
    "source": ("Source", "来源"),
    "gross": ("Sales less refunds", "收款减退款"),
    "paid_fee": ("Fee paid", "实付手续费"),
    "rate": ("Rate paid", "实付费率"),
    "contract_fee": ("Fee less what fee breaks name", "扣除手续费差异后"),
    "over": ("Named by fee breaks", "手续费差异"),
    "p50": ("half within", "半数在"),
    "p90": ("90 % within", "90 % 在"),
    "p99": ("99 % within", "99 % 在"),
    "day": ("day", "天"),
    "days": ("days", "天"),
    "none": ("none", "无"),
    "no_causes": (
        "No terminal, batch, hour, card range, file or merchant holds more than its share.",
        "没有终端、批次、时段、卡段、文件或商户的差异集中程度超过偶然。",
    ),
    "cause_line": (
        (
            "{there} of {all} cases of “{label}” share {attribute} {value} "
            "({rows} of {total} rows; chance would put {chance} there){again}"
        ),
        (
            "“{label}” {all} 笔中有 {there} 笔同属{attribute} {value}"
            "（占 {total} 行中的 {rows} 行；偶然期望 {chance} 笔）{again}"
        ),
    ),
    "again": ("; on {nights} nights so far", "；已出现 {nights} 晚"),
    "run": (
        "run {run} · version {version} · rules {rules}",
        "批次 {run} · 版本 {version} · 规则 {rules}",
    ),
    "rows": ("rows", "行"),
    "share": ("share", "占比"),
}


class PageWords:
    """The page's words in one language."""

    def __init__(self, language: str) -> None:
        """Keep the language."""
        self.language = language

    def __call__(self, word: str, /, **facts: object) -> str:
        """Return a word or a sentence with its facts."""
        text = pick(WORDS[word], self.language)
        return text.format(**facts) if facts else text
