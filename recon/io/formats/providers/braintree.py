"""Braintree settlement or disbursement dump: JSON array, one object, or one object a line.

Source: the vendor's pages of the types Payment, Refund, Dispute and their status events. A
transaction (orderId, statusHistory) is a PAYMENT, one with `refundedTransaction` a REFUND. Of a
dispute (caseNumber) an event with a `disbursementDate` moved money: out the disputed amount, back
the amount won if it is WON. One that took money, or is lost or accepted, is a CHARGEBACK, of what
is not won back; one that gave it all back, or moved none yet, is OTHER of amount 0; one that gave
back alone is an ADJUSTMENT. Amounts are unsigned decimal texts; `batch_id` is the settlement batch;
the day the money leaves for the bank (`disbursementDetails`) is the clearing date. What was
disbursed stands in the memo where it is another amount, or is held. A row's bytes are its object.

Numbers are kept as text; duplicate keys, NaN and nesting deeper than 64 refuse the file. An empty
array is a day without transactions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from recon.core.codes import Kind, Side, State
from recon.errors import InputError
from recon.io.reading.contract import (
    Choice,
    Day,
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
from recon.io.reading.finer import exact
from recon.io.reading.records import (
    RowBuilder,
    account_for_spans,
    encoding_of,
    encodings_of,
    is_writable,
    refuse_row,
)

COLUMNS = (
    "merchant",
    "order",
    "transaction",
    "original",
    "kind",
    "state",
    "amount",
    "currency",
    "batch",
    "created",
    "disbursed",
    "memo",
)
DEPTH_LIMIT = 64
_BETWEEN = re.compile(r"[\s,\[\]]*")
_SHAPE = re.compile(r'\s*\[?\s*\{\s*"id"\s*:')
_STATES = {
    "SETTLED": "SUCCESS",
    "SETTLING": "PENDING",
    "SUBMITTED_FOR_SETTLEMENT": "PENDING",
    "SETTLEMENT_PENDING": "PENDING",
    "SETTLEMENT_CONFIRMED": "PENDING",
    "AUTHORIZING": "PENDING",
    "AUTHORIZED": "PENDING",
    "FAILED": "FAILED",
    "GATEWAY_REJECTED": "FAILED",
    "PROCESSOR_DECLINED": "FAILED",
    "SETTLEMENT_DECLINED": "FAILED",
    "VOIDED": "CLOSED",
    "AUTHORIZATION_EXPIRED": "CLOSED",
}
_LOST = ("LOST", "ACCEPTED", "AUTO_ACCEPTED")
_DISPUTES = {
    **dict.fromkeys((*_LOST, "WON", "EXPIRED"), "SUCCESS"),
    **dict.fromkeys(("OPEN", "DISPUTED", "UNDER_REVIEW"), "PENDING"),
}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; a key that stands twice is an error."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


def _no_constant(text: str) -> Any:  # noqa: ANN401  the signature json asks for
    """Refuse NaN and infinities."""
    raise ValueError(f"{text} is no number of money")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=str, parse_int=str, parse_constant=_no_constant
)


def _objects(text: str, name: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield the objects of the file and where they stand (characters)."""
    position = _skipped(text, 0)
    while position < len(text):
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise _refused(f"the JSON is damaged: {error}", name, text, position) from error
        if not isinstance(value, dict) or _deeper(value, DEPTH_LIMIT):
            raise _refused("expected objects, at most 64 levels deep", name, text, position)
        yield position, end, value
        position = _skipped(text, end)
    stripped = text.strip()
    if stripped.startswith("[") != stripped.endswith("]"):
        raise _refused("the array is not closed: the file is cut", name, text, len(text))


def _skipped(text: str, position: int) -> int:
    """Return where the next object begins: behind spaces, commas and brackets."""
    match = _BETWEEN.match(text, position)
    return match.end() if match else position


def _deeper(value: object, levels: int) -> bool:
    """Return whether a value is nested deeper than `levels`."""
    if levels == 0:
        return True
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_deeper(part, levels - 1) for part in parts)


def _refused(problem: str, name: str, text: str, position: int) -> InputError:
    """Return the refusal of the file."""
    where = f"{name}, line {text.count(chr(10), 0, position) + 1}"
    return InputError(problem, where=where, fix="download the report again", code="FILE_SCHEMA")


def _text(value: object, *path: str) -> str:
    """Return the text at a path of an object, '' where it is absent or no text."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _events(value: dict[str, Any]) -> list[object]:
    """Return the status history; an entry may be no event but an empty list."""
    history = value.get("statusHistory")
    return history if isinstance(history, list) else []


def _batch(value: dict[str, Any]) -> str:
    """Return the settlement batch that the status history names."""
    return next((batch for one in _events(value) if (batch := _text(one, "settlementBatchId"))), "")


def _disbursed(value: dict[str, Any], amount: str) -> str:
    """Return in words what was disbursed where it is not the amount, or is held."""
    details = value.get("disbursementDetails")
    paid = _text(details, "amount", "value")
    told = f"{_text(details, 'amount', 'currencyCode')} {paid}"
    held = isinstance(details, dict) and details.get("fundsHeld") is True
    same = told.replace("-", "") == f"{_text(value, 'amount', 'currencyCode')} {amount}"
    words = ["" if not paid or same else f" disbursed {told}", " funds held" if held else ""]
    return "".join(words)


def _cells(value: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the cells of one object."""
    status = _text(value, "status")
    if "caseNumber" in value:
        return _dispute_cells(value, status)
    refund = isinstance(value.get("refundedTransaction"), dict)
    amount = _text(value, "amount", "value")
    original = _text(value, "refundedTransaction", "orderId")
    return (
        _text(value, "merchantAccountId") or None,
        _text(value, "orderId") or None,
        _text(value, "legacyId") or _text(value, "id"),
        original or _text(value, "refundedTransaction", "legacyId") or None,
        "REFUND" if refund else "PAYMENT",
        _STATES.get(status, status),
        f"-{amount}" if refund else amount,
        _text(value, "amount", "currencyCode") or None,
        _batch(value) or None,
        _clock(_text(value, "createdAt")),
        _text(value, "disbursementDetails", "date") or None,
        f"{status} id {_text(value, 'id')}{_disbursed(value, amount)}",
    )


