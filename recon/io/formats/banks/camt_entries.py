"""The rows of camt entries, a run of them at a time, as columns.

A row is an entry (Ntry), or each of its transaction details (TxDtls) where there are several and
their amounts add up to it. `told` below are the elements that a row takes its words from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.io.formats.banks.camt_exchange import AMOUNTS, RATES, amounts, exchanged, signed_texts
from recon.io.formats.banks.camt_totals import SIGNS, Entry
from recon.io.reading.xml_records import Elements, Wanted, taken

STATUSES: Final = ("BOOK", "PDNG", "INFO", "FUTR")
_NO_REFERENCE: Final = ("", "NOTPROVIDED", "NOT PROVIDED", "NONREF")
_REFERENCES: Final = (
    "Refs/EndToEndId",
    "RmtInf/Strd/CdtrRefInf/Ref",
    "Refs/InstrId",
    "Refs/TxId",
    "Refs/PmtInfId",
    "Refs/MsgId",
    "Refs/MndtId",
    "Refs/ChqNb",
    "Refs/ClrSysRef",
    "Refs/UETR",
    "Refs/Prtry/Ref",
)
_REMITTED: Final = ("RmtInf/Ustrd", "RmtInf/Strd/AddtlRmtInf", "RmtInf/Strd/RfrdDocInf/Nb")
_ULTIMATE: Final = tuple(
    f"RltdPties/{party}/{name}" for party in ("UltmtDbtr", "UltmtCdtr") for name in ("Nm", "Pty/Nm")
)
_MATCHED_BY: Final = _REFERENCES[:5]
_DEBTOR: Final = ("RltdPties/Dbtr/Nm", "RltdPties/Dbtr/Pty/Nm")
_CREDITOR: Final = ("RltdPties/Cdtr/Nm", "RltdPties/Cdtr/Pty/Nm")
_RETURN_REASONS: Final = ("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry", "RtrInf/AddtlInf")
_WORDS: Final = (  # of details, in the order of the memo
    (*_REMITTED, *_REFERENCES),
    _DEBTOR,
    _CREDITOR,
    _ULTIMATE,
    ("AddtlTxInf", "RtrInf/Rsn/Cd"),
)
_AMOUNTS: Final = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")  # of a detail
_DETAIL: Final = (
    *("Amt", "AmtDtls/TxAmt/Amt", "CdtDbtInd", "Refs/AcctSvcrRef", "RtrInf/Rsn/Prtry"),
    *("RtrInf/AddtlInf", *(path for paths in _WORDS for path in paths)),
    *("AmtDtls/InstdAmt/Amt", "AmtDtls/CntrValAmt/Amt", *RATES),
)
_ENTRY: Final = (
    *("Sts/Cd", "Sts/Prtry", "Sts", "CdtDbtInd", "Amt", "RvslInd", "AddtlNtryInf"),
    *("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm", "AcctSvcrRef", "NtryRef"),
    *("NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/NbOfTxs", *AMOUNTS, *RATES),
)
_CHARGES: Final = ("Chrgs", "Chrgs/Amt", "Chrgs/CdtDbtInd")
_RECORDS: Final = ("Chrgs/Rcrd", "Chrgs/Rcrd/Amt", "Chrgs/Rcrd/CdtDbtInd")
_DETAIL_AT: Final = ("NtryDtls/TxDtls", "TxDtls")


def _detail(path: str) -> str:
    """Return the meaning of an element of a detail; an entry has some of the same name."""
    return f"TxDtls/{path}"


def wanted_in(part: str) -> Wanted:
    """Return which elements of entries are looked at; part: the element that holds entries."""
    paths = {path: path for path in (*_ENTRY, *_CHARGES, *_RECORDS)}
    for at in _DETAIL_AT:
        paths[at] = "TxDtls"
        paths |= {f"{at}/{path}": _detail(path) for path in _DETAIL}
        paths |= {f"{at}/{path}": path for path in (*_CHARGES, *_RECORDS)}
    owners = ("TxDtls", "Chrgs", "Chrgs/Rcrd")
    return Wanted(part, "Ntry", paths, owners, "Ccy")


@dataclass(frozen=True, slots=True)
class Amounts:
    """Amounts of some elements: currency (null: none) and exact minor units (null: none such)."""

    currency: pl.Series
    minor: pl.Series  # Int128


def _amounts(elements: Elements, places: NDArray[np.int64]) -> Amounts:
    """Return the amounts at some places, -1 where there is none."""
    return Amounts(*amounts(elements, places))


def _signs(indicator: pl.Series, otherwise: pl.Series | None = None) -> pl.Series:
    """Return 1 for a credit, -1 for a debit, and `otherwise` for another word or none."""
    signs = indicator.replace_strict(SIGNS, default=None, return_dtype=pl.Int8)
    return signs if otherwise is None else signs.fill_null(otherwise)


def _days(texts: pl.Series) -> pl.Series:
    """Return the calendar days of ISO dates and times as they are written, null for others."""
    days = {text: _day(text[:10]) for text in texts.unique().drop_nulls()}
    return texts.replace_strict(days, default=None, return_dtype=pl.String)


def _day(text: str) -> str | None:
    """Return an ISO date, None when it is none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


