"""Figures and tables of the HTML report: how the night stands, the proof, fees, causes, files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from recon.core.codes import Code
from recon.report.html.words import PageWords
from recon.report.pack import Pack, real_breaks
from recon.report.root_causes import Cause
from recon.report.tie_out import Statement
from recon.report.words import label, money, span
from recon.report.workbook.proof import at_risk
from recon.rules.words.files import message_in_chinese

_PPM = 1_000_000
_RETURNED = (Code.FEE_NOT_RETURNED.name, Code.FEE_OVER_RETURNED.name)  # figures of what comes back
_NOT_A_PRICE = (Code.FEE_BELOW_COST.name,)  # held against the cost, not against the contract
_FAULTY = frozenset({"HELD", "REFUSED", "MISSING"})
Row = dict[str, str]


def figures(ranked: pl.DataFrame, say: PageWords) -> list[Row]:
    """Return how the night stands: cases new, still open, past their day, resolved; their money."""
    status = pl.col("status").cast(pl.String)
    still = status != "RESOLVED"
    chosen = {
        "is_new": status == "NEW",
        "is_open": status == "OPEN",
        "is_late": still & (pl.col("days_left") < 0),
        "is_due": still & (pl.col("days_left") == 0),
        "is_resolved": status == "RESOLVED",
    }
    cases = {name: ranked.filter(test) for name, test in chosen.items()}
    return [
        {
            "name": say(name),
            "count": f"{mine.height:,}",
            "amount": at_risk(mine) if mine.height else "",
            "kind": "late" if name == "is_late" and mine.height else "",
        }
        for name, mine in cases.items()
    ]


def proof_table(proofs: Sequence[Statement], say: PageWords) -> list[Row]:
    """Return the tie-out by pair of sides and currency: totals, what is linked, the residual."""
    return [
        {
            "sides": " → ".join(
                label("side", side, say.language) for side in (one.left, one.right)
            ),
            **{
                f"{name}_{role}": _sum(one, role, side)
                for name, side in (("left", one.left), ("right", one.right))
                for role in ("total", "linked")
            },
            "explained": money(sum(line.amount_minor for line in one.explained), one.currency),
            "unexplained": (
                f"{money(one.unexplained_minor, one.currency)} · {say.rows(one.unexplained_rows)}"
            ),
            "kind": "bad" if one.unexplained_minor or one.unexplained_rows else "",
        }
        for one in proofs
    ]


def _sum(proof: Statement, role: str, side: str) -> str:
    return money(sum(line.amount_minor for line in proof.of(role, side)), proof.currency)


def fee_table(pack: Pack) -> list[Row]:
    """Return the fees of tonight's rows by channel source and currency, beside the contract's.

    `fee` is what was really taken: the fees of the rows, less those returned, and rows that are a
    fee themselves. `over` is what the night's fee breaks name of it, and the rest the fee by
    contract; a source without a contract has no fee break.
    """
    new = pack.ledger.filter(~pl.col("opening") & (pl.col("side").cast(pl.String) == "CHANNEL"))
    kind, amount = pl.col("kind").cast(pl.String), pl.col("amount_minor").cast(pl.Int128)
    net = pl.coalesce("net_minor", "amount_minor").cast(pl.Int128)
    sales = kind.is_in(["PAYMENT", "REFUND", "REVERSAL", "VOID"])
    by = ["source", "currency"]
    paid = new.group_by(by).agg(
        gross=amount.filter(sales).sum(),
        fee=(amount - net).sum() - amount.filter(kind == "FEE").sum(),
    )
    over = _overcharged(pack, new).group_by(by).agg(over=pl.col("over").sum())
    counted = paid.join(over, on=by, how="left").with_columns(pl.col("over").fill_null(0)).sort(by)
    return [_fee_row(row["source"], row["currency"], row) for row in counted.to_dicts()]


def _overcharged(pack: Pack, new: pl.DataFrame) -> pl.DataFrame:
    """Return what each fee break of tonight's rows says was taken too much; below 0, too little."""
    code = pl.col("code").cast(pl.String)
    difference = pl.col("difference_minor").cast(pl.Int128)
    return (
        real_breaks(pack.tables["breaks"])
        .filter(code.str.starts_with("FEE_") & ~code.is_in(_NOT_A_PRICE))
        .select(
            "break_id",
            pl.col("txn_ids").alias("txn_id"),
            over=pl.when(code.is_in(_RETURNED))
            .then(pl.lit(0, pl.Int128) - difference)
            .otherwise(difference),
        )
        .explode("txn_id")
        .join(new.select("txn_id", "source", "currency"), on="txn_id")
        .unique("break_id")
    )


def _fee_row(source: str, currency: str, row: dict[str, int]) -> Row:
    fee, gross, over = int(row["fee"]), int(row["gross"]), int(row["over"])
    return {
        "source": source,
        "gross": money(gross, currency),
        "fee": money(fee, currency),
        "rate": _rate(fee, gross),
        "contract": money(fee - over, currency),
        "contract_rate": _rate(fee - over, gross),
        "over": money(over, currency),
        "kind": "bad" if over else "",
    }


def _rate(fee: int, gross: int) -> str:
    """Return a fee as percent of the money it was taken for; a dash where there was none."""
    if gross <= 0:
        return "—"
    ppm = abs(fee) * _PPM // gross
    return f"{'-' if fee < 0 else ''}{ppm // 10_000}.{ppm % 10_000:04d} %"


def stage_table(pack: Pack) -> list[Row]:
    """Return the refund stages: how many refunds, and the time of half and of 95 % of them."""
    return [
        {
            "source": row["source"],
            "stage": label("refund_stage", row["stage"], pack.language),
            "refunds": f"{row['refunds']:,}",
            "median": span(row["median_seconds"], pack.language),
            "most": span(row["seconds_95"], pack.language),
        }
        for row in pack.stages.iter_rows(named=True)
    ]


def file_table(pack: Pack) -> list[Row]:
    """Return the night's input files, those that were not used marked."""
    return [
        {
            "source": row["source"],
            "path": row["path"],
            "rows": f"{row['rows'] or 0:,}",
            "rejected": f"{row['rejected'] or 0:,}",
            "state": label("input_state", row["state"], pack.language),
            "message": _message(pack, row["message"] or ""),
            "kind": "bad" if row["state"] in _FAULTY or row["rejected"] else "",
        }
        for row in pack.tables["inputs"].iter_rows(named=True)
    ]


def _message(pack: Pack, message: str) -> str:
    return message_in_chinese(message) if pack.language == "zh" else message


def cause_lines(causes: Sequence[Cause], pack: Pack, say: PageWords) -> Iterator[str]:
    """Yield each root cause as one sentence."""
    for cause in causes:
        chance = f"{cause.expected_ppm // _PPM}.{cause.expected_ppm % _PPM // 100_000}"
        value = cause.value
        if cause.attribute == "file_id":
            value = pack.paths.get(value, value)
        yield say(
            "cause_line",
            there=f"{cause.breaks_there:,}",
            all=f"{cause.breaks_all:,}",
            label=pack.label(cause.code),
            attribute=label("column", cause.attribute, say.language),
            value=value,
            rows=f"{cause.rows_there:,}",
            total=f"{cause.rows_all:,}",
            again=say("again", nights=cause.nights) if cause.nights > 1 else "",
            chance="< 0.1" if chance == "0.0" else chance,
        )
