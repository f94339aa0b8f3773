"""Fee contracts over nights: prices by card type and by the merchant's agreed class."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recon.rules.rule_file.models import Rules
from recon.rules.terms import priced_amounts
from tests.night_world import NightWorld

MONDAY = "2026-11-09"
CONTRACT = """
[[fee_contract]]
name = "cards"
merchant_classes = { 8001 = "preferential", 8002 = "standard" }
credit_words = ["CC"]

[[fee_contract.line]]
name = "debit, standard"
formula = "MIN(5,AMT*0.005)"
when = { card_type = "DC", merchant_class = "standard" }

[[fee_contract.line]]
name = "debit, preferential"
formula = "AMT*0.0038"
when = { card_type = "DC", merchant_class = "preferential" }

[[fee_contract.line]]
name = "credit"
formula = "AMT*0.006"
when = { card_type = "CC" }

[[fee_contract.line]]
name = "credit of the third merchant"
formula = "AMT*0.004"
when = { card_type = "CC", merchant_id = "8003" }
"""


def world_of(folder: Path) -> NightWorld:
    """Return a world whose channel names the card type, in the column `state`."""
    world = NightWorld(folder)
    text = world.config.read_text("utf-8")
    text = text.replace('fee = "fee"\n', 'fee = "fee"\nproduct = "state"\n')
    text = text.replace('OK = "success"', 'DC = "success"\nCC = "success"')
    world.config.write_text(text + CONTRACT, "utf-8")
    return world


def test_card_type_and_class_name_the_wrong_price(tmp_path: Path) -> None:
    """A debit card at the credit price, and a preferential merchant at the standard price."""
    world = world_of(tmp_path)
    world.day(
        MONDAY,
        orders=["A1 100.00", "A2 100.00", "A3 100.00", "A4 100.00", "A5 200.00"],
        psp=[
            "A1 100.00 fee=0.50 state=DC merchant=8002",
            "A2 100.00 fee=0.60 state=DC merchant=8002",
            "A3 100.00 fee=0.38 state=DC",
            "A4 100.00 fee=0.50 state=DC",
            "A5 200.00 fee=1.20 state=CC",
        ],
    )
    disputes = world.table(world.run(MONDAY), "disputes").sort("order_id")
    rows = disputes.select(pl.col("code").cast(pl.String), "order_id", "amount_minor").rows()
    assert rows == [("FEE_CARD_TYPE", "A2", 10), ("FEE_CLASS", "A4", 12)]


def test_a_channel_may_have_several_contracts(tmp_path: Path) -> None:
    """Each merchant has a contract of its own: only who has none is unlisted, and once."""
    world = NightWorld(tmp_path)
    contracts = "".join(
        f'[[fee_contract]]\nname = "{merchant}"\n[[fee_contract.line]]\nname = "all"\n'
        f'formula = "{rate}"\nwhen = {{ merchant_id = "{merchant}" }}\n'
        for merchant, rate in (("8001", "0.6%"), ("8002", "0.3%"))
    )
    world.config.write_text(world.config.read_text("utf-8") + contracts, "utf-8")
    fees = {"8001": "0.60", "8002": "0.40", "8003": "0.30"}
    rows = [f"A{name} 100.00 fee={fee} merchant={name}" for name, fee in fees.items()]
    failed = ["B1 50.00 fee=0.30 state=FAILED"]
    world.day(MONDAY, orders=[f"A{name} 100.00" for name in fees], psp=rows + failed)
    cases = world.table(world.run(MONDAY), "disputes").sort("order_id")
    assert cases.select("order_id", pl.col("code").cast(pl.String)).rows() == [
        ("A8002", "FEE_RATE"),
        ("A8003", "FEE_UNLISTED"),
        ("B1", "FEE_ON_FAILED"),
    ]


def test_a_fee_below_the_contract_is_claimed_from_nobody(tmp_path: Path) -> None:
    """Too much charged is claimed back; too little is the acquirer's loss, and is reserved."""
    world = world_of(tmp_path)
    world.day(
        MONDAY,
        orders=["A1 100.00", "A2 100.00"],
        psp=[
            "A1 100.00 fee=0.77 state=DC merchant=8002",
            "A2 100.00 fee=0.22 state=DC merchant=8002",
        ],
    )
    disputes = world.table(world.run(MONDAY), "disputes").sort("order_id")
    found = disputes.select(pl.col("out_of_pocket").cast(pl.String), "suggested_action").rows()
    assert [loser for loser, _ in found] == ["MERCHANT", "ACQUIRER"]
    assert "credit note" in found[0][1]
    assert "nothing to claim" in found[1][1]


