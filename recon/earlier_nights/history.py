"""What tonight needs from earlier nights, and what it writes down about itself."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from recon import __version__
from recon.core.codes import (
    BENIGN,
    Code,
    Decision,
    DisputeStatus,
    InputState,
    Kind,
    Outcome,
    Side,
    State,
)
from recon.core.plan import InputFile
from recon.core.schema import (
    BREAKS,
    OPEN_ITEMS,
    OWN_REFERENCES,
    PAYOUTS,
    RUNS,
    TRANSACTIONS,
    conform,
)
from recon.errors import InputError
from recon.io.loading.another_night import EarlierNight, own_day
from recon.io.loading.drift import columns_from_json
from recon.io.reading.contract import Columns
from recon.io.staging.stage import discard_unfinished, stage
from recon.rules.intake.arrivals import Arrivals
from recon.rules.night import Ledger, Night
from recon.rules.rule_file.rule_file import RuleFile, Rules
from recon.rules.undone.netting import NETTING
from recon.store.read import read_table, scan
from recon.store.workspace import Run, Workspace

_COPIES = 2  # inputs that are copied and hashed at once
SEEN_DAYS = 31  # how far back the same bytes are recognised as delivered before
_BATCH_DAYS = 31  # the nights over which one batch may be spread
_PAYOUT_DAYS = 92  # a quarter of payouts tells how long a channel takes
_REFUND_DAYS = 400  # a payment may be refunded for about a year
UNDO_DAYS = 31  # a reversal or void comes within days; nothing older is searched
ORIGINAL_DAYS = 31  # how long after its refund a payment may be told
CHANNEL_REFERENCES = ("channel_ref", "rrn")  # by which the books may know what the channel did
ACCEPTED = (InputState.ACCEPTED.name, InputState.UNVERIFIED.name)


def input_digests(arrived: Arrivals, staging: Path, business_date: date) -> list[tuple[str, str]]:
    """Stage every input, some at a time, and return (source, SHA-256) in their order.

    What a killed run had begun to copy goes first: call while holding the lock.

    A refused file is named by its problem, an absent one by its path.
    """
    discard_unfinished(staging)
    absent = [(row["source"], row["path"]) for row in arrived.absent.to_dicts()]
    with ThreadPoolExecutor(_COPIES) as pool:
        staged = pool.map(lambda file: _staged(file, staging, business_date), arrived.files)
        return absent + list(staged)


def _staged(file: InputFile, staging: Path, business_date: date) -> tuple[str, str]:
    try:
        return file.source, stage(file.path, staging, business_date).sha256
    except InputError as error:
        return file.source, f"{file.declared_path}: {error.problem}"


def decision_digests(decided: pl.DataFrame) -> list[tuple[str, str]]:
    """Return (dispute, decision) pairs: a decision is an input of the night like any file."""
    pairs = decided.select("dispute_id", pl.format("{}|{}", "decision", "source_sha256"))
    return [(str(dispute), str(decision)) for dispute, decision in pairs.iter_rows()]


def open_items(previous: Run | None) -> pl.DataFrame:
    """Return what the night before carried out (table OPEN_ITEMS)."""
    if previous is None:
        return OPEN_ITEMS.empty()
    return conform(read_table(previous.folder, "open_items"), OPEN_ITEMS)


def earlier(workspace: Workspace, business_date: date, within_days: int) -> list[Run]:
    """Return the runs of the nights before, not further back than so many days."""
    since = business_date - timedelta(days=within_days)
    return [run for day, run in workspace.newest_by_date().items() if since <= day < business_date]


def rejected_breaks(decided: pl.DataFrame) -> frozenset[str]:
    """Return the breaks whose dispute a person rejected (table DECISIONS, one row a dispute)."""
    no = decided.filter(pl.col("decision").cast(pl.String) == Decision.REJECTED.name)
    return frozenset(f"B{dispute[1:]}" for dispute in no["dispute_id"].to_list())


def told_breaks(previous: Run | None) -> pl.DataFrame:
    """Return the breaks that were true on the night before (table BREAKS), benign ones left out."""
    if previous is None:
        return BREAKS.empty()
    benign = pl.col("code").cast(pl.String).is_in([code.name for code in BENIGN])
    resolved = pl.col("status").cast(pl.String) == DisputeStatus.RESOLVED.name
    return read_table(previous.folder, "breaks").filter(~benign & ~resolved)


def loaded_before(workspace: Workspace, business_date: date) -> dict[str, dict[str, str]]:
    """Return source -> SHA-256 -> night on which those bytes were loaded.

    A file of no rows is none of them: two empty days look alike.
    """
    seen: dict[str, dict[str, str]] = {}
    for run in earlier(workspace, business_date, SEEN_DAYS):
        for row in _loaded(run).to_dicts():
            seen.setdefault(row["source"], {})[row["sha256"]] = f"the night of {run.business_date}"
    return seen


def delivered_as(
    workspace: Workspace, business_date: date, inputs: pl.DataFrame
) -> dict[tuple[str, str], set[str]]:
    """Return (source, SHA-256) -> the names under which earlier nights loaded those bytes.

    Nothing is looked up where none of tonight's `inputs` (table INPUTS) came before.
    """
    names: dict[tuple[str, str], set[str]] = {}
    if InputState.DUPLICATE.name not in inputs["state"].cast(pl.String):
        return names
    for run in earlier(workspace, business_date, SEEN_DAYS):
        for source, sha256, path in _loaded(run).select("source", "sha256", "path").rows():
            names.setdefault((source, sha256), set()).add(path)
    return names


def _loaded(run: Run) -> pl.DataFrame:
    """Return the inputs of a night that were read and had rows, right or refused."""
    inputs = read_table(run.folder, "inputs")
    accepted = pl.col("state").cast(pl.String).is_in(ACCEPTED)
    return inputs.filter(accepted & (pl.col("rows") + pl.col("rejected") > 0))


def earlier_columns(workspace: Workspace, business_date: date) -> dict[str, list[Columns]]:
    """Return source -> the different columns that its loaded files of earlier nights had."""
    found: dict[str, dict[Columns, None]] = {}
    for run in earlier(workspace, business_date, SEEN_DAYS):
        inputs = read_table(run.folder, "inputs")
        loaded = inputs.filter(pl.col("state").cast(pl.String).is_in(ACCEPTED))
        for source, text in loaded.select("source", "columns").rows():
            if text:
                found.setdefault(source, {})[columns_from_json(text)] = None
    return {source: list(columns) for source, columns in found.items()}


def earlier_rows(
    workspace: Workspace, rules: Rules, business_date: date, source: str, oldest: date
) -> Iterator[EarlierNight]:
    """Yield what a source told on the nights since a day, the last one first."""
    zone = next(item.time_zone for item in rules.sources if item.name == source)
    asked = pl.col("fingerprint"), own_day(zone or rules.time_zone)
    since = max(1, min(SEEN_DAYS, (business_date - oldest).days + 1))
    for run in reversed(earlier(workspace, business_date, since)):
        paths = _loaded(run).filter(pl.col("source") == source)["path"]
        if len(paths):
            rows = scan(run.folder, "transactions").filter(pl.col("source") == source)
            yield EarlierNight(run.business_date, frozenset(paths), rows.select(asked).collect())


def rows_about(
    workspace: Workspace,
    references: Sequence[str],
    business_date: date,
    *,
    within_days: int = _REFUND_DAYS,
) -> pl.DataFrame:
    """Return the rows of earlier nights that name one of the references (TRANSACTIONS)."""
    wanted = pl.Series(references, dtype=pl.String).implode()
    named = pl.any_horizontal(
        pl.col(name).is_in(wanted) for name in (*OWN_REFERENCES, "original_ref")
    )
    runs = earlier(workspace, business_date, within_days) if references else []
    frames = [scan(run.folder, "transactions").filter(named).collect() for run in runs]
    return pl.concat([TRANSACTIONS.empty(), *(conform(one, TRANSACTIONS) for one in frames)])


def orders_of(
    workspace: Workspace, references: Sequence[str], business_date: date, *, within_days: int
) -> pl.DataFrame:
    """Return the merchant's orders of earlier nights in which a channel's reference stands.

    Columns reference and order_id; a reference of several orders names none.
    """
    wanted = pl.Series(references, dtype=pl.String).implode()
    merchant = pl.col("side").cast(pl.String) == Side.MERCHANT.name
    named = merchant & pl.any_horizontal(pl.col(name).is_in(wanted) for name in CHANNEL_REFERENCES)
    columns = ["order_id", *CHANNEL_REFERENCES]
    rows = [
        scan(run.folder, "transactions").filter(named).select(columns).collect()
        for run in (earlier(workspace, business_date, within_days) if references else [])
    ]
    return by_reference(rows).filter(pl.col("reference").is_in(wanted))


def by_reference(rows: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the order in which each channel's reference stands: columns reference and order_id.

    A reference of several orders names none.
    """
    found = [pl.DataFrame(schema={"reference": pl.String, "order_id": pl.String})]
    for name in CHANNEL_REFERENCES:
        found += [frame.select(pl.col(name).alias("reference"), "order_id") for frame in rows]
    known = pl.concat(found).drop_nulls().unique()
    return known.filter(~pl.col("reference").is_duplicated())


