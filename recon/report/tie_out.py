"""The proof that nothing is unexplained: statements per pair of sides, channel flows, roll-forward.

Everything is counted from the night's own rows, in 128-bit minor units. A statement starts from all
rows of a side and takes away, line by line, what is accounted for; what is left over is the
unexplained residual, which must be zero. Lines carry the code of the break that explains them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.codes import Code, Side
from recon.core.kernels.union_find import label_components, unite_rows
from recon.report.pack import BENIGN_NAMES, Pack

NETTING = "netting"
_MOVES_NOTHING = ("RESENT", "NOT_NEEDED", "QUARANTINED")
_PAIRS = ((Side.MERCHANT, Side.CHANNEL), (Side.CHANNEL, Side.BANK), (Side.MERCHANT, Side.BANK))
_EXPLAINING = ("difference", "undecided", "exchanged")
_ORDER = {code.name: position for position, code in enumerate(Code)}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement: what it is, a code where one explains it, rows and money."""

    # total, not_needed, waiting, missing, linked, residual, difference, undecided, exchanged or
    # unexplained
    role: str
    side: str  # "" on lines about both sides
    code: str
    rows: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The reconciliation of two sides in one currency."""

    left: str
    right: str
    currency: str
    lines: tuple[Line, ...]

    def of(self, role: str, side: str = "") -> list[Line]:
        """Return the lines of a role, of one side where a side is given."""
        return [line for line in self.lines if line.role == role and side in {"", line.side}]

    @property
    def explained(self) -> list[Line]:
        """Return what explains the differences of linked rows: breaks, what waits, exchange."""
        return [line for role in _EXPLAINING for line in self.of(role)]

    @property
    def unexplained_minor(self) -> int:
        """Return the residual that must be zero: rows unaccounted for and money unexplained."""
        return sum(
            abs(line.amount_minor)
            for line in self.lines
            if line.role in {"residual", "unexplained"}
        )

    @property
    def unexplained_rows(self) -> int:
        """Return how many rows no line accounts for."""
        return sum(line.rows for line in self.lines if line.role in {"residual", "unexplained"})


def statements(pack: Pack) -> list[Statement]:
    """Return a statement for each pair of sides that the legs join, and each currency."""
    found: list[Statement] = []
    for left, right in _PAIRS:
        legs = _legs_between(pack, left, right)
        if legs:
            found += list(_of_pair(pack, left, right, legs))
    return found


def _legs_between(pack: Pack, left: Side, right: Side) -> list[str]:
    """Return the names of the legs that join two sides, as links and waiting rows show them."""
    side = pack.ledger.select("txn_id", pl.col("side").cast(pl.String))
    joined = (
        pack.tables["links"]
        .join(side, left_on="left_txn_id", right_on="txn_id")
        .join(side, left_on="right_txn_id", right_on="txn_id", suffix="_right")
        .select("leg", pl.col("side").alias("one"), pl.col("side_right").alias("two"))
        .unique()
    )
    waiting = pl.concat([pack.opening, pack.tables["open_items"]]).select(
        "leg", pl.col("side").cast(pl.String).alias("one"),
        pl.col("waiting_for").cast(pl.String).alias("two"),
    )  # fmt: skip
    both = pl.concat([joined, waiting.unique()]).filter(pl.col("leg") != NETTING)
    names = [left.name, right.name]
    inside = pl.col("one").is_in(names) & pl.col("two").is_in(names)
    return sorted(both.filter(inside & (pl.col("one") != pl.col("two")))["leg"].unique().to_list())


def _of_pair(pack: Pack, left: Side, right: Side, legs: list[str]) -> Iterator[Statement]:
    rows = _rows_of_pair(pack, left, right, legs)
    differences = _differences(pack, rows, legs, left)
    for currency in rows["currency"].drop_nulls().unique().sort().to_list():
        mine = rows.filter(pl.col("currency") == currency)
        apart = differences.filter(pl.col("currency") == currency)
        lines: list[Line] = []
        for side in (left, right):
            lines += _side_lines(mine.filter(pl.col("side") == side.name), side.name)
        lines += _difference_lines(apart)
        yield Statement(left.name, right.name, currency, tuple(lines))


def _rows_of_pair(pack: Pack, left: Side, right: Side, legs: list[str]) -> pl.DataFrame:
    """Return the rows of two sides that take part on their legs, each with its place there.

    A carried row takes part on the legs on which it waited. Columns: txn_id, side, currency,
    amount (what this pair compares), place, code; `later`: it waits on one of these legs, so that
    a pair it is linked in is judged on a later night; `to_move`: what it waits to move, signed as
    `amount` (a refund that is on its way).
    """
    netted = pack.tables["links"].filter(pl.col("leg") == NETTING)
    amount = _amount(right, netted["left_txn_id"].unique().implode())
    own_news = pl.col("txn_id").is_in(_waiting_for_own_side(pack).implode())
    return (
        _ledger_of_pair(pack, left, right, legs)
        .join(_waiting_codes(pack, legs), on="txn_id", how="left")
        .join(_break_codes(pack, legs), on="txn_id", how="left")
        .select(
            "txn_id",
            "side",
            "source",
            "currency",
            amount=amount,
            place=_place(pack, right, legs),
            code=pl.coalesce("waiting_code", "break_code"),
            later=pl.col("waits").fill_null(value=False) & pl.col("waiting_code").is_null(),
            to_move=pl.when(own_news).then(_amount(right) - amount).otherwise(0),
        )
    )


def _ledger_of_pair(pack: Pack, left: Side, right: Side, legs: list[str]) -> pl.DataFrame:
    """Return the new rows of two sides, and the carried ones that waited on these legs."""
    carried = pack.opening.filter(pl.col("leg").is_in(legs))["txn_id"].unique().implode()
    ledger = pack.ledger.with_columns(pl.col("side", "kind", "state", "outcome").cast(pl.String))
    takes_part = ~pl.col("opening") | pl.col("txn_id").is_in(carried)
    return ledger.filter(pl.col("side").is_in([left.name, right.name]) & takes_part)


def _place(pack: Pack, right: Side, legs: list[str]) -> pl.Expr:
    """Return where each row stands in the statement of its pair; the first that fits counts."""
    links = pack.tables["links"]
    linked = _ends(links.filter(pl.col("leg").is_in(legs)))
    undone = (
        pl.col("txn_id").is_in(_ends(links.filter(pl.col("leg") == NETTING)))
        | (pl.col("opening") & (pl.col("state") == "REVERSED"))  # undone on an earlier night
        | _made_good(_ends(links))
        | pl.col("txn_id").is_in(_told_netted(pack, legs).implode())
    )
    waits, told = pl.col("waits"), pl.col("waiting_code").is_not_null()
    return (
        pl.when(pl.col("txn_id").is_in(linked))
        .then(pl.lit("linked"))
        .when(pl.col("outcome").is_in(_MOVES_NOTHING))
        .then(pl.lit("not_needed"))
        .when(waits & ~told)
        .then(pl.lit("waiting"))
        .when(told | pl.col("break_code").is_not_null())
        .then(pl.lit("missing"))
        .when(undone)
        .then(pl.lit("netted"))
        .when(_before_books(right, pack.first_night))
        .then(pl.lit("before_books"))
        .when(_not_of_this_pair(right))
        .then(pl.lit("other_kind"))
        .otherwise(pl.lit("residual"))
    )


def _ends(links: pl.DataFrame) -> pl.Series:
    """Return the rows on either side of the links."""
    return pl.concat([links["left_txn_id"], links["right_txn_id"]]).unique().implode()


def _made_good(ends: pl.Series) -> pl.Expr:
    """Return whether a credit met its money without a link: with others of a payout in pieces."""
    matched = (pl.col("side") == "BANK") & (pl.col("outcome") == "MATCHED")
    return matched & ~pl.col("txn_id").is_in(ends)


def _told_netted(pack: Pack, legs: list[str]) -> pl.Series:
    """Return the rows that a benign finding of these legs tells as undone."""
    listed = _listed(pack, legs)
    return listed.filter(pl.col("code") == "NETTED")["txn_id"].unique()


def _before_books(right: Side, first_night: date) -> pl.Expr:
    """Return whether a new row belongs to days before the books opened: nobody can judge it.

    What the bank should show is dated by its due day, a sale by its own day (UTC), as loaded.
    """
    sold = pl.col("occurred_at").dt.date()
    day = pl.col("due_date") if right is Side.BANK else pl.min_horizontal(sold, "due_date")
    early = day < pl.lit(first_night)
    return early.fill_null(value=False) & ~pl.col("opening")


def _not_of_this_pair(right: Side) -> pl.Expr:
    if right is Side.BANK:
        return pl.col("kind").is_in(["PAYOUT", "FREEZE", "UNFREEZE", "OTHER", "RETRIEVAL"]) | (
            ~pl.col("state").is_in(["SUCCESS", "REVERSED"])
        )
    asked = (pl.col("outcome") == "CARRIED") & ~pl.col("state").is_in(["SUCCESS", "REVERSED"])
    return ~pl.col("kind").is_in(["PAYMENT", "REFUND"]) | asked  # it waits to be sent, elsewhere


def _amount(right: Side, undone: pl.Series | None = None) -> pl.Expr:
    """Return what a pair of sides compares: net at the bank, else money that really moved.

    Without `undone`: what it would be, had every row succeeded.
    """
    if right is Side.BANK:
        net = pl.coalesce("net_minor", "amount_minor")
        return pl.when(pl.col("side") == "BANK").then("amount_minor").otherwise(net).cast(pl.Int128)
    if undone is None:
        return pl.col("amount_minor").cast(pl.Int128)
    moved = (pl.col("state") == "SUCCESS") & ~pl.col("txn_id").is_in(undone)
    return pl.when(moved).then("amount_minor").otherwise(0).cast(pl.Int128)


def _waiting_codes(pack: Pack, legs: list[str]) -> pl.DataFrame:
    items = pack.tables["open_items"].filter(pl.col("leg").is_in(legs))
    return items.group_by("txn_id").agg(
        pl.col("break_code").cast(pl.String).drop_nulls().first().alias("waiting_code"),
        pl.lit(value=True).alias("waits"),
    )


def _waiting_for_own_side(pack: Pack) -> pl.Series:
    """Return the rows that wait for news of their own side, in time: pending refunds."""
    own = pl.col("waiting_for").cast(pl.String) == pl.col("side").cast(pl.String)
    return pack.tables["open_items"].filter(own & pl.col("break_code").is_null())["txn_id"].unique()


def _break_codes(pack: Pack, legs: list[str]) -> pl.DataFrame:
    """Return the first code, by precedence, of the breaks that name each row on these legs."""
    return (
        _listed(pack, legs)
        .filter(~pl.col("code").is_in(BENIGN_NAMES))
        .sort("precedence")
        .group_by("txn_id", maintain_order=True)
        .agg(pl.col("code").first().alias("break_code"))
    )


def _listed(pack: Pack, legs: list[str]) -> pl.DataFrame:
    """Return break by break and row by row what is listed on these legs tonight."""
    breaks = pack.tables["breaks"].filter(
        (pl.col("leg").is_in(legs) | (pl.col("leg").fill_null("") == ""))
        & (pl.col("status").cast(pl.String) != "RESOLVED")
    )
    return (
        breaks.select(pl.col("txn_ids").alias("txn_id"), pl.col("code").cast(pl.String), "leg")
        .explode("txn_id")
        .drop_nulls("txn_id")
        .with_columns(precedence=pl.col("code").replace_strict(_ORDER, return_dtype=pl.Int64))
    )


def _side_lines(rows: pl.DataFrame, side: str) -> list[Line]:
    """Return a side's lines: the total, what is taken away, what is linked, what is left over."""
    counted = (
        rows.group_by("place", "code")
        .agg(pl.len().alias("rows"), pl.col("amount").sum())
        .sort("place", "code", nulls_last=True)
        .to_dicts()
    )
    lines = [
        Line(item["place"], side, item["code"] or "", item["rows"], int(item["amount"]))
        for item in counted
        if item["place"] != "linked"
    ]
    linked = [item for item in counted if item["place"] == "linked"]
    total = Line("total", side, "", rows.height, int(rows["amount"].sum() or 0))
    joined = Line(
        "linked",
        side,
        "",
        sum(item["rows"] for item in linked),
        sum(int(item["amount"]) for item in linked),
    )
    left_over = [line for line in lines if line.role == "residual"] or [
        Line("residual", side, "", 0, 0)
    ]
    away = [line for line in lines if line.role != "residual"]
    return [total, *away, joined, *left_over]


