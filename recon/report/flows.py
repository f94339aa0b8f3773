"""Where the money of a night went: gross to net by channel, opening to closing, and by outcome."""

from __future__ import annotations

import polars as pl

from recon.core.codes import Side
from recon.report.pack import Pack
from recon.report.places import legs_between, rows_of_pair


def channel_flows(pack: Pack) -> pl.DataFrame:
    """Return one row a channel source and currency: gross to net, and where the net is now.

    Columns: source, currency, rows, then 128-bit minor units gross, refunds, undone, chargebacks,
    adjustments, other, fees, net, settled, waiting, broken, idle; `net` is the sum of the first
    seven and of the last four.
    """
    legs = legs_between(pack, Side.CHANNEL, Side.BANK)
    rows = rows_of_pair(pack, Side.CHANNEL, Side.BANK, legs).select("txn_id", "place")
    channel = pack.ledger.filter(pl.col("side").cast(pl.String) == "CHANNEL").join(
        rows, on="txn_id", how="inner"
    )
    kind = pl.col("kind").cast(pl.String)
    amount = pl.col("amount_minor").cast(pl.Int128)
    net = pl.coalesce("net_minor", "amount_minor").cast(pl.Int128)
    amount = pl.when((kind == "REFUND") & (net == 0)).then(0).otherwise(amount)  # paid elsewhere
    named = {
        "gross": kind == "PAYMENT",
        "refunds": kind == "REFUND",
        "undone": kind.is_in(["REVERSAL", "VOID"]),
        "chargebacks": kind == "CHARGEBACK",
        "adjustments": kind.is_in(["ADJUSTMENT", "FREEZE", "UNFREEZE"]),
        "other": kind.is_in(["FEE", "PAYOUT", "CREDIT", "DEBIT", "OTHER", "RETRIEVAL"]),
    }
    places = {
        "settled": ("linked",),
        "waiting": ("waiting",),
        "broken": ("missing",),
        "idle": ("not_needed", "netted", "other_kind", "before_books", "residual"),
    }
    return (
        channel.group_by("source", "currency")
        .agg(
            pl.len().alias("rows"),
            *(amount.filter(test).sum().alias(name) for name, test in named.items()),
            (net - amount).sum().alias("fees"),
            net.sum().alias("net"),
            *(
                net.filter(pl.col("place").is_in(names)).sum().alias(name)
                for name, names in places.items()
            ),
        )
        .sort("source", "currency")
    )


def roll_forward(pack: Pack) -> pl.DataFrame:
    """Return one row a side, source and currency: opening + new - closed = closing, rows and money.

    Columns: side, source, currency, then opening, new, closed, closing, each as `_rows` and
    `_minor` (128-bit).
    """
    opening, closing = pl.col("opening"), pl.col("closing")
    amount = pl.col("amount_minor").cast(pl.Int128)
    tests = {"opening": opening, "new": ~opening, "closed": ~closing, "closing": closing}
    return (
        pack.ledger.group_by("side", "source", "currency")
        .agg(
            *(test.sum().cast(pl.Int64).alias(f"{name}_rows") for name, test in tests.items()),
            *(amount.filter(test).sum().alias(f"{name}_minor") for name, test in tests.items()),
        )
        .sort("side", "source", "currency")
    )


def conservation(pack: Pack) -> pl.DataFrame:
    """Return one row a side, source and currency: every row and every minor unit by its outcome."""
    outcomes = ("MATCHED", "BREAK", "CARRIED", "RESENT", "NOT_NEEDED", "QUARANTINED")
    amount = pl.col("amount_minor").cast(pl.Int128)
    of = {name: pl.col("outcome").cast(pl.String) == name for name in outcomes}
    return (
        pack.ledger.group_by("side", "source", "currency")
        .agg(
            pl.len().cast(pl.Int64).alias("rows"),
            amount.sum().alias("amount"),
            *(test.sum().cast(pl.Int64).alias(f"{name}_rows") for name, test in of.items()),
            *(amount.filter(test).sum().alias(f"{name}_minor") for name, test in of.items()),
        )
        .sort("side", "source", "currency")
    )
