"""Root causes: the exact test, the control of false discoveries, and one planted fault."""

from __future__ import annotations

import random
from datetime import date, timedelta
from fractions import Fraction
from math import comb

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from recon.cli import group
from recon.commands.packing import read_pack
from recon.generate.plants.plants import ACQUIRER_PAIRINGS, PAIRINGS
from recon.io.formats import FORMATS
from recon.pipeline import run_night
from recon.report.root_causes import discoveries, root_causes, tail
from recon.rules.rule_file.rule_file import read_rules
from recon.store.lookup import history
from recon.store.workspace import Workspace
from tests.report.shop_week import reconcile_week, with_tables


def exact_tail(k, n, breaks, rows):
    """Return the hypergeometric tail as a fraction, by counting."""
    ways = sum(
        comb(breaks, i) * comb(rows - breaks, n - i)
        for i in range(k, min(n, breaks) + 1)
        if n - i <= rows - breaks
    )
    return Fraction(ways, comb(rows, n))


@given(st.data())
def test_tail_is_the_exact_count(data):
    """The probability equals the count of all draws, to twelve digits."""
    rows = data.draw(st.integers(1, 60))
    breaks, there = (data.draw(st.integers(0, rows)) for _ in range(2))
    k = data.draw(st.integers(0, rows))
    wanted = exact_tail(k, there, breaks, rows)
    assert tail(k, there, breaks, rows) == pytest.approx(float(wanted), rel=1e-11, abs=1e-300)


def test_tail_of_a_large_night_is_quick_and_tiny():
    """A million rows, three thousand breaks, all on one terminal: no overflow, no zero division."""
    probability = tail(3000, 3100, 3000, 1_000_000)
    assert 0 <= probability < 1e-300


def test_false_discoveries_are_controlled():
    """Benjamini-Hochberg, worked by hand: of these five, two are accepted at 5 %."""
    assert discoveries([0.001, 0.008, 0.039, 0.041, 0.6], 5, 0.05) == 0.008
    assert discoveries([0.001], 1000, 0.01) < 0


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Return a night on which terminal T013 charges thirty fen too little, every time."""
    root = tmp_path_factory.mktemp("broken")
    space = Workspace(reconcile_week(root, nights=1, orders=400, broken_terminal="T013"))
    return read_pack(space, space.resolve(None), "en")


def test_one_broken_terminal_is_one_cause(broken):
    """Twenty mismatches of one terminal are one cause, with its affected list, and nothing else."""
    causes = [cause for cause in root_causes(broken) if cause.code == "AMOUNT_MISMATCH"]
    (cause,) = causes
    assert (cause.attribute, cause.value) == ("terminal_id", "T013")
    assert cause.breaks_there == 20
    assert cause.rows_there == 20
    listed = broken.tables["breaks"].filter(pl.col("break_id").is_in(list(cause.break_ids)))
    assert listed.height == 20


def test_an_even_spread_is_no_cause(broken):
    """With every break's code shuffled away nothing is beyond chance."""
    calm = {**broken.tables, "breaks": broken.tables["breaks"].head(2)}
    assert root_causes(with_tables(broken, calm)) == []


def test_a_cause_that_comes_back_says_on_how_many_nights(tmp_path):
    """A terminal that is broken for three nights is one cause, seen on three nights."""
    root = reconcile_week(tmp_path, nights=3, orders=200, broken_terminal="T013")
    space = Workspace(root)
    pack = read_pack(space, space.resolve(None), "en")
    (cause,) = [item for item in root_causes(pack) if item.code == "AMOUNT_MISMATCH"]
    assert (cause.value, cause.nights) == ("T013", 3)


@pytest.mark.parametrize(
    "profile", ["retail", pytest.param("marketplace", marks=pytest.mark.thorough)]
)
def test_a_world_without_a_cause_has_none(profile, tmp_path):
    """Breaks of forty kinds planted at random, none with a common cause: nothing is reported."""
    out, first = tmp_path / "world", date(2026, 11, 4)
    options = ["--profile", profile, "--rows", "1500", "--nights", "3", "--seed", "5"]
    # planted at one terminal, with one card, in the acquirer's file alone: causes of their own
    shared = ("FEE_RATE", "ATTRIBUTE_MISMATCH", "REFUND_ROUTE", "FEE_UNLISTED")
    pairs = [item.name for item in (*PAIRINGS, *ACQUIRER_PAIRINGS)]  # the same kinds, by twos
    none = (f"--rate={name}=0" for name in (*shared, *pairs))
    rates = ["--rate=all=3000", *none, f"--from={first}"]
    made = CliRunner().invoke(group, ["generate", str(out), *options, *rates])
    assert made.exit_code == 0, made.output
    rules = read_rules(out / "recon.toml", tuple(item.name for item in FORMATS))
    for day in range(3):
        run_night(rules, first + timedelta(days=day))
    space = Workspace(out / "workspace")
    for run in history(space, space.resolve(None), 3):
        assert [cause.facts() for cause in root_causes(read_pack(space, run, "en"))] == []


