"""The words of the HTML report, English first."""

from __future__ import annotations

from recon.report.words import Pair, pick

WORDS: dict[str, Pair] = {
    "where": ("Where the money is", "资金在哪里"),
    "ageing": ("Ageing of open cases", "未决争议账龄"),
    "mix": ("Cases by reason", "争议构成"),
    "mix_money": ("Money at risk by reason", "涉及金额构成"),
    "match": ("Rows matched or in time, by night and source", "各晚各来源已匹配或在途比例"),
    "settle": ("Days from sale to bank, last nights", "收款到账天数（近期）"),
    "files": ("Files", "输入文件"),
    "path": ("File", "文件"),
    "rejected": ("rejected", "拒收"),
    "message": ("Message", "说明"),
    "fees": ("Fees paid, against the contract", "手续费：实付与合同"),
    "stages": ("Refunds: time in each stage, last nights", "退款各阶段用时（近期）"),
    "rest": ("{n} more reasons", "其余 {n} 类"),
    "is_new": ("New tonight", "今晚新增"),
    "is_open": ("Still open", "未结"),
    "is_late": ("Past their day", "已超处理期限"),
    "is_due": ("Due today", "今日到期"),
    "is_resolved": ("Resolved tonight", "今晚解决"),
    "proof": ("Tie-out", "调节表"),
    "sides": ("Sides", "双方"),
    "left_total": ("First: all rows", "前者合计"),
    "left_linked": ("of them linked", "其中已关联"),
    "right_total": ("Second: all rows", "后者合计"),
    "right_linked": ("of them linked", "其中已关联"),
    "explained": ("Differences explained", "已解释差额"),
    "unexplained": ("Unexplained (must be 0)", "未解释（必须为 0）"),
    "proof_note": (
        "Rows that are not linked wait inside their time limit, move no money, or are a case.",
        "未关联的记录为在途、无资金变动或已列为争议；逐项明细见工作簿。",
    ),
    "carried": ("{rows} of them carried in from earlier nights", "其中 {rows} 行由前几晚结转"),
    "exchanged": ("paid in another currency", "以其他币种支付"),
    "from_exchange": ("for orders booked in another currency", "对应其他币种的订单"),
    "only_there": ("only in the {side}: ", "仅{side}有："),
    "flow_note": (
        (
            "Green goes on, blue waits inside its time limit, red is missing at the next party, "
            "amber stands there only, violet is a fee or an exchange, grey is not compared."
        ),
        "绿：已关联；蓝：在途；红：下一方没有或有差异；橙：仅下一方有；紫：手续费或换汇；灰：本环节不比较。",
    ),
    "other_currencies": (" {names}: see the tie-out below.", "其余币种（{names}）见下方调节表。"),
    "within": (
        "half within {p50}, 90 % within {p90}, 99 % within {p99}",
        "半数 {p50}内，90% {p90}内，99% {p99}内",
    ),
    "stage": ("Stage", "阶段"),
    "refunds": ("Refunds", "退款笔数"),
    "median": ("Half within", "半数不超过"),
    "most": ("95 % within", "95% 不超过"),
    "causes": ("What breaks share", "差异的共同原因"),
    "cases": ("Cases", "争议清单"),
    "league": ("Merchants by cases per 100 rows", "商户差错率排名（笔数占行数）"),
    "search": (
        "search: order, reference, merchant, dispute, reason, amount",
        "搜索：订单、流水、商户、争议编号、原因、金额",
    ),
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
    "record": ("record {number}", "第 {number} 条"),
    "row_id": ("row\u00a0{number}", "行标识\u00a0{number}"),
    "close": ("close", "关闭"),
    "too_old": (
        "This browser cannot unpack the list; it is in the workbook.",
        "此浏览器无法展开清单，请查看工作簿。",
    ),
    "print_note": (
        "On paper: the first {n} of {all} cases, in order of work. All are in the workbook.",
        "打印件仅含按处理顺序排列的前 {n} 笔（共 {all} 笔），全部见工作簿。",
    ),
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
    "contract_fee": ("Fee by contract", "合同手续费"),
    "contract_rate": ("Rate by contract", "合同费率"),
    "over": ("Taken too much", "多收"),
    "fee_note": (
        "Tonight's rows. By contract: paid less what the fee breaks name; no contract, no breaks.",
        "仅今晚新增记录。合同手续费＝实付减手续费差异；未配置合同的来源没有差异。",
    ),
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
    "row": ("row", "行"),
    "back": ("← previous", "← 上一笔"),
    "next": ("next →", "下一笔 →"),
    "keys": ("↑ ↓ move, Enter opens, / searches", "↑ ↓ 移动，Enter 打开，/ 搜索"),
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

    def rows(self, count: int) -> str:
        """Return a number of rows in words."""
        return f"{count:,} {self('row' if count == 1 else 'rows')}"

    @property
    def comma(self) -> str:
        """Return what stands between two parts of a sentence."""
        return "，" if self.language == "zh" else ", "