def test_credit_cards_below_cost_are_told(tmp_path: Path) -> None:
    """A price agreed below the cost of a credit card is a warning, one a merchant and night."""
    world = world_of(tmp_path)
    world.day(
        MONDAY,
        orders=["A1 100.00", "A2 200.00"],
        psp=[
            "A1 100.00 fee=0.40 state=CC merchant=8003",
            "A2 200.00 fee=0.80 state=CC merchant=8003",
        ],
    )
    night = world.run(MONDAY)
    assert world.codes(night) == ["FEE_BELOW_COST"]
    row = world.table(night, "disputes").row(0, named=True)
    assert (row["expected_minor"], row["actual_minor"]) == (144, 120)


def test_an_extra_is_common_only_among_the_rows_of_one_till(tmp_path: Path) -> None:
    """Three merchants overcharged by the same few fen have no surcharge in common; one has."""
    world = world_of(tmp_path)
    names = [("8002", "A"), ("8004", "B"), ("8005", "C")]
    text = world.config.read_text("utf-8")
    text = text.replace(
        '8002 = "standard"', '8002 = "standard", 8004 = "standard", 8005 = "standard"'
    )
    world.config.write_text(text, "utf-8")
    lone = [(f"{name}1", 10 + 10 * place, merchant) for place, (merchant, name) in enumerate(names)]
    alike = [(f"D{place}", 10 + 10 * place, "8001") for place in range(3)]
    world.day(
        MONDAY,
        orders=[f"{order} {yuan}.00" for order, yuan, _ in (*lone, *alike)],
        psp=[
            f"{order} {yuan}.00 fee={fee(yuan, rate)} state=DC merchant={merchant}"
            for rows, rate in ((lone, 50), (alike, 38))
            for order, yuan, merchant in rows
        ],
    )
    disputes = world.table(world.run(MONDAY), "disputes").sort("order_id")
    codes = dict(disputes.select("order_id", pl.col("code").cast(pl.String)).iter_rows())
    assert [codes[order] for order in ("A1", "B1", "C1")] == ["FEE_RATE"] * 3
    assert [codes[order] for order in ("D0", "D1", "D2")] == ["FEE_SURCHARGE"] * 3


def fee(yuan: int, rate: int) -> str:
    """Return the fee of whole yuan at hundredths of a percent, rounded half up, 0.07 too much."""
    fen = (yuan * rate + 50) // 100 + 7
    return f"{fen // 100}.{fen % 100:02d}"


def test_a_wallet_prices_what_it_settles() -> None:
    """A coupon that the merchant gives pays no fee; of other formats the amount is priced."""
    rules = Rules.model_validate(
        {
            "name": "shop",
            "source": [
                {"name": name, "side": "channel", "format": form, "path": f"{name}.csv"}
                for name, form in (("wechat", "wechat_trade"), ("acquirer", "unionpay_zm"))
            ]
            + [{"name": "orders", "side": "merchant", "format": "lakala_jy", "path": "o.csv"}],
            "leg": [
                {
                    "name": "leg",
                    "left": "merchant",
                    "right": "channel",
                    "pass": [{"name": "order", "keys": ["order_id"]}],
                }
            ],
        }
    )
    rows = pl.DataFrame(
        {
            "source": ["wechat", "wechat", "wechat", "acquirer"],
            "kind": ["PAYMENT", "REFUND", "PAYMENT", "PAYMENT"],
            "amount_minor": [10_000, -10_000, 5_000, 10_000],
            "net_minor": [8_946, -8_946, None, 8_946],
            "fee_minor": [54, -54, 30, 54],
        }
    )
    assert priced_amounts(rows, rules)["amount_minor"].to_list() == [9_000, -9_000, 5_000, 10_000]


BY_CATEGORY = """
[[fee_contract]]
name = "price list"
attributes = ["plan"]
[[fee_contract.line]]
name = "standard"
formula = "AMT*0.006"
[[fee_contract.line]]
name = "preferential"
formula = "AMT*0.0038"
when = { mcc = ["5411", "5541"] }
[[fee_contract.line]]
name = "gold"
formula = "AMT*0.002"
when = { mcc = "5411", plan = "gold" }
"""


