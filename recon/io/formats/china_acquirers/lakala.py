"""Lakala daily files: eight layouts, `|` between cells, Chinese headers, UTF-8 or GB18030.

The portal offers the same columns as CSV (`,` between cells) and as a workbook.

Source: the open platform's file interface as implemented by a system that reads these files; no
genuine file was seen. Amounts are in the unit that their header declares (分: minor units), and
nothing is guessed from the size of a number; under 元 they are yuan. A sender that writes yuan
under a 分 header has every row with a decimal point refused and, since the other rows may be yuan
too, the file held, until its source declares the unit column by column: `[source.units]` with a
line such as `"交易金额(分)" = "major"`.
JY, JS, JZ and ACC prove each row: amount less fee is the settled amount.

Refunds, voids and reversals are money out, whatever sign the file writes, and their fee is one
given back. A withdrawal (DW) is money out whatever its sign, too; a share paid to others (SEP) is
unless the file has a minus, which gives it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import polars as pl

from recon.core.codes import Kind, Side, State
from recon.io.reading.contract import (
    Choice,
    Constant,
    ControlTotal,
    Day,
    Field,
    Fields,
    Format,
    Money,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    Text,
    Time,
)
from recon.io.reading.cutting import frame_of, rows_of
from recon.io.reading.sheet import HEAD_BYTES, Sheet, fits
from recon.io.reading.table import money_out
from recon.io.reading.workbook_sheet import head_cells, is_workbook, read_either

_FEN: Final = "(分)"
_YUAN: Final = "(元)"
_DAYS: Final = ("YYYYMMDD", "YYYY-MM-DD")
_CLOCKS: Final = tuple(f"{day} {clock}" for day in _DAYS for clock in ("hhmmss", "hh:mm:ss"))
_KINDS: Final = {
    "消费": Kind.PAYMENT,
    "预授权完成": Kind.PAYMENT,
    "支付": Kind.PAYMENT,
    "PREORDER": Kind.PAYMENT,
    "MICROPAY": Kind.PAYMENT,
    "退款": Kind.REFUND,
    "退货": Kind.REFUND,
    "REFUND": Kind.REFUND,
    "撤销": Kind.VOID,
    "消费撤销": Kind.VOID,
    "预授权完成撤销": Kind.VOID,
    "CANCEL": Kind.VOID,
    "冲正": Kind.REVERSAL,
    "消费冲正": Kind.REVERSAL,
    "预授权完成冲正": Kind.REVERSAL,
}
_STATE_WORDS: Final = {  # what the open platform calls a state, and what the portal writes
    **dict.fromkeys(("SUCCESS", "成功", "结算成功", "提现成功", "已结算"), State.SUCCESS),
    **dict.fromkeys(("PART_REFUND", "REFUND"), State.SUCCESS),  # the refund is a row of its own
    **dict.fromkeys(("INIT", "CREATE", "DEAL", "处理中", "未结算", "待结算"), State.PENDING),
    **dict.fromkeys(("FAIL", "失败", "结算失败", "提现失败"), State.FAILED),
    **dict.fromkeys(("REVOKED", "退票"), State.REVERSED),  # 退票: the payee's bank sent it back
    "CLOSE": State.CLOSED,
    "UNKNOWN": State.UNKNOWN,
}
_OUTFLOWS: Final = tuple(word for word, kind in _KINDS.items() if kind is not Kind.PAYMENT)


@dataclass(frozen=True, slots=True)
class LakalaFile:
    """One of the eight layouts."""

    code: str
    title_en: str
    title_zh: str
    columns: tuple[str, ...]
    fields: Mapping[str, Field]
    proves_itself: bool = False
    money: Mapping[str, str] = field(default_factory=dict)  # canonical -> sender's column


_AMOUNTS: Final = {
    "amount_minor": "交易金额(分)",
    "fee_minor": "手续费(分)",
    "net_minor": "结算金额(分)",
}
_TRADED: Final = Time(("交易日期",), _DAYS)

FILES: Final = (
    LakalaFile(
        "JY",
        "transactions",
        "交易明细",
        (
            *("商户编号", "交易日期", "交易时间", "终端号", "分支机构", "交易类型", "拉卡拉流水号"),
            *("原拉卡拉流水号", "卡号", "支付渠道", "银行名称", "交易金额(分)", "手续费(分)"),
            *("结算金额(分)", "商户订单号", "支付订单号", "外部流水号", "系统参考号", "备注"),
            "支付方式",
        ),
        {
            "kind": Choice("交易类型", _KINDS),
            "terminal_id": Text("终端号"),
            "order_id": Text("商户订单号"),
            "channel_ref": Text("拉卡拉流水号"),
            "original_ref": Text("原拉卡拉流水号"),
            "rrn": Text("系统参考号"),
            "bank_ref": Text("外部流水号"),
            "card": Text("卡号"),
            "product": Text("支付渠道"),
            "occurred_at": Time(("交易日期", "交易时间"), _CLOCKS),
            "memo": Text("备注"),
            "attributes.entry_mode": Text("支付方式"),
        },
        proves_itself=True,
        money=_AMOUNTS,
    ),
    LakalaFile(
        "JS",
        "settled transactions",
        "结算明细",
        (
            *("商户编号", "交易日期", "交易时间", "终端号", "拉卡拉流水号", "交易金额(分)"),
            *("手续费(分)", "结算金额(分)", "结算日期", "结算状态"),
        ),
        {
            "state": Choice("结算状态", {"1": State.SUCCESS, "0": State.PENDING, **_STATE_WORDS}),
            "terminal_id": Text("终端号"),
            "channel_ref": Text("拉卡拉流水号"),
            "occurred_at": Time(("交易日期", "交易时间"), _CLOCKS),
            "clearing_date": Day("结算日期", _DAYS),
        },
        proves_itself=True,
        money=_AMOUNTS,
    ),
    LakalaFile(
        "JZ",
        "wallet settlement",
        "钱包结算",
        ("商户编号", "结算日期", "钱包类型", "交易金额(分)", "手续费(分)", "结算金额(分)"),
        {"product": Text("钱包类型"), "clearing_date": Day("结算日期", _DAYS)},
        proves_itself=True,
        money=_AMOUNTS,
    ),
    LakalaFile(
        "ACC",
        "account settlement",
        "账户结算",
        ("商户编号", "账户编号", "结算日期", "交易金额(分)", "手续费(分)", "结算金额(分)"),
        {"batch_id": Text("账户编号"), "clearing_date": Day("结算日期", _DAYS)},
        proves_itself=True,
        money=_AMOUNTS,
    ),
    LakalaFile(
        "DW",
        "withdrawals",
        "提现",
        ("商户编号", "提现日期", "提现流水号", "提现金额(分)", "手续费(分)", "状态"),
        {
            "kind": Constant(Kind.PAYOUT),
            "state": Choice(
                "状态",
                {"1": State.SUCCESS, "0": State.PENDING, "2": State.FAILED, **_STATE_WORDS},
            ),
            "channel_ref": Text("提现流水号"),
            "occurred_at": Time(("提现日期",), _DAYS),
            "clearing_date": Day("提现日期", _DAYS),
        },
        money={"amount_minor": "提现金额(分)", "fee_minor": "手续费(分)"},
    ),
    LakalaFile(
        "D0",
        "same-day settlement",
        "D0 结算",
        ("商户编号", "交易日期", "拉卡拉流水号", "交易金额(分)", "手续费(分)", "D0手续费(分)"),
        {"channel_ref": Text("拉卡拉流水号"), "occurred_at": _TRADED},
        money={
            "amount_minor": "交易金额(分)",
            "fee_minor": "手续费(分)",
            "_same_day_minor": "D0手续费(分)",
        },
    ),
    LakalaFile(
        "SEP",
        "profit shares",
        "分账",
        ("商户编号", "交易日期", "拉卡拉流水号", "交易金额(分)", "分账金额(分)", "分账比例"),
        {
            "kind": Constant(Kind.ADJUSTMENT),
            "channel_ref": Text("拉卡拉流水号"),
            "occurred_at": _TRADED,
            "product": Text("分账比例"),
        },
        money={"amount_minor": "分账金额(分)", "_traded_minor": "交易金额(分)"},
    ),
    LakalaFile(
        "JY_FQ",
        "instalment transactions",
        "分期交易",
        ("商户编号", "交易日期", "拉卡拉流水号", "交易金额(分)", "分期数", "每期金额(分)"),
        {
            "channel_ref": Text("拉卡拉流水号"),
            "occurred_at": _TRADED,
            "product": Text("分期数"),
        },
        money={"amount_minor": "交易金额(分)", "_part_minor": "每期金额(分)"},
    ),
)


def sheets_of(file: LakalaFile) -> tuple[Sheet, Sheet]:
    """Return how a layout is found, its amounts in fen or in yuan: all of its columns, no other."""
    in_yuan = tuple(name.replace(_FEN, _YUAN) for name in file.columns)
    return tuple(Sheet(required=names, delimiter="|") for names in (file.columns, in_yuan))  # type: ignore[return-value]  # two of two


def _recognise(file: LakalaFile, probe: Probe) -> bool:
    """Return whether the head has the layout's header."""
    return any(fits(sheet, probe) for sheet in sheets_of(file))


