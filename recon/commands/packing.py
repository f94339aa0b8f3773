"""Read a published night into the pack that reports are made from."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from recon.commands.catalogue_words import code_words
from recon.commands.explain import published_language
from recon.core.codes import Kind
from recon.core.schema import BALANCES
from recon.report.pack import Pack, days_to_settle, ledger_of, match_days, stacked
from recon.report.root_causes import seen_values
from recon.report.trace.refund_times import refund_times, stage_times
from recon.rules.words.causes import in_chinese
from recon.store.lookup import Lookup, history, previous_open_items
from recon.store.read import read_table, scan
from recon.store.workspace import Run, Workspace

TREND_NIGHTS = 14
Trend = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


def read_pack(
    workspace: Workspace, run: Run, language: str | None = None, nights: int = TREND_NIGHTS
) -> Pack:
    """Return everything the documents need of one night, and the trend of the nights before."""
    names = (
        "inputs", "rejects", "links", "groups", "outcomes", "breaks", "disputes", "open_items",
        "runs",
    )  # fmt: skip
    tables = {name: read_table(run.folder, name) for name in names}
    told = (run.folder / "balances.parquet").exists()  # nights of before have none
    tables["balances"] = read_table(run.folder, "balances") if told else BALANCES.empty()
    opening = previous_open_items(workspace, run)
    transactions = scan(run.folder, "transactions")
    ledger = ledger_of(transactions, opening, tables["outcomes"])
    inputs = Lookup.in_force(workspace, run).fetch("inputs", pl.col("file_id").is_not_null())
    trend = [_trend(workspace, item) for item in history(workspace, run, nights)[:-1]]
    trend.append(_night(ledger, tables["links"], tables["breaks"], run))
    return Pack(
        tables=tables,
        ledger=ledger,
        rows=_named_rows(workspace, run, tables, opening, inputs),
        opening=opening,
        days=stacked([item[0] for item in trend]),
        settled=stacked([item[1] for item in trend]),
        stages=_refund_stages(workspace, run, nights),
        seen=stacked([item[2] for item in trend]),
        paths=dict(inputs.select("file_id", "path").iter_rows()),
        first_night=Lookup.in_force(workspace, run).runs[0].business_date,
        manifest=run.manifest,
        codes=code_words(),
        in_chinese=in_chinese,
        language=language or published_language(run.folder),
        folder=run.folder.relative_to(workspace.root).as_posix(),
    )


def _refund_stages(workspace: Workspace, run: Run, nights: int) -> pl.DataFrame:
    """Return how long the stages of the refunds of these nights lasted."""
    fetch = Lookup(tuple(history(workspace, run, nights))).fetch
    refunds = fetch("transactions", pl.col("kind").cast(pl.String) == Kind.REFUND.name)
    return stage_times(refund_times(fetch, refunds))


def _named_rows(
    workspace: Workspace,
    run: Run,
    tables: Mapping[str, pl.DataFrame],
    opening: pl.DataFrame,
    inputs: pl.DataFrame,
) -> pl.DataFrame:
    """Return the rows that disputes and nearest candidates name, whole, sorted by txn_id.

    What is neither of tonight nor carried into it is read from the night whose file told it: an
    old case shows both its sides too.
    """
    evidence = tables["disputes"]["evidence"].explode().drop_nulls().struct.unnest()
    near = tables["breaks"]["nearest_txn_id"].drop_nulls()
    wanted = pl.concat([evidence["txn_id"], near]).unique()
    transactions = scan(run.folder, "transactions")
    carried = opening.select(transactions.collect_schema().names()).unique("txn_id")
    here = pl.concat([transactions, carried.lazy()])
    found = here.filter(pl.col("txn_id").is_in(wanted.implode())).collect()
    absent = evidence.filter(~pl.col("txn_id").is_in(found["txn_id"].implode()))
    nights = inputs.filter(pl.col("file_id").is_in(absent["file_id"].unique().implode()))["night"]
    told = Lookup.in_force(workspace, run).on(nights)
    if absent.height and told.runs:
        is_absent = pl.col("txn_id").is_in(absent["txn_id"].unique().implode())
        earlier = told.fetch("transactions", is_absent).drop("night")
        found = pl.concat([found, earlier.unique("txn_id")])
    return found.sort("txn_id")


def _trend(workspace: Workspace, run: Run) -> Trend:
    """Return what the trend keeps of an earlier night."""
    ledger = ledger_of(
        scan(run.folder, "transactions"),
        previous_open_items(workspace, run),
        read_table(run.folder, "outcomes"),
    )
    return _night(ledger, read_table(run.folder, "links"), read_table(run.folder, "breaks"), run)


def _night(ledger: pl.DataFrame, links: pl.DataFrame, breaks: pl.DataFrame, run: Run) -> Trend:
    """Return match rate, days to settle and new breaks by attribute of one night."""
    night = run.business_date
    return (
        match_days(ledger, night),
        days_to_settle(ledger, links, night),
        seen_values(breaks, ledger, night),
    )
