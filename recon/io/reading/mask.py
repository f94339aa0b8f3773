"""Card numbers are cut to first six and last four here, before anything is written.

A `card` column is always cut. In free text (memo, product, refused lines, names of files) a run of
digits is cut when it stands alone, is 13 to 19 digits long, passes the Luhn check and begins as
card numbers begin, unless it is the row's own reference; so are groups of digits that make such a
number (`core/kernels/find_pan.py` says which). Identifier columns (`order_id`, `channel_ref`, ...)
are never altered, even where one passes the Luhn check: they are keys, one in ten of them passes
by chance, and a cut key matches nothing.

Codes, tracks and PIN blocks, which nobody may keep (PCI DSS 3.3.1), are no column of ours. Where a
file has a column for them no whole line of it is shown or kept: neither a line that does not come
apart into columns, nor one that is read back as evidence.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.kernels import find_pan as kernel
from recon.core.texts.text import text_buffers

if TYPE_CHECKING:  # a format masks what it reads, so it may be the one that loads this file
    from recon.io.reading.contract import Reject

FREE_TEXT = ("memo", "product", "issuer", "counterparty", "attributes")
IDENTIFIERS = (
    "merchant_id",
    "terminal_id",
    "order_id",
    "channel_ref",
    "bank_ref",
    "rrn",
    "original_ref",
    "batch_id",
)

_SEPARATOR = r"[\t \-./_\u00a0\u00ad\u00b7\u2000-\u2015\u202f\u205f\u2060\u2212\u3000\ufeff\uff0d]"
_RUN = re.compile(f"[0-9０-９]+(?:{_SEPARATOR}{{1,{kernel.MAX_SEPARATORS}}}[0-9０-９]+)*")
_GROUP = re.compile("[0-9０-９]+")
_ACCOUNT = re.compile("(?<![0-9A-Za-z])[0-9](?:[0-9 -]*[0-9])?")
_TO_ASCII = str.maketrans("０１２３４５６７８９", "0123456789")
_MORE_THAN_TEN_DIGITS = r"(?:[0-9０-９][^0-9０-９]*){11}"
_PLAIN = (" ", "-")
_STARS = "******"
_SECRET = re.compile(
    r"(?:card)?(?:cvv2?|cvc2?|cvn2?|cav2|securitycode|verification(?:code|value))|track[123]?(?:data)?"
    r"|pin(?:block|data)|(?:de|field|bit)0?(?:35|45|52)|(?:信用卡|卡片?|银行卡)?安全码|(?:第?[一二三123])?磁道(?:信息|数据)?"
)
_NO_LETTER = re.compile(r"[\W_]+")


def mask_cards(column: pl.Series) -> pl.Series:
    """Return a card column with every number of more than ten digits cut to six and four."""
    if column.null_count() == len(column):
        return column
    long = column.str.contains(_MORE_THAN_TEN_DIGITS).fill_null(value=False)
    if not long.any():
        return column
    digits = column
    if not column.str.contains(r"^[0-9]*$").fill_null(value=True).all():
        digits = column.replace_strict(
            {text: _ascii_digits(text) for text in column.filter(long).unique().to_list()},
            default=column,
            return_dtype=pl.String,
        )
    cut = pl.concat_str(digits.str.head(6), pl.lit(_STARS), digits.str.tail(4))
    return pl.select(pl.when(long).then(cut).otherwise(column)).to_series().alias(column.name)


def mask_free_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose free-text columns hold no card number; own references are kept."""
    present = [name for name in IDENTIFIERS if name in frame.columns]
    masked = []
    for name in FREE_TEXT:
        if name in frame.columns and frame[name].null_count() < frame.height:
            found = np.flatnonzero(rows_with_cards(frame[name]))
            if len(found):
                own = frame[found].select(present)
                masked.append(_mask_rows(frame[name], found, own))
    return frame.with_columns(masked)


def rows_with_cards(column: pl.Series) -> NDArray[np.uint8]:
    """Return 1 for each row of text in which a plausible card number stands alone."""
    buffers = text_buffers(column)
    out = np.empty(len(buffers), np.uint8)
    kernel.find_pan(buffers.data, buffers.starts, buffers.ends, buffers.valid, out)
    return out


def mask_text(text: str, own: Sequence[str] = ()) -> str:
    """Return a text with every plausible card number cut, except the row's own references.

    The last four digits of a cut number may begin another one: what is left is looked at again.
    """
    kept = frozenset(own)
    while (masked := _RUN.sub(lambda run: _mask_run(run.group(), kept), text)) != text:
        text = masked
    return text


