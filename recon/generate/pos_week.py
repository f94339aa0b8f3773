"""The showcase: a shop chain's week, Wednesday to Tuesday, with every break planted and explained.

python -m recon.generate.pos_week DIR     writes the sample, README and truth included
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from recon.core.codes import Code
from recon.generate.damage import Damage
from recon.generate.plants.plants import PAIRINGS
from recon.generate.profile import PROFILES
from recon.generate.text import yuan_text
from recon.generate.truth import NORMAL_FILE
from recon.generate.world import World, generate
from recon.rules.disputes.catalogue import catalogue

WEEK: Final = World(
    profile=PROFILES["shops"],
    rows=2_450,
    nights=7,
    seed=17,
    rates={
        **{pairing.name: 0 for pairing in PAIRINGS},  # one break an order: a person reads this week
        "DUPLICATE_CHARGE": 1_300,
        "DUPLICATE_CLEARING": 900,
        "DUPLICATE_RECORD": 1_700,
        "MISSING_IN_CHANNEL": 900,
        "LATE_IN_CHANNEL": 900,
        "MISSING_IN_MERCHANT": 900,
        "LATE_IN_MERCHANT": 900,
        "AMOUNT_MISMATCH": 1_300,
        "MISKEYED": 0,
        "CHANNEL_PAID_MERCHANT_NOT": 1_700,
        "FEE_SURCHARGE": 1_300,
        "MERCHANT_PAID_CHANNEL_NOT": 900,
        "MISSING_SETTLEMENT": 60_000,
        "LATE_SETTLEMENT": 120_000,
        "NET_MISMATCH": 120_000,
        "UNKNOWN_CREDIT": 120_000,
        "OTHER_PAYER": 0,
        "ROUNDING": 0,
    },
    damage=Damage(wrong_trailer=1, late_bill=3, empty_file=2, old_layout=5),
    name="pos_week",
)

_STORY: Final = """# pos_week: a shop chain's week

Wednesday 2026-11-04 to Tuesday 2026-11-10: seven nights, {rows:,} rows of three parties in the
formats that they really send. A chain of shops sells for some tens of yuan at a time, most of it
through WeChat Pay (微信支付), the rest through Alipay (支付宝) and bank cards (银联).

    recon demo                    # runs the week and says what it finds
    recon backfill recon.toml --from 2026-11-04 --to 2026-11-10

| party | file of each night | format |
|---|---|---|
| merchant | `orders.csv` | delimited, UTF-8 |
| WeChat Pay | `wechat.csv` | trade bill (交易账单), all columns |
| Alipay | `alipay.zip` | trade bill (业务明细), GBK names and text in a zip |
| UnionPay | `INN<yymmdd>88ZM_...` | ZM file (商户对账文件), 607 bytes a line, cut at 23:00 |
| bank | `bank.sta`, working days only | MT940 |

Channels pay T+1: the batches (结算批次) of Friday, Saturday and Sunday are three credits each on
Monday. Tuesday's batches are still in transit (在途) when the week ends. Card sales after 23:00
stand in the next day's file, unpaid orders are closed, refunds come back with their fee, some
sales are revoked within minutes (撤销), customers buy the same coffee twice: none of that is a
break. The rule file knows the fee contract (手续费): 0.38 % of a wallet payment, 0.55 % of a card
payment and at most 2.00, each rounded half up to the fen.

## What was planted

Each line below is one planted break: the night on which it must be reported first, where it stands
(file and line, in `inbox/`; for Alipay the line of the detail member), the money at risk. Nothing
else may be reported. `expected/planted.csv` is this list for machines, and the other tables of
`expected/` are what the engine found; a test compares both.

"""
_ROW: Final = "| {night} | `{code}` {label} | {where} | {money} | {planted}{resolved} |\n"
_HEAD: Final = "| night | code | where | yuan | what was planted |\n|---|---|---|---|---|\n"


def write_pos_week(folder: Path) -> pl.DataFrame:
    """Write the sample and return its truth; the same bytes every time."""
    made = generate(WEEK, folder)
    (folder / "truth.csv").unlink()
    (folder / NORMAL_FILE).unlink()
    (folder / "expected").mkdir(exist_ok=True)
    planted = made.truth.drop("decided_by")  # by keys, all of them
    planted.write_csv(folder / "expected" / "planted.csv")
    rows = made.orders + made.charges + made.bank_lines
    readme = _STORY.format(rows=rows) + _HEAD + "".join(_lines(folder, made.truth))
    (folder / "README.md").write_text(readme, encoding="utf-8")
    return made.truth


def _lines(folder: Path, truth: pl.DataFrame) -> Iterator[str]:
    """Yield one line of the README's table for each planted break."""
    texts = dict(_texts(folder / "inbox"))
    for row in truth.iter_rows(named=True):
        resolved = row["resolved"]
        yield _ROW.format(
            night=row["night"],
            code=row["code"],
            label=catalogue()[Code[row["code"]]].label_zh,
            where=_where(row, texts),
            money=yuan_text(row["amount_minor"]) if row["amount_minor"] else "",
            planted=row["planted"],
            resolved=f"; resolved on {resolved}" if resolved else "",
        )


def _texts(inbox: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield every file's lines by its path, GBK files and the zip's detail decoded."""
    for path in sorted(inbox.rglob("*")):
        if path.is_dir():
            continue
        data = path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                data = archive.read(archive.namelist()[1])
        is_gbk = path.suffix in {".zip", ""} or "ZM_" in path.name
        text = data.decode("gbk" if is_gbk else "utf-8")
        yield path.relative_to(inbox).as_posix(), text.splitlines()


def _where(row: Mapping[str, object], texts: Mapping[str, list[str]]) -> str:
    """Return the file and line that a planted break names."""
    reference, column = str(row["reference"]), row["column"]
    if column == "source":
        return f"`{row['night']}`, source `{reference}`"
    if column == "batch_id":
        found = _places(reference, texts)
        return f"batch `{reference}`" + (f", {found[0]}" if found else ", in no statement")
    found = _places(reference, texts)
    return f"`{reference}`: " + ", ".join(found[:4])


def _places(reference: str, texts: Mapping[str, list[str]]) -> list[str]:
    return [
        f"`{name}` {number}"
        for name, lines in texts.items()
        if "_first" not in name
        for number, line in enumerate(lines, start=1)
        if reference in line
    ]


if __name__ == "__main__":
    write_pos_week(Path(sys.argv[1]))
