"""The rebates of every month: what each policy gives, tier by tier, what was paid, what is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from recon.rules.rule_file.models import Rules
    from recon.rules.rule_file.rebate_terms import RebatePolicy


def statement(
    rules: Rules, workspace: Path, month: str | None, language: str
) -> list[dict[str, Any]]:
    """Return one entry a policy: its words and its months, one a merchant."""
    from recon.rules.fees.words import policy_words

    first = _first_day(month)
    out = []
    for policy in rules.rebates:
        rows, last = _rows(workspace, policy)
        months = [
            row
            for row in _months(policy, rows, last)
            if first is None or row["month"] == first.strftime("%Y-%m")
        ]
        out.append(
            {
                "policy": policy.name,
                "version": policy.version,
                "currency": policy.currency,
                "words": policy_words(policy, language),
                "months": months,
            }
        )
    return out


def _first_day(month: str | None) -> date | None:
    if month is None:
        return None
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise UsageError(
            f"expected a month, found {month!r}", where="--month", fix="write YYYY-MM"
        ) from error


def _rows(workspace: Path, policy: RebatePolicy) -> tuple[pl.DataFrame, date]:
    """Return the channel rows of every published month, and the last night."""
    import polars as pl

    from recon.earlier_nights.history import rows_of_months
    from recon.store.workspace import Workspace

    space = Workspace(workspace)
    last = space.resolve(None).business_date
    nights = [run.business_date for run in space.newest_by_date().values()]
    months = sorted({night.replace(day=1) for night in nights})
    rows = rows_of_months(space, months, policy.paid_as, last + timedelta(days=1))
    return rows.filter(pl.col("currency") == policy.currency), last


def _months(policy: RebatePolicy, rows: pl.DataFrame, last: date) -> list[dict[str, Any]]:
    """Return what each merchant and month earned, was paid and still waits for."""
    from recon.rules.fees.rebates import stated

    out = []
    for row in stated(rows, policy).iter_rows(named=True):
        due_day = row["due_day"]
        open_minor = row["expected_minor"] - row["paid_minor"]
        running = row["month"] == last.replace(day=1)
        out.append(
            {
                "merchant_id": row["merchant_id"],
                "month": row["month"].strftime("%Y-%m"),
                "volume_minor": row["volume_minor"],
                "count": row["count"],
                "portions": row["portions"],
                "rates": [tier.billionths for tier in policy.tiers],
                "expected_minor": row["expected_minor"],
                "paid_minor": row["paid_minor"],
                "open_minor": open_minor,
                "due_day": str(due_day),
                "overdue": open_minor > 0 and due_day < last,
                "running": running,
                "why_nothing": row["why_nothing"],
            }
        )
    return out


def statement_lines(facts: Sequence[dict[str, Any]], language: str) -> list[str]:
    """Return the statement as people read it."""
    chinese = language == "zh"
    if not facts:
        return ["规则文件没有返还政策。" if chinese else "The rule file has no rebate policy."]
    out = []
    for policy in facts:
        out.append(f"{policy['policy']} ({policy['version']}, {policy['currency']})")
        out += [f"  {words}" for words in policy["words"]]
        for month in policy["months"]:
            out += _month_lines(month, policy["currency"], chinese=chinese)
        if not policy["months"]:
            out.append("  没有合格交易。" if chinese else "  No eligible payment.")
    return out


def _month_lines(month: dict[str, Any], currency: str, *, chinese: bool) -> list[str]:
    """Return a month of one merchant: sums, what is open, and how the rebate comes about."""
    from recon.core.money import format_minor
    from recon.rules.prices.price import percent
    from recon.rules.words.causes import in_chinese

    def money(minor: int) -> str:
        return f"{format_minor(minor, currency)} {currency}"

    name = month["merchant_id"] or ("（无商户号）" if chinese else "(no merchant number)")
    words = (
        ("交易额", "笔数", "应得", "已付", "未付", "应于 {} 前支付", "已逾期", "本月未结束")
        if chinese
        else ("volume", "count", "due", "paid", "open", "due by {}", "overdue", "month not over")
    )
    head = (
        f"  {month['month']} {name}: {words[0]} {money(month['volume_minor'] or 0)}, "
        f"{words[1]} {month['count'] or 0:,}; {words[2]} {money(month['expected_minor'])}, "
        f"{words[3]} {money(month['paid_minor'])}, {words[4]} {money(month['open_minor'])}"
    )
    notes = [words[5].format(month["due_day"])] if month["open_minor"] > 0 else []
    notes += [words[6]] if month["overdue"] else []
    notes += [words[7]] if month["running"] else []
    parts = [
        f"{format_minor(part, currency)} x {percent(rate)}"
        for part, rate in zip(month["portions"] or [], month["rates"], strict=False)
        if part
    ]
    out = [head + (f" ({', '.join(notes)})" if notes else "")]
    if month["why_nothing"]:
        why = month["why_nothing"]
        out.append(f"    {in_chinese(why) if chinese else why}")
    elif parts:
        out.append(f"    {' + '.join(parts)}")
    return out
