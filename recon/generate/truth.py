"""The hidden truth of a world: which break stands where, since when, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from recon.generate.text import padded

TRUTH: Final = {
    "code": pl.String,
    "night": pl.Date,  # on which it must be reported first
    "resolved": pl.Date,  # on which it must be reported as resolved; null: not in this world
    "column": pl.String,  # what names it: order_id, channel_ref, batch_id, bank_ref, merchant_id,
    # source
    "reference": pl.String,
    "amount_minor": pl.Int64,  # at risk
    "planted": pl.String,  # what was done, in words
    "merchant": pl.String,  # M0001 and so on; null: of all merchants
    "decided_by": pl.String,  # KEYS (and contracts) or LIKELIHOOD
    "out_of_pocket": pl.String,  # who has lost the money, as what was planted left it
    "cause": pl.String,  # which the dispute must name; null: none
    "due_at": pl.Date,  # the day by which to act on it; null: of a file, which is no dispute
}
KEYS: Final = "KEYS"
LIKELIHOOD: Final = "LIKELIHOOD"
NORMAL_FILE: Final = "normal.csv"
NORMAL: Final = {
    "kind": pl.String,
    "column": pl.String,
    "reference": pl.String,
}


_OUT_OF_POCKET: Final = {  # of what is planted; an effect whose way differs row by row says so
    "PAYER": "DUPLICATE_CLEARING DUPLICATE_CHARGE PAID_BY_OTHER_MEANS CHANNEL_PAID_MERCHANT_NOT "
    "FAILED_BUT_DEBITED VOIDED_BUT_SETTLED MISSING_IN_MERCHANT REFUND_NOT_SETTLED REFUND_OVERDUE "
    "REFUND_AMOUNT REFUND_WITHHELD",
    "MERCHANT": "MERCHANT_PAID_CHANNEL_NOT REVERSAL_ORPHAN REFUND_DUPLICATE REFUND_EXCESS "
    "REFUND_NO_ORIGINAL REFUND_UNBOOKED CHARGEBACK AMOUNT_MISMATCH NET_MISMATCH MISSING_IN_CHANNEL "
    "MISSING_SETTLEMENT UNAUTHORISED_DEBIT PAYOUT_BOUNCED FUNDS_FROZEN LATE_SETTLEMENT "
    "FEE_ON_FAILED FEE_NOT_RETURNED FEE_UNLISTED REBATE_MISSING REBATE_LATE",
    "ACQUIRER": "SETTLED_UNRECONCILED FEE_OVER_RETURNED FX_DIFFERENCE REBATE_INELIGIBLE "
    "REBATE_TIER REBATE_AMOUNT",
    "NOBODY": "FILE_MISSING FILE_EMPTY FILE_TOTAL FILE_SCHEMA DUPLICATE_RECORD REFUND_ROUTE "
    "RETRIEVAL_DUE CURRENCY_MISMATCH ATTRIBUTE_MISMATCH UNKNOWN_CREDIT FEE_BELOW_COST AMBIGUOUS",
}
LOSER: Final = {code: who for who, codes in _OUT_OF_POCKET.items() for code in codes.split()}
_DIFFERENCES: Final = ("AMOUNT_MISMATCH", "REFUND_AMOUNT")
_ACT_WITHIN: Final = {  # natural days from the first report
    1: "CHANNEL_PAID_MERCHANT_NOT UNAUTHORISED_DEBIT SETTLED_UNRECONCILED",
    2: "MERCHANT_PAID_CHANNEL_NOT FAILED_BUT_DEBITED REFUND_OVERDUE REFUND_DUPLICATE REFUND_EXCESS "
    "REFUND_UNBOOKED MISSING_IN_MERCHANT MISSING_SETTLEMENT PAYOUT_BOUNCED FUNDS_FROZEN",
    3: "DUPLICATE_CLEARING DUPLICATE_CHARGE PAID_BY_OTHER_MEANS VOIDED_BUT_SETTLED REVERSAL_ORPHAN "
    "REFUND_NOT_SETTLED REFUND_NO_ORIGINAL REFUND_AMOUNT CURRENCY_MISMATCH AMOUNT_MISMATCH "
    "NET_MISMATCH MISSING_IN_CHANNEL AMBIGUOUS",
    5: "DUPLICATE_RECORD REFUND_ROUTE REFUND_WITHHELD RETRIEVAL_DUE UNKNOWN_CREDIT",
    10: "CHARGEBACK FX_DIFFERENCE ATTRIBUTE_MISMATCH LATE_SETTLEMENT FEE_UNLISTED FEE_BELOW_COST",
    30: "FEE_ON_FAILED FEE_NOT_RETURNED FEE_OVER_RETURNED FEE_CAP_MISSED FEE_FLOOR_MISSED "
    "FEE_CARD_TYPE FEE_CLASS FEE_SURCHARGE FEE_ROUNDING FEE_RATE REBATE_MISSING REBATE_LATE "
    "REBATE_INELIGIBLE REBATE_TIER REBATE_AMOUNT",
}
ACT_WITHIN: Final = {code: days for days, codes in _ACT_WITHIN.items() for code in codes.split()}


@dataclass(slots=True)
class Truth:
    """Collects what was planted; only what falls into the world's nights counts."""

    first: int
    last: int
    agreed: Mapping[str, int] = field(default_factory=dict)  # days within which to act, of a code
    parts: list[pl.DataFrame] = field(default_factory=list)
    normal_parts: list[pl.DataFrame] = field(default_factory=list)

    def normal(self, kind: str, picks: pl.DataFrame, column: str, reference: str = "") -> None:
        """Note rows that are normal, one reference each: no false break may name them."""
        self.normal_parts.append(
            picks.select(
                pl.lit(kind).alias("kind"),
                pl.lit(column).alias("column"),
                pl.col(reference or column).cast(pl.String).alias("reference"),
            )
        )

    def normal_table(self) -> pl.DataFrame:
        """Return what is normal, sorted."""
        return pl.concat([pl.DataFrame(schema=NORMAL), *self.normal_parts]).sort(*NORMAL)

    def add(
        self,
        code: str,
        picks: pl.DataFrame,
        *,
        column: str,
        night: str | pl.Expr,
        amount: str | pl.Expr,
        planted: str,
        reference: str = "",
        resolved: pl.Expr | None = None,
        decided_by: str = KEYS,
    ) -> None:
        """Add one truth a row; `night` and `resolved` are days since 1970-01-01.

        `reference` is the column of `picks` that holds the reference, `column` if left out. A
        column `loser` says who is out of pocket where that differs from row to row, `cause` which
        cause is to be named, `answer_by` the deadline where what was planted states one.
        """
        day = pl.col(night) if isinstance(night, str) else night
        money = pl.col(amount) if isinstance(amount, str) else amount
        gone = pl.lit(None, pl.Int32) if resolved is None else resolved.cast(pl.Int32)
        found = picks.select(
            pl.lit(code).alias("code"),
            day.cast(pl.Int32).alias("night"),
            gone.alias("resolved"),
            pl.lit(column).alias("column"),
            pl.col(reference or column).cast(pl.String).alias("reference"),
            money.abs().cast(pl.Int64).alias("amount_minor"),
            pl.lit(planted).alias("planted"),
            _merchant(picks.columns).alias("merchant"),
            pl.lit(decided_by).alias("decided_by"),
            (pl.col("loser") if "loser" in picks.columns else pl.lit(LOSER[code])).alias(
                "out_of_pocket"
            ),
            (pl.col("cause") if "cause" in picks.columns else pl.lit(None, pl.String)).alias(
                "cause"
            ),
            self._due(code, picks.columns, day).cast(pl.Int32).alias("due_at"),
        )
        inside = found.filter(pl.col("night").is_between(self.first, self.last))
        self.parts.append(
            inside.with_columns(
                pl.col("night", "due_at").cast(pl.Date),
                pl.when(pl.col("resolved") <= self.last).then("resolved").cast(pl.Date),
            )
        )

    def name(self, causes: pl.DataFrame) -> None:
        """Name further causes (reference, cause) of differences that have none yet."""
        for place, part in enumerate(self.parts):
            if part["code"].is_in(_DIFFERENCES).any():
                told = part.join(causes, on="reference", how="left", suffix="_of_several")
                cause = pl.coalesce("cause", "cause_of_several")
                self.parts[place] = told.with_columns(cause).select(part.columns)

    def _due(self, code: str, columns: list[str], night: pl.Expr) -> pl.Expr:
        """Return the day by which to act: a stated one, or so many days after the first report."""
        if "answer_by" in columns:
            return pl.col("answer_by")
        return night + pl.lit(self.agreed.get(code, ACT_WITHIN.get(code)), pl.Int32)

    def table(self) -> pl.DataFrame:
        """Return everything planted, sorted."""
        whole = pl.concat([pl.DataFrame(schema=TRUTH), *self.parts])
        return whole.sort("night", "code", "column", "reference")


def _merchant(columns: list[str]) -> pl.Expr:
    if "merchant_no" not in columns:
        return pl.lit(None, pl.String)
    return pl.concat_str(pl.lit("M"), padded(pl.col("merchant_no") + 1, 4))


def read_truth(path: Path) -> pl.DataFrame:
    """Return a truth table from its CSV or Parquet file; one written by hand may say less."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    texts = pl.read_csv(path, infer_schema=False)
    if "decided_by" not in texts.columns:
        texts = texts.with_columns(decided_by=pl.lit(KEYS))
    return texts.select(
        pl.col(name).str.to_date("%Y-%m-%d") if dtype == pl.Date else pl.col(name).cast(dtype)
        for name, dtype in TRUTH.items()
        if name in texts.columns
    )


def read_normal(truth: Path) -> pl.DataFrame:
    """Return what is normal in the world of a truth file; nothing where no file tells it."""
    path = truth.with_name(NORMAL_FILE)
    if not path.is_file():
        return pl.DataFrame(schema=NORMAL)
    return pl.read_csv(path, schema=NORMAL)
