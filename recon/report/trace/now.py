"""Where the money of a family is now, and when it is due: one answer a payment or refund."""

from __future__ import annotations

from datetime import date

import polars as pl

from recon.core.codes import UNDO_KINDS
from recon.report.code_words import CodeWordsByName, code_label
from recon.report.facts import Facts, plain
from recon.report.trace.story import Story
from recon.report.trace.words import both, is_real_break
from recon.report.words import LANGUAGES, Pair, label, money, pick

_DEAD = frozenset({"FAILED", "CLOSED"})
_TAKEN_BACK = frozenset({"REFUND", "CHARGEBACK"})
_MOVES = frozenset({"PAYMENT", "REFUND", "CHARGEBACK", "PAYOUT", "ADJUSTMENT", "FREEZE"})
_SENTENCES: dict[str, Pair] = {
    "settled": (
        "{kind} {amount}: in the merchant's bank account since {since}, {net} after a fee of {fee}",
        "{kind} {amount}：已于 {since} 到商户银行账户，扣除手续费 {fee} 后为 {net}",
    ),
    "bounced": (
        (
            "{kind} {amount}: paid out and taken back on {since}; {net} is with the channel "
            "{source} until it is paid again"
        ),
        "{kind} {amount}：出款后于 {since} 被退回；{net} 在渠道 {source}，待重新出款",
    ),
    "with_channel": (
        (
            "{kind} {amount}: with the channel {source}; {net} is due at the bank by {due}"
            "{interval}{late}"
        ),
        "{kind} {amount}：在渠道 {source}；{net} 最迟应于 {due} 到银行{interval}{late}",
    ),
    "with_channel_no_date": (
        "{kind} {amount}: with the channel {source}; no bank leg follows it",
        "{kind} {amount}：在渠道 {source}；没有银行环节跟踪",
    ),
    "returned": (
        "{kind} {amount}: given back to the payer through the channel {source} on {since}{later}",
        "{kind} {amount}：已于 {since} 经渠道 {source} 退回付款人{later}",
    ),
    "undone": (
        "{kind} {amount}: undone by a reversal or void; the payer has the money",
        "{kind} {amount}：已被冲正或撤销，款项在付款人处",
    ),
    "not_given_back": (
        "{kind} {amount}: undone by a reversal or void; the payer did not get the money",
        "{kind} {amount}：已被冲正或撤销，付款人没有收到这笔款项",
    ),
    "not_taken": (
        "{kind} {amount}: {state} at the channel {source}; the payer has the money",
        "{kind} {amount}：渠道 {source} {state}，款项在付款人处",
    ),
    "not_paid": (
        "{kind} {amount}: {state} at the merchant; no money moved",
        "{kind} {amount}：商户侧{state}，没有资金变动",
    ),
    "not_paid_yet": (
        "{kind} {amount}: {state} at the merchant, and the channel shows nothing of it",
        "{kind} {amount}：商户侧{state}，渠道没有记录",
    ),
    "not_final": (
        "{kind} {amount}: {state} at the channel {source}; not final, ask the channel",
        "{kind} {amount}：渠道 {source} {state}，尚无最终结果，请向渠道查询",
    ),
    "not_in_channel": (
        "{kind} {amount}: booked by the merchant; the channel should show it by {due}{late}",
        "{kind} {amount}：商户已登记，渠道没有记录；渠道最迟应于 {due} 显示{late}",
    ),
    "frozen": (
        "{kind} {amount}: held back by the channel {source} since {since}",
        "{kind} {amount}：自 {since} 起由渠道 {source} 冻结",
    ),
    "released": (
        "{kind} {amount}: released; the channel holds nothing of it any more",
        "{kind} {amount}：已解冻，渠道不再扣留",
    ),
    "many_settled": (
        "{rows} rows of {kind}, {amount}: net {net} has met its bank line",
        "{kind} {rows} 行 {amount}：净额 {net} 已与银行到账对上",
    ),
    "many_bounced": (
        (
            "{rows} rows of {kind}, {amount}: paid out and taken back on {since}; net {net} is "
            "with the channel until it is paid again"
        ),
        "{kind} {rows} 行 {amount}：出款后于 {since} 被退回；净额 {net} 在渠道，待重新出款",
    ),
    "many_wait": (
        "{rows} rows of {kind}, {amount}: net {net} is due by {due}{late}",
        "{kind} {rows} 行 {amount}：净额 {net} 最迟应于 {due} 到账{late}",
    ),
    "many_known": (
        "{rows} rows of {kind}, {amount}: nothing waits for them",
        "{kind} {rows} 行 {amount}：无需等待",
    ),
    "bank_line": (
        "{kind} {amount}: on the bank account since {since}{explained}",
        "{kind} {amount}：已于 {since} 在银行账户{explained}",
    ),
}
_ONE_BY_ONE = 12
_LATE: Pair = (", and that day is over", "，该日期已过")
_FROM: Pair = (" (expected from {day})", "（预计自 {day} 起）")
_USUAL = ("usual_of", "usual_days", "usual_days_most", "usual_hours")
_HOURS: Pair = (" (expected from {day}, {hours})", "（预计自 {day} 起，{hours}）")
_USUALLY: Pair = (
    (
        " (of its last {of} payouts half came within {half} days of the day agreed, 95 % within "
        "{most}{hours})"
    ),
    "（最近 {of} 笔出款中，半数在约定日后 {half} 天内、95% 在 {most} 天内到账{hours}）",
)
_USUAL_HOURS: Pair = (", at {hours}", "，时段 {hours}")
_DEBITED: Pair = ("; taken from the payout of {day}", "；已从 {day} 的结算款中扣除")
_EXPLAINED: Pair = ("; it settles {rows} rows of the channel", "；对应渠道 {rows} 行")
_UNEXPLAINED: Pair = ("; no row of the channel explains it", "；没有渠道记录可以解释")
_OPEN: Pair = ("open: {labels}", "未决：{labels}")


