"""Rows to files, each in its sender's real format: orders CSV, WeChat, Alipay, UnionPay ZM, MT940.

`CHARGES` is a channel's row, `ORDERS` a merchant's, `LINES` a bank's. Times are seconds of local
time since 1970-01-01; amounts are fen, money to the merchant is positive; a fee is a cost.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from recon.generate.text import joined, local_time, padded, yuan, yuan_text

PAY: Final = "PAY"
REFUND: Final = "REFUND"
UNDO: Final = "UNDO"
CHARGES: Final = {
    "channel": pl.String,
    "kind": pl.String,
    "order_id": pl.String,
    "channel_ref": pl.String,
    "original_order": pl.String,
    "original_ref": pl.String,
    "t": pl.Int64,
    "day": pl.Int32,  # clearing day, days since 1970-01-01
    "night": pl.Int32,  # night on which the row is delivered
    "amount": pl.Int64,
    "fee": pl.Int64,
    "merchant": pl.String,
    "terminal": pl.String,
    "stan": pl.Int64,
    "card": pl.String,
    "card_type": pl.String,
    "pending": pl.Boolean,  # accepted, not done
    "repeated": pl.Boolean,  # the same record again: no further money
}
ORDERS: Final = {
    "order_id": pl.String,
    "t": pl.Int64,
    "night": pl.Int32,
    "channel": pl.String,
    "kind": pl.String,
    "status": pl.String,
    "amount": pl.Int64,
    "currency": pl.String,
    "terminal": pl.String,
    "original_order": pl.String,
    "requested": pl.Int64,  # of a refund: what the payer asked for
}
LINES: Final = {
    "day": pl.Int32,
    "amount": pl.Int64,
    "reference": pl.String,
    "memo": pl.String,
}
_ORDER_HEADER: Final = "order_no,paid_at,method,type,status,amount,currency,terminal,original_order"
_ORDER_TYPES: Final = {PAY: "SALE", REFUND: "REFUND"}
_WECHAT_HEADER: Final = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
    "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
_WECHAT_SUMMARY: Final = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
_WECHAT_STATES: Final = {PAY: "SUCCESS", REFUND: "REFUND", UNDO: "REVOKED"}
_ALIPAY_HEADER: Final = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_ALIPAY_SUMMARY: Final = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,"
    "商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
)
_ZM_TYPES: Final = {PAY: "01", REFUND: "04", UNDO: "31"}


@dataclass(frozen=True, slots=True)
class Party:
    """Names that the senders write into their files."""

    wechat_app: str = "wx8d5c1e0f3a7b2946"
    wechat_id: str = "1900000109"
    alipay_id: str = "2088021966388155"
    unionpay_id: str = "898310054113"  # with three digits of the merchant's own behind it
    account: str = "6228480402564"
    currency: str = "CNY"
    rates: tuple[str, str, str] = ("0.38%", "0.38%", "0.55%")


def order_header(*, requests: bool) -> str:
    """Return the titles of the merchant's orders."""
    return f"{_ORDER_HEADER},requested" if requests else _ORDER_HEADER


def day_of(number: int) -> date:
    """Return a day from days since 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=number)


def orders_csv(orders: pl.DataFrame, *, requests: bool) -> bytes:
    """Return the merchant's orders as UTF-8 CSV; `requests`: with what payers asked back."""
    asked = [yuan("requested").fill_null("")] if requests else []
    line = pl.concat_str(
        "order_id",
        local_time("t"),
        "channel",
        pl.col("kind").replace(_ORDER_TYPES),
        "status",
        yuan("amount"),
        "currency",
        "terminal",
        "original_order",
        *asked,
        separator=",",
    )
    return f"{order_header(requests=requests)}\n{joined(orders, line)}".encode()


