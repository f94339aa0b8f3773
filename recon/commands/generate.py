"""`recon generate`: a synthetic world with planted, labelled breaks; and its scorer."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recon.commands.options import parse_date

if TYPE_CHECKING:
    from recon.generate.world import World


@click.command(name="generate")
@click.argument("out", required=False, type=click.Path(path_type=Path))
@click.option(
    "--profile",
    type=click.Choice(["retail", "utility", "marketplace", "shops", "restaurants"]),
    default="retail",
    show_default=True,
)
@click.option("--rows", type=click.IntRange(1), default=100_000, show_default=True)
@click.option("--nights", type=click.IntRange(1, 366), default=7, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--from", "first_day", callback=parse_date, metavar="YYYY-MM-DD", help="First night.")
@click.option(
    "--rate", multiple=True, metavar="CODE=N", help="Plants per million; `all=N` for all."
)
@click.option("--damaged-files", is_flag=True, help="Also plant late, empty and wrong files.")
@click.option(
    "--score",
    type=click.Path(path_type=Path, exists=True),
    metavar="WORKSPACE",
    help="Do not generate: compare a workspace with the truth file OUT.",
)
@click.option(
    "--measure", is_flag=True, help="Print which code, and which pair at one merchant, occurs."
)
def command(
    out: Path | None,
    profile: str,
    rows: int,
    nights: int,
    seed: int,
    first_day: date | None,
    rate: tuple[str, ...],
    damaged_files: bool,
    score: Path | None,
    measure: bool,
) -> None:
    """Write a world of about ROWS rows a side into OUT, or score a workspace with --score.

    OUT gets real files under inbox/, a rule file, and truth.csv with every planted break.
    """
    from recon.errors import UsageError

    if out is None:
        raise UsageError("expected a folder to write to", fix="recon generate OUT --rows 100000")
    if score is not None:
        _print_score(score, out)
        return
    if measure and out.is_file():
        _print_measure(out)
        return
    from recon.generate.damage import Damage
    from recon.generate.profile import profile_named
    from recon.generate.world import World

    world = World(
        profile_named(profile),
        rows,
        nights,
        seed,
        first_day=first_day,
        rates=_rates(rate),
        damage=Damage.spread(nights) if damaged_files else Damage(),
        name=f"{profile}_{seed}",
    )
    _write(world, out, measure=measure)


def _write(world: World, out: Path, *, measure: bool) -> None:
    """Write the world into a new folder; print what it holds and how to go on."""
    from recon.errors import UsageError
    from recon.generate.world import generate

    if out.exists() and any(out.iterdir()):
        raise UsageError(
            f"expected a new or empty folder, found files in {out}", fix="name another folder"
        )
    made = generate(world, out)
    click.echo(
        f"wrote {out}: {made.orders:,} orders, {made.charges:,} channel rows, "
        f"{made.bank_lines:,} bank lines, {made.truth.height:,} planted breaks"
    )
    if measure:
        _print_measure(out / "truth.csv")
    nights = _range(world.first_night, world.nights)
    click.echo(f"  run    recon backfill {out / 'recon.toml'} {nights}")
    click.echo(f"  score  recon generate {out / 'truth.csv'} --score {out / 'workspace'}")


def _print_measure(truth: Path) -> None:
    from recon.generate.measure import measure, measure_lines
    from recon.generate.truth import read_truth

    click.echo("\n".join(measure_lines(measure(read_truth(truth)))))


def _range(first: date, nights: int) -> str:
    from datetime import timedelta

    return f"--from {first} --to {first + timedelta(days=nights - 1)}"


def _rates(texts: tuple[str, ...]) -> dict[str, int]:
    """Return the rates asked for; `all=N` sets every plant first."""
    from recon.errors import UsageError
    from recon.generate.plants.plants import plant_names

    rates: dict[str, int] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if not number.isascii() or not number.isdigit():
            raise UsageError(
                f"expected CODE=N, found {text!r}",
                where="--rate",
                fix="write plants per million, for instance DUPLICATE_CHARGE=200",
            )
        rates.update(dict.fromkeys(plant_names() if name == "all" else (name,), int(number)))
    return rates


def _print_score(workspace: Path, truth: Path) -> None:
    """Print precision and recall a code; exit 1 is never used: a bad score is an answer."""
    from recon.generate.score import score, score_lines
    from recon.generate.truth import read_normal, read_truth

    result = score(workspace, read_truth(truth), read_normal(truth))
    click.echo("\n".join(score_lines(result)))
    click.echo(json.dumps({"perfect": result.is_perfect}))
