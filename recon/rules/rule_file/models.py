"""The tables of the rule file: frozen models, every key checked, unknown keys refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from recon.core.attributes import KNOWN, check_names
from recon.core.codes import Code, Kind, Severity, Side, State
from recon.rules.prices.contract import FeeContract, Table
from recon.rules.rule_file.exchange_terms import Exchange, Percent
from recon.rules.rule_file.legs import LegRules, Override
from recon.rules.rule_file.rebate_terms import RebatePolicy
from recon.rules.rule_file.refund_terms import RefundPolicy
from recon.rules.rule_file.texts import (
    GROUP_HOLE,
    Currency,
    CycleText,
    DatedPaths,
    Hours,
    Minor,
    PayerName,
    Regex,
    Template,
    TimePatterns,
    ZoneName,
    groups_of,
)
from recon.rules.rule_file.toml_lines import suggestion

Disagreement = tuple[tuple[int | str, ...], str]  # where in the file, and the sentence
DISAGREEMENTS = "disagreements"

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
    "counterparty",
)
MAPPED = ("delimited", "parquet", "arrow", "query", "sqlite", "fixed_width", "json_lines", "xlsx")
_BANK_DAYS = ("value_date", "occurred_at")
_DAYS = ("occurred_at", "clearing_date", "due_date", "value_date")
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


class CalendarRules(Table):
    """Working days."""

    country: str = "CN"
    overlay: Path | None = None
    authoritative_through: int | None = None


class Extract(Table):
    """A text column cut out of another one by a pattern with groups."""

    column: Literal["memo", "bank_ref", "order_id", "channel_ref", "merchant_id", "batch_id"]
    pattern: Regex
    template: str = "{1}"

    @model_validator(mode="after")
    def groups_are_there(self) -> Extract:
        """Refuse a template that asks for no group, or for one that the pattern lacks."""
        asked = [int(number) for number in GROUP_HOLE.findall(self.template)]
        groups = groups_of(self.pattern)
        if not asked:
            message = f"template {self.template!r} takes no group of the pattern; write {{1}}"
            raise ValueError(message)
        if max(asked) > groups:
            raise ValueError(
                f"template {self.template!r} asks for group {max(asked)}, found {groups} in "
                f"pattern {self.pattern!r}; put ( ) around each part to take"
            )
        return self


PAYOUT: Final = "payout"
Funds = Literal["payout", "refund_account", "merchant_balance", "terminal_balance"]


class Settlement(Table):
    """When a channel pays out, and as whom, and what its refunds are paid from.

    A payout is expected from the day that the cycle names until the end of the grace (natural
    days), in the hours `arrives`. Late and missing are judged by the day, not by the hour.
    A credit whose payer the bank names and none of `payers` is in that name is
    `ATTRIBUTE_MISMATCH`: somebody stands between the acquirer and the merchant.
    A refund that is paid from elsewhere than the payout takes nothing from its batch: its net is
    nothing, the fee that comes back with it included. Where a file tells refund by refund, its
    attribute `funded_by` holds one of the words of `refunds_from`, or one that `funding` explains.
    """

    cycle: CycleText = "T+1"
    grace_days: Annotated[int, Field(ge=0, le=60)] = 0
    arrives: Hours = "00:00-24:00"  # of the day, by the clock of the source
    payers: tuple[
        PayerName, ...
    ] = ()  # names that the bank tells of who pays; empty: not looked at
    refunds_from: Funds = PAYOUT
    funding: dict[str, Funds] = Field(default_factory=dict)  # a sender's word -> what it means


class Source(Table):
    """One party's files: which, in what format, and how to read them.

    `time_zone` is the zone of the times in the files and of `cut_off`: a bill in UTC of a channel
    that closes at 23:00 in Shanghai has `time_zone = "UTC"` and `cut_off = "15:00"`. A cut-off from
    noon on ends its day, an earlier one begins it.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    side: Literal["merchant", "channel", "bank"]
    format: str
    path: DatedPaths
    expected: Literal["daily", "working_days", "optional"] = "daily"
    allow_empty: bool = False  # a file of no rows and no totals is an ordinary day
    currency: Currency | None = None
    time_zone: ZoneName | None = None
    cut_off: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "00:00"
    cut_off_tolerance_minutes: Annotated[int, Field(ge=0, le=120)] = 5
    overlap_days: Annotated[int, Field(ge=0, le=90)] = 3
    equal_rows: Literal["resent", "distinct"] = "resent"  # what rows are that two files hold
    stale_days: Annotated[int, Field(ge=1, le=3660)] = 7  # farther from the night: not its file
    retold_percent: Annotated[Decimal, Field(gt=50, le=100)] = Decimal(90)  # of an earlier file
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
    symbols: tuple[str, ...] = ()  # of a currency, in front of amounts or behind, such as "¥"
    padded: bool = False  # spaces, tabs, back-ticks, ="..." or ' stand around cells
    full_width: bool = False  # digits and marks of amounts and times may be full-width
    kind: str = ""  # what every row is, where no column tells it, for instance "refund"
    time_patterns: TimePatterns = ("YYYY-MM-DD hh:mm:ss",)
    date_patterns: TimePatterns = ("YYYY-MM-DD",)
    member: str = ""
    columns: dict[Literal[SOURCE_COLUMNS], str] = Field(default_factory=dict)  # type: ignore[valid-type]  # built from the tuple
    attributes: dict[str, str] = Field(default_factory=dict)  # extras that people ask for
    kinds: dict[str, str] = Field(default_factory=dict)
    states: dict[str, str] = Field(default_factory=dict)
    derive: dict[Literal[TEXT_TARGETS], Template] = Field(default_factory=dict)  # type: ignore[valid-type]  # built from the tuple
    extract: dict[Literal[TEXT_TARGETS], Extract] = Field(default_factory=dict)  # type: ignore[valid-type]  # built from the tuple
    include: dict[Literal["memo", "merchant_id", "bank_ref", "product"], Regex] = Field(
        default_factory=dict
    )
    settlement: Settlement = Settlement()

    @field_validator("attributes")
    @classmethod
    def attributes_are_names(cls, columns: dict[str, str]) -> dict[str, str]:
        """Refuse a name that is not in lower-case letters, digits and underscores."""
        wrong = check_names(list(columns))
        if wrong:
            known = ", ".join(KNOWN)
            raise ValueError(
                f"expected names such as {known}; found {', '.join(map(repr, wrong))}: write them "
                "in lower-case letters, digits and underscores"
            )
        return columns

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

    @field_validator("kind")
    @classmethod
    def kind_is_known(cls, kind: str) -> str:
        """Refuse a kind of all rows that is not in the vocabulary."""
        _known({"kind": kind} if kind else {}, [member.name.lower() for member in Kind], "kind")
        return kind

    @model_validator(mode="after")
    def kind_is_told_once(self) -> Source:
        """Refuse a kind of all rows beside a column that tells it, or without declared columns."""
        if self.kind and ("kind" in self.columns or not self.columns):
            raise ValueError("`kind` is for files with declared columns, none of which is kind")
        return self

    @model_validator(mode="after")
    def attributes_are_of_declared_columns(self) -> Source:
        """Refuse attributes beside a format that names its own."""
        if self.attributes and self.format not in MAPPED:
            raise ValueError(
                f"`attributes` are for files with declared columns ({', '.join(MAPPED)}); "
                f"the format {self.format!r} fills those that it carries by itself"
            )
        return self

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