def _differences(pack: Pack, rows: pl.DataFrame, legs: list[str], first: Side) -> pl.DataFrame:
    """Return each group of linked rows with its difference, right minus left, and its code.

    `undecided`: nothing names it yet, because a row of the group waits inside its time limit: to be
    judged on a later night, or to move exactly what the two sides differ by, and nothing else.
    """
    ids = rows["txn_id"].sort().to_numpy()
    links = pack.tables["links"].filter(pl.col("leg").is_in(legs))
    left, right = (
        _positions(ids, links[name].to_numpy()) for name in ("left_txn_id", "right_txn_id")
    )
    known = (left >= 0) & (right >= 0)
    left, right = left[known], right[known]
    parent = np.arange(len(ids), dtype=np.int64)
    unite_rows(left, right, parent)
    label_components(parent)
    place = pl.DataFrame(
        {"txn_id": ids, "part": parent}, schema={"txn_id": pl.Int64, "part": pl.Int64}
    )
    sign = pl.when(pl.col("side") == first.name).then(-1).otherwise(1).cast(pl.Int128)
    linked = rows.filter(pl.col("place") == "linked").join(place, on="txn_id")
    sums = linked.group_by("part", "currency").agg(
        (sign * pl.col("amount")).sum().alias("difference"),
        (sign * pl.col("to_move")).sum().alias("to_move"),
        pl.col("later").any(),
        pl.len().alias("rows"),
    )
    codes = (
        _listed(pack, legs)
        .filter(~pl.col("code").is_in(["IN_TRANSIT", "NETTED"]))
        .join(place, on="txn_id")
        .sort("precedence")
        .group_by("part", maintain_order=True)
        .agg(pl.col("code").first())
    )
    netted = _netted(pack, legs).join(place, on="txn_id").select("part", "difference", "netted")
    netted = netted.unique()
    mixed = (pl.len().over("part") > 1).alias("mixed")  # the part holds several currencies
    to_come = pl.col("later") | (pl.col("difference") + pl.col("to_move") == 0)
    return (
        sums.with_columns(mixed)
        .join(codes, on="part", how="left")
        .join(netted, on=["part", "difference"], how="left")
        .with_columns(pl.coalesce("code", "netted").alias("code"))
        .filter(pl.col("difference") != 0)
        .with_columns(undecided=pl.col("code").is_null() & ~pl.col("mixed") & to_come)
    )


