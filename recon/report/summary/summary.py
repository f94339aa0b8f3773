"""A night's tables as one frozen summary: counts and money, labelled, for every renderer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from recon.core.codes import BENIGN
from recon.core.money import CURRENCIES

_BENIGN = [code.name for code in BENIGN]


def summarise(
    tables: Mapping[str, pl.DataFrame],
    outcomes: Mapping[str, int],
    language: str,
    matching: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the summary of a run as plain data: it is published as `summary.json`.

    `outcomes` says how many rows ended how; `matching` which nights before were not run
    (`not_run`), what each pass found (`passes`) and what became of people's `overrides`.
    """
    run = tables["runs"].row(0, named=True)
    return {
        "run_id": run["run_id"],
        "name": run["name"],
        "business_date": run["business_date"].isoformat(),
        "language": language,
        "exit_code": run["exit_code"],
        "roll_forward": {
            name: run[f"{name}_rows"] for name in ("opening", "new", "closed", "closing")
        },
        "rejected_rows": run["rejected_rows"],
        "inputs": _inputs(tables["inputs"]),
        **matching,
        "outcomes": dict(outcomes),
        "breaks": _breaks(tables["breaks"]),
        "benign": _benign(tables["breaks"]),
        "disputes": _disputes(tables["disputes"]),
        "balances": _balances(tables["balances"]),
        "rates": _rates(tables["breaks"], tables["inputs"]),
    }


def passes(counts: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what each pass linked, in order: links, rows, and the left rows' money by currency.

    `counts` are the matcher's (`recon.core.match.COUNT_SCHEMA`).
    """
    told: dict[tuple[str, str], dict[str, Any]] = {}
    for line in counts.iter_rows(named=True):
        names = {"leg": line["leg"], "pass": line["pass"]}
        one = told.setdefault(
            (line["leg"], line["pass"]), {**names, "links": 0, "rows": 0, "amount_minor": {}}
        )
        one["links"] += line["links"]
        one["rows"] += line["rows"]
        if line["rows"] and line["currency"] >= 0:
            one["amount_minor"][CURRENCIES[line["currency"]]] = int(line["amount"])
    return list(told.values())


def _inputs(inputs: pl.DataFrame) -> list[dict[str, Any]]:
    kept = ("source", "side", "format", "path", "rows", "rejected", "state", "message")
    return inputs.select(kept).to_dicts()


def _balances(balances: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the daily balance, one entry an account; money in whole minor units."""
    rows = balances.with_columns(pl.col("side", "against").cast(pl.String)).drop("business_date")
    return [
        {key: int(value) if key.endswith("_minor") else value for key, value in row.items()}
        for row in rows.to_dicts()
    ]


def _rates(breaks: pl.DataFrame, inputs: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what is wrong with files that are no input of a source: those of exchange rates."""
    about_files = pl.col("code").cast(pl.String).str.starts_with("FILE_")
    others = breaks.filter(about_files & ~pl.col("source").is_in(inputs["source"].implode()))
    return others.select("source", message="cause").to_dicts()


def _breaks(breaks: pl.DataFrame) -> list[dict[str, Any]]:
    """Return breaks by code, status and currency; money is the sum of absolute differences."""
    real = breaks.filter(~pl.col("code").cast(pl.String).is_in(_BENIGN))
    return _counted(real.with_columns(amount=pl.col("difference_minor").abs()))


def _benign(breaks: pl.DataFrame) -> list[dict[str, Any]]:
    benign = breaks.filter(pl.col("code").cast(pl.String).is_in(_BENIGN))
    return _counted(benign.with_columns(amount=pl.col("difference_minor").abs()))


def _disputes(disputes: pl.DataFrame) -> list[dict[str, Any]]:
    """Return disputes by code, status, currency and who lost: a code may have two losers."""
    labels = ("label_zh", "label_en", "severity")
    return _counted(
        disputes.with_columns(amount=pl.col("amount_minor")), ("out_of_pocket",), labels
    )


def _counted(
    frame: pl.DataFrame, besides: tuple[str, ...] = (), labels: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Return count and money by code, status, currency and what else is named."""
    by = ("code", "status", "currency", *besides)
    counted = (
        frame.group_by(by)
        .agg(
            pl.len().alias("count"),
            pl.col("amount").cast(pl.Int128).sum().alias("amount_minor"),
            *(pl.col(label).first() for label in labels),
        )
        .sort(by)
    )
    return [
        {key: int(value) if key == "amount_minor" else value for key, value in row.items()}
        for row in counted.to_dicts()
    ]