class SourceContract(FeeContract):
    """A fee contract and the channel sources whose rows it prices (none named: all of them).

    What is priced by the month is judged on the first night of the next one, over all its rows;
    what is priced by the batch on the first night that brings nothing more of the batch. Where the
    payment that a refund names is known, the fee that comes back is by the payment's day, line and
    band. Days of validity are clearing days.
    """

    sources: tuple[str, ...] = ()
    surcharges_minor: tuple[int, ...] = (100, 200, 300)  # usual flat extras, named as a cause
    tolerance_minor: Minor = 0
    credit_words: tuple[str, ...] = ("credit", "贷记卡", "信用卡")  # what senders call credit cards
    merchant_classes: dict[str, str] = Field(default_factory=dict)  # merchant number -> class


class CauseRules(Table):
    """What may explain a difference between two amounts, and is named where it fits exactly."""

    tip_percent: tuple[Percent, ...] = ()  # added to the order by the payer
    tier_percent: tuple[Percent, ...] = ()  # discounts of a price list
    surcharges_minor: tuple[int, ...] = ()  # flat extras


class BreakRules(Table):
    """What to report, how loudly, and within how many days of the first report to act on it."""

    reversal_days: Annotated[int, Field(ge=0, le=30)] = 3
    double_charge_ppm: Annotated[int, Field(ge=500_000, le=1_000_000)] = 950_000  # least, by looks
    unreconciled_days: Annotated[int, Field(ge=0, le=60)] = 3  # a paid batch without its detail
    keep_days: Annotated[int, Field(ge=1, le=3660)] = 180  # an open difference is told so long
    minimum_minor: dict[str, int] = Field(default_factory=dict)
    severity: dict[str, Literal["info", "low", "medium", "high", "critical"]] = Field(
        default_factory=dict
    )
    act_within_days: dict[str, Annotated[int, Field(ge=0, le=3660)]] = Field(default_factory=dict)

    @field_validator("minimum_minor", "severity", "act_within_days")
    @classmethod
    def codes_are_known(cls, table: dict[str, object]) -> dict[str, object]:
        """Refuse a code that is not in the catalogue."""
        _known({name: name for name in table}, [member.name for member in Code], "code")
        return table

    def severity_of(self, code: Code, default: Severity) -> Severity:
        """Return the severity that this rule file gives a code."""
        word = self.severity.get(code.name)
        return Severity[word.upper()] if word else default