def _netted(pack: Pack, legs: list[str]) -> pl.DataFrame:
    """Return the rows of differences that another payout made good: txn_id, difference, netted."""
    breaks = pack.tables["breaks"].with_columns(pl.col("code").cast(pl.String).alias("netted"))
    apart = (pl.col("netted") == "NETTED") & (pl.col("difference_minor") != 0)
    return (
        breaks.filter(apart & pl.col("leg").is_in(legs))
        .select("netted", txn_id="txn_ids", difference=pl.col("difference_minor").cast(pl.Int128))
        .explode("txn_id")
    )


def _positions(ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each wanted id stands among sorted ids, -1 where it does not."""
    if len(ids) == 0:
        return np.full(len(wanted), -1, np.int64)
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[at] == wanted, at, -1).astype(np.int64)


def _difference_lines(differences: pl.DataFrame) -> list[Line]:
    """Return what explains the differences of linked rows in one currency, and what does not.

    Rows linked with rows of another currency were exchanged: no difference of one currency is left
    to explain, and what the exchange itself is worth a break says.
    """
    apart = {name: differences.filter(name) for name in ("undecided", "mixed")}
    differences = differences.filter(~pl.col("mixed") & ~pl.col("undecided"))
    counted = (
        differences.group_by("code")
        .agg(pl.len().alias("groups"), pl.col("difference").sum())
        .sort("code", nulls_last=True)
        .to_dicts()
    )
    lines = [
        Line("difference", "", item["code"], item["groups"], int(item["difference"]))
        for item in counted
        if item["code"] is not None
    ]
    for role, groups in (("undecided", apart["undecided"]), ("exchanged", apart["mixed"])):
        if groups.height:
            lines.append(Line(role, "", "", groups.height, int(groups["difference"].sum())))
    silent = differences.filter(pl.col("code").is_null())
    left_over = int(silent["difference"].abs().sum() or 0)
    return [*lines, Line("unexplained", "", "", silent.height, left_over)]


def channel_flows(pack: Pack) -> pl.DataFrame:
    """Return one row a channel source and currency: gross to net, and where the net is now.

    Columns: source, currency, rows, then 128-bit minor units gross, refunds, undone, chargebacks,
    adjustments, other, fees, net, settled, waiting, broken, idle; `net` is the sum of the first
    seven and of the last four.
    """
    legs = _legs_between(pack, Side.CHANNEL, Side.BANK)
    rows = _rows_of_pair(pack, Side.CHANNEL, Side.BANK, legs).select("txn_id", "place")
    channel = pack.ledger.filter(pl.col("side").cast(pl.String) == "CHANNEL").join(
        rows, on="txn_id", how="inner"
    )
    kind = pl.col("kind").cast(pl.String)
    amount = pl.col("amount_minor").cast(pl.Int128)
    net = pl.coalesce("net_minor", "amount_minor").cast(pl.Int128)
    amount = pl.when((kind == "REFUND") & (net == 0)).then(0).otherwise(amount)  # paid elsewhere
    named = {
        "gross": kind == "PAYMENT",
        "refunds": kind == "REFUND",
        "undone": kind.is_in(["REVERSAL", "VOID"]),
        "chargebacks": kind == "CHARGEBACK",
        "adjustments": kind.is_in(["ADJUSTMENT", "FREEZE", "UNFREEZE"]),
        "other": kind.is_in(["FEE", "PAYOUT", "CREDIT", "DEBIT", "OTHER", "RETRIEVAL"]),
    }
    places = {
        "settled": ("linked",),
        "waiting": ("waiting",),
        "broken": ("missing",),
        "idle": ("not_needed", "netted", "other_kind", "before_books", "residual"),
    }
    return (
        channel.group_by("source", "currency")
        .agg(
            pl.len().alias("rows"),
            *(amount.filter(test).sum().alias(name) for name, test in named.items()),
            (net - amount).sum().alias("fees"),
            net.sum().alias("net"),
            *(
                net.filter(pl.col("place").is_in(names)).sum().alias(name)
                for name, names in places.items()
            ),
        )
        .sort("source", "currency")
    )


def roll_forward(pack: Pack) -> pl.DataFrame:
    """Return one row a side, source and currency: opening + new - closed = closing, rows and money.

    Columns: side, source, currency, then opening, new, closed, closing, each as `_rows` and
    `_minor` (128-bit).
    """
    opening, closing = pl.col("opening"), pl.col("closing")
    amount = pl.col("amount_minor").cast(pl.Int128)
    tests = {"opening": opening, "new": ~opening, "closed": ~closing, "closing": closing}
    return (
        pack.ledger.group_by("side", "source", "currency")
        .agg(
            *(test.sum().cast(pl.Int64).alias(f"{name}_rows") for name, test in tests.items()),
            *(amount.filter(test).sum().alias(f"{name}_minor") for name, test in tests.items()),
        )
        .sort("side", "source", "currency")
    )


def conservation(pack: Pack) -> pl.DataFrame:
    """Return one row a side, source and currency: every row and every minor unit by its outcome."""
    outcomes = ("MATCHED", "BREAK", "CARRIED", "RESENT", "NOT_NEEDED", "QUARANTINED")
    amount = pl.col("amount_minor").cast(pl.Int128)
    of = {name: pl.col("outcome").cast(pl.String) == name for name in outcomes}
    return (
        pack.ledger.group_by("side", "source", "currency")
        .agg(
            pl.len().cast(pl.Int64).alias("rows"),
            amount.sum().alias("amount"),
            *(test.sum().cast(pl.Int64).alias(f"{name}_rows") for name, test in of.items()),
            *(amount.filter(test).sum().alias(f"{name}_minor") for name, test in of.items()),
        )
        .sort("side", "source", "currency")
    )
