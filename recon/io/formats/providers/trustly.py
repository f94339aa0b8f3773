"""Trustly P11K reports: funding (P11KFUN) and reconciliation (P11KREC).

Lines: H header (report, version, from, to, merchant, file x of y), I a funded or T a reconciled
transaction, F a transfer to the bank, L counts and sums. Amounts are signed decimals; a fee is
negative, in the last cell of I. A transfer is a PAYOUT row; `batch_id` is the funding account that
I and F share. A capture taken back is a Reclaim, or bears the bank's return code (R01). Proof: L
counts and sums; in a funding report I amounts + fees = F amounts, each account and currency by
itself. Both reports tell the same captures: declare one of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.reading.contract import (
    Choice,
    ControlTotal,
    Fields,
    Format,
    Money,
    Options,
    Probe,
    RawRows,
    Reading,
    StagedFile,
    Text,
    Time,
)
from recon.io.reading.records import Line, RowBuilder, compare_count, csv_cells, refuse_row, walk
from recon.io.reading.statement import exact_minor, exponent_of, plain_text

COLUMNS = (
    "merchant",
    "transaction",
    "original",
    "order",
    "kind",
    "state",
    "amount",
    "fee",
    "currency",
    "processed",
    "batch",
    "memo",
)
_WIDTH = {"I": 22, "T": 22, "F": 8, "L": 3, "H": 7}
_KINDS = {"capture": "PAYMENT", "refund": "REFUND", "reclaim": "CHARGEBACK"}
_RETURN_CODE = re.compile(r"r[0-9]{2}")
_CLOCK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z")
_AMOUNT = re.compile(r"(-?)([0-9]{1,15}(?:\.[0-9]+)?)")


class _Reader:
    """Walks over the lines and adds up what the last one declares."""

    def __init__(self, name: str, reading: Reading) -> None:
        self.name = name
        self.reading = reading
        self.rows = RowBuilder(COLUMNS)
        self.merchant = ""
        self.funding = False
        self.counts = {"I": 0, "T": 0, "F": 0}
        self.sums = {kind: Counter[str]() for kind in self.counts}  # of each currency
        self.due = Counter[tuple[str, str]]()  # of each account and currency: amounts and fees
        self.paid = Counter[tuple[str, str]]()
        self.ended = False

    def refused(self, problem: str, line: Line | None = None) -> InputError:
        """Return the refusal of the file."""
        where = f"{self.name}, line {line.number}" if line else self.name
        fix = "download the report again"
        return InputError(problem, where=where, fix=fix, code="FILE_SCHEMA")

    def take(self, line: Line) -> None:
        """Take the next line."""
        cells = csv_cells(line.text)
        kind = cells[0] if cells else ""
        if cells is None or kind not in _WIDTH or len(cells) < _WIDTH[kind]:
            raise self.refused(f"the line {line.text[:60]!r} is no whole P11K line", line)
        if self.ended or (kind == "H") != (not self.merchant):
            raise self.refused(f"a line {kind} stands outside H ... L", line)
        if kind == "H":
            self.merchant, self.funding = cells[5], cells[1] == "P11KFUN"
            self.reading.header_lines += 1
            self.note_part(cells[6])
            if not cells[1].startswith("P11K"):
                raise self.refused(f"{cells[1]} is no P11K report", line)
        elif kind == "L":
            self.reading.trailer_lines += 1
            self.close(cells, line)
        else:
            self.reading.record_lines += 1
            self.take_row(kind, cells, line)

    def note_part(self, part: str) -> None:
        """Say when the report has further files: each proves itself, none that it is the last."""
        if not part.endswith("of0001"):
            self.reading.notes.append(f"file {part} of its report: the others belong to the night")

    def take_row(self, kind: str, cells: list[str], line: Line) -> None:
        """Take a transaction or a transfer: a row, or a reject with every reason."""
        transfer = kind == "F"
        places = {"I": (14, 15, 12), "T": (13, 14, 12), "F": (4, 5, 7)}[kind]
        currency, amount, processed = (cells[place] for place in places)
        fee = cells[22] if kind == "I" and len(cells) > _WIDTH["I"] else ""
        minor, fee_minor = _minor(amount, currency), _minor(fee or "0", currency)
        reasons = []
        if minor is None or fee_minor is None:
            reasons.append(f"amount {amount!r} or fee {fee!r} is not an amount of {currency}")
        if not _CLOCK.fullmatch(processed):
            reasons.append(f"time {processed!r} is not YYYY-MM-DDThh:mm:ssZ")
        self.counts[kind] += 1
        if reasons or minor is None or fee_minor is None:
            place = (line.number, line.start, line.end)
            refuse_row(self.reading, place, line.text, reasons)
            return
        account = cells[3] if transfer else cells[16] if kind == "I" else ""
        self.sums[kind][currency] += minor
        (self.paid if transfer else self.due)[account, currency] += minor + fee_minor
        exponent = exponent_of(currency)
        words = "" if transfer else cells[10].lower()
        self.rows.add(
            (line.number, line.start, line.end),
            (
                self.merchant,
                None if transfer else cells[1],
                None if transfer or words == "capture" else cells[3],
                None if transfer else (cells[20] if kind == "I" else cells[9]) or None,
                "PAYOUT" if transfer else _kind(words),
                "processed" if transfer else cells[11].lower(),
                plain_text(-minor if transfer else minor, exponent),
                plain_text(-fee_minor, exponent) if fee else None,
                currency,
                processed[:19].replace("T", " "),
                account or None,
                cells[1] if transfer else f"{cells[10]} {cells[9]}",
            ),
        )

    def close(self, cells: list[str], line: Line) -> None:
        """Compare the counts and sums of the last line."""
        whole = [*cells, "", ""][1:5] if self.funding else cells[1:3]
        if not all(_AMOUNT.fullmatch(cell) for cell in whole):
            raise self.refused("the L line does not hold its counts and sums", line)
        self.ended = True
        rows = "I" if self.funding else "T"
        self.count(f"{rows} lines", cells[1], self.counts[rows])
        self.sum(f"sum of {rows}", cells[2], self.sums[rows])
        if self.funding:
            self.count("F lines", cells[3], self.counts["F"])
            self.sum("sum of F", cells[4], self.sums["F"])
            self.reading.controls += [
                ControlTotal(
                    f"account {account or 'without number'}: amounts + fees = transfers",
                    self.paid[account, currency],
                    self.due[account, currency],
                    currency,
                )
                for account, currency in dict.fromkeys([*self.due, *self.paid])
            ]

    def count(self, name: str, text: str, computed: int) -> None:
        """Note a declared count."""
        compare_count(self.reading, name, text, computed)

    def sum(self, name: str, text: str, sums: Counter[str]) -> None:
        """Note a declared sum, which passes over what the currencies are."""
        exponent = max(map(exponent_of, sums), default=2)
        declared = _signed(text, exponent)
        computed = sum(minor * 10 ** (exponent - exponent_of(one)) for one, minor in sums.items())
        if sums and declared is None:
            raise self.refused(f"the L line has a {name} of {text}, finer than its currency allows")
        if declared is not None:
            currency = next(iter(sums)) if len(sums) == 1 else ""
            self.reading.controls.append(ControlTotal(name, declared, computed, currency))


def _kind(words: str) -> str:
    """Return the kind of a transaction of that type."""
    return "CHARGEBACK" if _RETURN_CODE.fullmatch(words) else _KINDS.get(words, "ADJUSTMENT")


def _minor(text: str, currency: str) -> int | None:
    """Return a signed decimal in minor units, None when it is no exact amount."""
    return _signed(text, exponent_of(currency)) if re.fullmatch(r"[A-Z]{3}", currency) else None


def _signed(text: str, exponent: int) -> int | None:
    """Return a signed decimal at an exponent, None when it is none or finer."""
    match = _AMOUNT.fullmatch(text)
    minor = exact_minor(match[2], exponent) if match is not None else None
    return minor if match is None or minor is None or not match[1] else -minor


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a report into rows; raises InputError when it is not whole."""
    reader = _Reader(staged.name, reading)
    yield from walk(staged, options, reading, reader)
    if not reader.ended:
        raise reader.refused("the file does not end with its L line: it is cut")
    reading.facts["merchant"] = reader.merchant
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the first line is a P11K header."""
    return re.match(r"\ufeff?H,P11K[A-Z]+,", probe.text()) is not None


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Choice(
            "state",
            {
                "processed": State.SUCCESS,
                "completed": State.SUCCESS,
                "authorized": State.PENDING,
                "pending": State.PENDING,
                "denied": State.FAILED,
                "failed": State.FAILED,
                "reversed": State.REVERSED,
                "voided": State.CLOSED,
                "expired": State.CLOSED,
            },
        ),
        "merchant_id": Text("merchant"),
        "order_id": Text("order"),
        "channel_ref": Text("transaction"),
        "original_ref": Text("original"),
        "batch_id": Text("batch"),
        "amount_minor": Money("amount"),
        "fee_minor": Money("fee"),
        "currency": Text("currency"),
        "occurred_at": Time(("processed",), ("YYYY-MM-DD hh:mm:ss",), zone="UTC"),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="trustly",
    title_en="Trustly P11K report",
    title_zh="Trustly P11K 报表",
    side=Side.CHANNEL,
    recognise=recognise,
    read=read,
    fields=fields,
    has_controls=True,
)