def told_under(
    workspace: Workspace, business_date: date, codes: Sequence[Code]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what earlier nights told under some codes of contracts, and is not over.

    The breaks (BREAKS) and the rows at fault (TRANSACTIONS), which stand in the night that told.
    """
    mine = pl.col("code").cast(pl.String).is_in([code.name for code in codes])
    told, rows = [BREAKS.empty()], [TRANSACTIONS.empty()]
    for run in earlier(workspace, business_date, ORIGINAL_DAYS):
        found = conform(scan(run.folder, "breaks").filter(mine).collect(), BREAKS)
        if found.height:
            named = pl.col("txn_id").is_in(found["txn_ids"].list.first().implode())
            rows.append(
                conform(scan(run.folder, "transactions").filter(named).collect(), TRANSACTIONS)
            )
            told.append(found)
    last = pl.concat(told).unique("break_id", keep="last", maintain_order=True)
    over = pl.col("status").cast(pl.String) == DisputeStatus.RESOLVED.name
    return last.filter(~over), pl.concat(rows).unique("txn_id", maintain_order=True)


def told_payouts(workspace: Workspace, business_date: date) -> pl.DataFrame:
    """Return the payouts as the nights of the last months told them (PAYOUTS), night by night."""
    runs = earlier(workspace, business_date, _PAYOUT_DAYS)
    return pl.concat(
        [PAYOUTS.empty().lazy(), *(scan(run.folder, "payouts") for run in runs)]
    ).collect()


def rows_of_months(
    workspace: Workspace, months: Sequence[date], paid_as: Sequence[str], business_date: date
) -> pl.DataFrame:
    """Return the channel rows of earlier nights in the months that begin on the given days.

    With them come the rows whose product says that they pay a rebate of such a month, which stand
    in the month after, and what was refunded or charged back since. Rows that came twice are left
    out; payments undone since are REVERSED.
    """
    if not months:
        return TRANSACTIONS.empty()
    since = (business_date - min(months)).days + 1
    month = pl.col("clearing_date").dt.month_start()
    pays = pl.col("product").is_in(paid_as) & month.dt.offset_by("-1mo").is_in(months)
    back = pl.col("kind").cast(pl.String).is_in([Kind.REFUND.name, Kind.CHARGEBACK.name])
    since_then = back & (month >= min(months))
    inside = (pl.col("side").cast(pl.String) == Side.CHANNEL.name) & (
        month.is_in(months) | pays | since_then
    )
    return _standing(earlier(workspace, business_date, since), inside)


def rows_of_batches_over(
    workspace: Workspace, sources: Sequence[str], tonight: pl.DataFrame, business_date: date
) -> pl.DataFrame:
    """Return the rows of earlier nights whose batch had rows on the last night and has none now.

    A batch that is spread over nights is whole on the first night that brings nothing of it.
    `tonight` are the channel rows of this night, `sources` those whose batches are asked for.
    """
    runs = earlier(workspace, business_date, _BATCH_DAYS)
    if not runs:
        return TRANSACTIONS.empty()
    key = ["source", "batch_id"]
    named = pl.col("source").is_in(list(sources)) & pl.col("batch_id").is_not_null()
    last = scan(runs[-1].folder, "transactions").filter(named).select(key).unique().collect()
    over = last.join(tonight.select(key), on=key, how="anti")
    if over.height == 0:
        return TRANSACTIONS.empty()
    rows = _standing(runs, named & pl.col("batch_id").is_in(over["batch_id"].implode()))
    return rows.join(over, on=key, how="semi", maintain_order="left")


def _standing(runs: Sequence[Run], inside: pl.Expr) -> pl.DataFrame:
    """Return the rows of some nights that `inside` holds for, as they stand now (TRANSACTIONS).

    Rows that came twice are left out; payments undone since are REVERSED.
    """
    frames, undone = [TRANSACTIONS.empty()], []
    for run in runs:
        again = scan(run.folder, "outcomes").filter(_came_twice()).select("txn_id")
        mine = scan(run.folder, "transactions").filter(inside.fill_null(value=False))
        frames.append(conform(mine.join(again, on="txn_id", how="anti").collect(), TRANSACTIONS))
        undone.append(read_table(run.folder, "links").filter(leg=NETTING)["left_txn_id"])
    rows = pl.concat(frames).unique("txn_id", keep="last").sort("txn_id")
    gone = pl.concat([pl.Series("left_txn_id", [], pl.Int64), *undone])
    word = pl.lit(State.REVERSED.name, dtype=rows.schema["state"])
    state = pl.when(pl.col("txn_id").is_in(gone.implode())).then(word).otherwise("state")
    return rows.with_columns(state.alias("state"))


def _came_twice() -> pl.Expr:
    """Return which outcomes are of rows that repeat another one."""
    resent = pl.col("outcome").cast(pl.String) == Outcome.RESENT.name
    return (resent | (pl.col("reason") == "repeated record")).fill_null(value=False)


def opening_date(workspace: Workspace, rules: Rules, business_date: date) -> date:
    """Return the first night of the books: as declared, or else the first one ever run."""
    if rules.opening_date is not None:
        return rules.opening_date
    return min([business_date, *workspace.newest_by_date()])


def run_row(
    tables: Mapping[str, pl.DataFrame],
    links: int,
    ledger: Ledger,
    rule_file: RuleFile,
    night: Night,
    run_id: str,
    previous: Run | None,
    exit_code: int,
) -> pl.DataFrame:
    """Return the one row of the RUNS table."""
    opening = int(ledger.opening.sum())
    new = ledger.slim.height - opening
    closing = tables["open_items"]["txn_id"].n_unique()
    benign = [code.name for code in BENIGN]
    return conform(
        pl.DataFrame(
            {
                "run_id": [run_id],
                "name": [rule_file.rules.name],
                "business_date": [night.business_date],
                "previous_run_id": [previous.run_id if previous else None],
                "version": [__version__],
                "rules_sha256": [rule_file.sha256],
                "opening_rows": [opening],
                "new_rows": [new],
                "closed_rows": [opening + new - closing],
                "closing_rows": [closing],
                "rejected_rows": [tables["rejects"].height],
                "links": [links],
                "breaks": [
                    tables["breaks"].filter(~pl.col("code").cast(pl.String).is_in(benign)).height
                ],
                "disputes": [tables["disputes"].height],
                "exit_code": [exit_code],
            }
        ),
        RUNS,
    )


def manifest_facts(
    rule_file: RuleFile, inputs: pl.DataFrame, previous: Run | None
) -> dict[str, Any]:
    """Return what the manifest says beside its artefacts: rules, inputs, versions, ancestry."""
    return {
        "name": rule_file.rules.name,
        "rules_sha256": rule_file.sha256,
        "rules_file_sha256": hashlib.sha256(rule_file.path.read_bytes()).hexdigest(),
        "previous_run_id": previous.run_id if previous else None,
        "inputs": [
            {key: row[key] for key in ("source", "path", "sha256", "bytes", "rows", "state")}
            for row in inputs.to_dicts()
        ],
        "versions": {"recon": __version__, "python": platform.python_version()},
    }


def read_summary(folder: Path) -> dict[str, Any]:
    """Return the published summary of a run."""
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return summary


def exit_code(inputs: pl.DataFrame, not_run: Sequence[str]) -> int:
    """Return 4 when an input was refused or held, 3 when one is missing or a night was not run."""
    states = set(inputs["state"].cast(pl.String).to_list())
    if states & {InputState.HELD.name, InputState.REFUSED.name}:
        return 4
    return 3 if InputState.MISSING.name in states or not_run else 0
