"""Refund breaks: what the merchant asked for, what the channel did, and what came back to whom.

A refund is known by its own number (`order_id` of its row) and names its original payment in
`original_ref` (an order number or a channel reference). Numbers are compared as they stand, so the
rows given are those of one numbering. Amounts of facts are positive.
"""

from __future__ import annotations

import polars as pl

from recon.core.codes import Code, Kind, Side, State
from recon.errors import UsageError
from recon.rules.breaks.facts import facts
from recon.rules.refunds.stages import ENDED, Stage, standing
from recon.rules.refunds.undone import MONEY, undone
from recon.rules.rule_file.refund_terms import RefundCheck, RefundPolicy, due_days

NEEDED = (
    "txn_id",
    "side",
    "kind",
    "state",
    "order_id",
    "channel_ref",
    "original_ref",
    "amount_minor",
    "currency",
    "clearing_date",
)
_OPTIONAL: dict[str, pl.DataType | type[pl.DataType]] = {
    "card": pl.String,
    "card_type": pl.String,
    "product": pl.String,
    "bank": pl.String,
    "route": pl.String,
    "reason": pl.String,
    "requested_minor": pl.Int64,
    "original_date": pl.Date,
    "occurred_at": pl.Datetime("us"),
    "tonight": pl.Boolean,  # told tonight: of several refunds the one told last is at fault
}
_ENDED = [State.FAILED.name, State.CLOSED.name, State.REVERSED.name]
_OTHER_ROUTES = {
    "other_account": "refunded to another account of the payer, the one that paid took nothing",
    "merchant_account": "refunded to the merchant's account, the payer got nothing from here",
    "third_party": "refunded through a third party's settlement",
    "manual": "refunded by a manual transfer",
}


def find(rows: pl.DataFrame, policy: RefundCheck) -> pl.DataFrame:
    """Return the refund breaks of merchant and channel rows, as `recon.rules.breaks.facts.FACTS`.

    Needs the columns of `NEEDED`, payments included; uses card, card_type, product, bank, route,
    reason, requested_minor, original_date and the stage times where they are there.
    """
    missing = [name for name in NEEDED if name not in rows.columns]
    if missing:
        raise UsageError(
            f"expected columns {', '.join(missing)}, found none of that name",
            where="refunds",
            fix="give the rows of `transactions`",
        )
    rows = _prepared(rows)
    refunds = _with_originals(rows)
    merchant = refunds.filter(pl.col("side") == Side.MERCHANT.name)
    channel = refunds.filter(pl.col("side") == Side.CHANNEL.name)
    done = channel.filter(pl.col("state") == State.SUCCESS.name)
    repeats = _repeats(done, merchant)
    single = done.join(repeats.select("txn_id"), on="txn_id", how="anti")
    return facts(
        repeats,
        _not_settled(merchant, channel, policy),
        _overdue(refunds, policy),
        _excess(single),
        _no_original(merchant, channel, policy.policy),
        _other_route(done, policy.policy),
        _other_amount(merchant, single, policy.policy),
        _withheld(refunds, policy.policy),
        _unbooked(merchant, single, policy),
    )


def refund_number() -> pl.Expr:
    """Return what a refund is known by on both sides."""
    return pl.coalesce("order_id", "channel_ref", pl.format("row {}", "txn_id"))


def _prepared(rows: pl.DataFrame) -> pl.DataFrame:
    """Return payments and refunds with text columns, positive amounts and every column present.

    Refunds that a row undoes are REVERSED. Of payments that a row undoes nothing can be refunded,
    unless the books still call them paid, which is a break of its own.
    """
    absent = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in _OPTIONAL.items()
        if name not in rows.columns
    ]
    rows = rows.with_columns(pl.col("side", "kind", "state").cast(pl.String), *absent)
    gone, void = undone(rows)
    return (
        rows.filter(pl.col("kind").is_in(MONEY))
        .with_columns(
            state=pl.when(gone).then(pl.lit(State.REVERSED.name)).otherwise("state"),
            amount=pl.when(void).then(0).otherwise(pl.col("amount_minor").abs()),
            number=refund_number(),
        )
        .sort("txn_id")
    )


