"""Which headers and words of senders, Chinese and English, usually mean which of ours."""

from __future__ import annotations

import re
from typing import Final

# Canonical column -> headers, as `plain` writes them: small, without blanks, signs and units.
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "order_id": (
        *("orderno", "orderid", "ordernumber", "order", "merchantorderno", "outtradeno"),
        *("merchantreference", "invoice", "invoicenumber", "invoiceid", "ourreference"),
        *("订单号", "商户订单号", "订单编号", "商户订单编号", "外部订单号", "系统订单号"),
        *("单号", "销售单号", "交易单号"),
    ),
    "channel_ref": (
        *("transactionid", "txnid", "tradeno", "channelref", "channelreference", "paymentid"),
        *("transactionno", "pspreference", "chargeid"),
        *(
            "交易号",
            "微信订单号",
            "支付宝交易号",
            "交易流水号",
            "渠道流水号",
            "平台订单号",
            "支付流水号",
        ),
    ),
    "bank_ref": (
        *("bankref", "bankreference", "reference", "operationnumber", "referencenumber"),
        *("流水号", "银行流水号", "凭证号", "交易凭证号", "核心流水号", "账户明细编号"),
    ),
    "rrn": ("rrn", "retrievalreferencenumber", "检索参考号", "参考号", "系统参考号"),
    "stan": ("stan", "systemtraceno", "traceno", "系统跟踪号", "终端流水号"),
    "auth_code": ("authcode", "authorisationcode", "authorizationcode", "approvalcode", "授权码"),
    "card": ("card", "cardno", "cardnumber", "pan", "卡号", "银行卡号", "支付卡号"),
    "amount": (
        *("amount", "transactionamount", "orderamount", "gross", "grossamount", "total"),
        *(
            "totalfee",
            "totalamount",
            "amountpaid",
            "金额",
            "交易金额",
            "订单金额",
            "发生额",
            "交易额",
        ),
        *("支付金额", "付款金额", "总金额", "消费金额", "收款金额"),
    ),
    "credit": ("credit", "creditamount", "income", "收入金额", "贷方发生额", "收入", "贷方金额"),
    "debit": ("debit", "debitamount", "expense", "支出金额", "借方发生额", "支出", "借方金额"),
    "fee": ("fee", "fees", "commission", "手续费", "服务费", "手续费金额"),
    "net": ("net", "netamount", "settledamount", "结算金额", "实收金额", "净额", "入账金额"),
    "currency": ("currency", "ccy", "currencycode", "币种", "货币", "交易币种", "货币种类"),
    "occurred_at": (
        *(
            "paytime",
            "paymenttime",
            "timeend",
            "createtime",
            "paidat",
            "createdat",
            "created",
            "transactiontime",
            "datetime",
            "timestamp",
            "time",
        ),
        *("交易时间", "支付时间", "付款时间", "创建时间", "下单时间", "完成时间"),
    ),
    "clearing_date": ("clearingdate", "settlementdate", "清算日期", "结算日期", "清算日"),
    "value_date": (
        *("valuedate", "bookingdate", "date", "transactiondate", "postingdate"),
        *("交易日期", "起息日", "记账日期", "入账日期", "日期"),
    ),
    "due_date": ("duedate", "到账日期", "应到日期"),
    "kind": ("type", "transactiontype", "tradetype", "kind", "交易类型", "业务类型", "类型"),
    "state": (
        "status",
        "state",
        "orderstatus",
        "paymentstatus",
        "tradestate",
        "交易状态",
        "订单状态",
        "状态",
    ),
    "merchant_id": ("merchantid", "mid", "merchantno", "商户号", "商户编号", "商户代码"),
    "terminal_id": ("terminal", "terminalid", "tid", "posid", "终端号", "终端编号", "设备号"),
    "batch_id": ("batch", "batchid", "batchno", "batchnumber", "批次号", "批号"),
    "original_ref": (
        *("originalorder", "originalorderno", "originalref", "parentid", "原订单号", "原交易号"),
        *("原交易流水号", "原商户订单号"),
    ),
    "product": ("method", "paymentmethod", "product", "channel", "支付方式", "产品", "付款方式"),
    "memo": (
        *("memo", "label", "description", "details", "detail", "note", "narrative", "remark"),
        *("摘要", "备注", "附言", "用途", "交易摘要"),
    ),
}
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "payment": (
        "sale",
        "payment",
        "charge",
        "purchase",
        "pay",
        "消费",
        "支付",
        "交易",
        "付款",
        "收款",
    ),
    "refund": ("refund", "return", "退款", "退货", "退款成功"),
    "void": ("void", "消费撤销", "撤销"),
    "reversal": ("reversal", "冲正"),
    "fee": ("fee", "手续费"),
    "payout": ("payout", "withdrawal", "提现"),
}
STATES: Final[dict[str, tuple[str, ...]]] = {
    "success": (
        *("success", "succeeded", "paid", "completed", "settled", "captured", "ok"),
        *("成功", "支付成功", "交易成功", "已支付", "已完成", "退款成功"),
    ),
    "pending": ("pending", "processing", "处理中", "待支付", "未支付"),
    "failed": ("failed", "failure", "declined", "失败", "支付失败", "交易失败"),
    "closed": ("closed", "cancelled", "canceled", "expired", "已关闭", "交易关闭", "已取消"),
    "reversed": ("reversed", "voided", "已撤销", "已冲正"),
}
_UNIT = re.compile(r"[(（\[][^)）\]]*[)）\]]")
_REST = re.compile(r"[\W_]+")


def plain(header: str) -> str:
    """Return a header as `HEADERS` writes it: `订单金额(元)` 订单金额, `Order No.` orderno."""
    return _REST.sub("", _UNIT.sub("", header)).lower()


def meant(word: str, table: dict[str, tuple[str, ...]]) -> str:
    """Return which of ours a sender's word usually means; empty when no table knows it."""
    found = [ours for ours, theirs in table.items() if plain(word) in theirs]
    return found[0] if len(found) == 1 else ""
