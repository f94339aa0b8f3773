"""What a sample's nights found, as tables for people: no run ids, no absolute paths, one order."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from recon.core.schema import RECORD_LIMIT
from recon.store.read import read_table, scan
from recon.store.workspace import Workspace

ROWS_SHOWN = 4  # pointers listed for one break; batches have hundreds
LONG = 500  # open items above this are counted instead of listed
_DISPUTE = (
    *("night", "code", "status", "amount_minor", "expected_minor", "actual_minor", "currency"),
    *("out_of_pocket", "order_id", "channel_ref", "bank_ref", "first_seen", "evidence"),
)
_BREAK = (
    *("night", "code", "status", "leg", "expected_minor", "actual_minor", "currency", "due_date"),
    *("source", "rows"),
)
_REJECT = ("night", "path", "record_no", "reasons")
_INPUT = ("night", "source", "path", "rows", "rejected", "state")
_ITEM = (
    *("night", "leg", "side", "waiting_for", "wait_until", "break_code", "first_seen"),
    *("order_id", "channel_ref", "bank_ref", "amount_minor", "net_minor"),
)
_COUNTED = ("night", "leg", "side", "waiting_for", "wait_until", "break_code")


def golden_tables(workspace: Path) -> dict[str, pl.DataFrame]:
    """Return the expected tables of every published night, by file name."""
    runs = Workspace(workspace).newest_by_date()

    def all_nights(name: str) -> pl.DataFrame:
        return pl.concat(
            read_table(run.folder, name).with_columns(night=pl.lit(day))
            for day, run in sorted(runs.items())
        )

    inputs = all_nights("inputs")
    places = _places(runs.values(), inputs)
    disputes = all_nights("disputes").with_columns(
        pl.col("evidence").list.eval(pl.element().struct["txn_id"]).alias("ids")
    )
    breaks = all_nights("breaks").with_columns(ids=pl.col("txn_ids"))
    rejects = all_nights("rejects").join(
        inputs.select("file_id", "path").drop_nulls().unique("file_id"), on="file_id", how="left"
    )
    rejects = rejects.with_columns(pl.col("reasons").list.join(" | "))
    return {
        "disputes.csv": _sorted(_pointed(disputes, places, "evidence"), _DISPUTE),
        "breaks.csv": _sorted(_pointed(breaks, places, "rows"), _BREAK),
        "rejects.csv": _sorted(rejects, _REJECT),
        "inputs.csv": _sorted(inputs, _INPUT),
        "open_items.csv": _open_items(all_nights("open_items")),
    }


def _places(runs: object, inputs: pl.DataFrame) -> pl.DataFrame:
    """Return where each row of every night stands: side:source:file:record."""
    paths = inputs.select("file_id", "path").drop_nulls().unique("file_id")
    rows = pl.concat(
        scan(run.folder, "transactions").select("txn_id", "side", "source", "file_id").collect()
        for run in runs  # type: ignore[attr-defined]  # the runs of a workspace
    )
    name = pl.col("path").str.strip_prefix("inbox/")
    record = pl.col("txn_id") % RECORD_LIMIT
    return (
        rows.unique("txn_id")
        .join(paths, on="file_id")
        .select("txn_id", place=pl.format("{}:{}:{}:{}", "side", "source", name, record))
    )


def _pointed(frame: pl.DataFrame, places: pl.DataFrame, name: str) -> pl.DataFrame:
    """Replace lists of row identities by where the first of them stand."""
    numbered = frame.with_row_index("at")
    shown = (
        numbered.select("at", pl.col("ids").list.head(ROWS_SHOWN))
        .explode("ids")
        .join(places, left_on="ids", right_on="txn_id", how="left", maintain_order="left")
        .group_by("at", maintain_order=True)
        .agg(pl.col("place").drop_nulls().str.join(" "))
    )
    more = pl.col("ids").list.len().cast(pl.Int64) - ROWS_SHOWN
    suffix = pl.when(more > 0).then(pl.format(" +{}", more)).otherwise(pl.lit(""))
    return numbered.join(shown, on="at", how="left").with_columns(
        pl.concat_str("place", suffix).alias(name)
    )


def _sorted(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    texts = frame.select(pl.col(name).cast(pl.String) for name in columns)
    return texts.sort(pl.all(), nulls_last=False)


def _open_items(items: pl.DataFrame) -> pl.DataFrame:
    """Return the open items; a long list is counted and summed."""
    if items.height <= LONG:
        return _sorted(items, _ITEM)
    counted = items.group_by(_COUNTED).agg(
        pl.len().alias("rows"),
        pl.col("amount_minor").cast(pl.Int128).sum(),
        pl.col("net_minor").cast(pl.Int128).sum(),
    )
    return _sorted(counted, (*_COUNTED, "rows", "amount_minor", "net_minor"))