def test_a_source_that_is_wrong_as_a_whole_is_a_cause(broken):
    """When every row of one channel is broken and none of another, the channel is the cause."""
    ledger = broken.ledger
    wallet = ledger.filter((pl.col("side") == "CHANNEL") & ~pl.col("opening"))
    other = wallet.with_columns(
        txn_id=-pl.col("txn_id"), source=pl.lit("card"), file_id=pl.lit("f" * 16)
    )
    template = broken.tables["breaks"].filter(pl.col("code") == "AMOUNT_MISMATCH").head(1)
    breaks = pl.concat(
        [
            template.with_columns(
                break_id=pl.lit(f"B{txn_id}"), txn_ids=pl.lit([txn_id], dtype=pl.List(pl.Int64))
            )
            for txn_id in wallet["txn_id"]
        ]
    )
    whole = with_tables(broken, {**broken.tables, "breaks": breaks})
    object.__setattr__(whole, "ledger", pl.concat([ledger, other]))
    (cause,) = root_causes(whole)
    assert (cause.attribute, cause.value) == ("source", "wallet")
    assert cause.breaks_there == wallet.height


SPREAD = {  # how many values each attribute has in a made-up night, each drawn by itself
    "terminal_id": 20,
    "batch_id": 12,
    "merchant_id": 15,
    "product": 6,
    "file_id": 8,
    "hour": 10,
    "bin": 16,
}


def spread(broken, seed, rows=1200):
    """Return the channel rows of a made-up night; no attribute has to do with another."""
    chance = random.Random(seed)  # noqa: S311 - a fixed draw
    drawn = {name: [chance.randrange(count) for _ in range(rows)] for name, count in SPREAD.items()}
    own = broken.ledger.filter((pl.col("side") == "CHANNEL") & ~pl.col("opening")).head(1)
    hour = pl.col("hour").cast(pl.Int64)
    return (
        pl.concat([own] * rows)
        .with_columns(
            txn_id=pl.int_range(1, rows + 1, dtype=pl.Int64),
            **{name: pl.Series(values).cast(pl.String) for name, values in drawn.items()},
        )
        .with_columns(
            occurred_at=pl.datetime(2026, 3, 2, hour, time_unit="us"),
            card=pl.concat_str(pl.lit("6222"), pl.col("bin").str.zfill(2), pl.lit("******0000")),
        )
        .select(broken.ledger.columns)
        .cast(dict(broken.ledger.schema))
    )


def with_breaks(broken, ledger, rows):
    """Return the night with one break of a code a row."""
    template = broken.tables["breaks"].filter(pl.col("code") == "AMOUNT_MISMATCH").head(1)
    breaks = pl.concat([template] * len(rows)).with_columns(
        break_id=pl.Series([f"B{row:016x}" for row in rows]),
        txn_ids=pl.Series([[row] for row in rows], dtype=pl.List(pl.Int64)),
    )
    night = with_tables(broken, {**broken.tables, "breaks": breaks})
    object.__setattr__(night, "ledger", ledger)
    return night


@pytest.mark.parametrize(
    ("attribute", "value", "test"),
    [
        ("terminal_id", "7", pl.col("terminal_id") == "7"),
        ("batch_id", "7", pl.col("batch_id") == "7"),
        ("merchant_id", "7", pl.col("merchant_id") == "7"),
        ("product", "3", pl.col("product") == "3"),
        ("file_id", "7", pl.col("file_id") == "7"),
        ("hour", "07:00", pl.col("occurred_at").dt.hour() == 7),
        ("bin", "622207", pl.col("card").str.starts_with("622207")),
    ],
)
def test_one_planted_cause_is_found_among_random_breaks(broken, attribute, value, test):
    """Half the rows of one value break, and thirty anywhere: the value is the one cause."""
    ledger = spread(broken, seed=11)
    there = ledger.filter(test)["txn_id"].to_list()
    anywhere = random.Random(5).sample(ledger["txn_id"].to_list(), 30)  # noqa: S311 - a fixed draw
    night = with_breaks(broken, ledger, sorted({*there[::2], *anywhere}))
    (cause,) = root_causes(night)
    assert (cause.attribute, cause.value, cause.rows_there) == (attribute, value, len(there))
    assert cause.breaks_there >= len(there[::2])


def test_random_breaks_have_no_cause(broken):
    """Of forty nights with eighty breaks drawn blindly, none has a cause."""
    for seed in range(40):
        ledger = spread(broken, seed)
        drawn = random.Random(seed + 1000).sample(ledger["txn_id"].to_list(), 80)  # noqa: S311 - a fixed draw
        assert root_causes(with_breaks(broken, ledger, sorted(drawn))) == []
