"""The tables of the rule file: frozen models, every key checked, unknown keys refused."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from recon.core.codes import Code, Kind, Severity, Side, State
from recon.core.plan import Leg, Method, Pass
from recon.rules.exchange_terms import Exchange, Percent
from recon.rules.fee_contract import FeeContract
from recon.rules.rebates import RebatePolicy
from recon.rules.refund_terms import RefundPolicy
from recon.rules.toml_lines import suggestion

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
SOURCE_COLUMNS = (
    "order_id",
    "channel_ref",
    "bank_ref",
    "amount",
    "credit",
    "debit",
    "fee",
    "net",
    "currency",
    "occurred_at",
    "clearing_date",
    "value_date",
    "due_date",
    "kind",
    "state",
    "merchant_id",
    "terminal_id",
    "rrn",
    "stan",
    "auth_code",
    "card",
    "batch_id",
    "original_ref",
    "product",
    "memo",
    "base_amount",
    "base_currency",
    "arrived_at",
    "issuer",
    "requested_amount",
)
TEXT_TARGETS = (
    "merchant_id",
    "terminal_id",
    "order_id",
    "channel_ref",
    "bank_ref",
    "batch_id",
    "original_ref",
    "product",
)
KeyColumn = Literal[KEY_COLUMNS]  # type: ignore[valid-type]  # the literal is built from the tuple


class Model(BaseModel):
    """A frozen table of the rule file; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CalendarRules(Model):
    """Working days."""

    country: str = "CN"
    overlay: Path | None = None
    authoritative_through: int | None = None


class Extract(Model):
    """A text column cut out of another one by a pattern with groups."""

    column: Literal["memo", "bank_ref", "order_id", "channel_ref", "merchant_id", "batch_id"]
    pattern: str
    template: str = "{1}"

    @field_validator("pattern")
    @classmethod
    def compiles(cls, pattern: str) -> str:
        """Refuse a pattern that is not a regular expression."""
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return pattern


class Settlement(Model):
    """When a channel pays out."""

    cycle: str = "T+1"
    grace_days: Annotated[int, Field(ge=0, le=60)] = 0


class Source(Model):
    """One party's files: which, in what format, and how to read them."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    side: Literal["merchant", "channel", "bank"]
    format: str
    path: str | tuple[str, ...]
    expected: Literal["daily", "working_days", "optional"] = "daily"
    allow_empty: bool = False  # a file of no rows and no totals is an ordinary day
    currency: str | None = None
    time_zone: str | None = None
    cut_off: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "00:00"
    cut_off_tolerance_minutes: Annotated[int, Field(ge=0, le=120)] = 5
    overlap_days: Annotated[int, Field(ge=0, le=90)] = 3
    equal_rows: Literal["resent", "distinct"] = "resent"  # what rows are that two files hold
    merchant_id: str | None = None
    serves: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: Annotated[str, Field(min_length=1, max_length=4)] = ","
    quote: Annotated[str, Field(max_length=1)] = '"'
    header: bool = True
    skip_lines: Annotated[int, Field(ge=0)] = 0
    comment: str = ""
    ignore_columns: tuple[str, ...] = ()
    changed_columns: tuple[str, ...] = ()  # whose change since earlier nights is right; "*" for all
    reject_limit_percent: Annotated[Decimal, Field(ge=0, le=100)] | None = None  # of a file's rows
    amount_unit: Literal["major", "minor"] = "major"
    units: dict[str, Literal["major", "minor"]] = Field(default_factory=dict)  # column by column
    signs: Literal["by_kind", "as_given"] = "by_kind"  # of refunds, where `kinds` names them
    decimal_mark: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    padded: bool = False  # spaces and tabs stand around amounts
    time_patterns: tuple[str, ...] = ("YYYY-MM-DD hh:mm:ss",)
    date_patterns: tuple[str, ...] = ("YYYY-MM-DD",)
    member: str = ""
    columns: dict[Literal[SOURCE_COLUMNS], str] = Field(default_factory=dict)  # type: ignore[valid-type]  # built from the tuple
    kinds: dict[str, str] = Field(default_factory=dict)
    states: dict[str, str] = Field(default_factory=dict)
    derive: dict[Literal[TEXT_TARGETS], str] = Field(default_factory=dict)  # type: ignore[valid-type]  # built from the tuple
    extract: dict[Literal[TEXT_TARGETS], Extract] = Field(default_factory=dict)  # type: ignore[valid-type]  # built from the tuple
    include: dict[Literal["memo", "merchant_id", "bank_ref", "product"], str] = Field(
        default_factory=dict
    )
    settlement: Settlement = Settlement()

    @field_validator("kinds")
    @classmethod
    def kinds_are_known(cls, words: dict[str, str]) -> dict[str, str]:
        """Refuse a kind that is not in the vocabulary."""
        return _known(words, [member.name.lower() for member in Kind], "kind")

    @field_validator("states")
    @classmethod
    def states_are_known(cls, words: dict[str, str]) -> dict[str, str]:
        """Refuse a state that is not in the vocabulary."""
        return _known(words, [member.name.lower() for member in State], "state")

    @model_validator(mode="after")
    def base_amounts_have_a_currency(self) -> Source:
        """Refuse an amount before exchange whose currency no column tells."""
        if "base_amount" in self.columns and "base_currency" not in self.columns:
            raise ValueError("base_amount needs base_currency: map the column that names it")
        return self

    @property
    def side_number(self) -> Side:
        """Return the side as a number."""
        return Side[self.side.upper()]

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the declared paths, one or several."""
        return (self.path,) if isinstance(self.path, str) else self.path