@dataclass(slots=True)
class Entries:
    """The entries of a run, one value each; those with a reason are refused."""

    elements: Elements
    at: NDArray[np.int64]  # their places among the elements
    status: pl.Series
    sign: pl.Series  # 1, -1, null
    amounts: Amounts
    booked_on: pl.Series
    value_date: pl.Series
    reasons: dict[int, list[str]]  # by number of the entry
    told: set[int] = field(default_factory=set)  # whole ones that an earlier report told

    @classmethod
    def of(cls, elements: Elements) -> Entries:
        """Return what the entries say of themselves."""
        at = elements.of("Ntry")
        status = elements.value(at, "Sts/Cd", "Sts/Prtry", "Sts")
        indicator = elements.value(at, "CdtDbtInd")
        amount_at = elements.first("Amt", empty=True)[at]
        amounts = _amounts(elements, amount_at)
        dates = {
            name: elements.value(at, f"{name}/Dt", f"{name}/DtTm") for name in ("BookgDt", "ValDt")
        }
        days = {name: _days(texts) for name, texts in dates.items()}
        sign = _signs(indicator)
        reasons: dict[int, list[str]] = {}

        def fault(bad: pl.Series, words: str, texts: pl.Series) -> None:
            for number in bad.arg_true().to_list():
                reasons.setdefault(number, []).append(words.format(texts[number] or "(none)"))

        known = status.is_in(STATUSES).fill_null(value=False)
        fault(~known, "status {} is not BOOK, PDNG, INFO or FUTR", status)
        fault(sign.is_null(), "CdtDbtInd {} is not CRDT or DBIT", indicator)
        for name, texts in dates.items():
            fault(texts.is_not_null() & days[name].is_null(), f"{name} {{}} is not a day", texts)
        written = elements.attributes(amount_at).fill_null("") + " " + elements.text_at(amount_at)
        words = "Amt {} is not an unsigned amount that its currency allows"
        fault(amounts.minor.is_null(), words, written.str.strip_chars())
        owners = elements.owned_by[elements.of("Amt")]
        several = pl.Series(np.bincount(owners, minlength=len(elements.means))[at] > 1)
        words = "expected one Amt, found {} and another: a tag between two entries is lost"
        fault(several, words, written)
        value_date = pl.select(pl.coalesce(days["ValDt"], days["BookgDt"])).to_series()
        return cls(elements, at, status, sign, amounts, days["BookgDt"], value_date, reasons)

    @property
    def is_whole(self) -> NDArray[np.bool_]:
        """Return for each entry whether it is taken."""
        whole = np.ones(len(self.at), np.bool_)
        whole[list(self.reasons)] = False
        return whole

    def own_references(self) -> list[str | None]:
        """Return the bank's own reference of each entry; None for none, and for a placeholder."""
        texts = self.elements.value(self.at, "AcctSvcrRef")
        is_one = ~texts.is_in(_NO_REFERENCE) & (texts.str.strip_chars("0") != "")
        return texts.set(~is_one, None).to_list()

    def totals(self) -> Iterator[Entry | None]:
        """Yield what the sums of a statement need of each entry, None for one that is damaged.

        The sums of a report count what an earlier one told as well.
        """
        columns = (self.sign, self.amounts.currency, self.amounts.minor, self.status == "BOOK")
        values = zip(*(column.to_list() for column in columns), strict=True)
        for number, entry in enumerate(values):
            yield entry if number not in self.reasons or number in self.told else None


