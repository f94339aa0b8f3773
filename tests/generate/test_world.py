"""The generator: every break occurs, seeds repeat, files are clean; the scorer tells the truth."""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from recon.commands.generate import command
from recon.core.codes import Code
from recon.errors import UsageError
from recon.generate.causes import DIFFERENCES, amount_cause, constant
from recon.generate.damage import Damage
from recon.generate.draw import draw_sales
from recon.generate.files import Party
from recon.generate.measure import NOT_PLANTED, ONE_AT_A_TIME, Measure, measure, measure_lines
from recon.generate.plants.plants import plant_names
from recon.generate.profile import FIRST_DAY, PROFILES
from recon.generate.score import agrees, score, score_lines
from recon.generate.truth import ACT_WITHIN, KEYS, LIKELIHOOD, read_normal, read_truth
from recon.generate.world import Made, World, generate
from recon.pipeline import run_night
from recon.rules.amounts.causes import CausePolicy, find
from recon.rules.disputes.catalogue import catalogue
from recon.rules.rule_file.rule_file import read_rules
from recon.store.read import read_table
from recon.store.workspace import Workspace
from tests.night_world import template_as_snapshot

SMALL = World(PROFILES["retail"], rows=3_000, nights=7, seed=5, damage=Damage(1, 3, 2, 4))
CALM = replace(SMALL, rows=1_000, nights=3, damage=Damage())
LATE = Damage(wrong_trailer=1, late_bill=2, late_channel="UNIONPAY")
FRIDAY = date(2026, 11, 6)
NO_MERCHANTS = {  # codes of files, of strangers, and of the batch that pays all merchants at once
    *("FILE_MISSING", "FILE_EMPTY", "FILE_TOTAL", "FILE_SCHEMA"),
    *("UNKNOWN_CREDIT", "UNAUTHORISED_DEBIT", "SETTLED_UNRECONCILED"),
}
ALIASES = {
    "LATE_IN_CHANNEL": "MISSING_IN_CHANNEL",
    "LATE_IN_MERCHANT": "MISSING_IN_MERCHANT",
    "LATE_DUPLICATE": "DUPLICATE_CHARGE",
    "MISKEYED": "AMOUNT_MISMATCH",
}


def planted_codes(profile: str) -> set[str]:
    """Return the codes of the plants that a profile can hold."""
    names = plant_names(PROFILES[profile])
    codes = {code.name for code in set(Code) - set(NOT_PLANTED)}
    return {ALIASES.get(name, name) for name in names} & codes


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file under a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def reconciled(world: World, folder: Path) -> tuple[Made, Path]:
    """Generate a world and run every night of it; return what was made and the workspace."""
    made = generate(world, folder)
    rules = read_rules(folder / "recon.toml")
    with template_as_snapshot():
        for offset in range(world.nights):
            run_night(rules, world.first_night + timedelta(days=offset))
    return made, rules.workspace


def assert_perfect(made: Made, workspace: Path) -> None:
    """Assert that the nights told what was planted, as it was planted, and nothing else."""
    result = score(workspace, made.truth)
    assert result.is_perfect, (
        result.missed.to_dicts()[:5],
        result.false.to_dicts()[:5],
        result.differing.to_dicts()[:5],
    )


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Path]:
    """Three nights without damage, generated and run once for all that only look at them."""
    return reconciled(CALM, tmp_path_factory.mktemp("calm"))


