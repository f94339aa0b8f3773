"""What the rules say of matched books: findings as breaks, rows that wait, how each row ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recon.earlier_nights import undoings, voided
from recon.earlier_nights.archive import Shelves
from recon.rules import classify, terms
from recon.rules.amounts import exchange
from recon.rules.amounts.named_causes import name_causes
from recon.rules.breaks import breaks
from recon.rules.breaks.nearest import add_nearest
from recon.rules.breaks.open_items import closing_items
from recon.rules.classify import Classified
from recon.rules.disputes import disputes
from recon.rules.duplicates import duplicates
from recon.rules.intake import files, refused
from recon.rules.night import Matched, Verdict
from recon.rules.notices import events, retrievals
from recon.rules.tables import payouts
from recon.rules.undone import netting
from recon.stages import conversions, surroundings
from recon.stages.books import Books
from recon.stages.evening import Evening


@dataclass(frozen=True, slots=True)
class Judgement:
    """The facts of a night, before they are told as tables."""

    breaks: pl.DataFrame  # table BREAKS
    closing: pl.DataFrame  # table OPEN_ITEMS
    payouts: pl.DataFrame  # table PAYOUTS
    classified: Classified
    wide: pl.DataFrame  # whole rows of everything that a case or a waiting row needs


def judge(evening: Evening, books: Books, matched: Matched, archive: Shelves) -> Judgement:
    """Return what every family of rules says, and what is carried to the next night."""
    ledger, night = books.ledger, books.night
    matched = conversions.judge(matched, evening.legs, night, books.parts, books.opening)
    agreed = surroundings.judge_terms(
        evening.workspace,
        books.parts,
        ledger,
        night,
        books.excluded,
        books.opening,
        books.netted,
    )
    classified = classify.classify(
        matched,
        evening.legs,
        night,
        [
            *_before(evening, books, matched),
            Verdict.of(broken=terms.broken_rows(agreed.facts, ledger)),
        ],
        books.resent,
        books.repeated,
        evening.at_once,
    )
    found, anchors = breaks.build(classified.findings, matched, books.opening, night)
    found = pl.concat(
        [
            add_nearest(found, matched, evening.legs, night),
            breaks.rejected(
                terms.as_breaks(agreed.facts, agreed.wide, ledger, night), matched.rejected
            ),
            agreed.over,
            files.find(books.inputs, night),
            exchange.file_findings(evening.rates.problems, night),
        ]
    ).sort("break_id")
    evening.begin("disputes")
    paid = evening.beside(payouts.build, matched, classified, evening.legs, night)
    waiting = ledger.slim["txn_id"].gather(classified.waiting["row"]).to_numpy()
    looked_at = np.concatenate([disputes.dispute_rows(found), waiting])
    looked_at = np.setdiff1d(looked_at, agreed.wide["txn_id"].to_numpy())
    wide = terms.whole_rows(agreed.wide, archive.whole(looked_at))
    closing = closing_items(classified.waiting, wide, ledger, books.opening, anchors, night)
    named = name_causes(found, wide, night, matched, evening.legs)
    return Judgement(named, closing, paid(), classified, wide)


def _before(evening: Evening, books: Books, matched: Matched) -> list[Verdict]:
    """Return the verdicts of rules that need no links."""
    ledger, night = books.ledger, books.night
    tonight = undoings.Tonight(evening.workspace, ledger, books.netted, books.parts, books.opening)
    lone, late, known = undoings.judge(tonight, books.undone, night)
    return [
        refused.hold_undoings(matched, netting.NETTING, night, lone),
        late,
        voided.find(tonight, known, matched, evening.legs, night),
        duplicates.report_records(ledger, np.setdiff1d(books.repeated, books.resent)),
        events.find(ledger, books.excluded, night),
        retrievals.find(ledger, books.excluded, night),
        books.refunds,
    ]
