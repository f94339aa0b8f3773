"""The vocabulary: sides, kinds, states, outcomes and every break code.

A number is permanent identity and is never reused. Declaration order is precedence: when two
codes fit the same rows, the earlier declared one wins. Words for people (labels, actions, who is
out of pocket) are data in `recon/rules/disputes/catalogue.toml`, not here.
"""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Side(IntEnum):
    """Who sent the file."""

    MERCHANT = 0
    CHANNEL = 1
    BANK = 2


@unique
class Kind(IntEnum):
    """What a row means. Amounts are signed from the merchant's viewpoint."""

    PAYMENT = 0  # money in: sale, pre-authorisation completion
    REFUND = 1  # money out: refund, partial refund
    REVERSAL = 2  # a payment undone by the system after a timeout
    VOID = 3  # a payment undone on purpose on the same clearing day
    FEE = 4  # a fee booked as a row of its own
    PAYOUT = 5  # money leaving the channel account for the bank
    CHARGEBACK = 6  # money taken back by the issuer
    ADJUSTMENT = 7  # correction, dispute deduction, release
    CREDIT = 8  # bank statement: money in
    DEBIT = 9  # bank statement: money out
    FREEZE = 10  # funds held
    UNFREEZE = 11  # funds released
    OTHER = 12  # recognised, moves no money of ours
    RETRIEVAL = 13  # the issuer asks for the slip: evidence is due, no money moves


@unique
class State(IntEnum):
    """What the sender says became of the row."""

    SUCCESS = 0
    PENDING = 1  # created or processing: not final
    FAILED = 2
    CLOSED = 3  # closed or cancelled before payment
    UNKNOWN = 4  # timeout: the sender does not know
    REVERSED = 5  # paid, then undone on the same side


@unique
class Outcome(IntEnum):
    """Where every accepted row ends: exactly one of these."""

    MATCHED = 0
    BREAK = 1
    CARRIED = 2  # waits inside its time limit
    RESENT = 3  # the same row, delivered again in an overlapping file
    NOT_NEEDED = 4  # no money moved (failed, netted, before opening) or declared out of scope
    QUARANTINED = 5  # in a file that is held


@unique
class MatchKind(IntEnum):
    """Which kind of evidence made a link."""

    EXACT = 0  # equal key and equal amount
    KEY = 1  # equal key, amount differs
    SURPLUS = 2  # equal key, but the partner is already taken: a further row of the same group
    GROUP = 3  # many rows, one sum
    UNIQUE = 4  # equal attributes without a reference, unique on both sides
    NETTING = 5  # reversal or void with its original, on one side
    WINDOW = 6  # equal amount inside a date window
    BAND = 7  # amount tolerance and date window, optimal assignment
    SCORE = 8  # text and reference evidence
    SUBSET = 9  # a subset of rows adds up to one sum
    PINNED = 10  # a person's decision
    TOGETHER = 11  # several batches of one merchant, one sum


SUM_KINDS = (MatchKind.GROUP, MatchKind.SUBSET, MatchKind.TOGETHER)  # many rows, one credit


@unique
class InputState(IntEnum):
    """What became of an input file."""

    ACCEPTED = 0  # its control totals agree
    UNVERIFIED = 1  # accepted; the file declares no control totals
    DUPLICATE = 2  # the same bytes, or all of its rows, are in a file that counts
    HELD = 3  # control totals or balances disagree
    REFUSED = 4  # damaged, wrong schema, unreadable
    MISSING = 5  # expected and not there
    ABSENT = 6  # not expected today and not there


@unique
class DisputeStatus(IntEnum):
    """Where a candidate dispute stands tonight."""

    NEW = 0
    OPEN = 1  # seen on an earlier night and still true
    RESOLVED = 2  # closed tonight by a row that arrived late


@unique
class Decision(IntEnum):
    """What a person decided about a candidate dispute."""

    CONFIRMED = 0  # the break is real: act on it
    REJECTED = 1  # no break: do not report it again
    PENDING = 2  # somebody is looking into it


