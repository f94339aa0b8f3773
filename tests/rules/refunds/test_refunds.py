"""Refund breaks: one small night a code, and the nights that are no break."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest

from recon.core.codes import Code
from recon.errors import UsageError
from recon.rules.days.calendar import Calendar
from recon.rules.refunds.refunds import find
from recon.rules.refunds.stages import ENDED, NEXT, TIMES, Stage, durations, may_follow, standing
from recon.rules.rule_file.refund_terms import ROUTE_WORDS, RefundCheck, RefundPolicy
from tests.rules.tables import found, table

CALENDAR = Calendar("CN", authoritative_through=2026)
HEAD = "txn_id|side|kind|state|order_id|channel_ref|original_ref|amount_minor|clearing_date"
SALE = """
1|MERCHANT|PAYMENT|SUCCESS|A|-|-|100.00|2026-03-02
2|CHANNEL |PAYMENT|SUCCESS|A|W1|-|100.00|2026-03-02
"""


def night(text, more="", as_of=date(2026, 3, 20), **settings):
    """Return the facts of a sale of 100.00 (order A, reference W1) and the refund rows given."""
    rows = table(HEAD + more + "\n" + _padded(SALE, more) + text, currency="CNY")
    rules = RefundPolicy.model_validate({"settle_days": 3} | settings)
    return found(find(rows, RefundCheck(rules, as_of, CALENDAR)))


def _padded(text, more):
    return "\n".join(line + "|-" * more.count("|") for line in text.strip().splitlines()) + "\n"


M = "3|MERCHANT|REFUND|SUCCESS|R1|-|A|-60.00|2026-03-04\n"
C = "4|CHANNEL|REFUND|SUCCESS|R1|V1|A|-60.00|2026-03-04\n"

# what happened | rows | facts
NIGHTS = [
    ("a refund that both sides show", M + C, []),
    (
        "done at the merchant, nothing at the channel",
        M,
        [(3, "REFUND_NOT_SETTLED", "60", "0", "the channel has no row for it")],
    ),
    (
        "done at the merchant, failed at the channel",
        M + C.replace("SUCCESS", "FAILED"),
        [(3, "REFUND_NOT_SETTLED", "60", "0", "the channel says it failed or was closed")],
    ),
    (
        "failed at the channel, then done",
        M + C.replace("SUCCESS", "FAILED") + C.replace("4|", "5|").replace("V1", "V2"),
        [],
    ),
    (
        "processing at the channel for too long",
        M + C.replace("SUCCESS", "PENDING"),
        [(4, "REFUND_OVERDUE", "60", "0", "pending since 2026-03-04, due by 2026-03-14")],
    ),
    (
        "one number refunded twice",
        M + C + C.replace("4|", "5|").replace("V1", "V2"),
        [(5, "REFUND_DUPLICATE", "60", "120", "the same refund number was refunded again")],
    ),
    ("one refund row delivered twice is another family's", M + C + C.replace("4|", "5|"), []),
    (
        "the same amount refunded again under a number nobody asked for",
        M + C + C.replace("4|", "5|").replace("R1", "R9").replace("V1", "V2"),
        [
            (
                5,
                "REFUND_DUPLICATE",
                "60",
                "120",
                "the same amount of the same order was refunded under another number",
            )
        ],
    ),
    (
        "two partial refunds of 60.00, both asked for",
        M + C + (M + C).replace("3|", "5|").replace("4|", "6|").replace("R1", "R2"),
        [(6, "REFUND_EXCESS", "100", "120", "2 refunds of one payment")],
    ),
    (
        "two partial refunds of 60.00, one of which the channel undid",
        M
        + C
        + (M + C).replace("3|", "5|").replace("4|", "6|").replace("R1", "R2").replace("V1", "V2")
        + "7|CHANNEL|REVERSAL|SUCCESS|X1|X1|V1|60.00|2026-03-05\n",
        [(3, "REFUND_NOT_SETTLED", "60", "0", "the channel undid it")],
    ),
    (
        "a refund of a payment that both sides had voided",
        M
        + C
        + "5|CHANNEL|VOID|SUCCESS|X1|X1|W1|-100.00|2026-03-03\n"
        + "6|MERCHANT|VOID|SUCCESS|X1|-|A|-100.00|2026-03-03\n",
        [(4, "REFUND_EXCESS", "0", "60", "the payment was undone as well")],
    ),
    (
        "a refund of an order that was voided and paid again",
        M
        + C
        + "5|CHANNEL|VOID|SUCCESS|X1|X1|W1|-100.00|2026-03-03\n"
        + "6|CHANNEL|PAYMENT|SUCCESS|A|W2|-|100.00|2026-03-03\n",
        [],
    ),
    (
        "an order paid twice, voided once by its number, and a refund of either payment",
        M
        + C.replace("|A|", "|W1|")
        + "5|CHANNEL|VOID|SUCCESS|X1|X1|A|-100.00|2026-03-03\n"
        + "6|MERCHANT|VOID|SUCCESS|X1|-|A|-100.00|2026-03-03\n"
        + "7|CHANNEL|PAYMENT|SUCCESS|A|W2|-|100.00|2026-03-03\n",
        [],
    ),
    (
        "two partial refunds of 60.00 and 40.00",
        M
        + C
        + (M + C)
        .replace("3|", "5|")
        .replace("4|", "6|")
        .replace("R1", "R2")
        .replace("60.00", "40.00"),
        [],
    ),
    (
        "an excess over two names of one payment",
        M
        + C
        + "5|MERCHANT|REFUND|SUCCESS|R2|-|W1|-60.00|2026-03-04\n"
        + "6|CHANNEL|REFUND|SUCCESS|R2|V2|W1|-60.00|2026-03-04\n",
        [(6, "REFUND_EXCESS", "100", "120", "2 refunds of one payment")],
    ),
    (
        "a refund of an order nobody knows",
        (M + C).replace("|A|", "|Z|"),
        [(4, "REFUND_NO_ORIGINAL", "0", "60", "no payment Z is known")],
    ),
    (
        "another amount at the channel",
        M + C.replace("60.00", "50.00"),
        [
            (
                4,
                "REFUND_AMOUNT",
                "60",
                "50",
                "the channel refunded less than the merchant asked",
            )
        ],
    ),
    (
        "a refund the merchant never asked for",
        C,
        [(4, "REFUND_UNBOOKED", "0", "60", "the merchant has no request for it")],
    ),
    (
        "a refund that failed at the merchant and was made all the same",
        M.replace("SUCCESS", "FAILED") + C,
        [(4, "REFUND_UNBOOKED", "0", "60", "the merchant shows it as failed")],
    ),
    (
        "pending at the merchant long after the channel made it",
        M.replace("SUCCESS", "PENDING") + C,
        [(4, "REFUND_UNBOOKED", "0", "60", "the merchant shows it as pending")],
    ),
    ("failed on both sides", (M + C).replace("SUCCESS", "FAILED"), []),
]


@pytest.mark.parametrize(
    ("rows", "facts"), [case[1:] for case in NIGHTS], ids=[n[0] for n in NIGHTS]
)
def test_refund_night(rows, facts):
    """Each night gives the break that a person would report, and no other."""
    assert night(rows) == facts


def test_a_refund_is_in_transit_before_its_day():
    """Within the channel's days, a refund that is only at the merchant is no break."""
    assert night(M, as_of=date(2026, 3, 7)) == []
    assert night(M, as_of=date(2026, 3, 8)) != []
    assert night(M.replace("SUCCESS", "PENDING") + C, as_of=date(2026, 3, 7)) == []


