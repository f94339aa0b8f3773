"""Prices in words: what a contract line means, and how one right or wrong fee comes about.

English first, Chinese second. Every figure is the contract's own or computed in integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from recon.core.codes import Code, Kind, State
from recon.core.money import exponent, format_minor
from recon.core.pricing import FINE, FLAT_BANDS, RATE_BANDS, RATE_SCALE, STARTED_STEPS, TIED
from recon.rules.fees import fees
from recon.rules.fees import returned as fee_returned
from recon.rules.prices.contract import FeeContract, FeeLine
from recon.rules.prices.formula import Formula
from recon.rules.prices.policy import FeePolicy
from recon.rules.prices.price import percent, plain
from recon.rules.rule_file.rebate_terms import RebatePolicy
from recon.rules.words.causes import in_chinese, rounding_in_chinese

_ON_REFUND = {
    "kept": ("kept on a refund", "退款不退手续费"),
    "rate": ("returned on a refund by the rate alone", "退款按费率退还"),
    "formula": ("returned on a refund by the same formula", "退款按同一公式退还"),
}
_LEVELS = {
    "transaction": ("each payment", "按笔"),
    "batch": ("the sum of a batch", "按批次合计"),
    "month": ("the sum of a month", "按月合计"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """Text in one language about money of one currency."""

    language: str
    currency: str

    def pick(self, english: str, chinese: str) -> str:
        """Return the text of the language."""
        return chinese if self.language == "zh" else english

    def minor(self, value: int) -> str:
        """Return minor units as money, without the currency."""
        return format_minor(value, self.currency)

    def fine(self, value: int) -> str:
        """Return fine units (thousandths of a minor unit) as money, every digit that counts."""
        whole, rest = divmod(value, FINE)
        if not rest:
            return self.minor(whole)
        major = Decimal(value).scaleb(-exponent(self.currency) - 3)
        return f"{major.normalize():f}"


def formula_words(formula: Formula, say: Words) -> str:
    """Return what a formula charges, for instance `0.55 % of the amount, at most 20.00`."""
    text = _core(formula, say)
    if formula.floor > 0:
        text += say.pick(", at least ", "，最低 ") + say.fine(formula.floor)
    if formula.cap >= 0:
        text += say.pick(", at most ", "，最高 ") + say.fine(formula.cap)
    if formula.threshold >= 0:
        above = say.minor(formula.threshold)
        text += say.pick(f", nothing up to {above}", f"，{above} 及以下不收")
    if formula.surcharge:
        text += say.pick(", plus ", "，另加 ") + say.fine(formula.surcharge)
    return text


def _core(formula: Formula, say: Words) -> str:
    if formula.shape in (RATE_BANDS, FLAT_BANDS):
        return _bands(formula, say)
    fee, step = say.fine(formula.values[0]), say.minor(formula.step)
    if formula.shape == STARTED_STEPS:
        return say.pick(f"{fee} for every started {step}", f"每满或不足 {step} 收 {fee}")
    return say.pick(f"{fee} for every full {step}", f"每满 {step} 收 {fee}")


def _bands(formula: Formula, say: Words) -> str:
    """Return the rates or flat fees of the bands; the whole amount goes by its band."""
    values = [
        say.pick(f"{percent(value)} of the amount", f"金额的 {percent(value)}")
        if formula.shape == RATE_BANDS
        else say.pick(f"{say.fine(value)} flat", f"每笔 {say.fine(value)}")
        for value in formula.values
    ]
    if not formula.below:
        return values[0]
    parts = [
        say.pick(f"{value} below {say.minor(limit)}", f"{say.minor(limit)} 以下{value}")
        for value, limit in zip(values, formula.below, strict=False)
    ]
    last = say.minor(formula.below[-1])
    parts.append(say.pick(f"{values[-1]} from {last}", f"{last} 起{values[-1]}"))
    return say.pick("; ", "；").join(parts)


def line_facts(contract: FeeContract, line: FeeLine, language: str) -> dict[str, Any]:
    """Return one line of a contract: its conditions, its formula and what it means in words."""
    say = Words(language, contract.currency)
    formula = contract.formula_of(line)
    rounding = formula.rounding or line.rounding or contract.rounding
    index = 1 if language == "zh" else 0
    return {
        "line": line.name,
        "when": {name: list(words) for name, words in line.when.items()},
        "amount_from": str(line.amount_from) if line.amount_from else None,
        "amount_below": None if line.amount_below is None else str(line.amount_below),
        "valid_from": None if line.valid_from is None else str(line.valid_from),
        "valid_until": None if line.valid_until is None else str(line.valid_until),
        "formula": line.formula,
        "words": formula_words(formula, say),
        "rounding": rounding_in_chinese(rounding) if language == "zh" else rounding,
        "level": _LEVELS[line.level or contract.level][index],
        "on_refund": _ON_REFUND[line.on_refund or contract.on_refund][index],
    }


def fee_facts(
    rows: pl.DataFrame,
    row: Mapping[str, Any],
    policy: FeePolicy,
    paid: pl.DataFrame,
    language: str,
) -> dict[str, Any] | None:
    """Return how the fee of one channel row comes about; None where the contract says nothing.

    `rows` holds the row alone, as TRANSACTIONS, `paid` the payments that it may refund. Keys:
    contract, line (see `line_facts`), amount, steps (texts), due and charged (minor units), verdict
    (`right`, `wrong`, `summed`, `no line`, `tied`), code and cause where it is wrong.
    """
    contract = policy.contract.contract
    known = row["amount_minor"] is not None and row["fee_minor"] is not None
    if not known or row["currency"] != contract.currency:
        return None
    lined = fee_returned.with_lines(rows, paid, policy)
    number, priced = lined["line"][0], lined["priced_minor"][0]
    facts = {
        "contract": contract.name,
        "currency": contract.currency,
        "line": None,
        "steps": [],
        "charged_minor": row["fee_minor"],
        "due_minor": None,
        "verdict": "no line",
        "code": None,
        "cause": None,
    }
    if number < 0:
        return facts | ({"verdict": "tied"} if number == TIED else {})
    line, level = policy.contract.lines[number], policy.contract.levels[number]
    facts["line"] = line_facts(contract, line, language)
    found = fees.find(rows, policy, paid)
    say = Words(language, contract.currency)
    if level != "transaction" and not found.height:
        steps = [formula_words(contract.formula_of(line), say), _LEVELS[level][language == "zh"]]
        return facts | {"verdict": "summed", "steps": steps}
    due = _due(row, found)
    steps = _steps(contract, line, row, priced, due, say)
    return facts | {"due_minor": due, "steps": steps} | _verdict(found, language)


def _verdict(found: pl.DataFrame, language: str) -> dict[str, Any]:
    """Return whether the fee is right, and what is wrong with it: code and cause."""
    if not found.height:
        return {"verdict": "right"}
    cause = found["cause"][0]
    return {
        "verdict": "wrong",
        "code": Code(int(found["code"][0])).name,
        "cause": in_chinese(cause) if cause and language == "zh" else cause,
    }


def _due(row: Mapping[str, Any], found: pl.DataFrame) -> int:
    """Return the fee that is due, signed as the row's own (a fee that comes back is negative)."""
    if not found.height:
        return int(row["fee_minor"])
    due = int(found["expected_minor"][0])
    return -due if row["kind"] == Kind.REFUND.name else due