def mask_card(text: str) -> str:
    """Return one card number cut to six and four, when it has more than ten digits."""
    digits = _ascii_digits(text)
    return digits[:6] + _STARS + digits[-4:] if len(digits) > 10 else text  # noqa: PLR2004 - six and four


def mask_accounts(column: pl.Series) -> pl.Series:
    """Return accounts of statements, of which there are few; a plausible card number is cut.

    Digits behind a letter, an IBAN's for one, are none; what stands behind them may be a currency.
    """
    accounts = column.drop_nulls().unique().to_list()
    cut = {text: _ACCOUNT.sub(lambda run: mask_text(run.group()), text) for text in accounts}
    masked = {text: other for text, other in cut.items() if other != text}
    return column.replace(masked) if masked else column


def _mask_rows(column: pl.Series, rows: NDArray[np.int64], own: pl.DataFrame) -> pl.Series:
    """Return a column with the given rows masked one by one; they are rare."""
    texts = [
        mask_text(text, [value for value in references.values() if value])
        for text, references in zip(column[rows].to_list(), own.iter_rows(named=True), strict=True)
    ]
    return column.scatter(rows, texts) if texts else column


def _mask_run(run: str, own: frozenset[str]) -> str:
    """Return a run of digit groups with the card numbers in it cut."""
    spans = [group.span() for group in _GROUP.finditer(run)]
    texts = [_ascii_digits(run[begin:end]) for begin, end in spans]
    digits = np.frombuffer("".join(texts).encode("ascii"), np.uint8).astype(np.int64) - ord("0")
    starts = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    gaps = [run[end:begin] for (_, end), (begin, _) in itertools.pairwise(spans)]
    plain = np.array([0, *(gap in _PLAIN for gap in gaps)], np.uint8)
    pieces: list[str] = []
    written = place = 0
    while True:
        first, last = kernel.card_groups(digits, starts, plain, len(spans), place)
        if first < 0:
            return "".join([*pieces, run[written:]])
        begin, end = spans[first][0], spans[last][1]
        if run[begin:end] in own:
            place = first + 1
        else:
            pieces += [run[written:begin], mask_card(run[begin:end])]
            written, place = end, last + 1


def _ascii_digits(text: str) -> str:
    """Return the digits of a text, full-width ones as ASCII."""
    plain = text.translate(_TO_ASCII)
    return "".join(character for character in plain if "0" <= character <= "9")


def mask_rejects(rejects: Sequence[Reject]) -> list[Reject]:
    """Return refused rows whose line and reasons show no card number."""
    texts = iter(
        mask_texts([text for reject in rejects for text in (reject.text, *reject.reasons)])
    )
    return [
        replace(
            reject, text=next(texts), reasons=tuple(next(texts) for _ in range(len(reject.reasons)))
        )
        for reject in rejects
    ]


def card_free_lines(
    columns: Mapping[str, Sequence[str | None]], card_columns: frozenset[str]
) -> list[str]:
    """Return refused rows, given by column, as lines; a card column is cut whatever Luhn says."""
    cells = [
        [mask_card(text or "") if name in card_columns else text or "" for text in texts]
        for name, texts in columns.items()
    ]
    return [",".join(row) for row in zip(*cells, strict=True)]


def mask_texts(texts: Sequence[str]) -> list[str]:
    """Return texts with every plausible card number cut."""
    if not texts:
        return []
    found = rows_with_cards(pl.Series(texts, dtype=pl.String)).tolist()
    return [mask_text(text) if holds else text for text, holds in zip(texts, found, strict=True)]


def secret_columns(names: Iterable[str]) -> list[str]:
    """Return the names of columns that hold what nobody may keep once a payment is authorised."""
    return [name for name in names if _SECRET.fullmatch(_NO_LETTER.sub("", name.lower()))]


def without_secrets(rejects: Sequence[Reject], names: Iterable[str]) -> list[Reject]:
    """Return lines that did not come apart; not shown where the file has a column of secrets."""
    found = secret_columns(names)
    return [replace(reject, text=not_shown(found)) if found else reject for reject in rejects]


def not_shown(found: Sequence[str]) -> str:
    """Return what stands in the place of a line of a file with columns of secrets."""
    return f"(not shown: the file has {', '.join(found)}, which nobody may keep)"
