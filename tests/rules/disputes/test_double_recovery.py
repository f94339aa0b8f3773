"""The double-recovery guard: of cases about one transaction one moves money, the others wait."""

from __future__ import annotations

import itertools
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.core.codes import PRECEDENCE, Code
from recon.core.schema import DISPUTES, conform
from recon.rules.disputes.catalogue import MONEY_MOVING, catalogue, exclusive
from recon.rules.disputes.double_recovery import guarded
from tests.night_world import NightWorld

MOVING = [code for code, entry in catalogue().items() if entry.recovery in MONEY_MOVING]
MONDAY, TUESDAY, WEDNESDAY = "2026-11-09", "2026-11-10", "2026-11-11"


def disputes(*cases: tuple[Code, list[int], str | None]) -> pl.DataFrame:
    """Return DISPUTES of codes, the rows they speak of and their order."""
    rows = [
        {
            "dispute_id": f"D{number:016x}",
            "code": code.name,
            "status": "NEW",
            "currency": "CNY",
            "order_id": order,
            "label_en": catalogue()[code].label_en,
            "label_zh": catalogue()[code].label_zh,
            "suggested_action": catalogue()[code].action_en,
            "suggested_action_zh": catalogue()[code].action_zh,
            "evidence": [{"txn_id": txn_id} for txn_id in ids],
        }
        for number, (code, ids, order) in enumerate(cases)
    ]
    shape = {"evidence": pl.List(pl.Struct({"txn_id": pl.Int64})), "order_id": pl.String}
    return conform_evidence(pl.DataFrame(rows, schema_overrides=shape))


def conform_evidence(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame as DISPUTES, the rest of each row of evidence null."""
    fields = DISPUTES.schema["evidence"].inner.fields  # type: ignore[union-attr]  # a list of structs
    ids = pl.element().struct.field("txn_id")
    whole = pl.struct(
        (ids if field.name == "txn_id" else pl.lit(None)).cast(field.dtype).alias(field.name)
        for field in fields
    )
    return conform(frame.with_columns(pl.col("evidence").list.eval(whole)), DISPUTES)


def proposals(frame: pl.DataFrame) -> dict[str, bool]:
    """Return by dispute whether it still proposes the standard action of its code."""
    return {
        row["dispute_id"]: row["suggested_action"] == catalogue()[Code[row["code"]]].action_en
        and row["suggested_action_zh"] == catalogue()[Code[row["code"]]].action_zh
        for row in frame.to_dicts()
    }


@pytest.mark.parametrize(
    ("one", "two"), list(itertools.combinations(MOVING, 2)), ids=lambda code: code.name
)
def test_two_money_moving_actions_are_never_both_proposed(one: Code, two: Code) -> None:
    """Of two codes that move money the earlier one acts and the other waits, in both languages."""
    table = guarded(disputes((one, [1, 2], None), (two, [2, 3], None)))
    acts = [row["code"] for row in table.to_dicts() if proposals(table)[row["dispute_id"]]]
    assert acts == [min(one, two, key=lambda code: PRECEDENCE[code]).name]
    waits = table.filter(~pl.col("code").cast(pl.String).is_in(acts)).row(0, named=True)
    assert "must not be recovered twice" in waits["suggested_action"]
    assert "不得重复追回" in waits["suggested_action_zh"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Code)),
            st.lists(st.integers(1, 6), min_size=1, max_size=3),
            st.sampled_from([None, "A1", "A2"]),
        ),
        max_size=6,
    )
)
def test_no_transaction_is_recovered_twice(cases: list[tuple[Code, list[int], str | None]]) -> None:
    """Whatever cases share a row or an order, no two that act exclude each other."""
    table = guarded(disputes(*cases)) if cases else DISPUTES.empty()
    acts = proposals(table)
    acting = [row for row in table.to_dicts() if acts[row["dispute_id"]]]
    for one, two in itertools.combinations(acting, 2):
        ours, theirs = ({item["txn_id"] for item in row["evidence"]} for row in (one, two))
        same = bool(ours & theirs) or (one["order_id"] and one["order_id"] == two["order_id"])
        assert not (same and exclusive(Code[one["code"]], Code[two["code"]]))
    if acting and cases:
        moving = [row for row in table.to_dicts() if Code[row["code"]] in MOVING]
        assert not moving or any(acts[row["dispute_id"]] for row in moving)


def test_cases_of_other_transactions_keep_their_actions() -> None:
    """Nothing shared, nothing held back."""
    table = guarded(disputes((MOVING[0], [1], "A1"), (MOVING[1], [2], "A2")))
    assert all(proposals(table).values())


def test_the_nightly_run_is_guarded(tmp_path: Path) -> None:
    """A second charge that is voided and settled all the same: one case moves money."""
    world = NightWorld(tmp_path)
    world.day(
        MONDAY,
        orders=["A1 100.00 state=FAILED"],
        psp=["A1 100.00 10:00 ref=R1", "A1 100.00 10:01 ref=R2"],
    )
    world.run(MONDAY)
    for day in (TUESDAY, WEDNESDAY, "2026-11-12", "2026-11-13"):
        bank = ["200.00 memo=PAYOUT_8001_20261109"] if day == TUESDAY else []
        world.day(day, bank=bank)
        night = world.run(day)
        table = world.table(night, "disputes")
        moving = table.filter(pl.col("code").cast(pl.String).is_in([one.name for one in MOVING]))
        assert sum(proposals(moving).values()) <= 1
