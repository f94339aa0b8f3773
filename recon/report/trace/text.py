"""A trace as text for a terminal: the timeline, then where the money is now."""

from __future__ import annotations

from typing import Any

from recon.report.words import Pair, label, pick, sentence, span

_HEAD: Pair = (
    "{ident}: {rows} rows, followed up to the night of {night}",
    "{ident}：{rows} 行，跟踪至 {night}",
)
_HEAD_OF_ONE: Pair = (
    "{ident}: one row, followed up to the night of {night}",
    "{ident}：1 行，跟踪至 {night}",
)
_NOW: Pair = ("where the money is now:", "资金现在在哪里：")
_STAGES: Pair = ("time in each stage of the refund:", "退款各阶段用时：")
_STAGE: Pair = (
    "{source}, {stage}: {span} (half of its {refunds} refunds within {median}, 95 % within {most})",
    "{source}，{stage}：{span}（该渠道 {refunds} 笔退款，半数在 {median} 内，95% 在 {most} 内）",
)
_POINTER: Pair = ("  ({path}, record {record})", "  （{path} 第 {record} 条）")


def trace_text(facts: dict[str, Any], language: str) -> str:
    """Return the text of `recon.report.trace.trace.trace`'s facts."""
    lines = [
        sentence(
            _HEAD_OF_ONE if facts["rows_found"] == 1 else _HEAD,
            language,
            ident=facts["id"],
            rows=facts["rows_found"],
            night=facts["as_of"],
        ),
        "",
    ]
    for event in facts["timeline"]:
        moment = event["at"].replace("T", " ")[:16]
        lines.append(f"  {moment:<16}  {event[f'text_{language}']}{_pointer(event, language)}")
    lines += ["", pick(_NOW, language)]
    lines += [f"  {answer[f'text_{language}']}" for answer in facts["now"]]
    if facts["stages"]:
        lines += ["", pick(_STAGES, language)]
        lines += [f"  {_stage(stage, language)}" for stage in facts["stages"]]
    return "\n".join(lines)


def _stage(stage: dict[str, Any], language: str) -> str:
    return sentence(
        _STAGE,
        language,
        source=stage["source"],
        stage=label("refund_stage", stage["stage"], language),
        span=span(stage["seconds"], language),
        median=span(stage["median_seconds"], language),
        most=span(stage["seconds_95"], language),
        refunds=f"{stage['refunds']:,}",
    )


def _pointer(event: dict[str, Any], language: str) -> str:
    evidence = event.get("evidence")
    if not evidence or not evidence["path"]:
        return ""
    return sentence(_POINTER, language, path=evidence["path"], record=evidence["record_no"])
