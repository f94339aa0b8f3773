"""Money: currencies, exact parsing from text, totals; integers of minor units only.

A row holds at most `MAX_MINOR` minor units, so that a kernel can prove that its sums do not wrap;
totals are 128-bit. Rates are applied where fees are priced (`recon.core.kernels.fee`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from recon.core.kernels import parse_money as kernel
from recon.core.texts.text import TextColumn, read_only, text_buffers
from recon.errors import UsageError

# ISO 4217 list one, active codes with a minor unit, as of 2026-01-01. Metals, funds without a minor
# unit, test codes and XXX are left out: an amount of them cannot be a count of minor units.
_CODES_BY_EXPONENT: dict[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP "
        "BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB "
        "EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
        "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
        "MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD "
        "RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP "
        "TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

_EXPONENTS: dict[str, int] = {
    code: exponent for exponent, codes in _CODES_BY_EXPONENT.items() for code in codes.split()
}
CURRENCIES: tuple[str, ...] = tuple(sorted(_EXPONENTS))
CURRENCY_NUMBER: dict[str, int] = {code: number for number, code in enumerate(CURRENCIES)}
MAX_MINOR = kernel.LIMIT

_GREATEST_DIGITS = 36  # of a total; sums of 128 bits hold all of them
_THOUSANDS = 3  # digits of a group


def exponent(currency: str) -> int:
    """Return how many decimals a currency has; UsageError for a code not in ISO 4217."""
    if currency not in _EXPONENTS:
        raise UsageError(
            f"expected an active ISO 4217 currency code, found {currency!r}",
            fix="write a code such as CNY, in capitals",
        )
    return _EXPONENTS[currency]


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a sender writes amounts.

    `[-][symbol][-]digits[mark digits][symbol]`, ASCII only, at most one sign and one symbol.
    A `+` is read only when it is declared as a symbol. `unit`: "major" (decimals up to the
    currency's; further ones only where all are zeros, which lose nothing: 0.00 yen), "minor"
    (whole minor units) or "credit_debit_minor" (C, D or a space, then minor digits; D is negative).
    """

    unit: str = "major"
    decimal_mark: str = "."
    thousands: str = ""
    extra_zero_decimals: bool = False  # also three zeros that may be thousands, and minor units
    symbols: tuple[str, ...] = ()
    padded: bool = False  # spaces and tabs around the amount are passed over


