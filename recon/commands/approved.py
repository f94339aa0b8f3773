"""Rule files as a person approved them: `--expect-rules` holds a night to their digest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from recon.errors import UsageError

if TYPE_CHECKING:
    from recon.rules.rule_file.rule_file import RuleFile

Command = TypeVar("Command", bound=Callable[..., Any])


def expect_rules_option(command: Command) -> Command:
    """Add `--expect-rules`."""
    return click.option(
        "--expect-rules",
        metavar="SHA256",
        help="Refuse a rule file with another digest (recon check prints it).",
    )(command)


def approved_rules(config: Path, expected: str | None) -> RuleFile:
    """Return the rule file; refuse one that is not the one whose digest was approved.

    Who approves keeps the digest where the rule file's author cannot write: in the job's own line.
    """
    from recon.io.formats import FORMATS
    from recon.rules.rule_file.rule_file import read_rules

    rule_file = read_rules(config, tuple(item.name for item in FORMATS))
    if expected is not None and expected.strip().lower() != rule_file.sha256:
        raise UsageError(
            f"expected the approved rules (SHA-256 {expected}), found {rule_file.sha256}",
            where=str(config),
            fix="have the change looked at, then approve its digest: recon check prints it",
        )
    return rule_file