class PassRules(Model):
    """One step of a leg. `keys` are columns equal on both sides, or `left=right` pairs."""

    name: str
    method: Literal["exact", "unique", "group", "window", "band", "score", "subset"] = "exact"
    keys: tuple[str, ...] = ()
    tolerance_minor: Annotated[int, Field(ge=0)] = 0
    tolerance_percent: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0)
    tolerance_cap_minor: Annotated[int, Field(ge=0)] = 0  # most the percentage gives; 0: no cap
    tolerance_sign: Literal["both", "above", "below"] = "both"  # right against left
    tolerance_base: Literal["left", "right"] = "left"  # whose amount the percentage is of
    days_before: Annotated[int, Field(ge=0, le=366)] = 0
    days_after: Annotated[int, Field(ge=0, le=366)] = 0
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
        if self.many_to_many and self.method != "subset":
            raise ValueError(f"`many_to_many` is for method 'subset', found {self.method!r}")
        return self

    def plan(self, leg: LegRules) -> Pass:
        """Return the pass in the engine's words."""
        pairs = [[part.strip() for part in key.split("=")] for key in self.keys]
        texts = [self.text, self.right_text or self.text]
        if leg.swapped:
            pairs = [pair[::-1] for pair in pairs]
            texts.reverse()
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
            days_before=self.days_before,
            days_after=self.days_after,
            budget=self.budget,
            tolerance_cap_minor=self.tolerance_cap_minor,
            tolerance_sign={"both": 0, "above": 1, "below": -1}[self.tolerance_sign],
            tolerance_base=self.tolerance_base,
            business_days=self.business_days,
            until_due=self.until_due,
            many_to_many=self.many_to_many,
            accident_ppm=self.accident_ppm,
            text=texts[0],
            right_text=texts[1],
            confidence_ppm=self.confidence_ppm,
        )


class LegRules(Model):
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


class Override(Model):
    """A person's decision about a link; rows are named by txn_id, which never changes."""

    action: Literal["pin", "forbid", "unmatch"]
    leg: str
    left: int  # the row on the leg's left side; for unmatch, the row that stays alone
    right: int | None = None
    note: Annotated[str, Field(min_length=1)]  # who decided, and why

    @model_validator(mode="after")
    def pairs_have_two_rows(self) -> Override:
        """Refuse a pin or a forbid of one row."""
        if self.action != "unmatch" and self.right is None:
            raise ValueError(f"action {self.action!r} names two rows: left and right")
        return self


class SourceContract(FeeContract):
    """A fee contract and the channel sources whose rows it prices (none named: all of them)."""

    sources: tuple[str, ...] = ()
    surcharges_minor: tuple[int, ...] = (100, 200, 300)  # usual flat extras, named as a cause
    tolerance_minor: Annotated[int, Field(ge=0)] = 0
    credit_words: tuple[str, ...] = ("credit", "贷记卡", "信用卡")  # what senders call credit cards
    merchant_classes: dict[str, str] = Field(default_factory=dict)  # merchant number -> class


class CauseRules(Model):
    """What may explain a difference between two amounts, and is named where it fits exactly."""

    tip_percent: tuple[Percent, ...] = ()  # added to the order by the payer
    tier_percent: tuple[Percent, ...] = ()  # discounts of a price list
    surcharges_minor: tuple[int, ...] = ()  # flat extras


