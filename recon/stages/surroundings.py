"""What a night stands on: its calendar, its loaded files, the terms that its rows are held to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.means import Means
from recon.core.arrays.room import Room
from recon.core.codes import Kind, Side, State
from recon.core.schema import BREAKS, TRANSACTIONS
from recon.earlier_nights import history
from recon.io.loading.load import Loaded, load
from recon.io.loading.tonight import Tonight
from recon.io.lookup.row_lookup import read_columns, read_rows
from recon.rules import terms
from recon.rules.breaks.facts import FACTS
from recon.rules.days.calendar import Calendar, Overlay, read_overlay
from recon.rules.fees import came_back
from recon.rules.intake.arrivals import Arrivals, is_due
from recon.rules.intake.enrich import enrich
from recon.rules.night import Ledger, Night, Verdict
from recon.rules.refunds import arrival as refund_arrival
from recon.rules.refunds import review as refund_review
from recon.rules.rule_file.rule_file import RuleFile
from recon.stages.source_options import load_keys, options_of
from recon.store.workspace import Workspace

_MEMORY_PER_BYTE = 4  # what a byte of input takes at the peak, measured: 6 GiB for 1.9 GB of text


def calendar_of(rule_file: RuleFile) -> Calendar:
    """Return the rule file's calendar of working days."""
    declared = rule_file.rules.calendar
    overlay = read_overlay(rule_file.folder / declared.overlay) if declared.overlay else Overlay()
    return Calendar(declared.country, overlay, declared.authoritative_through)


def means_for(arrived: Arrivals, work: Path, threads: int, memory_bytes: int | None) -> Means:
    """Return what a night works with: its large arrays in files when they may exceed the memory."""
    size = sum(file.path.stat().st_size for file in arrived.files if file.path.exists())
    fits = memory_bytes is None or size * _MEMORY_PER_BYTE <= memory_bytes
    return Means(threads, memory_bytes, Room() if fits else Room(work, memory_bytes))


