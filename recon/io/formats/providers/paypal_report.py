"""PayPal settlement report (STL) and transaction detail report (TRR).

Source: the vendor's pages "Settlement report", "Transaction detail report", "T-codes". CSV whose
first cell is the kind of line: RH, FH, SH headers, CH column names, SB a row, SF, SC section footer
and count, RF, RC, FF report and file footers. Columns go by the names in CH. Amounts are unsigned
hundredths, of yen too; DR and CR stand beside them. Times carry their offset.

| T-code                                            | kind                             |
|---------------------------------------------------|----------------------------------|
| T00                                               | PAYMENT; paid by us: ADJUSTMENT  |
| T01, T1108, T1109                                 | FEE                              |
| T04                                               | PAYOUT, in: ADJUSTMENT           |
| T1107, T1113                                      | REFUND, in: ADJUSTMENT           |
| T1106, T1201                                      | CHARGEBACK, in: ADJUSTMENT       |
| T1105, T1110, T1111, T15, T21 but T2109 and T2110 | FREEZE, in: UNFREEZE             |
| T13                                               | OTHER, an authorisation: pending |
| all others (T02 conversions)                      | ADJUSTMENT                       |

Proof, for each section and currency: gross credits, gross debits, fee credits, fee debits, and
opening + all of them = closing; the section's row count; the same sums and counts of the whole
report. A report with a head (RH) and no end (RF or RC) is cut, and refused. Columns (CH) are
compared with those of earlier nights. Both reports tell the same money: declare one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from recon.core.codes import Kind, Side, State
from recon.core.money import CURRENCY_NUMBER, exponent
from recon.io.formats.providers.paypal_envelope import Envelope, names_column, utc_time
from recon.io.formats.providers.paypal_kinds import kind_of_code
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
from recon.io.reading.records import Line, walk, whole_number
from recon.io.reading.statement import plain_text

COLUMNS = (
    "account",
    "transaction",
    "invoice",
    "original",
    "event",
    "kind",
    "status",
    "amount",
    "fee",
    "currency",
    "completed",
    "bank_reference",
    "memo",
)
_ID, _INVOICE, _RELATED = "Transaction ID", "Invoice ID", "PayPal Reference ID"
_EVENT, _COMPLETED = "Transaction Event Code", "Transaction Completion Date"
_SIDE, _GROSS = "Transaction Debit or Credit", "Gross Transaction Amount"
_CURRENCY, _FEE_SIDE = "Gross Transaction Currency", "Fee Debit or Credit"
_FEE, _FEE_CURRENCY = "Fee Amount", "Fee Currency"
_REQUIRED = (_ID, _INVOICE, _EVENT, _COMPLETED, _SIDE, _GROSS, _CURRENCY, _FEE_SIDE, _FEE)
_STATUS = "Transactional Status"
_MEMO = ("Transaction Subject", "Transaction Note", "Custom Field", "Item Name")
_WANTED = (
    *(_ID, _INVOICE, _RELATED, _EVENT, _STATUS, _COMPLETED, _CURRENCY, _SIDE, _GROSS, _FEE_SIDE),
    *(_FEE, _FEE_CURRENCY, "Bank Reference ID", *_MEMO),
)
_SUMS = ("gross credits", "gross debits", "fee credits", "fee debits")
_LAST_SUM = 5  # its place in a footer


@dataclass(slots=True)
class _Sums:
    """What was taken of a section, or of all: four sums in hundredths for each currency."""

    by_currency: dict[str, list[int]] = field(default_factory=dict)

    def add(self, currency: str, side: int, value: int) -> None:
        """Add an amount to one of the four sums of a currency."""
        self.by_currency.setdefault(currency, [0, 0, 0, 0])[side] += value


class _Reader(Envelope):
    """Takes rows of money, and compares the sums of their section and of the report."""

    def __init__(self, name: str, reading: Reading) -> None:
        super().__init__(name, reading, COLUMNS, _REQUIRED)
        self.wanted: Callable[[Sequence[str]], tuple[str, ...]] = tuple  # of a row's cells
        self.section = _Sums()
        self.whole = _Sums()
        self.footed = False  # a section footer was seen: it has proved the balances
        self.sections = 0

    def begin_section(self) -> None:
        """Begin its sums anew."""
        super().begin_section()
        self.section = _Sums()
        self.sections += 1

    def check_columns(self, line: Line) -> None:
        """Find the columns that are read; refuse those of the other report."""
        self.wanted = itemgetter(*(self.columns.get(name, -1) for name in _WANTED))
        if "Subscription Action Type" in self.columns:
            problem = "a subscription report (SAR) is of format paypal_subscriptions"
            raise self.refused(problem, line)
        super().check_columns(line)

    def take_row(self, line: Line, cells: list[str]) -> None:
        """Take a row: its amounts count in the section's sums."""
        # a column that is not there is the empty last cell
        missing = max(self.width - len(cells), 0)
        row = [cell.strip() for cell in cells] + [""] * (missing + 1)
        transaction, invoice, related, event, status, completed, currency, *rest = self.wanted(row)
        side, amount, fee_side, fee_amount, fee_currency, bank_reference, *words = rest
        reasons = []
        if len(cells) != self.width:
            reasons.append(f"expected {self.width} fields, found {len(cells)}")
        if currency not in CURRENCY_NUMBER:
            reasons.append(f"currency {currency!r} is not an active ISO 4217 code")
        gross = _signed((_GROSS, amount), (_SIDE, side), reasons)
        fee = _signed((_FEE, fee_amount), (_FEE_SIDE, fee_side), reasons)
        if fee and fee_currency not in {"", currency}:
            reasons.append("the fee is in another currency than the gross")
        moment = utc_time(completed)
        if moment is None:
            reasons.append(f"{_COMPLETED} {completed!r} is not YYYY/MM/DD hh:mm:ss with an offset")
        if reasons or gross is None or moment is None:
            self.refuse(line, reasons or ["no gross amount"])
            return
        for value, first in ((gross, 0), (fee or 0, 2)):
            for section in (self.section, self.whole):
                section.add(currency, first + (value < 0), abs(value))
        event = event.upper()
        kind = kind_of_code(event, leaves=gross < 0).name
        linked = kind not in {"PAYMENT", "PAYOUT", "OTHER"}
        self.rows.add(
            (line.number, line.start, line.end),
            (
                self.account or None,
                transaction,
                invoice or None,
                (related if linked else "") or None,
                event,
                kind,
                status or ("P" if kind == "OTHER" else "S"),
                plain_text(gross, 2),
                None if fee is None else plain_text(-fee, 2),
                currency,
                moment,
                bank_reference or None,
                " ".join([event, *dict.fromkeys(word for word in words if word)]),
            ),
        )

    def take_footer(self, kind: str, cells: list[str], line: Line) -> None:
        """Compare a footer's counts, sums and balances with what was taken."""
        super().take_footer(kind, cells, line)
        if kind in {"SF", "RF"} and len(cells) > _LAST_SUM:
            balanced = kind == "SF" or not self.footed
            self.check_sums(cells, self.section if kind == "SF" else self.whole, line, balanced)
        self.footed |= kind == "SF"

    def check_sums(self, cells: list[str], taken: _Sums, line: Line, balanced: bool) -> None:  # noqa: FBT001  two footers
        """Compare the sums of a currency, and its opening and closing available balance."""
        currency = cells[1]
        declared = [whole_number(cell) for cell in cells[2 : _LAST_SUM + 1]]
        if currency not in CURRENCY_NUMBER or None in declared:
            found = ",".join(cells[:6])[:200]
            raise self.refused(f"the footer {found} is not a currency and sums", line)
        sums = taken.by_currency.get(currency, [0, 0, 0, 0])
        told = self.account if taken is self.section else "report"
        name = f"line {line.number} {told} {currency}:".replace("  ", " ")
        for what, stated, computed in zip(_SUMS, declared, sums, strict=True):
            self.control(f"{name} {what}", stated or 0, computed, currency)
        if not balanced:
            return
        moved = sums[0] - sums[1] + sums[2] - sums[3]
        ends = [pair for place in (6, 10) if (pair := _balances(cells[place : place + 4]))]
        if ends:  # available and payable balance: the rows move one of them
            proved = [pair for pair in ends if pair[0] + moved == pair[1]]
            opening, closing = (proved or ends)[0]
            self.control(f"{name} opening + moved = closing", closing, opening + moved, currency)

    def control(self, name: str, declared: int, computed: int, currency: str) -> None:
        """Note a control; hundredths become minor units where the currency has two decimals."""
        scale = 10 ** max(0, 2 - exponent(currency))
        exact = declared % scale == 0 and computed % scale == 0
        divisor = scale if exact else 1
        self.reading.controls.append(
            ControlTotal(name, declared // divisor, computed // divisor, currency if exact else "")
        )


def _balances(cells: list[str]) -> tuple[int, int] | None:
    """Return opening and closing balance in hundredths (mark, amount, mark, amount), or None."""
    ends = []
    for mark, text in zip(cells[::2], cells[1::2], strict=False):
        value = whole_number(text)
        if mark not in {"CR", "DR"} or value is None:
            return None
        ends.append(value if mark == "CR" else -value)
    return (ends[0], ends[1]) if len(ends) == 2 else None  # noqa: PLR2004  both ends


def _signed(amount: tuple[str, str], side: tuple[str, str], reasons: list[str]) -> int | None:
    """Return signed hundredths (CR is +), None for an empty amount; note what is wrong.

    amount, side: name of the column and its cell.
    """
    text, mark = amount[1], side[1].upper()
    if not text or (text.strip("0") == "" and not mark):
        return None
    value = whole_number(text)
    if value is None:
        reasons.append(f"{amount[0]} {text[:40]!r} is not unsigned hundredths")
        return None
    if mark not in {"DR", "CR"}:
        reasons.append(f"{side[0]} {mark!r} is neither DR nor CR")
        return None
    return value if mark == "CR" else -value


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a report into rows; raises InputError when it is another report."""
    reader = _Reader(staged.name, reading)
    yield from walk(staged, options, reading, reader)
    reader.close()
    if reader.sections and not reader.footed and not reading.controls:
        reading.notes.append("the report has no footer: nothing proves that it is whole")
    yield from reader.rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the first lines are PayPal headers and one names transaction columns."""
    return names_column(probe, _EVENT)


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Choice(
            "status",
            {
                "S": State.SUCCESS,
                "F": State.SUCCESS,  # partially refunded
                "P": State.PENDING,
                "V": State.REVERSED,
                "D": State.FAILED,
            },
        ),
        "merchant_id": Text("account"),
        "order_id": Text("invoice"),
        "channel_ref": Text("transaction"),
        "original_ref": Text("original"),
        "bank_ref": Text("bank_reference"),
        "product": Text("event"),
        "amount_minor": Money("amount", extra_zero_decimals=True),
        "fee_minor": Money("fee", extra_zero_decimals=True),
        "currency": Text("currency"),
        "occurred_at": Time(("completed",), ("YYYY-MM-DD hh:mm:ss",), zone="UTC"),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="paypal_report",
    title_en="PayPal settlement or transaction detail report",
    title_zh="PayPal 结算报表 / 交易明细报表",
    side=Side.CHANNEL,
    recognise=recognise,
    header=_REQUIRED,
    column_name=lambda cell: cell.strip(' "'),
    read=read,
    fields=fields,
)