def parse(
    column: TextColumn, grammar: Grammar, decimals: int | NDArray[np.int8]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return minor units and a status (`reason` puts it in words) for each row of text.

    decimals: the currency's exponent, for all rows or for each.
    """
    buffers = text_buffers(column)
    values = np.empty(len(buffers), np.int64)
    status = np.empty(len(buffers), np.uint8)
    longest_first = sorted(grammar.symbols, key=len, reverse=True)
    symbols = [symbol.encode("utf-8") for symbol in longest_first]
    marks = [_mark(grammar.decimal_mark), _mark(grammar.thousands), _zeros(grammar)]
    kernel.parse_money(
        buffers.data,
        buffers.starts,
        buffers.ends,
        buffers.valid,
        kernel.UNIT_CREDIT_DEBIT if grammar.unit == "credit_debit_minor" else kernel.UNIT_DECIMAL,
        _decimals(grammar, decimals),
        np.array(marks, np.uint8),
        int(grammar.padded),
        np.frombuffer(b"".join(symbols), np.uint8),
        np.cumsum([len(symbol) for symbol in symbols], dtype=np.int64),
        values,
        status,
    )
    return values, status


def parse_total(text: str, grammar: Grammar, decimals: int) -> tuple[int, int]:
    """Return (minor units, status) of one declared total, which no row's limit binds."""
    values, status = parse(pa.array([text]), grammar, decimals)
    if status[0] == kernel.TOO_LARGE and grammar.unit == "major":
        great = _great_total(text, grammar, decimals)
        if great is not None:
            return great, kernel.OK
    return int(values[0]), int(status[0])


def reason(status: int, text: str, grammar: Grammar, currency: str) -> str:
    """Return why a text is not an amount: what was found, what was expected, and the fix."""
    found = f"{text[:60]!r}"
    example = _example(grammar)
    if status == kernel.EXCESS_DECIMALS:
        return _excess_decimals(text, grammar, currency)
    sentences = {
        kernel.EMPTY: f"{found} is empty; expected an amount",
        kernel.TOO_LARGE: f"{found} is beyond {format_minor(MAX_MINOR, currency)}; "
        "check the amount unit",
        kernel.BAD_GROUPING: f"{found}: thousands are not in groups of three; "
        "declare decimal_mark and thousands as the sender writes them, or have the file corrected",
        kernel.NO_DIGITS: f"{found} lacks digits where an amount needs them; expected {example}",
        kernel.PADDED: f"{found} has spaces around the amount; declare `padded`",
        kernel.BAD_CHARACTER: f"{found}: {_odd_character(text)}; expected {example}",
    }
    return sentences[status]


def format_minor(amount_minor: int, currency: str) -> str:
    """Return an amount for people, for instance `-1,234.50`; the currency is not repeated."""
    decimals = exponent(currency)
    whole, rest = divmod(abs(amount_minor), 10**decimals)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{whole:,}" + (f".{rest:0{decimals}d}" if decimals else "")


def total(amounts: pl.Series) -> int:
    """Return the exact sum of minor units, 128 bits wide; nulls add nothing."""
    return int(amounts.cast(pl.Int128).sum() or 0)


def _great_total(text: str, grammar: Grammar, decimals: int) -> int | None:
    """Return the minor units of a plain amount of any size, None for all else."""
    group = re.escape(grammar.thousands)
    whole = f"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+" if group else "[0-9]+"
    found = re.fullmatch(f"(-?)({whole})(?:{re.escape(grammar.decimal_mark)}([0-9]+))?", text)
    if found is None:
        return None
    rest = found[3] or ""
    thousands = len(rest) == _THOUSANDS > decimals and not grammar.extra_zero_decimals
    if thousands or rest[decimals:].strip("0"):
        return None
    digits = found[2].replace(grammar.thousands, "") if group else found[2]
    if len(digits) > _GREATEST_DIGITS:
        return None
    return int(f"{found[1]}{digits}{rest[:decimals].ljust(decimals, '0')}")


def _mark(text: str) -> int:
    """Return a one-byte mark, 0 when there is none."""
    if not text:
        return 0
    if len(text) != 1 or not text.isascii() or text.isalnum() or text in "+-":
        raise UsageError(
            f"expected one ASCII sign as decimal or thousands mark, found {text!r}",
            fix='write ".", "," or "\'"',
        )
    return ord(text)


def _zeros(grammar: Grammar) -> int:
    """Return which further decimals may be passed over.

    In a column of minor units any decimal says that another unit was meant; in 1.500 the zeros may
    be thousands. Both are read only where they are declared.
    """
    if grammar.extra_zero_decimals:
        return kernel.ZEROS_DECLARED
    return kernel.ZEROS_PLAIN if grammar.unit == "major" else kernel.ZEROS_REFUSED


def _decimals(grammar: Grammar, decimals: int | NDArray[np.int8]) -> NDArray[np.int8]:
    """Return how many decimals to read: none when the sender writes minor units."""
    if grammar.unit != "major":
        decimals = 0
    each = np.array([decimals], np.int8) if isinstance(decimals, int) else decimals
    return read_only(each)


def _excess_decimals(text: str, grammar: Grammar, currency: str) -> str:
    """Return the sentence about an amount that is finer than its currency."""
    written = text.strip().rpartition(grammar.decimal_mark)[2]
    found = sum("0" <= character <= "9" for character in written)
    noun = ""
    if grammar.unit == "minor":
        expected, noun = "whole minor units are declared", " decimals"
    else:
        expected = f"{currency} has {exponent(currency)} decimals"
    if grammar.unit == "major" and not written.strip("0"):
        fix = "declare `thousands` and `decimal_mark` if so, else have the zeros cut"
        return f"{text[:60]!r}: {expected}, found three zeros that may be thousands; {fix}"
    more = ", not all zeros" if grammar.extra_zero_decimals else ""
    return (
        f"{text[:60]!r}: {expected}, found {found}{noun}{more}; "
        "fix the sender's file or declare another unit"
    )


def _odd_character(text: str) -> str:
    """Return the first character that no amount is made of, named."""
    for character in text:
        if character not in "0123456789.,-":
            kind = "" if character.isascii() else f" (U+{ord(character):04X}, not ASCII)"
            return f"character {character!r}{kind} is not allowed"
    return "a sign or mark stands where none is allowed"


def _example(grammar: Grammar) -> str:
    """Return an amount as the grammar wants it."""
    if grammar.unit == "credit_debit_minor":
        return "C or D and minor digits, for instance C000000001250"
    if grammar.unit == "minor":
        return "whole minor units, for instance 1250"
    return f"a plain amount, for instance 12{grammar.decimal_mark}50"
