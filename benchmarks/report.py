"""Writes the table of `benchmarks/README.md` from the results that the benchmarks left.

`python -m benchmarks.report` after any of the `bench_*` scripts; the text around the table stays.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.race import RESULTS

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- table begins -->", "<!-- table ends -->"
ALL = RESULTS / "all.json"


def load() -> list[dict[str, Any]]:
    """Return the stored results by job."""
    paths = sorted(path for path in RESULTS.glob("*.json") if path != ALL)
    return [json.loads(path.read_text()) for path in paths]


def seconds(value: float) -> str:
    """Return a time with three digits that count."""
    return f"{value:.3g} s" if value >= 1e-3 else f"{value * 1e6:.0f} µs"


def cpu_ratio(result: dict[str, Any]) -> str:
    """Return the ratio of processor times, which a busy machine disturbs less."""
    used = result.get("cpu_seconds")
    if not used:
        return ""
    *_, ours = used
    return f"{used[result['fastest_peer']] / max(used[ours], 1e-9):.3g}x"


def line(result: dict[str, Any]) -> str:
    """Return one row of the table."""
    *_, ours = result["seconds"]
    peer = result["fastest_peer"]
    cells = (
        result["job"],
        result["size"],
        f"{peer} {seconds(result['seconds'][peer])}",
        seconds(result["seconds"][ours]),
        f"{result['ratio']:.3g}x",
        cpu_ratio(result),
        f"{result['goal']:g}x",
        result["proof"],
    )
    return "| " + " | ".join(cells) + " |"


def table(results: list[dict[str, Any]]) -> str:
    """Return the table, and the machine and versions below it."""
    head = (
        "| job | size | fastest peer | recon | ratio | CPU ratio | goal | answers compared |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    machines = sorted({result["machine"] for result in results})
    libraries = sorted({f"{k} {v}" for result in results for k, v in result["versions"].items()})
    lines = [head, *(line(result) for result in results), ""]
    lines += [f"Machine: {'; '.join(machines)}. Versions: {', '.join(libraries)}."]
    return "\n".join(lines)


def main() -> None:
    """Write `results/all.json` and the table."""
    results = load()
    ALL.write_text(json.dumps(results, indent=1) + "\n")
    text = README.read_text()
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    README.write_text(f"{before}{BEGIN}\n{table(results)}\n{END}{after}")
    print(table(results))


if __name__ == "__main__":
    main()
