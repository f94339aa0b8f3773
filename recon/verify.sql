-- What the independent checker asks of the published tables (recon/verify.py reads this file).
-- What is headed as a law must answer no rows: a row is an example of the failure.

-- query: placed
create table placed as
with
  fresh as (
    select txn_id, side, source, file_id, record_no, currency, amount_minor, fee_minor, net_minor,
      false as was_open
    from transactions
  ),
  carried as (
    select txn_id, any_value(side), any_value(source), any_value(file_id), any_value(record_no),
      any_value(currency), any_value(amount_minor), any_value(fee_minor), any_value(net_minor),
      true as was_open
    from opening_items
    group by txn_id
  ),
  arrived as (select * from fresh union all select * from carried)
select
  coalesce(arrived.txn_id, outcomes.txn_id) as txn_id,
  arrived.txn_id is not null as has_row,
  outcomes.txn_id is not null as has_outcome,
  side, source, file_id, record_no, coalesce(currency, '') as currency,
  amount_minor, fee_minor, net_minor, was_open,
  group_id, outcome, opening, closing
from arrived
full join outcomes on outcomes.txn_id = arrived.txn_id;

-- query: no balances
select '' as source, '' as against, '' as currency, 0 as opening_minor, 0 as sales_minor,
  0 as refunds_minor, 0 as undone_minor, 0 as chargebacks_minor, 0 as adjustments_minor,
  0 as other_minor, 0 as fees_minor, 0 as settled_minor, 0 as disputed_minor,
  0 as in_transit_minor, 0 as overdue_minor, 0 as idle_minor, 0 as residual_minor
where false;

-- query: outcomes by file
select source, file_id, currency, cast(outcome as varchar) as outcome, count(*) as rows,
  count(*) - count(amount_minor) as amount_unknown,
  coalesce(sum(amount_minor), 0) as amount_minor, coalesce(sum(fee_minor), 0) as fee_minor
from placed
where not was_open
group by all;

-- query: inputs
select inputs.source, inputs.file_id, sha256, cast(state as varchar), coalesce("rows", 0),
  coalesce(rejected, 0), coalesce(refused, 0)
from inputs
left join (select file_id, count(*) as refused from rejects group by file_id) using (file_id)
where cast(state as varchar) in ('ACCEPTED', 'UNVERIFIED');

-- query: set aside
select source, path, sha256, cast(state as varchar), "rows", rejected
from inputs
where cast(state as varchar) in ('HELD', 'REFUSED', 'DUPLICATE')
order by source, path;

-- query: roll-forward
with stages as (
  select 'opening' as stage, side, currency, amount_minor from placed where was_open
  union all by name
  select 'new' as stage, side, currency, amount_minor from placed where not was_open
  union all by name
  select 'closed' as stage, side, currency, amount_minor from placed where not closing
  union all by name
  select 'closing' as stage, any_value(side) as side, coalesce(any_value(currency), '') as currency,
    any_value(amount_minor) as amount_minor
  from open_items
  group by txn_id
)
select cast(side as varchar), currency, stage, count(*), coalesce(sum(amount_minor), 0)
from stages
group by all;

-- law: every row has an outcome
select txn_id
from placed
where not has_outcome;

-- law: every outcome has a row
select txn_id
from placed
where not has_row;

-- law: a row has one outcome
select txn_id, count(*)
from placed
group by txn_id
having count(*) > 1;

-- law: carried in means carried over the night before
select txn_id, was_open, opening
from placed
where was_open is distinct from opening;

-- law: a row id holds its record number
select txn_id, record_no
from transactions
where txn_id & 268435455 <> record_no;

-- law: closing rows are tonight's open items
with waiting as (
  select distinct txn_id, true as waits
  from open_items
)
select txn_id, closing, waits
from outcomes
full join waiting using (txn_id)
where coalesce(closing, false) <> coalesce(waits, false);

-- law: open items carry the row unchanged
select open_items.txn_id, open_items.amount_minor, placed.amount_minor
from open_items
join placed using (txn_id)
where open_items.amount_minor is distinct from placed.amount_minor
  or open_items.fee_minor is distinct from placed.fee_minor
  or open_items.net_minor is distinct from placed.net_minor
  or coalesce(open_items.currency, '') <> placed.currency
  or open_items.side <> placed.side
  or open_items.record_no <> placed.record_no;