def _dispute_cells(value: dict[str, Any], status: str) -> tuple[str | None, ...]:
    """Return the cells of a dispute: what its events took, or gave back."""
    dates = {True: "", False: ""}  # whether it was won, when it was disbursed
    for one in _events(value):
        won = _text(one, "status") == "WON"
        dates[won] = dates[won] or _text(one, "disbursementDate")
    disputed = _text(value, "amountDisputed", "value")
    took, gave = bool(dates[False]) or status in _LOST, bool(dates[True])
    kind, amount = _moved(disputed, _text(value, "amountWon", "value"), took=took, gave=gave)
    return (
        _text(value, "transaction", "merchantAccountId") or None,
        _text(value, "transaction", "orderId") or None,
        _text(value, "legacyId") or _text(value, "id"),
        _text(value, "transaction", "legacyId") or _text(value, "transaction", "id") or None,
        kind,
        "SUCCESS" if kind != "OTHER" and status in _DISPUTES else _DISPUTES.get(status, status),
        amount,
        _text(value, "amountDisputed", "currencyCode") or None,
        None,
        _clock(_text(value, "createdAt")),
        dates[gave] or None,
        f"dispute {status} {_text(value, 'type')} {_text(value, 'caseNumber')} {disputed}",
    )


def _moved(disputed: str, won: str, *, took: bool, gave: bool) -> tuple[str, str]:
    """Return the kind and the signed amount of a dispute; '' where it states no amount."""
    if not took and not gave:
        return "OTHER", "0"
    if not gave:
        return "CHARGEBACK", f"-{disputed}"
    if not took:
        return "ADJUSTMENT", won
    out, back = exact(disputed), exact(won)
    if out is None or back is None:
        return "CHARGEBACK", ""
    return ("OTHER", "0") if out == back else ("CHARGEBACK", f"{back - out:f}")


def _clock(text: str) -> str:
    """Return an ISO time in UTC without its fraction and `Z`."""
    return re.sub(r"(\.[0-9]+)?Z$", "", text).replace("T", " ")


def read(staged: StagedFile, options: Options, reading: Reading) -> Iterator[RawRows]:
    """Cut a dump into rows; raises InputError when it is no whole JSON of objects."""
    data = staged.path.read_bytes()
    encodings = encodings_of(options, ("utf-8",), staged.name)
    text = data.decode(encoding_of(data, encodings, staged.name)).removeprefix("\ufeff")
    rows, spans, record_no, count = RowBuilder(COLUMNS), [], 0, 0
    line, seen, byte = 1, 0, len(data) - len(text.encode())
    for start, end, value in _objects(text, staged.name):
        count += 1
        line += text.count("\n", seen, start)
        last = line + text.count("\n", start, end)
        begin = byte + len(text[seen:start].encode())
        stop = begin + len(text[start:end].encode())
        spans.append((line, last))
        record_no = max(line, record_no + 1)
        cells, place = _cells(value), (record_no, begin, stop)
        if not _text(value, "id"):
            refuse_row(reading, place, text[start:end], ["the object has no id"])
        elif not all(cell is None or is_writable(cell) for cell in cells):
            refuse_row(reading, place, text[start:end], ["the object holds half a character"])
        else:
            rows.add(place, cells)
        line, seen, byte = last, end, stop
    if not count and text.split() not in (["[]"], ["[", "]"]):  # a day without transactions
        raise _refused("the file holds no object", staged.name, text, 0)
    account_for_spans(data, spans, reading)
    yield from rows.batches()


def recognise(probe: Probe) -> bool:
    """Return whether the head is an object (or array of them) with Braintree's names."""
    text = probe.text().lstrip("\ufeff")
    named = "merchantAccountId" in text or "caseNumber" in text
    return _SHAPE.match(text) is not None and named and "statusHistory" in text


def fields(_options: Options) -> Fields:
    """Return how the columns become the canonical table."""
    return {
        "kind": Choice("kind", {kind.name: kind for kind in Kind}),
        "state": Choice("state", {state.name: state for state in State}),
        "merchant_id": Text("merchant"),
        "order_id": Text("order"),
        "channel_ref": Text("transaction"),
        "original_ref": Text("original"),
        "batch_id": Text("batch"),
        "amount_minor": Money("amount", extra_zero_decimals=True),
        "currency": Text("currency"),
        "occurred_at": Time(("created",), ("YYYY-MM-DD hh:mm:ss",), zone="UTC"),
        "clearing_date": Day("disbursed", ("YYYY-MM-DD",)),
        "memo": Text("memo"),
    }


FORMAT = Format(
    name="braintree",
    title_en="Braintree settlement dump",
    title_zh="Braintree 结算数据",
    side=Side.CHANNEL,
    recognise=recognise,
    read=read,
    fields=fields,
)
