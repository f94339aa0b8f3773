"""Times contestants on one job in one process: answers compared first, medians, ratio, JSON."""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
LIBRARIES = (
    "duckdb",
    "polars",
    "numba",
    "numpy",
    "scipy",
    "rapidfuzz",
    "ortools",
    "splink",
    "dpss",
)


def versions() -> dict[str, str]:
    """Return the versions of the libraries that may take part."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def peak_kib() -> int:
    """Return the most memory that this process has held; `ru_maxrss` would count its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def processor() -> str:
    """Return the processor's name where the system tells it."""
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0].split(":", 1)[1].strip() if names else platform.machine()


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return the answer of `work`, its time and its processor time (all threads) in seconds."""
    gc.collect()
    begin, begin_cpu = time.perf_counter(), time.process_time()
    answer = work()
    return answer, time.perf_counter() - begin, time.process_time() - begin_cpu


def race(
    job: str,
    contestants: dict[str, Callable[[], Any]],
    agree: Callable[[dict[str, Any]], str],
    *,
    goal: float,
    repeats: int = 3,
    size: str = "",
    slow: dict[str, int] | None = None,
) -> dict[str, Any]:
    """Time every contestant, let `agree` assert on the answers, print and store the result.

    `agree` gets the answers by label and returns in words what it proved. The last contestant is
    ours; the ratio is the fastest peer's median over our median. `slow` limits repeats by label.
    """
    answers: dict[str, Any] = {}
    times: dict[str, list[float]] = {label: [] for label in contestants}
    cpu: dict[str, list[float]] = {label: [] for label in contestants}
    for turn in range(repeats):  # in turns, so that a busy moment of the machine hits all alike
        for label, work in contestants.items():
            if turn < (slow or {}).get(label, repeats):
                answers[label], wall, used = timed(work)
                times[label].append(wall)
                cpu[label].append(used)
    proof = agree(answers)
    medians = {label: statistics.median(seconds) for label, seconds in times.items()}
    ours = list(contestants)[-1]
    peers = {label: value for label, value in medians.items() if label != ours}
    fastest = min(peers, key=lambda label: peers[label])
    result = {
        "job": job,
        "size": size,
        "seconds": medians,
        "runs": times,
        "fastest_peer": fastest,
        "ratio": peers[fastest] / medians[ours],
        "cpu_seconds": {label: statistics.median(used) for label, used in cpu.items()},
        "goal": goal,
        "proof": proof,
        "machine": f"{processor()}, {platform.system()}, Python {platform.python_version()}",
        "versions": versions(),
        "peak_kib": peak_kib(),
    }
    RESULTS.mkdir(exist_ok=True)
    name = "".join(letter if letter.isalnum() else "_" for letter in job)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    shown = "  ".join(f"{label} {value:.4g} s" for label, value in medians.items())
    print(f"{job} [{size}]: {shown}  ratio {result['ratio']:.2f} (goal {goal:g}); {proof}")
    return result


def arguments(description: str, rows: int) -> argparse.Namespace:
    """Return the usual options: how many rows, threads and repeats."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rows", type=int, default=rows)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()
