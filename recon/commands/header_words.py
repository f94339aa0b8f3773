"""Which headers and words of senders, Chinese and English, usually mean which of ours."""

from __future__ import annotations

import re
from typing import Final

# Canonical column -> headers, as `plain` writes them: small, without blanks, signs and units. The
# groups go from the clearest to the least clear: a later one counts only where no earlier one fits.
HEADERS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "order_id": (
        (
            *("merchantorderno", "outtradeno", "merchantreference", "ourreference"),
            *("merchantorder", "merchantorderid", "merchantordernumber"),
            *("商户订单号", "商户订单编号", "商家订单号", "外部订单号"),
        ),
        (
            *(
                "orderno",
                "orderid",
                "ordernumber",
                "orderref",
                "orderreference",
                "order",
                "invoice",
                "invoicenumber",
            ),
            *("invoiceid", "订单号", "订单编号", "系统订单号"),
            *("auftragsnummer", "bestellnummer", "nºpedido", "númerodepedido", "pedido"),
            *("commande", "ncommande", "nºcommande", "numérodecommande"),
        ),
        ("单号", "销售单号", "交易单号", "业务单号", "小票号", "小票单号"),
    ),
    "channel_ref": (
        (
            *("transactionid", "txnid", "tradeno", "channelref", "channelreference", "paymentid"),
            *("transactionno", "pspreference", "chargeid", "交易号", "微信订单号", "支付宝交易号"),
            *("渠道流水号", "渠道交易号", "渠道订单号", "支付流水号", "支付单号", "支付交易号"),
            *("渠道单号", "第三方单号", "第三方交易号", "第三方流水号", "微信支付单号"),
        ),
        ("交易流水号", "平台订单号", "平台交易号", "平台流水号", "系统流水号"),
    ),
    "bank_ref": (
        (
            *("bankref", "bankreference", "reference", "operationnumber", "referencenumber"),
            *("流水号", "银行流水号", "凭证号", "交易凭证号", "核心流水号", "账户明细编号"),
        ),
    ),
    "rrn": (("rrn", "retrievalreferencenumber", "检索参考号", "参考号", "系统参考号"),),
    "stan": (("stan", "systemtraceno", "traceno", "系统跟踪号", "终端流水号"),),
    "auth_code": (
        ("authcode", "authorisationcode", "authorizationcode", "approvalcode", "授权码"),
    ),
    "card": (("card", "cardno", "cardnumber", "pan", "卡号", "银行卡号", "支付卡号"),),
    "amount": (
        (
            *("transactionamount", "amountpaid", "paidamount", "支付金额", "付款金额", "交易金额"),
            *(
                "实付金额",
                "实际支付金额",
                "买家实际支付金额",
                "买家实付金额",
                "用户实付金额",
                "实付款",
            ),
            *("消费金额", "收款金额"),
        ),
        (
            *(
                "amount",
                "amt",
                "betrag",
                "montant",
                "importe",
                "orderamount",
                "gross",
                "grossamount",
                "total",
                "totalfee",
            ),
            *("totalamount", "金额", "订单金额", "发生额", "交易额", "总金额", "订单总额"),
        ),
        ("实收金额", "实收", "商家实收"),
        ("应收金额",),
        ("退款金额", "refundamount"),
    ),
    "credit": (
        (
            *("credit", "creditamount", "income", "收入金额", "贷方发生额", "收入", "贷方金额"),
            *("haben", "crédit", "haber", "abono"),
        ),
    ),
    "debit": (
        (
            *("debit", "debitamount", "expense", "支出金额", "借方发生额", "支出", "借方金额"),
            *("soll", "débit", "debe", "cargo"),
        ),
    ),
    "fee": (
        (
            *("fee", "fees", "commission", "手续费", "手续费金额", "交易手续费", "渠道手续费"),
            *("服务费", "平台服务费", "技术服务费", "佣金", "平台佣金"),
            *("gebühr", "gebühren", "comisión", "frais"),
        ),
    ),
    "net": (
        (
            *("net", "netamount", "settledamount", "结算金额", "净额", "入账金额", "应结金额"),
            *("到账金额", "实际到账金额", "商家应收款", "打款商家金额", "结算净额"),
        ),
        ("实收金额", "商家实收", "实收"),
    ),
    "currency": (
        (
            "currency",
            "ccy",
            "cur",
            "currencycode",
            "währung",
            "waehrung",
            "devise",
            "币种",
            "货币",
            "交易币种",
            "货币种类",
        ),
    ),
    "occurred_at": (
        (
            *("paytime", "paymenttime", "timeend", "paidat", "transactiontime", "交易时间"),
            *("transactiondatetime", "txntime", "txndatetime", "transtime", "tradetime"),
            *("支付时间", "付款时间", "订单付款时间", "支付完成时间", "支付成功时间"),
            *("交易完成时间", "退款完成时间", "退款成功时间"),
        ),
        (
            *("createtime", "createdat", "created", "datetime", "timestamp", "time"),
            *("创建时间", "下单时间", "完成时间", "订单创建时间", "成交时间", "时间", "退款时间"),
        ),
    ),
    "clearing_date": (
        (
            *("clearingdate", "cleardate", "settlementdate", "settledate"),
            *("清算日期", "结算日期", "清算日"),
        ),
    ),
    "value_date": (
        (
            *("valuedate", "bookingdate", "date", "transactiondate", "txndate", "postingdate"),
            *("buchungstag", "buchungsdatum", "fecha", "orderdate", "paymentdate", "paiddate"),
            *("交易日期", "起息日", "记账日期", "入账日期", "日期", "datum", "fechaoperación"),
        ),
    ),
    "due_date": (("duedate", "到账日期", "应到日期"),),
    "kind": (
        (  # what signs the amounts comes first
            *("dc", "cd", "drcr", "crdr", "debitcredit", "creditdebit", "creditdebitindicator"),
            *(
                "sollhaben",
                "借贷标志",
                "借贷",
                "借贷方向",
                "收支",
                "收支类型",
                "收支方向",
                "收支标志",
            ),
        ),
        ("transactiontype", "tradetype", "交易类型"),
        ("type", "kind", "业务类型", "类型", "单据类型"),
    ),
    "state": (
        ("paymentstatus", "tradestate", "支付状态", "交易状态"),
        ("status", "state", "orderstatus", "estado", "statut", "订单状态", "状态"),
        ("退款状态", "refundstatus"),
    ),
    "merchant_id": (
        ("merchantid", "mid", "merchantno", "商户号", "商户编号", "商户代码"),
        ("门店id", "门店编号", "店铺编号", "店铺id", "storeid"),
    ),
    "terminal_id": (
        (
            *("terminal", "terminalid", "tid", "posid", "终端号", "终端编号", "设备号"),
            *("收银机号", "pos机号", "机号"),
        ),
    ),
    "batch_id": (("batch", "batchid", "batchno", "batchnumber", "批次号", "批号"),),
    "original_ref": (
        (
            *("originalorder", "originalorderno", "originalref", "parentid", "原订单号"),
            *("原交易号", "原交易流水号", "原商户订单号", "原单号"),
        ),
    ),
    "product": (
        (
            *("method", "paymentmethod", "product", "channel", "支付方式", "产品", "付款方式"),
            *("支付渠道", "收款方式", "支付类型"),
        ),
        ("退款方式", "cardtype", "卡类型", "卡种"),
    ),
    "memo": (
        (
            *("memo", "label", "description", "details", "detail", "note", "narrative"),
            *(
                "verwendungszweck",
                "buchungstext",
                "libelle",
                "libellé",
                "concepto",
                "remark",
                "摘要",
                "备注",
                "附言",
                "用途",
                "交易摘要",
            ),
        ),
        ("商品名称", "商品", "商品标题", "productname"),
    ),
}
# The number of a refund itself, the merchant's own last.
OWN_REFUND: Final = ("refundno", "refundid", "退款编号", "退款单号", "outrefundno", "商户退款单号")
TOTALS: Final = re.compile(r"(?:合计|总计|小计|总笔数|汇总|total|sum)", re.IGNORECASE)
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "payment": (
        *("sale", "payment", "charge", "purchase", "pay", "消费", "支付", "交易", "付款", "收款"),
        *("销售", "零售", "扫码支付", "预授权完成"),
    ),
    "refund": ("refund", "return", "退款", "退货", "退款成功", "退单"),
    "void": ("void", "消费撤销", "撤销"),
    "reversal": ("reversal", "冲正", "消费冲正"),
    "fee": ("fee", "手续费"),
    "payout": ("payout", "withdrawal", "提现"),
    "credit": ("c", "cr", "credit", "h", "haben", "贷", "贷方", "收", "收入", "进账"),
    "debit": ("d", "dr", "debit", "s", "soll", "借", "借方", "支", "支出", "出账"),
}
STATES: Final[dict[str, tuple[str, ...]]] = {
    "success": (
        *("success", "succeeded", "paid", "completed", "settled", "captured", "ok", "y"),
        *("bezahlt", "pagado", "payé"),
        *("成功", "支付成功", "交易成功", "已支付", "已完成", "退款成功", "交易完成", "支付完成"),
        *("已付款", "已收款", "已结算", "买家已付款", "待发货", "等待卖家发货", "已发货"),
        *("卖家已发货", "待收货", "已签收", "已评价", "已核销", "部分退款", "已部分退款"),
    ),
    "pending": (
        *("pending", "processing", "处理中", "待支付", "未支付", "待付款", "未付款", "支付中"),
        *("等待付款", "等待买家付款", "退款中", "退款处理中"),
    ),
    "failed": ("n", "failed", "failure", "declined", "失败", "支付失败", "交易失败", "退款失败"),
    "closed": (
        *("closed", "cancelled", "canceled", "expired", "已关闭", "交易关闭", "已取消"),
        *("交易取消", "订单取消", "交易已取消"),
    ),
    "reversed": ("reversed", "voided", "已撤销", "已冲正", "已退款", "已全额退款", "全额退款"),
}
_UNIT = re.compile(r"[(（\[][^)）\]]*[)）\]]|[ _](?:in[ _])?(?:cents?|fen|minor)$", re.IGNORECASE)
_REST = re.compile(r"[\W_]+")


def plain(header: str) -> str:
    """Return a header as `HEADERS` writes it: `订单金额(元)` 订单金额, `Order No.` orderno."""
    return _REST.sub("", _UNIT.sub("", header)).lower()


def meant(word: str, table: dict[str, tuple[str, ...]]) -> str:
    """Return which of ours a sender's word usually means; empty when no table knows it."""
    found = [ours for ours, theirs in table.items() if plain(word) in theirs]
    return found[0] if len(found) == 1 else ""
