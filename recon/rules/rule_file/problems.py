"""Every problem of a rule file as a sentence: its line, what was expected, what was found.

The models find the problems; here they get words for the person who wrote the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from recon.rules.rule_file.models import DISAGREEMENTS, Rules
from recon.rules.rule_file.toml_lines import line_of, suggestion

_Location = tuple[int | str, ...]
_LONGEST = 80  # characters of what was found
_EXAMPLES = {"name": "shop_1", "cut_off": "23:00", "currency": "CNY"}
_UNION_MEMBER = re.compile(r"^(?:str|tuple\[.*\]|function-.*|constrained-.*|int|decimal)$")


def problems_of(path: Path, text: str, error: ValidationError) -> str:
    """Return one line a problem: file, line, place, sentence; in the order of the file."""
    found = list(dict.fromkeys(_placed(error)))
    lines = [(line_of(text, at), at, sentence) for at, sentence in found]
    lines.sort(key=lambda item: item[0])
    return "\n".join(
        f"{path}:{line}: {'.'.join(str(part) for part in at) or 'the file'}: {sentence}"
        for line, at, sentence in lines
    )


def _placed(error: ValidationError) -> Iterable[tuple[_Location, str]]:
    """Yield every problem as a place in the file and a sentence."""
    problems = error.errors(include_url=False)
    for problem in problems:
        at = tuple(part for part in problem["loc"] if part != "[key]")
        at = tuple(part for part in at if not _UNION_MEMBER.match(str(part)))
        inside = [other for other in problems if other["loc"][: len(at)] == at]
        if problem["type"] == "too_short" and len(inside) > 1:
            continue  # the list only looks short because its items have problems of their own
        if problem["type"] == DISAGREEMENTS:
            yield from problem["ctx"]["found"]
        else:
            yield at, _sentence(at, problem)


def _sentence(at: _Location, problem: Mapping[str, Any]) -> str:
    """Return what was expected and what was found."""
    special = _SENTENCES.get(problem["type"])
    if special:
        return special(at, problem)
    words = _EXPECTED.get(problem["type"])
    given = str(problem["msg"]).removeprefix("Input should be ")
    expected = words(problem.get("ctx", {})) if words else given
    return f"expected {expected}, found {_shown(problem['input'])}"


_EXPECTED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": lambda _: "text in quotes",
    "int_type": lambda _: "a whole number",
    "int_parsing": lambda _: "a whole number",
    "int_from_float": lambda _: "a whole number",
    "int_parsing_size": lambda _: "a smaller number",
    "decimal_type": lambda _: "a number, for instance 0.5",
    "decimal_parsing": lambda _: "a number without a sign of per cent, for instance 0.5",
    "decimal_max_places": lambda context: f"at most {context['decimal_places']} decimals",
    "bool_type": lambda _: "true or false",
    "bool_parsing": lambda _: "true or false",
    "dict_type": lambda _: "a table, for instance { name = ... }",
    "model_type": lambda _: "a table, for instance { name = ... }",
    "path_type": lambda _: "a path in quotes",
    "date_type": lambda _: "a date without quotes, for instance 2026-11-09",
    "date_parsing": lambda _: "a date, for instance 2026-11-09",
    "date_from_datetime_parsing": lambda _: "a date, for instance 2026-11-09",
    "date_from_datetime_inexact": lambda _: "a date without a time, for instance 2026-11-09",
    "greater_than_equal": lambda context: f"{context['ge']} or more",
    "greater_than": lambda context: f"more than {context['gt']}",
    "less_than_equal": lambda context: f"{context['le']} at most",
    "less_than": lambda context: f"less than {context['lt']}",
    "string_too_short": lambda context: f"{_counted(context['min_length'])} or more",
    "string_too_long": lambda context: f"{_counted(context['max_length'])} at most",
    "too_short": lambda context: f"at least {context['min_length']} in the list",
}


def _counted(characters: int) -> str:
    """Return a number of characters in words."""
    return f"{characters} character{'' if characters == 1 else 's'}"


def _unknown_key(at: _Location, _: Mapping[str, Any]) -> str:
    """Return the sentence about a key that the table does not have."""
    known = _known_keys(at)
    return f"unknown key{suggestion(str(at[-1]), known) or _listed(known)}"


def _unknown_word(_: _Location, problem: Mapping[str, Any]) -> str:
    """Return the sentence about a word or number that is none of the known ones."""
    found, expected = problem["input"], str(problem["ctx"]["expected"])
    known = tuple(re.findall(r"'([^']+)'", expected))
    if not known:
        return f"expected {expected}, found {_shown(found)}"
    return f"{found!r} is not known{suggestion(str(found), known) or _listed(known)}"


def _no_list(at: _Location, problem: Mapping[str, Any]) -> str:
    """Return the sentence about a value that should be a list."""
    found = problem["input"]
    if isinstance(found, dict):
        return f"expected a list of tables, found one table; write [[{at[-1]}]] in double brackets"
    fix = f'; write ["{found}"]' if isinstance(found, str) else ""
    return f"expected a list in square brackets, found {_shown(found)}{fix}"


def _misshaped(at: _Location, problem: Mapping[str, Any]) -> str:
    """Return the sentence about a text of another shape: expected, for instance, found."""
    example = _EXAMPLES.get(str(at[-1]))
    instance = f', for instance "{example}"' if example else ""
    pattern = problem["ctx"]["pattern"]
    return f"expected text of the form {pattern}{instance}; found {_shown(problem['input'])}"


_ADD: dict[_Location, str] = {
    (
        "leg",
    ): "a run links two sides: `recon init --from FILE --from OTHER` proposes sources and leg",
}
_SENTENCES: dict[str, Callable[[_Location, Mapping[str, Any]], str]] = {
    "value_error": lambda _, problem: str(problem["msg"]).removeprefix("Value error, "),
    "missing": lambda at, _: f"is required and missing; {_ADD.get(at, 'add it')}",
    "extra_forbidden": _unknown_key,
    "literal_error": _unknown_word,
    "tuple_type": _no_list,
    "string_pattern_mismatch": _misshaped,
}


def _shown(found: object) -> str:
    """Return a value as TOML writes it, cut where it is long."""
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, Decimal | date | datetime):
        return str(found)
    text = "a table" if isinstance(found, dict) else repr(found)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _listed(known: tuple[str, ...]) -> str:
    return f"; known here: {', '.join(known)}" if known else "; remove it"


def _known_keys(location: _Location) -> tuple[str, ...]:
    """Return the keys that the table holding `location` accepts."""
    model: type[BaseModel] = Rules
    for part in location[:-1]:
        child = _child(model, str(part))
        model = child or model
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _child(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    """Return the table that stands under a key of another one, alone or in a list."""
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return _table_of(field.annotation)
    return None


def _table_of(annotation: object) -> type[BaseModel] | None:
    """Return the first table in a type, None for a type without one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((table for part in get_args(annotation) if (table := _table_of(part))), None)
