"""Whole job, CSV files to published run, beside DuckDB and Polars scripts on the same files.

Each contestant is a process of its own; wall seconds and peak memory are the operating system's.
All three must find exactly what was planted before any time counts.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.race import RESULTS, processor, versions
from benchmarks.three_way_world import World, make_world

HERE = Path(__file__).parent
NIGHT = "2026-11-09"


def process(command: list[str]) -> tuple[str, float, int]:
    """Run a command; return its output, its wall seconds and its peak memory in KiB."""
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        output = running.stdout.read().decode()
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0, f"{command}: exit {running.returncode}"
    return output, time.perf_counter() - begin, usage.ru_maxrss


def ours(world: World, *options: str) -> tuple[dict[str, int], float, int]:
    """Run `recon run` over a fresh workspace."""
    shutil.rmtree(world.folder / "workspace", ignore_errors=True)
    command = [sys.executable, "-m", "recon", "run", str(world.folder / "recon.toml")]
    output, seconds, peak = process([*command, "--date", NIGHT, "--json", *options])
    disputes = json.loads(output)["disputes"]
    return {row["code"]: row["count"] for row in disputes}, seconds, peak


def peer(name: str, world: World) -> tuple[dict[str, int], float, int]:
    """Run a peer's script."""
    out = world.folder / f"out_{name}"
    script = str(HERE / f"peer_{name}.py")
    output, seconds, peak = process([sys.executable, script, str(world.folder), str(out)])
    return json.loads(output), seconds, peak


def run(rows: int, repeats: int, work: Path) -> dict[str, Any]:
    """Run every contestant in turn, `repeats` times; assert answers; store and print the result."""
    world = make_world(work / f"three_way_{rows}", rows)
    contestants = {
        "DuckDB script": lambda: peer("duckdb", world),
        "Polars script": lambda: peer("polars", world),
        "recon run": lambda: ours(world),
    }
    compileall.compile_dir(
        HERE.parent / "recon", quiet=1
    )  # as an installer does, for the peers too
    ours(world)  # compiles kernels once, not counted
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    peaks: dict[str, int] = {}
    for _ in range(repeats):
        for name, work_once in contestants.items():
            found, took, peak = work_once()
            assert found == world.planted, f"{name}: found {found}, planted {world.planted}"
            seconds[name].append(took)
            peaks[name] = max(peak, peaks.get(name, 0))
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    fastest = min(("DuckDB script", "Polars script"), key=lambda name: medians[name])
    result = {
        "job": f"three-way CSV to published run, {rows:,} rows a side",
        "size": f"{rows:,} rows a side",
        "seconds": medians,
        "runs": seconds,
        "peak_kib": peaks,
        "fastest_peer": fastest,
        "ratio": medians[fastest] / medians["recon run"],
        "memory_ratio": peaks[fastest] / peaks["recon run"],
        "goal": 2.0,
        "proof": f"all found the {sum(world.planted.values())} planted breaks and nothing else; "
        f"peak memory {peaks[fastest] >> 10:,} MiB against our {peaks['recon run'] >> 10:,} MiB",
        "machine": f"{processor()}, {platform.system()}, Python {platform.python_version()}",
        "versions": versions(),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"three_way_{rows}.json").write_text(json.dumps(result, indent=1) + "\n")
    for name, value in medians.items():
        print(f"{name}: {value:.2f} s, {peaks[name] / 1024:.0f} MiB")
    print(f"ratio {result['ratio']:.2f}, memory ratio {result['memory_ratio']:.2f}")
    return result


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", type=Path, default=HERE / "work")
    options = parser.parse_args()
    run(options.rows, options.repeats, options.work)


if __name__ == "__main__":
    main()
