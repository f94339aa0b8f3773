"""Small nights made from the schema, for tests of the store: no files, no matcher."""

from __future__ import annotations

import hashlib
import shutil
import sys
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from recon.core import schema
from recon.store import certificate, lock, publish, read
from recon.store.workspace import Workspace

FIRST = date(2026, 3, 2)
ORDERS = 12


def file_identity(day: date, source: str, salt: str = "") -> str:
    """Return a made-up SHA-256 of a file."""
    return hashlib.sha256(f"{day}{source}{salt}".encode()).hexdigest()


def rows(
    day: date, source: str, orders: list[tuple[str, int | None]], salt: str = ""
) -> pl.DataFrame:
    """Return transactions of one file: an order number and an amount each."""
    sha256 = file_identity(day, source, salt)
    frame = pl.DataFrame(
        {
            "txn_id": [
                schema.txn_id(int(sha256, 16) % (1 << 35), number + 1)
                for number in range(len(orders))
            ],
            "order_id": [order for order, _ in orders],
            "amount_minor": [amount for _, amount in orders],
        },
        schema_overrides={"amount_minor": pl.Int64, "txn_id": pl.Int64, "order_id": pl.String},
    ).with_columns(
        side=pl.lit("MERCHANT" if source == "shop" else "CHANNEL"),
        source=pl.lit(source),
        file_id=pl.lit(sha256[:16]),
        record_no=pl.col("txn_id") & ((1 << 28) - 1),
        kind=pl.lit("PAYMENT"),
        state=pl.lit("SUCCESS"),
        fee_minor=pl.lit(6, dtype=pl.Int64),
        net_minor=pl.col("amount_minor") - 6,
        currency=pl.lit("CNY"),
        card=pl.lit("622202******0018"),
        memo=pl.lit("=1+1"),
    )
    return schema.conform(frame, schema.TRANSACTIONS)


def build(
    workspace: Workspace, day: date, *, salt: str = "", orders: int = ORDERS
) -> tuple[str, dict]:
    """Build a night in the work area; return its run id and the arguments of `publish`.

    The last two orders of the shop wait for the next night; what waited is closed tonight; order 0
    is paid one fen short.
    """
    previous = workspace.previous(day)
    opening = (
        read.read_table(previous.folder, "open_items") if previous else schema.OPEN_ITEMS.empty()
    )
    wanted = [(f"{day:%m%d}{number:04d}", 1000 + number) for number in range(orders)]
    shop = rows(day, "shop", wanted, salt)
    paid = [(order, amount - (order[-4:] == "0000")) for order, amount in wanted[:-2]]
    late = list(zip(opening["order_id"], opening["amount_minor"], strict=True))
    wallet = rows(day, "wallet", paid + late, salt)
    inputs = _inputs(day, {"shop": shop, "wallet": wallet}, salt)
    run_id = publish.run_id(
        day,
        inputs=list(zip(inputs["source"], inputs["sha256"], strict=True)),
        rules_sha256="0" * 64,
        version="test",
        previous_run_id=previous.run_id if previous else None,
    )
    parts = _write_parts(workspace.work_folder(run_id), {"shop": shop, "wallet": wallet})
    tables = _tables(day, run_id, shop, wallet, opening)
    tables["inputs"] = inputs
    proof = certificate.certify(
        parts=parts,
        ends=certificate.Ends.of(tables["outcomes"]),
        inputs=inputs,
        rejects=schema.REJECTS.empty(),
        opening=opening,
        closing=tables["open_items"],
    )
    extra = {"name": "fake", "previous_run_id": previous.run_id if previous else None}
    return run_id, {
        "tables": tables,
        "prepared": partial(publish.prepare, workspace, parts),
        "manifest_extra": extra,
        "certificate": proof,
        "summary": {"night": day.isoformat()},
    }


def publish_night(workspace: Workspace, day: date, *, salt: str = "", orders: int = ORDERS) -> Path:
    """Build and publish one night under the lock; a night that stands already is left alone."""
    with lock.hold(workspace):
        run_id, arguments = build(workspace, day, salt=salt, orders=orders)
        standing = workspace.find(run_id)
        if standing is not None:
            shutil.rmtree(workspace.work / run_id)
            return standing.folder
        return publish.publish(workspace, run_id, day, **arguments)


def publish_nights(workspace: Workspace, nights: int, *, orders: int = ORDERS) -> list[Path]:
    """Publish consecutive nights from the first."""
    days = [FIRST + timedelta(days=number) for number in range(nights)]
    return [publish_night(workspace, day, orders=orders) for day in days]


