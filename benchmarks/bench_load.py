"""Loading one large CSV beside DuckDB and Polars reading the same rows typed: two races.

The first is bytes to Parquet. The second is bytes to typed columns that stay, DuckDB's in a table
of its own and ours without the part: exact money, UTC times, states, record numbers, byte ranges,
refused rows and all the rest of what loading does.

Ours also hashes and copies the file, numbers and places every row, gives it a fingerprint, looks
for card numbers, keeps key digests and proves the totals that the file declares. The peers are
given the types and need not guess: text, DECIMAL(18,2) and TIMESTAMP. Each contestant is a process
of its own that has read a small file of the same shape before it is timed.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl

from benchmarks.race import RESULTS, peak_kib, processor, versions

HERE = Path(__file__).parent
NIGHT = date(2026, 11, 9)
WARM_ROWS = 5_000
CHUNK = 1_000_000
_GENERIC = ("order_id", "transaction_id", "payout_ref", "amount", "fee", "paid_at")

Answer = tuple[int, int, int]  # rows, sum of amounts and of fees in minor units


def _yuan(fen: pl.Expr, more: str = "") -> pl.Expr:
    """Return fen as decimal text."""
    return pl.format("{}.{}{}", fen // 100, (fen % 100).cast(pl.String).str.zfill(2), pl.lit(more))


def _payments(first: int, rows: int) -> pl.DataFrame:
    """Return payments by number: order, references, amount, fee and time."""
    random = np.random.default_rng(first + 11)
    number = pl.Series("n", random.permutation(rows) + first).cast(pl.String).str.zfill(11)
    fen = pl.Series("fen", random.integers(100, 200_000, rows))
    second = pl.Series("second", np.sort(random.integers(600, 80_000, rows)))
    return pl.DataFrame([number, fen, second]).select(
        pl.format("ORD20261109{}", "n").alias("order_id"),
        pl.format("42000020261109000{}", "n").alias("transaction_id"),
        pl.format("PO{}", "n").alias("payout_ref"),
        "fen",
        ((pl.col("fen") * 38 + 5_000) // 10_000).alias("fee_fen"),
        (pl.datetime(2026, 11, 9) + pl.duration(seconds="second"))
        .dt.strftime("%Y-%m-%d %H:%M:%S")
        .alias("paid_at"),
    )


def write_generic(path: Path, rows: int) -> None:
    """Write a plain CSV of six columns."""
    with path.open("wb") as file:
        for first in range(0, rows, CHUNK):
            frame = _payments(first, min(CHUNK, rows - first)).with_columns(
                amount=_yuan(pl.col("fen")), fee=_yuan(pl.col("fee_fen"))
            )
            frame.select(_GENERIC).write_csv(file, include_header=first == 0)


def write_wechat(path: Path, rows: int) -> None:
    """Write a WeChat trade bill (SUCCESS layout) with its summary."""
    header = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
    header += "交易状态,付款银行,货币种类,应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,"
    header += "订单金额,费率备注"
    sums = [0, 0]
    with path.open("wb") as file:
        file.write(f"{header}\n".encode())
        for first in range(0, rows, CHUNK):
            frame = _payments(first, min(CHUNK, rows - first))
            sums = [sums[0] + int(frame["fen"].sum()), sums[1] + int(frame["fee_fen"].sum())]
            amount = _yuan(pl.col("fen"))
            cells = ["wx8d5c1e0f3a7b2946", "1900000109", "0", "T01", "transaction_id", "order_id"]
            cells += ["oUpF8uMuAJO", "MICROPAY", "SUCCESS", "OTHERS", "CNY", amount, "0.00"]
            cells += ["门店消费", "", _yuan(pl.col("fee_fen"), "000"), "0.38%", amount, ""]
            known = set(frame.columns)
            exprs = [
                pl.lit(cell) if isinstance(cell, str) and cell not in known else cell
                for cell in ("paid_at", *cells)
            ]
            line = pl.concat_str(pl.lit("`"), pl.concat_str(*exprs, separator=",`"))
            file.write(("\n".join(frame.select(line).to_series()) + "\n").encode())
        yuan = [f"{total // 100}.{total % 100:02d}" for total in sums]
        summary = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,"
        file.write(f"{summary}订单总金额,申请退款总金额\n".encode())
        cells = [str(rows), yuan[0], "0.00", "0.00", f"{yuan[1]}000", yuan[0], "0.00"]
        file.write(("`" + ",`".join(cells) + "\n").encode())


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "delimited": write_generic,
    "wechat_trade": write_wechat,
}


def recon_read(kind: str, path: Path, out: Path) -> Answer:
    """Load the file as the load stage of a run does, every column kept typed in memory."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from recon.io.loading.part_writer import PartWriter

    tables: list[pa.Table] = []
    with patch.object(PartWriter, "append", lambda _writer, table: tables.append(table)):
        slim = recon_load(kind, path, out)
    table = pa.concat_tables(tables)
    sums = (pc.sum(table[name]).as_py() for name in ("amount_minor", "fee_minor"))
    answer = table.num_rows, *sums
    assert answer == slim, "the columns that a run matches by say otherwise"
    return answer


