"""Findings that a refused row may explain: nobody can judge them until that row is put right.

Below the limit of its file a row that cannot be read is a reject, and the rest of the file counts.
What lacks only that row is no dispute: a finding whose rows a reject names, as a whole token,
waits, and says where the reject stands. A reject that names no row of the books at all stands for
the lone row of the night whose amount it shows. Any other reject explains nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from recon.core.codes import Code, Side
from recon.core.money import CURRENCIES, exponent
from recon.core.plan import Leg
from recon.core.schema import OWN_REFERENCES
from recon.core.texts.mention import Mentions
from recon.rules.breaks import standing
from recon.rules.intake.enrich import HOLE, extracted
from recon.rules.night import Matched, Night, Verdict, conformed
from recon.rules.rule_file.models import Rules, Source

LONE = frozenset(
    {
        Code.MISSING_IN_CHANNEL,
        Code.MISSING_IN_MERCHANT,
        Code.MISSING_SETTLEMENT,
        Code.UNKNOWN_CREDIT,
        Code.UNAUTHORISED_DEBIT,
        Code.REFUND_NOT_SETTLED,
        Code.REFUND_UNBOOKED,
        Code.PAYOUT_BOUNCED,
    }
)
_EXPLAINED = standing.numbers(LONE | standing.KEPT_AS_TOLD | {Code.REVERSAL_ORPHAN})
_MOST = 20_000  # findings of a leg that are looked at; a whole file that is lost is held anyway
_NAMES = frozenset({*OWN_REFERENCES, "bank_ref", "batch_id", "original_ref"})
_NEXT_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Refused:
    """The refused rows that a leg may miss, newest first, and the texts that name something."""

    rows: list[dict[str, object]]  # REFUSALS
    mentions: Mentions
    sources: Mapping[str, Source]

    def of(self, number: int) -> Source:
        """Return the source whose file holds a reject."""
        return self.sources[str(self.rows[number]["source"])]

    def night(self, number: int) -> date:
        """Return the night on which a reject came."""
        night = self.rows[number]["night"]
        assert isinstance(night, date)
        return night

    def cause(self, number: int) -> str:
        """Return where a reject stands and what is wrong with it, in words."""
        row = self.rows[number]
        assert isinstance(row["reasons"], list)
        place = f"{row['path']}, record {row['record_no']}"
        return f"a refused row may be the counterpart: {place} ({' and '.join(row['reasons'])})"


def hold_back(matched: Matched, leg: Leg, night: Night, verdict: Verdict) -> Verdict:
    """Return the verdict on a leg in which findings that a reject may explain wait instead."""
    by_side = {side: _names_on(leg, side) for side in (leg.left, leg.right)}
    return _hold_back(matched, leg.name, by_side, night, verdict)


def hold_undoings(matched: Matched, name: str, night: Night, verdict: Verdict) -> Verdict:
    """Return netting's verdict, in which an undoing waits whose payment may be a reject."""
    by_side = dict.fromkeys((Side.MERCHANT, Side.CHANNEL), ("original_ref",))
    return _hold_back(matched, name, by_side, night, verdict)


def _names_on(leg: Leg, side: Side) -> tuple[str, ...]:
    """Return the columns by which a row of a side is named where the leg looks for it."""
    keys = [item.left_key if side is leg.left else item.right_key for item in leg.passes]
    named = [column for key in keys for column in key if column in _NAMES]
    return tuple(dict.fromkeys([*named, *(() if leg.right is Side.BANK else OWN_REFERENCES)]))


def _hold_back(
    matched: Matched,
    leg: str,
    by_side: Mapping[Side, tuple[str, ...]],
    night: Night,
    verdict: Verdict,
) -> Verdict:
    """Return the verdict of one leg in which findings that a refused row may explain wait."""
    told = verdict.findings.with_row_index("no")
    open_ones = _open(matched, leg, told)
    if open_ones.height == 0:
        return verdict
    refused = _refused(matched, by_side, night)
    if not refused.rows:
        return verdict
    found: dict[int, int] = {}
    for no, number in (
        *_by_amount(matched, open_ones, refused, night),
        *_by_name(matched, open_ones, by_side, refused),
    ):
        found[no] = min(number, found.get(no, number))
    return _waiting(matched, leg, verdict, told, refused, found) if found else verdict


def _open(matched: Matched, leg: str, told: pl.DataFrame) -> pl.DataFrame:
    """Return the new findings of a leg that one more row could explain.

    A reject of tonight does not make an old break untrue.
    """
    mine = told.filter((pl.col("leg") == leg) & pl.col("code").is_in(_EXPLAINED)).head(_MOST)
    codes = matched.ledger.code_on.get(leg)
    if codes is None or mine.height == 0:
        return mine
    first = mine["rows"].list.first().to_numpy()
    return mine.filter(pl.Series(codes[first] == 0))


