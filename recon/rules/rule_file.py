"""The rule file: one TOML file a reconciliation, every line of it checked.

`read_rules` returns a frozen `Rules`, or raises one `RuleFileError` that lists every problem with
its file, its line and what to write instead.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ValidationError

from recon.errors import RuleFileError
from recon.rules.rule_models import (
    BreakRules,
    CalendarRules,
    CauseRules,
    Extract,
    LegRules,
    Override,
    PassRules,
    Rules,
    Settlement,
    Source,
)
from recon.rules.toml_lines import line_of, suggestion

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


def read_rules(path: Path, formats: tuple[str, ...] = ()) -> RuleFile:
    """Read and check a rule file; `formats` are the known format names.

    Raises `RuleFileError` with every problem: file, line, what was found, what to write.
    """
    try:
        text = path.read_bytes()
        tree = tomllib.loads(text.decode("utf-8"), parse_float=Decimal)
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
            f"is not TOML: {error}", where=str(path), fix="mend that line; see docs/rules.md"
        ) from error
    try:
        rules = Rules.model_validate(tree)
    except ValidationError as error:
        raise RuleFileError(_problems(path, text.decode(), error)) from error
    _check_formats(path, text.decode(), rules, formats)
    digest = hashlib.sha256(text)
    overlay = rules.calendar.overlay
    if overlay is not None and (path.parent / overlay).exists():
        digest.update((path.parent / overlay).read_bytes())
    return RuleFile(path, rules, digest.hexdigest())


def _problems(path: Path, text: str, error: ValidationError) -> str:
    lines = []
    problems = error.errors(include_url=False)
    for problem in problems:
        location = tuple(part for part in problem["loc"] if part != "[key]")
        inside = [other for other in problems if other["loc"][: len(location)] == location]
        if problem["type"] == "too_short" and len(inside) > 1:
            continue  # the list only looks short because its items have problems of their own
        where = ".".join(str(part) for part in location) or "the file"
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            known = _known_keys(location)
            message = f"unknown key{suggestion(str(location[-1]), known) or _listed(known)}"
        elif problem["type"] == "missing":
            message = "is required and missing; add it"
        elif problem["type"] == "literal_error":
            known = tuple(re.findall(r"'([^']+)'", str(problem["ctx"]["expected"])))
            found = problem["input"] if isinstance(problem["input"], str) else location[-1]
            message = f"{found!r} is not known{suggestion(str(found), known) or _listed(known)}"
        elif problem["type"] == "string_pattern_mismatch":
            message = _misshaped(str(location[-1]), problem["input"], problem["ctx"]["pattern"])
        lines.append(f"{path}:{line_of(text, location)}: {where}: {message}")
    return "\n".join(lines)


def _misshaped(key: str, found: object, pattern: str) -> str:
    """Return the sentence about a text of another shape: expected, for instance, found."""
    example = {"name": "shop_1", "cut_off": "23:00", "currency": "CNY"}.get(key)
    instance = f', for instance "{example}"' if example else ""
    return f"expected text of the form {pattern}{instance}; found {found!r}"


def _listed(known: tuple[str, ...]) -> str:
    return f"; known here: {', '.join(known)}" if known else "; remove it"


def _known_keys(location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that the table holding `location` accepts."""
    model: type[BaseModel] = Rules
    for part in location[:-1]:
        child = _child(model, str(part))
        model = child or model
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _child(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return _CHILDREN.get((model, name))
    return None


_CHILDREN: dict[tuple[type[BaseModel], str], type[BaseModel]] = {
    (Rules, "calendar"): CalendarRules,
    (Rules, "sources"): Source,
    (Rules, "legs"): LegRules,
    (Rules, "breaks"): BreakRules,
    (Rules, "causes"): CauseRules,
    (Rules, "overrides"): Override,
    (Source, "settlement"): Settlement,
    (Source, "extract"): Extract,
    (LegRules, "passes"): PassRules,
}


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
