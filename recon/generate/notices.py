"""What the card acquirer tells a merchant besides the day's sales: its own short file, in GBK.

Chargebacks (退单), funds frozen and released (冻结, 解冻), deductions (扣费), rebates (返还) and
retrievals (调单). Chargebacks, deductions and rebates stand in the merchant's batch of their day.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from recon.generate.text import joined, yuan

CHARGEBACK: Final = "退单"
FREEZE: Final = "冻结"
RELEASE: Final = "解冻"
DEDUCTION: Final = "扣费"
REBATE: Final = "返还"
RETRIEVAL: Final = "调单"
SETTLED: Final = (CHARGEBACK, DEDUCTION, REBATE)
LISTED_FEE: Final = "终端服务费"  # the contract allows it
UNLISTED_FEE: Final = "流量卡费"
PAID_AS: Final = "返佣"
NOTICES: Final = {
    "number": pl.String,
    "kind": pl.String,
    "merchant": pl.String,
    "original": pl.String,  # channel reference of the sale
    "day": pl.Int32,  # clearing day, and the night of delivery
    "amount": pl.Int64,  # fen; money to the merchant is positive
    "product": pl.String,
    "answer_by": pl.Int32,  # of a retrieval: the day by which to answer it
}
_HEADER: Final = "通知编号,类型,商户编号,原交易参考号,清算日期,金额,手续费,名称,回复期限"


def notice_file(notices: pl.DataFrame) -> bytes:
    """Return notices as the acquirer's CSV file."""
    line = pl.concat_str(
        "number",
        "kind",
        "merchant",
        "original",
        pl.col("day").cast(pl.Date).dt.strftime("%Y-%m-%d"),
        yuan("amount"),
        pl.lit("0.00"),
        "product",
        pl.col("answer_by").cast(pl.Date).dt.strftime("%Y-%m-%d").fill_null(""),
        separator=",",
    )
    return f"{_HEADER}\n{joined(notices, line)}".encode("gb18030")


def settled_rows(notices: pl.DataFrame) -> pl.DataFrame:
    """Return the notices that move money, as rows of a batch: channel, merchant, day, money."""
    return notices.filter(pl.col("kind").is_in(SETTLED)).select(
        pl.lit("UNIONPAY").alias("channel"),
        "merchant",
        "day",
        "amount",
        pl.lit(0, pl.Int64).alias("fee"),
        pl.lit(value=False).alias("repeated"),
    )
