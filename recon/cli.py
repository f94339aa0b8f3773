"""The `recon` command: a lazy group, so that `--help` imports nothing but click."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from contextlib import suppress

import click

from recon import __version__
from recon.commands.kernel_cache import refuse_shared_cache
from recon.commands.say import say
from recon.errors import ReconError

COMMANDS: dict[str, str] = {
    "init": "Write a working project to start from.",
    "formats": "List the file formats.",
    "inspect": "Recognise a file; show rows, rejects and control totals.",
    "check": "Check a rule file: every problem at once.",
    "run": "Reconcile one business date: the nightly job.",
    "backfill": "Reconcile every business date of a range, in order.",
    "show": "Show the summary of a run.",
    "runs": "List the published runs.",
    "query": "Run one SQL query over every published run.",
    "sql": "Query the published runs interactively.",
    "explain": "Say why a row matched, or did not.",
    "trace": "Follow one order, trade or refund across files, sides and days.",
    "fees": "Check price lists, infer prices, explain a fee, state rebates.",
    "report": "Write the finance team's documents.",
    "exports": "List what was written out of the workspace, by whom.",
    "decisions": "Bring decisions on disputes back from the workbook.",
    "diff": "Say what changed between two runs.",
    "verify": "Recompute every hash and the conservation certificate.",
    "generate": "Make a synthetic world with planted, labelled breaks.",
    "warmup": "Compile every kernel, for images.",
    "doctor": "Check this machine: versions, caches, limits.",
    "demo": "Reconcile the sample week and show what it finds.",
}


class LazyGroup(click.Group):
    """A group whose commands live in `recon.commands.<name>` and load when they are used."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the names, in the order of the working day."""
        return [name for name in COMMANDS if _exists(name)]

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Return a command, importing its module; None when there is none of that name."""
        if name not in COMMANDS or not _exists(name):
            return None
        module = importlib.import_module(f"recon.commands.{name}")
        command: click.Command = module.command
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        rows = [(name, COMMANDS[name]) for name in COMMANDS if _exists(name)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _exists(name: str) -> bool:
    return importlib.util.find_spec(f"recon.commands.{name}") is not None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="recon")
@click.pass_context
def group(context: click.Context) -> None:
    """Reconcile what the merchant, the channel and the bank say.

    Exit codes: 0 done, 1 bug, 2 usage or rule file, 3 an input is missing, 4 an input was refused,
    5 resources, 10 a --fail-on gate broke, 75 locked by another run, 130 interrupted.
    """
    if context.invoked_subcommand != "doctor":  # which tells what is wrong with the place
        refuse_shared_cache()


def process() -> None:
    """Be the process `recon`: run the command line and leave.

    Nothing is left to do by then but to take a million objects of the libraries apart, which costs
    a third of a second; the system takes the memory back at once.
    """
    try:
        main()
    except SystemExit as ended:
        with suppress(OSError, ValueError):  # refused or closed: told when it was printed
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 0)


def main() -> None:
    """Run the command line; an error for people becomes one message and its exit code."""
    try:
        code = group.main(prog_name="recon", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:  # Click's word for an interrupt and for the end of input
        click.echo("recon: interrupted; what was published stands, nothing else was", err=True)
        sys.exit(130)
    except ReconError as error:
        say(f"recon: {error}", err=True)
        sys.exit(error.exit_code)
    except MemoryError:
        click.echo("recon: memory ran out; nothing was published\n  fix: use --memory", err=True)
        sys.exit(5)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        problem = f"recon: {where}the system refused ({error.strerror or error})"
        say(f"{problem}\n  fix: check the path, its permissions and the free space", err=True)
        sys.exit(5)