@unique
class PayoutState(IntEnum):
    """Where a payout stands tonight."""

    EXPECTED = 0  # inside its interval, or before it
    OVERDUE = 1  # the interval is over and nothing came
    ARRIVED = 2
    LATE = 3  # came after its interval
    DIFFERS = 4  # came with another sum
    BOUNCED = 5  # came and was taken back
    NETTED = 6  # nothing is due: it was taken from another payout


@unique
class Severity(IntEnum):
    """How soon a person should look."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


@unique
class OutOfPocket(IntEnum):
    """Who has lost money until the break is put right."""

    NOBODY = 0
    PAYER = 1
    MERCHANT = 2
    ACQUIRER = 3
    CHANNEL = 4


@unique
class Code(IntEnum):
    """Every break code. Hundreds digit is the family."""

    # input
    FILE_MISSING = 901
    FILE_EMPTY = 902
    FILE_TOTAL = 903
    FILE_SCHEMA = 904
    # duplicates
    DUPLICATE_RECORD = 103
    DUPLICATE_CLEARING = 102
    DUPLICATE_CHARGE = 101
    PAID_BY_OTHER_MEANS = 104
    # state
    CHANNEL_PAID_MERCHANT_NOT = 401
    MERCHANT_PAID_CHANNEL_NOT = 402
    FAILED_BUT_DEBITED = 403
    VOIDED_BUT_SETTLED = 404
    REVERSAL_ORPHAN = 405
    # refunds
    REFUND_NOT_SETTLED = 801
    REFUND_OVERDUE = 802
    REFUND_DUPLICATE = 803
    REFUND_EXCESS = 804
    REFUND_NO_ORIGINAL = 805
    REFUND_ROUTE = 806
    REFUND_AMOUNT = 807
    REFUND_WITHHELD = 808
    REFUND_UNBOOKED = 809
    # chargebacks
    CHARGEBACK = 851
    RETRIEVAL_DUE = 852
    # amount
    CURRENCY_MISMATCH = 303
    FX_DIFFERENCE = 304
    AMOUNT_MISMATCH = 301
    NET_MISMATCH = 302
    ATTRIBUTE_MISMATCH = 305
    # one side only
    MISSING_IN_CHANNEL = 201
    MISSING_IN_MERCHANT = 202
    MISSING_SETTLEMENT = 203
    UNKNOWN_CREDIT = 204
    UNAUTHORISED_DEBIT = 205
    # timing
    PAYOUT_BOUNCED = 502
    FUNDS_FROZEN = 503
    SETTLED_UNRECONCILED = 504
    LATE_SETTLEMENT = 501
    # fees
    FEE_ON_FAILED = 608
    FEE_NOT_RETURNED = 609
    FEE_OVER_RETURNED = 610
    FEE_CAP_MISSED = 603
    FEE_FLOOR_MISSED = 604
    FEE_CARD_TYPE = 605
    FEE_CLASS = 606
    FEE_SURCHARGE = 607
    FEE_ROUNDING = 602
    FEE_RATE = 601
    FEE_UNLISTED = 611
    FEE_BELOW_COST = 612
    # rebates
    REBATE_MISSING = 701
    REBATE_INELIGIBLE = 705
    REBATE_TIER = 703
    REBATE_AMOUNT = 702
    REBATE_LATE = 704
    # undecided
    AMBIGUOUS = 951
    # benign
    IN_TRANSIT = 1
    ROUNDING = 2
    BENIGN_REPEAT = 3
    NETTED = 4


BENIGN = frozenset({Code.IN_TRANSIT, Code.ROUNDING, Code.BENIGN_REPEAT, Code.NETTED})
PRECEDENCE: dict[Code, int] = {code: position for position, code in enumerate(Code)}
UNDO_KINDS = frozenset({Kind.REVERSAL, Kind.VOID})
