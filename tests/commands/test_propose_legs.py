"""From files of two sides to a first run, by nothing but what the commands say."""

from __future__ import annotations

import tomllib
from pathlib import Path

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

from recon.cli import group
from recon.commands.propose import propose

ORDERS = "order_no,amount,paid_at\nA1,10.00,2026-11-20 10:00:00\nA2,5.50,2026-11-20 11:00:00\n"
CHANNEL = (
    "trade_no,out_trade_no,amount,fee,paid_at\n"
    "T1,A1,10.00,0.06,2026-11-20 10:00:02\nT2,A2,5.50,0.03,2026-11-20 11:00:02\n"
)
BANK = "Date,Description,Debit,Credit,Balance\n2026-11-21,PAYOUT,,15.41,15.41\n"


def written(folder: Path, **texts: str) -> list[Path]:
    """Write texts as CSV files."""
    paths = [folder / f"{name}.csv" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def recon(*words: object, code: int = 0) -> str:
    """Run a command and return what it says."""
    result = CliRunner().invoke(group, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.output


def test_two_files_make_a_run(tmp_path: Path) -> None:
    """The proposal of two files is checked, run and matched as it stands."""
    orders, channel = written(tmp_path, orders=ORDERS, chan=CHANNEL)
    said = recon("init", tmp_path / "p", "--from", orders, "--from", channel)
    rule_file = tmp_path / "p" / "recon.toml"
    for command in ("recon check", "recon run", "--source orders", "--source chan"):
        assert command in said
    assert "2 sources, 1 legs" in recon("check", rule_file)
    for path in (orders, channel):
        recon("inspect", path, "--config", rule_file, "--source", path.stem)
        inbox = tmp_path / "p" / "inbox" / "2026-11-20"
        inbox.mkdir(parents=True, exist_ok=True)
        (inbox / path.name).write_bytes(path.read_bytes())
    told = recon("run", rule_file, "--date", "2026-11-20")
    assert "nothing is wrong" in told
    assert "merchant_channel  order_id      2     4  15.50 CNY" in told


def in_kind(kind: str, path: Path) -> None:
    """Write the orders as a file of another kind."""
    orders = pl.read_csv(ORDERS.encode(), infer_schema=False)
    typed = orders.with_columns(
        pl.col("amount").cast(pl.Decimal(18, 2)), pl.col("paid_at").str.to_datetime()
    )
    if kind == "xlsx":
        orders.write_excel(path)
    elif kind == "jsonl":
        orders.write_ndjson(path)
    elif kind == "parquet":
        typed.write_parquet(path)
    elif kind == "txt":
        rows = (("ORDER", "AMOUNT", "PAID"), *orders.iter_rows())
        path.write_text("".join(f"{a:<10}{b:>8}   {c:<20}\n" for a, b, c in rows), "utf-8")
    else:
        with duckdb.connect(str(path)) as database:
            database.execute("create table orders (order_no text, amount decimal(18, 2))")
            database.execute("alter table orders add column paid_at timestamp")
            for row in typed.iter_rows():
                database.execute("insert into orders values (?, ?, ?)", row)


@pytest.mark.parametrize("kind", ["xlsx", "jsonl", "parquet", "txt", "duckdb"])
def test_every_kind_of_file_makes_a_run(kind: str, tmp_path: Path) -> None:
    """Workbook, JSON lines, Parquet, fixed width and database: proposed, put, run, matched."""
    (channel,) = written(tmp_path, chan=CHANNEL)
    orders = tmp_path / f"orders.{kind}"
    in_kind(kind, orders)
    recon("init", tmp_path / "p", "--from", orders, "--from", channel)
    inbox = tmp_path / "p" / "inbox" / "2026-11-20"
    inbox.mkdir(parents=True)
    for path in (orders, channel):
        (inbox / path.name).write_bytes(path.read_bytes())
    told = recon("run", tmp_path / "p" / "recon.toml", "--date", "2026-11-20")
    assert "merchant_channel  order_id      2     4  15.50 CNY" in told


def test_one_file_is_read_before_there_is_a_leg(tmp_path: Path) -> None:
    """`inspect` reads by a proposal without a leg; `check` says how to get one."""
    (orders,) = written(tmp_path, orders=ORDERS)
    assert "--from" in recon("init", tmp_path / "p", "--from", orders)
    rule_file = tmp_path / "p" / "recon.toml"
    told = recon("inspect", orders, "--config", rule_file, "--source", "orders")
    assert "2 rows, 0 rejected" in told
    with pytest.raises(Exception, match=r"recon init --from FILE --from OTHER"):
        CliRunner().invoke(group, ["check", str(rule_file)], catch_exceptions=False)


def test_sides_and_keys_of_three_files(tmp_path: Path) -> None:
    """Each side is taken once; sides without a common number meet by amount and day."""
    tree = tomllib.loads(propose(*written(tmp_path, orders=ORDERS, chan=CHANNEL, bank=BANK)))
    assert [item["side"] for item in tree["source"]] == ["merchant", "channel", "bank"]
    assert [leg["name"] for leg in tree["leg"]] == ["merchant_channel", "channel_bank"]
    assert tree["leg"][0]["pass"] == [{"name": "order_id", "keys": ["order_id"]}]
    assert tree["leg"][1]["pass"][0]["method"] == "window"


def test_two_files_of_one_name_are_two_sources(tmp_path: Path) -> None:
    """Names of sources differ even where those of files do not."""
    (tmp_path / "other").mkdir()
    paths = written(tmp_path, orders=ORDERS) + written(tmp_path / "other", orders=ORDERS)
    assert [item["name"] for item in tomllib.loads(propose(*paths))["source"]] == [
        "orders",
        "orders_2",
    ]