@dataclass(slots=True)
class Rows:
    """The rows of a run of entries, refused ones among them, in the order of the document."""

    entries: Entries
    entry: NDArray[np.int64]  # number of its entry
    place: NDArray[np.int64]  # the element whose bytes a row has
    sign: pl.Series
    minor: pl.Series
    row_of: NDArray[np.int64]  # owner's place -> row that is told by it, -1
    details: NDArray[np.int64]  # how many details the entry of a row has
    splits: NDArray[np.bool_]  # whether its entry is told by its details

    @classmethod
    def of(cls, entries: Entries) -> Rows:
        """Return which rows there are: a split entry's details, every other entry itself."""
        elements = entries.elements
        details = elements.of("TxDtls")
        number = np.full(len(elements.means), -1, np.int64)
        number[entries.at] = np.arange(len(entries.at))
        owner = number[elements.owned_by[details]]  # the number of its entry
        amount = elements.first(*map(_detail, _AMOUNTS), empty=True)
        amounts = _amounts(elements, amount[details])
        sign = _signs(elements.value(details, _detail("CdtDbtInd")), taken(entries.sign, owner))
        count = np.bincount(owner, minlength=len(entries.at))
        splits = _add_up(entries, owner, amounts, sign) & entries.is_whole
        is_row = splits[owner] & (count[owner] > 1)
        own = ~(splits & (count > 1))
        place = np.concatenate([entries.at[own], details[is_row]])
        order = np.argsort(place, kind="stable")
        entry = np.concatenate([np.flatnonzero(own), owner[is_row]])[order]
        place = place[order]
        row_of = np.full(len(elements.means), -1, np.int64)
        row_of[place] = np.arange(len(place))
        row_of[details[~is_row]] = row_of[entries.at[owner[~is_row]]]
        from_detail = np.full(len(elements.means), -1, np.int64)
        from_detail[details[is_row]] = np.flatnonzero(is_row)
        only = splits[owner] & (count[owner] == 1)
        from_detail[entries.at[owner[only]]] = np.flatnonzero(only)
        chosen = from_detail[place]
        return cls(
            entries,
            entry,
            place,
            taken(sign, chosen).fill_null(taken(entries.sign, entry)),
            taken(amounts.minor, chosen).fill_null(taken(entries.amounts.minor, entry)),
            row_of,
            count[entry],
            ~own[entry],
        )

    def columns(self, accounts: pl.Series, numbers: pl.Series) -> dict[str, pl.Series]:
        """Return the cells of the rows; accounts, numbers: of each entry's statement."""
        entries, elements = self.entries, self.entries.elements
        currency = taken(entries.amounts.currency, self.entry)
        base, base_currency, rate = exchanged(elements, self._tellers(), currency, _detail)
        at = entries.at[self.entry]
        own = self._own_references(at)
        first_own = _first_of(own, len(at))
        charges = self._charges()
        return {
            "statement": taken(numbers, self.entry),
            "account": taken(accounts, self.entry),
            "status": taken(entries.status, self.entry),
            "direction": pl.Series(np.where(self.sign.fill_null(0) > 0, "CRDT", "DBIT")),
            "reversal": elements.value(at, "RvslInd"),
            "amount": signed_texts(self.sign, self.minor, currency),
            "currency": currency,
            "base": signed_texts(self.sign, base, base_currency),
            "base_currency": base_currency,
            "rate": rate,
            "booking_date": taken(entries.booked_on, self.entry),
            "value_date": taken(entries.value_date, self.entry),
            "charges": charges,
            "bank_reference": first_own,
            "reference": self._reference().fill_null(first_own),
            "memo": self._memo(own, charges),
            "reason": _first_of(self._told([_RETURN_REASONS]), len(at)),
            "counterparty": self._counterparty(),
        }

    def _tellers(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the place of each row's entry, and of its one detail; -1 where it has none."""
        details = self.entries.elements.of("TxDtls")
        rows = self.row_of[details]
        only = np.full(len(self.entry), -1, np.int64)
        only[rows] = details
        only[np.bincount(rows, minlength=len(only)) != 1] = -1
        is_entry = self.place == self.entries.at[self.entry]
        return np.where(is_entry, self.place, -1), only

    def _told(self, groups: Sequence[Sequence[str]]) -> pl.DataFrame:
        """Return what the details of the rows say at some paths: row, group, text.

        In the order of rows, groups, details, paths and the document.
        """
        elements = self.entries.elements
        ranks = elements.wanted.ranks([_detail(path) for paths in groups for path in paths])
        group_of = np.repeat(np.arange(len(groups)), [len(paths) for paths in groups])
        rank = ranks[elements.means]
        places = np.flatnonzero((rank >= 0) & (elements.filled == 1))
        rank, owners = rank[places], elements.owned_by[places]
        row, group = self.row_of[owners], group_of[rank]
        key = (row * len(groups) + group) * len(elements.means) + owners
        order = np.argsort(key * len(group_of) + rank, kind="stable")
        told = pl.DataFrame(
            {
                "row": row[order],
                "group": group[order],
                "text": elements.texts.gather(places[order]),
            }
        )
        return told.filter(~pl.col("text").is_in(_NO_REFERENCE))

    def _own_references(self, at: NDArray[np.int64]) -> pl.DataFrame:
        """Return the bank's own references: of the details, of the entry, of the batch."""
        elements = self.entries.elements
        frames = [self._told([["Refs/AcctSvcrRef"]]).select("row", "text")]
        for meaning in ("AcctSvcrRef", "NtryRef", "NtryDtls/Btch/PmtInfId"):
            texts = elements.value(at, meaning)
            frames.append(pl.DataFrame({"row": np.arange(len(at)), "text": texts}).drop_nulls())
        own = pl.concat(frames).filter(~pl.col("text").is_in(_NO_REFERENCE))
        return own.unique(keep="first", maintain_order=True)

    def _reference(self) -> pl.Series:
        """Return the reference to match by; several different ones of a batch are none.

        Where the bank names more transactions than it details, those it details are not the entry.
        """
        told = self._told([[path] for path in _MATCHED_BY])
        told = told.filter(pl.Series(self._tells_all()).gather(told["row"]))
        return _first_of(_agreed(told), len(self.entry))

    def _tells_all(self) -> NDArray[np.bool_]:
        """Return for each row whether its entry has as many details as its batches count."""
        elements = self.entries.elements
        places = elements.of("NtryDtls/Btch/NbOfTxs")
        texts = elements.texts.gather(places)
        is_count = texts.str.contains("^[0-9]{1,15}$").to_numpy()
        places, counts = places[is_count], texts.filter(pl.Series(is_count)).cast(pl.Int64)
        number = np.searchsorted(self.entries.at, elements.owned_by[places])
        named = np.zeros(len(self.entries.at), np.int64)
        np.add.at(named, number, counts.to_numpy())
        is_named = np.zeros(len(self.entries.at), np.bool_)
        is_named[number] = True
        told: NDArray[np.bool_] = (
            self.splits | ~is_named[self.entry] | (named[self.entry] == self.details)
        )
        return told

    def _memo(self, own: pl.DataFrame, charges: pl.Series) -> pl.Series:
        """Return the words and every reference of a row; the bank's own come last after `//`."""
        rows = np.arange(len(self.entry))
        at = self.entries.at[self.entry]
        more = self.entries.elements.value(at, "AddtlNtryInf")
        words = pl.concat(
            [
                self._told(_WORDS).select("row", "text"),
                pl.DataFrame({"row": rows, "text": more}).drop_nulls(),
                pl.DataFrame({"row": rows, "text": charges}).drop_nulls(),
                own.select("row", text="//" + pl.col("text")),
            ]
        )
        distinct = words.unique(keep="first", maintain_order=True)
        joined = distinct.group_by("row").agg(pl.col("text").str.join(" "))
        return _placed(joined.with_columns(_one_spaced(joined["text"])), len(rows))

    def _charges(self) -> pl.Series:
        """Return the charges as words: `charges EUR 0.50 DBIT`; told, never computed with.

        Those of a detail stand before its entry's, those of an entry before its details'.
        """
        elements = self.entries.elements
        frames = []
        for rank, (owner, amount, indicator) in enumerate((_RECORDS, _CHARGES)):
            places = elements.of(owner)
            found = elements.first(amount, empty=True)[places]
            places, found = places[found >= 0], found[found >= 0]
            parts = (
                elements.attributes(found).fill_null(""),
                elements.text_at(found),
                elements.value(places, indicator).fill_null(""),
            )
            words = [" ".join(filter(None, texts)) for texts in zip(*parts, strict=True)]
            owners = self._charged(places)
            row, which = self._rows_of(owners)
            frames.append(
                pl.DataFrame(
                    {
                        "row": row,
                        "is_later": owners[which] != self.place[row],
                        "owner": owners[which],
                        "rank": np.full(len(row), rank),
                        "place": places[which],
                        "text": pl.Series(words, dtype=pl.String).gather(which),
                    }
                )
            )
        told = pl.concat(frames).sort(pl.all().exclude("text"))
        distinct = told.select("row", "text").unique(keep="first", maintain_order=True)
        joined = distinct.group_by("row").agg(text="charges " + pl.col("text").str.join(", "))
        return _placed(joined, len(self.entry))

    def _charged(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the entry or detail that each charge, or record of one, belongs to."""
        elements = self.entries.elements
        owners = elements.owned_by[places]
        chrgs = elements.wanted.meanings.index("Chrgs")
        return np.where(elements.means[owners] == chrgs, elements.owned_by[owners], owners)

    def _rows_of(self, owners: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return every row that some entries and details tell of, and by which of them."""
        number = np.searchsorted(self.entries.at, owners, side="right") - 1
        is_entry = self.entries.at[number] == owners
        first = np.searchsorted(self.entry, number)
        count = np.searchsorted(self.entry, number, side="right") - first
        first = np.where(is_entry, first, self.row_of[owners])
        count = np.where(is_entry, count, 1)
        which = np.repeat(np.arange(len(owners)), count)
        within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        return first[which] + within, which

    def _counterparty(self) -> pl.Series:
        """Return who paid a credit or was paid by a debit; None where a row tells several."""
        told = self._told([_DEBTOR, _CREDITOR])
        is_credit = (self.sign.fill_null(0) > 0).gather(told["row"])
        named = told.filter((told["group"] == 0) == is_credit)
        names = named.with_columns(_one_spaced(named["text"]))
        return _placed(_agreed(names), len(self.entry))

    def refused(self) -> Iterator[tuple[int, bytes, list[str]]]:
        """Yield row, bytes and reasons of the entries that are refused."""
        entries = self.entries
        numbers = np.array(sorted(entries.reasons), np.int64)
        places = entries.at[numbers]
        texts = entries.elements.raw(places)
        for number, row, raw in zip(numbers, self.row_of[places], texts, strict=True):
            yield int(row), raw, entries.reasons[int(number)]


def _add_up(
    entries: Entries, owner: NDArray[np.int64], amounts: Amounts, sign: pl.Series
) -> NDArray[np.bool_]:
    """Return for each entry whether its details all have an amount, and add up to it."""
    frame = pl.DataFrame(
        {
            "owner": owner,
            "alike": (amounts.currency == taken(entries.amounts.currency, owner)),
            "minor": sign.cast(pl.Int128) * amounts.minor,
        }
    )
    sums = frame.group_by("owner").agg(
        (pl.col("alike").fill_null(value=False) & pl.col("minor").is_not_null()).all(),
        pl.col("minor").sum(),
    )
    numbers = sums["owner"].to_numpy()
    whole = entries.sign.cast(pl.Int128) * entries.amounts.minor
    agrees = (sums["minor"] == whole.gather(numbers)).fill_null(value=False)
    result = np.zeros(len(entries.at), np.bool_)
    result[numbers] = (agrees & sums["alike"]).to_numpy()
    return result


def _agreed(told: pl.DataFrame) -> pl.DataFrame:
    """Return the text of each row and group whose texts are all the same; rows stand together."""
    if not told.height:
        return told
    row, group = told["row"].to_numpy(), told["group"].to_numpy()
    begins = np.ones(told.height, np.bool_)
    begins[1:] = (row[1:] != row[:-1]) | (group[1:] != group[:-1])
    first = np.flatnonzero(begins)
    head = told["text"].gather(first[np.cumsum(begins) - 1])
    is_same = np.logical_and.reduceat((told["text"] == head).to_numpy(), first)
    return told[first[is_same]]


def _first_of(told: pl.DataFrame, rows: int) -> pl.Series:
    """Return the first text of each row, null where there is none."""
    return _placed(told.unique("row", keep="first", maintain_order=True), rows)


def _placed(told: pl.DataFrame, rows: int) -> pl.Series:
    """Return a text a row of those that have one, null for the others."""
    places = np.full(rows, -1, np.int64)
    places[told["row"].to_numpy()] = np.arange(told.height)
    return taken(told["text"], places)


def _one_spaced(texts: pl.Series) -> pl.Series:
    """Return texts with one space wherever white space stands."""
    return texts.str.replace_all(r"\s+", " ").str.strip_chars()