def _with_originals(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the refunds with the sum, card and presence of the payment that each names."""
    originals = _originals(rows)
    other_side = pl.col("side").replace(
        {Side.MERCHANT.name: Side.CHANNEL.name, Side.CHANNEL.name: Side.MERCHANT.name}
    )
    there = originals.with_columns(other_side.alias("side"))
    found = rows.filter(pl.col("kind") == Kind.REFUND.name)
    for payments, suffix in ((originals, ""), (there, "_there")):
        found = found.join(
            payments,
            left_on=["side", "original_ref", "currency"],
            right_on=["side", "ref", "currency"],
            how="left",
            suffix=suffix,
        )
    told = ("original_minor", "original_card", "original_id")
    return (
        found.with_columns(pl.coalesce(name, f"{name}_there") for name in told)
        .drop(f"{name}_there" for name in told)
        .sort("txn_id")
    )


def _originals(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what the successful payments of each side, reference and currency come to.

    A payment has two references, its order's and the channel's. The card is null where several
    payments of one reference have different ones.
    """
    paid = rows.filter(
        (pl.col("kind") == Kind.PAYMENT.name)
        & pl.col("state").is_in([State.SUCCESS.name, State.REVERSED.name])
    )
    named = pl.concat(
        [
            paid.select("txn_id", "side", "amount", "card", "currency", ref=name)
            for name in ("order_id", "channel_ref")
        ]
    )
    return (
        named.drop_nulls("ref")
        .unique(["txn_id", "ref"], maintain_order=True)
        .sort("txn_id")
        .group_by("side", "ref", "currency", maintain_order=True)
        .agg(
            original_minor=pl.col("amount").cast(pl.Int128).sum().cast(pl.Int64),
            original_card=pl.when(pl.col("card").n_unique() == 1).then(pl.col("card").first()),
            original_id=pl.col("txn_id").min(),
        )
    )


def _repeats(done: pl.DataFrame, merchant: pl.DataFrame) -> pl.DataFrame:
    """Report refunds that the channel made more often than they were asked for.

    Either one number has several channel references, or an unasked refund of the same original has
    the amount of an asked one. The first stands; each further one is a fact of its own.
    """
    ranked = done.sort("occurred_at", "txn_id", nulls_last=True).with_columns(
        first=pl.col("txn_id").first().over("number"),
        first_ref=pl.col("channel_ref").first().over("number"),
        one=pl.col("amount").first().over("number"),
    )
    same_number = ranked.filter(
        (pl.col("txn_id") != pl.col("first")) & (pl.col("channel_ref") != pl.col("first_ref"))
    ).with_columns(cause=pl.lit("the same refund number was refunded again"))
    asked = merchant.select("number").unique()
    booked = (
        done.join(asked, on="number", how="semi")
        .select("original_ref", "amount", "currency", first="txn_id")
        .drop_nulls("original_ref")
        .unique(["original_ref", "amount", "currency"], keep="first", maintain_order=True)
    )
    other_number = (
        done.join(asked, on="number", how="anti")
        .join(booked, on=["original_ref", "amount", "currency"], how="inner")
        .with_columns(
            cause=pl.lit("the same amount of the same order was refunded under another number"),
            one=pl.col("amount"),
        )
    )
    both = pl.concat(
        [
            frame.select("txn_id", "first", "one", "amount", "cause")
            for frame in (same_number, other_number)
        ]
    ).unique("txn_id", keep="first", maintain_order=True)
    return both.select(
        "txn_id",
        code=pl.lit(int(Code.REFUND_DUPLICATE)),
        other_txn_ids=pl.concat_list("first"),
        expected_minor="one",
        actual_minor=pl.col("one") + pl.col("amount"),
        cause="cause",
    )


def _not_settled(
    merchant: pl.DataFrame, channel: pl.DataFrame, policy: RefundCheck
) -> pl.DataFrame:
    """Report refunds that the merchant shows as done and the channel does not, after the wait."""
    told = channel.group_by("number", maintain_order=True).agg(
        states=pl.col("state").unique().sort(), theirs=pl.col("txn_id")
    )
    waited = pl.col("clearing_date").dt.offset_by(f"{policy.policy.settle_days}d") < policy.as_of
    refused = pl.any_horizontal(pl.col("states").list.contains(state) for state in _ENDED)
    undone = pl.col("states").list.contains(State.REVERSED.name)
    succeeded = pl.col("states").list.contains(State.SUCCESS.name)
    return (
        merchant.filter(pl.col("state") == State.SUCCESS.name)
        .join(told, on="number", how="left")
        .filter(
            pl.when(pl.col("states").is_null())
            .then(waited)
            .otherwise(refused & ~succeeded)
            .fill_null(value=False)
        )
        .select(
            "txn_id",
            code=pl.lit(int(Code.REFUND_NOT_SETTLED)),
            other_txn_ids="theirs",
            expected_minor="amount",
            actual_minor=pl.lit(0),
            cause=pl.when(pl.col("states").is_null())
            .then(pl.lit("the channel has no row for it"))
            .when(undone)
            .then(pl.lit("the channel undid it"))
            .otherwise(pl.lit("the channel says it failed or was closed")),
        )
    )


def _overdue(refunds: pl.DataFrame, policy: RefundCheck) -> pl.DataFrame:
    """Report refunds that stand at an open stage for longer than their term, one fact a refund."""
    done = refunds.filter(
        (pl.col("side") == Side.CHANNEL.name) & (pl.col("state") == State.SUCCESS.name)
    )
    told = (pl.col("side") == Side.CHANNEL.name) | ~pl.col("number").is_in(done["number"].implode())
    waiting = standing(refunds.filter(told))
    pending = pl.col("state").is_in([State.PENDING.name, State.UNKNOWN.name])
    staged = pl.col("stage").is_not_null()
    ended = pl.col("stage").is_in([int(stage) for stage in ENDED])
    credited_told = "payer_credited_at" in refunds.columns
    unpaid = staged & ~ended & (pending | pl.lit(credited_told))
    open_ones = waiting.filter(~pl.col("state").is_in(_ENDED) & (unpaid | pending)).with_columns(
        began=pl.coalesce(pl.col("since").dt.date(), pl.col("clearing_date"))
    )
    open_ones = open_ones.filter(pl.col("began").is_not_null())
    early = pl.col("stage").is_in([int(Stage.REQUESTED), int(Stage.APPROVED)])
    due = due_days(open_ones, policy)
    return (
        open_ones.with_columns(arrival=due)
        .with_columns(
            due=pl.when(early.fill_null(value=False))
            .then(pl.col("began").dt.offset_by(f"{policy.policy.review_days}d"))
            .otherwise(pl.col("arrival")),
            place=pl.col("stage").replace_strict(
                {int(stage): stage.name.lower() for stage in Stage},
                default="pending",
                return_dtype=pl.String,
            ),
        )
        .filter(pl.col("due") < policy.as_of)
        .sort("side", "txn_id")  # the channel's row first
        .unique("number", keep="first", maintain_order=True)
        .select(
            "txn_id",
            code=pl.lit(int(Code.REFUND_OVERDUE)),
            expected_minor="amount",
            actual_minor=pl.lit(0),
            cause=pl.format("{} since {}, due by {}", "place", "began", "due"),
        )
    )


def _excess(single: pl.DataFrame) -> pl.DataFrame:
    """Report originals whose refunds, repeats left out, add up to more than was paid."""
    return (
        single.filter(pl.col("original_minor").is_not_null())
        .unique(
            ["number", "channel_ref"], keep="first", maintain_order=True
        )  # re-sent rows count once
        .sort(pl.col("tonight").fill_null(value=False), "occurred_at", "txn_id", nulls_last=True)
        .group_by("original_id", maintain_order=True)
        .agg(
            pl.col("txn_id"),
            pl.col("original_minor").max(),
            refunded=pl.col("amount").cast(pl.Int128).sum().cast(pl.Int64),
        )
        .filter(pl.col("refunded") > pl.col("original_minor"))
        .select(
            pl.col("txn_id").list.last(),
            code=pl.lit(int(Code.REFUND_EXCESS)),
            other_txn_ids=pl.col("txn_id").list.head(pl.col("txn_id").list.len() - 1),
            expected_minor="original_minor",
            actual_minor="refunded",
            cause=pl.when(pl.col("original_minor") == 0)
            .then(pl.lit("the payment was undone as well"))
            .otherwise(pl.format("{} refunds of one payment", pl.col("txn_id").list.len())),
        )
    )


def _no_original(
    merchant: pl.DataFrame, channel: pl.DataFrame, policy: RefundPolicy
) -> pl.DataFrame:
    """Report refunds whose payment is not known; one fact a refund, the channel's row first.

    With a history that begins on a day, only refunds of payments since then are judged.
    """
    known = pl.lit(value=True)
    if policy.history_from is not None:
        known = (pl.col("original_date") >= policy.history_from).fill_null(value=False)
    orphans = pl.concat([channel, merchant]).filter(
        pl.col("original_ref").is_not_null()
        & pl.col("original_minor").is_null()
        & (pl.col("state") == State.SUCCESS.name)
        & known
    )
    return orphans.unique("number", keep="first", maintain_order=True).select(
        "txn_id",
        code=pl.lit(int(Code.REFUND_NO_ORIGINAL)),
        expected_minor=pl.lit(0),
        actual_minor="amount",
        cause=pl.format("no payment {} is known", "original_ref"),
    )


def _other_route(done: pl.DataFrame, policy: RefundPolicy) -> pl.DataFrame:
    """Report refunds that went to another card, or by a route that is not allowed."""
    card = pl.col("card") != pl.col("original_card")
    route = pl.col("route").is_not_null() & ~pl.col("route").is_in(policy.routes_allowed)
    words = pl.col("route").replace_strict(
        _OTHER_ROUTES, default="refunded by another route", return_dtype=pl.String
    )
    return done.filter(card.fill_null(value=False) | route).select(
        "txn_id",
        code=pl.lit(int(Code.REFUND_ROUTE)),
        expected_minor="amount",
        actual_minor="amount",
        cause=pl.when(route)
        .then(words)
        .otherwise(pl.format("paid with {}, refunded to {}", "original_card", "card")),
    )


def _other_amount(
    merchant: pl.DataFrame, single: pl.DataFrame, policy: RefundPolicy
) -> pl.DataFrame:
    """Report refunds whose amount differs between the merchant and the channel."""
    ours = merchant.filter(pl.col("state") == State.SUCCESS.name).select(
        "number", "currency", asked="amount", ours="txn_id"
    )
    return (
        single.join(ours, on=["number", "currency"], how="inner")
        .filter((pl.col("amount") - pl.col("asked")).abs() > policy.tolerance_minor)
        .select(
            "txn_id",
            code=pl.lit(int(Code.REFUND_AMOUNT)),
            other_txn_ids=pl.concat_list("ours"),
            expected_minor="asked",
            actual_minor="amount",
            cause=pl.when(pl.col("amount") < pl.col("asked"))
            .then(pl.lit("the channel refunded less than the merchant asked"))
            .otherwise(pl.lit("the channel refunded more than the merchant asked")),
        )
    )


def _withheld(refunds: pl.DataFrame, policy: RefundPolicy) -> pl.DataFrame:
    """Report refunds of less than was requested, without a recorded reason."""
    less = pl.col("requested_minor").abs() - pl.col("amount") > policy.tolerance_minor
    silent = pl.col("reason").fill_null("").str.strip_chars() == ""
    return (
        refunds.filter(less.fill_null(value=False) & silent & ~pl.col("state").is_in(_ENDED))
        .unique("number", keep="first", maintain_order=True)
        .select(
            "txn_id",
            code=pl.lit(int(Code.REFUND_WITHHELD)),
            expected_minor=pl.col("requested_minor").abs(),
            actual_minor="amount",
            cause=pl.lit("less was refunded than requested, no reason is recorded"),
        )
    )


def _unbooked(merchant: pl.DataFrame, single: pl.DataFrame, policy: RefundCheck) -> pl.DataFrame:
    """Report refunds that the channel made and the merchant does not show as asked for."""
    ours = merchant.group_by("number", maintain_order=True).agg(
        states=pl.col("state").unique().sort(), ours=pl.col("txn_id")
    )
    waited = pl.col("clearing_date").dt.offset_by(f"{policy.policy.settle_days}d") < policy.as_of
    succeeded = pl.col("states").list.contains(State.SUCCESS.name)
    open_ours = pl.col("states").list.contains(State.PENDING.name)
    open_ours |= pl.col("states").list.contains(State.UNKNOWN.name)
    return (
        single.join(ours, on="number", how="left")
        .filter(
            pl.when(pl.col("states").is_null())
            .then(pl.lit(value=True))
            .when(open_ours)
            .then(waited & ~succeeded)
            .otherwise(~succeeded)
            .fill_null(value=False)
        )
        .select(
            "txn_id",
            code=pl.lit(int(Code.REFUND_UNBOOKED)),
            other_txn_ids="ours",
            expected_minor=pl.lit(0),
            actual_minor="amount",
            cause=pl.when(pl.col("states").is_null())
            .then(pl.lit("the merchant has no request for it"))
            .otherwise(
                pl.format(
                    "the merchant shows it as {}", pl.col("states").list.first().str.to_lowercase()
                )
            ),
        )
    )