-- law: both ends of a link are rows of one group
select left_txn_id, right_txn_id, leg
from links
left join outcomes as left_end on left_end.txn_id = left_txn_id
left join outcomes as right_end on right_end.txn_id = right_txn_id
where left_end.group_id is null
  or right_end.group_id is null
  or left_end.group_id <> right_end.group_id
  or left_txn_id = right_txn_id;

-- law: a link is listed once
select left_txn_id, right_txn_id, leg
from links
group by all
having count(*) > 1;

-- law: a group is named after its smallest row
select group_id, min(txn_id)
from outcomes
where group_id is not null
group by group_id
having min(txn_id) <> group_id;

-- law: a group is listed once a currency and has rows
with
  members as (
    select group_id, currency, count(*) as members
    from placed
    where group_id is not null
    group by group_id, currency
  ),
  listing as (
    select group_id, currency, count(*) as listed
    from groups
    group by group_id, currency
  )
select group_id, currency, members, listed
from members
full join listing using (group_id, currency)
where listed > 1
  or members is null
  or listed is null;

-- law: group counts, sums and outcomes
with facts as (
  select
    group_id,
    currency,
    count(*) filter (side = 'MERCHANT') as merchant_rows,
    count(*) filter (side = 'CHANNEL') as channel_rows,
    count(*) filter (side = 'BANK') as bank_rows,
    coalesce(sum(amount_minor) filter (side = 'MERCHANT'), 0) as merchant_minor,
    coalesce(sum(amount_minor) filter (side = 'CHANNEL'), 0) as channel_minor,
    coalesce(sum(net_minor) filter (side = 'CHANNEL'), 0) as channel_net_minor,
    coalesce(sum(amount_minor) filter (side = 'BANK'), 0) as bank_minor,
    -- the outcome is the whole group's
    case
      when bool_or(bool_or(outcome = 'BREAK')) over (partition by group_id) then 'BREAK'
      when bool_or(bool_or(outcome = 'CARRIED')) over (partition by group_id) then 'CARRIED'
      else 'NEITHER'
    end as outcome
  from placed
  group by group_id, currency
)
select groups.group_id, groups.outcome, facts.outcome
from groups
join facts using (group_id, currency)
where groups.merchant_rows <> facts.merchant_rows
  or groups.channel_rows <> facts.channel_rows
  or groups.bank_rows <> facts.bank_rows
  or coalesce(groups.merchant_minor, 0) <> facts.merchant_minor
  or coalesce(groups.channel_minor, 0) <> facts.channel_minor
  or coalesce(groups.channel_net_minor, 0) <> facts.channel_net_minor
  or coalesce(groups.bank_minor, 0) <> facts.bank_minor
  or case when groups.outcome in ('BREAK', 'CARRIED') then groups.outcome else 'NEITHER' end
    <> facts.outcome;

-- law: a break is listed once
select break_id
from breaks
group by break_id
having count(*) > 1;

-- law: a break that is true tonight is about a row of tonight
select break_id, txn_ids[1]
from breaks
anti join outcomes on outcomes.txn_id = txn_ids[1]
where status is distinct from 'RESOLVED'
  and leg is distinct from 'contract' -- a month's fees or rebate: rows of earlier nights too
  and len(txn_ids) > 0;

-- law: a dispute is listed once
select dispute_id
from disputes
group by dispute_id
having count(*) > 1;

-- law: money at risk is not negative
select dispute_id, amount_minor
from disputes
where amount_minor < 0;

-- law: a reject is listed once
select file_id, record_no
from rejects
group by all
having count(*) > 1;

-- law: a reject belongs to a file of tonight
select rejects.file_id, rejects.record_no
from rejects
anti join inputs using (file_id);

-- law: a daily balance balances
select source, against, currency, residual_minor
from balances
where residual_minor <> 0
  or opening_minor + sales_minor + refunds_minor + undone_minor + chargebacks_minor
    + adjustments_minor + other_minor - fees_minor
    <> settled_minor + disputed_minor + in_transit_minor + overdue_minor + idle_minor;
