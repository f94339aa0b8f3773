"""`recon explain`: why a row matched, or did not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.commands.options import json_option, language_option, workspace_option
from recon.commands.say import say, say_json

if TYPE_CHECKING:
    from recon.store.workspace import Workspace


@click.command(name="explain")
@click.argument("ident", metavar="ID")
@click.option("--run", "selector", default=None, help="As of this run: its id or date.")
@workspace_option
@language_option
@json_option
def command(
    ident: str, selector: str | None, workspace: Path, lang: str | None, as_json: bool
) -> None:
    """Say why the rows that ID names matched or did not, with the line each came from.

    ID is a dispute, a break, a row id (txn_id), an order, channel, bank, retrieval or batch
    reference as it stands in a file, or a place in a file: FILE#RECORD, for instance
    wechat.csv#285.
    """
    from recon.commands.catalogue_words import code_words
    from recon.report.explain.explanation import explain
    from recon.report.explain.text import explanation_text
    from recon.store.lookup import Lookup
    from recon.store.workspace import Workspace

    space = Workspace(workspace)
    run = space.resolve(selector)
    facts = explain(Lookup.in_force(space, run).fetch, ident, line_reader(space.staging))
    if as_json:
        say_json(facts)
        return
    language = lang or published_language(run.folder)
    told = in_language(facts, language)
    say(explanation_text(told, language, code_words()))


def in_language(facts: Any, language: str) -> Any:  # noqa: ANN401 - plain facts of any depth
    """Return facts with named causes and failed gates in the language; JSON keeps them as found."""
    if language != "zh":
        return facts
    if isinstance(facts, list):
        return [in_language(item, language) for item in facts]
    if not isinstance(facts, dict):
        return facts
    return {
        name: _in_chinese(value)
        if name in {"cause", "failed_gate"}
        else in_language(value, language)
        for name, value in facts.items()
    }


def _in_chinese(words: Any) -> Any:  # noqa: ANN401 - a text, several of them, or null
    from recon.rules.words.causes import in_chinese

    if isinstance(words, list):
        return [_in_chinese(word) for word in words]
    return in_chinese(words) if isinstance(words, str) else words


def line_reader(staging: Path) -> Any:  # noqa: ANN401 - a closure of explanation.ReadLine
    """Return a function that reads a row's line from the staged file, card numbers masked."""
    from recon.io.loading.drift import columns_from_json
    from recon.io.lookup.evidence import read_line

    def read(row: Mapping[str, Any], file: Mapping[str, Any]) -> dict[str, Any]:
        own = [row[name] for name in ("order_id", "channel_ref", "bank_ref", "rrn", "batch_id")]
        line = read_line(
            staging / file["sha256"],
            row["byte_start"] or 0,
            row["byte_end"] or 0,
            card=row["card"] or "",
            own=[value for value in own if value],
            columns=[name for name, _ in columns_from_json(file["columns"])],
        )
        return {"staged": f"staging/{file['sha256']}", "line": line.text or None, "note": line.note}

    return read


def workspace_language(space: Workspace) -> str:
    """Return the language of the run published last; English while there is none."""
    runs = space.published()
    return published_language(runs[-1].folder) if runs else "en"


def published_language(folder: Path) -> str:
    """Return the language that the rule file of a published run asks for."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    language = summary.get("language", "en")
    return language if language in {"zh", "en"} else "en"
