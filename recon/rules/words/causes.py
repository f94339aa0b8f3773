"""Named causes and failed gates in Chinese.

A cause is written once, in English, where it is found, because it is part of a break's identity in
a table; this page of patterns is how it reads in Chinese. What no pattern knows stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from recon.rules.prices.price import NO_PRICE
from recon.rules.words.files import is_message, message_in_chinese
from recon.rules.words.gate_phrases import conditions_in_chinese
from recon.rules.words.rejects import reason_in_chinese

_ALSO = "; also fits: "
_COMMA = re.compile(r", (?![^(]*\))(?!at (?:least|most) |rounded )")
_COLUMNS = {
    "merchant_id": "商户号",
    "terminal_id": "终端号",
    "card": "卡号",
    "product": "产品",
    "order_id": "订单号",
    "channel_ref": "渠道流水号",
    "bank_ref": "银行流水号",
    "rrn": "检索参考号",
    "stan": "系统跟踪号",
    "auth_code": "授权码",
    "batch_id": "批次号",
    "original_ref": "原交易号",
    "clearing_date": "清算日",
    "value_date": "起息日",
    "due_date": "应到日",
    "amount_minor": "金额",
}
_ROUNDINGS = {
    "half_up": "四舍五入",
    "half_even": "四舍六入五成双",
    "ceiling": "向上取整",
    "floor": "向下取整",
    "up": "进位",
    "down": "舍去",
    "half_down": "五舍六入",
}
_PARTS = {
    "fees": "手续费",
    "returned fees": "退还的手续费",
    "booked fees": "单列费用",
    "refunds": "退款",
    "chargebacks": "退单",
    "adjustments": "调账",
}
_STATES = {
    "failed": "失败",
    "closed": "已关闭",
    "reversed": "已冲正",
    "pending": "处理中",
    "unknown": "状态未知",
    "success": "成功",
}
_STAGES = {
    "requested": "已申请",
    "approved": "已审核",
    "submitted": "已提交",
    "processing": "处理中",
    "failed": "失败",
    "abnormal": "异常",
    "succeeded": "渠道已成功",
    "pending": "处理中",
}
_SIZES = {"large": "偏大", "small": "偏小"}
_PERIODS = {"batch": "批次", "month": "月"}
_MODES = {"excess": "超额累进", "whole": "全额"}
_UNITS = {"min": "分钟", "h": "小时", "d": "天"}


def rounding_in_chinese(rounding: str) -> str:
    """Return a rounding mode, as written in rules or in words, in Chinese."""
    mode = rounding.replace(" ", "_")
    if mode.startswith("digit_"):
        return f"第三位小数满 {mode.removeprefix('digit_')} 进位"
    return _ROUNDINGS.get(mode, rounding)


def _either(words: str) -> str:
    """Return limits or words of which either does."""
    return re.sub(r" or (\d+) more$", r" 等另 \1 个", words).replace(" or ", " 或 ")


def _conditions(words: str) -> str:
    """Return what a pair fails under a pass in Chinese."""
    return conditions_in_chinese(words, _COLUMNS)


# Pattern, words, and for each group how its value reads (None: as it is).
_Looked = tuple[dict[str, str] | Callable[[str], str] | None, ...]
_PHRASES: tuple[tuple[str, str, _Looked], ...] = (
    (r"(\d+) equally good partners", "{} 个同样合适的对手记录", (None,)),
    (
        r"(\d+) possible partners, none probable enough",
        "{} 个可能的对手记录，可能性均不足",
        (None,),
    ),
    (r"the missing row arrived", "缺失的记录已到", ()),
    (
        r"a refused row may be the counterpart: (.+), record (\d+) \((.*)\)",
        "对方记录可能被拒：{}，第 {} 条（{}）",
        (None, None, None),
    ),
    (r"put right by a later row", "已由后到的记录更正", ()),
    (r"a person decided that it is no break", "人工判定不是差异", ()),
    (
        r"not put right within (\d+) days; no longer carried",
        "{} 天内未更正，不再结转",
        (None,),
    ),
    (
        r"made good by a refund that the other side does not show",
        "已由对方未记的退款补足",
        (),
    ),
    (r"the first one came on (\S+) as (.+)", "第一笔于 {} 到达，流水 {}", (None, None)),
    (
        r"the (merchant|channel) told it as (\w+) on (\S+)",
        "{0}于 {2} 报送的状态为{1}",
        ({"merchant": "商户", "channel": "渠道"}, _STATES, None),
    ),
    (r"the order was told and met before", "该订单此前已报送并匹配", ()),
    (
        r"the next payout of the merchant was less by what this batch owed",
        "该批次欠款已从商户下一笔出款中扣除",
        (),
    ),
    (r"converted at the rate of (.+)", "按 {} 的汇率折算", (None,)),
    (r"compared with the amount before exchange", "按换汇前的金额比较", ()),
    (r"the same figure: no exchange took place", "数字相同，未作换汇", ()),
    (
        r"no rate of (\S+) for (\S+) or (\d+) days before",
        "{1} 及此前 {2} 天没有 {0} 汇率",
        (None,) * 3,
    ),
    (r"((?:\d+ )?[A-Z]{3}/[A-Z]{3}) (\S+) of (\S+)", "{2} 的 {0} 汇率 {1}", (None,) * 3),
    (r"the rate of (\S+) was used", "使用了 {} 的汇率", (None,)),
    (r"the agreed markup of (\S+) % was not taken", "未计约定的加点 {} %", (None,)),
    (
        r"rounded by (half \w+|\w+) where (half \w+|\w+) is agreed",
        "按“{}”舍入，约定为“{}”",
        (rounding_in_chinese, rounding_in_chinese),
    ),
    (r"(\S+) % off the agreed rate", "偏离约定汇率 {} %", (None,)),
    (r"(\S+) % is agreed", "约定 {} %", (None,)),
    (r"unit error x100 \(too (\w+)\)", "元与分混淆，相差 100 倍（{}）", (_SIZES,)),
    (r"decimal shifted by (\d) \(too (\w+)\)", "小数点错 {} 位（{}）", (None, _SIZES)),
    (
        r"row (\d+) of (\S+) is missing from the sum or too many in it",
        "合计中少了或多了记录 {}（{}）",
        (None, None),
    ),
    (r"one of (\d+) rows of (\S+) \((.+)\)", "{} 条 {} 的记录之一（{}）", (None, None, None)),
    (rf"({'|'.join(_PARTS)}) of (\S+) left out of the sum", "合计漏计{} {}", (_PARTS, None)),
    (
        rf"({'|'.join(_PARTS)}) of (\S+) counted twice in the sum",
        "合计重复计入{} {}",
        (_PARTS, None),
    ),
    (r"undoes more than the payment of (\S+) that it names", "超出所指原交易的金额 {}", (None,)),
    (r"undoes a part of the payment of (\S+) that it names", "仅为所指原交易 {} 的一部分", (None,)),
    (r"fee of (\S+) taken off", "扣除了手续费 {}", (None,)),
    (r"fee of (\S+) added", "加上了手续费 {}", (None,)),
    (r"fee of (\S+) with the wrong sign", "手续费 {} 的正负号相反", (None,)),
    (r"tip of (.+)", "小费 {}", (None,)),
    (r"tier: discount of (.+) not given", "未给档位折扣 {}", (None,)),
    (r"tier: discount of (.+)", "按档位折扣 {}", (None,)),
    (r"digits (\d) and (\d) swapped", "数字 {} 与 {} 颠倒", (None, None)),
    (r"rounded (up|down) to (\S+)", "{}到 {}", (_ROUNDINGS, None)),
    (r"constant surcharge of (\S+)", "固定附加 {}", (None,)),
    (r"constant difference of (\S+) on (\d+) amounts", "{1} 种金额都相差 {0}", (None, None)),
    (
        r"same card, till and amount (\d+) s after another payment",
        "同卡同终端同金额，在前一笔 {} 秒之后",
        (None,),
    ),
    (r"no order of its own", "没有自己的订单", ()),
    (r"one authorisation presented twice", "同一授权两次请款", ()),
    (r"probability (\d+\.\d) %", "可能性 {} %", (None,)),
    (r"probability at least (\d+\.\d) %", "可能性至少 {} %", (None,)),
    (r"probability at most (\d+\.\d) %", "可能性至多 {} %", (None,)),
    (r"(\d+) repeats among (\d+) payments", "{1} 笔付款中有 {0} 笔重复", (None, None)),
    (r"second credit under one reference", "同一流水第二次入账", ()),
    (r"the first one came earlier under the same key", "第一笔此前已到，关键字相同", ()),
    (r"fee on a payment that is (\w+)", "对{}的交易收费", (_STATES,)),
    (r"no contract line for a fee without a name", "合同中没有这项未命名的费用", ()),
    (r"no contract line for (.+)", "合同中没有 {} 一项", (None,)),
    (r"no contract line applies to the row", "没有适用的合同条目", ()),
    (r"two contract lines apply and are equally specific", "有两条同样具体的合同条目适用", ()),
    (r"the contract prices the sum of a (\w+): ([^;]+)", "合同按{}合计计费：{}", (_PERIODS, None)),
    (r"each payment was rounded by itself", "按笔舍入", ()),
    (r"each payment was priced by itself", "按笔计费", ()),
    (r"credit cards priced below the cost of (.+)", "贷记卡计价低于成本 {}", (None,)),
    (r"cap not applied", "未封顶", ()),
    (r"floor not applied", "未保底", ()),
    (r"charged as any other card type", "按其他卡种计费", ()),
    (r"charged as any other MCC", "按其他商户类别码计费", ()),
    (r"charged as any other merchant class", "按其他行业类别计费", ()),
    (r"charged as card type (.+)", "按卡种 {} 计费", (_either,)),
    (r"charged as MCC (.+)", "按商户类别码 {} 计费", (_either,)),
    (r"charged as merchant class (.+)", "按行业类别 {} 计费", (_either,)),
    (r"charged as (.+ %.*)", "实际按 {} 计费", (None,)),
    (r"surcharge of (\S+)", "附加 {}", (None,)),
    (r"rounded (half \w+|ceiling|floor|up|down)", "按“{}”舍入", (rounding_in_chinese,)),
    (r"rounded (digit \d)", "{}", (rounding_in_chinese,)),
    (r"contracted surcharge not charged", "未收合同约定的附加费", ()),
    (r"implied rate (.+)", "折合费率 {}", (None,)),
    (r"a fee was charged on the refund", "退款反而被收手续费", ()),
    (r"no fee returned", "手续费未退", ()),
    (r"the contract keeps the fee on refunds", "合同约定退款不退手续费", ()),
    (r"part of the fee returned", "手续费只退了一部分", ()),
    (r"more than the fee returned", "退回的手续费多于应退", ()),
    (r"the channel undid the payment on a later night", "渠道在之后的日期撤销了该笔付款", ()),
    (r"the merchant undid the payment on a later night", "商户在之后的日期撤销了该笔付款", ()),
    (r"released by the channel, not yet paid", "渠道已解冻，尚未到账", ()),
    (r"the channel undid it", "渠道已将其撤销", ()),
    (r"the channel undid the refund on a later night", "渠道在之后的日期撤销了该笔退款", ()),
    (r"the merchant undid the refund on a later night", "商户在之后的日期撤销了该笔退款", ()),
    (r"undone by another amount: (\S+)", "撤销的金额不同：{}", (None,)),
    (r"refunded in part: (\S+)", "已部分退款：{}", (None,)),
    (r"refunded on both sides by the charge's own number", "双方均已按该笔流水号退款", ()),
    (
        r"less by what the channel kept, which is told as a case of its own",
        "少付的部分为渠道扣留，已另案列出",
        (),
    ),
    (
        r"less by what is frozen, which is told as a case of its own",
        "少付的部分为冻结款项，已另案列出",
        (),
    ),
    (
        r"late by what was frozen, which is told as a case of its own",
        "迟付的部分为曾冻结款项，已另案列出",
        (),
    ),
    (r"what was frozen of an earlier payout", "先前一笔划付中曾冻结的款项", ()),
    (
        r"what an earlier payout was wrong by is in the sum of this one",
        "先前一笔划付的差额已并入本笔",
        (),
    ),
    (
        r"the other side undid the payment by a void or reversal",
        "另一方已以撤销或冲正取消该笔付款",
        (),
    ),
    (r"made good by what was undone of it", "已由部分撤销补足", ()),
    (r"paid by (.+)", "由 {} 付款", (None,)),
    (r"declared as payer: (.+)", "声明的付款方为 {}", (None,)),
    (r"(\w+) differs", "{}不同", (_COLUMNS,)),
    (r"no rebate for (\S+) by (\S+)", "{} 的返还截至 {} 未支付", (None, None)),
    (r"due by (\S+), paid on (\S+)", "应于 {} 前支付，于 {} 支付", (None, None)),
    (r"volume below the minimum", "交易额未达最低要求", ()),
    (r"count below the minimum", "笔数未达最低要求", ()),
    (r"the merchant is not among those of the policy", "该商户不在政策范围内", ()),
    (
        r"no eligible volume in the policy's scope reaches a tier",
        "政策范围内的合格交易额未达任何档位",
        (),
    ),
    (r"computed in (\w+) mode; due: (.+)", "按{}方式计算；应为 {}", (_MODES, None)),
    (
        r"everything at the rate of tier (\d+); due: (.+)",
        "全部按第 {} 档计算；应为 {}",
        (None, None),
    ),
    (
        r"computed without tier (\d+) and up; due: (.+)",
        "未计第 {} 档及以上；应为 {}",
        (None, None),
    ),
    (r"refunds were not deducted; due: (.+)", "未扣除退款；应为 {}", (None,)),
    (r"blackout days were counted; due: (.+)", "计入了不享受返还的日期；应为 {}", (None,)),
    (
        r"products outside the policy were counted; due: (.+)",
        "计入了政策以外的产品；应为 {}",
        (None,),
    ),
    (r"due: (.+)", "应为 {}", (None,)),
    (
        r"sold and refunded whole; the other side shows neither",
        "已全额退款，另一方两笔都没有",
        (),
    ),
    (r"the same refund number was refunded again", "同一退款单号再次退款", ()),
    (
        r"the same amount of the same order was refunded under another number",
        "同一订单的同一金额以另一单号再次退款",
        (),
    ),
    (r"the channel has no row for it", "渠道没有对应记录", ()),
    (
        r"the channel accepted it and then said it failed or was closed",
        "渠道受理后又显示失败或已关闭",
        (),
    ),
    (r"the channel says it failed or was closed", "渠道显示失败或已关闭", ()),
    (r"(\w+) since (\S+), due by (\S+)", "自 {1} 起{0}，应于 {2} 前完成", (_STAGES, None, None)),
    (r"(\d+) refunds of one payment", "一笔付款退了 {} 次", (None,)),
    (r"the payment was undone as well", "原交易已被撤销或冲正", ()),
    (r"no payment (.+) is known", "没有原交易 {}", (None,)),
    (r"paid with (\S+), refunded to (\S+)", "付款卡 {}，退到 {}", (None, None)),
    (
        r"refunded to another account of the payer, the one that paid took nothing",
        "退到付款人的其他账户，原账户无法入账",
        (),
    ),
    (
        r"refunded to the merchant's account, the payer got nothing from here",
        "退到商户账户，付款人未从此处收到款项",
        (),
    ),
    (r"refunded through a third party's settlement", "经第三方结算退款", ()),
    (r"refunded by a manual transfer", "手工转账退款", ()),
    (r"refunded under another number", "以另一退款单号退款", ()),
    (r"refunded on both sides", "双方均已退款", ()),
    (r"the other charge of the order was undone", "该订单的另一笔扣款已撤销", ()),
    (r"both sides undid the same part of the payment", "双方均撤销了该付款的同一部分", ()),
    (r"refunded by another route", "以其他途径退款", ()),
    (r"the channel refunded less than the merchant asked", "渠道退款少于商户申请", ()),
    (r"the channel refunded more than the merchant asked", "渠道退款多于商户申请", ()),
    (
        r"less was refunded than requested, no reason is recorded",
        "实退少于申请，没有登记理由",
        (),
    ),
    (r"the merchant has no request for it", "商户没有对应申请", ()),
    (r"the merchant shows it as (\w+)", "商户侧状态为{}", (_STATES,)),
    (r"amount equal", "金额相同", ()),
    (r"amount in (\S+) against (\S+)", "金额为 {}，对方为 {}", (None, None)),
    (r"no unmatched row on the other side", "对侧没有未匹配行", ()),
    (r"no unmatched row in (\S+) on the other side", "对侧没有 {} 的未匹配行", (None,)),
    (
        r"none near: the nearest unmatched amount is (\S+ [A-Z]{3}) off",
        "没有接近的候选：最接近的未匹配金额相差 {}",
        (None,),
    ),
    (r"pass (.+?) fails on (.+)", "规则 {} 不符：{}", (None, _conditions)),
    (r"amount off by (\S+ [A-Z]{3})", "金额差 {}", (None,)),
    (r"(\d+) (min|h|d) apart", "时间差 {} {}", (None, _UNITS)),
    (r"(\d+) d after the day due", "晚于应到日 {} 天", (None,)),
    (r"(\d+) d before the day due", "早于应到日 {} 天", (None,)),
)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str, _Looked]]:
    return [(re.compile(pattern), words, looked) for pattern, words, looked in _PHRASES]


def in_chinese(cause: str) -> str:
    """Return a cause or a failed gate in Chinese; what no pattern knows stays as it is."""
    if is_message(cause):
        return message_in_chinese(cause)
    first, *others = cause.split(_ALSO)
    text = _phrase(first) or _refusal(first) or _list(first, "; ", "；")
    if others:
        text += "；也符合：" + _list(others[0], _COMMA, "、")
    return text


def price_in_chinese(price: str) -> str:
    """Return a price in words (`0.60 % + 3.00, at most 20.00`) in Chinese."""
    return "没有一致的价格" if price == NO_PRICE else _inner(price)


def known(cause: str) -> bool:
    """Return whether every part of a cause has a pattern."""
    first, *others = cause.split(_ALSO)
    parts = [first] if _phrase(first) else _parts(first)
    parts += [part for text in others for part in _COMMA.split(text)]
    return all(_phrase(part) for part in parts)


def _refusal(text: str) -> str | None:
    """Return why a row was refused in Chinese, or None."""
    told = reason_in_chinese(text)
    return None if told == text else told


def _parts(text: str) -> list[str]:
    halves = text.split("; ")
    return [part for half in halves for part in ([half] if _phrase(half) else _COMMA.split(half))]


def _list(text: str, separator: str | re.Pattern[str], joint: str) -> str:
    """Return the parts of a list in Chinese; the parts of each part stand behind a comma."""
    if isinstance(separator, re.Pattern):
        return joint.join(_phrase(part) or part for part in separator.split(text))
    halves = text.split(separator)
    return joint.join(_phrase(half) or _list(half, _COMMA, "，") for half in halves)


def _phrase(text: str) -> str | None:
    """Return one phrase in Chinese, or None."""
    for pattern, words, looked in _patterns():
        found = pattern.fullmatch(text)
        if found:
            values = [
                table(value) if callable(table) else (table or {}).get(value, value)
                for value, table in zip(found.groups(), looked, strict=True)
            ]
            return _inner(words.format(*values))
    return None


def _inner(text: str) -> str:
    """Return a phrase with the words of a price in it, for instance `0.60 %，最高 20.00`."""
    text = re.sub(r", at least (\S+)", r"，最低 \1", text)
    text = re.sub(r", at most (\S+)", r"，最高 \1", text)
    mode = r", rounded ((?:half |digit )?\w+)"
    return re.sub(mode, lambda found: f"，{rounding_in_chinese(found[1])}", text)
