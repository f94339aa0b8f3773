"""The three-way job as a DuckDB user writes it: read, join, classify, write. Prints counts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

SQL = """
create table orders as select * from read_csv('{folder}/orders.csv', header = true, columns = {{
  'order_id': 'varchar', 'amount': 'decimal(18,2)', 'created_at': 'timestamp',
  'status': 'varchar'}});
create table channel as select * from read_csv('{folder}/channel.csv', header = true, columns = {{
  'order_id': 'varchar', 'transaction_id': 'varchar', 'payout_ref': 'varchar',
  'amount': 'decimal(18,2)', 'fee': 'decimal(18,2)', 'paid_at': 'timestamp'}});
create table bank as select * from read_csv('{folder}/bank.csv', header = true, columns = {{
  'reference': 'varchar', 'amount': 'decimal(18,2)', 'value_date': 'date', 'memo': 'varchar'}});

create table paired as
with ranked as (
  select *, row_number() over (partition by order_id order by paid_at, transaction_id) as nth
  from channel)
select o.order_id, c.order_id as channel_order, c.transaction_id, o.amount as expected,
  c.amount as actual, o.status, c.nth
from orders o full join ranked c on o.order_id = c.order_id;
create table settled as
select c.transaction_id, c.payout_ref, b.reference, c.amount - c.fee as expected, b.amount as actual
from channel c full join bank b on c.payout_ref = b.reference;

create table breaks as
select 'DUPLICATE_CHARGE' as code, order_id, transaction_id, expected, actual from paired
where nth > 1 and order_id is not null
union all
select 'MISSING_IN_CHANNEL', order_id, transaction_id, expected, actual from paired
where channel_order is null and status = 'PAID'
union all
select 'MISSING_IN_MERCHANT', channel_order, transaction_id, expected, actual from paired
where order_id is null
union all
select 'CHANNEL_PAID_MERCHANT_NOT', order_id, transaction_id, expected, actual from paired
where nth = 1 and status <> 'PAID'
union all
select 'AMOUNT_MISMATCH', order_id, transaction_id, expected, actual from paired
where nth = 1 and status = 'PAID' and expected <> actual
union all
select 'MISSING_SETTLEMENT', null, transaction_id, expected, actual from settled
where reference is null
union all
select 'UNKNOWN_CREDIT', null, reference, expected, actual from settled where payout_ref is null
union all
select 'NET_MISMATCH', null, transaction_id, expected, actual from settled
where expected <> actual;
copy breaks to '{out}/breaks.parquet';
copy paired to '{out}/paired.parquet';
copy settled to '{out}/settled.parquet';
"""


def main() -> None:
    """Run the script over a folder with two threads and print breaks by code as JSON."""
    folder, out = (Path(name) for name in sys.argv[1:3])
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        for statement in SQL.format(folder=folder, out=out).split(";\n"):
            if statement.strip():
                connection.execute(statement).fetchall()
        counts = connection.execute("select code, count(*) from breaks group by code").fetchall()
    print(json.dumps(dict(counts)))


main()
