"""The rule file that reconciles a generated world."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from recon.generate.bank import PAYERS, ROUNDED
from recon.generate.files import Party
from recon.generate.notices import LISTED_FEE, PAID_AS
from recon.generate.pricing import CREDIT, DEBIT
from recon.generate.profile import (
    ALIPAY,
    CHEAP_PPM,
    CHEAP_TILL,
    PREFERRED_CREDIT,
    UNIONPAY,
    WECHAT,
    Profile,
)
from recon.generate.text import yuan_text

_RULES: Final = """# {name}: merchant orders; WeChat, Alipay and UnionPay bills; MT940 statements.
# Written by `recon generate` (profile {profile}). Change it as you like; `recon check` checks it.
version = 1
name = "{name}"

[[source]]
name = "orders"
side = "merchant"
format = "delimited"
path = "inbox/{{date}}/orders*.csv"
{quiet}
[source.columns]
order_id = "order_no"
occurred_at = "paid_at"
product = "method"
kind = "type"
state = "status"
amount = "amount"
currency = "currency"
terminal_id = "terminal"
original_ref = "original_order"
{requests}
[source.kinds]
SALE = "payment"
REFUND = "refund"

[source.states]
PAID = "success"
CLOSED = "closed"
PENDING = "pending"
VOIDED = "reversed"
FAILED = "failed"

[[source]]
name = "wechat"
side = "channel"
format = "wechat_trade"
path = "inbox/{{date}}/wechat*.csv"
serves = ["WECHAT"]
derive = {{ batch_id = "WX{{merchant_id}}-{{clearing_date:%y%m%d}}" }}
settlement = {{ payers = ["{wechat_payer}"]{wechat_refunds} }}

[[source]]
name = "alipay"
side = "channel"
format = "alipay_trade"
path = "inbox/{{date}}/alipay*.zip"
serves = ["ALIPAY"]
derive = {{ batch_id = "AL-{{clearing_date:%y%m%d}}" }}
settlement = {{ payers = ["{alipay_payer}"]{alipay_refunds} }}

[[source]]
name = "unionpay"
side = "channel"
format = "unionpay_zm"
path = "inbox/{{date}}/INN*ZM_*"
serves = ["UNIONPAY"]
allow_empty = true  # a day without card sales
cut_off = "23:00"  # clearing day D runs from 23:00 on D-1 to 23:00 on D
derive = {{ batch_id = "UP{{merchant_id}}-{{clearing_date:%y%m%d}}" }}
settlement = {{ payers = ["{card_payer}"] }}

{acquirer}[[source]]
name = "bank"
side = "bank"
format = "mt940"
path = "inbox/{{date}}/bank*.sta"
expected = "working_days"

[source.extract.batch_id]
column = "memo"
pattern = 'BATCH ([A-Z]{{2}}\\d*-\\d{{6}})'

[[leg]]
name = "merchant_channel"
left = "merchant"
right = "channel"
compare = ["terminal_id"]  # where both sides name it

[[leg.pass]]
name = "order number"
keys = ["order_id"]

[[leg.pass]]
name = "counter terminal and amount"  # card sales at the counter have no order number
method = "unique"
keys = ["terminal_id", "due_date=clearing_date"]
minutes_before = 10
minutes_after = 10

[[leg]]
name = "channel_bank"
left = "channel"
right = "bank"

[[leg.pass]]
name = "settlement batch"
method = "group"
keys = ["batch_id"]
tolerance_minor = {rounded}

[[fee_contract]]
name = "channels"
on_refund = "rate"  # the fee comes back with the refund (退手续费)
{classes}
[[fee_contract.line]]
name = "wechat"
formula = "AMT*{wechat}"
when = {{ source = "wechat" }}

[[fee_contract.line]]
name = "alipay"
formula = "AMT*{alipay}"
when = {{ source = "alipay" }}

{cards}{listed}
[refunds]
{terms}{rebate}{exchange}{act_within}"""
_CARD_LINE: Final = """[[fee_contract.line]]
name = "{name}"
formula = "{formula}"
when = {{ {when} }}
"""
_TERMS: Final = """
[[refunds.term]]
source = "wechat"
days = {days}
"""
_EXCHANGE: Final = """
[[exchange]]
name = "wallets"
rates = "rates/{date}.csv"
day = "clearing"
tolerance_minor = 4  # an order in whole cents
"""

_ACQUIRER: Final = """[[source]]
name = "acquirer"
side = "channel"
format = "delimited"
path = "inbox/{date}/acquirer*.csv"
expected = "optional"
encoding = "gb18030"
date_patterns = ["YYYY-MM-DD"]
signs = "as_given"
derive = { batch_id = "UP{merchant_id}-{clearing_date:%y%m%d}" }
settlement = { payers = ["CARD_PAYER"] }

[source.columns]
channel_ref = "通知编号"
kind = "类型"
merchant_id = "商户编号"
original_ref = "原交易参考号"
clearing_date = "清算日期"
amount = "金额"
fee = "手续费"
product = "名称"
due_date = "回复期限"

[source.kinds]
"退单" = "chargeback"
"冻结" = "freeze"
"解冻" = "unfreeze"
"扣费" = "fee"
"返还" = "adjustment"
"调单" = "retrieval"