def test_prices_by_what_files_tell_beyond_the_columns(tmp_path: Path) -> None:
    """A contract may go by the category code, or by any attribute that the source maps."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8") + BY_CATEGORY
    mapped = '[source.attributes]\nmcc = "mcc"\nplan = "plan"\n[source.derive]\nbatch_id'
    world.config.write_text(text.replace("[source.derive]\nbatch_id", mapped), "utf-8")
    fees = {"5812,": "0.60", "5411,": "0.38", "5411,gold": "0.20", "5541,": "0.60"}
    world.day(MONDAY, orders=[f"A{number} 100.00" for number in range(4)], psp=None)
    head = "order,ref,amount,fee,time,merchant,kind,state,currency,original,mcc,plan"
    rows = [
        f"A{number},R{number},100.00,{fee},{MONDAY} 10:00:00,8001,sale,OK,CNY,,{told}"
        for number, (told, fee) in enumerate(fees.items())
    ]
    world.file("psp", "20261109").write_text("\n".join([head, *rows]) + "\n", "utf-8")
    case = world.table(world.run(MONDAY), "disputes").row(0, named=True)
    assert (case["code"], case["order_id"], case["cause"]) == (
        "FEE_CLASS",
        "A3",
        "charged as any other MCC",
    )
    assert (case["expected_minor"], case["actual_minor"]) == (38, 60)


def test_a_month_is_priced_whole_when_it_is_over(tmp_path: Path) -> None:
    """Six payments of 7.50 cost 0.27 a month, whatever each night's fees come to."""
    world = NightWorld(tmp_path, opening="2026-11-29")
    text = BY_CATEGORY.partition('[[fee_contract.line]]\nname = "preferential"')[0]
    priced = text.replace('name = "price list"', 'name = "price list"\nlevel = "month"')
    world.config.write_text(world.config.read_text("utf-8") + priced, "utf-8")
    fees = {"2026-11-29": ("0.05", "0.05", "0.05"), "2026-11-30": ("0.04", "0.04", "0.06")}
    told = {}
    for number, night in enumerate((*fees, "2026-12-01", "2026-12-02")):
        rows = [f"A{number}{n} 7.50 fee={fee}" for n, fee in enumerate(fees.get(night, ()))]
        world.day(night, orders=[row.rpartition(" ")[0] for row in rows], psp=rows)
        breaks = world.table(world.run(night), "breaks")
        told[night] = breaks.filter(pl.col("code") == "FEE_RATE").to_dicts()
    assert [night for night, found in told.items() if found] == ["2026-12-01"]
    (case,) = told["2026-12-01"]
    assert (case["expected_minor"], case["actual_minor"], len(case["txn_ids"])) == (27, 29, 6)
    assert case["cause"] == "the contract prices the sum of a month: 2026-11"


BY_BATCH = """
[[fee_contract]]
name = "by batch"
level = "batch"
[[fee_contract.line]]
name = "all"
formula = "AMT*0.006"
"""


def told_by_night(world: NightWorld, nights: list[str]) -> dict[str, list[tuple[int, int, int]]]:
    """Return for each night the fee breaks: expected, actual, rows."""
    told = {}
    for night in nights:
        breaks = world.table(world.run(night), "breaks")
        found = breaks.filter(pl.col("code").cast(pl.String).str.starts_with("FEE"))
        told[night] = [
            (row["expected_minor"], row["actual_minor"], len(row["txn_ids"]))
            for row in found.iter_rows(named=True)
        ]
    return told


