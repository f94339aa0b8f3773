"""The HTML report: one file that opens offline, with its table, its pictures and its script inside.

Nothing is fetched: the page forbids itself every connection (`default-src 'none'`). Data is JSON in
a script element that is never run, with `<` escaped; the page's own script writes it with
`textContent` only, so no cell of a file can become markup. The list's columns are packed (zlib,
base64) and unpacked once the page is drawn; the long texts of a case are packed in chunks, each
unpacked when a case of it is opened.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from recon.core.money import exponent
from recon.core.texts import inert
from recon.report.html.pictures import pictures
from recon.report.html.tables import (
    cause_lines,
    fee_table,
    figures,
    file_table,
    proof_table,
    stage_table,
)
from recon.report.html.words import WORDS, PageWords
from recon.report.pack import Pack
from recon.report.priority import by_priority
from recon.report.root_causes import root_causes
from recon.report.tie_out import statements
from recon.report.words import LABELS, label, money
from recon.report.workbook.proof import verdict
from recon.report.workbook.reasons import case_rows
from recon.report.workbook.words import Say

CHUNK_ROWS = 500
PRINTED_ROWS = 200
_SAFE_INTEGER = 1 << 53  # beyond it a script's number is not exact: text is sent
_EVIDENCE_SHOWN = 12
_DIGITS_SHOWN = 12
_TEXT_COLUMNS = ("dispute_id", "order_id", "channel_ref", "bank_ref")
_WORD_COLUMNS = ("code", "severity", "status", "out_of_pocket", "currency", "merchant_id", "due_at")


def write_html(pack: Pack, path: Path) -> None:
    """Write the report of one night as one HTML file. The same night gives the same bytes."""
    say = PageWords(pack.language)
    ranked = by_priority(pack.disputes, pack.business_date)
    proofs = statements(pack)
    sentence, proved = verdict(pack, proofs, Say(pack.language))
    causes = root_causes(pack)
    page = files("recon.report.html").joinpath("page")
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: inert.lines(value) if type(value) is str else value,
    )
    template = environment.from_string(page.joinpath("report.html").read_text(encoding="utf-8"))
    run = pack.run
    text = template.render(
        say=say,
        language=pack.language,
        title=Say(pack.language)("title", name=run["name"], date=pack.business_date),
        run=say(
            "run",
            run=run["run_id"],
            version=run["version"] or "—",
            rules=str(run["rules_sha256"] or "—")[:_DIGITS_SHOWN],
        ),
        verdict=sentence,
        proved=proved,
        style=page.joinpath("report.css").read_text(encoding="utf-8"),
        script=page.joinpath("report.js").read_text(encoding="utf-8"),
        data=_script_safe(_data(pack, ranked, say)),
        figures=figures(ranked, say),
        pictures=pictures(pack, proofs, say),
        proofs=proof_table(proofs, say),
        fees=fee_table(pack),
        stages=stage_table(pack),
        files=file_table(pack),
        causes=list(cause_lines(causes, pack, say)),
        printed=[_printed(pack, row) for row in ranked.head(PRINTED_ROWS).iter_rows(named=True)],
        all_cases=f"{ranked.height:,}",
    )
    path.write_text(text, encoding="utf-8", newline="\n")


def _data(pack: Pack, ranked: pl.DataFrame, say: PageWords) -> dict[str, Any]:
    """Return the cases column by column, words by number, long texts in packed chunks."""
    columns: dict[str, Any] = {name: ranked[name].to_list() for name in _TEXT_COLUMNS}
    vocabularies: dict[str, list[str | None]] = {}
    for name in _WORD_COLUMNS:
        vocabularies[name], columns[name] = _numbered(ranked[name].cast(pl.String))
    for name in ("amount", "expected", "actual"):
        columns[name] = [_number(value) for value in ranked[f"{name}_minor"].to_list()]
    for name in ("days_left", "age_days"):
        columns[name] = ranked[name].to_list()
    return {
        "rows": ranked.height,
        "columns": _packed(columns),
        "vocabularies": vocabularies,
        "labels": {
            "code": [pack.label(str(name)) for name in vocabularies["code"]],
            **{
                name: [label(name, word, pack.language) for word in vocabularies[name]]
                for name in ("severity", "status", "out_of_pocket")
            },
        },
        "exponents": [exponent(name) if name else 0 for name in vocabularies["currency"]],
        "severities": list(LABELS["severity"]),
        "chunk": CHUNK_ROWS,
        "details": list(_chunks(pack, ranked)),
        "words": {name: say(name) for name in WORDS if "{" not in say(name) or name == "shown"},
    }


def _numbered(column: pl.Series) -> tuple[list[str | None], list[int]]:
    """Return a column's distinct texts, sorted, and the position of each row's text."""
    distinct = column.unique().sort(nulls_last=True).to_list()
    position = {text: number for number, text in enumerate(distinct)}
    return distinct, [position[text] for text in column.to_list()]


def _number(value: int | None) -> int | str | None:
    return value if value is None or abs(value) < _SAFE_INTEGER else str(value)


def _chunks(pack: Pack, ranked: pl.DataFrame) -> Iterator[str]:
    """Yield the long texts of the cases: explanation, action, cause, nearest, gate, evidence."""
    cases, say = case_rows(ranked, pack, (), pack.language), PageWords(pack.language)
    currencies = dict(pack.rows.select("txn_id", "currency").iter_rows())
    for start in range(0, cases.height, CHUNK_ROWS):
        details = []
        for row in cases.slice(start, CHUNK_ROWS).iter_rows(named=True):
            shown = _evidence(pack, row["evidence_"] or [], currencies, say)
            texts = [row[name] for name in ("explanation", "action", "cause", "nearest", "gate")]
            details.append([*texts, shown])
        yield _packed(details)


def _packed(document: object) -> str:
    """Return plain data as JSON, deflated, in letters that may stand in a page."""
    text = json.dumps(inert.lines_within(document), ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode("ascii")


def _evidence(
    pack: Pack,
    evidence: Sequence[dict[str, Any]],
    currencies: Mapping[int, str],
    say: PageWords,
) -> list[list[str]]:
    """Return where the rows of a case stand, each amount in its own currency."""
    shown = [
        [
            label("side", item["side"], pack.language),
            pack.paths.get(item["file_id"], item["file_id"]),
            say("record", number=item["record_no"]),
            money(item["amount_minor"], currencies.get(item["txn_id"])),
            say("row_id", number=item["txn_id"]),
        ]
        for item in evidence[:_EVIDENCE_SHOWN]
    ]
    more = len(evidence) - len(shown)
    return [*shown, ["", f"+{more}", "", "", ""]] if more > 0 else shown


def _printed(pack: Pack, row: dict[str, Any]) -> dict[str, str]:
    """Return one case as the printed list shows it."""
    chinese = pack.language == "zh"
    return {
        "dispute": row["dispute_id"],
        "reason": pack.label(row["code"]),
        "severity": label("severity", row["severity"], pack.language),
        "status": label("status", row["status"], pack.language),
        "at_risk": money(row["amount_minor"], row["currency"]),
        "due": str(row["due_at"] or "—"),
        "order": row["order_id"] or row["channel_ref"] or row["bank_ref"] or "—",
        "happened": row["explanation_zh" if chinese else "explanation_en"] or "",
    }


def _script_safe(document: dict[str, Any]) -> str:
    """Return JSON that may stand inside a script element: no character can end it."""
    text = json.dumps(inert.lines_within(document), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
