"""Legs and their passes as the rule file writes them, and a person's decisions about links."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from recon.core.codes import Side
from recon.core.plan import Leg, Method, Pass
from recon.rules.prices.contract import Table
from recon.rules.rule_file.texts import Minor
from recon.rules.rule_file.toml_lines import suggestion

KEY_COLUMNS = (
    "merchant_id",
    "terminal_id",
    "order_id",
    "channel_ref",
    "bank_ref",
    "rrn",
    "stan",
    "auth_code",
    "card",
    "batch_id",
    "original_ref",
    "product",
    "clearing_date",
    "value_date",
    "due_date",
    "amount_minor",
)

_TOLERANT = ("band", "score")
_DATED = ("unique", "window", *_TOLERANT, "subset")
_CLOCKED = ("unique", "window")
_OPTIONS: dict[str, tuple[str, ...]] = {
    "tolerance_minor": ("group", *_TOLERANT, "subset"),
    "tolerance_percent": _TOLERANT,
    "tolerance_cap_minor": _TOLERANT,
    "tolerance_sign": _TOLERANT,
    "tolerance_base": _TOLERANT,
    "days_before": _DATED,
    "days_after": _DATED,
    "minutes_before": _CLOCKED,
    "minutes_after": _CLOCKED,
    "business_days": _DATED,
    "until_due": ("window",),
    "budget": ("subset",),
    "accident_ppm": ("subset",),
    "many_to_many": ("subset",),
    "text": ("score",),
    "right_text": ("score",),
    "confidence_ppm": ("score",),
}


class PassRules(Table):
    """One step of a leg. `keys` are columns equal on both sides, or `left=right` pairs."""

    name: str
    method: Literal["exact", "unique", "group", "window", "band", "score", "subset"] = "exact"
    keys: tuple[str, ...] = ()
    tolerance_minor: Minor = 0
    tolerance_percent: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0)
    tolerance_cap_minor: Minor = 0  # most the percentage gives; 0: no cap
    tolerance_sign: Literal["both", "above", "below"] = "both"  # right against left
    tolerance_base: Literal["left", "right"] = "left"  # whose amount the percentage is of
    days_before: Annotated[int, Field(ge=0, le=366)] = 0
    days_after: Annotated[int, Field(ge=0, le=366)] = 0
    minutes_before: Annotated[int, Field(ge=0, le=1440)] = 0  # between moments, instead of days
    minutes_after: Annotated[int, Field(ge=0, le=1440)] = 0
    business_days: bool = False  # windows count working days
    until_due: bool = False  # window: from the row's own day to its due date
    budget: Annotated[int, Field(ge=1_000, le=10**12)] = 50_000_000  # steps of a subset search
    many_to_many: bool = False  # subset: up to three rows a side, not one row's parts
    accident_ppm: Annotated[int, Field(ge=0, le=1_000_000)] = (
        1_000  # likelier accidents: shown only
    )

    text: Literal["memo", "order_id", "channel_ref", "bank_ref", "rrn"] = "memo"  # what SCORE reads
    right_text: Literal["memo", "order_id", "channel_ref", "bank_ref", "rrn"] | None = None  # same
    confidence_ppm: Annotated[int, Field(ge=0, le=1_000_000)] = 950_000  # least, for a SCORE link

    @field_validator("keys")
    @classmethod
    def keys_are_columns(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse a key that is not a column."""
        for key in keys:
            for column in key.split("="):
                if column.strip() not in KEY_COLUMNS:
                    hint = suggestion(column.strip(), KEY_COLUMNS)
                    raise ValueError(f"{column.strip()!r} is not a key column{hint}")
        return keys

    @model_validator(mode="after")
    def keyed_methods_have_keys(self) -> PassRules:
        """Refuse a keyed method without a key, and an option of another method."""
        if self.method in {"exact", "unique", "group"} and not self.keys:
            raise ValueError(f"method {self.method!r} needs `keys`, for instance ['order_id']")
        misplaced = [
            f"`{option}` is for method {' or '.join(methods)}, found {self.method!r}"
            for option, methods in _OPTIONS.items()
            if option in self.model_fields_set and self.method not in methods
        ]
        if misplaced:
            hint = "; [breaks] minimum_minor silences small differences of rows with equal keys"
            raise ValueError("; ".join(misplaced) + (hint if self.method == "exact" else ""))
        return self

    @model_validator(mode="after")
    def one_window(self) -> PassRules:
        """Refuse a window that counts both minutes and days."""
        if self.minutes_before or self.minutes_after:
            days = ("days_before", "days_after", "business_days", "until_due")
            both = [f"`{name}`" for name in days if getattr(self, name)]
            if both:
                raise ValueError(
                    f"{' and '.join(both)} count days, minutes_before and minutes_after the time "
                    "between two moments; a pass has one window: leave one of them out"
                )
        return self

    def plan(self, leg: LegRules) -> Pass:
        """Return the pass in the engine's words: the leg in the way of the money."""
        pairs = [[part.strip() for part in key.split("=")] for key in self.keys]
        texts, days = [self.text, self.right_text or self.text], [self.days_before, self.days_after]
        minutes = [self.minutes_before, self.minutes_after]
        sign = {"both": 0, "above": 1, "below": -1}[self.tolerance_sign]
        bases = ["left", "right"]
        if leg.swapped:
            pairs = [pair[::-1] for pair in pairs]
            for mirrored in (texts, days, minutes, bases):
                mirrored.reverse()
            sign = -sign
        left, right = leg.sides
        net = right is Side.BANK and left is Side.CHANNEL
        return Pass(
            name=self.name,
            method=Method[self.method.upper()],
            left_key=tuple(pair[0] for pair in pairs),
            right_key=tuple(pair[-1] for pair in pairs),
            left_amount="net_minor" if net else "amount_minor",
            right_amount="amount_minor",
            tolerance_minor=self.tolerance_minor,
            tolerance_ppm=int(self.tolerance_percent * 10_000),
            days_before=days[0],
            days_after=days[1],
            minutes_before=minutes[0],
            minutes_after=minutes[1],
            budget=self.budget,
            tolerance_cap_minor=self.tolerance_cap_minor,
            tolerance_sign=sign,
            tolerance_base=bases[self.tolerance_base == "right"],
            business_days=self.business_days,
            until_due=self.until_due,
            many_to_many=self.many_to_many,
            accident_ppm=self.accident_ppm,
            text=texts[0],
            right_text=texts[1],
            confidence_ppm=self.confidence_ppm,
        )


