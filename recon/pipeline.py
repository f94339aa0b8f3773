"""The flow on one screen: files in, candidate disputes out. Nothing else calls the stages.

stage > load > open the books (join the night before, net) > match > judge (classify, breaks)
> tables (links, groups, outcomes, disputes, open items) > certificate > publish
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from recon import __version__
from recon.core.arrays.pieces import Pieces
from recon.core.ends import Ends
from recon.core.groups import joined
from recon.core.match import match
from recon.earlier_nights import history
from recon.earlier_nights.archive import Shelves
from recon.io.loading.load import Loaded
from recon.io.lookup.texts import texts_for
from recon.report.summary.summary import passes, summarise
from recon.rules import classify
from recon.rules.days.windows import business_days
from recon.rules.disputes import disputes
from recon.rules.intake import arrivals, overrides
from recon.rules.night import Matched, Night
from recon.rules.rule_file.rule_file import RuleFile
from recon.rules.settlement import together
from recon.rules.tables import balances, outcomes, searches
from recon.stages import conversions, surroundings
from recon.stages.books import Books, open_books
from recon.stages.evening import Evening
from recon.stages.judgement import Judgement, judge
from recon.stages.stopwatch import Stopwatch
from recon.store import certificate, decisions, lock, publish
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
    large: dict[str, Pieces]  # tables of a row or link a row: made while they are written
    ends: Ends
    parts: tuple[Path, ...]
    prepared: Callable[[], publish.Prepared]  # waits for what is made beside the verdict
    matching: dict[str, Any]  # nights not run, what passes found, what became of overrides


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
        calendar = surroundings.calendar_of(rule_file)
        previous = workspace.previous(business_date)
        arrived = arrivals.expected(rule_file, business_date, calendar)
        clock.stage("stage")
        decided = decisions.in_force(workspace)
        digests = history.input_digests(arrived, workspace.staging, business_date)
        rates = conversions.rates_of(rule_file, business_date, workspace.staging, calendar)
        inputs = [*digests, *rates.digests, *history.decision_digests(decided)]
        run_id = publish.run_id(
            business_date,
            inputs=inputs,
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
        work = workspace.work_folder(run_id)
        means = surroundings.means_for(arrived, work, threads, memory_bytes)
        with means.room, ThreadPoolExecutor(1) as aside:
            evening = Evening(
                rule_file, night, workspace, previous, run_id, decided, rates, clock, means, aside
            )
            folder = _work_through(evening, arrived, work)
        shutil.rmtree(work, ignore_errors=True)
    summary = history.read_summary(folder)
    code = summary["exit_code"]
    return Result(run_id, folder, code, repeated=False, summary=summary, seconds=clock.stop())


def _work_through(evening: Evening, arrived: arrivals.Arrivals, work: Path) -> Path:
    """Load, reconcile and publish the night; return its folder. `work` is for what is half-made."""
    evening.clock.stage("load")
    done = reconcile(
        evening,  # the loaded rows have no name here: they go when the tables are made
        surroundings.load_files(
            evening.rule_file, evening.night, arrived, evening.workspace, work, evening.means
        ),
        arrived,
    )
    return _publish(evening, done)


def reconcile(evening: Evening, loaded: Loaded, arrived: arrivals.Arrivals) -> Reconciled:
    """Return every table of the night from the loaded rows and the state of the night before."""
    books = open_books(evening, loaded, arrived)
    prepared = evening.beside(publish.prepare, evening.workspace, books.parts)
    del loaded  # the keys go when nobody asks for them any more
    archive = Shelves(
        evening.workspace,
        books.night.business_date,
        books.parts,
        books.opening,
        books.ledger.slim,
        books.inputs,
        books.rejects,
    )
    evening.begin("match")
    matched = _match(evening, books, archive)
    evening.begin("classify")
    judgement = judge(evening, books, matched, archive)
    books = books.without_keys()
    exit_code = max(history.exit_code(books.inputs, books.not_run), evening.rates.exit_code)
    matched = replace(matched, ledger=books.ledger)
    tables = _tables(evening, books, matched, judgement)
    ends = outcomes.ends_of(matched, judgement.classified, judgement.closing)
    large = outcomes.large_tables(matched, evening.legs, books.netted, judgement.classified, ends)
    run = history.run_row(
        tables,
        matched.matches.links.height + books.netted.height,
        books.ledger,
        evening.rule_file,
        books.night,
        evening.run_id,
        evening.previous,
        exit_code,
    )
    decided = overrides.applied(books.night.rules, books.ledger, archive)
    linked = passes(matched.matches.pass_counts)
    matching = {"not_run": books.not_run, "passes": linked, "overrides": decided}
    return Reconciled({**tables, "runs": run}, large, ends, books.parts, prepared, matching)


def _match(evening: Evening, books: Books, archive: Shelves) -> Matched:
    """Return the books with the rows of every leg linked."""
    ledger, night, legs = books.ledger, books.night, evening.legs
    eligible = classify.eligible(ledger, legs, books.excluded)
    matches = match(
        ledger.slim,
        ledger.digests,
        legs,
        eligible,
        means=evening.means,
        business_days=business_days(legs, ledger.slim, night.calendar),
        decisions=overrides.decisions_of(night.rules, ledger),
        texts=texts_for(legs, ledger.slim, books.parts, books.opening),
        on_pass=lambda leg, name: evening.clock.stage(f"match {leg}: {name}"),
    )
    both = (books.netted[side].to_numpy() for side in ("left", "right"))
    matches = replace(matches, group=joined(matches.group, *both))
    told = history.told_breaks(evening.previous)
    rejected = history.rejected_breaks(evening.decided)
    return together.link(Matched(ledger, eligible, matches, archive, told, rejected), legs, night)


def _tables(
    evening: Evening, books: Books, matched: Matched, judgement: Judgement
) -> dict[str, pl.DataFrame]:
    """Return the tables of the night that stand in memory."""
    night, legs = books.night, evening.legs
    classified, found = judgement.classified, judgement.breaks
    return {
        "inputs": books.inputs,
        "rejects": books.rejects,
        "breaks": found,
        "disputes": disputes.build(found, judgement.wide, evening.run_id, night, evening.decided),
        "open_items": judgement.closing,
        **searches.search_tables(matched, legs),
        "payouts": judgement.payouts,
        "balances": balances.build(matched, classified, legs, books.said, night),
    }


def _publish(evening: Evening, done: Reconciled) -> Path:
    """Certify and publish the night; return its folder."""
    tables, previous = done.tables, evening.previous
    language = evening.rule_file.rules.language
    evening.begin("certify")
    proof = certificate.certify(
        parts=done.parts,
        ends=done.ends,
        inputs=tables["inputs"],
        rejects=tables["rejects"],
        opening=history.open_items(previous),
        closing=tables["open_items"],
    )
    evening.begin("publish")
    return publish.publish(
        evening.workspace,
        evening.run_id,
        evening.night.business_date,
        tables={**tables, **done.large},
        prepared=done.prepared,
        manifest_extra={
            **history.manifest_facts(evening.rule_file, tables["inputs"], previous),
            "rates": [list(pair) for pair in evening.rates.digests],
        },
        certificate=proof,
        summary=summarise(tables, done.ends.counts(), language, done.matching),
    )


def _no_op(run: Run) -> Result:
    """Return the result of a night that was finished before, from what it published."""
    summary = history.read_summary(run.folder)
    return Result(run.run_id, run.folder, summary["exit_code"], repeated=True, summary=summary)
