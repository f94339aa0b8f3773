"""How refunds are judged: arrival terms by product, card type and bank, routes, waiting times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from recon.rules.days.calendar import Calendar
from recon.rules.days.cycles import Basis, Cycle
from recon.rules.prices.contract import Table, Words


class RefundTerm(Table):
    """How long a refund may take to reach the payer; what is left out fits every row."""

    source: Words | None = None
    product: Words | None = None
    card_type: Words | None = None  # the product, where a sender names the card's type as such
    bank: Words | None = None  # the issuer, as the sender names it
    days: Annotated[int, Field(ge=0, le=366)]
    basis: Literal["natural", "working"] = "natural"

    @property
    def conditions(self) -> int:
        """Return how many conditions the term has: the one with most wins."""
        conditions = (self.source, self.product, self.card_type, self.bank)
        return sum(item is not None for item in conditions)


# Arrival at the payer as the channels state it; a rule file replaces the table as a whole.
TERMS: tuple[RefundTerm, ...] = (
    RefundTerm(days=10),  # card online: 1 to 10 clearing days
    RefundTerm(card_type=("debit", "借记卡"), days=3, basis="working"),
    RefundTerm(card_type=("credit", "贷记卡", "信用卡"), days=7, basis="working"),
    RefundTerm(card_type=("foreign", "外卡"), days=15),
    RefundTerm(product=("balance", "零钱", "余额"), days=1),
    RefundTerm(product=("wallet",), days=3, basis="working"),
    RefundTerm(bank=("ICBC", "ICBC_DEBIT", "ICBC_CREDIT", "工商银行", "中国工商银行"), days=10),
)


Route = Literal["original", "other_account", "merchant_account", "third_party", "manual"]
# What senders call a route; the rule file's `routes` names further words.
ROUTE_WORDS: dict[str, Route] = {
    "原路": "original",
    "原路退回": "original",
    "原路退款": "original",
    "原路返回": "original",
    "ORIGINAL": "original",
    "BALANCE": "original",  # WeChat: the payer's own wallet, whatever card of it had paid
    "OTHER_BALANCE": "other_account",
    "OTHER_BANKCARD": "other_account",
    "商户账户": "merchant_account",
    "退至商户账户": "merchant_account",
    "第三方结算": "third_party",
    "分账退回": "third_party",
    "手工退款": "manual",
    "人工转账": "manual",
    "线下退款": "manual",
}


class RefundPolicy(Table):
    """How refunds are judged.

    Where a refund went is the attribute `refund_route`: original, other_account (of the payer),
    merchant_account, third_party, manual, or a word that `routes` gives one of these meanings. Any
    other word is another route.
    With `history_from`, a refund without a known payment is judged where the attribute
    `original_date` says that its payment is not older.
    """

    terms: tuple[RefundTerm, ...] = Field(default=TERMS, alias="term")
    review_days: Annotated[int, Field(ge=0, le=60)] = 3  # from the request to the submission
    settle_days: Annotated[int, Field(ge=0, le=60)] = 0  # more, until the channel must show it
    history_from: date | None = None  # first day loaded; None: the history is complete
    tolerance_minor: Annotated[int, Field(ge=0)] = 0
    routes_allowed: Words = ("original",)
    routes: dict[str, Route] = Field(default_factory=dict)  # a sender's word -> route


@dataclass(frozen=True, slots=True)
class RefundCheck:
    """A policy, the night on which it is judged, and the calendar of its working days."""

    policy: RefundPolicy
    as_of: date
    calendar: Calendar


def _longest(days: int) -> timedelta:
    """Return a span that surely holds so many working days, the longest holidays included."""
    return timedelta(days=2 * days + 20)


def due_days(refunds: pl.DataFrame, policy: RefundCheck) -> pl.Series:
    """Return the day by which each refund must have reached the payer (Date).

    Null where the term runs in working days that no published calendar knows.
    """
    due = pl.Series("due", [None] * refunds.height, dtype=pl.Date)
    taken = pl.Series([False] * refunds.height, dtype=pl.Boolean)
    terms = sorted(policy.policy.terms, key=lambda term: -term.conditions)
    for term in terms:
        fits = pl.lit(value=True)
        for column, words in (
            ("source", term.source),
            ("product", term.product),
            ("card_type", term.card_type),
            ("bank", term.bank),
        ):
            if words is not None and column not in refunds.columns:
                fits &= pl.lit(value=False)
            elif words is not None:
                fits &= pl.col(column).cast(pl.String).is_in(words).fill_null(value=False)
        chosen = refunds.with_columns(fits=fits)["fits"] & ~taken
        basis = Basis.WORKING if term.basis == "working" else Basis.NATURAL
        known = pl.lit(value=True)
        if basis is Basis.WORKING:  # past the last published year nobody knows: no day is given
            known = pl.col("began") <= policy.calendar.last_day - _longest(term.days)
        began = refunds.select(pl.when(pl.lit(chosen) & known).then("began")).to_series()
        theirs = policy.calendar.due_dates(began, Cycle(basis, term.days))
        due = theirs.zip_with(chosen, due)
        taken = taken | chosen
    return due
