"""Contract terms over tonight's channel rows: fees as agreed, row by row.

The families find facts by txn_id over wide rows; here they become findings on ledger positions.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from recon.core.codes import Code
from recon.rules import fees
from recon.rules.fee_contract import Compiled
from recon.rules.night import Ledger, Night, Verdict
from recon.rules.rule_file import SourceContract

LEG = "contract"  # where a leg is named


def columns_needed(night: Night) -> tuple[str, ...]:
    """Return the wide columns that the contracts of tonight look at."""
    wanted = [*fees.NEEDED, "product", "merchant_id", "terminal_id", "source", "order_id"]
    wanted += ["channel_ref", "original_ref", "batch_id", "memo"]
    for contract in night.rules.fee_contracts:
        wanted += Compiled(contract).attributes
    return tuple(dict.fromkeys(wanted))


def find(rows: pl.DataFrame, ledger: Ledger, night: Night) -> Verdict:
    """Return the findings of every contract over new channel rows (columns of `columns_needed`)."""
    found = [_fees(rows, contract) for contract in night.rules.fee_contracts]
    facts = [frame for frame in found if frame.height]
    if not facts:
        return Verdict.of()
    return Verdict.of(_findings(pl.concat(facts), ledger))


def _fees(rows: pl.DataFrame, contract: SourceContract) -> pl.DataFrame:
    """Return the fee facts of one contract."""
    mine = rows.filter(pl.col("source").is_in(contract.sources)) if contract.sources else rows
    policy = fees.FeePolicy(
        Compiled(contract),
        surcharges=contract.surcharges_minor,
        tolerance_minor=contract.tolerance_minor,
    )
    return fees.find(mine, policy)


def _findings(facts: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Return facts as findings; the row at fault first, its anchor the row's own content."""
    ids = ledger.slim["txn_id"].to_numpy()
    row = np.searchsorted(ids, facts["txn_id"].to_numpy())
    others = facts["other_txn_ids"].to_list()
    rows = [
        [int(first), *np.searchsorted(ids, np.array(more, np.int64)).tolist()]
        for first, more in zip(row, others, strict=True)
    ]
    benign = int(Code.ROUNDING)
    return facts.select(
        "code",
        pl.lit(LEG).alias("leg"),
        pl.Series("rows", rows, dtype=pl.List(pl.Int64)),
        pl.when(pl.col("code") == benign).then(0).otherwise(1).alias("faulty"),
        anchor=ledger.slim["fingerprint"].gather(row).cast(pl.String),
        expected_minor="expected_minor",
        actual_minor="actual_minor",
        currency=ledger.slim["currency"].gather(row),
        cause="cause",
    )