def recon_load(kind: str, path: Path, out: Path) -> Answer:
    """Load the file as the load stage of a run does."""
    from recon.core.codes import Side
    from recon.core.plan import InputFile
    from recon.io.loading.load import load
    from recon.io.loading.tonight import Tonight
    from recon.io.reading.contract import Options

    shutil.rmtree(out, ignore_errors=True)
    columns = {"order_id": "order_id", "channel_ref": "transaction_id", "bank_ref": "payout_ref"}
    columns |= {"amount": "amount", "fee": "fee", "occurred_at": "paid_at"}
    options = Options(columns=columns if kind == "delimited" else {})
    loaded = load(
        [InputFile("bill", 0, Side.CHANNEL, kind, path, path.name)],
        Tonight(
            NIGHT,
            out / "work",
            out / "staging",
            {"bill": options},
            [("order_id",), ("channel_ref",)],
        ),
    )
    assert loaded.inputs["state"].to_list() in (["ACCEPTED"], ["UNVERIFIED"]), loaded.inputs
    slim = loaded.slim
    return slim.height, int(slim["amount_minor"].sum()), int(slim["fee_minor"].sum())


def _typed(kind: str, path: Path) -> str:
    """Return the SELECT that reads the same columns typed."""
    if kind == "delimited":
        types = dict.fromkeys(_GENERIC, "VARCHAR")
        types |= {"amount": "DECIMAL(18,2)", "fee": "DECIMAL(18,2)", "paid_at": "TIMESTAMP"}
        return f"select * from read_csv('{path}', header=true, delim=',', columns={types})"
    names = [f"c{place}" for place in range(20)]
    columns = dict.fromkeys(names, "VARCHAR")

    def text(place: int) -> str:
        return f"ltrim(c{place}, '`')"

    return (
        f"select {text(6)} as order_id, {text(5)} as transaction_id, {text(3)} as shop, "
        f"{text(4)} as terminal, {text(9)} as state, {text(11)} as currency, {text(14)} as item, "
        f"{text(18)}::DECIMAL(18,2) as amount, {text(12)}::DECIMAL(18,2) as due, "
        f"{text(16)}::DECIMAL(18,5) as fee, {text(0)}::TIMESTAMP as paid_at "
        f"from read_csv('{path}', header=true, delim=',', quote='', strict_mode=false, "
        f"null_padding=true, columns={columns}) where c0 like '`20%'"
    )


def duckdb_scan(kind: str, path: Path, _out: Path) -> Answer:
    """Read every column typed and keep nothing but figures."""
    import duckdb

    sql = f"""select count(*), sum(amount * 100)::HUGEINT, sum(fee * 100)::HUGEINT, max(paid_at),
        max(order_id), max(transaction_id) from ({_typed(kind, path)})"""
    row = duckdb.execute("set threads = 2").execute(sql).fetchall()[0]
    return int(row[0]), int(row[1]), int(row[2])


def duckdb_copy(kind: str, path: Path, out: Path) -> Answer:
    """Write every column typed to Parquet."""
    import duckdb

    file = out.with_suffix(".duckdb.parquet")
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute(f"copy ({_typed(kind, path)}) to '{file}' (format parquet)")
    return _sums(file)


def duckdb_table(kind: str, path: Path, _out: Path) -> Answer:
    """Keep every column typed in a table in memory."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute(f"create table typed as {_typed(kind, path)}")
    sums = "select count(*), sum(amount * 100)::HUGEINT, sum(fee * 100)::HUGEINT from typed"
    row = connection.execute(sums).fetchall()[0]
    return int(row[0]), int(row[1]), int(row[2])


def polars_sink(kind: str, path: Path, out: Path) -> Answer:
    """Write every column typed to Parquet."""
    assert kind == "delimited", "the bill's back-ticks and trailer are beyond scan_csv's types"
    file = out.with_suffix(".polars.parquet")
    types: dict[str, Any] = dict.fromkeys(_GENERIC, pl.String)
    types |= {"amount": pl.Decimal(18, 2), "fee": pl.Decimal(18, 2), "paid_at": pl.Datetime("us")}
    pl.scan_csv(path, schema=types).sink_parquet(file)
    return _sums(file)


def _sums(file: Path) -> Answer:
    """Return the figures of a written Parquet file."""
    minor = [(pl.col(name) * 100).cast(pl.Int64).sum() for name in ("amount", "fee")]
    rows, amount, fee = pl.scan_parquet(file).select(pl.len(), *minor).collect().row(0)
    return int(rows), int(amount), int(fee)


CONTESTANTS: dict[str, Callable[[str, Path, Path], Answer]] = {
    "DuckDB read_csv, figures only": duckdb_scan,
    "DuckDB read_csv to Parquet": duckdb_copy,
    "Polars scan_csv to Parquet": polars_sink,
    "DuckDB read_csv to a table": duckdb_table,
    "recon load, no Parquet": recon_read,
    "recon load": recon_load,
}
RACES = {  # job -> peer and ours
    "load": ("DuckDB read_csv to Parquet", "recon load"),
    "typed read": ("DuckDB read_csv to a table", "recon load, no Parquet"),
}


def contest(label: str, kind: str, path: Path, warm: Path) -> None:
    """Be one contestant: warm up, read, print answer, seconds, processor seconds and peak."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        out = Path(folder) / "out"
        CONTESTANTS[label](kind, warm, out)
        begin, begin_cpu = time.perf_counter(), time.process_time()
        answer = CONTESTANTS[label](kind, path, out)
        taken = time.perf_counter() - begin, time.process_time() - begin_cpu
    print(json.dumps([answer, *taken, peak_kib()]))