def _refused(matched: Matched, sides: Iterable[Side], night: Night) -> Refused:
    """Return what the files of some sides were refused, the newest first."""
    sources = {item.name: item for item in night.rules.sources if item.side_number in set(sides)}
    rows = matched.archive.refusals().filter(pl.col("source").is_in(sorted(sources)))
    rows = rows.sort("night", "path", "record_no", descending=[True, False, False])
    return Refused(rows.to_dicts(), Mentions.of(_texts(rows, night.rules)), sources)


def _texts(rows: pl.DataFrame, rules: Rules) -> list[str]:
    """Return what each reject says: its line, and what its source's patterns take from it."""
    said = rows.select("source", "text").with_row_index("number")
    cells = pl.concat_list(pl.col("text"), pl.col("text").str.split(","))
    parts = said.with_columns(part=cells).explode("part")
    more = [said.select("number", "text")]
    for source in rules.sources:
        mine = parts.filter(pl.col("source") == source.name)
        for extract in source.extract.values():
            taken = mine.select(pl.col("number"), pl.col("part").alias(extract.column))
            words = taken.select("number", extracted(extract).alias("text")).drop_nulls()
            more.append(words.unique(maintain_order=True))
    whole = pl.concat(more).group_by("number", maintain_order=True).agg("text").sort("number")
    return whole["text"].list.join("\n").to_list()


def _by_name(
    matched: Matched,
    open_ones: pl.DataFrame,
    by_side: Mapping[Side, tuple[str, ...]],
    refused: Refused,
) -> Iterator[tuple[int, int]]:
    """Yield findings, by number, with each reject that names one of their rows."""
    named = _references(matched, open_ones, by_side)
    known: dict[tuple[str, str], list[int]] = {}
    for no, column, reference in named.iter_rows():
        key = (column, reference)
        if key not in known:
            plain = refused.mentions.naming(reference)
            known[key] = sorted({*plain, *_by_parts(column, reference, refused)})
        yield from ((no, number) for number in known[key])


def _references(
    matched: Matched, open_ones: pl.DataFrame, by_side: Mapping[Side, tuple[str, ...]]
) -> pl.DataFrame:
    """Return what the rows of findings are called: columns no, column, reference."""
    slim = matched.ledger.slim
    rows = open_ones.select("no", row="rows").explode("row")
    rows = rows.with_columns(
        txn_id=slim["txn_id"].gather(rows["row"]), side=slim["side"].gather(rows["row"])
    )
    columns = tuple(dict.fromkeys(name for names in by_side.values() for name in names))
    if not columns:
        return pl.DataFrame(schema={"no": pl.UInt32, "column": pl.String, "reference": pl.String})
    wide = matched.archive.columns(("txn_id", *columns), rows["txn_id"].to_numpy())
    frame = rows.join(wide, on="txn_id", how="inner", maintain_order="left")
    parts = [
        frame.filter(pl.col("side") == int(side)).select(
            "no", pl.lit(name).alias("column"), pl.col(name).alias("reference")
        )
        for side, names in by_side.items()
        for name in names
    ]
    return pl.concat(parts).drop_nulls().unique(maintain_order=True)


def _by_parts(column: str, reference: str, refused: Refused) -> Iterator[int]:
    """Yield the rejects that hold what a derived reference is made of.

    `8001-20261109` is no token of a line from which `{merchant_id}-{clearing_date}` was derived:
    the merchant is, and the day is that of the file or the one before.
    """
    for name, source in refused.sources.items():
        template = source.derive.get(column)
        parts = None if template is None else _taken_apart(template, reference)
        if parts is None:
            continue
        words, days = parts
        holding = [set(refused.mentions.naming(word)) for word in words]
        for number in sorted(set.intersection(*holding)) if holding else ():
            if refused.rows[number]["source"] == name and _of_the_day(refused.night(number), days):
                yield number


def _taken_apart(template: str, reference: str) -> tuple[list[str], list[date]] | None:
    """Return the words and the days from which a template makes a reference, or None."""
    pattern, formats, rest = "", [], 0
    for hole in HOLE.finditer(template):
        pattern += re.escape(template[rest : hole.start()]) + "(.+?)"
        formats.append(hole.group(2))
        rest = hole.end()
    found = re.fullmatch(pattern + re.escape(template[rest:]), reference)
    if found is None:
        return None
    words: list[str] = []
    days: list[date] = []
    for text, layout in zip(found.groups(), formats, strict=True):
        try:
            days.append(datetime.strptime(text, layout or "%Y-%m-%d").date())  # noqa: DTZ007 - a day
        except ValueError:
            words.append(text)
    return words, days


def _of_the_day(night: date, days: list[date]) -> bool:
    return all(day <= night <= day + _NEXT_DAY for day in days)


