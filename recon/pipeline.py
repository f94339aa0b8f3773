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

from recon import __version__, conversions, history, redelivered, surroundings, undoings
from recon.archive import Shelves
from recon.core.groups import joined
from recon.core.match import Matches, match
from recon.core.plan import Leg
from recon.core.text import TextBuffers
from recon.io.load import Loaded
from recon.io.texts import texts_for
from recon.memory import give_back
from recon.report.summary import summarise
from recon.rules import (
    arrivals,
    balances,
    breaks,
    classify,
    disputes,
    duplicates,
    events,
    exchange,
    files,
    netting,
    retrievals,
    terms,
)
from recon.rules.named_causes import name_causes
from recon.rules.nearest import add_nearest
from recon.rules.night import Ledger, Matched, Night, Verdict
from recon.rules.open_items import closing_items, join_ledger
from recon.rules.outcomes import group_table, link_table, outcome_table
from recon.rules.overrides import decisions_of
from recon.rules.rule_file import RuleFile
from recon.rules.searches import search_table
from recon.rules.windows import business_days
from recon.source_options import load_keys
from recon.stopwatch import Stopwatch
from recon.store import certificate, decisions, lock, publish
from recon.store.workspace import Run, Workspace
from recon.surroundings import calendar_of

__all__ = ["Result", "calendar_of", "reconcile", "run_night"]

Progress = Callable[[str], None]
Eligible = dict[str, NDArray[np.bool_]]


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
class Evening:
    """What one run stands on: the rules, the workspace, the night before, and how hard to work."""

    rule_file: RuleFile
    night: Night
    workspace: Workspace
    previous: Run | None
    run_id: str
    decided: pl.DataFrame  # what people decided before tonight (table DECISIONS)
    rates: conversions.Rates
    clock: Stopwatch
    threads: int
    memory_bytes: int | None

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Return the legs in the engine's words."""
        return tuple(leg.plan() for leg in self.rule_file.rules.legs)


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
        decided = decisions.in_force(workspace)
        digests = history.input_digests(arrived, workspace.staging, business_date)
        rates = conversions.rates_of(rule_file, business_date, workspace.staging, calendar)
        run_id = publish.run_id(
            business_date,
            inputs=[*digests, *rates.digests, *history.decision_digests(decided)],
            rules_sha256=rule_file.sha256,
            version=__version__,
            previous_run_id=previous.run_id if previous else None,
        )
        finished = workspace.find(run_id)
        if finished is not None:
            return _no_op(finished)
        opening_date = history.opening_date(workspace, rule_file.rules, business_date)
        night = Night(
            rule_file.rules, calendar, business_date, opening_date, exchanges=rates.agreed
        )
        evening = Evening(
            rule_file,
            night,
            workspace,
            previous,
            run_id,
            decided,
            rates,
            clock,
            threads,
            memory_bytes,
        )
        work = workspace.work_folder(run_id)
        clock.stage("load")
        done = reconcile(
            evening,  # the loaded rows have no name here: they go when the tables are made
            surroundings.load_files(rule_file, night, arrived, workspace, work, threads),
            arrived,
        )
        folder = _publish(evening, done)
        shutil.rmtree(work, ignore_errors=True)
    summary = history.read_summary(folder)
    return Result(
        run_id, folder, done.exit_code, repeated=False, summary=summary, seconds=clock.stop()
    )


