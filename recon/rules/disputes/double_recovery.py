"""The double-recovery guard: never two actions that move money for one transaction.

UnionPay refuses a chargeback beside a credit adjustment, an adjustment beside a presentment and a
manual refund beside either; whoever does two of them recovers the money twice. Where two candidate
disputes of a night speak of one transaction and their standard actions exclude each other, the one
whose code stands first in the order of precedence keeps its action; the other one's says to wait.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import polars as pl

from recon.core.codes import PRECEDENCE, Code, Decision, DisputeStatus
from recon.rules.disputes.catalogue import MONEY_MOVING, catalogue, exclusive

_WAIT_EN = (
    "Move no money for this case while {other} ({label}) is open: both speak of one transaction, "
    "and its money must not be recovered twice."
)
_WAIT_ZH = (
    "在 {other}（{label}）未结案前，本案不得另行退款、调整或请款：两案为同一笔交易，不得重复追回。"
)
_REFERENCES = ("order_id", "channel_ref")


def guarded(disputes: pl.DataFrame) -> pl.DataFrame:
    """Return DISPUTES in which no two open cases of one transaction both propose to move money."""
    blocked = dict(_blocked(disputes))
    if not blocked:
        return disputes
    mine = pl.col("dispute_id").is_in(list(blocked))
    words = pl.DataFrame(
        {
            "dispute_id": list(blocked),
            "wait_en": [
                _WAIT_EN.format(**other, label=other["label_en"]) for other in blocked.values()
            ],
            "wait_zh": [
                _WAIT_ZH.format(**other, label=other["label_zh"]) for other in blocked.values()
            ],
        }
    )
    joined = disputes.join(words, on="dispute_id", how="left", maintain_order="left")
    return joined.with_columns(
        suggested_action=pl.when(mine).then("wait_en").otherwise("suggested_action"),
        suggested_action_zh=pl.when(mine).then("wait_zh").otherwise("suggested_action_zh"),
    ).select(disputes.columns)


def _blocked(disputes: pl.DataFrame) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each case that must wait, with the case that it waits for."""
    rejected = (pl.col("decision").cast(pl.String) == Decision.REJECTED.name).fill_null(value=False)
    resolved = pl.col("status").cast(pl.String) == DisputeStatus.RESOLVED.name
    open_ones = disputes.filter(~resolved & ~rejected)
    columns = ("dispute_id", "code", "label_en", "label_zh", "currency", "evidence", *_REFERENCES)
    cases = (
        open_ones.select(pl.col(columns)).with_columns(pl.col("code").cast(pl.String)).to_dicts()
    )
    cases = [case for case in cases if catalogue()[Code[case["code"]]].recovery in MONEY_MOVING]
    cases.sort(key=lambda case: (PRECEDENCE[Code[case["code"]]], case["dispute_id"]))
    # Of each code the first case that acts: whether two cases exclude each other hangs on codes.
    acting: defaultdict[tuple[str, object], dict[Code, dict[str, Any]]] = defaultdict(dict)
    for case in cases:
        keys = list(_keys(case))
        code = Code[case["code"]]
        first = next(
            (
                other
                for key in keys
                for taken, other in acting[key].items()
                if exclusive(code, taken)
            ),
            None,
        )
        if first is not None:
            told = {name: first[name] for name in ("label_en", "label_zh")}
            yield case["dispute_id"], {"other": first["dispute_id"], **told}
            continue
        for key in keys:
            acting[key].setdefault(code, case)


def _keys(case: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield what names the transaction of a case: its rows, its order, its reference."""
    for row in case["evidence"] or []:
        yield "row", row["txn_id"]
    for name in _REFERENCES:
        if case[name]:
            yield name, case[name]
