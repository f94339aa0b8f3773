"""Who paid a credit, held against the payers that the channel declares.

An acquirer pays merchants out of one account, as a rule the reserve account that it keeps at the
central bank. A payout that another party pays, of the right batch and sum, means that somebody
stands between the acquirer and the merchant (二清), or that the master data is wrong. Money and
batch agree, so the break is an attribute that differs. A bank that names no payer proves nothing.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.codes import Code, Side
from recon.core.plan import Leg
from recon.rules.batch_keys import EVIDENCE_ROWS
from recon.rules.days.cycles import plain_name
from recon.rules.night import Matched, Night, Verdict


def find(matched: Matched, leg: Leg, leg_no: int, night: Night) -> Verdict:
    """Return the credits of a leg that met rows of a channel and were paid by none of its payers.

    A credit of rows of several channels may come from any of theirs.
    """
    declared = {
        number: source.settlement.payers
        for number, source in enumerate(night.rules.sources)
        if source.settlement.payers
    }
    if leg.right is not Side.BANK or not declared or not matched.archive.has("counterparty"):
        return Verdict.of()
    slim = matched.ledger.slim
    links = matched.matches.of_leg(leg_no).select("left", "right")
    met = links.with_columns(source=slim["source"].gather(links["left"]).cast(pl.Int64)).filter(
        pl.Series(slim["amount_minor"].gather(links["right"]) > 0)
    )
    known = met.filter(pl.col("source").is_in(sorted(declared)).all().over("right"))
    paid = _with_payer(matched, known.unique(["right", "source"]))
    strange = [
        (row["right"], row["payer"], names)
        for row in paid.iter_rows(named=True)
        if not _is_one_of(row["payer"], names := _names(declared, row["sources"]))
    ]
    return Verdict.of(_report(matched, leg, known, strange)) if strange else Verdict.of()


def _with_payer(matched: Matched, met: pl.DataFrame) -> pl.DataFrame:
    """Return each credit whose payer the bank names: right, payer and sources of its rows."""
    came = met.group_by("right").agg(pl.col("source").sort().alias("sources")).sort("right")
    ids = matched.ledger.slim["txn_id"].gather(came["right"])
    names = matched.archive.columns(["txn_id", "counterparty"], ids.to_numpy())
    return (
        came.with_columns(ids.alias("txn_id"))
        .join(names, on="txn_id", how="left", maintain_order="left")
        .filter(pl.col("counterparty").is_not_null())
        .select("right", "sources", payer="counterparty")
    )


def _names(declared: dict[int, tuple[str, ...]], sources: list[int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for source in sources for name in declared[source]))


def _is_one_of(payer: str, names: tuple[str, ...]) -> bool:
    """Return whether a payer is one of the declared names; banks write more around a name."""
    told = plain_name(payer)
    return any(plain_name(name) in told for name in names)


def _report(
    matched: Matched, leg: Leg, met: pl.DataFrame, strange: list[tuple[int, str, tuple[str, ...]]]
) -> pl.DataFrame:
    """Return one finding a credit: it first, then rows that it pays."""
    slim = matched.ledger.slim
    credit = np.array([right for right, _, _ in strange], np.int64)
    members = (
        met.filter(pl.col("right").is_in(credit.tolist()))
        .sort("right", "left")
        .group_by("right")
        .agg(pl.col("left").head(EVIDENCE_ROWS - 1))
    )
    rows = pl.DataFrame({"right": credit}).join(members, on="right", how="left")
    amount = slim["amount_minor"].gather(credit)
    return pl.DataFrame(
        {
            "code": pl.Series([int(Code.ATTRIBUTE_MISMATCH)] * len(credit), dtype=pl.UInt16),
            "leg": [leg.name] * len(credit),
            "rows": rows.select(pl.concat_list("right", "left")).to_series(),
            "faulty": [1] * len(credit),
            "anchor": slim["fingerprint"].gather(credit).cast(pl.String) + ".payer",
            "expected_minor": amount,
            "actual_minor": amount,
            "currency": slim["currency"].gather(credit),
            "cause": [
                f"paid by {payer}; declared as payer: {' or '.join(names)}"
                for _, payer, names in strange
            ],
        }
    )