def where_now(story: Story, codes: CodeWordsByName) -> list[Facts]:
    """Return one answer for each payment, refund or bank line that the family is about."""
    rows = story.rows
    channel = rows.filter(
        (pl.col("side").cast(pl.String) == "CHANNEL")
        & pl.col("kind").cast(pl.String).is_in(sorted(_MOVES))
    )
    subjects = channel if channel.height else rows.filter(pl.col("side").cast(pl.String) != "BANK")
    if subjects.height == 0:
        subjects = rows
    lone = _merchant_alone(story, rows) if channel.height else subjects.clear()
    wanted = pl.concat([subjects, lone])
    if wanted.height > _ONE_BY_ONE:
        return _together(story, wanted)
    return [_answer(story, row, codes) for row in wanted.iter_rows(named=True)]


def _together(story: Story, rows: pl.DataFrame) -> list[Facts]:
    """Return one answer for all rows of one source, kind and place: the members of a batch."""
    paid = sorted(story.bank_days())
    waits = story.waits.filter(pl.col("waiting_for").cast(pl.String) == "BANK")
    waits = waits.sort("night").unique("txn_id", keep="last", maintain_order=True)
    broken = pl.col("break_code").is_not_null()
    until = waits.select("txn_id", due="wait_until", overdue=broken)
    by = ["source", "kind", "currency", "paid", "bounced", "due", "overdue"]
    day = pl.col("batch_id").replace_strict(story.bounced, default=None, return_dtype=pl.Date)
    back = pl.when(~pl.col("kind").cast(pl.String).is_in(sorted(_TAKEN_BACK))).then(day)
    counted = (
        rows.join(until, on="txn_id", how="left")
        .with_columns(paid=pl.col("txn_id").is_in(paid), bounced=back)
        .group_by(by)
        .agg(
            pl.len().alias("rows"),
            pl.col("amount_minor", "net_minor").cast(pl.Int128).sum(),
        )
        .sort(by)
    )
    return [_together_answer(row) for row in counted.iter_rows(named=True)]


def _together_answer(row: Facts) -> Facts:
    """Return where rows that travel together are now, with one due day, in both languages."""
    place, short, holder = _together_place(row)
    late = bool(row["overdue"]) and not row["paid"]
    filled = {
        name: {
            **_filled(row, {"due": row["due"], "since": row["bounced"]}, name, late=late),
            "rows": row["rows"],
        }
        for name in LANGUAGES
    }
    return {
        "rows": row["rows"],
        "kind": row["kind"],
        "amount_minor": row["amount_minor"],
        "net_minor": row["net_minor"],
        "currency": row["currency"],
        "place": short,
        "holder": holder,
        "due": plain(row["due"]),
        "overdue": late,
        **both(_SENTENCES[place], filled),
    }


def _together_place(row: Facts) -> tuple[str, str, str]:
    """Return the sentence, the place and the holder of rows that are told together."""
    if row["paid"] and row["bounced"] is not None:
        return "many_bounced", "bounced", "CHANNEL"
    if row["paid"]:
        return "many_settled", "settled", "MERCHANT"
    return ("many_wait", "waits", "CHANNEL") if row["due"] else ("many_known", "known", "UNKNOWN")