def test_a_refund_to_another_card_is_a_route_break():
    """A refund whose card is not the payment's names both cards; masked ones compare."""
    more = "|card"
    rows = (
        "3|MERCHANT|REFUND|SUCCESS|R1|-|B|-60.00|2026-03-04|-\n"
        "4|CHANNEL|REFUND|SUCCESS|R1|V1|B|-60.00|2026-03-04|621700******2222\n"
        "5|CHANNEL|PAYMENT|SUCCESS|B|W2|-|60.00|2026-03-02|621700******1111\n"
    )
    cause = "paid with 621700******1111, refunded to 621700******2222"
    assert night(rows, more) == [(4, "REFUND_ROUTE", "60", "60", cause)]
    assert night(rows.replace("2222", "1111"), more) == []


@pytest.mark.parametrize(
    ("route", "cause"),
    [
        ("original", None),
        ("merchant_account", "refunded to the merchant's account, the payer got nothing from here"),
        ("third_party", "refunded through a third party's settlement"),
        (
            "other_account",
            "refunded to another account of the payer, the one that paid took nothing",
        ),
        ("manual", "refunded by a manual transfer"),
    ],
)
def test_routes(route, cause):
    """Every route but the original one is a flag, and says which it is."""
    rows = M.strip() + "|-\n" + C.strip() + f"|{route}\n"
    expected = [] if cause is None else [(4, "REFUND_ROUTE", "60", "60", cause)]
    assert night(rows, "|route") == expected
    assert night(rows, "|route", routes_allowed=("original", route)) == []
    words = {"ORIGINAL": "original", "BALANCE": "original", "OTHER_BANKCARD": "other_account"}
    assert {word: ROUTE_WORDS[word] for word in words} == words  # of WeChat's bills


