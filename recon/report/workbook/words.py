"""The words of the workbook, English first."""

from __future__ import annotations

from typing import Any

from recon.core.codes import Decision
from recon.report.words import Pair, label, pick

WORDS: dict[str, Pair] = {
    "title": ("Reconciliation of {name}, {date}", "{name} 对账报告 {date}"),
    "summary": ("Summary", "汇总"),
    "tie_out": ("Tie-out", "调节表"),
    "roll": ("Roll-forward", "滚动表"),
    "ageing": ("Ageing", "账龄"),
    "queue": ("Queue", "待办队列"),
    "causes": ("Root causes", "共同原因"),
    "rejects": ("Rejected rows", "拒收明细"),
    "inputs": ("Inputs and rules", "输入与规则"),
    "glossary": ("Glossary", "术语"),
    "sign_off": ("Sign-off", "签核"),
    "verdict_good": (
        "Balanced. No candidate dispute is open; every row and every minor unit is accounted for.",
        "平。没有未决争议，每一行、每一分钱都有去向。",
    ),
    "verdict_files": (
        "Findings about files: {files} (missing, empty, held, refused; their rows are left out). ",
        "文件问题 {files} 项（缺失、为空、暂停或拒收，其记录未参与对账）。",
    ),
    "verdict_rejects": (
        "Refused rows: {rows} (left out). ",
        "拒收记录 {rows} 行（未参与对账）。",
    ),
    "verdict_rest": (
        "No candidate dispute is open; every row that was accepted is accounted for.",
        "没有未决争议；已接受的每一行都有去向。",
    ),
    "verdict_open": (
        (
            "Open candidate disputes: {count}, with {amount} at risk. Everything else is accounted "
            "for: the unexplained residual is zero."
        ),
        "未决差异 {count} 笔，涉及金额 {amount}。其余全部有去向：未解释差额为零。",
    ),
    "verdict_bad": (
        (
            "NOT PROVED: rows or amounts without an explanation: {residual} (see Tie-out). "
            "Open candidate disputes: {count}, with {amount} at risk."
        ),
        "未能平账：有 {residual} 项没有解释（见调节表）。未决差异 {count} 笔，涉及金额 {amount}。",
    ),
    "run": (
        "run {run}, version {version}, rules {rules}",
        "批次 {run}，版本 {version}，规则 {rules}",
    ),
    "code": ("Code", "代码"),
    "label": ("Label", "名称"),
    "cases": ("Open cases", "未决笔数"),
    "new_cases": ("New", "新增"),
    "open_cases": ("Still open", "未结"),
    "resolved_cases": ("Resolved tonight", "当晚已解决"),
    "file_finding": ("Finding", "文件问题"),
    "reference": ("Order or reference", "订单或流水号"),
    "merchant": ("Merchant", "商户号"),
    "so_far": ("Decided before", "此前结论"),
    "rows": ("Rows", "行数"),
    "amount": ("Amount", "金额"),
    "at_risk": ("Money at risk", "涉及金额"),
    "exact": ("Exact, as text", "精确金额（文本）"),
    "currency": ("Currency", "币种"),
    "status": ("Status", "状态"),
    "severity": ("Severity", "严重程度"),
    "pocket": ("Out of pocket", "垫付方"),
    "side": ("Side", "方"),
    "source": ("Source", "来源"),
    "matched_rows": ("Rows matched", "已匹配行数"),
    "match_rate": ("Match rate", "匹配率"),
    "match_amount": ("Same, by value", "同上（按金额）"),
    "in_order": ("Matched or in time", "已匹配或在途"),
    "before": ("Night before", "上一晚"),
    "waiting": ("In time", "在途"),
    "line": ("Line", "项目"),
    "proof_note": (
        (
            "Each statement starts from all rows of a side and takes away what is accounted for; "
            "what is left must be zero. Formulas are live; the text beside them is the exact total."
        ),
        "每张表从一方的全部记录出发，逐项减去已有去向的部分，剩余必须为零。公式可重算；旁边的文本为精确合计。",
    ),
    "st_total": (
        "{side}: all rows on this leg, carried in and new",
        "{side}：本环节全部记录（期初 + 新增）",
    ),
    "st_not_needed": ("less: no money moved, or delivered before", "减：无资金变动或重复送达"),
    "st_before_books": ("less: from days before the books opened", "减：建账日之前的记录"),
    "st_netted": ("less: undone, and what undid it", "减：冲正、撤销及其原交易"),
    "st_other_kind": ("less: rows that this leg does not compare", "减：不属于本环节的记录"),
    "st_waiting": ("less: waiting inside its time limit", "减：在途（未超期）"),
    "st_missing": ("less: {label} ({code})", "减：{label}（{code}）"),
    "st_linked": ("= linked with the other side", "= 与对方已关联"),
    "st_residual": ("unexplained residual (must be 0)", "未解释差额（必须为 0）"),
    "st_difference": ("{right} less {left}, linked rows", "已关联部分：{right} 减 {left}"),
    "st_explained": ("explained by {label} ({code})", "由 {label}（{code}）解释"),
    "st_undecided": (
        "not judged yet: waits for a reversal, a refund or a line sent again, in time",
        "尚未判定：等待冲正、退款到账或补送记录（未超期）",
    ),
    "st_exchanged": ("linked with rows of another currency", "与其他币种的记录关联（换汇）"),
    "st_unexplained": ("not explained by any break (must be 0)", "无差异编码解释（必须为 0）"),
    "flow": ("Channel flow: gross to net, and where the net is", "渠道资金流：从总额到净额及去向"),
    "gross": ("Gross sales", "收款总额"),
    "refunds": ("Refunds", "退款"),
    "undone": ("Reversals, voids", "冲正/撤销"),
    "chargebacks": ("Chargebacks", "退单"),
    "adjustments": ("Adjustments", "调账"),
    "other": ("Other", "其他"),
    "fees": ("Fees", "手续费"),
    "net": ("Net", "净额"),
    "settled": ("Met the bank", "已到账"),
    "broken": ("Missing at the bank", "未到账"),
    "idle": ("Not to be paid", "无需到账"),
    "residual": ("Residual", "差额"),
    "controls": ("Control totals of the files", "文件汇总核对"),
    "file": ("File", "文件"),
    "no_controls": ("No file declares totals.", "没有文件声明汇总。"),
    "declared": ("Declared", "文件声明"),
    "computed": ("Computed", "逐笔计算"),
    "difference": ("Difference", "差额"),
    "balance": (
        "Daily balance: what came, and where it is tonight",
        "日平衡：当日进入的金额及其去向",
    ),
    "against": ("Against", "对方"),
    "bl_sales": ("Sales, credits", "收款/入账"),
    "bl_refunds": ("Refunds, debits", "退款/出账"),
    "bl_settled": ("Settled", "已平"),
    "disputed": ("Disputed", "差异"),
    "in_transit": ("In transit", "在途"),
    "overdue": ("Overdue", "逾期未达"),
    "bl_idle": ("Idle", "无需对账"),
    "roll_line": (
        "Opening + new - closed = closing",
        "期初 + 新增 − 核销 = 期末",
    ),
    "conservation": ("Where every row ended", "每行去向"),
    "opening": ("Opening", "期初"),
    "new": ("New", "新增"),
    "closed": ("Closed", "核销"),
    "closing": ("Closing", "期末"),
    "proved": ("Proof", "校验"),
    "days": ("days", "天"),
    "days_left": ("Days left", "剩余天数"),
    "due": ("Act by", "处理期限"),
    "scheme_limit": ("Scheme takes until", "卡组织截止日"),
    "first_seen": ("First seen", "首次发现"),
    "age": ("Age (days)", "账龄（天）"),
    "dispute": ("Dispute", "争议编号"),
    "decision": ("Decision", "处理结论"),
    "note": ("Note", "备注"),
    "decided_by": ("Decided by", "处理人"),
    "action": ("What to do", "建议处理"),
    "what_to_do": ("What to do: {action}", "建议处理：{action}"),
    "how_severe": ("Severity: {severity}", "严重程度：{severity}"),
    "explanation": ("What happened", "情况说明"),
    "expected": ("Expected", "应为"),
    "actual": ("Found", "实为"),
    "rows_in_case": ("Rows in the case", "涉及行数"),
    "nearest": ("Nearest candidate", "最接近的候选"),
    "gate": ("Failed gate", "未通过的条件"),
    "evidence": ("Evidence", "证据"),
    "cause": ("Cause", "原因"),
    "record": ("Record", "记录号"),
    "reasons": ("Every reason", "全部原因"),
    "line_text": ("Line (card numbers masked)", "原文（卡号已屏蔽）"),
    "format": ("Format", "格式"),
    "state": ("State", "状态"),
    "rejected": ("Rejected", "拒收"),
    "message": ("Message", "说明"),
    "leg": ("Leg", "环节"),
    "pass": ("Pass", "规则"),
    "links": ("Links", "关联数"),
    "kind": ("Evidence kind", "证据类型"),
    "netting": ("undone within one side", "同侧冲抵"),
    "original_reference": ("original reference", "原交易号"),
    "fact": ("Fact", "项目"),
    "fact_run_id": ("Run", "批次"),
    "fact_name": ("Rule file", "规则名称"),
    "fact_business_date": ("Night", "业务日期"),
    "fact_previous_run_id": ("Run of the night before", "上一晚批次"),
    "fact_version": ("Version of recon", "recon 版本"),
    "fact_rules_sha256": ("Rule file, SHA-256", "规则文件 SHA-256"),
    "fact_folder": ("Folder with the whole tables", "完整数据所在文件夹"),
    "value": ("Value", "内容"),
    "term": ("Term", "术语"),
    "definition": ("Definition", "定义"),
    "act_within": ("Act within (days)", "处理时限（天）"),
    "prepared": ("Prepared by", "编制"),
    "reviewed": ("Reviewed by", "复核"),
    "approved": ("Approved by", "审批"),
    "name_": ("Name", "姓名"),
    "signature": ("Signature", "签名"),
    "date": ("Date", "日期"),
    "statement": (
        "I have seen the tie-out, the roll-forward and the open disputes of {date}.",
        "本人已审阅 {date} 的调节表、滚动表和未决争议。",
    ),
    "capped": (
        "The first {shown} of {all} by priority; all are in {folder}.",
        "按优先级显示前 {shown} 笔，共 {all} 笔；全部数据见 {folder}。",
    ),
    "queue_note": (
        (
            "Ordered by money at risk and time left. Fill in the yellow columns and bring them "
            "back with: recon decisions import FILE.xlsx"
        ),
        "按涉及金额与剩余时间排序。填写黄色列后执行 recon decisions import FILE.xlsx 导入。",
    ),
    "cause_note": (
        (
            "What breaks of one code share beyond chance: exact hypergeometric test, false "
            "discovery rate controlled at {rate} %."
        ),
        "同一代码的差异在某一属性上的集中程度超过偶然：超几何精确检验，错误发现率控制在 {rate} %。",
    ),
    "dimension": ("Shared attribute", "共同属性"),
    "shared_value": ("Value", "取值"),
    "breaks_there": ("Breaks there", "该处差异数"),
    "breaks_all": ("Breaks of the code", "该代码差异总数"),
    "rows_there": ("Rows there", "该处行数"),
    "rows_all": ("Rows in all", "总行数"),
    "chance": ("By chance", "偶然期望"),
    "probability": ("Probability", "偶然概率"),
    "nights": ("Nights seen", "出现晚数"),
    "also": ("Also shared", "同时共有"),
    "none": ("None.", "无。"),
    "of_all": ("all", "合计"),
}
TERMS: tuple[tuple[Pair, Pair], ...] = (
    (
        ("Money at risk", "涉及金额"),
        (
            "What a case may cost somebody: the amount in dispute, never below zero.",
            "该案件可能使某方损失的金额，不小于零。",
        ),
    ),
    (
        ("Out of pocket", "垫付方"),
        (
            "Who has lost that money until the case is put right.",
            "案件解决之前承担该损失的一方。",
        ),
    ),
    (
        ("Matched", "已匹配"),
        (
            "The row met its counterpart, or its batch met the credit of the bank.",
            "该行已找到对方记录，或其批次已与银行入账相符。",
        ),
    ),
    (
        ("In time, waiting", "在途"),
        (
            "The other side's file could not have shown it yet; it is carried to the next night.",
            "对方文件尚不应出现该笔；结转至下一晚。",
        ),
    ),
    (
        ("Not needed", "无需对账"),
        (
            "No money moved (failed, undone, before the books opened), or declared out of scope.",
            "未发生资金变动（失败、已冲正、建账之前），或规则声明不在范围内。",
        ),
    ),
    (
        ("Delivered before", "重复送达"),
        (
            "The same row came in an earlier file; it counts once.",
            "同一行已在此前文件中，只计一次。",
        ),
    ),
    (
        ("Unexplained residual", "未解释差额"),
        (
            "What no match, no case and no time limit accounts for. It must be zero.",
            "既未匹配、也无案件或在途可说明的部分，必须为零。",
        ),
    ),
    (
        ("Days left", "剩余天数"),
        (
            "Until the day by which to act; below zero the case is overdue.",
            "距处理期限的天数；负数表示已逾期。",
        ),
    ),
)
DECISIONS: dict[str, Pair] = {
    Decision.CONFIRMED.name: ("confirm", "确认"),
    Decision.REJECTED.name: ("reject", "驳回"),
    Decision.PENDING.name: ("look into it", "待查"),
}


class Say:
    """The workbook's words in one language."""

    def __init__(self, language: str) -> None:
        """Keep the language."""
        self.language = language

    def __call__(self, word: str, /, **facts: Any) -> str:  # noqa: ANN401 - printable facts
        """Return a word or a sentence with its facts."""
        text = pick(WORDS[word], self.language)
        return text.format(**facts) if facts else text

    def pick(self, pair: Pair) -> str:
        """Return the text of a pair in the document's language."""
        return pick(pair, self.language)

    def label(self, vocabulary: str, name: str | None) -> str:
        """Return the word for a member of a vocabulary."""
        return label(vocabulary, name, self.language)

    def decisions(self) -> list[str]:
        """Return the choices of the decision column."""
        return [pick(pair, self.language) for pair in DECISIONS.values()]
