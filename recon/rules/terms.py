"""What was agreed, held against what happened: fee contracts, refund terms, rebate policies.

Each family finds facts by txn_id over wide rows. A fact may name a row of an earlier night (the
last sale of a month whose rebate never came), so facts become breaks directly, not by position.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.attributes import value
from recon.core.codes import BENIGN, UNDO_KINDS, Code, DisputeStatus, Kind, Side, State
from recon.core.schema import BREAKS, TRANSACTIONS, conform, words
from recon.rules.breaks.breaks import break_identity
from recon.rules.breaks.facts import FACTS
from recon.rules.fees import came_back, fees, rebates
from recon.rules.fees import sums as fee_sums
from recon.rules.night import Ledger, Night
from recon.rules.prices.contract import Compiled, Level
from recon.rules.prices.policy import FeePolicy
from recon.rules.refunds import refunds
from recon.rules.rule_file.models import PAYOUT, Rules, SourceContract
from recon.rules.rule_file.refund_terms import ROUTE_WORDS, RefundCheck

LEG = "contract"  # where a leg is named
_PRICE_WHAT_THEY_SETTLE = ("wechat_trade", "alipay_trade")  # formats
_MONTHS_BACK = 13  # a rebate is due within a year
_NUMBERS = {code.name: int(code) for code in Code}
# Refund facts that legs between the sides do not find by themselves.
REFUND_CODES = (
    Code.REFUND_EXCESS,
    Code.REFUND_NO_ORIGINAL,
    Code.REFUND_ROUTE,
    Code.REFUND_WITHHELD,
)


def wanted(night: Night) -> bool:
    """Return whether the rule file agrees anything at all."""
    rules = night.rules
    return bool(rules.fee_contracts or rules.refunds or rules.rebates)


def fee_facts(rows: pl.DataFrame, earlier: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return the facts of every fee contract over tonight's channel rows, one by one.

    `earlier` are payments of nights before that tonight's rows undo or refund, and undoings of
    tonight's payments.
    """
    if not night.rules.fee_contracts:
        return pl.DataFrame(schema=FACTS)
    rows, earlier = priced_amounts(rows, night.rules), priced_amounts(earlier, night.rules)
    found, listed = [], []
    for contract in night.rules.fee_contracts:
        mine, policy = _mine(rows, contract), fee_policy(contract)
        facts = fees.find(mine, policy, _mine(earlier, contract))
        found.append(facts)
        unlisted = facts.filter(code=int(Code.FEE_UNLISTED))["txn_id"].implode()
        listed.append(fees.judged(mine, policy).filter(~pl.col("txn_id").is_in(unlisted))["txn_id"])
    return _of_several(pl.concat(found), pl.concat(listed))


def _of_several(facts: pl.DataFrame, listed: pl.Series) -> pl.DataFrame:
    """Return the facts of several contracts, each once.

    What one contract has a line for (`listed`, txn_ids) is unlisted in none.
    """
    unlisted = pl.col("code") == int(Code.FEE_UNLISTED)
    agreed = unlisted & pl.col("txn_id").is_in(listed.implode())
    once = ["code", "txn_id", "expected_minor", "actual_minor", "cause"]
    return facts.filter(~agreed).unique(once, keep="first", maintain_order=True)


def returns_by_payment(night: Night) -> bool:
    """Return whether some fee comes back on a refund by a price that the payment decides."""
    return any(Compiled(item).returns_by_payment for item in night.rules.fee_contracts)


def has_level(night: Night, level: Level) -> bool:
    """Return whether some contract prices the sums of batches, or of months."""
    return any(level in Compiled(item).levels for item in night.rules.fee_contracts)


def fee_months(night: Night, last_night: date | None) -> list[date]:
    """Return the first days of the months that ended since the last night, if one is priced whole.

    A fee by the month is judged on the first night of the next one, when all its rows are there.
    """
    if last_night is None or not has_level(night, "month"):
        return []
    months, month = [], last_night.replace(day=1)
    while (following := (month + timedelta(days=31)).replace(day=1)) <= night.business_date:
        months.append(month)
        month = following
    return months


def month_fee_facts(rows: pl.DataFrame, months: Sequence[date], night: Night) -> pl.DataFrame:
    """Return the facts of lines priced by the month over whole months of channel rows."""
    whole = rows.filter(pl.col("clearing_date").dt.month_start().is_in(months))
    return sum_fee_facts(whole, "month", night)