def test_a_batch_over_nights_is_priced_when_it_is_whole(tmp_path: Path) -> None:
    """Six payments of 7.50 cost 0.27 a batch; two files bring it, the third night judges it."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8") + BY_BATCH
    world.config.write_text(text.replace("{merchant_id}-{clearing_date:%Y%m%d}", "{order_id}"))
    nights = ["2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12"]
    fees = {"right": ("0.05", "0.04"), "wrong": ("0.05", "0.05")}
    for night, number in zip(nights, range(4), strict=True):
        rows = [
            f"{batch} 7.50 fee={fee[number]} ref={batch}{number}{n}"
            for batch, fee in fees.items()
            for n in range(3)
            if number < 2
        ]
        world.day(night, orders=[], psp=rows)
    assert told_by_night(world, nights) == dict(
        zip(nights, ([], [], [(27, 30, 6)], []), strict=True)
    )


def test_a_fee_stays_with_a_payment_that_is_voided_on_the_next_night(tmp_path: Path) -> None:
    """The void of the next day gives one fee back and keeps another: one break."""
    world = NightWorld(tmp_path)
    text = BY_BATCH.replace('level = "batch"\n', "")
    world.config.write_text(world.config.read_text("utf-8") + text, "utf-8")
    world.day(MONDAY, orders=[], psp=["A1 100.00 fee=0.60", "A2 100.00 fee=0.60"])
    undone = ["V1 -100.00 fee=-0.60 kind=void original=A1", "V2 -100.00 kind=void original=A2"]
    world.day("2026-11-10", orders=[], psp=undone)
    nights = [MONDAY, "2026-11-10"]
    assert told_by_night(world, nights) == {MONDAY: [], "2026-11-10": [(0, 60, 1)]}


def test_a_refund_is_priced_as_its_payment_of_an_earlier_night(tmp_path: Path) -> None:
    """The price falls on Tuesday: Monday's payment is refunded at Monday's price."""
    world = NightWorld(tmp_path)
    text = BY_BATCH.replace('level = "batch"', 'on_refund = "rate"')
    text = text.replace('"all"', '"Monday"\nvalid_until = 2026-11-09')
    text += '[[fee_contract.line]]\nname = "since"\nformula = "0.3%"\nvalid_from = 2026-11-10\n'
    world.config.write_text(world.config.read_text("utf-8") + text, "utf-8")
    world.day(MONDAY, orders=[], psp=["A1 100.00 fee=0.60", "A2 100.00 fee=0.60"])
    back = [
        "B1 -50.00 fee=-0.30 kind=refund original=A1",
        "B2 -50.00 fee=-0.15 kind=refund original=A2",
    ]
    world.day("2026-11-10", orders=[], psp=back)
    nights = [MONDAY, "2026-11-10"]
    assert told_by_night(world, nights) == {MONDAY: [], "2026-11-10": [(30, 15, 1)]}


@pytest.fixture
def fee_rows(tmp_path: Path) -> NightWorld:
    """Return a world in which fees may be rows of their own, and come back with refunds."""
    world = NightWorld(tmp_path)
    text = world.config.read_text("utf-8").replace('void = "void"', 'void = "void"\nfee = "fee"')
    price = '[[fee_contract]]\nname = "all"\non_refund = "rate"\n[[fee_contract.line]]\n'
    world.config.write_text(text + price + 'name = "all"\nformula = "AMT*0.006"\n', "utf-8")
    return world


def test_a_fee_that_came_back_and_may_be_meant_for_two_cases(fee_rows: NightWorld) -> None:
    """One was told on an earlier night, one is told tonight: it ends neither."""
    fee_rows.day("2026-11-09", orders=["B 100.00"], psp=["B 100.00 fee=1.20"])
    refund = "H 100.00 kind=refund original={}"
    fee_rows.day(
        "2026-11-10",
        orders=[refund.format("B")],
        psp=[refund.format("RB"), "Y 0.60 12:00 kind=fee original=RB"],
    )
    days = ("2026-11-09", "2026-11-10")
    told = [
        [code for code in fee_rows.codes(fee_rows.run(day)) if code.startswith("FEE")]
        for day in days
    ]
    assert told == [["FEE_RATE"], ["FEE_NOT_RETURNED"]]


def test_a_fee_that_comes_back_as_a_row_of_its_own(fee_rows: NightWorld) -> None:
    """It ends the case of that very amount, and is none on the night that told it; no other is."""
    world = fee_rows
    refund = "{0} 100.00 11:00 kind=refund original=A ref=R{0}"
    sales = ["A 500.00", "B 100.00"]
    charged = ["A 500.00 fee=3.00", "B 100.00 fee=1.60"]
    refunds = [refund.format(name) for name in ("F", "G")]
    back = ["X 0.60 12:00 kind=fee original=RF", "Y 1.00 12:00 kind=fee original=RB"]
    world.day("2026-11-09", orders=[*sales, *refunds], psp=[*charged, *refunds, back[0]])
    world.day("2026-11-10", psp=[back[1], "Z 0.60 13:00 kind=fee original=RB"])
    world.day("2026-11-11", psp=["W 0.00 12:00 kind=fee original=RG fee=-0.60"])
    days = ("2026-11-09", "2026-11-10", "2026-11-11")
    told = [
        [code for code in world.codes(world.run(day)) if code.startswith("FEE")] for day in days
    ]
    over = ["FEE_NOT_RETURNED:RESOLVED"]
    assert told == [["FEE_NOT_RETURNED", "FEE_SURCHARGE"], ["FEE_SURCHARGE:RESOLVED"], over]
