create macro money(minor, currency) as
  cast(minor as decimal(32, 0))
  * case minor_digits(currency)
      when 0 then cast(1 as decimal(5, 4))
      when 3 then cast('0.001' as decimal(5, 4))
      when 4 then cast('0.0001' as decimal(5, 4))
      when 2 then cast('0.01' as decimal(5, 4))
    end;

comment on macro money is 'minor units as an exact decimal of the currency';

create macro attribute(attributes, name) as attributes ->> name;

comment on macro attribute is 'what a sender says beyond the columns: response code, entry mode, reason, ...';

create macro is_benign(code) as
  code in ('IN_TRANSIT', 'ROUNDING', 'BENIGN_REPEAT', 'NETTED');

comment on macro is_benign is 'whether a code is never a dispute: in transit, rounding, benign repeat, netted';

create macro breaks_on(night) as table
select *
from breaks
where business_date = night
  and not is_benign(code)
order by code, break_id;

comment on macro table breaks_on is 'the breaks of one night, benign ones left out';

create macro disputes_on(night) as table
select *
from disputes
where business_date = night
order by amount_minor desc, dispute_id;

comment on macro table disputes_on is 'the disputes of one night, the most money first';

create macro breaks_as_of(night) as table
select *
from breaks
where business_date <= night
  and not is_benign(code)
qualify row_number() over (partition by break_id order by business_date desc) = 1
order by code, break_id;

comment on macro table breaks_as_of is 'each break as it was last reported, that night or before';

create macro disputes_as_of(night) as table
select *
from disputes
where business_date <= night
qualify row_number() over (partition by dispute_id order by business_date desc) = 1
order by amount_minor desc, dispute_id;

comment on macro table disputes_as_of is 'each dispute as it was last reported, that night or before';

create macro open_items_on(night) as table
select *
from open_items
where business_date = night
order by wait_until, txn_id, leg;

comment on macro table open_items_on is 'what waits after one night';

create macro ageing(night) as table
select
  side,
  waiting_for,
  currency,
  case
    when age is null then 'unknown'
    when age <= 0 then '0 today'
    when age = 1 then '1'
    when age <= 3 then '2-3'
    when age <= 7 then '4-7'
    when age <= 30 then '8-30'
    else 'over 30'
  end as business_days,
  min(age) as youngest,
  count(*) as open_rows,
  count(break_code) as reported_as_break,
  sum(amount_minor) as amount_minor,
  money(sum(amount_minor), currency) as amount
from open_items
where business_date = night
group by side, waiting_for, currency, business_days
order by side, waiting_for, currency, youngest;

comment on macro table ageing is 'what waits after one night, by side, currency and age in business days';

create macro trace_order(wanted) as table
select
  business_date,
  side,
  source,
  kind,
  state,
  amount_minor,
  fee_minor,
  net_minor,
  currency,
  occurred_at,
  clearing_date,
  value_date,
  order_id,
  channel_ref,
  bank_ref,
  batch_id,
  file_id,
  record_no,
  txn_id
from transactions
where wanted in (order_id, channel_ref, bank_ref, rrn, original_ref)
order by business_date, occurred_at, side, txn_id;

comment on macro table trace_order is 'every row on any side that carries an order number or reference';

create macro partners(wanted) as table
select
  links.business_date,
  links.leg,
  links."pass",
  links.match_kind,
  links.score,
  links.reasons,
  case
    when links.left_txn_id = wanted then links.right_txn_id
    else links.left_txn_id
  end as partner_txn_id
from links
where wanted in (links.left_txn_id, links.right_txn_id)
order by links.business_date, links.leg, partner_txn_id;

comment on macro table partners is 'what a row was linked with, how, and why';

create macro tie_out(night) as table
select
  currency,
  sum(merchant_rows) as merchant_rows,
  sum(channel_rows) as channel_rows,
  sum(bank_rows) as bank_rows,
  sum(merchant_minor) as merchant_minor,
  sum(channel_minor) as channel_minor,
  sum(channel_net_minor) as channel_net_minor,
  sum(bank_minor) as bank_minor,
  outcome
from groups
where business_date = night
group by currency, outcome
order by currency, outcome;

comment on macro table tie_out is 'counts and sums of the match groups of one night, by currency and outcome';