def sum_fee_facts(rows: pl.DataFrame, level: Level, night: Night) -> pl.DataFrame:
    """Return the facts of lines priced by the batch or month; `rows` are whole ones."""
    priced = priced_amounts(rows, night.rules)
    found = [
        fee_sums.find(_mine(priced, contract), fee_policy(contract), level)
        for contract in night.rules.fee_contracts
        if level in Compiled(contract).levels
    ]
    return pl.concat([pl.DataFrame(schema=FACTS), *found])


def priced_amounts(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Return rows with the amount that is priced as `amount_minor`.

    Wallets price what they settle (应结订单金额, 商家实收): a coupon that the merchant gives
    pays no fee. A refund that the payout does not pay settles nothing and is priced by its amount.
    """
    wallets = [item.name for item in rules.sources if item.format in _PRICE_WHAT_THEY_SETTLE]
    settled = pl.col("net_minor") + pl.col("fee_minor")
    stated = pl.col("source").is_in(wallets) & settled.is_not_null()
    apart = [item.name for item in rules.sources if item.settlement.refunds_from != PAYOUT]
    refund = pl.col("kind").cast(pl.String) == Kind.REFUND.name
    stated &= ~(refund & pl.col("source").is_in(apart) & (pl.col("net_minor") == 0))
    return rows.with_columns(amount_minor=pl.when(stated).then(settled).otherwise("amount_minor"))


def _mine(rows: pl.DataFrame, contract: SourceContract) -> pl.DataFrame:
    """Return the rows of the sources that a contract prices, with what its conditions name."""
    if contract.sources:
        rows = rows.filter(pl.col("source").is_in(contract.sources))
    return with_attributes(rows, contract)


def fee_policy(contract: SourceContract) -> FeePolicy:
    """Return how the fees of a contract are judged."""
    return FeePolicy(
        Compiled(contract),
        surcharges=contract.surcharges_minor,
        tolerance_minor=contract.tolerance_minor,
        credit_words=frozenset(contract.credit_words),
    )


def with_attributes(rows: pl.DataFrame, contract: SourceContract) -> pl.DataFrame:
    """Return rows with the card type, which senders name as the product, and the merchant's class.

    The class is agreed, so the contract names it; a merchant that it does not name has none. What
    else a condition names (the category code, the contract's own `attributes`) is an attribute that
    the row's file tells.
    """
    classes = contract.merchant_classes
    asked = {name for line in contract.lines for name in line.when}
    told = sorted(asked - {*rows.columns, "card_type", "merchant_class"})
    return rows.with_columns(
        *(value(name).alias(name) for name in told),
        card_type=pl.col("product"),
        merchant_class=pl.col("merchant_id").replace_strict(
            classes, default=None, return_dtype=pl.String
        )
        if classes
        else pl.lit(None, pl.String),
    )


def refunds_of(rows: pl.DataFrame, references: Sequence[str]) -> pl.DataFrame:
    """Return the refunds (TRANSACTIONS) of what is called by one of the references."""
    refund = pl.col("kind").cast(pl.String) == Kind.REFUND.name
    return rows.filter(refund & pl.col("original_ref").is_in(references))


def refund_references(rows: pl.DataFrame) -> list[str]:
    """Return the originals that tonight's refunds name: history is searched for these."""
    named = rows.filter(pl.col("kind").cast(pl.String) == Kind.REFUND.name)["original_ref"]
    return named.drop_nulls().unique().sort().to_list()


def payments_named(rows: pl.DataFrame, references: Sequence[str]) -> pl.DataFrame:
    """Return the payments (TRANSACTIONS) that bear one of the references."""
    return rows.filter(_called(references) & (pl.col("kind").cast(pl.String) == Kind.PAYMENT.name))


def other_names(rows: pl.DataFrame, references: Sequence[str]) -> list[str]:
    """Return what payments and refunds are called besides the references."""
    names = pl.concat([rows["order_id"], rows["channel_ref"]]).drop_nulls()
    return sorted(set(names.to_list()) - set(references))


def names(rows: pl.DataFrame) -> list[str]:
    """Return what refunds are called, and what they call their payments."""
    columns = [rows[name] for name in ("order_id", "channel_ref", "original_ref")]
    return pl.concat(columns).drop_nulls().unique().sort().to_list()


def without_payment(at_fault: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Return the rows (TRANSACTIONS) of breaks (BREAKS) that know no payment of a refund."""
    lone = told.filter(pl.col("code").cast(pl.String) == Code.REFUND_NO_ORIGINAL.name)
    return at_fault.filter(pl.col("txn_id").is_in(lone["txn_ids"].list.first().implode()))


def with_original(refunded: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the refunds (TRANSACTIONS) of which some of `rows` are the payment."""
    paid = rows.filter(
        (pl.col("kind").cast(pl.String) == Kind.PAYMENT.name)
        & pl.col("state").cast(pl.String).is_in([State.SUCCESS.name, State.REVERSED.name])
    )
    names = [paid.select("currency", original_ref=name) for name in ("order_id", "channel_ref")]
    return refunded.join(pl.concat(names), on=["original_ref", "currency"], how="semi")


def put_right(
    told: pl.DataFrame, met: pl.DataFrame, rows: pl.DataFrame, earlier: pl.DataFrame, night: Night
) -> pl.DataFrame:
    """Return the breaks of earlier nights (`told`, BREAKS) that tonight's rows end, as over.

    Looked at are refunds whose payment has come (`met`), and those that a row of tonight undoes,
    with the other refunds of one payment. What is no fact any more is over.
    """
    back = earlier.filter(_called(undone_references(rows)))
    touched = told.filter(_lists(pl.concat([met["txn_id"], back["txn_id"]])))
    if touched.is_empty():
        return touched
    still = _found(rows, earlier, night).with_columns(code=_code_name())
    listed = still.select("code", pl.concat_list("txn_id", "other_txn_ids").alias("txn_ids"))
    same = (
        touched.select("break_id", "txn_ids", pl.col("code").cast(pl.String))
        .explode("txn_ids")
        .join(listed.explode("txn_ids"), on=["code", "txn_ids"], how="semi")
    )
    return _over(touched.filter(~pl.col("break_id").is_in(same["break_id"].implode())), night)


def without_returned_fees(
    facts: pl.DataFrame,
    told: pl.DataFrame,
    at_fault: pl.DataFrame,
    back: pl.DataFrame,
    night: Night,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the facts without fees that came back, and the breaks (BREAKS) these end, as over.

    `told` are the fee breaks of earlier nights, `at_fault` the rows of all (TRANSACTIONS), `back`
    tonight's fees that gave money to the merchant.
    """
    numbered = facts.with_columns(key=pl.format("fact {}", pl.int_range(pl.len())))
    asked = ["key", "txn_id", "code", "expected_minor", "actual_minor"]
    earlier = told.with_columns(
        key="break_id",
        txn_id=pl.col("txn_ids").list.first(),
        code=pl.col("code").cast(pl.String).replace_strict(_NUMBERS, return_dtype=pl.Int64),
    )
    both = pl.concat([earlier.select(asked), numbered.select(asked)], how="vertical_relaxed")
    met = came_back.put_right(both, at_fault, back).implode()
    rest = numbered.filter(~pl.col("key").is_in(met)).drop("key")
    return rest, _over(told.filter(pl.col("break_id").is_in(met)), night)


def _over(told: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return breaks (BREAKS) that are told tonight a last time."""
    return told.with_columns(
        business_date=pl.lit(night.business_date),
        group_id=pl.lit(None, pl.Int64),
        status=pl.lit(DisputeStatus.RESOLVED.name).cast(words(DisputeStatus)),
        cause=pl.lit("put right by a later row"),
    )


def undone_references(rows: pl.DataFrame) -> list[str]:
    """Return what tonight's reversals and voids name."""
    undoing = pl.col("kind").cast(pl.String).is_in([kind.name for kind in UNDO_KINDS])
    return rows.filter(undoing)["original_ref"].drop_nulls().unique().sort().to_list()


def _called(references: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(own).is_in(references) for own in ("order_id", "channel_ref"))


def _lists(txn_ids: pl.Series) -> pl.Expr:
    """Return whether a break lists one of the rows."""
    return pl.col("txn_ids").list.eval(pl.element().is_in(txn_ids.implode())).list.any()


def refund_facts(
    rows: pl.DataFrame, earlier: pl.DataFrame, night: Night, met: pl.Series
) -> pl.DataFrame:
    """Return the facts of tonight's refunds; `earlier` holds payments and refunds they concern.

    `met` are refunds of earlier nights (txn_id) whose payment has come tonight: only now can it be
    said that they are more than was paid.
    """
    if night.rules.refunds is None:
        return pl.DataFrame(schema=FACTS)
    policy = RefundCheck(night.rules.refunds, night.business_date, night.calendar)
    judged, asked = _judged_refunds(rows), _first_requests(rows, earlier)
    withheld = pl.col("code") == int(Code.REFUND_WITHHELD)
    known_late = pl.concat([met, _booked_tonight(rows, earlier, policy)]).implode()
    late = pl.col("txn_id").is_in(known_late) & (pl.col("code") == int(Code.REFUND_EXCESS))
    fresh = late | (
        pl.when(withheld)
        .then(pl.col("txn_id").is_in(asked["txn_id"].implode()))
        .otherwise(pl.col("txn_id").is_in(judged["txn_id"].implode()))
    )
    return _found(rows, earlier, night).filter(fresh)


def _found(rows: pl.DataFrame, earlier: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return every fact of refunds, of tonight's and of earlier ones that they concern."""
    if night.rules.refunds is None:
        return pl.DataFrame(schema=FACTS)
    known = pl.concat([rows, earlier]).unique("txn_id", keep="first")
    # a deduction that the sender explains is on record
    known = known.with_columns(
        reason="memo",
        tonight=pl.col("txn_id").is_in(rows["txn_id"].implode()),
        route=value("refund_route").replace(ROUTE_WORDS | night.rules.refunds.routes),
        original_date=_day_told("original_date"),
    )
    policy = RefundCheck(night.rules.refunds, night.business_date, night.calendar)
    codes = [int(code) for code in REFUND_CODES]
    return refunds.find(known, policy).filter(pl.col("code").is_in(codes))


def _day_told(name: str) -> pl.Expr:
    """Return an attribute as a day, null where it is none."""
    text = value(name).str.head(len("YYYY-MM-DD")).str.replace_all(r"[-/.]", "")
    return text.str.head(len("YYYYMMDD")).str.to_date("%Y%m%d", strict=False)


def _booked_tonight(rows: pl.DataFrame, earlier: pl.DataFrame, policy: RefundCheck) -> pl.Series:
    """Return refunds of earlier nights that the books show tonight (txn_id), not yet called excess.

    Until then a refund of the amount of another one may have been that one again.
    """
    number, refund = refunds.refund_number(), pl.col("kind").cast(pl.String) == Kind.REFUND.name
    ours = rows.filter(refund & (pl.col("side").cast(pl.String) == Side.MERCHANT.name))
    asked = ours.select(number).to_series()
    theirs = earlier.filter(refund & (pl.col("side").cast(pl.String) == Side.CHANNEL.name))
    booked = theirs.filter(number.is_in(asked.implode()))["txn_id"]
    if booked.is_empty():
        return booked
    told = refunds.find(earlier, policy).filter(code=int(Code.REFUND_EXCESS))["txn_id"]
    return booked.filter(~booked.is_in(told.implode()))


def _first_requests(rows: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return tonight's rows that tell what was asked for, on whichever side, for the first time.

    Mostly it is the merchant's row that knows; where both sides tell, the first night counts.
    """
    told = pl.col("requested_minor").is_not_null()
    number = refunds.refund_number()
    before = earlier.filter(told).select(number=number).unique()
    return rows.filter(told).with_columns(number=number).join(before, on="number", how="anti")


def _judged_refunds(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows on which a refund is judged: the channel's, where a channel reports.

    The merchant's own row may come a night before the channel's; one refund is one fact.
    """
    channel = rows.filter(pl.col("side").cast(pl.String) == Side.CHANNEL.name)
    return channel if channel.height else rows


def rebate_words(night: Night) -> list[str]:
    """Return the words of `product` on rows that pay some rebate."""
    return sorted({word for policy in night.rules.rebates for word in policy.paid_as})


def rebate_months(rows: pl.DataFrame, night: Night) -> list[date]:
    """Return the first days of the months whose rebates are judged tonight.

    A month is judged on the night on which its rebate is paid, and on the first night after the
    payment was due.
    """
    months: set[date] = set()
    this_month = night.business_date.replace(day=1)
    before = (this_month - timedelta(days=1)).replace(day=1)
    for policy in night.rules.rebates:
        paid = rows.filter(pl.col("product").is_in(policy.paid_as))
        if paid.height:
            months.add(before)
        last_day = this_month - timedelta(days=1)
        for _ in range(_MONTHS_BACK):
            if last_day + timedelta(days=policy.due_days + 1) == night.business_date:
                months.add(last_day.replace(day=1))
            last_day = last_day.replace(day=1) - timedelta(days=1)
    return sorted(months)


def rebate_facts(rows: pl.DataFrame, earlier: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Return the facts of every rebate policy.

    `rows` are tonight's channel rows, `earlier` the months that are judged and what was paid for
    them on other nights.
    """
    known = pl.concat([rows, earlier]).unique("txn_id", keep="first").sort("txn_id")
    found = [
        rebates.find(known, rebates.RebateCheck(policy, night.business_date, rows["txn_id"]))
        for policy in night.rules.rebates
    ]
    return pl.concat([pl.DataFrame(schema=FACTS), *found])


def broken_rows(facts: pl.DataFrame, ledger: Ledger) -> NDArray[np.int64]:
    """Return the ledger positions of rows at fault; rows of earlier nights have none."""
    real = facts.filter(~pl.col("code").is_in([int(code) for code in BENIGN]))
    ids, mine = ledger.slim["txn_id"].to_numpy(), real["txn_id"].to_numpy()
    if len(ids) == 0:
        return np.empty(0, np.int64)
    place = np.minimum(np.searchsorted(ids, mine), len(ids) - 1)
    found: NDArray[np.int64] = place[ids[place] == mine]
    return found


def as_breaks(
    facts: pl.DataFrame, wide: pl.DataFrame, ledger: Ledger, night: Night
) -> pl.DataFrame:
    """Return facts as BREAKS; `wide` holds the whole row of each fact."""
    if facts.height == 0:
        return BREAKS.empty()
    known = wide.select("txn_id", "source", "currency", "fingerprint")
    frame = facts.join(known, on="txn_id", how="left", maintain_order="left")
    again = frame.select(pl.int_range(pl.len()).over("code", "fingerprint", "cause")).to_series()
    identities = [
        break_identity(night.rules.name, code, LEG, f"{fingerprint}|{cause}|{nth}")
        for code, fingerprint, cause, nth in zip(
            frame["code"], frame["fingerprint"], frame["cause"], again, strict=True
        )
    ]
    status = pl.lit(DisputeStatus.NEW.name).cast(words(DisputeStatus))
    return conform(
        frame.with_columns(
            break_id=pl.Series(identities, dtype=pl.String),
            business_date=pl.lit(night.business_date),
            first_seen=pl.lit(night.business_date),
            leg=pl.lit(LEG),
            txn_ids=pl.concat_list("txn_id", "other_txn_ids"),
            group_id=_groups(frame["txn_id"], ledger),
            difference_minor=pl.col("actual_minor") - pl.col("expected_minor"),
            status=status,
            code=_code_name().cast(words(Code)),
        ),
        BREAKS,
    )


def _code_name() -> pl.Expr:
    names = {int(code): code.name for code in Code}
    return pl.col("code").replace_strict(names, return_dtype=pl.String)


def _groups(txn_ids: pl.Series, ledger: Ledger) -> pl.Series:
    """Return the row itself as its group; null for rows of earlier nights."""
    mine = txn_ids.is_in(ledger.slim["txn_id"].implode())
    return pl.select(pl.when(mine).then(txn_ids)).to_series()


def named_rows(facts: pl.DataFrame) -> pl.Series:
    """Return every txn_id that some fact names."""
    others = facts["other_txn_ids"].explode()
    return pl.concat([facts["txn_id"], others]).drop_nulls().unique().sort()


def whole_rows(*frames: pl.DataFrame) -> pl.DataFrame:
    """Return wide rows from several places, each once, schema TRANSACTIONS."""
    joined = pl.concat([conform(frame, TRANSACTIONS) for frame in frames])
    return joined.unique("txn_id", keep="first").sort("txn_id")