def _inputs(day: date, files: dict[str, pl.DataFrame], salt: str) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "source": list(files),
            "side": ["MERCHANT", "CHANNEL"],
            "format": ["delimited"] * 2,
            "path": [f"in/{source}-{day}.csv" for source in files],
            "sha256": [file_identity(day, source, salt) for source in files],
            "rows": [frame.height for frame in files.values()],
            "rejected": [0, 0],
            "state": ["ACCEPTED", "UNVERIFIED"],
        }
    ).with_columns(file_id=pl.col("sha256").str.slice(0, 16))
    return schema.conform(frame, schema.INPUTS)


def _write_parts(folder: Path, files: dict[str, pl.DataFrame]) -> list[Path]:
    parts = [folder / f"{source}.parquet" for source in files]
    for frame, path in zip(files.values(), parts, strict=True):
        publish.write_part(frame, path)
    return parts


def _tables(
    day: date, run_id: str, shop: pl.DataFrame, wallet: pl.DataFrame, opening: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    carried = schema.conform(opening, schema.TRANSACTIONS)
    merchant = pl.concat([shop, carried])
    pairs = merchant.join(wallet, on="order_id", suffix="_right")
    links = pairs.select(
        left_txn_id="txn_id",
        right_txn_id="txn_id_right",
        leg=pl.lit("merchant-channel"),
        **{"pass": pl.lit("order")},
        match_kind=pl.when(pl.col("amount_minor") == pl.col("amount_minor_right"))
        .then(pl.lit("EXACT"))
        .otherwise(pl.lit("KEY")),
    )
    everything = _outcomes(merchant, wallet, pairs, set(carried["txn_id"]))
    waiting = merchant.join(pairs, on="txn_id", how="anti")
    open_items = waiting.with_columns(
        leg=pl.lit("merchant-channel"), first_seen=pl.lit(day), age=pl.lit(0)
    )
    broken = everything.filter(pl.col("outcome") == "BREAK")
    breaks = _breaks(day, broken)
    disputes = breaks.select(
        "business_date", "code", "currency", "difference_minor",
        dispute_id="break_id", run_id=pl.lit(run_id), amount_minor=pl.lit(1),
    )  # fmt: skip
    runs = pl.DataFrame({"run_id": [run_id], "business_date": [day], "name": ["fake"]})
    raw = {
        "links": links,
        "groups": _groups(everything),
        "outcomes": everything,
        "breaks": breaks,
        "disputes": disputes,
        "open_items": open_items,
        "runs": runs,
    }
    tables = {table.name: table for table in schema.PUBLISHED}
    return {name: schema.conform(frame, tables[name]) for name, frame in raw.items()}


def _outcomes(
    merchant: pl.DataFrame, wallet: pl.DataFrame, pairs: pl.DataFrame, opening: set[int]
) -> pl.DataFrame:
    smaller = pl.min_horizontal("txn_id", "txn_id_right")
    broken = pl.col("amount_minor") != pl.col("amount_minor_right")
    linked = pairs.select("txn_id", "txn_id_right", smaller.alias("group_id"), broken.alias("bad"))
    ends = pl.concat(
        [
            linked.select("txn_id", "group_id", "bad"),
            linked.select(pl.col("txn_id_right").alias("txn_id"), "group_id", "bad"),
        ]
    )
    result = pl.concat([merchant, wallet]).join(ends, on="txn_id", how="left")
    return result.with_columns(
        group_id=pl.col("group_id").fill_null(pl.col("txn_id")),
        outcome=pl.when(pl.col("bad").is_null())
        .then(pl.lit("CARRIED"))
        .when("bad")
        .then(pl.lit("BREAK"))
        .otherwise(pl.lit("MATCHED")),
        opening=pl.col("txn_id").is_in(list(opening)),
        closing=pl.col("bad").is_null(),
    )


def _groups(everything: pl.DataFrame) -> pl.DataFrame:
    sides = {"merchant": "MERCHANT", "channel": "CHANNEL", "bank": "BANK"}
    counts = {f"{name}_rows": (pl.col("side") == side).sum() for name, side in sides.items()}
    sums = {
        f"{name}_minor": pl.col("amount_minor").filter(pl.col("side") == side).sum()
        for name, side in sides.items()
    }
    net = pl.col("net_minor").filter(pl.col("side") == "CHANNEL").sum()
    return everything.group_by("group_id").agg(
        pl.col("currency").first(), pl.col("outcome").first(),
        channel_net_minor=net, **counts, **sums,
    )  # fmt: skip


def _breaks(day: date, broken: pl.DataFrame) -> pl.DataFrame:
    return broken.group_by("group_id").agg(pl.col("txn_id").sort().alias("txn_ids")).select(
        "group_id",
        "txn_ids",
        break_id=pl.format("b{}", "group_id"),
        business_date=pl.lit(day),
        code=pl.lit("AMOUNT_MISMATCH"),
        currency=pl.lit("CNY"),
        difference_minor=pl.lit(-1),
    )  # fmt: skip


if __name__ == "__main__":
    root, nights, count = sys.argv[1:]
    publish_nights(Workspace(root), int(nights), orders=int(count))