def run(kind: str, rows: int, repeats: int, work: Path) -> None:
    """Run every contestant in turn; compare the answers; print and store the result."""
    work.mkdir(parents=True, exist_ok=True)
    path, warm = work / f"{kind}_{rows}.csv", work / f"{kind}_{WARM_ROWS}.csv"
    for file, count in ((path, rows), (warm, WARM_ROWS)):
        if not file.exists():
            WRITERS[kind](file, count)
    labels = [label for label in CONTESTANTS if kind == "delimited" or "Polars" not in label]
    runs: dict[str, list[Any]] = {label: [] for label in labels}
    for _ in range(repeats):
        for label in labels:
            command = [sys.executable, "-m", "benchmarks.bench_load", "--contestant", label]
            command += ["--format", kind, "--file", str(path), "--warm", str(warm)]
            done = subprocess.run(command, capture_output=True, check=True, cwd=HERE.parent)
            runs[label].append(json.loads(done.stdout))
    answers = {label: tuple(found[0][0]) for label, found in runs.items()}
    assert len(set(answers.values())) == 1, answers
    RESULTS.mkdir(exist_ok=True)
    for label, found in runs.items():
        wall, cpu, peak = _figures(found)
        print(f"{label}: {wall:.2f} s, processor {cpu:.2f} s, {peak:,} MiB")
    for job in RACES:
        _store(job, f"{kind}, {rows:,} rows", rows, path.stat().st_size, runs)


def _figures(found: list[Any]) -> tuple[float, float, int]:
    """Return the median of wall and of processor seconds, and the largest peak in MiB."""
    wall, cpu = (statistics.median(run[place] for run in found) for place in (1, 2))
    return wall, cpu, max(run[3] for run in found) >> 10


def _store(job: str, what: str, rows: int, size: int, runs: dict[str, list[Any]]) -> None:
    """Store one race as a row for the table; ours stands last."""
    peer, ours = RACES[job]
    others = {name for pair in RACES.values() for name in pair} - {peer, ours}
    labels = [label for label in runs if label not in others | {ours}] + [ours]
    figures = {label: _figures(runs[label]) for label in labels}
    wall = {label: found[0] for label, found in figures.items()}
    peak = {label: found[2] for label, found in figures.items()}
    result = {
        "job": f"{job} {what}",
        "size": f"{rows:,} rows, {size >> 20:,} MiB",
        "seconds": wall,
        "cpu_seconds": {label: found[1] for label, found in figures.items()},
        "peak_mib": peak,
        "runs": {label: [run[1] for run in runs[label]] for label in labels},
        "fastest_peer": peer,
        "ratio": wall[peer] / wall[ours],
        "goal": 1.0,
        "proof": f"{rows:,} rows, equal sums of amounts and fees; peak memory {peak[peer]:,} MiB "
        f"against our {peak[ours]:,} MiB; figures only: "
        f"{wall['DuckDB read_csv, figures only']:.3g} s",
        "machine": f"{processor()}, {platform.system()}, Python {platform.python_version()}",
        "versions": versions(),
    }
    kind = what.split(",", maxsplit=1)[0]
    name = f"{job.replace(' ', '_')}_{kind}_{rows}.json"
    (RESULTS / name).write_text(json.dumps(result, indent=1) + "\n")
    print(f"{result['job']}: ratio {result['ratio']:.2f}")


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--format", choices=list(WRITERS), default="delimited")
    parser.add_argument("--work", type=Path, default=HERE / "work" / "load")
    parser.add_argument("--contestant", choices=list(CONTESTANTS))
    parser.add_argument("--file", type=Path)
    parser.add_argument("--warm", type=Path)
    options = parser.parse_args()
    if options.contestant:
        contest(options.contestant, options.format, options.file, options.warm)
    else:
        run(options.format, options.rows, options.repeats, options.work)


if __name__ == "__main__":
    main()
