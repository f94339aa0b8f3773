"""The rule file's words about reading a source, as the loader wants them, and all keys."""

from __future__ import annotations

from decimal import Decimal

from recon.core.plan import Key, Leg
from recon.io.reading.contract import Options
from recon.rules.rule_file.rule_file import Rules, Source

# Own references that duplicates, netting and re-deliveries compare, whatever the legs ask for.
_ALWAYS: tuple[Key, ...] = (
    ("order_id",),
    ("channel_ref",),
    ("bank_ref",),
    ("rrn",),
    ("original_ref",),
)


def options_of(source: Source, rules: Rules) -> Options:
    """Return how to read a source; what it leaves out comes from the whole file."""
    same = {
        name: getattr(source, name)
        for name in (
            "encoding",
            "delimiter",
            "quote",
            "header",
            "skip_lines",
            "comment",
            "ignore_columns",
            "changed_columns",
            "equal_rows",
            "columns",
            "attributes",
            "amount_unit",
            "units",
            "decimal_mark",
            "thousands",
            "time_patterns",
            "date_patterns",
            "member",
            "padded",
            "full_width",
            "symbols",
            "allow_empty",
            "stale_days",
            "merchant_id",
        )
    }
    return Options(
        currency=source.currency or rules.currency,
        zone=source.time_zone or rules.time_zone,
        own_zone=source.time_zone or "",
        kinds={word: kind.upper() for word, kind in source.kinds.items()},
        kind=source.kind.upper(),
        states={word: state.upper() for word, state in source.states.items()},
        reject_limit_ppm=_ppm(source.reject_limit_percent),
        retold_ppm=int(source.retold_percent * 10_000),
        **same,
    )


def _ppm(percent: Decimal | None) -> int | None:
    """Return a percentage as parts per million."""
    return None if percent is None else int(percent * 10_000)


def load_keys(legs: tuple[Leg, ...], rules: Rules) -> tuple[Key, ...]:
    """Return every key whose digests matching, netting, duplicates and attributes need, once."""
    compared = [(column,) for leg in rules.legs for column in leg.compare]
    wanted = [key for leg in legs for item in leg.passes for key in (item.left_key, item.right_key)]
    return tuple(dict.fromkeys([*_ALWAYS, *compared, *(key for key in wanted if key)]))