def _sheet_of(file: LakalaFile, staged: StagedFile) -> Sheet:
    """Return the sheet that a file is; the one in fen, which says what lacks, when it is none."""
    if is_workbook(staged):
        probe = Probe(staged.name, staged.size, b"", cells=head_cells(staged))
    else:
        with staged.path.open("rb") as stream:
            probe = Probe(staged.name, staged.size, stream.read(HEAD_BYTES))
    in_fen, in_yuan = sheets_of(file)
    return in_yuan if fits(in_yuan, probe) else in_fen


def _in_fen(frame: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return columns of yuan under the names of fen, in fen too unless the source says yuan.

    What has more than two decimals stays as it is, for the parser to refuse.
    """
    cells = []
    for name in frame.columns:
        if name.endswith(_YUAN):
            cell, named = pl.col(name), name.replace(_YUAN, _FEN)
            plain = cell.str.extract(r"^([+-]?[0-9]+)(?:\.[0-9]{0,2})?$")
            cents = cell.str.extract(r"\.([0-9]{1,2})$").fill_null("").str.pad_end(2, "0")
            is_fen = options.units.get(named, "minor") == "minor"
            fen = pl.coalesce(plain + cents, cell) if is_fen else cell
            cells.append(fen.alias(named))
    return frame.with_columns(cells)


def _read(
    file: LakalaFile, staged: StagedFile, options: Options, reading: Reading
) -> Iterator[RawRows]:
    """Yield the rows; refunds and withdrawals get their sign."""
    pointed = 0
    for rows in read_either(_sheet_of(file, staged), staged, options, reading):
        pointed += _pointed(frame_of(rows), options)
        frame = _in_fen(frame_of(rows), options)
        if file.code != "JY":
            yield rows_of(frame, rows)
            continue
        is_out = pl.col("交易类型").is_in(_OUTFLOWS)
        signed = [money_out(pl.col(name), is_out).alias(name) for name in _AMOUNTS.values()]
        yield rows_of(frame.with_columns(signed), rows)
    if pointed:
        reading.controls.append(ControlTotal("amounts in 分 with a decimal point", 0, pointed))


def _pointed(frame: pl.DataFrame, options: Options) -> int:
    """Return how many amounts have a decimal point though their header says fen."""
    names = [name for name in frame.columns if name.endswith(_FEN)]
    fen = [name for name in names if options.units.get(name, "minor") == "minor"]
    return int(sum(frame[name].str.contains(".", literal=True).sum() for name in fen))


def _fields(file: LakalaFile, options: Options) -> Fields:
    """Return how the layout's columns become the canonical table."""
    common: dict[str, Field] = {
        "merchant_id": Text("商户编号"),
        "currency": Constant(options.currency),
        "state": Constant(State.SUCCESS),
    }
    money = {
        name: Money(column, unit=options.units.get(column, "minor"))
        for name, column in file.money.items()
    }
    return {**common, **file.fields, **money}


def _refine(file: LakalaFile, frame: pl.DataFrame, _raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Make withdrawals money out; refuse rows whose settled amount is not amount less fee."""
    amount, fee, net = pl.col("amount_minor"), pl.col("fee_minor"), pl.col("net_minor")
    if file.code == "DW":
        return frame.with_columns(-amount.abs())
    if file.code == "SEP":
        return frame.with_columns(-amount)
    if file.code == "D0":
        return frame.with_columns(fee + pl.col("_same_day_minor"))
    if not file.proves_itself:
        return frame
    reason = pl.format("amount {} less fee {} is not the settled amount {}", amount, fee, net)
    return frame.with_columns(pl.when(amount - fee != net).then(reason).alias("reject_reason"))


def _format(file: LakalaFile) -> Format:
    """Return the format of one layout."""
    return Format(
        name=f"lakala_{file.code.lower()}",
        title_en=f"Lakala {file.code}, {file.title_en}",
        title_zh=f"拉卡拉 {file.code} {file.title_zh}",
        side=Side.CHANNEL,
        recognise=partial(_recognise, file),
        read=partial(_read, file),
        fields=partial(_fields, file),
        refine=partial(_refine, file),
        natural_key=("kind", "channel_ref") if "channel_ref" in file.fields else (),
        unit_by_column=True,
        header=file.columns,
    )


FORMATS: Final = tuple(_format(file) for file in FILES)