class Rules(Table):
    """A whole rule file."""

    version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,60}$")]
    language: Literal["zh", "en"] = "en"
    time_zone: ZoneName = "Asia/Shanghai"
    currency: Currency = "CNY"
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

    @model_validator(mode="before")
    @classmethod
    def prices_are_in_its_currency(cls, table: object) -> object:
        """Give fee contracts and rebates that name no currency the rule file's own.

        In any other currency they would price no row of it, and nobody would be told.
        """
        if not isinstance(table, dict) or "currency" not in table:
            return table
        own = {"currency": table["currency"]}
        priced = {
            key: [own | item if isinstance(item, dict) else item for item in items]
            for key in ("fee_contract", "rebate")
            if isinstance(items := table.get(key), list)
        }
        return table | priced

    @model_validator(mode="after")
    def parts_agree(self) -> Rules:
        """Refuse names that stand twice or name nothing; every one of them is told."""
        found = [
            *_named_twice("source", [item.name for item in self.sources]),
            *_named_twice("leg", [item.name for item in self.legs]),
            *self._mappings_without_money_or_day(),
            *self._legs_without_sources(),
            *self._names_of_nothing(),
            *self._overrides_at_odds(),
        ]
        if found:
            raise PydanticCustomError(DISAGREEMENTS, "the parts disagree", {"found": found})
        return self

    def _mappings_without_money_or_day(self) -> Iterator[Disagreement]:
        """Yield the declared columns of which no row could be judged."""
        for place, source in enumerate(self.sources):
            at = ("source", place, "columns")
            mapped = source.columns.keys()
            days = _BANK_DAYS if source.side == "bank" else _DAYS
            if source.format in MAPPED and not mapped:
                yield at, f"format {source.format!r} needs [source.columns]: our name = theirs"
            elif mapped and not mapped & {"amount", "credit", "debit"}:
                yield at, "expected `amount`, or `credit` and `debit`; found neither"
            elif mapped and not mapped & set(days):
                yield at, f"expected {' or '.join(days)}; found none of them"

    def _legs_without_sources(self) -> Iterator[Disagreement]:
        """Yield the legs' sides that no source has."""
        present = {item.side for item in self.sources}
        for place, leg in enumerate(self.legs):
            for key, side in (("left", leg.left), ("right", leg.right)):
                if side not in present:
                    message = f"leg {leg.name!r} needs a {side} source; none is declared"
                    yield ("leg", place, key), message

    def _names_of_nothing(self) -> Iterator[Disagreement]:
        """Yield what contracts, exchanges and overrides name and nothing declares."""
        sources = {item.name for item in self.sources}
        channels = {item.name for item in self.sources if item.side == "channel"}
        legs = {leg.name for leg in self.legs}
        for place, contract in enumerate(self.fee_contracts):
            for name in set(contract.sources) - channels:
                hint = suggestion(name, channels)
                message = f"fee_contract {contract.name!r}: {name!r} is no channel source{hint}"
                yield ("fee_contract", place, "sources"), message
        for place, exchange in enumerate(self.exchanges):
            for name in set(exchange.sources) - sources:
                hint = suggestion(name, sources)
                message = f"exchange {exchange.name!r}: no source is {name!r}{hint}"
                yield ("exchange", place, "sources"), message
        for place, override in enumerate(self.overrides):
            if override.leg not in legs:
                hint = suggestion(override.leg, legs)
                message = f"override names leg {override.leg!r}, which is not declared{hint}"
                yield ("override", place, "leg"), message

    def _overrides_at_odds(self) -> Iterator[Disagreement]:
        """Yield the pins that another override of the same leg takes back."""
        forbidden = {
            (item.leg, item.left, item.right) for item in self.overrides if item.action == "forbid"
        }
        alone = {
            (item.leg, row)
            for item in self.overrides
            if item.action == "unmatch"
            for row in (item.left, item.right)
        }
        for place, pin in enumerate(self.overrides):
            if pin.action != "pin":
                continue
            if (pin.leg, pin.left, pin.right) in forbidden:
                message = f"rows {pin.left} and {pin.right} are pinned and forbidden; keep one"
                yield ("override", place, "action"), message
            for row in (pin.left, pin.right):
                if (pin.leg, row) in alone:
                    message = f"row {row} is pinned and unmatched; keep one"
                    yield ("override", place, "action"), message


class RulesInTheMaking(Rules):
    """A rule file that may have no leg yet: enough to read a file by one of its sources."""

    legs: tuple[LegRules, ...] = Field(alias="leg", default=())


def _named_twice(what: str, names: Sequence[str]) -> Iterator[Disagreement]:
    """Yield the names that an earlier source or leg has."""
    for place, name in enumerate(names):
        if name in names[:place]:
            yield (what, place, "name"), f"{what} {name!r} is declared twice; names are unique"


def _known(words: dict[str, str], allowed: list[str], what: str) -> dict[str, str]:
    for value in words.values():
        if value not in allowed:
            hint = suggestion(value, allowed) or f"; one of: {', '.join(allowed)}"
            raise ValueError(f"{value!r} is not a {what}{hint}")
    return words
