"""Account statements of any format: exact amounts, balances that add up, pages that chain.

A statement proves itself twice: opening + entries = closing on each page, and the opening of a page
is the closing of the page before it of the same account and currency. A gap in the chain is a
missing (or repeated) page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from recon.core.money import CURRENCY_NUMBER, exponent
from recon.io.reading.contract import ControlTotal, Reading

_PLAIN = re.compile(r"([0-9]{1,18})(?:\.([0-9]*))?")


@dataclass(frozen=True, slots=True)
class Page:
    """A statement, or one page of it: balances and the sum of its entries, minor units."""

    account: str
    currency: str
    name: str  # statement and page number as the bank gives them
    opening_minor: int
    closing_minor: int
    entries_minor: int
    continues: bool = False  # its opening is an interim balance: a page stands before it
    continued: bool = False  # its closing is an interim balance: a page follows it


def exact_minor(text: str, decimals: int) -> int | None:
    """Return an unsigned decimal such as `12.5` in minor units; None when it has finer decimals.

    `text` must be of ASCII digits with at most one point; anything else is None too.
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    fraction = (match[2] or "").rstrip("0")
    if len(fraction) > decimals:
        return None
    return int(match[1] + fraction.ljust(decimals, "0"))


def exact_minors(texts: pl.Series, decimals: pl.Series) -> pl.Series:
    """Return what `exact_minor` does of each text, Int128; decimals: of each one's currency."""
    parts = texts.str.extract_groups(f"^{_PLAIN.pattern}$")
    whole, fraction = parts.struct.unnest().get_columns()
    fraction = fraction.fill_null("").str.strip_chars_end("0")
    fits = fraction.str.len_bytes() <= decimals
    digits = whole + fraction.str.pad_end(decimals, "0")
    return digits.set(~fits, None).cast(pl.Int128)


def plain_texts(minor: pl.Series, decimals: pl.Series) -> pl.Series:
    """Return what `plain_text` does of each amount; null stays null."""
    digits = minor.abs().cast(pl.String).str.pad_start(decimals.cast(pl.Int64) + 1, "0")
    width = digits.str.len_bytes().cast(pl.Int64) - decimals
    whole, fraction = digits.str.slice(0, width), digits.str.slice(width)
    sign = pl.select(pl.when(minor < 0).then(pl.lit("-")).otherwise(pl.lit(""))).to_series()
    point = pl.select(pl.when(decimals > 0).then(pl.lit(".")).otherwise(pl.lit(""))).to_series()
    return sign + whole + point + fraction


def exponent_of(currency: str) -> int:
    """Return how many decimals the currency has; 2 where the code is not an active one.

    Balances of an old currency still add up; its rows are refused when they are made canonical.
    """
    return exponent(currency) if currency in CURRENCY_NUMBER else 2


def base_cells(
    sign: int, amount: str, currency: str, own: str
) -> tuple[str, str] | tuple[None, None]:
    """Return amount and currency before exchange; nothing where they say none that can be kept.

    amount: an unsigned plain decimal. own: the currency of the row, which is no other one.
    """
    if currency == own or currency not in CURRENCY_NUMBER:
        return None, None
    minor = exact_minor(amount, exponent(currency))
    return (plain_text(sign * minor, exponent(currency)), currency) if minor else (None, None)


def rescaled(value: int, decimals: int, currency: str) -> int | None:
    """Return an amount of so many decimals in the currency's minor units, None when finer."""
    surplus = decimals - exponent_of(currency)
    if surplus <= 0:
        return int(value * 10**-surplus)
    whole, rest = divmod(value, 10**surplus)
    return None if rest else whole


def plain_text(minor: int, decimals: int) -> str:
    """Return minor units as decimal text, exact: (-1250, 2) is `-12.50`."""
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    whole = digits if decimals == 0 else f"{digits[:-decimals]}.{digits[-decimals:]}"
    return f"-{whole}" if minor < 0 else whole


def page_controls(pages: Sequence[Page]) -> list[ControlTotal]:
    """Return what the pages of a file prove: each balance, each link of the chain, both ends."""
    controls: list[ControlTotal] = []
    latest: dict[tuple[str, str], Page] = {}
    for page in pages:
        name = f"{page.account}, {page.name}"
        previous = latest.get((page.account, page.currency))
        if previous is not None:
            controls.append(
                ControlTotal(
                    f"{name}: opening balance is the closing balance of {previous.name}",
                    page.opening_minor,
                    previous.closing_minor,
                    page.currency,
                )
            )
        if page.continues and (previous is None or not previous.continued):
            controls.append(ControlTotal(f"{name}: pages before this one are in the file", 1, 0))
        if previous is not None and previous.continued and not page.continues:
            controls.append(_unfinished(previous))
        controls.append(
            ControlTotal(
                f"{name}: opening + entries = closing",
                page.closing_minor,
                page.opening_minor + page.entries_minor,
                page.currency,
            )
        )
        latest[page.account, page.currency] = page
    controls.extend(_unfinished(page) for page in latest.values() if page.continued)
    return controls


def _unfinished(page: Page) -> ControlTotal:
    """Return the control that fails because the page after `page` is not in the file."""
    return ControlTotal(f"{page.account}, {page.name}: its next page is in the file", 1, 0)


def tell_statement(reading: Reading, pages: Sequence[Page], exponents: dict[str, int]) -> None:
    """Put accounts, statement numbers and balances among the facts, controls among the controls."""
    reading.controls.extend(page_controls(pages))
    reading.facts["account"] = ", ".join(dict.fromkeys(page.account for page in pages))
    reading.facts["statement"] = ", ".join(dict.fromkeys(page.name for page in pages))
    first: dict[tuple[str, str], Page] = {}
    last: dict[tuple[str, str], Page] = {}
    for page in pages:
        first.setdefault((page.account, page.currency), page)
        last[page.account, page.currency] = page
    reading.facts["opening"] = ", ".join(
        f"{page.currency} {plain_text(page.opening_minor, exponents[page.currency])}"
        for page in first.values()
    )
    reading.facts["closing"] = ", ".join(
        f"{page.currency} {plain_text(page.closing_minor, exponents[page.currency])}"
        for page in last.values()
    )
