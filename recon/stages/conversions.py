"""Exchange rates of a night: the files that hold them, and linked rows of two currencies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from recon.core.codes import Code
from recon.core.plan import Leg
from recon.errors import InputError
from recon.io.lookup.row_lookup import read_rows
from recon.io.staging.stage import stage
from recon.rules.amounts import exchange
from recon.rules.amounts.exchange import FileProblem
from recon.rules.days.calendar import Calendar
from recon.rules.intake.arrivals import fill_date
from recon.rules.night import Matched, Night
from recon.rules.rule_file.exchange_rates import Agreed, book_of, parse_rates
from recon.rules.rule_file.exchange_terms import Exchange, ExchangeRate
from recon.rules.rule_file.rule_file import RuleFile


@dataclass(frozen=True, slots=True)
class Rates:
    """What the exchanges of a rule file know on a night."""

    agreed: tuple[Agreed, ...]
    digests: tuple[tuple[str, str], ...]  # exchange name, SHA-256 of a file or what is wrong
    problems: tuple[FileProblem, ...]

    @property
    def exit_code(self) -> int:
        """Return 4 when a file of rates was refused, 3 when one is missing, else 0."""
        codes = {problem.code for problem in self.problems}
        if codes - {Code.FILE_MISSING}:
            return 4
        return 3 if codes else 0


def rates_of(rule_file: RuleFile, business_date: date, staging: Path, calendar: Calendar) -> Rates:
    """Return tonight's rates: each declared file is staged and read, what is wrong is noted.

    Of files by day those of the days before are read too, as far back as a rate may count.
    Tonight's is missed on working days only: nobody publishes rates on the others.
    """
    agreed: list[Agreed] = []
    digests: list[tuple[str, str]] = []
    problems: list[FileProblem] = []
    for terms in rule_file.rules.exchanges:
        known: list[ExchangeRate] = list(terms.rate)
        wrong: list[FileProblem] = []
        for path in _files(rule_file.folder, terms, business_date, calendar):
            try:
                digest, rates = _read(path, staging, business_date)
                known += rates
            except InputError as error:
                wrong.append(_problem(terms, path, error))
                digest = f"{path.name}: {error.problem}"
            digests.append((f"exchange {terms.name}", digest))
        agreed.append(Agreed(terms, book_of(known, complete=not wrong)))
        problems += wrong
    return Rates(tuple(agreed), tuple(digests), tuple(problems))


def _files(
    folder: Path, terms: Exchange, business_date: date, calendar: Calendar
) -> Iterator[Path]:
    """Yield the files to read: those that are there, and those that tonight should bring."""
    is_due = business_date > calendar.last_day or calendar.is_working(business_date)
    for template in terms.paths:
        tonight = fill_date(template, business_date)
        days = (business_date - timedelta(days=back) for back in range(terms.days_back, -1, -1))
        for name in dict.fromkeys(fill_date(template, day) for day in days):
            path = folder / name
            if path.exists() or path.is_symlink() or (name == tonight and is_due):
                yield path


def _read(path: Path, staging: Path, business_date: date) -> tuple[str, list[ExchangeRate]]:
    """Return the digest and the rates of one file, or raise InputError."""
    if not path.exists() and not path.is_symlink():
        raise InputError(
            f"expected a file of exchange rates on {business_date}, found none",
            where=path.name,
            fix="deliver it and run the night again; until then the rows that need it wait",
            code="FILE_MISSING",
        )
    staged = stage(path, staging, business_date)
    try:
        text = staged.path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"expected UTF-8, found another encoding at byte {error.start}",
            where=path.name,
            fix="save the rates as UTF-8",
            code="FILE_SCHEMA",
        ) from error
    return staged.sha256, parse_rates(text, path.name)


def _problem(terms: Exchange, path: Path, error: InputError) -> FileProblem:
    return FileProblem(Code[error.code], terms.name, path.name, error.message())


def judge(
    matched: Matched,
    legs: tuple[Leg, ...],
    night: Night,
    parts: Sequence[Path],
    opening: pl.DataFrame,
) -> Matched:
    """Return what the matcher found, with linked rows of two currencies judged by their rates."""
    judged = {}
    for number, leg in enumerate(legs):
        pairs = exchange.foreign_pairs(matched.ledger, matched.matches.of_leg(number))
        if pairs.height:
            rows = pl.concat([pairs["left"], pairs["right"]]).to_numpy()
            ids = matched.ledger.slim["txn_id"].gather(rows).to_numpy()
            wide = read_rows(parts, opening, ids)
            judged[leg.name] = exchange.judge_leg(matched.ledger, leg, pairs, wide, night)
    return replace(matched, exchanged=judged) if judged else matched