def wechat_bill(charges: pl.DataFrame, party: Party, rows_declared: int | None = None) -> bytes:
    """Return a WeChat trade bill (ALL layout); `rows_declared` plants a wrong trailer."""
    paid = pl.col("kind") == PAY
    zero = pl.lit("0.00")

    def when(yes: str | pl.Expr, no: str | pl.Expr) -> pl.Expr:
        one = pl.lit(yes) if isinstance(yes, str) else yes
        return pl.when(paid).then(one).otherwise(pl.lit(no) if isinstance(no, str) else no)

    cells = [
        local_time("t"),
        pl.lit(party.wechat_app),
        pl.lit(party.wechat_id),
        pl.col("merchant"),
        pl.col("terminal"),
        when(pl.col("channel_ref"), pl.col("original_ref")),
        when(pl.col("order_id"), pl.col("original_order")),
        pl.lit("oUpF8uMuAJO"),
        pl.lit("MICROPAY"),
        pl.col("kind").replace(_WECHAT_STATES),
        pl.lit("OTHERS"),
        pl.lit("CNY"),
        when(yuan("amount"), zero),
        zero,
        when("0", pl.col("channel_ref")),
        when("0", pl.col("order_id")),
        when(zero, yuan(-pl.col("amount"))),
        zero,
        when("", "ORIGINAL"),
        when("", pl.when("pending").then(pl.lit("PROCESSING")).otherwise(pl.lit("SUCCESS"))),
        pl.lit("门店消费"),
        pl.lit(""),
        yuan("fee", "000"),
        pl.lit(party.rates[0]),
        when(yuan("amount"), zero),
        when(zero, yuan(-pl.col("amount"))),
        pl.lit(""),
    ]
    line = pl.concat_str(pl.lit("`"), pl.concat_str(*cells, separator=",`"))
    sums = charges.select(
        sales=pl.col("amount").filter(paid).sum(),
        refunds=-pl.col("amount").filter(~paid).sum(),
        fees=pl.col("fee").sum(),
    ).row(0)
    sales, refunds = yuan_text(sums[0]), yuan_text(sums[1])
    count = charges.height if rows_declared is None else rows_declared
    summary = [str(count), sales, refunds, "0.00", yuan_text(sums[2], ".", "000"), sales, refunds]
    trailer = "`" + ",`".join(summary)
    text = f"{_WECHAT_HEADER}\n{joined(charges, line)}{_WECHAT_SUMMARY}\n{trailer}\n"
    return text.encode()


def alipay_bill(charges: pl.DataFrame, party: Party, night: date) -> bytes:
    """Return an Alipay trade bill: the detail as GBK text."""
    head, foot = _alipay_frame(charges, party, night)
    return (head + joined(charges, _alipay_line()) + foot).encode("gbk")


def _alipay_line() -> pl.Expr:
    """Return a charge as a line of the detail; the tabs are the platform's own."""
    paid = pl.col("kind") == PAY
    tab, zero = pl.lit("\t"), pl.lit("0.00")
    number = pl.when(paid).then(pl.col("channel_ref")).otherwise(pl.col("original_ref"))
    order = pl.when(paid).then(pl.col("order_id")).otherwise(pl.col("original_order"))
    request = pl.when(paid).then(pl.lit("")).otherwise(pl.col("order_id"))
    cells = [
        number + tab,
        order + tab,
        pl.when(paid).then(pl.lit("交易\t")).otherwise(pl.lit("退款\t")),
        pl.lit("门店消费"),
        local_time("t"),
        local_time("t"),
        pl.col("merchant") + tab,
        pl.lit("门店"),
        tab,
        pl.col("terminal") + tab,
        pl.lit("*(138****0000)\t"),
        yuan("amount"),
        yuan("amount"),
        *([zero] * 5),
        pl.lit(""),
        zero,
        zero,
        request + tab,
        yuan(-pl.col("fee")),
        zero,
        pl.lit(""),
    ]
    return pl.concat_str(*cells, separator=",")


def _alipay_frame(charges: pl.DataFrame, party: Party, night: date) -> tuple[str, str]:
    """Return the lines above and below the detail: whose it is, of which day, and its totals."""
    paid = pl.col("kind") == PAY
    count, paid_fen, refunds, refunded_fen = charges.select(
        paid.sum().alias("count"),
        pl.col("amount").filter(paid).sum().alias("paid"),
        (~paid).sum().alias("refunds"),
        pl.col("amount").filter(~paid).sum().alias("refunded"),
    ).row(0)
    rule = "-" * 40
    head = (
        "#支付宝业务明细查询\n"
        f"#账号：[{party.alipay_id}0156]\n"
        f"#起始日期：[{night:%Y年%m月%d日} 00:00:00]   "
        f"终止日期：[{night + timedelta(days=1):%Y年%m月%d日} 00:00:00]\n"
        f"#{rule}业务明细列表{rule}\n{_ALIPAY_HEADER}\n"
    )
    foot = (
        f"#{rule}业务明细列表结束{rule}\n"
        f"#交易合计：{count}笔，商家实收共{yuan_text(paid_fen)}元，商家优惠共0.00元\n"
        f"#退款合计：{refunds}笔，商家实收退款共{yuan_text(refunded_fen)}元，商家优惠退款共0.00元\n"
        f"#导出时间：[{night + timedelta(days=1):%Y年%m月%d日} 09:12:30]\n"
    )
    return head, foot


def alipay_zip(charges: pl.DataFrame, party: Party, night: date) -> bytes:
    """Return the Alipay download: a zip whose member names are GBK, the summary first."""
    stem = f"{party.alipay_id}0156_{night:%Y%m%d}"
    net = int(charges.select(pl.col("amount").sum() - pl.col("fee").sum()).item())
    total = yuan_text(int(charges["amount"].sum()))
    fee = yuan_text(-int(charges["fee"].sum()))
    paid = charges.filter(pl.col("kind") == PAY).height
    figures = f"{paid},{charges.height - paid},{total},{total},0.00,0.00,0.00,{fee},0.00"
    summary = (
        f"#支付宝业务汇总查询\n{_ALIPAY_SUMMARY}\n合计\t,,{figures},{yuan_text(net)}\n"
    ).encode("gbk")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (
            (f"{stem}_业务明细(汇总).csv", summary),
            (f"{stem}_业务明细.csv", alipay_bill(charges, party, night)),
        ):
            archive.writestr(_member(name, night), data)
    return buffer.getvalue()


