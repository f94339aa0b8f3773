"""How the options that several commands share are read."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from recon.commands.options import memory_bytes, night_memory


@click.command()
@click.option("--memory", callback=memory_bytes)
@click.option("--night", callback=night_memory)
def sizes(memory: int | None, night: int | None) -> None:
    """Tell what was understood."""
    click.echo(f"{memory} {night}")


@pytest.mark.parametrize(
    ("given", "told", "aside"),
    [
        (["--memory", "4GiB"], f"{4 << 30} None", ""),
        (["--memory", "1048576"], "1048576 None", ""),
        (["--night", "800MB"], "None 800000000", ""),
        (
            ["--night", "599mib"],
            f"None {599 << 20}",
            "recon: --memory 599mib is less than the 600 MiB",
        ),
        ([], "None None", ""),
    ],
)
def test_a_size_is_read_and_one_that_no_night_keeps_is_told(given, told, aside) -> None:
    """The limit stands, and a line beside the output says that it will be exceeded."""
    done = CliRunner().invoke(sizes, given)
    assert (done.exit_code, done.stdout.strip()) == (0, told)
    assert done.stderr.startswith(aside)
    assert bool(done.stderr) == bool(aside)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("1", "expected at least 1MiB, found '1', which is 1 bytes; give the unit: 4GiB"),
        ("1023KiB", "expected at least 1MiB, found '1023KiB', which is 1,047,552 bytes"),
        ("4 apples", "expected a size such as 4GiB or 800MB, found '4 apples'"),
    ],
)
@pytest.mark.parametrize("option", ["--memory", "--night"])
def test_a_size_without_its_unit_is_refused(option, given, told) -> None:
    """One byte is no memory: the unit was left out."""
    done = CliRunner().invoke(sizes, [option, given])
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.split())