@pytest.mark.parametrize(
    ("reason", "facts"),
    [
        (
            "-",
            [
                (
                    3,
                    "REFUND_WITHHELD",
                    "80",
                    "60",
                    "less was refunded than requested, no reason is recorded",
                )
            ],
        ),
        ("late cancellation fee", []),
    ],
)
def test_withheld(reason, facts):
    """A deduction without a recorded reason is a break, with one it is not."""
    rows = M.strip() + f"|80.00|{reason}\n" + C.strip() + "|-|-\n"
    assert night(rows, "|requested_minor|reason") == facts


@pytest.mark.parametrize(
    ("history_from", "original_date", "judged"),
    [
        (None, "-", True),
        (date(2026, 1, 1), "-", False),
        (date(2026, 1, 1), "2025-12-31", False),
        (date(2026, 1, 1), "2026-02-01", True),
    ],
)
def test_missing_original_is_judged_only_inside_the_history(history_from, original_date, judged):
    """A payment from before the loaded days may exist: its refund is not accused."""
    rows = (M.strip() + f"|{original_date}\n" + C.strip() + f"|{original_date}\n").replace(
        "|A|", "|Z|"
    )
    facts = night(rows, "|original_date", history_from=history_from)
    assert [fact[1] for fact in facts] == (["REFUND_NO_ORIGINAL"] if judged else [])


@pytest.mark.parametrize(
    ("card_type", "product", "due"),
    [
        ("debit", "-", date(2026, 3, 9)),  # 3 working days over a weekend
        ("credit", "-", date(2026, 3, 13)),
        ("foreign", "-", date(2026, 3, 19)),
        ("-", "balance", date(2026, 3, 5)),
        ("-", "-", date(2026, 3, 14)),
    ],
)
def test_arrival_terms(card_type, product, due):
    """The term of the card type or product decides the day after which a refund is overdue."""
    rows = M.strip() + "|-|-\n" + C.replace("SUCCESS", "PENDING").strip()
    rows += f"|{card_type}|{product}\n"
    more = "|card_type|product"
    assert night(rows, more, as_of=due) == []
    facts = night(rows, more, as_of=due + timedelta(days=1))
    assert [fact[1] for fact in facts] == ["REFUND_OVERDUE"]
    assert facts[0][4].endswith(f"due by {due}")