def _merchant_alone(story: Story, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the merchant's rows of money that no link joins to the channel.

    What undoes a row is told with the row that it undoes.
    """
    linked = {*story.links["left_txn_id"].to_list(), *story.links["right_txn_id"].to_list()}
    return rows.filter(
        (pl.col("side").cast(pl.String) == "MERCHANT")
        & pl.col("kind").cast(pl.String).is_in(sorted(_MOVES))
        & ~pl.col("txn_id").is_in(sorted(linked))
    )


def _answer(story: Story, row: Facts, codes: CodeWordsByName) -> Facts:
    """Return where one row's money is, in plain facts and in words."""
    place, holder, facts = _place(story, row)
    due, late = facts.get("due"), bool(facts.get("overdue"))
    breaks = _open_breaks(story, row)
    filled = {name: _filled(row, facts, name, late=late) for name in LANGUAGES}
    answer = {
        "txn_id": row["txn_id"],
        "kind": row["kind"],
        "amount_minor": row["amount_minor"],
        "net_minor": row["net_minor"],
        "currency": row["currency"],
        "place": place,
        "holder": holder,
        "since": plain(facts.get("since")),
        "expected_from": plain(facts.get("expected_from")),
        "due": plain(due),
        "hours": facts.get("hours"),
        **{name: facts.get(name) for name in _USUAL},
        "overdue": late,
        "open_breaks": [plain({key: item[key] for key in ("break_id", "code")}) for item in breaks],
        **both(_SENTENCES[place], filled),
    }
    if breaks:
        named = {name: {"labels": _listed(breaks, codes, name)} for name in LANGUAGES}
        notes = both(_OPEN, named)
        for name in LANGUAGES:
            joined = pick(("; ", "；"), name)
            answer[f"text_{name}"] += f"{joined}{notes[f'text_{name}']}"
    return answer


def _listed(breaks: list[Facts], codes: CodeWordsByName, language: str) -> str:
    labels = dict.fromkeys(code_label(codes, item["code"], language) for item in breaks)
    return pick((", ", "、"), language).join(labels)


def _place(story: Story, row: Facts) -> tuple[str, str, Facts]:
    """Return the place, who holds the money, and since when or until when."""
    if row["side"] == "BANK":
        group = story.group_of(row)
        return "bank_line", "MERCHANT", {"since": row["value_date"], "group": group}
    if _undone(story, row):
        refund = row["kind"] == "REFUND"
        return ("not_given_back", "MERCHANT", {}) if refund else ("undone", "PAYER", {})
    if row["side"] == "MERCHANT" and row["state"] != "SUCCESS":
        dead = row["state"] in _DEAD
        return ("not_paid", "PAYER", {}) if dead else ("not_paid_yet", "UNKNOWN", {})
    if row["side"] == "MERCHANT":
        return "not_in_channel", "UNKNOWN", _due(story, row)
    if row["state"] != "SUCCESS":
        dead = row["state"] in _DEAD
        return ("not_taken", "PAYER", {}) if dead else ("not_final", "UNKNOWN", {})
    return _place_of_success(story, row)


def _place_of_success(story: Story, row: Facts) -> tuple[str, str, Facts]:
    """Return where the money of a row is that the channel calls a success."""
    if row["kind"] == "FREEZE":
        held = any(item["code"] == "FUNDS_FROZEN" for item in _open_breaks(story, row))
        since = plain(row["occurred_at"] or row["clearing_date"] or row["night"])[:10]
        return ("frozen", "CHANNEL", {"since": since}) if held else ("released", "MERCHANT", {})
    paid = story.bank_days().get(row["txn_id"])
    if row["kind"] in _TAKEN_BACK:
        moment = row["occurred_at"] or row["clearing_date"] or row["night"]
        return "returned", "PAYER", {"since": plain(moment)[:10], "debited": paid}
    if paid is not None and row["batch_id"] in story.bounced:
        return "bounced", "CHANNEL", {"since": story.bounced[row["batch_id"]]}
    if paid is not None:
        return "settled", "MERCHANT", {"since": paid}
    due = _due(story, row)
    return ("with_channel" if due["due"] else "with_channel_no_date"), "CHANNEL", due


def _undone(story: Story, row: Facts) -> bool:
    """Return whether a row was undone: netted, told so, or by a row that came after it had left."""
    mine = (pl.col("left_txn_id") == row["txn_id"]) & (
        pl.col("match_kind").cast(pl.String) == "NETTING"
    )
    if story.links.filter(mine).height > 0 or row["state"] == "REVERSED":
        return True
    if _undoings(story, row, ("channel_ref", "rrn")).height:
        return True
    same = ("side", "kind", "state", "currency", "amount_minor", "order_id")
    alike = story.rows.filter(pl.all_horizontal(pl.col(name) == row[name] for name in same))
    first = alike.sort("occurred_at", "txn_id")["txn_id"].to_list()
    return row["txn_id"] in first[: _undoings(story, row, ("order_id",)).height]


def _undoings(story: Story, row: Facts, columns: tuple[str, ...]) -> pl.DataFrame:
    """Return the rows that undo a row's amount and name it by one of some columns."""
    names = [row[name] for name in columns if row[name]]
    return story.rows.filter(
        (pl.col("side") == row["side"])
        & pl.col("kind").cast(pl.String).is_in([kind.name for kind in UNDO_KINDS])
        & (pl.col("state").cast(pl.String) == "SUCCESS")
        & (pl.col("currency") == row["currency"])
        & (pl.col("amount_minor") == -(row["amount_minor"] or 0))
        & pl.col("original_ref").is_in(names)
    )


def _due(story: Story, row: Facts) -> Facts:
    """Return the day by which the next side must show the row, and whether it has passed."""
    waits = story.waits.filter(pl.col("txn_id") == row["txn_id"]).to_dicts()
    newest = [item for item in waits if item["night"] == waits[-1]["night"]]
    days: list[date] = [item["wait_until"] for item in newest if item["wait_until"] is not None]
    due = max(days, default=row["due_date"])
    broken = any(item["break_code"] is not None for item in newest)
    return {
        "due": due,
        "overdue": broken and due is not None and due <= story.last_night,
        **_interval(story, row),
    }


def _interval(story: Story, row: Facts) -> Facts:
    """Return from which day, and in which hours, the row's payout is expected at the bank."""
    if row["side"] != "CHANNEL":
        return {}
    mine = (
        (pl.col("source") == row["source"])
        & (pl.col("currency") == row["currency"])
        & pl.lit(row["clearing_date"], pl.Date).is_between("cleared_from", "cleared_until")
    )
    found = story.payouts.filter(mine)
    named = found.filter(pl.col("batch") == pl.lit(row["batch_id"], pl.String))
    fitting = named if named.height else found
    days = fitting["expected_from", "hours"].unique()
    if days.height != 1:
        return {}
    return days.row(0, named=True) | fitting.select(_USUAL).row(-1, named=True)


def _open_breaks(story: Story, row: Facts) -> list[Facts]:
    """Return the real breaks of a row that the newest night still tells."""
    waiting = story.waits.filter(pl.col("txn_id") == row["txn_id"])["break_id"].drop_nulls()
    mine = pl.col("txn_ids").list.contains(row["txn_id"]) | pl.col("break_id").is_in(
        waiting.to_list()
    )
    newest = story.breaks.filter(mine & is_real_break()).unique(
        "break_id", keep="last", maintain_order=True
    )
    return [item for item in newest.iter_rows(named=True) if item["status"] != "RESOLVED"]


def _interval_words(facts: Facts, language: str) -> str:
    """Return the interval of a payout in words; a due day without hours says it already."""
    day, hours = facts.get("expected_from"), facts.get("hours")
    learned = _usual_words(facts, language)
    if day is None or (hours is None and day == facts.get("due")):
        return learned
    return pick(_HOURS if hours else _FROM, language).format(day=plain(day), hours=hours) + learned


def _usual_words(facts: Facts, language: str) -> str:
    """Return what is usual for payouts of the channel, where its history tells it."""
    if not facts.get("usual_of"):
        return ""
    hours = facts["usual_hours"]
    return pick(_USUALLY, language).format(
        half=facts["usual_days"],
        most=facts["usual_days_most"],
        hours=pick(_USUAL_HOURS, language).format(hours=hours) if hours else "",
        of=f"{facts['usual_of']:,}",
    )


def _filled(row: Facts, facts: Facts, language: str, *, late: bool) -> Facts:
    """Return what fills the holes of a sentence about where a row is now."""
    currency = row["currency"]
    later, explained = "", pick(_UNEXPLAINED, language)
    if facts.get("debited"):
        later = pick(_DEBITED, language).format(day=facts["debited"])
    group = facts.get("group")
    if group is not None and group["channel_rows"]:
        explained = pick(_EXPLAINED, language).format(rows=group["channel_rows"])
    return {
        "kind": label("kind", row["kind"], language),
        "amount": money(row["amount_minor"], currency),
        "net": money(row["net_minor"], currency),
        "fee": money(row.get("fee_minor"), currency),
        "state": label("state", row.get("state"), language),
        "source": row["source"],
        "since": plain(facts.get("since")),
        "due": plain(facts.get("due")),
        "interval": _interval_words(facts, language),
        "late": pick(_LATE, language) if late else "",
        "later": later,
        "explained": explained,
    }
