"""Growth of the whole job: `recon run --memory` over worlds of several sizes, all plants found.

Each size is a process of its own. What is compared is seconds a million rows a side: linear growth
keeps them level. Peak memory is the operating system's; pages of files count in it while mapped.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
from pathlib import Path
from typing import Any

from benchmarks.bench_three_way import HERE, ours
from benchmarks.race import RESULTS, processor, versions
from benchmarks.three_way_world import make_world

MILLION = 1_000_000


def measured(rows: int, memory: str, work: Path) -> dict[str, Any]:
    """Run one size over a fresh workspace; assert the plants; return seconds and peak memory."""
    world = make_world(work / f"growth_{rows}", rows)
    try:
        found, seconds, peak = ours(world, "--memory", memory)
        assert found == world.planted, f"found {found}, planted {world.planted}"
    finally:
        shutil.rmtree(world.folder)
    print(f"{rows:,} rows a side: {seconds:.1f} s, {peak / 1024:.0f} MiB", flush=True)
    return {"rows": rows, "seconds": seconds, "peak_kib": peak, "planted": sum(found.values())}


def run(sizes: list[int], memory: str, work: Path) -> None:
    """Run every size, the smallest twice (the first time compiles); store the result."""
    measured(sizes[0], memory, work)
    lines = [measured(rows, memory, work) for rows in sizes]
    a_million = [line["seconds"] * MILLION / line["rows"] for line in lines]
    first, last = lines[-2], lines[-1]
    result = {
        "job": f"growth of the whole job under --memory {memory}",
        "size": ", ".join(f"{line['rows']:,}" for line in lines) + " rows a side",
        "seconds": {
            f"{first['rows']:,} rows, a million": a_million[-2],
            f"{last['rows']:,} rows, a million": a_million[-1],
        },
        "runs": lines,
        "fastest_peer": f"{first['rows']:,} rows, a million",
        "ratio": a_million[-2] / a_million[-1],
        "goal": 0.8,
        "proof": "; ".join(
            f"{line['rows']:,}: {line['seconds']:.1f} s, peak {line['peak_kib'] >> 10:,} MiB, "
            f"{line['planted']} of {line['planted']} plants"
            for line in lines
        ),
        "machine": f"{processor()}, {platform.system()}, Python {platform.python_version()}",
        "versions": versions(),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "growth.json").write_text(json.dumps(result, indent=1) + "\n")
    print(result["proof"])


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[MILLION, 10 * MILLION, 50 * MILLION]
    )
    parser.add_argument("--memory", default="8GiB")
    parser.add_argument("--work", type=Path, default=HERE / "work")
    options = parser.parse_args()
    run(options.rows, options.memory, options.work)


if __name__ == "__main__":
    main()
