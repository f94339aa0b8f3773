"""How long the stages of refunds last, of one and of all of a channel."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from recon.cli import group
from tests.night_world import NightWorld

MONDAY = "2026-11-09"


def test_a_trace_tells_each_stage_beside_what_is_usual(tmp_path: Path) -> None:
    """Three refunds, agreed one minute before they were booked; the channel had them later."""
    world = NightWorld(tmp_path, orders='[source.attributes]\napproved_at = "agreed"')
    refunds = [(f"F{number}", f"A{number}", number) for number in (1, 2, 3)]
    world.day(
        MONDAY,
        orders=[],
        psp=[
            *(f"{sale} 10.00 ref=R{sale}" for _, sale, _ in refunds),
            *(
                f"{name} 5.00 11:0{minutes} kind=refund original={sale}"
                for name, sale, minutes in refunds
            ),
        ],
    )
    lines = ["order,amount,time,state,kind,currency,original,agreed"]
    lines += [f"{sale},10.00,{MONDAY} 10:00:00,PAID,sale,CNY,," for _, sale, _ in refunds]
    lines += [
        f"{name},5.00,{MONDAY} 11:00:00,PAID,refund,CNY,{sale},{MONDAY} 10:59:00"
        for name, sale, _ in refunds
    ]
    world.file("orders", "20261109").write_text("\n".join(lines) + "\n", encoding="utf-8")
    world.run(MONDAY)
    place = ["--workspace", str(tmp_path / "workspace")]
    answer = CliRunner().invoke(group, ["trace", "F3", *place, "--json"], catch_exceptions=False)
    stages = json.loads(answer.output)["stages"]
    assert [(stage["stage"], stage["seconds"]) for stage in stages] == [
        ("APPROVED", 60),
        ("SUBMITTED", 180),
    ]
    usual = stages[1]
    assert (usual["refunds"], usual["median_seconds"], usual["seconds_95"]) == (3, 120, 180)
    text = CliRunner().invoke(group, ["trace", "F3", *place, "--lang", "zh"]).output
    assert "psp，记账到渠道：3 分钟（该渠道 3 笔退款，半数在 2 分钟 内，95% 在 3 分钟 内）" in text