"""
_LISTED: Final = f"""
[[fee_contract.listed]]
product = "{LISTED_FEE}"
"""
_REBATE: Final = """
[[rebate]]
name = "card volume"
tiers = [{tiers}]
merchants = [{merchants}]
paid_as = "{paid_as}"
due_days = {due_days}
"""


def rule_text(name: str, profile: Profile, party: Party, *, quiet: bool = False) -> str:
    """Return the rule file of a world; in a quiet one some file of orders has no row."""
    wechat, alipay, _ = (_share(ppm) for ppm in profile.fee_ppm)
    return _RULES.format(
        name=name,
        profile=profile.name,
        quiet="allow_empty = true  # a night without orders\n" if quiet else "",
        wechat=wechat,
        wechat_payer=PAYERS[WECHAT],
        alipay_payer=PAYERS[ALIPAY],
        card_payer=PAYERS[UNIONPAY],
        wechat_refunds=_funding(profile, WECHAT),
        alipay_refunds=_funding(profile, ALIPAY),
        rounded=ROUNDED,
        alipay=alipay,
        requests='requested_amount = "requested"\n' if profile.requests else "",
        classes=_classes_text(profile, party),
        cards="\n".join(_card_lines(profile)),
        acquirer=_ACQUIRER.replace("CARD_PAYER", PAYERS[UNIONPAY]) if profile.acquirer else "",
        listed=_LISTED if profile.acquirer else "",
        terms=_TERMS.format(days=profile.refund_days) if profile.refund_days else "",
        rebate=_rebate_text(profile, party),
        exchange=_EXCHANGE if profile.dollars_ppm else "",
        act_within=_act_within_text(profile),
    )


def _funding(profile: Profile, channel: str) -> str:
    """Return what a channel's refunds are paid from, where that is not the payout."""
    return ', refunds_from = "merchant_balance"' if channel in profile.refunds_apart else ""


def _classes_text(profile: Profile, party: Party) -> str:
    """Return which merchant has which class, where cards are priced by it."""
    if not profile.credit_ppm:
        return ""
    words = (
        f'{party.unionpay_id}{number + 1:03d} = "{_class(number, profile)}"'
        for number in range(profile.merchants)
    )
    return f'credit_words = ["{CREDIT}"]\nmerchant_classes = {{ {", ".join(words)} }}\n'


def _class(number: int, profile: Profile) -> str:
    return "preferential" if number % profile.preferred_every == 0 else "standard"


def _card_lines(profile: Profile) -> Iterator[str]:
    """Yield the contract's lines for cards: one for all, or by card type, class and till."""
    source = 'source = "unionpay"'
    usual = _limited(profile, profile.fee_ppm[2])
    if not profile.credit_ppm:
        yield _CARD_LINE.format(name="unionpay", formula=usual, when=source)
        return
    lower = profile.preferred_ppm
    for name, card_type, word, formula in (
        ("debit", DEBIT, "standard", usual),
        ("debit, preferential", DEBIT, "preferential", _limited(profile, lower)),
        ("credit", CREDIT, "standard", f"AMT*{_share(profile.credit_ppm)}"),
        ("credit, preferential", CREDIT, "preferential", f"AMT*{_share(lower + PREFERRED_CREDIT)}"),
    ):
        when = f'{source}, card_type = "{card_type}", merchant_class = "{word}"'
        yield _CARD_LINE.format(name=name, formula=formula, when=when)
    if not profile.cheap_tills:
        return
    tills = (f'"{number * 100 + CHEAP_TILL:08d}"' for number in range(profile.focus))
    when = f'{source}, card_type = "{CREDIT}", terminal_id = [{", ".join(tills)}]'
    formula = f"AMT*{_share(CHEAP_PPM)}"
    yield _CARD_LINE.format(name="credit, tills agreed on", formula=formula, when=when)


def _act_within_text(profile: Profile) -> str:
    """Return within how many days to act, where that is agreed otherwise than usual."""
    if not profile.act_within:
        return ""
    days = "".join(f"{code} = {days}\n" for code, days in profile.act_within)
    return f"\n[breaks.act_within_days]\n{days}"


def _limited(profile: Profile, ppm: int) -> str:
    """Return the formula of debit cards at a rate."""
    cap = yuan_text(profile.card_cap)
    if not profile.card_floor:
        return f"MIN({cap},AMT*{_share(ppm)})"
    return f"MTM({yuan_text(profile.card_floor)},{cap},AMT*{_share(ppm)})"


def _rebate_text(profile: Profile, party: Party) -> str:
    """Return the rebate policy; the last merchant is outside the programme."""
    if profile.rebate is None:
        return ""
    tiers = (
        f'{{ from = {yuan_text(start)}, rate = "AMT*{_share(ppm)}" }}'
        for start, ppm in profile.rebate.tiers
    )
    inside = (f'"{party.unionpay_id}{number:03d}"' for number in range(1, profile.merchants))
    return _REBATE.format(
        tiers=", ".join(tiers),
        merchants=", ".join(inside),
        paid_as=PAID_AS,
        due_days=profile.rebate.due_days,
    )


def _share(ppm: int) -> str:
    """Return parts per million as a decimal below one."""
    return f"0.{ppm:06d}".rstrip("0")
