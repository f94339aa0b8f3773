"""Where each row of two sides stands between them: linked, waiting, missing, undone, or left over.

The statements of `tie_out.py` count these places, and so do the flows of `flows.py`.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from recon.core.codes import Code, Side
from recon.report.pack import BENIGN_NAMES, Pack

NETTING = "netting"
_MOVES_NOTHING = ("RESENT", "NOT_NEEDED", "QUARANTINED")
_ORDER = {code.name: position for position, code in enumerate(Code)}


def legs_between(pack: Pack, left: Side, right: Side) -> list[str]:
    """Return the names of the legs that join two sides, as links and waiting rows show them."""
    side = pack.ledger.select("txn_id", pl.col("side").cast(pl.String))
    joined = (
        pack.tables["links"]
        .join(side, left_on="left_txn_id", right_on="txn_id")
        .join(side, left_on="right_txn_id", right_on="txn_id", suffix="_right")
        .select("leg", pl.col("side").alias("one"), pl.col("side_right").alias("two"))
        .unique()
    )
    waiting = pl.concat([pack.opening, pack.tables["open_items"]]).select(
        "leg", pl.col("side").cast(pl.String).alias("one"),
        pl.col("waiting_for").cast(pl.String).alias("two"),
    )  # fmt: skip
    both = pl.concat([joined, waiting.unique()]).filter(pl.col("leg") != NETTING)
    names = [left.name, right.name]
    inside = pl.col("one").is_in(names) & pl.col("two").is_in(names)
    return sorted(both.filter(inside & (pl.col("one") != pl.col("two")))["leg"].unique().to_list())


def rows_of_pair(pack: Pack, left: Side, right: Side, legs: list[str]) -> pl.DataFrame:
    """Return the rows of two sides that take part on their legs, each with its place there.

    A carried row takes part on the legs on which it waited. Columns: txn_id, side, currency,
    amount (what this pair compares), place, code; `later`: it waits on one of these legs, so that
    a pair it is linked in is judged on a later night; `to_move`: what it waits to move, signed as
    `amount` (a refund that is on its way).
    """
    netted = pack.tables["links"].filter(pl.col("leg") == NETTING)
    amount = _amount(right, netted["left_txn_id"].unique().implode())
    own_news = pl.col("txn_id").is_in(_waiting_for_own_side(pack).implode())
    return (
        _ledger_of_pair(pack, left, right, legs)
        .join(_waiting_codes(pack, legs), on="txn_id", how="left")
        .join(_break_codes(pack, legs), on="txn_id", how="left")
        .select(
            "txn_id",
            "side",
            "source",
            "currency",
            amount=amount,
            place=_place(pack, right, legs),
            code=pl.coalesce("waiting_code", "break_code"),
            later=pl.col("waits").fill_null(value=False) & pl.col("waiting_code").is_null(),
            to_move=pl.when(own_news).then(_amount(right) - amount).otherwise(0),
        )
    )


def _ledger_of_pair(pack: Pack, left: Side, right: Side, legs: list[str]) -> pl.DataFrame:
    """Return the new rows of two sides, and the carried ones that waited on these legs."""
    carried = pack.opening.filter(pl.col("leg").is_in(legs))["txn_id"].unique().implode()
    ledger = pack.ledger.with_columns(pl.col("side", "kind", "state", "outcome").cast(pl.String))
    takes_part = ~pl.col("opening") | pl.col("txn_id").is_in(carried)
    return ledger.filter(pl.col("side").is_in([left.name, right.name]) & takes_part)


def _place(pack: Pack, right: Side, legs: list[str]) -> pl.Expr:
    """Return where each row stands in the statement of its pair; the first that fits counts."""
    links = pack.tables["links"]
    linked = _ends(links.filter(pl.col("leg").is_in(legs)))
    undone = (
        pl.col("txn_id").is_in(_ends(links.filter(pl.col("leg") == NETTING)))
        | (pl.col("opening") & (pl.col("state") == "REVERSED"))  # undone on an earlier night
        | _made_good(_ends(links))
        | pl.col("txn_id").is_in(_told_netted(pack, legs).implode())
    )
    waits, told = pl.col("waits"), pl.col("waiting_code").is_not_null()
    return (
        pl.when(pl.col("txn_id").is_in(linked))
        .then(pl.lit("linked"))
        .when(pl.col("outcome").is_in(_MOVES_NOTHING))
        .then(pl.lit("not_needed"))
        .when(waits & ~told)
        .then(pl.lit("waiting"))
        .when(told | pl.col("break_code").is_not_null())
        .then(pl.lit("missing"))
        .when(undone)
        .then(pl.lit("netted"))
        .when(_before_books(right, pack.first_night))
        .then(pl.lit("before_books"))
        .when(_not_of_this_pair(right))
        .then(pl.lit("other_kind"))
        .otherwise(pl.lit("residual"))
    )


def _ends(links: pl.DataFrame) -> pl.Series:
    """Return the rows on either side of the links."""
    return pl.concat([links["left_txn_id"], links["right_txn_id"]]).unique().implode()


def _made_good(ends: pl.Series) -> pl.Expr:
    """Return whether a credit met its money without a link: with others of a payout in pieces."""
    matched = (pl.col("side") == "BANK") & (pl.col("outcome") == "MATCHED")
    return matched & ~pl.col("txn_id").is_in(ends)


def _told_netted(pack: Pack, legs: list[str]) -> pl.Series:
    """Return the rows that a benign finding of these legs tells as undone."""
    return listed(pack, legs).filter(pl.col("code") == "NETTED")["txn_id"].unique()


def _before_books(right: Side, first_night: date) -> pl.Expr:
    """Return whether a new row belongs to days before the books opened: nobody can judge it.

    What the bank should show is dated by its due day, a sale by its own day (UTC), as loaded.
    """
    sold = pl.col("occurred_at").dt.date()
    day = pl.col("due_date") if right is Side.BANK else pl.min_horizontal(sold, "due_date")
    early = day < pl.lit(first_night)
    return early.fill_null(value=False) & ~pl.col("opening")


def _not_of_this_pair(right: Side) -> pl.Expr:
    if right is Side.BANK:
        return pl.col("kind").is_in(["PAYOUT", "FREEZE", "UNFREEZE", "OTHER", "RETRIEVAL"]) | (
            ~pl.col("state").is_in(["SUCCESS", "REVERSED"])
        )
    asked = (pl.col("outcome") == "CARRIED") & ~pl.col("state").is_in(["SUCCESS", "REVERSED"])
    return ~pl.col("kind").is_in(["PAYMENT", "REFUND"]) | asked  # it waits to be sent, elsewhere


def _amount(right: Side, undone: pl.Series | None = None) -> pl.Expr:
    """Return what a pair of sides compares: net at the bank, else money that really moved.

    Without `undone`: what it would be, had every row succeeded.
    """
    if right is Side.BANK:
        net = pl.coalesce("net_minor", "amount_minor")
        return pl.when(pl.col("side") == "BANK").then("amount_minor").otherwise(net).cast(pl.Int128)
    if undone is None:
        return pl.col("amount_minor").cast(pl.Int128)
    moved = (pl.col("state") == "SUCCESS") & ~pl.col("txn_id").is_in(undone)
    return pl.when(moved).then("amount_minor").otherwise(0).cast(pl.Int128)


def _waiting_codes(pack: Pack, legs: list[str]) -> pl.DataFrame:
    items = pack.tables["open_items"].filter(pl.col("leg").is_in(legs))
    return items.group_by("txn_id").agg(
        pl.col("break_code").cast(pl.String).drop_nulls().first().alias("waiting_code"),
        pl.lit(value=True).alias("waits"),
    )


def _waiting_for_own_side(pack: Pack) -> pl.Series:
    """Return the rows that wait for news of their own side, in time: pending refunds."""
    own = pl.col("waiting_for").cast(pl.String) == pl.col("side").cast(pl.String)
    return pack.tables["open_items"].filter(own & pl.col("break_code").is_null())["txn_id"].unique()


def _break_codes(pack: Pack, legs: list[str]) -> pl.DataFrame:
    """Return the first code, by precedence, of the breaks that name each row on these legs."""
    return (
        listed(pack, legs)
        .filter(~pl.col("code").is_in(BENIGN_NAMES))
        .sort("precedence")
        .group_by("txn_id", maintain_order=True)
        .agg(pl.col("code").first().alias("break_code"))
    )


def listed(pack: Pack, legs: list[str]) -> pl.DataFrame:
    """Return break by break and row by row what is listed on these legs tonight."""
    breaks = pack.tables["breaks"].filter(
        (pl.col("leg").is_in(legs) | (pl.col("leg").fill_null("") == ""))
        & (pl.col("status").cast(pl.String) != "RESOLVED")
    )
    return (
        breaks.select(pl.col("txn_ids").alias("txn_id"), pl.col("code").cast(pl.String), "leg")
        .explode("txn_id")
        .drop_nulls("txn_id")
        .with_columns(precedence=pl.col("code").replace_strict(_ORDER, return_dtype=pl.Int64))
    )
