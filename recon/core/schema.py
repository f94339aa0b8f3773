"""Every table between two stages and every table a run publishes: columns, types, order, meaning.

`docs/tables.md` and the comments in the published DuckDB file are generated from here, and every
stage calls `check` on what it gets and on what it gives. Money is `Int64` minor units of the row's
currency; totals are 128-bit. Times are UTC, microseconds, without a zone; dates are the sender's.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache

import polars as pl

from recon.core.codes import (
    Code,
    Decision,
    DisputeStatus,
    InputState,
    Kind,
    MatchKind,
    Outcome,
    OutOfPocket,
    PayoutState,
    Severity,
    Side,
    State,
)
from recon.core.table import Column, Table

TIMESTAMP = pl.Datetime("us")
RECORD_BITS = 28  # a txn_id is 35 bits of the file's identity and 28 bits of record number
RECORD_LIMIT = 1 << RECORD_BITS
OWN_REFERENCES = ("order_id", "channel_ref", "rrn")  # what another row may name a row by


@cache
def words(vocabulary: type[IntEnum]) -> pl.Enum:
    """Return the text type of a vocabulary: its member names in number order."""
    return pl.Enum([member.name for member in sorted(vocabulary, key=int)])


TRANSACTIONS = Table(
    "transactions",
    "a row of a file",
    ("txn_id",),
    (
        Column("txn_id", pl.Int64, "identity: file and record number, given once at load"),
        Column("side", words(Side), "who sent the file"),
        Column("source", pl.String, "name of the source in the rule file"),
        Column("file_id", pl.String, "first 16 hex digits of the file's SHA-256 within its source"),
        Column("record_no", pl.Int64, "1-based number of the physical record where the row begins"),
        Column("byte_start", pl.Int64, "offset of the row's first byte in the staged file"),
        Column("byte_end", pl.Int64, "offset just past the row's last byte"),
        Column("fingerprint", pl.Int64, "digest of the row's own content and its occurrence"),
        Column("kind", words(Kind), "what the row means"),
        Column("state", words(State), "what the sender says became of it"),
        Column("merchant_id", pl.String, "merchant number or account"),
        Column("terminal_id", pl.String, "terminal number"),
        Column("order_id", pl.String, "the row's own merchant order (or refund) number"),
        Column("channel_ref", pl.String, "the row's own channel transaction (or refund) number"),
        Column("bank_ref", pl.String, "reference that the bank line carries"),
        Column("rrn", pl.String, "retrieval reference number"),
        Column("stan", pl.String, "system trace audit number; never a key by itself"),
        Column("auth_code", pl.String, "authorisation code"),
        Column("card", pl.String, "card number, first six and last four at most"),
        Column("batch_id", pl.String, "settlement batch: the key of many rows and one credit"),
        Column("original_ref", pl.String, "refund, reversal: order or reference of the original"),
        Column("product", pl.String, "card type, wallet or product as the sender names it"),
        Column("amount_minor", pl.Int64, "signed amount, minor units; money to the merchant is +"),
        Column("fee_minor", pl.Int64, "fee, minor units; + is a cost, - is a fee returned"),
        Column("net_minor", pl.Int64, "what should reach the bank: amount - fee, minor units"),
        Column("currency", pl.String, "ISO 4217 code"),
        Column("occurred_at", TIMESTAMP, "when it happened, UTC"),
        Column("clearing_date", pl.Date, "the channel's clearing day"),
        Column("value_date", pl.Date, "the bank's value date"),
        Column("due_date", pl.Date, "day by which the next side must show the money"),
        Column("memo", pl.String, "free text of the sender"),
        Column("base_minor", pl.Int64, "amount before exchange, minor units of base_currency"),
        Column("base_currency", pl.String, "currency of the order where it was exchanged"),
        Column("arrived_at", TIMESTAMP, "refund: when the payer had the money, UTC"),
        Column("issuer", pl.String, "bank or wallet that issued the payer's instrument"),
        Column("requested_minor", pl.Int64, "refund: what was asked for, before a deduction"),
        Column("counterparty", pl.String, "bank line: who paid it or was paid, as the bank says"),
        Column("attributes", pl.String, "JSON: what else the sender says, by name; see below"),
    ),
)

SLIM = Table(
    "slim",
    "a row of `transactions` as the matcher sees it: no text",
    ("txn_id",),
    (
        Column("txn_id", pl.Int64, "identity"),
        Column("side", pl.UInt8, "`Side` number"),
        Column("source", pl.UInt16, "position of the source in the rule file"),
        Column("kind", pl.UInt8, "`Kind` number"),
        Column("state", pl.UInt8, "`State` number"),
        Column("amount_minor", pl.Int64, "signed amount"),
        Column("fee_minor", pl.Int64, "fee, null when the sender gives none"),
        Column("net_minor", pl.Int64, "amount - fee"),
        Column("currency", pl.UInt16, "position in `recon.core.money.CURRENCIES`"),
        Column("occurred_at", TIMESTAMP, "UTC, null when unknown"),
        Column("clearing_date", pl.Date, "clearing day"),
        Column("value_date", pl.Date, "value date"),
        Column("due_date", pl.Date, "day by which the next side must show the money"),
        Column("fingerprint", pl.Int64, "digest of the row's content and its occurrence"),
        Column("occurrence", pl.UInt32, "how many equal rows stand before it in its file"),
    ),
)

INPUTS = Table(
    "inputs",
    "a file",
    ("source", "path"),
    (
        Column("source", pl.String, "name of the source in the rule file"),
        Column("side", words(Side), "who sent it"),
        Column("format", pl.String, "format name"),
        Column("path", pl.String, "path as declared, business date filled in"),
        Column("file_id", pl.String, "identity of the file inside this workspace"),
        Column("sha256", pl.String, "SHA-256 of the bytes as received"),
        Column("bytes", pl.Int64, "size in bytes"),
        Column("lines", pl.Int64, "physical lines, all accounted for"),
        Column("rows", pl.Int64, "data rows accepted"),
        Column("rejected", pl.Int64, "data rows refused"),
        Column("state", words(InputState), "what became of it"),
        Column("controls", pl.String, "JSON: each control total, declared and computed"),
        Column("message", pl.String, "why it was held, refused or is missing, and the fix"),
        Column("columns", pl.String, "JSON: name and type of each of its columns, in its order"),
    ),
)

REJECTS = Table(
    "rejects",
    "a refused row",
    ("file_id", "record_no"),
    (
        Column("file_id", pl.String, "the file"),
        Column("source", pl.String, "name of the source"),
        Column("record_no", pl.Int64, "1-based physical record number"),
        Column("byte_start", pl.Int64, "offset of the first byte in the staged file"),
        Column("byte_end", pl.Int64, "offset just past the last byte"),
        Column("text", pl.String, "the line, card numbers masked, cut at 500 characters"),
        Column("reasons", pl.List(pl.String), "every reason, not only the first"),
    ),
)

LINKS = Table(
    "links",
    "an edge between two rows",
    ("left_txn_id", "right_txn_id", "leg"),
    (
        Column("left_txn_id", pl.Int64, "row on the leg's left side"),
        Column("right_txn_id", pl.Int64, "row on the leg's right side"),
        Column("leg", pl.String, "name of the leg in the rule file"),
        Column("pass", pl.String, "name of the pass that found it"),
        Column("match_kind", words(MatchKind), "kind of evidence"),
        Column("score", pl.Int32, "confidence in parts per million"),
        Column("reasons", pl.String, "the evidence in words"),
    ),
)

GROUPS = Table(
    "groups",
    "a match group, rows connected by links, in one currency",
    ("group_id", "currency"),
    (
        Column("group_id", pl.Int64, "smallest txn_id of the group"),
        Column("merchant_rows", pl.Int64, "rows of the merchant"),
        Column("channel_rows", pl.Int64, "rows of the channel"),
        Column("bank_rows", pl.Int64, "rows of the bank"),
        Column("merchant_minor", pl.Int128, "sum of the merchant's amounts"),
        Column("channel_minor", pl.Int128, "sum of the channel's amounts"),
        Column("channel_net_minor", pl.Int128, "sum of the channel's net amounts"),
        Column("bank_minor", pl.Int128, "sum of the bank's amounts"),
        Column("currency", pl.String, "of these counts and sums; a group may hold several"),
        Column("outcome", words(Outcome), "BREAK when any row breaks, else CARRIED, else MATCHED"),
    ),
)

OUTCOMES = Table(
    "outcomes",
    "an accepted row and where it ended",
    ("txn_id",),
    (
        Column("txn_id", pl.Int64, "the row"),
        Column("group_id", pl.Int64, "its match group"),
        Column("outcome", words(Outcome), "exactly one"),
        Column("opening", pl.Boolean, "true when the row was carried in from the night before"),
        Column("closing", pl.Boolean, "true when the row is carried to the next night"),
        Column("reason", pl.String, "why, where the outcome alone does not tell"),
    ),
)

BREAKS = Table(
    "breaks",
    "a fact about the data",
    ("break_id",),
    (
        Column("break_id", pl.String, "stable identity"),
        Column("business_date", pl.Date, "the night"),
        Column("code", words(Code), "what is wrong; benign codes included"),
        Column("leg", pl.String, "leg on which it was seen"),
        Column("group_id", pl.Int64, "match group"),
        Column("txn_ids", pl.List(pl.Int64), "the rows, the one at fault first"),
        Column("source", pl.String, "source of the first row, or of the file"),
        Column("expected_minor", pl.Int64, "what should be there"),
        Column("actual_minor", pl.Int64, "what is there"),
        Column("difference_minor", pl.Int64, "actual - expected"),
        Column("currency", pl.String, "currency"),
        Column("cause", pl.String, "named cause, or null"),
        Column("first_seen", pl.Date, "night on which it was first reported"),
        Column("due_date", pl.Date, "when the waiting ended or ends"),
        Column("status", words(DisputeStatus), "new, still open, or resolved tonight"),
        Column("nearest_txn_id", pl.Int64, "nearest candidate partner"),
        Column("failed_gate", pl.String, "the condition that the nearest candidate fails, by how"),
        Column("confidence", pl.Int32, "probability in parts per million; null where keys decide"),
    ),
)

DISPUTES = Table(
    "disputes",
    "a candidate case for a person",
    ("dispute_id",),
    (
        Column("dispute_id", pl.String, "stable across re-runs and nights"),
        Column("run_id", pl.String, "the run"),
        Column("business_date", pl.Date, "the night"),
        Column("code", words(Code), "what is wrong"),
        Column("label_zh", pl.String, "the code in Chinese"),
        Column("label_en", pl.String, "the code in English"),
        Column("severity", words(Severity), "how soon a person should look"),
        Column("status", words(DisputeStatus), "new, still open, or resolved tonight"),
        Column("currency", pl.String, "currency"),
        Column("amount_minor", pl.Int64, "money at risk, >= 0"),
        Column("expected_minor", pl.Int64, "what should be there"),
        Column("actual_minor", pl.Int64, "what is there"),
        Column("difference_minor", pl.Int64, "actual - expected"),
        Column("out_of_pocket", words(OutOfPocket), "who has lost money until it is put right"),
        Column("cause", pl.String, "named cause, or null"),
        Column("confidence", pl.Int32, "parts per million; 1,000,000 when keys decide"),
        Column("suggested_action_zh", pl.String, "what to do, Chinese"),
        Column("suggested_action", pl.String, "what to do, English"),
        Column("explanation_zh", pl.String, "what happened, with the figures, Chinese"),
        Column("explanation_en", pl.String, "what happened, with the figures, English"),
        Column("merchant_id", pl.String, "merchant"),
        Column("order_id", pl.String, "order"),
        Column("channel_ref", pl.String, "channel reference"),
        Column("bank_ref", pl.String, "bank reference"),
        Column("first_seen", pl.Date, "night on which it was first reported"),
        Column("age_days", pl.Int32, "days since first_seen"),
        Column("due_at", pl.Date, "day by which to act"),
        Column("scheme_limit_at", pl.Date, "last day on which its card scheme takes it, or null"),
        Column("decision", words(Decision), "what a person decided before this night, or null"),
        Column("decision_note", pl.String, "why, in that person's words"),
        Column(
            "evidence",
            pl.List(
                pl.Struct(
                    {
                        "side": pl.String,
                        "source": pl.String,
                        "file_id": pl.String,
                        "record_no": pl.Int64,
                        "txn_id": pl.Int64,
                        "amount_minor": pl.Int64,
                    }
                )
            ),
            "pointers back to the rows of the staged files",
        ),
    ),
)

OPEN_ITEMS = Table(
    "open_items",
    "a row carried to the next night, with the whole row",
    ("txn_id", "leg"),
    (
        *TRANSACTIONS.columns,
        Column("leg", pl.String, "leg on which the row waits"),
        Column("first_seen", pl.Date, "night on which the row was loaded"),
        Column("age", pl.Int32, "age in business days"),
        Column("waiting_for", words(Side), "side that must show the money"),
        Column("wait_until", pl.Date, "last day of patience; a break after it"),
        Column("break_code", words(Code), "the break already reported, null while in transit"),
        Column("break_since", pl.Date, "night on which that break was first reported"),
        Column("break_id", pl.String, "that break, null while in transit"),
    ),
)

RUNS = Table(
    "runs",
    "a run",
    ("run_id",),
    (
        Column("run_id", pl.String, "derived from inputs, rules, version and previous state"),
        Column("name", pl.String, "name of the reconciliation"),
        Column("business_date", pl.Date, "the night"),
        Column("previous_run_id", pl.String, "the state it continued from"),
        Column("version", pl.String, "version of recon"),
        Column("rules_sha256", pl.String, "digest of the rule file and what it includes"),
        Column("opening_rows", pl.Int64, "rows carried in"),
        Column("new_rows", pl.Int64, "rows accepted tonight"),
        Column("closed_rows", pl.Int64, "rows closed tonight"),
        Column("closing_rows", pl.Int64, "rows carried out"),
        Column("rejected_rows", pl.Int64, "rows refused"),
        Column("links", pl.Int64, "links made"),
        Column("breaks", pl.Int64, "breaks that are not benign"),
        Column("disputes", pl.Int64, "candidate disputes"),
        Column("exit_code", pl.Int32, "exit code before any --fail-on gate"),
        Column(
            "sequence", pl.Int64, "place in the order of publication, from 1; set at publishing"
        ),
        Column("supersedes", pl.String, "earlier run of the same night; set at publishing"),
    ),
)

SEARCHES = Table(
    "searches",
    "a row whose amount a `subset` pass tried to make up from rows of the other side",
    ("txn_id", "leg", "pass"),
    (
        Column("txn_id", pl.Int64, "the row"),
        Column("leg", pl.String, "name of the leg in the rule file"),
        Column("pass", pl.String, "name of the pass"),
        Column("pool_rows", pl.Int64, "rows of the other side that could be part of it"),
        Column(
            "answer",
            pl.String,
            "UNIQUE, ALTERNATIVES (several), NONE (proved) or EXHAUSTED (budget spent)",
        ),
        Column("form", pl.String, "shortest description with a hit: WHOLE, RUN, ..., null if none"),
        Column("alternatives", pl.Int64, "subsets of that form that add up, as far as counted"),
        Column(
            "accidents_ppm",
            pl.Int64,
            "subsets of that form expected to add up by chance, parts per million",
        ),
    ),
)

DOUBTS = Table(
    "doubts",
    "a pair that a `score` pass weighed and did not link, both rows being alone at the end",
    ("left_txn_id", "right_txn_id", "leg", "pass"),
    (
        Column("left_txn_id", pl.Int64, "the row of the leg's left side"),
        Column("right_txn_id", pl.Int64, "the row of the leg's right side"),
        Column("leg", pl.String, "name of the leg in the rule file"),
        Column("pass", pl.String, "name of the pass"),
        Column("score", pl.Int32, "probability that the two belong together, parts per million"),
        Column("confidence", pl.Int32, "what the pass asks of a link, parts per million"),
        Column("reasons", pl.String, "what spoke for and against it, each with its weight in bits"),
    ),
)

BALANCES = Table(
    "balances",
    "the daily balance of a source against another side in one currency",
    ("source", "against", "currency"),
    (
        Column("business_date", pl.Date, "the night"),
        Column("source", pl.String, "name of the source in the rule file"),
        Column("side", words(Side), "who sent its files"),
        Column("against", words(Side), "side that must show the same money"),
        Column("currency", pl.String, "currency of the account; none is ever summed with another"),
        Column("rows", pl.Int64, "rows of the account, carried in and new"),
        Column("opening_minor", pl.Int128, "carried in: last night's in transit and overdue"),
        Column("sales_minor", pl.Int128, "new payments, or credits of a bank"),
        Column("refunds_minor", pl.Int128, "new refunds, or debits of a bank; below zero"),
        Column("undone_minor", pl.Int128, "reversals, voids, and what they undid"),
        Column("chargebacks_minor", pl.Int128, "new chargebacks; below zero"),
        Column("adjustments_minor", pl.Int128, "new adjustments"),
        Column("other_minor", pl.Int128, "new rows of other kinds"),
        Column("fees_minor", pl.Int128, "fees of the new rows; taken off"),
        Column("settled_minor", pl.Int128, "met its partner on the other side, nothing wrong"),
        Column("disputed_minor", pl.Int128, "ended tonight in a break"),
        Column("in_transit_minor", pl.Int128, "waits inside its time; tomorrow's opening"),
        Column("overdue_minor", pl.Int128, "carried as an open break; tomorrow's opening"),
        Column("idle_minor", pl.Int128, "nobody waits for it: before the books, told before"),
        Column("residual_minor", pl.Int128, "in no line of the above; 0, or the night is wrong"),
    ),
)

PAYOUTS = Table(
    "payouts",
    "a payout to the bank: a batch, or rows without one that are due and paid on the same days",
    ("leg", "txn_id"),
    (
        Column("leg", pl.String, "leg on which it meets its credit"),
        Column("txn_id", pl.Int64, "smallest txn_id of its rows"),
        Column("batch", pl.String, "batch number, or what names the batch; null without one"),
        Column("source", pl.String, "name of the source that pays out"),
        Column("merchant_id", pl.String, "merchant of the batch"),
        Column("currency", pl.String, "currency"),
        Column("cleared_from", pl.Date, "first clearing day of its rows"),
        Column("cleared_until", pl.Date, "last clearing day of its rows"),
        Column("rows", pl.Int64, "rows of the channel"),
        Column("expected_minor", pl.Int128, "what should come: sum of their net amounts"),
        Column("expected_from", pl.Date, "first day on which it is expected, by the cycle"),
        Column("expected_until", pl.Date, "last day, grace included; late or missing after it"),
        Column("hours", pl.String, "hours of the day, by the clock of the source; null: any"),
        Column("actual_minor", pl.Int128, "what came; null while nothing did"),
        Column("value_date", pl.Date, "value date of the credit, of several the last"),
        Column("arrived_at", TIMESTAMP, "when the bank booked it, UTC, where it tells a time"),
        Column("counterparty", pl.String, "who paid, as the bank says"),
        Column("state", words(PayoutState), "where it stands tonight"),
        Column("usual_of", pl.Int64, "payouts of earlier nights that the next three come from"),
        Column("usual_days", pl.Int64, "days after `expected_from` by which half of them had come"),
        Column("usual_days_most", pl.Int64, "days after it by which 95 % of them had come"),
        Column("usual_hours", pl.String, "hours in which they came, by the clock of the source"),
    ),
)

DECISIONS = Table(
    "decisions",
    "what a person decided about a candidate dispute; workspace/decisions, append-only",
    ("sequence", "row_no"),
    (
        Column("sequence", pl.Int64, "place in the order of imports, from 1; the last one counts"),
        Column("row_no", pl.Int64, "1-based row of the sheet"),
        Column("dispute_id", pl.String, "the dispute"),
        Column("decision", words(Decision), "confirmed, rejected or pending"),
        Column("note", pl.String, "why, in the person's words"),
        Column("decided_by", pl.String, "who, as written in the sheet"),
        Column("source_name", pl.String, "name of the imported file"),
        Column("source_sha256", pl.String, "SHA-256 of the imported file"),
    ),
)

PUBLISHED: tuple[Table, ...] = (
    INPUTS,
    TRANSACTIONS,
    REJECTS,
    LINKS,
    GROUPS,
    OUTCOMES,
    BREAKS,
    DISPUTES,
    OPEN_ITEMS,
    BALANCES,
    PAYOUTS,
    SEARCHES,
    DOUBTS,
    RUNS,
)


def check(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return `frame`, after asserting that its columns and types are those of `table`."""
    wanted, found = list(table.schema.items()), list(frame.schema.items())
    assert [name for name, _ in wanted] == frame.columns, f"{table.name}: found {frame.columns}"
    pairs = zip(wanted, found, strict=True)
    differing = [pair for pair in pairs if _held(pair[1][1], pair[0][1]) != pair[1][1]]
    assert not differing, f"{table.name}: expected/found differ: {differing}"
    return frame


def conform(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return `frame` with exactly the columns of `table`: missing ones null, in order, cast."""
    present = frame.schema
    return frame.select(
        (pl.col(name) if name in present else pl.lit(None))
        .cast(_held(present.get(name), dtype))
        .alias(name)
        for name, dtype in table.schema.items()
    )


def _held(
    found: pl.DataType | None, wanted: pl.DataType | type[pl.DataType]
) -> pl.DataType | type[pl.DataType]:
    """Return the type that a column stands in while a night runs.

    Few words repeated over millions of rows may stand as an Enum, and 128-bit sums that fit as
    Int64: the same values in a fraction of the memory. Files have the table's own types.
    """
    if found is not None and (
        (wanted == pl.String and isinstance(found, pl.Enum))
        or (wanted == pl.Int128 and found == pl.Int64)
    ):
        return found
    return wanted


def txn_id(file_bits: int, record_no: int) -> int:
    """Return the row identity of `record_no` in the file whose 35-bit identity is given."""
    assert 0 <= file_bits < 1 << 35
    assert 0 < record_no < RECORD_LIMIT
    return (file_bits << RECORD_BITS) | record_no