def _steps(
    contract: FeeContract,
    line: FeeLine,
    row: Mapping[str, Any],
    priced: int,
    due: int,
    say: Words,
) -> list[str]:
    """Return the computation in words; `priced` is the amount whose band counts."""
    formula, amount = contract.formula_of(line), abs(row["amount_minor"])
    if row["state"] != State.SUCCESS.name:
        return [say.pick("no fee is due: the payment did not succeed", "交易未成功，不应收费")]
    steps = [formula_words(formula, say)]
    if row["kind"] == Kind.REFUND.name:
        steps.append(_ON_REFUND[line.on_refund or contract.on_refund][say.language == "zh"])
    if formula.shape == RATE_BANDS:
        band = sum(priced >= limit for limit in formula.below)
        exact = Decimal(amount * formula.values[band]) / RATE_SCALE
        major = exact.scaleb(-exponent(contract.currency)).normalize()
        steps.append(f"{say.minor(amount)} x {percent(formula.values[band])} = {major:f}")
    rounding = formula.rounding or line.rounding or contract.rounding
    steps.append(
        say.pick(
            f"rounded {plain(rounding)}: {say.minor(due)} {contract.currency}",
            f"{rounding_in_chinese(rounding)}：{say.minor(due)} {contract.currency}",
        )
    )
    return steps


def policy_words(policy: RebatePolicy, language: str) -> list[str]:
    """Return a rebate policy in words, a sentence a rule."""
    say = Words(language, policy.currency)
    counted = policy.measure == "count"
    unit = say.pick(" payments", " 笔") if counted else ""
    tiers = [
        say.pick(f"{percent(tier.billionths)} from", f"{percent(tier.billionths)}，自")
        + f" {tier.start}{unit}"
        for tier in policy.tiers
    ]
    mode = {
        "excess": ("each part of a month at the rate of its tier", "各档分段计算"),
        "whole": ("the whole month at the rate of the tier reached", "达到某档即全额按该档计算"),
    }[policy.mode]
    base = {"volume": ("of the volume", "按交易额"), "fee": ("of the fees paid", "按已付手续费")}
    out = [say.pick("; ", "；").join(tiers), say.pick(*mode), say.pick(*base[policy.base])]
    if policy.min_volume:
        out.append(
            say.pick(f"at least {policy.min_volume} a month", f"月交易额不低于 {policy.min_volume}")
        )
    if policy.min_count:
        out.append(
            say.pick(f"at least {policy.min_count} payments", f"不少于 {policy.min_count} 笔")
        )
    out += [
        say.pick(f"nothing from {span.first} to {span.last}", f"{span.first} 至 {span.last} 不计")
        for span in policy.blackout
    ]
    refunds = {
        "their_month": ("refunds count in their own month", "退款在发生月扣除"),
        "original_month": ("refunds count in the month of the sale", "退款在原交易月扣除"),
        "ignored": ("refunds are not deducted", "不扣除退款"),
    }[policy.refunds]
    out.append(say.pick(*refunds))
    out.append(
        say.pick(
            f"paid within {policy.due_days} days of the month's end",
            f"月末后 {policy.due_days} 天内支付",
        )
    )
    return out
