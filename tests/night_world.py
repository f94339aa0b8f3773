"""A small world for tests of whole nights: three CSV sources, rows written as short tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recon.core.codes import BENIGN
from recon.pipeline import Result, run_night
from recon.rules.rule_file.rule_file import read_rules
from recon.store import snapshot
from recon.store.read import read_table
from recon.verify import verify

WEEK = ("2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13")  # from Monday on
Day = dict[str, list[str]]  # rows by source

RULES = """version = 1
name = "test"
opening_date = {opening}
{extra_top}
[[source]]
name = "orders"
side = "merchant"
format = "delimited"
path = "inbox/orders_{{date:%Y%m%d}}.csv"
allow_empty = true
{orders}
[source.columns]
order_id = "order"
amount = "amount"
occurred_at = "time"
state = "state"
kind = "kind"
currency = "currency"
original_ref = "original"
[source.states]
PAID = "success"
PENDING = "pending"
CLOSED = "closed"
FAILED = "failed"
[source.kinds]
sale = "payment"
refund = "refund"

[[source]]
name = "psp"
side = "channel"
format = "delimited"
path = "inbox/psp_{{date:%Y%m%d}}.csv"
cut_off = "23:00"
allow_empty = true
{psp}
[source.columns]
order_id = "order"
channel_ref = "ref"
amount = "amount"
fee = "fee"
occurred_at = "time"
merchant_id = "merchant"
kind = "kind"
state = "state"
currency = "currency"
original_ref = "original"
[source.states]
OK = "success"
FAILED = "failed"
PENDING = "pending"
[source.kinds]
sale = "payment"
refund = "refund"
void = "void"
[source.derive]
batch_id = "{{merchant_id}}-{{clearing_date:%Y%m%d}}"
[source.settlement]
cycle = "{cycle}"

[[source]]
name = "bank"
side = "bank"
format = "delimited"
path = "inbox/bank_{{date:%Y%m%d}}.csv"
expected = "working_days"
allow_empty = true
{bank}
[source.columns]
amount = "amount"
value_date = "day"
memo = "memo"
currency = "currency"
[source.extract.batch_id]
column = "memo"
pattern = "PAYOUT (\\\\d+) (\\\\d{{8}})"
template = "{{1}}-{{2}}"

"""
# By order number, then as `bank_passes` say; other rule files of the tests have these legs too.
LEGS = """[[leg]]
name = "order-channel"
left = "merchant"
right = "channel"
[[leg.pass]]
name = "order number"
keys = ["order_id"]

[[leg]]
name = "channel-bank"
left = "channel"
right = "bank"
{bank_passes}
"""
GROUP = """[[leg.pass]]
name = "batch"
method = "group"
keys = ["batch_id"]
"""
HEADERS = {
    "orders": "order,amount,time,state,kind,currency,original",
    "psp": "order,ref,amount,fee,time,merchant,kind,state,currency,original",
    "bank": "day,amount,memo,currency",
}


class NightWorld:
    """A folder with a rule file; write days into it, run nights, read tables."""

    def __init__(
        self,
        folder: Path,
        *,
        opening: str = "2026-11-09",
        cycle: str = "T+1",
        bank_passes: str = GROUP,
        **extra: str,
    ) -> None:
        """Write the rule file; `extra` adds keys to a source (orders, psp, bank) or to the top."""
        self.folder = folder
        self.config = folder / "recon.toml"
        (folder / "inbox").mkdir(parents=True, exist_ok=True)
        keys = {name: extra.get(name, "") for name in ("orders", "psp", "bank", "extra_top")}
        self.config.write_text(
            (RULES + LEGS).format(opening=opening, cycle=cycle, bank_passes=bank_passes, **keys),
            encoding="utf-8",
        )

    def day(self, day: str, **sources: list[str] | None) -> None:
        """Write one day's files. A source given as None is not delivered; left out, it is empty."""
        stamp = day.replace("-", "")
        for name, header in HEADERS.items():
            rows = sources.get(name, [])
            if rows is not None:
                lines = [_row(name, day, row) for row in rows]
                self.file(name, stamp).write_text("\n".join([header, *lines]) + "\n", "utf-8")

    def file(self, source: str, stamp: str) -> Path:
        """Return the path of a source's file of one day (`20261109`)."""
        return self.folder / "inbox" / f"{source}_{stamp}.csv"

    def run(self, day: str, **options: Any) -> Result:
        """Run one night."""
        with template_as_snapshot():
            return run_night(read_rules(self.config), date.fromisoformat(day), **options)

    def table(self, result: Result, name: str) -> pl.DataFrame:
        """Return one table of a published night."""
        return read_table(result.folder, name)

    def codes(self, result: Result, *, benign: bool = False) -> list[str]:
        """Return the codes of a night, sorted; with `:OPEN` or `:RESOLVED` where not new."""
        breaks = self.table(result, "breaks")
        found = []
        for code, status in breaks.select("code", "status").iter_rows():
            if benign or code not in {item.name for item in BENIGN}:
                found.append(code if status == "NEW" else f"{code}:{status}")
        return sorted(found)


@contextmanager
def template_as_snapshot() -> Iterator[None]:
    """Publish the snapshots' template as it is: placing it is a sixth of a small night's work.

    Whoever opens it gets the same views, made anew; `tests/store` proves the placed ones.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot, "build", lambda path, template, *_: shutil.copyfile(template, path))
        yield


def nights(world: NightWorld, *days: Day) -> list[Result]:
    """Run Monday, Tuesday, ... with the given rows; the last proves itself and what it carried."""
    results = []
    for day, rows in zip(WEEK, days, strict=False):
        world.day(day, **rows)
        results.append(world.run(day))
    assert verify(world.folder / "workspace", results[-1].run_id).failures == []
    return results


def codes(world: NightWorld, *days: Day) -> list[list[str]]:
    """Return the codes of Monday, Tuesday, ..."""
    return [world.codes(night) for night in nights(world, *days)]


def _row(source: str, day: str, text: str) -> str:
    """Return a CSV line from `A1 100.00 [09:00] [key=value ...]`."""
    words = text.split()
    given = dict(word.split("=", 1) for word in words if "=" in word)
    plain = [word for word in words if "=" not in word]
    clock = next((word for word in plain if ":" in word), "10:00")
    plain = [word for word in plain if ":" not in word]
    when = f"{given.get('on', day)} {clock}:00"
    if source == "bank":
        memo = given.get("memo", "").replace("_", " ")
        return f"{given.get('on', day)},{plain[0]},{memo},{given.get('currency', 'CNY')}"
    tail = [given.get("kind", "sale"), given.get("state", "PAID" if source == "orders" else "OK")]
    tail += [given.get("currency", "CNY"), given.get("original", "")]
    if source == "orders":
        return ",".join([plain[0], plain[1], when, tail[1], tail[0], tail[2], tail[3]])
    reference = given.get("ref", f"R{plain[0]}")
    merchant = given.get("merchant", "8001")
    return ",".join(
        [plain[0], reference, plain[1], given.get("fee", "0.00"), when, merchant, *tail]
    )
