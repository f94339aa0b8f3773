"""Failed conditions of passes in words: which, by how much. `gate_phrases` has them in Chinese."""

from __future__ import annotations

from collections.abc import Iterator

from recon.core.codes import Side
from recon.core.money import format_minor
from recon.core.passes.gates import Failed
from recon.core.plan import SECOND, Leg, Method, Pass, key_name

_MORE = {  # what a pass asks beyond the conditions of a pair
    Method.UNIQUE: "not being the only candidate",
    Method.SUBSET: "no other rows making up the rest",
}
_APART = "being tied or held apart"


def pass_words(
    leg: Leg, step: Pass, failed: Failed, place: int, currencies: tuple[str, str], score: int | None
) -> str:
    """Return what the pair at `place` fails under one pass; `currencies` of left and right.

    `score`: how probable the pass found it, parts per million, where it told that.
    """
    parts = list(_conditions(leg, step, failed, place, currencies))
    parts = parts or [_beyond_conditions(step, score)]
    return f"pass {step.name} fails on {' and '.join(parts)}"


def _conditions(
    leg: Leg, step: Pass, failed: Failed, place: int, currencies: tuple[str, str]
) -> Iterator[str]:
    """Yield each condition of the pass that a candidate fails, in words."""
    key = key_name(step.left_key)
    if failed.key_missing[place]:
        yield f"key missing ({key})"
    if failed.key[place]:
        yield f"key differs ({key})"
    if failed.flow[place]:
        yield "kind: money in against money back"
    if failed.currency[place]:
        yield f"currency: {currencies[0]} against {currencies[1]}"
    elif failed.amount_missing[place]:
        yield "amount unknown"
    elif failed.amount[place]:
        by = f"{format_minor(abs(int(failed.amount[place])), currencies[0])} {currencies[0]}"
        yield f"amount {by} {_allowed(leg, step, currencies[0])}"
    if failed.day_missing[place]:
        yield "time unknown" if step.clocked else "day unknown"
    if failed.days[place]:
        yield _days(step, int(failed.days[place]))


def _allowed(leg: Leg, step: Pass, currency: str) -> str:
    """Return what amounts the pass takes, after the figure by which they are missed."""
    if step.method in (Method.UNIQUE, Method.WINDOW):
        return "off, none allowed"
    fixed = f"{format_minor(step.tolerance_minor, currency)} {currency}"
    if step.method is Method.SUBSET:
        return f"beyond {fixed} by itself"
    ways = [fixed] if step.tolerance_minor or not step.tolerance_ppm else []
    if step.tolerance_ppm:
        base = leg.right if step.tolerance_base == "right" else leg.left
        percent = f"{step.tolerance_ppm / 10_000:g} % of the {_side(base)}"
        if step.tolerance_cap_minor:
            percent += f" up to {format_minor(step.tolerance_cap_minor, currency)} {currency}"
        ways.append(percent)
    if step.tolerance_sign:
        way = "above" if step.tolerance_sign > 0 else "below"
        return f"beyond {' or '.join(ways)} (only {_side(leg.right)} {way} {_side(leg.left)})"
    return f"beyond {' or '.join(ways)}"


def _side(side: Side) -> str:
    return side.name.lower()


def _days(step: Pass, by: int) -> str:
    """Return how far outside the window the right row came, and the window."""
    if step.clocked:
        return _minutes(step, by)
    unit = "working days" if step.business_days else "days"
    early = "its own day" if step.until_due else "the day due"
    way = "late" if by > 0 else "early"
    window = f"from {step.days_before} before {early} to {step.days_after} after the day due"
    return f"{abs(by)} {unit} too {way} ({window})"


def _minutes(step: Pass, by: int) -> str:
    """Return by how many minutes and seconds the right row missed the window; begun ones count."""
    minutes, seconds = divmod(-(-abs(by) // SECOND), 60)
    way = "late" if by > 0 else "early"
    window = f"from {step.minutes_before} minutes before to {step.minutes_after} after"
    return f"{minutes} min {seconds} s too {way} ({window})"


def _beyond_conditions(step: Pass, score: int | None) -> str:
    """Return what keeps a pair apart that fails no condition."""
    asked = step.confidence_ppm
    if step.method is not Method.SCORE:
        return _MORE.get(step.method, _APART)
    if score is None:
        return f"being less than {_percent(asked)} probable"
    if score < asked:
        missing = f"{(asked - score) / 10_000:g} points short of {_percent(asked)}"
        return f"being {_percent(score)} probable, {missing}"
    return f"being tied at {_percent(score)} probable"


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:g} %"
