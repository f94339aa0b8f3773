"""Every error that reconciliation users can meet.

    ReconError                 exit 2   base: expected, found, where, fix
    ├── UsageError             exit 2   the command or its arguments
    ├── RuleFileError          exit 2   the rule file; carries every problem at once
    ├── InputError             exit 4   one input file was refused (damaged, totals, schema)
    ├── ResourceError          exit 5   disk or memory
    ├── LockedError            exit 75  another run holds the workspace
    └── VerificationError      exit 4   a published run does not prove itself

Bad rows are never errors: they are rows of the `rejects` table. Our own bugs are assertions.
"""

from __future__ import annotations


class ReconError(Exception):
    """What was expected, what was found, where, and what to do about it."""

    exit_code = 2

    def __init__(self, problem: str, *, where: str = "", fix: str = "") -> None:
        """Build the message from the problem, its place and the remedy."""
        self.problem = problem
        self.where = where
        self.fix = fix
        super().__init__(self.message())

    def message(self) -> str:
        """Return the sentence shown to the user, one line a part."""
        head = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{head}\n  fix: {self.fix}" if self.fix else head


class UsageError(ReconError):
    """The command or its arguments cannot be used."""


class RuleFileError(ReconError):
    """The rule file was refused; every problem is listed at once."""


class InputError(ReconError):
    """An input file was refused as a whole; `code` names the finding (a `FILE_*` code name)."""

    exit_code = 4

    def __init__(self, problem: str, *, where: str = "", fix: str = "", code: str) -> None:
        """Build the message and keep the finding's code name, for instance `FILE_SCHEMA`."""
        self.code = code
        super().__init__(problem, where=where, fix=fix)


class ResourceError(ReconError):
    """Disk or memory ran out; nothing was published."""

    exit_code = 5


class LockedError(ReconError):
    """Another run holds this workspace."""

    exit_code = 75


class VerificationError(ReconError):
    """A published run does not prove itself."""

    exit_code = 4
