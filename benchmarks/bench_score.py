"""Bank transfers with changed amounts, late days and cut memos: F1 and time, against Splink.

The data is Splink's own demonstration set, 22,663 or more rows a side with the true pairs; its
folder is given. Our window is generic (0 to 30 days, 30 percent), not fitted to the answers.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.race import race
from recon.core.arrays.means import Means
from recon.core.codes import Kind, Side, State
from recon.core.match import match
from recon.core.plan import Leg, Method, Pass
from recon.core.schema import SLIM, conform
from recon.core.texts.text import text_buffers


def load(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return origin and destination, shuffled, amounts as exact minor units."""
    sides = []
    for name, seed in (("origin", 1), ("destination", 2)):
        frame = pl.read_parquet(folder / f"{name}.parquet")
        text = frame["amount"].cast(pl.String)
        minor = text.cast(pl.Decimal(18, 2)).cast(pl.Decimal(18, 2)).to_physical()
        sides.append(frame.with_columns(minor=minor).sample(fraction=1, shuffle=True, seed=seed))
    return sides[0], sides[1]


def ours(origin: pl.DataFrame, destination: pl.DataFrame, threads: int) -> pl.DataFrame:
    """Return links (left and right truth numbers and score) of one SCORE pass."""
    both = pl.concat([origin, destination])
    rows = both.height
    slim = conform(
        pl.DataFrame(
            {
                "txn_id": np.arange(rows),
                "side": np.repeat([int(Side.CHANNEL), int(Side.BANK)], origin.height),
                "kind": np.full(rows, int(Kind.PAYMENT)),
                "state": np.full(rows, int(State.SUCCESS)),
                "amount_minor": both["minor"],
                "net_minor": both["minor"],
                "currency": np.zeros(rows, np.int64),
                "due_date": both["transaction_date"],
                "value_date": both["transaction_date"],
            }
        ),
        SLIM,
    )
    step = Pass(
        "score", Method.SCORE, (), (), tolerance_ppm=300_000, days_after=30, confidence_ppm=0
    )
    leg = Leg("leg", Side.CHANNEL, Side.BANK, (step,))
    everybody = {"leg": np.ones(rows, np.bool_)}
    texts = {"memo": text_buffers(both["memo"])}
    found = match(slim, {}, (leg,), everybody, means=Means(threads), texts=texts).links
    truth = both["ground_truth"].to_numpy()
    return pl.DataFrame(
        {"one": truth[found["left"]], "two": truth[found["right"]], "score": found["score"]}
    )


def lag_level(days: int) -> dict[str, str]:
    """Return a level of Splink's notebook: the money arrives within so many days."""
    gap = "(transaction_date_r::date - transaction_date_l::date)"
    condition = f"{gap} <= {days} and {gap} >= 0"
    return {"sql_condition": condition, "label_for_charts": f"within {days} days"}


def splink_settings(rows: int) -> object:
    """Return the model of Splink's own notebook for this data, without its cheat."""
    import splink.comparison_level_library as level
    from splink import SettingsCreator

    amount = [level.NullLevel("amount"), level.ExactMatchLevel("amount")]
    amount += [level.PercentageDifferenceLevel("amount", share) for share in (0.01, 0.03, 0.1, 0.3)]
    memo = [level.NullLevel("memo"), level.ExactMatchLevel("memo")]
    memo += [level.LevenshteinLevel("memo", edits) for edits in (2, 6, 10)]
    lags = [level.NullLevel("transaction_date"), *(lag_level(days) for days in (1, 4, 10, 30))]
    month = "strftime({}, '%Y%m') = strftime(r.transaction_date, '%Y%m')"
    near = "substr(l.memo, 1, 3) = substr(r.memo, 1, 3) and l.amount / r.amount between 0.7 and 1.3"
    even = "round(l.amount / 2, 0) * 2 = round(r.amount / 2, 0) * 2"
    week = "yearweek(r.transaction_date) = yearweek({})"
    return SettingsCreator(
        link_type="link_only",
        probability_two_random_records_match=1 / rows,
        blocking_rules_to_generate_predictions=[
            f"{month.format('l.transaction_date')} and {near}",
            f"{month.format('l.transaction_date::date + 15')} and {near}",
            f"{even} and {week.format('l.transaction_date')}",
            f"{even} and {week.format('l.transaction_date::date + 4')}",
        ],
        comparisons=[
            {"output_column_name": name, "comparison_levels": [*levels, level.ElseLevel()]}
            for name, levels in (("amount", amount), ("transaction_date", lags), ("memo", memo))
        ],
        retain_intermediate_calculation_columns=False,
        additional_columns_to_retain=["ground_truth"],
    )


def splink_pairs(origin: pl.DataFrame, destination: pl.DataFrame) -> pl.DataFrame:
    """Return one-to-one links by Splink: trained, predicted, best pairs taken greedily."""
    import logging

    from splink import DuckDBAPI, Linker, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    names = ["unique_id", "ground_truth", "memo", "transaction_date", "amount"]
    engine = DuckDBAPI()
    frames = [
        engine.register(frame.select(names).to_pandas(), dataset_display_name=name)
        for name, frame in (("l_origin", origin), ("r_destination", destination))
    ]
    linker = Linker(frames, splink_settings(origin.height))
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for column in ("memo", "amount"):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))
    scored = linker.inference.predict(threshold_match_probability=0.001).as_pandas_dataframe()
    frame = pl.from_pandas(scored[["match_weight", "ground_truth_l", "ground_truth_r"]]).sort(
        "match_weight", "ground_truth_l", "ground_truth_r", descending=[True, False, False]
    )
    taken: tuple[set[int], set[int]] = set(), set()
    links = []
    for weight, one, two in frame.iter_rows():
        if one not in taken[0] and two not in taken[1]:
            taken[0].add(one)
            taken[1].add(two)
            links.append((one, two, weight))
    return pl.DataFrame(links, schema=["one", "two", "score"], orient="row")


def quality(links: pl.DataFrame, rows: int) -> tuple[float, float, float]:
    """Return precision, recall and F1 of links."""
    right = int((links["one"] == links["two"]).sum())
    precision, recall = right / max(links.height, 1), right / rows
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def main() -> None:
    """Run the row of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    sides = load(options.folder)
    rows = sides[0].height
    ours(*sides, options.threads)

    def agree(answers: dict[str, pl.DataFrame]) -> str:
        parts = []
        for label, links in answers.items():
            precision, recall, f1 = quality(links, rows)
            parts.append(f"{label} F1 {f1:.4f} (P {precision:.4f}, R {recall:.4f})")
        return ", ".join(parts)

    race(
        "bank transfers by score",
        {
            "splink": lambda: splink_pairs(*sides),
            "recon": lambda: ours(*sides, options.threads),
        },
        agree,
        goal=5,
        size=f"{rows:,} x {rows:,}",
        slow={"splink": 1},
    )


if __name__ == "__main__":
    main()
