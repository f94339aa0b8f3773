"""The daily balance: what was in transit, what came, and where every minor unit of it is tonight.

One account for each source, side that it is held against, and currency:

    opening + sales + refunds + undone + chargebacks + adjustments + other - fees
        = settled + disputed + in transit + overdue + idle, residual 0

The left half is counted from what files say, the right half from what matching and the rules made
of each row; nothing is derived from the difference. Against the bank a row counts with its net,
between merchant and channel with its amount, and only where it moved money. Tonight's `in transit`
and `overdue` are the next night's `opening`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import BENIGN, Kind, Side, State
from recon.core.money import CURRENCIES
from recon.core.plan import Leg
from recon.core.schema import BALANCES, conform, words
from recon.core.sums import sums_by
from recon.rules.classify import Classified
from recon.rules.night import Matched, Night

_MOVES = ("opening", "sales", "refunds", "undone", "chargebacks", "adjustments", "other")
_ENDS = ("settled", "disputed", "in_transit", "overdue", "idle", "residual")
_MOVE_OF = {
    Kind.PAYMENT: "sales",
    Kind.CREDIT: "sales",
    Kind.REFUND: "refunds",
    Kind.DEBIT: "refunds",
    Kind.REVERSAL: "undone",
    Kind.VOID: "undone",
    Kind.CHARGEBACK: "chargebacks",
    Kind.ADJUSTMENT: "adjustments",
}

_STEP = 1 << 20  # rows summed at a time: the arrays of a step stay small
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Account:
    """The rows of one side that are held against another one."""

    side: Side
    against: Side
    column: str  # what a row is compared by
    taking_part: NDArray[np.bool_]  # rows of the ledger, of both sides
    ends: NDArray[np.uint8]  # of every row of the ledger: position in _ENDS


@dataclass(frozen=True, slots=True)
class _Money:
    """What some rows count with in an account."""

    gross: Numbers  # as the file said it, before netting
    net: Numbers  # what is compared, after netting
    fee: Numbers


def build(
    matched: Matched,
    classified: Classified,
    legs: Sequence[Leg],
    said: pl.Series,
    night: Night,
) -> pl.DataFrame:
    """Return the BALANCES table; `said` holds the state of each row before netting."""
    frames = [
        _lines(account, _sums(account, matched, said, night), night)
        for account in _accounts(matched, classified, legs)
    ]
    return pl.concat([BALANCES.empty(), *frames]).sort(BALANCES.key)


def _accounts(matched: Matched, classified: Classified, legs: Sequence[Leg]) -> Iterator[_Account]:
    """Yield both directions of each pair of sides that legs join."""
    side = matched.ledger.slim["side"].to_numpy()
    for pair in dict.fromkeys((leg.left, leg.right) for leg in legs):
        mine = [leg for leg in legs if (leg.left, leg.right) == pair]
        taking_part = np.zeros(len(side), bool)
        for leg in mine:
            taking_part |= matched.eligible[leg.name]
            taking_part |= matched.ledger.waiting_on.get(leg.name, False)
        ends = _ends(mine, matched, classified)
        left_amount = mine[0].passes[0].left_amount
        for own, other, column in ((*pair, left_amount), (*pair[::-1], "amount_minor")):
            yield _Account(own, other, column, taking_part, ends)


def _ends(legs: Sequence[Leg], matched: Matched, classified: Classified) -> NDArray[np.uint8]:
    """Return where each row ends tonight on some legs; what is written last counts."""
    ends = np.full(matched.ledger.slim.height, _ENDS.index("residual"), np.uint8)
    verdicts = [classified.by_leg[leg.name] for leg in legs]
    for verdict in verdicts:
        ends[verdict.not_needed] = _ENDS.index("idle")
        ends[verdict.settled] = _ENDS.index("settled")
    for leg in legs:
        ends[matched.matches.key_group[leg.name] >= 0] = _ENDS.index("settled")
    for verdict in verdicts:
        ends[verdict.broken] = _ENDS.index("disputed")
        real = verdict.findings.filter(~pl.col("code").is_in([int(code) for code in BENIGN]))
        at_fault = real.select(pl.col("rows").list.head("faulty").explode()).to_series()
        ends[at_fault.drop_nulls().to_numpy()] = _ENDS.index("disputed")
    for name, is_reported in (("in_transit", False), ("overdue", True)):
        for verdict in verdicts:
            told = verdict.waiting["code"].is_not_null().to_numpy()
            ends[verdict.waiting["row"].to_numpy()[told == is_reported]] = _ENDS.index(name)
    return ends


def _sums(
    account: _Account, matched: Matched, said: pl.Series, night: Night
) -> dict[str, list[int]]:
    """Return the sums of each part by line: source position x currency position."""
    lines = len(night.rules.sources) * len(CURRENCIES)
    names = (*_MOVES, "fees", *_ENDS, "rows")
    total = {name: [0] * lines for name in names}
    side = matched.ledger.slim["side"].to_numpy()
    every = np.flatnonzero(account.taking_part & (side == int(account.side)))
    for start in range(0, len(every), _STEP):
        rows = every[start : start + _STEP]
        for name, sums in _step(account, rows, matched, said, lines):
            total[name] = [one + two for one, two in zip(total[name], sums, strict=True)]
    return total


def _step(
    account: _Account, rows: Numbers, matched: Matched, said: pl.Series, lines: int
) -> Iterator[tuple[str, list[int]]]:
    """Yield part and sums by line of some rows of an account."""
    slim = matched.ledger.slim
    money = _money(account, rows, matched, said)
    opening = matched.ledger.opening[rows]
    source = slim["source"].gather(rows).cast(pl.Int64).to_numpy()
    line = source * len(CURRENCIES) + slim["currency"].gather(rows).cast(pl.Int64).to_numpy()
    carried = money.gross - money.fee
    by_kind = np.array([_MOVES.index(_MOVE_OF.get(kind, "other")) for kind in sorted(Kind)])
    moves = np.where(opening, 0, by_kind[slim["kind"].gather(rows).to_numpy()])
    came = np.where(opening, carried, money.gross)
    yield from _parts(line, moves, came, _MOVES, lines)
    yield "undone", sums_by(line, money.net - carried, lines)
    yield "fees", sums_by(line, np.where(opening, 0, money.fee), lines)
    yield from _parts(line, account.ends[rows].astype(np.int64), money.net, _ENDS, lines)
    yield "rows", sums_by(line, np.ones(len(rows), np.int64), lines)


def _parts(
    line: Numbers, part: Numbers, amount: Numbers, names: Sequence[str], lines: int
) -> Iterator[tuple[str, list[int]]]:
    sums = sums_by(line * len(names) + part, amount, lines * len(names))
    for number, name in enumerate(names):
        yield name, sums[number :: len(names)]


def _money(account: _Account, rows: Numbers, matched: Matched, said: pl.Series) -> _Money:
    """Return what rows count with: against the bank what is compared, else what moved."""
    slim = matched.ledger.slim
    gross = slim["amount_minor"].gather(rows).cast(pl.Int64).to_numpy()
    if Side.BANK in (account.side, account.against):
        compared = slim[account.column].gather(rows).cast(pl.Int64)
        net = compared.fill_null(pl.Series(gross)).to_numpy()
        return _Money(gross, net, gross - net)
    ordered = np.isin(slim["kind"].gather(rows), [int(Kind.PAYMENT), int(Kind.REFUND)])
    success = int(State.SUCCESS)
    before = ordered & (said.gather(rows) == success).to_numpy()
    after = ordered & (slim["state"].gather(rows) == success).to_numpy()
    none = np.zeros(len(rows), np.int64)
    return _Money(np.where(before, gross, 0), np.where(after, gross, 0), none)


def _lines(account: _Account, sums: dict[str, list[int]], night: Night) -> pl.DataFrame:
    """Return the lines of one account that have rows."""
    used = [line for line, rows in enumerate(sums["rows"]) if rows]
    places = [divmod(line, len(CURRENCIES)) for line in used]
    money = {
        f"{name}_minor": pl.Series([found[line] for line in used], dtype=pl.Int128)
        for name, found in sums.items()
        if name != "rows"
    }
    frame = pl.DataFrame(
        {
            "source": [night.rules.sources[source].name for source, _ in places],
            "currency": [CURRENCIES[currency] for _, currency in places],
            "rows": [sums["rows"][line] for line in used],
            **money,
        },
        schema_overrides={"source": pl.String, "currency": pl.String, "rows": pl.Int64},
    ).with_columns(
        business_date=pl.lit(night.business_date),
        side=pl.lit(account.side.name).cast(words(Side)),
        against=pl.lit(account.against.name).cast(words(Side)),
    )
    return conform(frame, BALANCES)