def load_files(
    rule_file: RuleFile,
    night: Night,
    arrived: Arrivals,
    workspace: Workspace,
    work: Path,
    means: Means,
) -> Loaded:
    """Load tonight's files; the rule file's own columns are added batch by batch."""
    rules = rule_file.rules
    sources = {source.name: source for source in rules.sources}
    legs = tuple(leg.plan() for leg in rules.legs)
    day = night.business_date
    options = {
        source.name: replace(options_of(source, rules), is_due=is_due(source, day, night.calendar))
        for source in rules.sources
    }
    return load(
        arrived.files,
        Tonight(
            business_date=day,
            workdir=work,
            staging=workspace.staging,
            options=options,
            keys=load_keys(legs, rules),
            finish=lambda frame, file: enrich(frame, sources[file.source], rules, night.calendar),
            seen=history.loaded_before(workspace, day),
            earlier=history.earlier_columns(workspace, day),
            nights=partial(history.earlier_rows, workspace, rules, day),
            means=means,
        ),
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What the agreed terms say of tonight: facts, and the whole rows that they name."""

    facts: pl.DataFrame
    wide: pl.DataFrame
    over: pl.DataFrame = field(default_factory=BREAKS.empty)  # told before, put right tonight


def judge_terms(
    workspace: Workspace,
    parts: Sequence[Path],
    ledger: Ledger,
    night: Night,
    excluded: NDArray[np.int64],
    opening: pl.DataFrame,
    netted: pl.DataFrame,
) -> Judged:
    """Hold tonight's rows against fee contracts, refund terms and rebate policies, if any.

    `opening` are the carried rows, `netted` the links of netting.
    """
    if not terms.wanted(night):
        return Judged(pl.DataFrame(schema=FACTS), TRANSACTIONS.empty())
    names = [item.name for item in night.rules.sources if item.side != "bank"]
    columns = [column.name for column in TRANSACTIONS.columns]
    left_out = ledger.slim["txn_id"].gather(excluded).implode()
    rows = read_columns(parts, names, columns).filter(~pl.col("txn_id").is_in(left_out))
    channel = _with_undone(rows, ledger).filter(pl.col("side").cast(pl.String) == Side.CHANNEL.name)
    refunded = _refunded_before(workspace, rows, night)
    months = terms.rebate_months(channel, night)
    previous = workspace.previous(night.business_date)
    priced = terms.fee_months(night, previous.business_date if previous else None)
    both = sorted({*months, *priced})
    past = history.rows_of_months(workspace, both, terms.rebate_words(night), night.business_date)
    past = _with_undone(past, ledger)
    undone = _undone_tonight(ledger, netted, opening)
    batches = _with_undone(_batches_of(workspace, channel, night), ledger)
    facts = [
        terms.fee_facts(channel, _fees_before(undone, refunded.earlier), night),
        terms.sum_fee_facts(batches, "batch", night),
        terms.refund_facts(rows, refunded.earlier, night, refunded.met["txn_id"]),
    ]
    if months:
        facts.append(terms.rebate_facts(terms.whole_rows(channel), past, night))
    if priced:
        whole = terms.whole_rows(channel, past)
        facts.append(terms.month_fee_facts(whole, priced, night))
    whole = terms.whole_rows(rows, undone, refunded.earlier, past, batches)
    found, over = _without_returned_fees(workspace, pl.concat(facts), whole, channel, night)
    wide = whole.filter(pl.col("txn_id").is_in(terms.named_rows(found).implode()))
    return Judged(found, wide, pl.concat([refunded.over, over]))


def _without_returned_fees(
    workspace: Workspace,
    facts: pl.DataFrame,
    rows: pl.DataFrame,
    channel: pl.DataFrame,
    night: Night,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the facts without fees that tonight's rows give back, and what they end (BREAKS).

    `rows` are the whole rows of the facts, `channel` those of tonight.
    """
    back = came_back.returned_rows(channel)
    if back.height == 0:
        return facts, BREAKS.empty()
    told, at_fault = history.told_under(workspace, night.business_date, came_back.CODES)
    return terms.without_returned_fees(facts, told, terms.whole_rows(rows, at_fault), back, night)


@dataclass(frozen=True, slots=True)
class _Refunded:
    """What earlier nights say of the payments that refunds name."""

    earlier: pl.DataFrame  # TRANSACTIONS: rows about them
    met: pl.DataFrame  # TRANSACTIONS: refunds of no known payment, which tonight's rows bring
    over: pl.DataFrame  # BREAKS: told before, put right tonight


def _refunded_before(workspace: Workspace, rows: pl.DataFrame, night: Night) -> _Refunded:
    """Look up what tonight's refunds name, and hold refunds that were told against it."""
    earlier, met, over = TRANSACTIONS.empty(), TRANSACTIONS.empty(), BREAKS.empty()
    told, again = BREAKS.empty(), list[str]()
    if night.rules.refunds is not None:
        told, at_fault = history.told_under(workspace, night.business_date, terms.REFUND_CODES)
        met = terms.with_original(terms.without_payment(at_fault, told), rows)
        again = terms.names(at_fault) if terms.undone_references(rows) else []
    if night.rules.refunds is not None or terms.returns_by_payment(night):
        references = sorted({*terms.refund_references(rows), *met["original_ref"], *again})
        earlier = _about(workspace, references, rows, night.business_date)
        over = terms.put_right(told, met, rows, earlier, night)
    return _Refunded(earlier, met, over)


def _batches_of(workspace: Workspace, channel: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return the whole batches that are over tonight, where a fee is agreed for a batch."""
    if not terms.has_level(night, "batch"):
        return TRANSACTIONS.empty()
    senders = [item.name for item in night.rules.sources if item.side == "channel"]
    return history.rows_of_batches_over(workspace, senders, channel, night.business_date)


def _about(
    workspace: Workspace, references: Sequence[str], rows: pl.DataFrame, business_date: date
) -> pl.DataFrame:
    """Return earlier rows about the references, by whatever name they call a payment.

    It has two names; a refund of last week may have used the one that tonight's do not. And that
    refund may have been undone since, by its own name.
    """
    earlier = history.rows_about(workspace, references, business_date)
    asked = references
    for _ in range(2):  # the payment's other name; then what its refunds are called
        named = terms.payments_named(pl.concat([rows, earlier]), asked)
        before = terms.refunds_of(earlier, asked)
        others = terms.other_names(pl.concat([named, before]), asked)
        since = named["occurred_at"].dt.date().min()
        if not others or not isinstance(since, date):
            break
        age = (business_date - since).days + history.ORIGINAL_DAYS
        more = history.rows_about(workspace, others, business_date, within_days=max(1, age))
        earlier = pl.concat([earlier, more]).unique("txn_id", keep="first", maintain_order=True)
        asked = [*asked, *others]
    return earlier


def _undone_tonight(ledger: Ledger, netted: pl.DataFrame, opening: pl.DataFrame) -> pl.DataFrame:
    """Return the carried rows of pairs that tonight made (TRANSACTIONS).

    Payments as REVERSED, which rows of tonight undo, and undoings whose payment came after them.
    """
    left, right = netted["left"].to_numpy(), netted["right"].to_numpy()
    paid, undoing = ledger.opening[left], ledger.opening[right]
    rows = np.concatenate([left[paid & ~undoing], right[undoing & ~paid]])
    if len(rows) == 0:
        return TRANSACTIONS.empty()
    return _with_undone(read_rows([], opening, ledger.slim["txn_id"].to_numpy()[rows]), ledger)


def _fees_before(undone: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return the channel's rows of nights before that the fees of tonight's rows hang on.

    Payments that tonight's rows undo or refund, and undoings of tonight's payments. What was undone
    on a night before is settled: it counts as any payment that a refund names.
    """
    channel = pl.col("side").cast(pl.String) == Side.CHANNEL.name
    paid = channel & (pl.col("kind").cast(pl.String) == Kind.PAYMENT.name)
    told = pl.lit(State.SUCCESS.name, dtype=earlier.schema["state"]).alias("state")
    known = pl.concat([undone.filter(channel), earlier.filter(paid).with_columns(told)])
    return known.unique("txn_id", keep="first", maintain_order=True)


def watch_refunds(
    ledger: Ledger,
    night: Night,
    parts: Sequence[Path],
    opening: pl.DataFrame,
    excluded: NDArray[np.int64],
) -> refund_arrival.Watch:
    """Follow the refunds that the payer does not have yet."""
    rows = refund_arrival.watched_rows(ledger, night, excluded)
    ids = ledger.slim["txn_id"].gather(rows).to_numpy()
    wide = read_rows(parts, opening, ids) if len(rows) else TRANSACTIONS.empty()
    return refund_arrival.watch(ledger, rows, wide, night)


def review_refunds(
    ledger: Ledger,
    night: Night,
    parts: Sequence[Path],
    opening: pl.DataFrame,
    excluded: NDArray[np.int64],
) -> Verdict:
    """Follow the refunds that the merchant has not sent yet."""
    rows = refund_review.asked_rows(ledger, night, excluded)
    ids = ledger.slim["txn_id"].gather(rows).to_numpy()
    wide = read_rows(parts, opening, ids) if len(rows) else TRANSACTIONS.empty()
    return refund_review.review(ledger, rows, wide, night, excluded)


def _with_undone(rows: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Return rows in which payments that netting found undone are REVERSED, whatever they say."""
    undone = ledger.slim.filter(pl.col("state") == int(State.REVERSED))["txn_id"].implode()
    word = pl.lit(State.REVERSED.name, dtype=rows.schema["state"])
    state = pl.when(pl.col("txn_id").is_in(undone)).then(word).otherwise("state")
    return rows.with_columns(state.alias("state"))


def hold_back(ledger: Ledger, night: Night, parts: Sequence[Path], opening: pl.DataFrame) -> Ledger:
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