class LegRules(Table):
    """Two sides and the ordered passes that link them.

    A side is the role that a source plays in this rule file, whoever sent it. Two reports of one
    party (a gateway and an acquirer; a trade bill and a fund bill) are compared in a rule file of
    their own: the one nearer to the sale is declared `side = "merchant"`, the other `"channel"`.
    """

    name: str
    left: Literal["merchant", "channel", "bank"]
    right: Literal["merchant", "channel", "bank"]
    passes: tuple[PassRules, ...] = Field(alias="pass", min_length=1)
    compare: tuple[Literal["merchant_id", "terminal_id", "card", "product"], ...] = ()

    @model_validator(mode="after")
    def sides_differ(self) -> LegRules:
        """Refuse a leg between one side and itself."""
        if self.left == self.right:
            raise ValueError(
                f"left and right are both {self.left!r}; a leg links two sides. To compare two "
                'reports of one party, declare the one nearer to the sale `side = "merchant"` and '
                'the other `side = "channel"` in a rule file of their own'
            )
        return self

    @property
    def swapped(self) -> bool:
        """Return whether the file names the sides against the way of the money."""
        return Side[self.left.upper()] > Side[self.right.upper()]

    @property
    def sides(self) -> tuple[Side, Side]:
        """Return the sides in the way of the money: merchant, channel, bank."""
        left, right = sorted((Side[self.left.upper()], Side[self.right.upper()]))
        return left, right

    def plan(self) -> Leg:
        """Return the leg in the engine's words; the rules rely on the bank standing right."""
        left, right = self.sides
        return Leg(
            name=self.name,
            left=left,
            right=right,
            passes=tuple(item.plan(self) for item in self.passes),
        )


class Override(Table):
    """A person's decision about a link; rows are named by txn_id, which never changes."""

    action: Literal["pin", "forbid", "unmatch"]
    leg: str
    left: int  # the row on the leg's left side; for unmatch, a row that stays alone
    right: int | None = None  # the row on its right side; for unmatch, another that stays alone
    note: Annotated[str, Field(min_length=1)]  # who decided, and why

    @model_validator(mode="after")
    def pairs_have_two_rows(self) -> Override:
        """Refuse a pin or a forbid of one row."""
        if self.action != "unmatch" and self.right is None:
            raise ValueError(f"action {self.action!r} names two rows: left and right")
        return self