def reconcile(evening: Evening, loaded: Loaded, arrived: arrivals.Arrivals) -> Reconciled:
    """Return every table of the night from the loaded rows and the state of the night before."""
    rules, legs, clock = evening.rule_file.rules, evening.legs, evening.clock
    inputs = pl.concat([loaded.inputs, arrived.absent]).sort("source", "path")
    lost = history.missing_days(evening.workspace, rules, evening.night.business_date, loaded.slim)
    night = replace(evening.night, blocked=files.blocked_sides(inputs, rules), missing_days=lost)
    opening = history.open_items(evening.previous)
    give_back()
    clock.stage("join the night before")
    names, keys = [item.name for item in rules.sources], load_keys(legs, rules)
    ledger = join_ledger(loaded.slim, loaded.digests, opening, names, keys)
    ledger = surroundings.hold_back(ledger, night, loaded.parts, opening)
    clock.stage("net")
    resent, repeated, refunds = _told_before(evening, ledger, night, loaded.parts, opening)
    excluded, said = np.concatenate([resent, repeated]), ledger.slim["state"]
    ledger, netted, netting_verdict = netting.net(ledger, night, excluded)
    clock.stage("match")
    eligible = classify.eligible(ledger, legs, excluded)
    texts = texts_for(legs, ledger.slim, loaded.parts, opening)
    matches = _match(evening, ledger, eligible, texts)
    group = joined(matches.group, netted["left"].to_numpy(), netted["right"].to_numpy())
    archive = Shelves(evening.workspace, night.business_date, loaded.parts, opening, ledger.slim)
    told, no = history.told_breaks(evening.previous), history.rejected_breaks(evening.decided)
    matched = Matched(ledger, eligible, replace(matches, group=group), archive, told, no)
    clock.stage("classify")
    matched = conversions.judge(matched, legs, night, loaded.parts, opening)
    judged = surroundings.judge_terms(evening.workspace, loaded.parts, ledger, night, excluded)
    tonight = undoings.Tonight(evening.workspace, ledger, netted, loaded.parts, opening)
    before = [
        *undoings.judge(tonight, netting_verdict, night),
        duplicates.report_records(ledger, np.setdiff1d(repeated, resent)),
        events.find(ledger, excluded),
        retrievals.find(ledger, excluded, night),
        refunds,
        Verdict.of(broken=terms.broken_rows(judged.facts, ledger)),
    ]
    classified = classify.classify(matched, legs, night, before, resent, repeated)
    found, anchors = breaks.build(classified.findings, matched, opening, night)
    found = add_nearest(found, matched, legs)
    agreed = terms.as_breaks(judged.facts, judged.wide, ledger, night)
    wrong_rates = exchange.file_findings(evening.rates.problems, night)
    found = pl.concat([found, agreed, files.find(inputs, night), wrong_rates]).sort("break_id")
    clock.stage("disputes")
    waiting_ids = ledger.slim["txn_id"].gather(classified.waiting["row"]).to_numpy()
    looked_at = np.concatenate([disputes.dispute_rows(found), waiting_ids])
    looked_at = np.setdiff1d(looked_at, judged.wide["txn_id"].to_numpy())
    wide = terms.whole_rows(judged.wide, archive.whole(looked_at))
    found = name_causes(found, wide, night)
    closing = closing_items(classified.waiting, wide, ledger, opening, anchors, night)
    tables = {
        "inputs": inputs,
        "rejects": loaded.rejects,
        "links": link_table(matched, legs, netted),
        "groups": group_table(matched, classified.outcome),
        "outcomes": outcome_table(matched, classified, closing),
        "breaks": found,
        "disputes": disputes.build(found, wide, evening.run_id, night, evening.decided),
        "open_items": closing,
        "searches": search_table(matched),
        "balances": balances.build(matched, classified, legs, said, night),
    }
    exit_code = max(history.exit_code(inputs), evening.rates.exit_code)
    run = history.run_row(
        tables, ledger, evening.rule_file, night, evening.run_id, evening.previous, exit_code
    )
    return Reconciled({**tables, "runs": run}, loaded.parts, exit_code)


def _told_before(
    evening: Evening, ledger: Ledger, night: Night, parts: Sequence[Path], opening: pl.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64], Verdict]:
    """Return new rows of earlier nights, rows that a file repeats, and the refunds on their way."""
    workspace, day = evening.workspace, night.business_date
    resent = redelivered.delivered_before(workspace, ledger, night.rules, day)
    repeated = duplicates.repeated_records(ledger)
    known = np.concatenate([resent, repeated])
    refunds = surroundings.watch_refunds(ledger, night, parts, opening, known)
    return np.concatenate([resent, refunds.retold]), repeated, refunds.verdict


def _match(
    evening: Evening, ledger: Ledger, eligible: Eligible, texts: dict[str, TextBuffers]
) -> Matches:
    """Link the rows of every leg."""
    return match(
        ledger.slim,
        ledger.digests,
        evening.legs,
        eligible,
        threads=evening.threads,
        memory_bytes=evening.memory_bytes,
        business_days=business_days(evening.legs, ledger.slim, evening.night.calendar),
        decisions=decisions_of(evening.rule_file.rules, ledger),
        texts=texts,
    )


def _publish(evening: Evening, done: Reconciled) -> Path:
    """Certify and publish the night; return its folder."""
    tables, previous = done.tables, evening.previous
    give_back()
    evening.clock.stage("certify")
    proof = certificate.certify(
        parts=done.parts,
        outcomes=tables["outcomes"],
        inputs=tables["inputs"],
        rejects=tables["rejects"],
        opening=history.open_items(previous),
        closing=tables["open_items"],
    )
    evening.clock.stage("publish")
    return publish.publish(
        evening.workspace,
        evening.run_id,
        evening.night.business_date,
        tables=tables,
        parts=done.parts,
        manifest_extra={
            **history.manifest_facts(evening.rule_file, tables["inputs"], previous),
            "rates": [list(pair) for pair in evening.rates.digests],
        },
        certificate=proof,
        summary=summarise(tables, evening.rule_file.rules.language),
    )


def _no_op(run: Run) -> Result:
    """Return the result of a night that was finished before, from what it published."""
    summary = history.read_summary(run.folder)
    return Result(run.run_id, run.folder, summary["exit_code"], repeated=True, summary=summary)