class BreakRules(Model):
    """What to report, and how loudly."""

    reversal_days: Annotated[int, Field(ge=0, le=30)] = 3
    double_charge_ppm: Annotated[int, Field(ge=500_000, le=1_000_000)] = 950_000  # least, by looks
    unreconciled_days: Annotated[int, Field(ge=0, le=60)] = 3  # a paid batch without its detail
    keep_days: Annotated[int, Field(ge=1, le=3660)] = 180  # an open difference is told so long
    minimum_minor: dict[str, int] = Field(default_factory=dict)
    severity: dict[str, Literal["info", "low", "medium", "high", "critical"]] = Field(
        default_factory=dict
    )

    @field_validator("minimum_minor", "severity")
    @classmethod
    def codes_are_known(cls, table: dict[str, object]) -> dict[str, object]:
        """Refuse a code that is not in the catalogue."""
        _known({name: name for name in table}, [member.name for member in Code], "code")
        return table

    def severity_of(self, code: Code, default: Severity) -> Severity:
        """Return the severity that this rule file gives a code."""
        word = self.severity.get(code.name)
        return Severity[word.upper()] if word else default


class Rules(Model):
    """A whole rule file."""

    version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,60}$")]
    language: Literal["zh", "en"] = "en"
    time_zone: str = "Asia/Shanghai"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "CNY"
    workspace: Path = Path("workspace")
    opening_date: date | None = None
    calendar: CalendarRules = CalendarRules()
    sources: tuple[Source, ...] = Field(alias="source", min_length=1)
    legs: tuple[LegRules, ...] = Field(alias="leg", min_length=1)
    breaks: BreakRules = BreakRules()
    causes: CauseRules = CauseRules()
    fee_contracts: tuple[SourceContract, ...] = Field(alias="fee_contract", default=())
    overrides: tuple[Override, ...] = Field(alias="override", default=())
    refunds: RefundPolicy | None = None
    rebates: tuple[RebatePolicy, ...] = Field(alias="rebate", default=())
    exchanges: tuple[Exchange, ...] = Field(alias="exchange", default=())

    @field_validator("time_zone")
    @classmethod
    def zone_exists(cls, zone: str) -> str:
        """Refuse an unknown zone."""
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = f"{zone!r} is not an IANA time zone, for instance Asia/Shanghai"
            raise ValueError(message) from error
        return zone

    @model_validator(mode="after")
    def contracts_name_channels(self) -> Rules:
        """Refuse a fee contract for a source that is no channel."""
        channels = {item.name for item in self.sources if item.side == "channel"}
        for contract in self.fee_contracts:
            for name in contract.sources:
                if name not in channels:
                    message = f"fee_contract {contract.name!r}: {name!r} is no channel source"
                    raise ValueError(message)
        return self

    @model_validator(mode="after")
    def exchanges_name_sources(self) -> Rules:
        """Refuse an exchange for a source that is not declared."""
        known = {item.name for item in self.sources}
        for exchange in self.exchanges:
            for name in exchange.sources:
                if name not in known:
                    hint = suggestion(name, known)
                    raise ValueError(f"exchange {exchange.name!r}: no source is {name!r}{hint}")
        return self

    @model_validator(mode="after")
    def overrides_name_legs(self) -> Rules:
        """Refuse an override on a leg that is not declared."""
        known = {leg.name for leg in self.legs}
        for override in self.overrides:
            if override.leg not in known:
                hint = suggestion(override.leg, known)
                message = f"override names leg {override.leg!r}, which is not declared{hint}"
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def names_are_unique(self) -> Rules:
        """Refuse two sources or two legs of one name, and a leg without sources."""
        for what, names in (
            ("source", [item.name for item in self.sources]),
            ("leg", [item.name for item in self.legs]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is declared twice; names are unique")
        present = {item.side for item in self.sources}
        for leg in self.legs:
            for side in (leg.left, leg.right):
                if side not in present:
                    raise ValueError(f"leg {leg.name!r} needs a {side} source; none is declared")
        return self


def _known(words: dict[str, str], allowed: list[str], what: str) -> dict[str, str]:
    for value in words.values():
        if value not in allowed:
            hint = suggestion(value, allowed) or f"; one of: {', '.join(allowed)}"
            raise ValueError(f"{value!r} is not a {what}{hint}")
    return words
