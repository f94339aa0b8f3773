"""The flow on one screen: files in, candidate disputes out. Nothing else calls the stages.

stage > load > enrich > join the night before > net > match > classify > breaks > disputes
      > open items > certificate > publish
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon import __version__, history
from recon.core.codes import InputState
from recon.core.groups import joined
from recon.core.match import match
from recon.io.load import Loaded, load
from recon.io.parts import read_columns, read_rows
from recon.report.summary import summarise
from recon.rules import arrivals, breaks, classify, disputes, duplicates, files, netting, terms
from recon.rules.calendar import Calendar, Overlay, read_overlay
from recon.rules.enrich import enrich
from recon.rules.nearest import add_nearest
from recon.rules.night import Ledger, Matched, Night, Verdict
from recon.rules.open_items import closing_items, join_ledger
from recon.rules.outcomes import group_table, link_table, outcome_table
from recon.rules.rule_file import RuleFile
from recon.rules.windows import business_days
from recon.source_options import load_keys, options_of
from recon.stopwatch import Stopwatch
from recon.store import certificate, lock, publish
from recon.store.workspace import Run, Workspace

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What a night came to."""

    run_id: str
    folder: Path
    exit_code: int
    repeated: bool  # the night was finished before; nothing was done
    summary: dict[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A night's tables before they are published."""

    tables: dict[str, pl.DataFrame]
    parts: tuple[Path, ...]
    exit_code: int


def run_night(
    rule_file: RuleFile,
    business_date: date,
    *,
    threads: int = 2,
    memory_bytes: int | None = None,
    on_progress: Progress = lambda _stage: None,
) -> Result:
    """Reconcile one business date and publish the run; a finished night is a no-op.

    Raises ReconError subclasses; whatever is raised, nothing half-made is published.
    """
    clock = Stopwatch(on_progress)
    workspace = Workspace(rule_file.workspace)
    with lock.hold(workspace):
        workspace.recover()
        calendar = calendar_of(rule_file)
        previous = workspace.previous(business_date)
        arrived = arrivals.expected(rule_file, business_date, calendar)
        clock.stage("stage")
        digests = history.input_digests(arrived.files, workspace.staging, business_date)
        run_id = publish.run_id(
            business_date,
            inputs=[*digests, *((row["source"], row["path"]) for row in arrived.absent.to_dicts())],
            rules_sha256=rule_file.sha256,
            version=__version__,
            previous_run_id=previous.run_id if previous else None,
        )
        finished = workspace.find(run_id)
        if finished is not None:
            return _no_op(finished)
        work = workspace.work_folder(run_id)
        night = Night(
            rule_file.rules,
            calendar,
            business_date,
            history.opening_date(workspace, rule_file.rules, business_date),
        )
        clock.stage("load")
        loaded = _load(rule_file, night, arrived, workspace, work, threads)
        done = reconcile(
            rule_file,
            night,
            loaded,
            arrived,
            workspace,
            previous,
            run_id,
            clock,
            threads=threads,
            memory_bytes=memory_bytes,
        )
        folder = _publish(workspace, rule_file, night, run_id, previous, done, clock)
        shutil.rmtree(work, ignore_errors=True)
    summary = history.read_summary(folder)
    return Result(
        run_id, folder, done.exit_code, repeated=False, summary=summary, seconds=clock.stop()
    )


def reconcile(
    rule_file: RuleFile,
    night: Night,
    loaded: Loaded,
    arrived: arrivals.Arrivals,
    workspace: Workspace,
    previous: Run | None,
    run_id: str,
    clock: Stopwatch,
    *,
    threads: int,
    memory_bytes: int | None,
) -> Reconciled:
    """Return every table of the night from the loaded rows and the state of the night before."""
    rules = rule_file.rules
    legs = tuple(leg.plan() for leg in rules.legs)
    inputs = pl.concat([loaded.inputs, arrived.absent]).sort("source", "path")
    still = history.outstanding(workspace, night.business_date)
    night = replace(night, blocked=files.blocked_sides(inputs, rules, still))
    opening = history.open_items(previous)
    clock.stage("join the night before")
    ledger = join_ledger(
        loaded.slim, loaded.digests, opening, [item.name for item in rules.sources], load_keys(legs)
    )
    ledger = _held_back(ledger, night, loaded.parts, opening)
    clock.stage("net")
    resent = history.delivered_before(workspace, ledger, rules, night.business_date)
    repeated = duplicates.repeated_records(ledger)
    ledger, netted, netting_verdict = netting.net(ledger, night)
    clock.stage("match")
    eligible = classify.eligible(ledger, legs, np.concatenate([resent, repeated]))
    matches = match(
        ledger.slim,
        ledger.digests,
        legs,
        eligible,
        threads=threads,
        memory_bytes=memory_bytes,
        business_days=business_days(legs, ledger.slim, night.calendar),
    )
    clock.stage("classify")
    group = joined(matches.group, netted["left"].to_numpy(), netted["right"].to_numpy())
    matched = Matched(ledger, eligible, replace(matches, group=group))
    before = [
        netting_verdict,
        duplicates.report_records(ledger, repeated),
        _terms(loaded.parts, ledger, night, np.concatenate([resent, repeated])),
    ]
    classified = classify.classify(matched, legs, night, before, resent, repeated)
    found, anchors = breaks.build(classified.findings, matched, opening, night)
    found = add_nearest(found, matched, legs)
    found = pl.concat([found, files.find(inputs, night)]).sort("break_id")
    clock.stage("disputes")
    waiting_ids = ledger.slim["txn_id"].gather(classified.waiting["row"]).to_numpy()
    looked_at = np.concatenate([disputes.dispute_rows(found), waiting_ids])
    wide = read_rows(loaded.parts, opening, looked_at)
    cases = disputes.build(found, wide, run_id, night)
    closing = closing_items(classified.waiting, wide, ledger, opening, anchors, night)
    exit_code = _exit_code(inputs)
    tables = {
        "inputs": inputs,
        "rejects": loaded.rejects,
        "links": link_table(matched, legs, netted),
        "groups": group_table(matched, classified.outcome),
        "outcomes": outcome_table(matched, classified, closing),
        "breaks": found,
        "disputes": cases,
        "open_items": closing,
    }
    run = history.run_row(tables, ledger, rule_file, night, run_id, previous, exit_code)
    return Reconciled({**tables, "runs": run}, loaded.parts, exit_code)


def _load(
    rule_file: RuleFile,
    night: Night,
    arrived: arrivals.Arrivals,
    workspace: Workspace,
    work: Path,
    threads: int,
) -> Loaded:
    """Load tonight's files; the rule file's own columns are added batch by batch."""
    rules = rule_file.rules
    sources = {source.name: source for source in rules.sources}
    legs = tuple(leg.plan() for leg in rules.legs)
    return load(
        arrived.files,
        {source.name: options_of(source, rules) for source in rules.sources},
        load_keys(legs),
        workdir=work,
        staging=workspace.staging,
        business_date=night.business_date,
        seen=history.loaded_before(workspace, night.business_date),
        finish=lambda frame, file: enrich(frame, sources[file.source], rules, night.calendar),
        threads=threads,
    )


def _terms(
    parts: Sequence[Path], ledger: Ledger, night: Night, excluded: NDArray[np.int64]
) -> Verdict:
    """Judge tonight's channel rows by the contracts of the rule file, where there are any."""
    if not night.rules.fee_contracts:
        return Verdict.of()
    channels = [item.name for item in night.rules.sources if item.side == "channel"]
    rows = read_columns(parts, channels, terms.columns_needed(night))
    left_out = ledger.slim["txn_id"].gather(excluded)
    return terms.find(rows.filter(~pl.col("txn_id").is_in(left_out.implode())), ledger, night)


def _held_back(
    ledger: Ledger, night: Night, parts: Sequence[Path], opening: pl.DataFrame
) -> Ledger:
    """Note which rows wait for a side whose file is missing: all, or those of the products."""
    held = {}
    for side, products in night.blocked.items():
        if products is None:
            held[int(side)] = np.ones(ledger.slim.height, bool)
        else:
            ids = ledger.slim["txn_id"].to_numpy()
            product = read_rows(parts, opening, ids)["product"]
            held[int(side)] = product.is_in(sorted(products)).fill_null(value=True).to_numpy()
    return replace(ledger, held_back=held)


def _publish(
    workspace: Workspace,
    rule_file: RuleFile,
    night: Night,
    run_id: str,
    previous: Run | None,
    done: Reconciled,
    clock: Stopwatch,
) -> Path:
    """Certify and publish the night; return its folder."""
    clock.stage("certify")
    proof = certificate.certify(
        parts=done.parts,
        outcomes=done.tables["outcomes"],
        inputs=done.tables["inputs"],
        rejects=done.tables["rejects"],
        opening=history.open_items(previous),
        closing=done.tables["open_items"],
    )
    clock.stage("publish")
    return publish.publish(
        workspace,
        run_id,
        night.business_date,
        tables=done.tables,
        parts=done.parts,
        manifest_extra=history.manifest_facts(rule_file, done.tables["inputs"], previous),
        certificate=proof,
        summary=summarise(done.tables, rule_file.rules.language),
    )


def calendar_of(rule_file: RuleFile) -> Calendar:
    """Return the rule file's calendar of working days."""
    declared = rule_file.rules.calendar
    overlay = read_overlay(rule_file.folder / declared.overlay) if declared.overlay else Overlay()
    return Calendar(declared.country, overlay, declared.authoritative_through)


def _no_op(run: Run) -> Result:
    """Return the result of a night that was finished before, from what it published."""
    summary = history.read_summary(run.folder)
    return Result(run.run_id, run.folder, summary["exit_code"], repeated=True, summary=summary)


def _exit_code(inputs: pl.DataFrame) -> int:
    """Return 4 when an input was refused or held, 3 when one is missing, else 0."""
    states = set(inputs["state"].cast(pl.String).to_list())
    if states & {InputState.HELD.name, InputState.REFUSED.name}:
        return 4
    return 3 if InputState.MISSING.name in states else 0
