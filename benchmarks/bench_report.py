"""How long the finance team's documents take, and how a browser copes: 100,000 disputes.

    python benchmarks/bench_report.py FOLDER [DISPUTES]

Reconciles one made-up night (three orders of five in order, one missing at the channel, one
charged wrongly) through the whole pipeline, then writes workbook, page and list, each in a process
of its own, and reports seconds, processor seconds, peak memory and size. With Chromium installed it
opens the page and reports first paint, filter, sort and opening a case.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.race import peak_kib
from recon.commands.packing import read_pack
from recon.commands.report import write
from recon.io.formats import FORMATS
from recon.pipeline import run_night
from recon.rules.rule_file.rule_file import read_rules
from recon.store.workspace import Workspace
from tests.report import browser
from tests.report.shop_week import FIRST, RULES

TIME = "2026-03-02 10:00:00"


def make_night(root: Path, disputes: int) -> None:
    """Write and reconcile a night in which two orders of five are a dispute."""
    orders = disputes * 5 // 2
    (root / "in").mkdir(parents=True, exist_ok=True)
    (root / "rules.toml").write_text(RULES, encoding="utf-8")
    shop = ["order,amount,time,kind,state,original,terminal"]
    wallet = ["ref,order,amount,fee,time,clearing,kind,state,batch,merchant,terminal,original,card"]
    for number in range(orders):
        order, yuan, terminal = f"O{number:09d}", 10 + number % 5000, f"T{number % 97:03d}"
        shop.append(f"{order},{yuan}.00,{TIME},sale,paid,,{terminal}")
        if number % 5 == 0:
            continue
        fen = "03" if number % 5 == 1 else "00"
        wallet.append(
            f"42{number:018d},{order},{yuan}.{fen},0.38,{TIME},{FIRST},sale,ok,B260302,M1001,"
            f"{terminal},,622202******{number % 10000:04d}"
        )
    for name, lines in (
        ("orders", shop),
        ("wallet", wallet),
        ("bank", ["ref,amount,day,memo,kind"]),
    ):
        (root / f"in/{name}-{FIRST}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run_night(read_rules(root / "rules.toml", tuple(item.name for item in FORMATS)), FIRST)


def document(workspace: Path, layout: str, path: Path) -> None:
    """Write one document; print what it took as JSON."""
    space = Workspace(workspace)
    started = time.perf_counter()
    pack = read_pack(space, space.resolve(None), "en")
    read = time.perf_counter()
    write(layout, pack, path)
    print(
        json.dumps(
            {
                "disputes": pack.disputes.height,
                "rows": pack.ledger.height,
                "read_seconds": round(read - started, 2),
                "write_seconds": round(time.perf_counter() - read, 2),
                "cpu_seconds": round(time.process_time(), 2),
                "peak_mib": peak_kib() >> 10,
                "file_mib": round(path.stat().st_size / (1 << 20), 1),
            }
        )
    )


def in_browser(page: Path) -> dict[str, float]:
    """Return milliseconds: first paint, a filter, clearing it, a sort, opening a case."""
    typed = (
        "(text => {{ const box = document.getElementById('search'); const t = performance.now();"
        " box.value = text; box.dispatchEvent(new Event('input')); document.body.offsetHeight;"
        " return performance.now() - t; }})({!r})"
    )
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        browser.Browser(Path(profile)) as chrome,
    ):
        chrome.open(page)
        chrome.run(browser.LISTED)
        listed = chrome.run("performance.now()")
        paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
        chrome.run("new Promise(done => requestAnimationFrame(() => setTimeout(done, 200)))")
        found = {
            "first_paint_ms": chrome.run(paint),
            "loaded_ms": chrome.run("performance.getEntriesByType('navigation')[0].loadEventEnd"),
            "listed_ms": listed,
            "first_filter_ms": chrome.run(typed.format("o00000012")),
            "filter_ms": chrome.run(typed.format("o000000123")),
            "clear_ms": chrome.run(typed.format("")),
            "sort_ms": chrome.run(
                "(() => { const t = performance.now();"
                " document.querySelectorAll('#head button')[9].click();"
                " document.body.offsetHeight; return performance.now() - t; })()"
            ),
            "open_case_ms": chrome.run(
                "(async () => { const t = performance.now();"
                " document.querySelector('.row').click();"
                " while (!document.getElementById('case').open)"
                " await new Promise(done => setTimeout(done, 1));"
                " return performance.now() - t; })()"
            ),
        }
        outside = [url for url in chrome.requests if not url.startswith("file:")]
        assert not outside, outside
    return {name: round(value, 1) for name, value in found.items() if value is not None}


def main() -> None:
    """Make the night once, write each document in its own process, then open the page."""
    root, disputes = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    if not (root / "workspace").exists():
        make_night(root, disputes)
    for layout in ("xlsx", "html", "csv"):
        path = root / f"night.{layout}"
        call = [sys.executable, __file__, "--document", str(root / "workspace"), layout, str(path)]
        answer = subprocess.run(call, check=True, capture_output=True, text=True)
        print(layout, answer.stdout.strip())
    if browser.installed():
        print("browser", json.dumps(in_browser(root / "night.html")))


if __name__ == "__main__":
    if sys.argv[1] == "--document":
        document(Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    else:
        main()