class _GbkName(zipfile.ZipInfo):
    """A member whose name is written in GBK bytes without the UTF-8 flag, as the platform does."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the library's hook
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def _member(name: str, night: date) -> zipfile.ZipInfo:
    info = _GbkName(name, (night.year, night.month, night.day, 9, 12, 30))
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def zm_file(charges: pl.DataFrame) -> bytes:
    """Return a UnionPay ZM file: 42 fields of fixed width, 607 bytes and CRLF a line."""
    line = pl.concat_str(*_zm_cells(), separator=" ") + pl.lit("\r")
    return joined(charges, line).encode("gbk")


def _zm_cells() -> list[pl.Expr]:
    """Return the 42 fields of a charge, in the order of the interface."""
    net = pl.col("amount") - pl.col("fee")
    zeros = "0" * 12
    return [
        _constant("S22", 3),
        _constant("48022901", 11),
        _constant("00040000", 11),
        padded(pl.col("stan"), 6),
        local_time("t", "%m%d%H%M%S"),
        _left("card", 19),
        padded(pl.col("amount").abs(), 12),
        _constant("5411", 4),
        _constant("08", 2),
        _left("channel_ref", 21),
        _blank(2),
        _left("order_id", 32),
        _left("card_type", 2),
        _blank(6),
        _blank(10),
        _signed(-pl.col("fee")),
        _signed(net),
        _constant("0201", 4),
        _blank(15),
        pl.col("kind").replace(_ZM_TYPES),
        _blank(2),
        _constant("000201", 6),
        _blank(2),
        _blank(4),
        _blank(32),
        _blank(1),
        _left("original_ref", 21),
        _left("merchant", 15),
        _blank(1),
        _constant("0" * 15, 15),
        _blank(32),
        _constant(" " + zeros, 13),
        _signed(net),
        _left("terminal", 8),
        _blank(32),
        _constant(" " + zeros, 13),
        _constant(" " + zeros, 13),
        _constant(" " + "0" * 11, 12),
        _blank(2),
        _constant("7", 1),
        _blank(32),
        _blank(98),
    ]


def _left(column: str, width: int) -> pl.Expr:
    """Return a text field: the column at the left, blanks behind it."""
    return pl.col(column).fill_null("").str.pad_end(width)


def _constant(value: str, width: int) -> pl.Expr:
    """Return a field that says the same on every line."""
    return pl.lit(value.ljust(width))


def _blank(width: int) -> pl.Expr:
    """Return a field that this sender leaves empty."""
    return pl.lit(" " * width)


def _signed(fen: pl.Expr) -> pl.Expr:
    """Return an amount of 12 digits behind its mark: C to the merchant, D from it, a blank at 0."""
    mark = pl.when(fen > 0).then(pl.lit("C")).when(fen < 0).then(pl.lit("D"))
    return pl.concat_str(mark.otherwise(pl.lit(" ")), padded(fen.abs(), 12))


def zm_banner(day: date) -> bytes:
    """Return a ZM report of a day without sales: its titles only."""
    rule = "=" * 60
    return f"{rule}\r\n商户对账文件\r\n清算日期：{day:%Y%m%d}\r\n{rule}\r\n".encode("gb18030")


def mt940_statement(
    lines: pl.DataFrame, party: Party, day: date, number: int, opening: int
) -> tuple[bytes, int]:
    """Return one day's MT940 statement and its closing balance in fen."""
    closing = opening + int(lines["amount"].sum())
    size = pl.col("amount").abs()
    entry = pl.concat_str(
        pl.lit(f":61:{day:%y%m%d}{day:%m%d}"),
        pl.when(pl.col("amount") < 0).then(pl.lit("D")).otherwise(pl.lit("C")),
        (size // 100).cast(pl.String),
        pl.lit(","),
        padded(size % 100, 2),
        pl.lit("NTRF"),
        "reference",
        pl.lit("\r\n:86:"),
        "memo",
        pl.lit("\r"),
    )
    text = (
        f":20:STMT{day:%y%m%d}\r\n:25:{party.account}\r\n:28C:{number}/1\r\n"
        f":60F:{_balance(opening, day, party)}\r\n{joined(lines, entry)}"
        f":62F:{_balance(closing, day, party)}\r\n-\r\n"
    )
    return text.encode("ascii"), closing


def _balance(fen: int, day: date, party: Party) -> str:
    mark = "D" if fen < 0 else "C"
    return f"{mark}{day:%y%m%d}{party.currency}{yuan_text(abs(fen), ',')}"
