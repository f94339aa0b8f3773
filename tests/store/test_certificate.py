import polars as pl
import pytest

from recon.core import schema
from recon.store import certificate, lock
from recon.store.workspace import Workspace
from tests.store.fake_nights import FIRST, build, publish_nights

NIGHT = FIRST.replace(day=3)


@pytest.fixture
def night(tmp_path):
    """Return what `certify` gets on a second night, with rows carried in and out."""
    workspace = Workspace(tmp_path / "w")
    first = publish_nights(workspace, 1)[0]
    with lock.hold(workspace):
        _, arguments = build(workspace, NIGHT)
        yield {
            "parts": list(arguments["prepared"]().parts),
            "outcomes": arguments["tables"]["outcomes"],
            "inputs": arguments["tables"]["inputs"],
            "rejects": schema.REJECTS.empty(),
            "opening": schema.conform(
                pl.read_parquet(first / "open_items.parquet"), schema.OPEN_ITEMS
            ),
            "closing": arguments["tables"]["open_items"],
        }


def certified(night):
    """Return the certificate of a night; its ends are what its outcomes tell."""
    rest = {name: given for name, given in night.items() if name != "outcomes"}
    return certificate.certify(ends=certificate.Ends.of(night["outcomes"]), **rest)


def test_a_true_night_balances(night):
    """Opening + new - closed = closing in rows and money, per side and currency."""
    proof = certified(night)
    assert proof["balanced"]
    merchant = next(row for row in proof["roll_forward"] if row["side"] == "MERCHANT")
    assert merchant["opening"] == {"rows": 2, "amount_minor": "2021"}
    assert merchant["new"]["rows"] == 12
    assert merchant["closed"]["rows"] == 12
    assert merchant["closing"] == {"rows": 2, "amount_minor": "2021"}
    shop = next(file for file in proof["files"] if file["source"] == "shop")
    assert shop["currencies"][0]["outcomes"]["BREAK"]["rows"] == 1


def test_money_is_summed_in_128_bits(night):
    """Two rows of the largest amount do not wrap."""
    large = 2**63 - 1
    part = schema.conform(pl.read_parquet(night["parts"][0]), schema.TRANSACTIONS)
    part = part.with_columns(amount_minor=pl.lit(large))
    part.write_parquet(night["parts"][0])
    proof = certified(night)
    shop = next(file for file in proof["files"] if file["source"] == "shop")
    assert shop["currencies"][0]["amount_minor"] == str(large * 12)


def test_an_unknown_amount_is_counted_and_never_zero(night):
    """A row without an amount is a row, and is listed as an unknown amount."""
    part = schema.conform(pl.read_parquet(night["parts"][1]), schema.TRANSACTIONS)
    part.with_columns(amount_minor=pl.lit(None, dtype=pl.Int64)).write_parquet(night["parts"][1])
    proof = certified(night)
    wallet = next(file for file in proof["files"] if file["source"] == "wallet")
    assert wallet["currencies"][0]["amount_unknown"] == 12
    assert wallet["currencies"][0]["amount_minor"] == "0"


def drop_an_outcome(night):
    night["outcomes"] = night["outcomes"].slice(1)


def invent_an_outcome(night):
    extra = schema.conform(
        pl.DataFrame({"txn_id": [1], "opening": [False], "closing": [False]}), schema.OUTCOMES
    )
    night["outcomes"] = pl.concat([night["outcomes"], extra])


def double_an_outcome(night):
    night["outcomes"] = pl.concat([night["outcomes"], night["outcomes"].head(1)])


def forget_a_part(night):
    night["parts"] = night["parts"][:1]


def forget_the_opening(night):
    night["opening"] = schema.OPEN_ITEMS.empty()


def lose_a_waiting_row(night):
    night["closing"] = night["closing"].head(1)


def change_a_waiting_amount(night):
    night["closing"] = night["closing"].with_columns(pl.col("amount_minor") + 1)


def claim_one_row_more(night):
    night["inputs"] = night["inputs"].with_columns(pl.col("rows") + 1)


def claim_a_reject(night):
    night["inputs"] = night["inputs"].with_columns(rejected=pl.lit(1, dtype=pl.Int64))


def refuse_a_file_whose_rows_are_there(night):
    state = pl.lit("REFUSED").cast(schema.INPUTS.schema["state"])
    night["inputs"] = night["inputs"].with_columns(state=state)


@pytest.mark.parametrize(
    "harm",
    [
        drop_an_outcome,
        invent_an_outcome,
        double_an_outcome,
        forget_a_part,
        forget_the_opening,
        lose_a_waiting_row,
        change_a_waiting_amount,
        claim_one_row_more,
        claim_a_reject,
        refuse_a_file_whose_rows_are_there,
    ],
)
def test_any_loss_or_invention_is_a_failure(night, harm):
    """One row or one fen more or less anywhere, and the certificate does not balance."""
    harm(night)
    proof = certified(night)
    assert not proof["balanced"]
    assert proof["failures"]


def test_a_file_set_aside_is_counted_and_not_lost(night):
    """The rows of a held file stand in the certificate, though not in the night's books."""
    held = (
        night["inputs"]
        .head(1)
        .with_columns(
            path=pl.lit("in/shop-again.csv"),
            file_id=pl.lit("f" * 16),
            state=pl.lit("HELD").cast(schema.INPUTS.schema["state"]),
            rows=pl.lit(7, dtype=pl.Int64),
        )
    )
    night["inputs"] = pl.concat([night["inputs"], held])
    proof = certified(night)
    assert proof["balanced"]
    assert [(file["path"], file["state"], file["rows"]) for file in proof["set_aside"]] == [
        ("in/shop-again.csv", "HELD", 7)
    ]


def test_an_empty_night_balances():
    """No files, no rows: nothing to account for, and that is said."""
    proof = certificate.certify(
        parts=[],
        ends=certificate.Ends.of(schema.OUTCOMES.empty()),
        inputs=schema.INPUTS.empty(),
        rejects=schema.REJECTS.empty(),
        opening=schema.OPEN_ITEMS.empty(),
        closing=schema.OPEN_ITEMS.empty(),
    )
    assert proof["balanced"]
    assert proof["files"] == []
    assert proof["roll_forward"] == []
