"""The rule file: one TOML file a reconciliation, every line of it checked.

`read_rules` returns a frozen `Rules`, or raises one `RuleFileError` that lists every problem with
its file, its line and what to write instead.
"""

from __future__ import annotations

import hashlib
import tomllib
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from recon.errors import RuleFileError
from recon.rules.rule_file.models import Rules, Source
from recon.rules.rule_file.problems import problems_of
from recon.rules.rule_file.toml_lines import line_of, suggestion

__all__ = ["RuleFile", "Rules", "Source", "read_rules"]


class RuleFile:
    """A checked rule file: where it lies, what it says, and the digest of its bytes."""

    def __init__(self, path: Path, rules: Rules, sha256: str) -> None:
        """Keep the parts."""
        self.path = path
        self.rules = rules
        self.sha256 = sha256

    @property
    def folder(self) -> Path:
        """Return the folder that relative paths start from."""
        return self.path.parent

    @property
    def workspace(self) -> Path:
        """Return the workspace folder."""
        return self.folder / self.rules.workspace


def read_rules(path: Path, formats: tuple[str, ...] = (), model: type[Rules] = Rules) -> RuleFile:
    """Read and check a rule file; `formats` are the known format names.

    `model` is `RulesInTheMaking` where sources alone are needed: a leg may be missing then.

    Raises `RuleFileError` with every problem: file, line, what was found, what to write.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")  # editors of Windows begin a file with a mark
        tree = tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        raise RuleFileError(
            f"cannot be read: {error.strerror}", where=str(path), fix="check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise RuleFileError(
            f"is not UTF-8 (byte {error.start})", where=str(path), fix="save it as UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise RuleFileError(
            f"is not TOML: {error}", where=str(path), fix=_toml_fix(str(error))
        ) from error
    try:
        rules = model.model_validate(tree)
    except ValidationError as error:
        raise RuleFileError(problems_of(path, text, error)) from error
    _check_formats(path, text, rules, formats)
    digest = hashlib.sha256(content)
    overlay = rules.calendar.overlay
    if overlay is not None and (path.parent / overlay).exists():
        digest.update((path.parent / overlay).read_bytes())
    return RuleFile(path, rules, digest.hexdigest())


def _toml_fix(problem: str) -> str:
    """Return what to do about a line that the TOML reader refused."""
    if problem.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate")):
        return (
            "a key or table stands twice; sources, legs and passes are written in double brackets, "
            "for instance [[source]]"
        )
    return "mend that line: text stands in quotes, lists in [ ], tables in { }; see docs/rules.md"


def _check_formats(path: Path, text: str, rules: Rules, formats: tuple[str, ...]) -> None:
    problems = []
    for position, source in enumerate(rules.sources):
        if formats and source.format not in formats:
            hint = suggestion(source.format, formats) or "; `recon formats` lists them"
            line = line_of(text, ("source", position, "format"))
            problems.append(
                f"{path}:{line}: source.{position}.format: unknown format {source.format!r}{hint}"
            )
    if problems:
        raise RuleFileError("\n".join(problems))