def test_stage_times_decide_where_a_refund_is_late():
    """An unapproved request is late by the review days, a payer not credited by the term."""
    more = "|requested_at|approved_at|completed_at|payer_credited_at"
    review = "3|MERCHANT|REFUND|PENDING|R1|-|A|-60.00|2026-03-04|2026-03-04T10:00|-|-|-\n"
    assert [fact[4] for fact in night(review, more)] == [
        "requested since 2026-03-04, due by 2026-03-07"
    ]
    done = "2026-03-04T10:00|2026-03-04T11:00|2026-03-06T09:00"
    merchant = "3|MERCHANT|REFUND|SUCCESS|R1|-|A|-60.00|2026-03-04|-|-|-|-\n"
    waiting = f"4|CHANNEL|REFUND|SUCCESS|R1|V1|A|-60.00|2026-03-04|{done}|-\n"
    assert [fact[4] for fact in night(merchant + waiting, more)] == [
        "succeeded since 2026-03-06, due by 2026-03-16"
    ]
    credited = waiting.replace("|-\n", "|2026-03-07T09:00\n")
    assert night(merchant + credited, more) == []


def test_every_refund_code_is_covered():
    """The nine refund codes are the ones tested in this file."""
    here = {fact[1] for _, _, facts in NIGHTS for fact in facts}
    here |= {"REFUND_ROUTE", "REFUND_WITHHELD"}
    assert {code.name for code in Code if 801 <= code <= 809} == here


def test_order_of_rows_does_not_matter():
    """Shuffled rows give the same facts."""
    text = "".join(_padded(rows, "") for _, rows, _ in NIGHTS[:1]) + C.replace("4|", "9|").replace(
        "R1", "R7"
    )
    rows = table(HEAD + "\n" + SALE + text, currency="CNY")
    check = RefundCheck(RefundPolicy(settle_days=3), date(2026, 3, 20), CALENDAR)
    answer = find(rows, check)
    assert answer.height == 1
    for seed in range(4):
        assert find(rows.sample(fraction=1, shuffle=True, seed=seed), check).equals(answer)


def test_missing_columns_are_refused():
    """Rows without the needed columns are refused by name."""
    with pytest.raises(UsageError, match="expected columns side"):
        find(
            pl.DataFrame({"txn_id": [1]}),
            RefundCheck(RefundPolicy(settle_days=3), date(2026, 3, 20), CALENDAR),
        )


# --- stages ---------------------------------------------------------------------------------------


def test_stages_lead_to_an_end():
    """Every stage is reachable from the request, and every stage can end."""
    for stage in Stage:
        assert stage is Stage.REQUESTED or may_follow(Stage.REQUESTED, stage)
        assert stage in ENDED or any(may_follow(stage, end) for end in ENDED)
    assert not NEXT[Stage.NOTIFIED]
    assert not may_follow(Stage.NOTIFIED, Stage.REQUESTED)


def test_reported_times_follow_the_stages():
    """The columns of times are in an order that the stages allow."""
    for earlier, later in pairwise(TIMES.values()):
        assert may_follow(earlier, later)


def test_durations_and_disorder():
    """Each ended stage has its duration, and a time that runs backwards is marked."""
    refunds = pl.DataFrame(
        {
            "txn_id": [1, 2],
            "requested_at": [datetime(2026, 3, 4, 10), datetime(2026, 3, 4, 10)],  # noqa: DTZ001 - UTC by contract
            "approved_at": [datetime(2026, 3, 4, 12), None],  # noqa: DTZ001 - UTC by contract
            "completed_at": [datetime(2026, 3, 6, 12), datetime(2026, 3, 4, 9)],  # noqa: DTZ001 - UTC by contract
        }
    )
    assert durations(refunds).rows() == [
        (1, "APPROVED", 48 * 3600),
        (1, "REQUESTED", 2 * 3600),
        (2, "REQUESTED", -3600),
    ]
    standing_now = standing(refunds)
    assert standing_now["stage"].to_list() == [int(Stage.SUCCEEDED)] * 2
    assert standing_now["disordered"].to_list() == [False, True]
