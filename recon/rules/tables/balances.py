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

from recon.core.arrays.pieces import steps
from recon.core.arrays.sums import summed_by
from recon.core.codes import BENIGN, Kind, Side, State
from recon.core.money import CURRENCIES
from recon.core.plan import Leg
from recon.core.schema import BALANCES, conform, words
from recon.rules.classify import Classified
from recon.rules.night import Matched, Night

_ORDERED = [int(Kind.PAYMENT), int(Kind.REFUND)]
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
_MOVES = {  # column -> kinds of the new rows that are told in it
    f"{name}_minor": [int(kind) for kind in Kind if _MOVE_OF.get(kind, "other") == name]
    for name in ("sales", "refunds", "undone", "chargebacks", "adjustments", "other")
}
_ENDS = ("settled", "disputed", "in_transit", "overdue", "idle", "residual")
_DECISIVE = ("source", "currency", "kind", "state", "said", "opening", "end")


@dataclass(frozen=True, slots=True)
class _Account:
    """The rows of one side that are held against another one."""

    side: Side
    against: Side
    column: str  # what a row is compared by
    taking_part: NDArray[np.bool_]  # rows of the ledger, of both sides
    ends: NDArray[np.uint8]  # of every row of the ledger: position in _ENDS


def build(
    matched: Matched,
    classified: Classified,
    legs: Sequence[Leg],
    said: pl.Series,
    night: Night,
) -> pl.DataFrame:
    """Return the BALANCES table; `said` holds the state of each row before netting."""
    frames = [
        _lines(account, matched, said, night) for account in _accounts(matched, classified, legs)
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


def _lines(account: _Account, matched: Matched, said: pl.Series, night: Night) -> pl.DataFrame:
    """Return the lines of one account: rows counted by all that decides, then told."""
    height = matched.ledger.slim.height
    counted = pl.concat(_counted(account, matched, said, *step) for step in steps(height))
    bank = Side.BANK in (account.side, account.against)
    money = counted if bank else _where_it_moved(counted)
    came = pl.col("net" if bank else "gross")  # what a row came to: less its fee
    opening = pl.col("opening")
    lines = money.group_by("source", "currency").agg(
        pl.col("rows").sum(),
        came.filter(opening).sum().alias("opening_minor"),
        *(
            pl.col("gross").filter(~opening & pl.col("kind").is_in(kinds)).sum().alias(name)
            for name, kinds in _MOVES.items()
        ),
        (pl.col("gross") - came).filter(~opening).sum().alias("fees_minor"),
        *(
            pl.col("net").filter(pl.col("end") == number).sum().alias(f"{name}_minor")
            for number, name in enumerate(_ENDS)
        ),
        undone=(pl.col("net") - came).sum(),
    )
    names = {number: item.name for number, item in enumerate(night.rules.sources)}
    told = lines.with_columns(
        pl.col("source").cast(pl.Int64).replace_strict(names, return_dtype=pl.String),
        pl.col("currency")
        .cast(pl.Int64)
        .replace_strict(dict(enumerate(CURRENCIES)), return_dtype=pl.String),
        undone_minor=pl.col("undone_minor") + pl.col("undone"),
        business_date=pl.lit(night.business_date),
        side=pl.lit(account.side.name).cast(words(Side)),
        against=pl.lit(account.against.name).cast(words(Side)),
    )
    return conform(told, BALANCES)


def _where_it_moved(counted: pl.DataFrame) -> pl.DataFrame:
    """Return the money of orders and charges that succeeded: as files say it, and after netting."""
    ordered, success = pl.col("kind").is_in(_ORDERED), int(State.SUCCESS)
    return counted.with_columns(
        gross=pl.when(ordered & (pl.col("said") == success)).then("gross").otherwise(0),
        net=pl.when(ordered & (pl.col("state") == success)).then("gross").otherwise(0),
    )


def _counted(
    account: _Account, matched: Matched, said: pl.Series, start: int, stop: int
) -> pl.DataFrame:
    """Return the rows of a stretch of the ledger, and their money, by all that decides of them.

    Sums fit 64 bits (`sum_limit`); sums of them need not.
    """
    part = slice(start, stop)
    taking_part = pl.Series(account.taking_part[part])
    rows = matched.ledger.slim[part].select(
        "source",
        "currency",
        "kind",
        "state",
        pl.Series("said", said[part]),
        pl.Series("opening", matched.ledger.opening[part]),
        pl.Series("end", account.ends[part]),
        mine=taking_part & (pl.col("side") == int(account.side)),
        gross=pl.when(_paid_elsewhere(account)).then(0).otherwise("amount_minor"),
        net=pl.coalesce(account.column, "amount_minor"),
    )
    sums = pl.col("gross", "net").sum().cast(pl.Int128), pl.len().cast(pl.Int64).alias("rows")
    return summed_by(rows.filter("mine"), _DECISIVE, sums)


def _paid_elsewhere(account: _Account) -> pl.Expr:
    """Return which refunds take nothing from the payout: they are no part of this account."""
    refund = (pl.col("kind") == int(Kind.REFUND)) & (account.column == "net_minor")
    return (refund & (pl.col("net_minor") == 0)).fill_null(value=False)