def test_a_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """Equal seeds write equal files, another seed writes others."""
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        generate(replace(SMALL, rows=500, seed=seed), tmp_path / name)
    one, two, three = (digests(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert one["truth.csv"] != three["truth.csv"]


@pytest.mark.parametrize("profile", ["retail", "utility", "marketplace", "restaurants"])
def test_every_plant_occurs(profile: str, tmp_path: Path) -> None:
    """Each plant of a positive rate is in the truth at least once, and each is a known code."""
    made = generate(replace(SMALL, profile=PROFILES[profile]), tmp_path)
    needs_a_busy_till = {"FEE_BELOW_COST"}
    assert set(made.truth["code"]) >= planted_codes(profile) - needs_a_busy_till
    assert set(made.truth["code"]) <= set(Code.__members__)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Measure]:
    """Return what occurs in a large world of each profile, at default rates."""
    folder = tmp_path_factory.mktemp("measured")
    made = {
        name: generate(World(profile, 20_000, 7, seed=3, damage=Damage.spread(7)), folder / name)
        for name, profile in PROFILES.items()
    }
    return {name: measure(world.truth) for name, world in made.items()}


def test_every_code_is_planted_somewhere(measured: dict[str, Measure]) -> None:
    """The profiles together hold each code of the catalogue, but those with a reason not to."""
    seen = {code for found in measured.values() for code in found.codes}
    assert set(Code) - seen == set(NOT_PLANTED)


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_pair_of_codes_meets_on_one_merchant(
    profile: str, measured: dict[str, Measure]
) -> None:
    """At default rates, every two codes that can stand together do so at some merchant."""
    found = measured[profile]
    assert found.apart == []
    assert {code.name for code in found.nobodys} - NO_MERCHANTS == set()
    lines = measure_lines(found)
    told = [line for line in lines if line.startswith("exclude each other")]
    assert bool(told) == any(code in ONE_AT_A_TIME for code in found.codes)
    assert any("DUPLICATE_CHARGE" in line for line in lines)
    assert not [line for line in lines if line.startswith("never")]


def test_pairs_that_no_merchant_sees_are_named() -> None:
    """Two codes at two merchants are apart; one of no merchant meets others in its night."""
    truth = pl.DataFrame(
        {
            "code": ["AMBIGUOUS", "CHARGEBACK", "FILE_EMPTY", "CHARGEBACK"],
            "merchant": ["M0001", "M0002", None, None],
            "night": [date(2026, 11, 4), date(2026, 11, 5), date(2026, 11, 4), date(2026, 11, 4)],
        }
    )
    found = measure(truth)
    assert found.apart == [(Code.CHARGEBACK, Code.AMBIGUOUS)]
    assert found.pairs == {}
    assert found.nobodys == {Code.FILE_EMPTY}
    empty = Code.FILE_EMPTY
    assert found.nights == {
        tuple(sorted((empty, other))): 1 for other in (Code.AMBIGUOUS, Code.CHARGEBACK)
    }
    assert "no merchant's (nights with both are counted instead): FILE_EMPTY" in measure_lines(
        found
    )


def test_no_plants_no_truth(tmp_path: Path) -> None:
    """With every rate at zero nothing is planted, and nothing is found: normal life is no break."""
    rates = dict.fromkeys(plant_names(), 0)
    world = replace(SMALL, nights=4, first_day=FRIDAY, rates=rates, damage=Damage())
    made, workspace = reconciled(world, tmp_path)
    assert made.truth.height == 0
    assert_perfect(made, workspace)


@pytest.mark.parametrize(
    "world",
    [
        World(PROFILES["retail"], 3_000, 5, seed=1, first_day=FRIDAY, damage=Damage.spread(5)),
        pytest.param(
            World(
                PROFILES["utility"], 3_000, 5, seed=2, first_day=FRIDAY, overlap=True, damage=LATE
            ),
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            World(
                PROFILES["marketplace"], 3_000, 5, seed=3, first_day=FRIDAY, parts=3, damage=LATE
            ),
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            World(PROFILES["restaurants"], 3_000, 7, seed=4, damage=Damage.spread(7)),
            marks=pytest.mark.thorough,
        ),
    ],
    ids=["retail", "books that come again", "files in parts", "end of a month"],
)
def test_everything_planted_is_found(world: World, tmp_path: Path) -> None:
    """Many plants of every kind, over a weekend: each is told as planted, and nothing else.

    A bill that comes late or never, books that tell the night before again, and files in parts
    change no other verdict.
    """
    rates = {**dict.fromkeys(plant_names(), 3_000), "FEE_RATE": 500}
    made, workspace = reconciled(replace(world, rates=rates), tmp_path)
    told = set(made.truth["code"])
    assert told >= {"LATE_SETTLEMENT", "FAILED_BUT_DEBITED", "FILE_MISSING", "FILE_TOTAL"}
    assert ("SETTLED_UNRECONCILED" in told) == (world.damage.lost_bill is not None)
    assert_perfect(made, workspace)


def test_nights_without_orders_are_no_finding(tmp_path: Path) -> None:
    """One sale in five nights: orders without rows are ordinary there, a file without bytes not.

    A world with orders on every night still takes a file without rows for a fault.
    """
    world = World(PROFILES["marketplace"], 1, 5, seed=2, damage=Damage(empty_file=2))
    made, workspace = reconciled(world, tmp_path / "quiet")
    assert made.truth["code"].to_list().count("FILE_EMPTY") == 1
    assert_perfect(made, workspace)
    generate(CALM, tmp_path / "busy")
    quiet, busy = (
        (tmp_path / name / "recon.toml").read_text(encoding="utf-8") for name in ("quiet", "busy")
    )
    assert quiet.count("allow_empty") == busy.count("allow_empty") + 1


def test_files_have_no_rejects(calm: tuple[Made, Path]) -> None:
    """Every generated row is read; every control total agrees."""
    _, workspace = calm
    for run in sorted((workspace / "runs").glob("[0-9]*/*")):
        assert read_table(run, "rejects").height == 0
        states = set(read_table(run, "inputs")["state"].cast(pl.String))
        assert states <= {"ACCEPTED", "UNVERIFIED", "ABSENT"}


def test_the_scorer_sees_a_lost_and_a_false_break(calm: tuple[Made, Path]) -> None:
    """A truth that nothing meets is missed, a dispute that no truth explains is false."""
    made, workspace = calm
    one = made.truth.height // 2
    lost = made.truth[one].with_columns(reference=pl.lit("S000000-0000000"))
    truth = pl.concat([made.truth.filter(pl.int_range(pl.len()) != one), lost])
    result = score(workspace, truth)
    assert (result.missed.height, result.false.height) == (1, 1)
    assert not result.is_perfect
    code = made.truth["code"][one]
    line = result.by_code.filter(pl.col("code") == code).row(0, named=True)
    assert line["right"] == line["planted"] - 1 == line["found"] - 1


def test_the_score_tells_keys_from_likelihood(tmp_path: Path) -> None:
    """Blind retries are a section of their own; what is normal is counted, and none is flagged."""
    rates = dict.fromkeys(plant_names(), 0) | {"BLIND_RETRY": 300, "AMOUNT_MISMATCH": 300}
    rates |= {"ROUNDING": 50_000}
    world = replace(SMALL, rows=10_000, nights=2, rates=rates, damage=Damage())
    made, workspace = reconciled(world, tmp_path)
    truth = read_truth(tmp_path / "truth.csv")
    assert truth.equals(made.truth)
    result = score(workspace, truth, read_normal(tmp_path / "truth.csv"))
    assert result.is_perfect, (result.missed.to_dicts()[:5], result.false.to_dicts()[:5])
    likely = result.by_code.filter(pl.col("decided_by") == LIKELIHOOD).to_dicts()
    assert [(row["code"], row["recall"]) for row in likely] == [("DUPLICATE_CHARGE", "1.000000")]
    assert {"BENIGN_REPEAT", "NETTED", "IN_TRANSIT", "ROUNDING"} <= set(result.normal["kind"])
    assert min(result.normal["rows"].to_list()) > 0
    nights = [
        read_table(run.folder, "breaks") for run in Workspace(workspace).newest_by_date().values()
    ]
    told = pl.concat(nights).filter(pl.col("code") == "ROUNDING")
    rounded = result.normal.filter(pl.col("kind") == "ROUNDING")["rows"].item()
    assert told["difference_minor"].abs().to_list() == [1] * rounded
    assert result.normal["flagged"].sum() == 0
    lines = score_lines(result)
    assert [line[:19] for line in lines if line.startswith("decided")] == [
        "decided by keys and",
        "decided by likeliho",
    ]
    met = made.truth.height
    assert (
        "right in "
        + ", ".join(
            f"{word}: {met} of {met}"
            for word in ("night", "resolution", "amount", "out of pocket", "cause", "deadline")
        )
        in lines
    )


@pytest.mark.parametrize(
    "other",
    [
        {"night": pl.col("night") + timedelta(days=1)},
        {"resolved": pl.col("night")},
        {"amount_minor": pl.col("amount_minor") + 1},
        {"out_of_pocket": pl.lit("CHANNEL")},
        {"cause": pl.lit("digits 1 and 2 swapped")},
        {"due_at": pl.col("due_at") + timedelta(days=1)},
    ],
)
def test_the_scorer_sees_what_is_told_otherwise(
    other: dict[str, pl.Expr], calm: tuple[Made, Path]
) -> None:
    """A break that is met and told otherwise is not right; what a truth leaves out is not asked."""
    made, workspace = calm
    one = made.truth.filter(pl.col("code") == "AMOUNT_MISMATCH").head(1)
    rest = made.truth.join(one, on=["code", "reference"], how="anti")
    truth = pl.concat([rest, one.with_columns(**other)])
    result = score(workspace, truth)
    assert (result.missed.height, result.false.height, result.differing.height) == (0, 0, 1)
    silent = [name for name in other if name in ("out_of_pocket", "cause", "due_at")]
    assert score(workspace, truth.drop(silent)).is_perfect == bool(silent)


@pytest.mark.parametrize(
    ("told", "planted", "decided_by", "right"),
    [
        ("cap not applied", "cap not applied", KEYS, True),
        ("cap not applied; also fits: rounded up, floor not applied", "rounded up", KEYS, True),
        ("cap not applied; also fits: rounded up", "cap not applied", KEYS, True),
        ("cap not applied; also fits: rounded up", "rounded", KEYS, False),
        ("cap not applied", None, KEYS, False),
        (None, "cap not applied", KEYS, False),
        (None, None, KEYS, True),
        (
            "9 s after another payment; probability 98.1 %",
            "9 s after another payment",
            LIKELIHOOD,
            True,
        ),
        ("9 s after another payment; probability 98.1 %", "9 s after another payment", KEYS, False),
        (
            "9 s after another payment; probability 98.1 %",
            "8 s after another payment",
            LIKELIHOOD,
            False,
        ),
    ],
)
def test_a_cause_among_several_that_fit_is_right(
    told: str | None, planted: str | None, decided_by: str, *, right: bool
) -> None:
    """The planted cause may be any that the dispute names; none planted, none may be named."""
    schema = dict.fromkeys(("cause", "cause_planted", "decided_by_planted"), pl.String)
    met = pl.DataFrame([(told, planted, decided_by)], schema=schema, orient="row")
    assert met.select(agrees("cause")).item() is right


@pytest.mark.parametrize(
    ("expected", "actual", "fee", "cause"),
    [
        (2_100, 1_200, 5, "digits 2 and 1 swapped"),
        (12_345, 12_354, 47, "digits 4 and 5 swapped"),
        (-2_100, -1_200, 0, "digits 2 and 1 swapped"),
        (1_000, 100, 0, "decimal shifted by 1 (too small)"),
        (100, 10_000, 0, "unit error x100 (too large)"),
        (1_005, 1_000, 5, "fee of 0.05 taken off"),
        (1_000, 1_010, 5, "fee of 0.05 with the wrong sign"),
        (1_234, 1_200, 5, "rounded down to 1.00"),
        (1_234, 1_240, 5, "rounded up to 0.10"),
        (1_234, 1_334, 5, None),
    ],
)
def test_causes_of_planted_differences(
    expected: int, actual: int, fee: int, cause: str | None
) -> None:
    """What a person would find on paper: the generator's reckoning and the engine's agree."""
    row = pl.DataFrame(
        {"txn_id": [1], "expected_minor": [expected], "actual_minor": [actual], "fee_minor": [fee]}
    )
    planted = amount_cause(pl.col("expected_minor"), pl.col("actual_minor"), pl.col("fee_minor"))
    assert row.select(planted).item() == cause
    found = find(row, CausePolicy())["cause"].item()
    assert (found or "").split("; also")[0] == (cause or "")


def test_miskeyed_orders_have_a_cause_and_a_loser(tmp_path: Path) -> None:
    """Swapped digits, a shifted decimal and a fee are planted, to the loss of either party."""
    made = generate(replace(CALM, rates={"MISKEYED": 20_000, "AMOUNT_MISMATCH": 0}), tmp_path)
    told = made.truth.filter(pl.col("planted").str.starts_with("the order is booked with"))
    assert told["cause"].null_count() == 0
    for words in ("digits", "decimal shifted by 1 (too small)", "fee of"):
        assert told.filter(pl.col("cause").str.starts_with(words)).height > 2
    assert set(told["out_of_pocket"]) == {"MERCHANT", "PAYER"}
    shifted = told.filter(pl.col("cause").str.starts_with("fee of"))
    assert set(shifted["out_of_pocket"]) == {"PAYER"}


def test_differences_that_several_amounts_of_a_till_share() -> None:
    """Three amounts of one till and night share a difference; two, or of two nights, do not."""
    rows = [("A", 1, 1_000), ("B", 1, 2_000), ("C", 1, 3_000), ("D", 2, 1_000), ("E", 2, 2_000)]
    frame = pl.DataFrame(
        [(name, night, "M", "T", amount, amount - 10) for name, night, amount in rows],
        schema=DIFFERENCES,
        orient="row",
    )
    named = dict(constant(frame).iter_rows())
    assert named == dict.fromkeys("ABC", "constant difference of -0.10 on 3 amounts")


def test_shared_differences_count_the_ones_with_a_cause_of_their_own(tmp_path: Path) -> None:
    """A night of many wrong orders a till: an order with swapped digits is one of the amounts."""
    world = World(PROFILES["shops"], 800, 1, seed=1, rates={"AMOUNT_MISMATCH": 300_000})
    made, workspace = reconciled(world, tmp_path)
    shared = made.truth.filter(pl.col("cause").str.starts_with("constant difference"))
    assert shared.height > 50
    assert_perfect(made, workspace)


def test_deadlines_are_those_of_the_catalogue() -> None:
    """The truth's own days within which to act are those that the codes' page tells."""
    told = {code.name: entry.act_within_days for code, entry in catalogue().items()}
    planted = {code.name for code in set(Code) - set(NOT_PLANTED)}
    files = {name for name in planted if name.startswith("FILE_")}
    assert {name: told[name] for name in planted - files} == ACT_WITHIN


def test_a_false_break_of_a_normal_row_is_counted(calm: tuple[Made, Path]) -> None:
    """Where the truth does not know a break, and its row is normal, that kind is flagged."""
    made, workspace = calm
    one = made.truth.filter(pl.col("code") == "AMOUNT_MISMATCH").head(1)
    normal = one.select(pl.lit("REFUNDED").alias("kind"), "column", "reference")
    result = score(workspace, made.truth.join(one, on=["code", "reference"], how="anti"), normal)
    assert result.normal.to_dicts() == [{"kind": "REFUNDED", "rows": 1, "flagged": 1}]


def test_amounts_follow_the_profile() -> None:
    """Drawn amounts have the profile's median and limits; card numbers are masked."""
    import numpy as np  # noqa: PLC0415 - only this test draws

    profile = PROFILES["retail"]
    rng = np.random.default_rng(3)
    sales = draw_sales(profile, Party(), rng, rows=20_000, first=20_000, nights=7)
    amounts = sales["amount"].sort()
    assert amounts[0] >= 100
    assert amounts[-1] <= 300_000
    assert 7_000 < amounts[10_000] < 9_000
    assert sales["channel_ref"].n_unique() == sales.height
    assert sales["order_id"].n_unique() == sales.height
    assert sales["card"].str.contains(r"^62\d{4}\*{6}\d{4}$").all()


def test_alipay_names_are_gbk(tmp_path: Path) -> None:
    """The zip's member names are GBK bytes without the UTF-8 flag, the summary first."""
    generate(replace(SMALL, nights=1, rows=200, damage=Damage()), tmp_path)
    path = next(tmp_path.rglob("alipay.zip"))
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        assert all(not info.flag_bits & 0x800 for info in infos)
        names = [info.filename.encode("cp437").decode("gbk") for info in infos]
    assert "汇总" in names[0]
    assert "业务明细" in names[1]


def test_the_document_names_every_profile_and_what_is_not_planted() -> None:
    """docs/generator.md lists the profiles and the codes that no world plants."""
    text = (Path(__file__).parents[2] / "docs" / "generator.md").read_text("utf-8")
    listed = re.findall(r"^\| `([a-z]+)` \|", text, re.MULTILINE)
    assert listed == list(PROFILES)
    told = re.findall(r"`([A-Z_]+)`", text.partition("but the benign ones (")[2].partition(")")[0])
    assert set(told) == {code.name for code in NOT_PLANTED}


def test_an_unknown_plant_is_refused() -> None:
    """A rate of a break that is not planted is an error that lists the plants."""
    with pytest.raises(UsageError, match="DUPLICATE_CHARGE"):
        replace(SMALL, rates={"DUPLICATE_CHARGES": 1})


def test_command(tmp_path: Path) -> None:
    """`recon generate` writes a world, refuses a full folder, and scores a workspace."""
    out = tmp_path / "world"
    arguments = [str(out), "--rows", "500", "--nights", "1", "--rate", "all=2000"]
    first = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert first.exit_code == 0, first.output
    assert "planted breaks" in first.output
    with pytest.raises(UsageError, match="new or empty"):
        CliRunner().invoke(command, arguments, catch_exceptions=False)
    rules = read_rules(out / "recon.toml")
    run_night(rules, FIRST_DAY)
    shown = CliRunner().invoke(
        command, [str(out / "truth.csv"), "--measure"], catch_exceptions=False
    )
    assert "not in this world: BENIGN_REPEAT (benign" in shown.output
    told = CliRunner().invoke(
        command, [str(out / "truth.csv"), "--score", str(rules.workspace)], catch_exceptions=False
    )
    assert '{"perfect": true}' in told.output, told.output
    assert read_truth(out / "truth.csv").schema["night"] == pl.Date
    assert date(2026, 11, 4) == FIRST_DAY