def _by_amount(
    matched: Matched, open_ones: pl.DataFrame, refused: Refused, night: Night
) -> Iterator[tuple[int, int]]:
    """Yield lone rows with each reject that shows their amount and names no row that is known.

    The reject stands in a file of another side that should have shown the row.
    """
    lone = open_ones.filter(
        pl.col("code").is_in(standing.numbers(LONE)) & (pl.col("rows").list.len() == 1)
    )
    nameless = _nameless(matched, refused) if lone.height else frozenset()
    if not nameless:
        return
    sides = matched.ledger.slim["side"].gather(lone["rows"].list.first())
    lone = lone.with_columns(
        sides.alias("side"), amount=(pl.col("expected_minor") + pl.col("actual_minor")).abs()
    )
    facts = lone.select("no", "side", "amount", "currency", "due_date")
    for no, side, amount, currency, due in facts.iter_rows():
        latest = due or night.business_date
        for text in _written(amount, CURRENCIES[currency]):
            for number in nameless.intersection(refused.mentions.naming(text)):
                other = int(refused.of(number).side_number) != side
                if other and latest - _NEXT_DAY <= refused.night(number) <= latest:
                    yield no, number


def _nameless(matched: Matched, refused: Refused) -> frozenset[int]:
    """Return the rejects in which no reference of any row of the books stands."""
    tokens = [refused.mentions.tokens(number) for number in range(len(refused.rows))]
    known = matched.archive.known({token for each in tokens for token in each})
    return frozenset(number for number, each in enumerate(tokens) if known.isdisjoint(each))


def _written(amount_minor: int, currency: str) -> list[str]:
    """Return the ways in which senders write an amount of two or more decimals."""
    decimals = exponent(currency)
    if not decimals:
        return [str(amount_minor)]
    whole, rest = divmod(amount_minor, 10**decimals)
    return list(dict.fromkeys(f"{text}.{rest:0{decimals}d}" for text in (str(whole), f"{whole:,}")))


def _waiting(
    matched: Matched,
    leg: str,
    verdict: Verdict,
    told: pl.DataFrame,
    refused: Refused,
    found: Mapping[int, int],
) -> Verdict:
    """Return the verdict with the found findings in transit, and their rows carried as such."""
    causes = {no: refused.cause(number) for no, number in found.items()}
    held = pl.col("no").is_in(sorted(found))
    gone = told.filter(held)
    findings = told.with_columns(
        code=pl.when(held).then(pl.lit(int(Code.IN_TRANSIT), pl.UInt16)).otherwise("code"),
        faulty=pl.when(held).then(pl.lit(0, pl.Int64)).otherwise("faulty"),
        confidence=pl.when(~held).then("confidence"),
        cause=pl.when(held)
        .then(pl.col("no").replace_strict(causes, default=None, return_dtype=pl.String))
        .otherwise("cause"),
    ).drop("no")
    mine = gone.select("leg", "anchor", "code", held=pl.lit(value=True)).unique()
    waiting = verdict.waiting.join(
        mine, on=["leg", "anchor", "code"], how="left", maintain_order="left"
    )
    free = pl.col("held").is_not_null()
    released = waiting.filter(free)["row"]
    waiting = waiting.with_columns(
        anchor=pl.when(~free).then("anchor"), code=pl.when(~free).then("code")
    ).drop("held")
    summed = _summed(matched, leg, gone, released)
    rows = pl.concat([released, summed["row"], gone["rows"].explode()]).drop_nulls().unique()
    clean = Verdict(
        findings,
        waiting,
        np.setdiff1d(verdict.broken, rows.to_numpy()),
        verdict.not_needed,
        verdict.settled,
    )
    return Verdict.joined([clean, Verdict.of(waiting=summed)])


def _summed(matched: Matched, leg: str, gone: pl.DataFrame, released: pl.Series) -> pl.DataFrame:
    """Return the rows of held batches, which wait whole: their sum is asked again."""
    batches = gone.filter(pl.col("code").is_in(standing.numbers(standing.BATCHES)))
    if batches.height == 0:
        return Verdict.of().waiting
    groups = matched.matches.key_group[leg]
    credited = batches["rows"].list.first().to_numpy()
    members = np.flatnonzero(np.isin(groups, groups[credited]) & (groups >= 0))
    members = np.setdiff1d(members, released.to_numpy())
    slim = matched.ledger.slim[members].with_columns(row=pl.Series(members))
    bank = pl.col("side") == int(Side.BANK)
    left = pl.col("side").min()  # a batch stands on a leg to the bank
    return conformed(
        slim.with_columns(
            leg=pl.lit(leg),
            waiting_for=pl.when(bank).then(left).otherwise(pl.lit(int(Side.BANK))),
            wait_until=pl.coalesce("due_date", "clearing_date", "value_date"),
        ),
        Verdict.of().waiting.schema,
    )
